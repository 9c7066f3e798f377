"""What a person sees while writing a mapping: keys offered and explained, mistakes underlined."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from language_server import Server

from engine.home import HOME
from engine.language.editor import write
from engine.yamlfile import parse

HEAD = """\
# yaml-language-server: $schema=schemas/mapping.schema.json
version: 2
mapping: gift_card
source: {line: qliro.settlement_line}
"""
REST = "identity: {ask: {invoicenumber: 5}, agree: [InvoiceNumber]}\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mapping in a folder with a copy of the schemas, as `schemas --out` leaves them."""
    folder = tmp_path_factory.mktemp("set")
    write(folder / "schemas")
    return folder / "gift_card.yaml"


def files() -> list[Path]:
    """The files that come with the program and name a schema."""
    found = [*(HOME / "mappings").rglob("*.yaml"), *(HOME / "merchants").glob("*.yaml")]
    return sorted(one for one in found if "$schema=" in one.read_text("utf-8").split("\n")[0])


def test_every_file_that_comes_with_the_program_is_as_the_schema_that_it_names_wants_it() -> None:
    for path in files():
        named = path.parent / path.read_text("utf-8").split("\n")[0].partition("$schema=")[2]
        schema = json.loads(named.read_text("utf-8"))
        value = json.loads(json.dumps(parse(path.read_text("utf-8")).value, default=float))
        found = [one.message[:200] for one in Draft202012Validator(schema).iter_errors(value)]
        assert found == [], path.relative_to(HOME)
    assert len(files()) > 50


def test_nothing_is_underlined_in_the_files_that_come_with_the_program(editor: Server) -> None:
    """One of each folder, and the mapping that extends another."""
    some = {path.parent: path for path in files()} | {
        Path(): next(one for one in files() if one.stem == "credit_invoice")
    }
    for path in some.values():
        assert editor.opened(path, path.read_text("utf-8")) == [], path.relative_to(HOME)
    assert len(some) > 8


def test_targets_are_offered_each_with_what_it_is(editor: Server, file: Path) -> None:
    offered = editor.completed(file, f"{HEAD}target: §")
    assert offered["fortnox.voucher"].startswith(
        "Fortnox voucher. What is sent to create a voucher."
    )
    assert {"fortnox.invoice", "fortnox.credit_invoice", "qliro.shipment"} <= offered.keys()


def test_the_fields_of_a_document_are_those_of_its_target(editor: Server, file: Path) -> None:
    payment = editor.completed(file, f"{HEAD}target: fortnox.invoice_payment\ndocument:\n  §")
    assert "PaymentDate" in payment
    assert "VoucherSeries" not in payment
    voucher = editor.completed(file, f"{HEAD}target: fortnox.voucher\ndocument:\n  §")
    assert voucher["VoucherSeries"] == (
        "The series that numbers it. The series must take vouchers by hand. Text, at most 10 "
        "characters. Required."
    )
    assert "PaymentDate" not in voucher
    invoice = editor.completed(file, f"{HEAD}target: fortnox.invoice\ndocument:\n  §")
    assert "PaymentDate" not in invoice, "of fortnox.invoice_payment, which begins so too"


def test_the_fields_of_a_row_are_offered_beside_what_any_row_has(
    editor: Server, file: Path
) -> None:
    text = f"{HEAD}target: fortnox.voucher\ndocument:\n  VoucherRows:\n    - §"
    offered = editor.completed(file, text)
    assert offered["Debit"] == (
        "What is debited, in kronor; 0 on a row that credits. Kronor and öre, at least 0. Required."
    )
    assert {"each", "group", "when", "Account", "Credit"} <= offered.keys()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("docu§ment: {}", "What is sent to create an invoice or a credit invoice of its own"),
        ("document:\n  YourOrder§Number: x", "Text, at most 75 characters."),
        ("document:\n  InvoiceRows:\n    - V§AT: 25", "The VAT rate in percent, whole;"),
        ("che§cks: []", "What must hold."),
        ("checks:\n  - o§r: wait", "What becomes of the document when it does not hold"),
        ("match:\n  invoice:\n    outco§me: {}", "What becomes of"),
    ],
)
def test_a_key_is_explained_under_the_pointer(
    editor: Server, file: Path, text: str, told: str
) -> None:
    assert told in editor.explained(file, f"{HEAD}target: fortnox.invoice\n{text}\n{REST}")


def test_steps_that_follow_are_those_of_the_target(editor: Server, file: Path) -> None:
    order = editor.completed(file, f"{HEAD}target: fortnox.order\nthen:\n  - §")
    assert order["cancel"] == "Cancels the document in Fortnox."
    assert "bookkeep" not in order
    invoice = editor.completed(file, f"{HEAD}target: fortnox.invoice\nthen:\n  - do: §")
    assert invoice["bookkeep"] == "Books the document in Fortnox."


@pytest.mark.parametrize(
    "text",
    [
        "when: §",
        "let:\n  paid: §",
        "checks:\n  - that: §",
        "document:\n  Amount: §",
        "document:\n  WriteOffs:\n    - Amount: §",
        "document:\n  Amount: {when: §",
    ],
)
def test_filters_and_settings_are_offered_where_an_expression_stands(
    editor: Server, file: Path, text: str
) -> None:
    offered = editor.completed(file, f"{HEAD}target: fortnox.invoice_payment\n{text}")
    assert offered["| round(…)"].startswith("The number with `n` decimals")
    assert offered["settings.accounts.fee"] == "Qliro's fees, without VAT."
    assert not any("api_secret" in name for name in offered)


def test_entities_are_offered_where_rows_come_from(editor: Server, file: Path) -> None:
    for text in ("related:\n  fees: {from: §}", "match:\n  invoice:\n    from: §"):
        assert {"qliro.refund", "fortnox.invoice"} <= editor.completed(file, HEAD + text).keys()


def test_words_of_a_field_are_offered(editor: Server, file: Path) -> None:
    text = f"{HEAD}target: fortnox.invoice\ndocument:\n  Language: §"
    assert {"SV", "EN"} <= editor.completed(file, text).keys()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("document:\n  Ammount: 5", 7),
        ("document:\n  WriteOffs:\n    - {id: fee, Acount: 5}", 8),
        ("document: {Amount: 5}\nthen: [bokkeep]", 7),
        ("document: {Amount: 5}\nfrobnicate: 1", 7),
        ("document: {Amount: 5}\nchecks:\n  - {id: same, that: 1 == 1}", 8),
    ],
)
def test_a_mistake_is_underlined(editor: Server, file: Path, text: str, line: int) -> None:
    found = editor.opened(file, f"{HEAD}target: fortnox.invoice_payment\n{text}\n{REST}")
    assert [one.partition(":")[0] for one in found] == [str(line)], found


def test_a_merchant_file_from_init_is_completed_wherever_it_is_moved_with_its_schemas(
    editor: Server, file: Path
) -> None:
    """The address is a path from the file: nothing of the machine that wrote it."""
    head = "# yaml-language-server: $schema=schemas/merchant.schema.json\n"
    assert {"none", "voucher"} <= editor.completed(
        file.with_name("shop.yaml"), f"{head}fees:\n  mode: §"
    ).keys()
