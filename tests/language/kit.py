"""Small mapping sets for tests: one line, one invoice, one document, as texts."""

from __future__ import annotations

import random
import re
from collections.abc import Container, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from benchmarks.mapping import SETTINGS, Books
from engine.errors import FileError, ItemError, Place
from engine.language import expressions
from engine.language.catalogue import Catalogue, catalogue_from_ddl
from engine.language.code import Code
from engine.language.compile import compile_set
from engine.language.emit import Emitter
from engine.language.expressions import Expression
from engine.language.kinds import of_value
from engine.language.load import load_set_from_texts
from engine.language.program import Program, Rendered

HOUSE = Path(__file__).resolve().parent.parent.parent
CATALOGUE: Catalogue = catalogue_from_ddl(
    (HOUSE / "engine/store/sql/schema.sql").read_text("utf-8")
)
BOOKS = Books()
__all__ = ["BOOKS", "CATALOGUE", "HOUSE", "SETTINGS"]

PAYMENT = """\
version: 2
mapping: payment
source: {line: qliro.settlement_line}
target: fortnox.invoice_payment
document:
  InvoiceNumber: 5
  PaymentDate: "{{ line.BatchDate }}"
  ModeOfPaymentAccount: 1684
  Amount: "{{ line.Amount }}"
identity:
  ask: {invoicenumber: "{{ document.InvoiceNumber }}"}
  agree: [InvoiceNumber, Amount]
"""

FEE = """\
version: 2
mapping: fee
source: {line: qliro.settlement_line}
target: fortnox.voucher
document:
  Description: fee
  Year: 5
  VoucherSeries: A
  TransactionDate: "{{ line.BatchDate }}"
  VoucherRows:
    - {id: fee, Account: 6570, Debit: "{{ line.Amount }}", Credit: 0}
    - {id: vat, when: line.VatRate is not none, Account: 2641, Debit: 1, Credit: 0}
    - {id: interim, Account: 1684, Debit: 0, Credit: "{{ line.Amount }}", CostCenter: NORD}
identity:
  ask: {voucherseries: A}
  agree: [Description]
"""

LINE: Mapping[str, Any] = {
    "line": "L1",
    "Amount": Decimal("100.00"),
    "BatchDate": date(2026, 11, 2),
    "CurrencyCode": "SEK",
    "Type": "Transaction",
    "OrderId": 12,
    "MerchantOrderReference": None,
    "VatRate": None,
    "Status": "Accepted",
    "PaymentMethodType": "CARD",
}


def findings(
    texts: Mapping[str, str] | str, settings: Mapping[str, Any] | None = None
) -> list[str]:
    """What loading these files finds, as it is printed."""
    files = {"a.yaml": texts} if isinstance(texts, str) else texts
    with pytest.raises(FileError) as caught:
        load_set_from_texts(files, CATALOGUE, settings)
    return [str(finding) for finding in caught.value.findings]


def program(
    texts: Mapping[str, str] | str,
    settings: Mapping[str, Any] | None = None,
    schema: Mapping[str, Any] | None = None,
) -> Program:
    """These files compiled."""
    files = {"a.yaml": texts} if isinstance(texts, str) else texts
    return compile_set(load_set_from_texts(files, CATALOGUE, schema), settings or {})


def render(text: str, settings: Mapping[str, Any] | None = None, **inputs: Any) -> Rendered:
    """The document of a mapping for ``LINE``, or for other inputs by alias."""
    mapping = next(iter(program(text, settings).mappings.values()))
    given = {"line": LINE, "books": BOOKS, "earlier": 0, **inputs}
    plain, traced = mapping.render(given), mapping.render(given, traced=True)
    assert plain._replace(trace=traced.trace) == traced
    return traced


def failure(text: str, settings: Mapping[str, Any] | None = None, **inputs: Any) -> str:
    """The text of the error that rendering ends with."""
    with pytest.raises(ItemError) as caught:
        render(text, settings, **inputs)
    return str(caught.value)


def parsed(text: str) -> Expression:
    """A bare expression; its findings fail the test."""
    found: list[Any] = []
    expression = expressions.bare(text, Place("x.yaml", 1, 1), "value", found.append)
    assert expression is not None, found
    return expression


# Of each kind of value: texts that stand alone, and texts with other kinds in braces.
Grammar = Mapping[str, tuple[list[str], list[str]]]


@st.composite
def grown(draw: st.DrawFn, grammar: Grammar, kind: str = "") -> str:
    """An expression of a grammar (of a kind), up to three levels deep; each way of writing is as
    likely.

    Grown from a drawn seed: drawing each part lets Hypothesis keep to the simplest few, and of
    wide ranges to small numbers.
    """
    chance = random.Random(draw(st.integers(0, 2**23)))  # noqa: S311 — nothing secret

    def grow(kind: str, depth: int) -> str:
        leaves, branches = grammar[kind]
        text = chance.choice([*leaves, *branches] if depth else leaves)
        return re.sub(r"\{(\w+)\}", lambda found: grow(found[1], depth - 1), text)

    return grow(kind or chance.choice(list(grammar)), chance.randint(1, 3))


def fits(text: str) -> bool:
    """Whether an expression is within the language's bounds of size."""
    found: list[Any] = []
    expressions.bare(text, Place("x.yaml", 1, 1), "value", found.append)
    return "too-large" not in [finding.code for finding in found]


def value(
    text: str,
    names: Mapping[str, Any] | None = None,
    *,
    blind: bool = False,
    may: Container[str] = (),
) -> Any:
    """What an expression gives; with ``blind`` the compiler knows no types beforehand.

    It may have findings of the codes ``may``, and none else.
    """
    found: list[Any] = []
    types = {n: of_value(None if blind else v, n) for n, v in (names or {}).items()}
    if blind:
        from engine.language.kinds import ANY  # noqa: PLC0415 — only then

        types = dict.fromkeys(types, ANY)
    emitter = Emitter(found.append, {n: Code(f"v_{n}", t) for n, t in types.items()})
    code = emitter.emit(parsed(text))
    assert all(f.code in may for f in found), [str(f) for f in found]
    from engine.language.assemble import Body, build  # noqa: PLC0415 — likewise

    body = Body()
    body.add(f"def value({', '.join(f'v_{n}' for n in types)}):")
    body.depth = 1
    body.add(f"return {code.text}")
    return build("value", body, emitter, {}).function(*(names or {}).values())
