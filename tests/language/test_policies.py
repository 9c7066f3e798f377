"""Policies: what a house wants of its documents, whichever mapping makes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.errors import FileError
from engine.language.compile import compile_set
from engine.language.load import load_set_from_texts
from engine.language.program import Broken

from .kit import BOOKS, CATALOGUE, FEE, HOUSE, LINE, PAYMENT, findings

# How the tests write the targets.
TARGETS = {"for: V,": "for: fortnox.voucher,", "for: P,": "for: fortnox.invoice_payment,",
           "[P, V]": "[fortnox.invoice_payment, fortnox.voucher]"}  # fmt: skip


def policy(*checks: str, name: str = "house") -> str:
    rows = "".join(f"  - {one}\n" for one in checks)
    for short, target in TARGETS.items():
        rows = rows.replace(short, target)
    return f"version: 2\npolicy: {name}\nchecks:\n{rows}"


def broken(
    mapping: str, policies: str, settings: dict[str, Any] | None = None, **line: Any
) -> list[Broken]:
    texts = {"a.yaml": mapping, "b.yaml": policies}
    made = compile_set(load_set_from_texts(texts, CATALOGUE), settings or {})
    (one,) = made.mappings.values()
    inputs = {"line": {**LINE, **line}, "books": BOOKS, "earlier": 0}
    document = one.render(inputs).document
    assert document is not None
    return one.broken(document, inputs)


def told(*args: Any, **line: Any) -> list[str]:
    return [one.because for one in broken(*args, **line)]


def test_a_document_that_is_as_the_house_wants_it_breaks_nothing() -> None:
    small = "{id: small, for: P, that: document.Amount <= 100, because: no}"
    assert broken(PAYMENT, policy(small)) == []


def test_a_document_that_is_not_is_told_with_the_policy_and_its_sentence() -> None:
    small = (
        "{id: small, for: P, that: document.Amount < 100, "
        "because: 'a payment of {{ document.Amount }} needs two signatures'}"
    )
    (one,) = broken(PAYMENT, policy(small))
    assert one.policy == "house.small"
    assert one.severity == "error"
    assert one.because == "a payment of 100.00 needs two signatures"
    assert (one.place.path, one.place.line) == ("b.yaml", 4)


def test_a_policy_for_another_kind_of_document_is_not_asked() -> None:
    never = "{id: never, for: fortnox.invoice, that: 'false', because: no}"
    assert broken(PAYMENT, policy(never)) == []


def test_one_for_several_kinds_is_asked_of_each() -> None:
    never = "{id: never, for: [P, V], that: 'false', because: no}"
    assert told(PAYMENT, policy(never)) == ["no"]
    assert told(FEE, policy(never)) == ["no"]


def test_when_says_of_which_documents_it_holds() -> None:
    cards = (
        "{id: cards, for: P, when: source.PaymentMethodType == 'CARD', "
        "that: document.ModeOfPaymentAccount == 1685, because: cards go to 1685}"
    )
    assert told(PAYMENT, policy(cards)) == ["cards go to 1685"]
    assert told(PAYMENT, policy(cards), PaymentMethodType="SWISH") == []


def test_a_policy_may_see_the_settings() -> None:
    most = (
        "{id: most, for: P, that: document.Amount <= settings.rounding.most, "
        "because: 'over {{ settings.rounding.most }}'}"
    )
    assert told(PAYMENT, policy(most), {"rounding": {"most": 50}}) == ["over 50"]


def test_each_row_is_asked_and_the_rows_that_break_it_are_named() -> None:
    nord = (
        "{id: nord, for: V, each: {row: document.VoucherRows}, "
        "that: row.CostCenter == 'NORD', because: every row has cost centre NORD}"
    )
    (one,) = broken(FEE, policy(nord), VatRate=Decimal(25))
    assert one.because == "every row has cost centre NORD (rows 1 and 2)"
    assert one.rows == (1, 2)


def test_rows_with_sentences_of_their_own_are_told_apart() -> None:
    nord = (
        "{id: nord, for: V, each: {row: document.VoucherRows}, "
        "that: row.CostCenter is not none, because: '{{ row.Account }} has no cost centre'}"
    )
    assert told(FEE, policy(nord), VatRate=Decimal(25)) == [
        "6570 has no cost centre (row 1)", "2641 has no cost centre (row 2)",
    ]  # fmt: skip


def test_of_chosen_rows_no_number_is_told_for_it_would_be_another_one() -> None:
    nord = (
        "{id: nord, for: V, each: {row: \"document.VoucherRows | where('Account', 1684)\"}, "
        "that: row.Credit == 0, because: no credit}"
    )
    (one,) = broken(FEE, policy(nord))
    assert (one.because, one.rows) == ("no credit", ())


def test_what_the_mapping_leaves_out_is_null_to_a_policy() -> None:
    said = "{id: said, for: V, that: document.Comments is none, because: no}"
    assert broken(FEE, policy(said)) == []


def test_a_policy_that_cannot_be_asked_is_broken_and_hides_no_other() -> None:
    null = "{id: centre, for: V, that: document.Comments ~ 'X' == 'NX', because: no}"
    other = "{id: other, for: V, that: 'false', because: never}"
    first, second = told(FEE, policy(null, other))
    assert first.startswith("it can't be told:")
    assert "document.Comments is null" in first
    assert second == "never"


def test_a_null_in_the_sentence_does_not_hide_it() -> None:
    said = "{id: said, for: V, that: 'false', because: 'not {{ document.Comments }}'}"
    assert told(FEE, policy(said)) == ["not (null)"]


def test_a_warning_says_that_it_is_one() -> None:
    never = "{id: never, for: V, that: 'false', because: no, severity: warning}"
    assert [one.severity for one in broken(FEE, policy(never))] == ["warning"]


def test_a_set_without_policies_asks_nothing() -> None:
    made = compile_set(load_set_from_texts({"a.yaml": FEE}, CATALOGUE), {})
    assert made.mappings["fee"]._judge is None


# What lint finds ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("{id: a, for: fortnox.vouchers, that: 'true', because: no}",
         "there is no target 'fortnox.vouchers'."),
        ("{id: a, for: V, that: document.CostCentre == 'N', because: no}",
         "document has no 'CostCentre'. Known: Comments"),
        ("{id: a, for: V, each: {row: document.VoucherRow}, that: 'true', because: no}",
         "document has no 'VoucherRow'. Did you mean 'VoucherRows'?"),
        ("{id: a, for: V, each: {row: document.VoucherRows}, that: row.VAT == 0, "
         "because: no}", "a row of VoucherRows has no 'VAT'."),
        ("{id: a, for: V, that: source.Amont == 0, because: no}",
         "qliro.settlement_line has no 'Amont'. Did you mean 'Amount'?"),
        ("{id: a, for: V, that: line.Amount == 0, because: no}",
         "there is no 'line' here."),
        ("{id: a, for: V, that: document.Description == 5, because: no}",
         "is a text and never equals 5"),
        ("{id: a, for: V, that: 'true', because: 'not {{ row.Account }}'}",
         "there is no 'row' here."),
        ("{id: a, for: V, each: {row: document.Description}, that: 'true', because: n}",
         "each needs a list, not a text."),
        ("{id: a, for: V, each: {source: document.VoucherRows}, that: 'true', "
         "because: n}", "'source' is taken."),
        ("{id: a, for: V, that: 'true', because: n, severity: eror}",
         "cannot be 'eror'"),
        ("{for: V, that: 'true', because: n}", "needs the key 'id'"),
        ("{id: a, that: 'true', because: n}", "needs the key 'for'"),
        ("{id: a, for: V, that: 'true'}", "needs the key 'because'"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_policy_is_told_with_its_place(check: str, says: str) -> None:
    found = findings({"a.yaml": FEE, "b.yaml": policy(check)})
    assert any(says in one for one in found), found
    assert all(one.startswith("b.yaml:") for one in found)


def test_a_policy_that_nothing_is_asked_of_is_told() -> None:
    check = "{id: a, for: fortnox.order, that: 'true', because: n}"
    found = load_set_from_texts({"a.yaml": FEE, "b.yaml": policy(check)}, CATALOGUE)
    (one,) = found.warnings
    assert "no mapping makes fortnox.order: a is never asked" in str(one)


def test_a_table_that_only_a_policy_asks_is_used() -> None:
    table = (
        "version: 2\ntable: centres\ninputs: {account: account}\noutputs: {centre: text}\n"
        "hit: first\nrows:\n  - {id: fee, when: {account: 6570}, then: {centre: SYD}}\n"
        "otherwise: {centre: NORD}\n"
    )
    check = (
        "{id: centre, for: V, each: {row: document.VoucherRows}, "
        "that: row.CostCenter == tables.centres(account=row.Account).centre, because: wrong}"
    )
    texts = {"a.yaml": FEE, "b.yaml": policy(check), "c.yaml": table}
    found = load_set_from_texts(texts, CATALOGUE)
    assert [str(one) for one in found.warnings] == []
    fee = compile_set(found, {}).mappings["fee"]
    inputs = {"line": LINE, "books": BOOKS, "earlier": 0}
    document = fee.render(inputs).document
    assert document is not None
    assert [one.because for one in fee.broken(document, inputs)] == ["wrong (row 1)"]


# Overlays -----------------------------------------------------------------------------------------
SMALL = "{id: small, for: V, that: 'false', because: small}"
HELD = "{id: held, for: V, that: 'false', because: held, essential: true}"
NEVER = "{id: never, for: V, that: 'false', because: never}"


def over(*lines: str, name: str = "house") -> list[str]:
    text = "\n".join(["version: 2", f"policy: {name}", *lines, ""])
    text = text.replace("for: V,", TARGETS["for: V,"])
    texts = {"a.yaml": FEE, "b.yaml": policy(SMALL, HELD), "overlay:o.yaml": text}
    try:
        found = load_set_from_texts(texts, CATALOGUE)
    except FileError as error:
        return [str(one) for one in error.findings]
    made = compile_set(found, {}).mappings["fee"]
    inputs = {"line": LINE, "books": BOOKS, "earlier": 0}
    document = made.render(inputs).document
    assert document is not None
    return [f"{one.severity}: {one.because}" for one in made.broken(document, inputs)]


def test_an_overlay_adds_replaces_and_removes_by_id() -> None:
    assert over("checks:", f"  add: [{NEVER}]") == ["error: small", "error: held", "error: never"]
    assert over("checks:", f"  replace: [{SMALL.replace('because: small', 'because: other')}]") == [
        "error: other", "error: held",
    ]  # fmt: skip
    assert over("checks:", "  remove: [{id: small, because: we are large}]") == ["error: held"]


def test_an_overlay_may_make_a_warning_of_an_error() -> None:
    assert over("checks.small.severity: warning") == ["warning: small", "error: held"]


@pytest.mark.parametrize(
    "key", ["severity: warning", "that: 'true'", "when: 'false'", "for: fortnox.order"]
)
def test_no_overlay_weakens_what_is_essential(key: str) -> None:
    (found,) = over(f"checks.held.{key}")
    assert "is essential" in found


def test_an_overlay_brings_policies_of_its_own() -> None:
    assert over("checks:", f"  - {NEVER}", name="ours") == [
        "error: small", "error: held", "error: never",
    ]  # fmt: skip


def test_an_overlay_of_a_policy_that_the_set_has_not_names_the_nearest() -> None:
    (found,) = over("checks:", f"  add: [{NEVER}]", name="hous")
    assert "the set has no policy hous. Did you mean 'house'?" in found


def test_a_policy_belongs_to_the_digest_of_its_set() -> None:
    plain = load_set_from_texts({"a.yaml": FEE}, CATALOGUE)
    more = load_set_from_texts({"a.yaml": FEE, "b.yaml": policy(SMALL)}, CATALOGUE)
    assert plain.digest != more.digest


def test_the_policy_of_the_manual_is_one_of_the_default_set() -> None:
    page = (HOUSE / "docs/language.md").read_text("utf-8")
    text = page.split("## Policies", 1)[1].split("```yaml\n", 1)[1].split("```", 1)[0]
    folder = HOUSE / "mappings/qliro-fortnox"
    texts = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }
    found = load_set_from_texts({**texts, "overlay:policies/nordic.yaml": text}, CATALOGUE)
    assert [one.id for one in found.policies["nordic"].checks] == [
        "cost-centre", "vat-on-3001", "large-payment",
    ]  # fmt: skip
    assert [str(one) for one in found.warnings] == []
