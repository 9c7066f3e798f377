"""An overlay in an editor: the set's values and ids are offered; nothing right is underlined."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from language_server import Server

from engine.home import HOME
from engine.language.catalogue import catalogue_from_ddl
from engine.language.editor import OVERLAY, overlay_of, write
from engine.language.load import load_set, load_set_from_texts
from engine.language.spec import MappingSet
from engine.merchant.settings import merchant_schema
from engine.store.statements import sql

SET = {
    "payouts/payment.yaml": """\
version: 2
mapping: payment
source: {line: qliro.settlement_line}
target: fortnox.invoice_payment
let:
  paid: "{{ line.Amount }}"
document:
  InvoiceNumber: 5
  PaymentDate: "{{ line.BatchDate }}"
  ModeOfPaymentAccount: 1580
  Amount: "{{ paid }}"
  WriteOffs:
    - {id: fee, AccountNumber: 6570, Amount: 5}
then: [bookkeep]
identity:
  ask: {invoicenumber: "{{ document.InvoiceNumber }}"}
  agree: [InvoiceNumber, Amount]
checks:
  - {id: not-zero, that: paid != 0, because: nothing is paid}
  - {id: in-kronor, that: line.CurrencyCode == 'SEK', because: it is in another currency}
""",
    "tables/countries.yaml": """\
version: 2
table: countries
inputs: {country: country}
outputs: {name: text}
hit: unique
rows:
  - {id: SE, when: {country: SE}, then: {name: Sverige}}
otherwise: {name: ""}
""",
    "entities/settlement_line.yaml": """\
version: 2
entity: qliro.settlement_line
as: line
derive: {reference: "{{ line.MerchantOrderReference }}"}
""",
}
HEAD = f"# yaml-language-server: $schema=schemas/{OVERLAY}\nversion: 2\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("over")
    catalogue = catalogue_from_ddl(sql("schema"))
    write(folder / "schemas", load_set_from_texts(SET, catalogue, merchant_schema()))
    return folder / "payment.yaml"


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("mapping: §", {"payment"}),
        ("mapping: payment\n§", {"let", "document", "checks", "checks.not-zero.because"}),
        ("mapping: payment\nlet:\n  §", {"paid"}),
        ("mapping: payment\nchecks:\n  §", {"add", "replace", "remove", "not-zero", "in-kronor"}),
        ("mapping: payment\nchecks:\n  remove:\n    - id: §", {"not-zero", "in-kronor"}),
        ("mapping: payment\nchecks:\n  add:\n    - before: §", {"not-zero", "in-kronor"}),
        ("mapping: payment\nchecks:\n  add:\n    - §", {"id", "that", "because", "or", "after"}),
        ("mapping: payment\ndocument:\n  §", {"Amount", "ModeOfPayment", "WriteOffs.fee.Amount",
                                             "WriteOffs.fee.CostCenter"}),
        ("mapping: payment\ndocument:\n  WriteOffs:\n    §", {"add", "fee"}),
        ("mapping: payment\nthen:\n  remove: [§]", {"bookkeep"}),
        ("table: countries\nrows:\n  replace:\n    - id: §", {"SE"}),
        ("entity: qliro.settlement_line\nderive:\n  §", {"reference"}),
    ],
)  # fmt: skip
def test_what_the_set_has_is_offered(
    editor: Server, file: Path, text: str, offered: set[str]
) -> None:
    assert offered <= editor.completed(file, HEAD + text).keys()


def test_what_the_set_says_is_told_beside_it(editor: Server, file: Path) -> None:
    told = editor.completed(file, f"{HEAD}mapping: payment\ndocument:\n  §")
    assert told["WriteOffs.fee.Amount"].endswith("Kronor and öre. Required. The set: 5")
    told = editor.completed(file, f"{HEAD}mapping: payment\nchecks:\n  remove:\n    - id: §")
    assert told["not-zero"] == "{that: paid != 0, because: nothing is paid}"


@pytest.mark.parametrize(
    "text",
    [
        "mapping: payment\ndocument:\n  Amount: 5\n",
        "mapping: payment\ndocument: {ModeOfPayment: null, WriteOffs.fee.CostCenter: '100'}\n",
        "mapping: payment\nlet: {paid: null, mine: 5}\nchecks.not-zero.because: there is nothing\n",
        "mapping: payment\nchecks:\n  add: [{id: a, before: in-kronor, that: true, because: b}]\n"
        "  remove: [{id: not-zero, because: zeros are booked}]\n",
        "mapping: payment\nchecks: {not-zero: {because: there is nothing}}\n",
        "mapping: payment\nthen: {remove: [bookkeep]}\nidentity: {agree: {replace: [Amount]}}\n",
        "mapping: payment\nwarnings: {add: [{id: a, that: true, because: b}]}\n",
        "table: countries\nrows: {add: [{id: NO, when: {country: 'NO'}, then: {name: Norge}}]}\n",
        "entity: qliro.settlement_line\nderive: {mine: '{{ line.Amount }}'}\n",
        SET["tables/countries.yaml"].partition("\n")[2].replace("table: countries", "table: own"),
        "part: shared\nlet: {a: 5}\n",
    ],
)
def test_what_an_overlay_may_say_is_not_underlined(editor: Server, file: Path, text: str) -> None:
    assert editor.opened(file, HEAD + text) == []


@pytest.mark.parametrize(
    "text",
    [
        "mapping: payment\ndocument: {Ammount: 5}\n",
        "mapping: payment\nchecks: {remove: [{id: not-ziro, because: b}]}\n",
        "mapping: payment\nchecks: {remove: [{id: not-zero}]}\n",
        "mapping: payment\nchecks: [{id: a, that: true, because: b}]\n",
        "mapping: payment\nchecks: {at: [{id: a, that: true, because: b}]}\n",
        "mapping: paiment\nlet: {paid: 5}\n",
        "table: countries\nrows: [{id: NO, when: {country: 'NO'}, then: {name: Norge}}]\n",
    ],
)
def test_what_it_may_not_is_underlined(editor: Server, file: Path, text: str) -> None:
    assert editor.opened(file, HEAD + text)


# -- the set that comes with the program ---------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> MappingSet:
    folder = HOME / "mappings" / "qliro-fortnox"
    return load_set(folder, None, catalogue_from_ddl(sql("schema")), merchant_schema())


def changes(value: Any) -> Iterator[Any]:
    """Overlays of a value of the set: each of its values as it is, and each item by its id."""
    for key, one in value.items() if isinstance(value, dict) else ():
        if isinstance(one, dict) and "id" not in one:
            yield from ({key: inner} for inner in changes(one))
        elif isinstance(one, list) and one and all(isinstance(x, dict) for x in one):
            yield {key: {"replace": one}}
            yield {key: {"remove": [{"id": x["id"], "because": "so"} for x in one if "id" in x]}}
        elif isinstance(one, list):
            yield {key: {"replace": one}}
        else:
            yield {key: one}


def test_every_value_of_the_set_may_stand_in_an_overlay(whole: MappingSet) -> None:
    validator = Draft202012Validator(json.loads(overlay_of(whole)))
    looked_at = 0
    for what, source in whole.sources.items():
        kind, _, name = what.partition(" ")
        said = {key: one for key, one in source.value.items() if key not in ("version", kind)}
        for change in changes(said):
            wrong = next(validator.iter_errors({"version": 2, kind: name, **change}), None)
            assert wrong is None, f"{what}: {str(change)[:300]}: {wrong.message[:200]}"
            looked_at += 1
    assert looked_at > 1000
