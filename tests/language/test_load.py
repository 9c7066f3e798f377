"""Loading a set: overlays, all findings of all files at once, each with its place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.errors import FileError
from engine.language.compile import compile_set
from engine.language.load import load_set, load_set_from_texts

from .kit import BOOKS, CATALOGUE, HOUSE, LINE, PAYMENT, SETTINGS, findings

SET = HOUSE / "mappings/qliro-fortnox"


def test_the_default_set_loads_without_a_warning_and_compiles() -> None:
    schema = json.loads((HOUSE / "schemas/merchant.schema.json").read_text("utf-8"))
    loaded = load_set(SET, None, CATALOGUE, schema)
    assert list(loaded.warnings) == []
    assert set(loaded.mappings) >= {"payment", "fees", "transfer", "dispute", "suspense"}
    assert list(compile_set(loaded, SETTINGS).mappings).index("payment") < list(
        compile_set(loaded, SETTINGS).mappings
    ).index("overpayment")


def test_a_set_is_known_by_its_texts_and_can_be_loaded_from_them_again() -> None:
    loaded = load_set(SET, None, CATALOGUE)
    again = load_set_from_texts(loaded.files, CATALOGUE)
    assert again.digest == loaded.digest
    assert again.mappings.keys() == loaded.mappings.keys()
    fees = "payouts/fees.yaml"
    changed = {**loaded.files, fees: loaded.files[fees] + "# another\n"}
    assert load_set_from_texts(changed, CATALOGUE).digest != loaded.digest


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_an_overlay_changes_single_keys_and_remembers_where_each_came_from(tmp_path: Path) -> None:
    base = write(tmp_path / "base", {"payment.yaml": PAYMENT})
    over = write(
        tmp_path / "over",
        {"ours.yaml": "version: 2\nmapping: payment\ndocument:\n  ModeOfPaymentAccount: 1999\n"
         "  ModeOfPayment: QLIRO\n"},
    )
    loaded = load_set(base, over, CATALOGUE)
    rendered = compile_set(loaded, {}).mappings["payment"].render({"line": LINE, "books": BOOKS})
    assert rendered.document is not None
    assert rendered.document["ModeOfPaymentAccount"] == 1999
    assert rendered.document["ModeOfPayment"] == "QLIRO"
    assert rendered.document["InvoiceNumber"] == 5
    document = ("mapping payment", ["document", "ModeOfPaymentAccount"])
    assert str(loaded.origin(*document)) == f"{over}/ours.yaml:4:25"
    assert str(loaded.origin("mapping payment", ["document", "Amount"])) == (
        f"{base}/payment.yaml:9:11"
    )


def test_null_in_an_overlay_removes_a_key_and_the_result_is_checked(tmp_path: Path) -> None:
    base = write(tmp_path / "base", {"payment.yaml": PAYMENT})
    text = "version: 2\nmapping: payment\ndocument: {Amount: null}\n"
    over = write(tmp_path / "over", {"p.yaml": text})
    with pytest.raises(FileError) as caught:
        load_set(base, over, CATALOGUE)
    assert [str(f) for f in caught.value.findings] == [
        f"{base}/payment.yaml:5:1: missing-field: document needs the field 'Amount' of "
        "fortnox.invoice_payment.",
        f"{base}/payment.yaml:12:26: unknown-field: the document has no field 'Amount'. "
        "Known: InvoiceNumber, ModeOfPaymentAccount, PaymentDate.",
    ]


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    base = write(tmp_path / "base", {"payment.yaml": PAYMENT, "pay.yaml": PAYMENT})
    with pytest.raises(FileError) as caught:
        load_set(base, None, CATALOGUE)
    assert str(caught.value) == (
        f"{base}/payment.yaml:2:10: twice: the mapping payment stands already in "
        f"{base}/pay.yaml:2:10. Take another name."
    )


def test_a_fault_of_the_overlay_is_told_in_the_overlay(tmp_path: Path) -> None:
    base = write(tmp_path / "base", {"payment.yaml": PAYMENT})
    text = "version: 2\nmapping: payment\ndocment:\n  Amount: 1\n"
    over = write(tmp_path / "over", {"payment.yaml": text})
    with pytest.raises(FileError) as caught:
        load_set(base, over, CATALOGUE)
    assert str(caught.value) == (
        f"{over}/payment.yaml:3:1: unknown-key: 'docment' is not a key here. "
        "Did you mean 'document'?"
    )


def test_all_findings_of_all_files_come_at_once() -> None:
    found = findings({
        "a.yaml": PAYMENT.replace("line.Amount", "line.Amout"),
        "b.yaml": PAYMENT.replace("mapping: payment", "mapping: other\nmapping: twice"),
        "c.yaml": "version: 2\nentity: qliro.setlement_line\nas: line\nderive: {a: 1}\n",
        "d.yaml": "- 1\n",
    })  # fmt: skip
    assert found == [
        "b.yaml:3:1: duplicate-key: 'mapping' stands already in line 2.",
        "d.yaml:1:1: wrong-type: a mapping file holds keys with values. Start with version: 2.",
        "c.yaml:2:9: unknown-entity: there is no entity 'qliro.setlement_line'. "
        "Did you mean 'qliro.settlement_line'?",
        "a.yaml:9:11: unknown-key: document.Amount: qliro.settlement_line has no 'Amout'. "
        "Did you mean 'Amount'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("source:", "sorce:",
         "a.yaml:3:1: unknown-key: 'sorce' is not a key here. Did you mean 'source'?"),
        ("version: 2", "version: 3",
         "a.yaml:1:10: version: there is no version 3 of the mapping language here. "
         "Write version: 2."),
        ("target: fortnox.invoice_payment", "target: fortnox.invoice_paymnt",
         "a.yaml:4:9: unknown-target: there is no target 'fortnox.invoice_paymnt'. "
         "Did you mean 'fortnox.invoice_payment'?"),
        ("  agree: [InvoiceNumber, Amount]", "  agree: [InvoiceNumbr]",
         "a.yaml:12:11: unknown-field: the document has no field 'InvoiceNumbr'. "
         "Did you mean 'InvoiceNumber'?"),
        ("  ModeOfPaymentAccount: 1684", "  ModeOfPaymentAcount: 1684",
         "a.yaml:8:24: unknown-field: fortnox.invoice_payment has no field 'ModeOfPaymentAcount' "
         "in document. Did you mean 'ModeOfPaymentAccount'?"),
        ("  ModeOfPaymentAccount: 1684", "  ModeOfPaymentAccount: 168",
         "a.yaml:8:25: misfit: document.ModeOfPaymentAccount: 168 is below 1000."),
        ("  ModeOfPaymentAccount: 1684", "  ModeOfPaymentAccount: bank",
         "a.yaml:8:25: misfit: document.ModeOfPaymentAccount: 'bank' is not a whole number."),
        ('  Amount: "{{ line.Amount }}"', "  Amount: 1.005",
         "a.yaml:9:11: misfit: document.Amount: has more than two decimals; write | round(2)."),
        ('  Amount: "{{ line.Amount }}"', '  Amount: "{{ line.Type }}"',
         "a.yaml:9:11: misfit: document.Amount: is a text and the field takes a number."),
        ("document:", "then: [bokkeep]\ndocument:",
         "a.yaml:5:8: unknown-step: fortnox.invoice_payment has no step 'bokkeep'. "
         "Did you mean 'bookkeep'?"),
        ("document:", 'let: {line: 1}\ndocument:',
         "a.yaml:5:7: twice: 'line' stands already in a.yaml:3:10."),
        ("document:", 'let: {match: 1}\ndocument:',
         "a.yaml:5:7: reserved-name: 'match' has a meaning of its own in the language. "
         "Take another name."),
        ("document:", 'covers: [lines]\ndocument:',
         "a.yaml:5:10: unknown-name: there is no 'lines' here. Did you mean 'line'?"),
        ("document:", 'needs: [paymnt]\ndocument:',
         "a.yaml:5:9: unknown-mapping: there is no mapping 'paymnt'. Did you mean 'payment'?"),
        ("document:", 'for: [paymnt]\ndocument:',
         "a.yaml:5:7: unknown-mapping: there is no mapping 'paymnt'. Did you mean 'payment'?"),
        ("document:", "checks: [{id: made, that: true, until: payment, because: no}]\ndocument:",
         "a.yaml:5:40: unknown-mapping: payment is not made for payment. "
         "Name payment in its `for`."),
        ("document:", 'needs: [payment]\ndocument:',
         "a.yaml:5:9: cycle: payment needs itself: payment → payment."),
        ("document:", "when: line.Amount > 0\nwehn: line.Amount > 0\ndocument:",
         "a.yaml:6:1: unknown-key: 'wehn' is not a key here. Did you mean 'when'?"),
        ("document:", "when: line.Type = 'Fee'\ndocument:",
         "a.yaml:5:7: syntax: when: unexpected '=' after the expression. To compare write ==."),
        ("{{ line.Amount }}", "{{ line.Amount",
         "a.yaml:9:11: syntax: document.Amount: a {{ has no }} after it."),
        ("document:", "checks: [{id: sold, that: line.Amount > 0}]\ndocument:",
         "a.yaml:5:10: missing-key: checks.sold needs the key 'because'."),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_place_and_the_nearest_name(
    old: str, new: str, complaint: str
) -> None:
    assert complaint in findings(PAYMENT.replace(old, new, 1))


def test_a_mapping_without_identity_is_refused() -> None:
    text = PAYMENT.split("identity:", maxsplit=1)[0]
    assert findings(text) == [
        "a.yaml:1:1: missing-identity: the file needs the key 'identity'. Declare how the finished "
        "document is found again; without it nothing can be delivered exactly once."
    ]


def test_named_values_that_need_each_other_are_refused() -> None:
    lets = 'let: {a: "{{ b }}", b: "{{ a + 1 }}"}\ndocument:'
    assert findings(PAYMENT.replace("document:", lets, 1)) == [
        "a.yaml:5:24: cycle: let.b: 'a' needs itself: a → b → a."
    ]


def test_a_field_that_must_be_there_may_not_be_optional() -> None:
    text = PAYMENT.replace(
        '  Amount: "{{ line.Amount }}"',
        '  Amount: {when: line.Amount > 0, value: "{{ line.Amount }}"}',
    )
    assert findings(text) == [
        "a.yaml:5:1: missing-field: document needs the field 'Amount' of fortnox.invoice_payment, "
        "and here it may be left out."
    ]


def test_a_match_looks_only_into_columns_that_there_are() -> None:
    match = """\
