"""camt.053 as banks write it: what was written is read again, as another reader reads it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bank.camt import read_camt
from engine.bank.statement import Statement
from engine.sandbox.bank import Row, Sheet, Version, camt

FIRST = date(2026, 1, 1)
AMOUNTS = st.decimals(Decimal("0.01"), Decimal("999999.99"), places=2)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Z"]), min_size=1, max_size=9
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    parts = tuple(draw(st.lists(AMOUNTS, max_size=3)))
    amount = sum(parts, Decimal(0)) if len(parts) > 1 else draw(AMOUNTS)
    return Row(
        FIRST + timedelta(days=draw(st.integers(0, 300))),
        amount if draw(st.booleans()) else -amount,
        draw(TEXTS), draw(TEXTS), parts=parts if len(parts) > 1 else (),
        reversal=draw(st.booleans()), name=draw(TEXTS),
        status=draw(st.sampled_from(["BOOK", "BOOK", "PDNG", "INFO"])),
    )  # fmt: skip


SHEETS = st.lists(
    st.builds(
        lambda rows, number: Sheet(tuple(rows), FIRST, date(2026, 12, 31), number=number),
        st.lists(rows(), max_size=5),
        st.integers(1, 99),
    ),
    min_size=1,
    max_size=3,
)
VERSIONS = st.sampled_from(["02", "08"])


@settings(max_examples=120, deadline=None)
@given(SHEETS, VERSIONS)
def test_what_was_written_is_read_again(sheets: list[Sheet], version: Version) -> None:
    found = read_camt(camt(sheets, version))
    assert [one.id for one in found] == [f"S{one.number}" for one in sheets]
    for read, written in zip(found, sheets, strict=True):
        booked = [row for row in written.rows if row.status == "BOOK"]
        assert [
            (entry.day, entry.amount, entry.reference, entry.reversal, set(entry.texts))
            for entry in read.entries
        ] == [(row.day, row.amount, row.reference, row.reversal, {row.text, row.name})
              for row in booked]  # fmt: skip
        assert read.problems == ()
        assert (read.first, read.last) == (written.first, written.last)
        assert read.opening == written.opening
        assert read.closing == written.opening + sum((row.amount for row in booked), Decimal(0))


@settings(max_examples=40, deadline=None)
@given(SHEETS, VERSIONS)
def test_the_reader_of_the_whole_schema_reads_the_same(
    sheets: list[Sheet], version: Version
) -> None:
    content = camt(sheets, version)
    assert summary(read_camt(content)) == by_the_schema(content, version)


def summary(statements: list[Statement]) -> list[Any]:
    return [
        (one.id, one.account, one.opening, one.closing,
         [(entry.day, entry.amount, entry.currency, entry.reversal) for entry in one.entries])
        for one in statements
    ]  # fmt: skip


def by_the_schema(content: bytes, version: Version) -> list[Any]:
    """The same by the types of pyiso20022, which know every field of the schema."""
    pytest.importorskip("xsdata", reason="the other reader is not installed (extra dev)")
    module = pytest.importorskip(f"pyiso20022.camt.camt_053_001_{version}")
    parsers = pytest.importorskip("xsdata.formats.dataclass.parsers")
    document = parsers.XmlParser().from_bytes(content, module.Document)
    return [_statement(one) for one in document.bk_to_cstmr_stmt.stmt]


def _statement(one: Any) -> Any:
    balances = {_code(bal.tp.cd_or_prtry.cd): _signed(bal) for bal in one.bal}
    return (
        one.id, one.acct.id.iban, balances["OPBD"], balances["CLBD"],
        [
            (date.fromisoformat(str(entry.bookg_dt.dt)[:10]), _signed(entry), entry.amt.ccy,
             bool(entry.rvsl_ind))
            for entry in one.ntry
            if _code(getattr(entry.sts, "cd", entry.sts)) == "BOOK"
        ],
    )  # fmt: skip


def _code(value: Any) -> str:
    return str(getattr(value, "value", value))


def _signed(one: Any) -> Decimal:
    amount = Decimal(one.amt.value)
    return amount if _code(one.cdt_dbt_ind) == "CRDT" else -amount
