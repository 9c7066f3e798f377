"""A set of version 1 gets ids and keeps every other byte; so does the one of the program."""

from __future__ import annotations

import difflib
import tarfile
from pathlib import Path

import pytest
from migratekit import bare, folder_of, value

from engine.errors import FileError
from engine.language.migrate import looks_whole, migrated

STORED = Path(__file__).parent / "version_1.tar.xz"

PAYMENT = """\
# How a hat is paid.
version: 1   # of the language
mapping: payment
source: {line: qliro.settlement_line}
target: fortnox.invoice_payment

match:
  invoice:
    from: fortnox.invoice
    steps:
      # what the shop writes
      - name: payout reference
        field: ExternalInvoiceReference1
        keys: ["{{ line.MerchantOrderReference }}"]
    require: [{that: not it.Cancelled, because: it is cancelled}]
    outcome: {none: wait}

document:
  InvoiceNumber: "{{ invoice.DocumentNumber }}"
  PaymentDate: "{{ line.BatchDate }}"
  ModeOfPaymentAccount: 1580
  Amount: "{{ line.Amount }}"
  WriteOffs:
  -   AccountNumber: "{{ settings.accounts.fee }}"   # 6570
      Amount: 5
identity:
  ask: {invoicenumber: "{{ document.InvoiceNumber }}"}
  agree: [InvoiceNumber, Amount]
checks:
  -
    that: line.Amount > 0
    because: >-
      it is of {{ line.Amount }}: a hat
      costs more than that
"""
TABLE = """\
version: 1
table: hats
inputs: {size: integer, kind: text}
outputs: {price: decimal}
hit: first
rows:
  - {when: {size: {min: 50, max: 60}, kind: [cap, beret]}, then: {price: 5.00}}
  - when: {kind: {prefix: Stor}}
    then: {price: 7.00}
  - then: {price: 1.00}
otherwise: {error: none}
"""


def test_each_item_gets_an_id_that_speaks_and_nothing_else_changes(tmp_path: Path) -> None:
    folder = folder_of({"payment.yaml": PAYMENT, "hats.yaml": TABLE}, tmp_path / "hats")
    made = {one.name: one.after for one in migrated(folder, None)}
    assert made["payment.yaml"] == (
        PAYMENT.replace("version: 1 ", "version: 2 ")
        .replace("- name:", "- id: payout-reference\n        name:")
        .replace("[{that: not", "[{id: cancelled, that: not")
        .replace("-   Acc", "-   id: fee\n      Acc")
        .replace("  -\n    that", "  -\n    id: hat-costs-more-than\n    that")
    )
    assert made["hats.yaml"] == (
        TABLE.replace("version: 1", "version: 2")
        .replace("- {when: {size", "- {id: 50-60-cap-beret, when: {size")
        .replace("- when: {kind", "- id: Stor\n    when: {kind")
        .replace("- then:", "- id: row-3\n    then:")
    )
    assert value(made["set.yaml"]) == {"version": 2, "set": "hats", "release": 1}


def test_the_set_that_came_with_version_1_is_brought_over_whole(tmp_path: Path) -> None:
    with tarfile.open(STORED) as stored:
        stored.extractall(tmp_path, filter="data")
    folder = tmp_path / "qliro-fortnox"
    assert looks_whole(folder)
    moved = migrated(folder, None)
    assert len(moved) == 1 + len(list(folder.rglob("*.yaml")))
    for one in moved:
        assert bare(value(one.after)) == bare(value(one.before)) or one.name == "set.yaml"
        for line in difflib.ndiff(one.before.splitlines(), one.after.splitlines()):
            gone = line.startswith("- ") and line[2:].strip()
            assert not gone or gone.startswith(("version: 1", "- ", "-", "rows:")), line
    again = folder_of({one.name: one.after for one in moved}, tmp_path / "again")
    assert migrated(again, None) == []


def test_what_is_no_mapping_file_is_refused_with_its_place(tmp_path: Path) -> None:
    folder = folder_of({"payment.yaml": PAYMENT, "notes.yaml": "- a hat\n"}, tmp_path / "hats")
    with pytest.raises(FileError) as caught:
        migrated(folder, None)
    assert str(caught.value.findings[0]).startswith(f"{folder}/notes.yaml:1:1: wrong-type:")