match:
  invoice:
    from: fortnox.invoice
    steps: [{id: x, name: x, field: OCRR, keys: ["1"]}]
document:"""
    assert findings(PAYMENT.replace("document:", match, 1)) == [
        "a.yaml:8:37: unknown-key: fortnox.invoice has no 'OCRR'. Did you mean 'OCR'?"
    ]


MATCHED = """\
match:
  invoice:
    from: fortnox.invoice
    steps: [{id: x, name: x, field: OCR, keys: ["1"]}]
    consume: {of: it.Balance, amount: line.Amount}
    outcome: {none: wait, OUTCOME}
document:"""


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("less: prak", "unknown-value: match.invoice.outcome.less: it cannot be 'prak'. Did you "
         "mean 'park'?"),
        ("several: first", "unknown-value: match.invoice.outcome.several: it cannot be 'first'. "
         "Known: park, wait."),
        ("near: \"{{ settings.rounding }}\"", "unknown-value: match.invoice.outcome.near: it "
         "cannot be 'pst'. Did you mean 'post'?"),
        ("one: adopt", "unknown-key: match.invoice.outcome.one: a match that consumes an amount "
         "has no such outcome. Did you mean 'none'?"),
    ],
)  # fmt: skip
def test_an_outcome_is_a_word_that_planning_knows(outcome: str, told: str) -> None:
    text = PAYMENT.replace("document:", MATCHED.replace("OUTCOME", outcome), 1)
    schema = {"properties": {"rounding": {"enum": ["pst", "park"]}}}
    assert [one.partition(": ")[2] for one in findings(text, schema)] == [told]


def test_an_outcome_that_hangs_on_a_setting_is_checked_for_either_choice() -> None:
    outcome = "more: \"{{ 'stop' if settings.strict else 'park' }}\""
    text = PAYMENT.replace("document:", MATCHED.replace("OUTCOME", outcome), 1)
    (told,) = findings(text)
    assert "outcome.more: it cannot be 'stop'" in told


def test_an_outcome_that_is_a_setting_is_checked_for_the_merchant() -> None:
    outcome = 'more: "{{ settings.more }}"'
    text = PAYMENT.replace("document:", MATCHED.replace("OUTCOME", outcome), 1)
    loaded = load_set_from_texts({"a.yaml": text}, CATALOGUE)
    assert compile_set(loaded, {"more": "park"})
    with pytest.raises(FileError, match=r"outcome\.more: it cannot be 'stop'"):
        compile_set(loaded, {"more": "stop"})


def test_a_setting_that_nobody_gave_is_found_when_the_merchant_is_compiled() -> None:
    text = PAYMENT.replace("1684", '"{{ settings.accounts.fe }}"')
    loaded = load_set_from_texts({"a.yaml": text}, CATALOGUE)
    with pytest.raises(FileError) as caught:
        compile_set(loaded, {"accounts": {"fee": 6064}})
    assert str(caught.value) == (
        "a.yaml:8:25: unknown-key: document.ModeOfPaymentAccount: settings.accounts has no 'fe'. "
        "Did you mean 'fee'?"
    )


def test_a_broken_table_does_not_make_every_call_of_it_a_finding() -> None:
    call = PAYMENT.replace("1684", '"{{ tables.t(a=1).b }}"')
    assert findings({"t.yaml": "version: 2\ntable: t\n", "a.yaml": call})[0].startswith(
        "t.yaml:1:1: missing-key: the file needs the key 'inputs'."
    )
    assert not any("a.yaml" in f for f in findings({"t.yaml": "table: t\n", "a.yaml": call}))


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("shared/debit.yaml", "version: 2", "version: [2", "not-yaml"),
        ("entities/settlement_line.yaml", "version: 2", "version: [2", "not-yaml"),
        ("entities/settlement_line.yaml", "\nas: line", "\nais: line", "unknown-key"),
        ("refunds/further_credit_invoice.yaml", "version: 2", "version: [2", "not-yaml"),
        ("refunds/credit_invoice.yaml", "extends: further", "extends: futher", "unknown-mapping"),
    ],
)
def test_what_a_broken_file_would_have_declared_is_not_missed_elsewhere(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    folder = tmp_path / "set"
    shutil.copytree(SET, folder)
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(FileError) as caught:
        load_set(folder, None, CATALOGUE)
    assert {one.place.path for one in caught.value.findings} == {str(folder / name)}
    assert told in {one.code for one in caught.value.findings}


def test_only_the_mappings_of_the_flows_that_are_on_are_read(tmp_path: Path) -> None:
    other = PAYMENT.replace("mapping: payment", "mapping: other\nflow: [orders, invoices]")
    needing = PAYMENT.replace("mapping: payment", "mapping: third\nflow: refunds\nneeds: [other]")
    files = {"payment.yaml": PAYMENT, "other.yaml": other, "third.yaml": needing}
    folder = write(tmp_path / "set", files)

    def read(*flows: str) -> set[str]:
        return set(load_set(folder, None, CATALOGUE, None, flows).mappings)

    assert read("payouts") == {"payment"}
    assert read("invoices", "order_status") == {"other"}
    assert read("refunds") == {"other", "third"}
    assert set(load_set(folder, None, CATALOGUE).mappings) == {"payment", "other", "third"}
