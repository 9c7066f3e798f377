"""Overlays that can't destroy: each says what it adds, replaces and removes, and of what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine.errors import FileError
from engine.language.compile import compile_set
from engine.language.load import load_set, load_set_from_texts
from engine.language.spec import MappingSet

from .kit import CATALOGUE, HOUSE, PAYMENT, SETTINGS

SET = HOUSE / "mappings/qliro-fortnox"
HEAD = "version: 2\nmapping: payment\n"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {
        path.relative_to(SET).as_posix(): path.read_text("utf-8")
        for path in sorted(SET.rglob("*.yaml"))
    }


def over(texts: Mapping[str, str], *files: str) -> MappingSet:
    laid = {f"overlay:{number}.yaml": text for number, text in enumerate(files)}
    return load_set_from_texts({**texts, **laid}, CATALOGUE)


def refused(texts: Mapping[str, str], *files: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        over(texts, *files)
    return [str(one) for one in caught.value.findings]


def eu(found: MappingSet, country: str) -> tuple[Any, Any]:
    (row,) = compile_set(found, SETTINGS).tables["countries"].find((country,)),
    return row["eu"], row["name"]


# The accidents that were ------------------------------------------------------------------------
def test_a_row_added_to_the_countries_leaves_finland_in_the_eu(texts: dict[str, str]) -> None:
    row = "{id: XK, when: {country: XK}, then: {eu: false, name: Kosovo, parts: false}}"
    found = over(texts, f"version: 2\ntable: countries\nrows:\n  add:\n    - {row}\n")
    assert eu(found, "XK") == (False, "Kosovo")
    assert eu(found, "FI") == (True, "Finland")
    (change,) = found.changes
    assert (change.operation, str(change)) == ("added", "table countries: rows.XK")


def test_a_bare_list_over_the_countries_is_refused_with_the_way_to_say_it(
    texts: dict[str, str],
) -> None:
    row = "{id: XK, when: {country: XK}, then: {eu: false, name: Kosovo, parts: false}}"
    other = "{id: FI, when: {country: FI}, then: {eu: true, name: Suomi, parts: true}}"
    (told,) = refused(texts, f"version: 2\ntable: countries\nrows: [{row}, {other}]\n")
    assert told.startswith(
        "overlay:0.yaml:3:7: bare-list: rows of the table countries has 39 items "
        "(tables/countries.yaml:"
    )
    assert told.endswith(
        ", and a list here would throw them away. "
        f"Write rows: {{add: [{row}], replace: [{other}]}}; "
        "what is to go: remove: [{id: …, because: …}]."
    )


def test_one_check_of_an_overlay_takes_none_away(texts: dict[str, str]) -> None:
    check = "{id: known-country, that: line.CountryCode is not none, because: unknown}"
    before = load_set_from_texts(texts, CATALOGUE).mappings["payment"].checks
    after = over(texts, f"{HEAD}checks:\n  add: [{check}]\n").mappings["payment"].checks
    assert [one.id for one in after] == [*[one.id for one in before], "known-country"]
    assert [one.place for one in after[:-1]] == [one.place for one in before]


def test_one_field_of_one_row_is_changed_by_its_path(texts: dict[str, str]) -> None:
    invoice = "version: 2\nmapping: invoice\ndocument:\n"
    found = over(texts, f"{invoice}  InvoiceRows.goods.CostCenter: NO\n")
    before = load_set_from_texts(texts, CATALOGUE)
    rows, changed = (
        next(f.rows for f in one.mappings["invoice"].document if f.name == "InvoiceRows")
        for one in (before, found)
    )
    assert [row.id for row in rows] == [row.id for row in changed]
    assert [f.name for f in changed[1].fields] == [f.name for f in rows[1].fields]
    fields = {f.name: str(f.place) for f in changed[0].fields}
    assert fields.pop("CostCenter") == "overlay:0.yaml:4:33"
    assert fields == {f.name: str(f.place) for f in rows[0].fields if f.name != "CostCenter"}


# What is refused --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("checks: {remove: [method-declared]}",
         "3:19: because: checks.method-declared of the mapping payment is removed without a "
         "reason. Write {id: method-declared, because: …}."),
        ("checks: {remove: [{id: method-declared, because: ' '}]}",
         "3:19: because: checks.method-declared of the mapping payment is removed without a "
         "reason. Write {id: method-declared, because: …}."),
        ("match: {invoice: {require: {remove: [booked]}}}",
         "3:38: because: match.invoice.require.booked of the mapping payment is removed without a "
         "reason. Write {id: booked, because: …}."),
        ("checks: {remove: [{id: lokced-period, because: x}]}",
         "3:19: unknown-id: checks of the mapping payment has no 'lokced-period'. Did you mean "
         "'locked-period'?"),
        ("checks: {replace: [{id: lokced-period, that: true, because: x}]}",
         "3:20: unknown-id: checks of the mapping payment has no 'lokced-period'. Did you mean "
         "'locked-period'?"),
        ("checks: {add: [{id: a, that: true, because: x, after: lokced-period}]}",
         "3:55: unknown-id: checks of the mapping payment has no 'lokced-period'. Did you mean "
         "'locked-period'?"),
        ("checks.lokced-period.because: x",
         "3:1: unknown-id: checks of the mapping payment has no 'lokced-period'. Did you mean "
         "'locked-period'?"),
        ("document: {WriteOff.fees.Amount: 1}",
         "3:12: unknown-path: document of the mapping payment has no 'WriteOff'. Did you mean "
         "'WriteOffs'?"),
        ("document: {WriteOffs.fee.Amount: 1}",
         "3:12: unknown-id: document.WriteOffs of the mapping payment has no 'fee'. Did you mean "
         "'fees'?"),
        ("checks: {add: [{that: true, because: x}]}",
         "3:16: missing-id: an added item has an id. Write {id: …, …}."),
        ("checks: {add: [{id: a, that: true, because: x, after: not-twice, before: adds-up}]}",
         "3:16: before-and-after: an item is added before another or after one, not both."),
        ("checks: {ad: [{id: a, that: true, because: x}]}",
         "3:10: unknown-id: checks of the mapping payment has no 'ad'. Did you mean 'add'?"),
        ("match.invoice.outcome.nonne: park",
         "3:1: unknown-key: 'nonne' is not a key here. Did you mean 'none'?"),
        ("document: {writeoffs.fees.Amount: 1}",
         "3:12: unknown-path: document of the mapping payment has no 'writeoffs'. Did you mean "
         "'WriteOffs'?"),
        ("document:\n\tAmount: 1",
         "4:1: not-yaml: while scanning for the next token found character that cannot start any "
         "token. Indent with spaces, not with tabs; a text that begins with %, @ or ` stands in "
         "quotes."),
        ("checks: {add: {id: a}}",
         "3:15: wrong-type: add takes a list of items. Write add: [ … ]."),
        ("checks: {remove: [{id: year-open, why: x}]}",
         "3:19: wrong-type: an item that goes is named by its id, and why. "
         "Write {id: …, because: …}."),
        ("checks.year-open: null",
         "3:1: wrong-type: checks.year-open of the mapping payment is an item of a list: say a key "
         "of it. Or replace it whole, or remove it: checks: {replace: [year-open …]}."),
        ("checks.year-open.id: other",
         "3:1: id: the id of checks.year-open of the mapping payment stays as it is."),
        ("identity: {agree: [InvoiceNumber, Amount, CurrencyRate]}",
         "3:19: bare-list: identity.agree of the mapping payment has 4 items "
         "(payouts/payment.yaml:LINE), and a list here would throw them away. "
         "Write agree: {add: [CurrencyRate]}, or, to say it anew, agree: {replace: "
         "[InvoiceNumber, Amount, CurrencyRate]}."),
        ("then: [bookkeep]",
         "3:7: bare-list: then of the mapping payment has 1 item (payouts/payment.yaml:LINE), and "
         "a list here would throw them away. Write then: {replace: [bookkeep]}."),
        ("extends: suspense",
         "3:1: extends: mapping payment is the set's, and stays what it is; an overlay says what "
         "differs. Leave extends out."),
    ],
)  # fmt: skip
def test_what_an_overlay_can_t_say_is_refused_with_the_remedy(
    texts: dict[str, str], said: str, told: str
) -> None:
    head, _, tail = told.partition("payouts/payment.yaml:LINE")
    found = [one.removeprefix("overlay:0.yaml:") for one in refused(texts, f"{HEAD}{said}\n")]
    assert any(one.startswith(head) and one.endswith(tail) for one in found), found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("InvoiceNumber: 7", "InvoiceNumber: 8"),
        ("WriteOffs.fees.CostCenter: A", "WriteOffs: {fees: {CostCenter: B}}"),
        ("WriteOffs.fees.CostCenter: A", "WriteOffs: {replace: [{id: fees}]}"),
        ("WriteOffs.fees.Amount: 1", "WriteOffs: {remove: [{id: fees}]}"),
        ("WriteOffs: {replace: [{id: fees, Amount: 1}]}", "WriteOffs.fees.Amount: 2"),
    ],
)
def test_nothing_that_a_file_says_is_lost_to_what_it_says_elsewhere(
    texts: dict[str, str], one: str, other: str
) -> None:
    found = refused(texts, f"{HEAD}document.{one}\ndocument:\n  {other}\n")
    (told,) = [one for one in found if "changed-twice" in one]
    assert re.match(
        r"overlay:0\.yaml:5:\d+: changed-twice: document\.\S+ of the mapping payment is \w+ here, "
        r"and document\.\S+ is \w+ in line 3: one of them would be lost\. Say it in one place\.",
        told,
    ), told


def test_an_item_may_be_moved_and_a_list_said_anew_with_one_more(texts: dict[str, str]) -> None:
    because = "because: because"
    said = (
        f"checks: {{remove: [{{id: year-open, {because}}}], "
        f"add: [{{id: year-open, that: 'true', {because}, before: not-twice}}]}}\n"
        "identity: {agree: {replace: [InvoiceNumber], add: [Amount]}}\n"
    )
    payment = over(texts, HEAD + said).mappings["payment"]
    assert next(one.id for one in payment.checks) == "year-open"


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ("checks: null", "not-twice, fees-fit"),
        ("checks: 5", "not-twice, fees-fit"),
        ("match: null", "chosen, written-by-us"),
        ("match: {invoice: null}", "chosen, written-by-us"),
        ("document: {WriteOffs: null}", "fees, fee-vat, difference"),
    ],
)
def test_items_do_not_go_unnamed(texts: dict[str, str], said: str, items: str) -> None:
    (told, *_) = refused(texts, f"{HEAD}{said}\n")
    assert ": unnamed: " in told
    assert f"of the mapping payment holds {items}" in told
    assert told.endswith(
        "which would go unnamed. Remove what is to go by its id: remove: [{id: …, because: …}]."
    )


def test_an_id_that_is_there_is_not_added_again(texts: dict[str, str]) -> None:
    item = "{id: year-open, that: true, because: x}"
    (told,) = refused(texts, f"{HEAD}checks: {{add: [{item}]}}\n")
    assert told.startswith("overlay:0.yaml:3:16: twice: checks of the mapping payment has ")
    assert told.endswith("Take another id, or say replace.")


ESSENTIAL = PAYMENT + "checks:\n" + "".join(
    f"  - {{id: {name}, essential: {told}, that: line.Amount > 0, because: it is nothing}}\n"
    for name, told in (("all", "true"), ("some", "false"))
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("checks: {remove: [{id: all, because: we know}]}", "it can't be removed"),
        ("checks: {replace: [{id: all, that: true, because: x}]}", "it can't be replaced"),
        ("checks.all.that: true", "its 'that' can't be changed"),
        ("checks.all.or: wait", "its 'or' can't be changed"),
        ("checks.all.essential: false", "its 'essential' can't be changed"),
        ("checks.all: {until: payment}", "its 'until' can't be changed"),
    ],
)
def test_what_is_essential_can_t_be_weakened(said: str, what: str) -> None:
    (told,) = refused({"payment.yaml": ESSENTIAL}, f"{HEAD}{said}\n")
    assert f": essential: checks.all of the mapping payment is essential: {what}." in told
    if "until" not in said and "essential" not in said:
        other = over({"payment.yaml": ESSENTIAL}, f"{HEAD}{said}\n".replace("all", "some"))
        assert other.changes


@pytest.mark.parametrize(
    ("mapping", "said", "what"),
    [
        ("transfer", "after: null", "after"),
        ("transfer", "after: {proof: null}", "after.proof"),
        ("transfer", "after.proof: payout.other", "after.proof"),
        ("invoice", "confirm: null", "confirm"),
        ("invoice", "confirm: {Total: null}", "confirm.Total"),
        ("invoice", "confirm.TotalVAT.is: 5", "confirm.TotalVAT.is"),
    ],
)
def test_the_proof_and_what_fortnox_must_confirm_stay(
    texts: dict[str, str], mapping: str, said: str, what: str
) -> None:
    (told,) = refused(texts, f"version: 2\nmapping: {mapping}\n{said}\n")
    assert told == (
        f"overlay:0.yaml:3:{told.split(':')[3]}: essential: {what} of the mapping {mapping} is "
        "essential: it can't be removed or changed. It keeps money from being booked twice or "
        "wrongly."
    )
    more = "version: 2\nmapping: invoice\nconfirm.Total.within: 0\n"
    assert over(texts, more).changes


@pytest.mark.parametrize(
    ("mapping", "item"),
    [
        ("payment", "not-twice"), ("fees", "not-twice"), ("transfer", "not-twice"),
        ("dispute", "not-twice"), ("fees", "debit-is-credit"), ("transfer", "debit-is-credit"),
        ("payment", "adds-up"), ("invoice", "items-add-up"), ("invoice", "total-as-sold"),
        ("credit_invoice", "total-as-sold"), ("further_credit_invoice", "not-more-than-captured"),
    ],
)  # fmt: skip
def test_no_overlay_takes_the_guards_of_money_away(
    texts: dict[str, str], mapping: str, item: str
) -> None:
    gone = f"checks: {{remove: [{{id: {item}, because: we know better}}]}}"
    (told,) = refused(texts, f"version: 2\nmapping: {mapping}\n{gone}\n")
    assert f"checks.{item} of the mapping {mapping} is essential: it can't be removed." in told


def test_the_sentence_of_an_essential_check_may_be_said_otherwise() -> None:
    found = over({"payment.yaml": ESSENTIAL}, f"{HEAD}checks.all.because: nothing is there\n")
    (change,) = found.changes
    assert (change.operation, change.path) == ("replaced", "checks.all.because")
    assert (change.before, change.after) == ("it is nothing", "nothing is there")


def test_a_file_of_version_1_is_refused_with_the_command_that_brings_it_over(
    tmp_path: Path,
) -> None:
    (tmp_path / "payment.yaml").write_text("document:\n  Amount: 1\n")
    (tmp_path / "fees.yaml").write_text("version: 1\nmapping: fees\nthen: []\n")
    with pytest.raises(FileError) as caught:
        load_set(SET, tmp_path, CATALOGUE)
    told = [str(one).removeprefix(f"{tmp_path}/") for one in caught.value.findings]
    assert told[0] == (
        "fees.yaml:1:10: version: this file is written in version 1 of the mapping language. "
        f"Bring it over: qliro-fortnox migrate {tmp_path}"
    )
    assert told[1] == (
        "payment.yaml:1:1: version: this file does not say version: 2, so it is taken for one of "
        f"version 1. Bring it over: qliro-fortnox migrate {tmp_path}"
    )


def test_a_misspelt_kind_is_told_with_the_nearest(texts: dict[str, str]) -> None:
    (told,) = refused(texts, "version: 2\nmaping: payment\nwhen: true\n")
    assert told.startswith("overlay:0.yaml:2:1: unknown-kind: ")
    assert told.endswith("this one has none of them. Did you mean 'mapping'?")


def test_a_misspelt_name_is_told_with_the_nearest(texts: dict[str, str]) -> None:
    (told,) = refused(texts, "version: 2\nmapping: paymnt\nwhen: true\n")
    assert told == (
        "overlay:0.yaml:2:10: unknown-mapping: the set has no mapping paymnt. "
        "Did you mean 'payment'?"
    )


# What is done ---------------------------------------------------------------------------------
def test_items_come_where_they_are_put(texts: dict[str, str]) -> None:
    items = "".join(
        f"    - {{id: {name}, that: true, because: x, {where}}}\n"
        for name, where in (
            ("a", "after: not-twice"), ("b", "after: not-twice"), ("c", "before: not-twice"),
            ("d", "after: a"),
        )
    )  # fmt: skip
    found = over(texts, f"{HEAD}checks:\n  add:\n{items}")
    names = [one.id for one in found.mappings["payment"].checks]
    assert names[:5] == ["c", "not-twice", "a", "d", "b"]


def test_steps_after_the_creation_and_plain_lists_are_changed_by_their_words(
    texts: dict[str, str],
) -> None:
    found = over(
        texts,
        f"{HEAD}then: {{replace: [{{do: bookkeep, when: line.gross > 0}}]}}\n"
        "identity:\n  adopt: {replace: [InvoiceNumber, Amount]}\n"
        "  agree: {remove: [PaymentDate]}\n",
    )
    spec = found.mappings["payment"]
    assert [(one.step, one.when is not None) for one in spec.then] == [("bookkeep", True)]
    assert spec.identity.adopt == ("InvoiceNumber", "Amount")
    assert spec.identity.agree == ("InvoiceNumber", "Amount", "ModeOfPaymentAccount")


def test_a_list_that_the_set_does_not_have_is_said_either_way(texts: dict[str, str]) -> None:
    check = "{id: a, that: line.value > 0, because: it is little}"
    for said in (f"[{check}]", f"{{add: [{check}]}}"):
        text = f"version: 2\nmapping: suspense\nwarnings: {said}\n"
        assert [one.id for one in over(texts, text).mappings["suspense"].warnings] == ["a"]


def test_each_change_is_told_with_what_the_set_has(texts: dict[str, str]) -> None:
    found = over(
        texts,
        f"{HEAD}let: {{wanted_date: '{{{{ line.BatchDate }}}}'}}\ncard: invoice.CustomerNumber\n"
        "checks: {remove: [{id: fees-fit, because: fees are booked elsewhere}]}\n",
        "version: 2\ntable: own\ninputs: {a: text}\noutputs: {b: text}\nhit: first\n"
        "rows: [{id: one, then: {b: x}}]\notherwise: {b: null}\n",
    )
    assert [(one.operation, str(one), str(one.place), one.because) for one in found.changes] == [
        ("replaced", "mapping payment: let.wanted_date", "overlay:0.yaml:3:7", ""),
        ("added", "mapping payment: card", "overlay:0.yaml:4:1", ""),
        ("removed", "mapping payment: checks.fees-fit", "overlay:0.yaml:5:19",
         "fees are booked elsewhere"),
        ("added", "table own", "overlay:1.yaml:1:1", ""),
    ]  # fmt: skip
    date, card, check, _ = found.changes
    assert date.before.startswith("{{ happened if settings.dates.payment")
    assert date.after == "{{ line.BatchDate }}"
    assert str(date.before_place).rpartition("payment.yaml:")[1]
    assert (card.before, card.before_place) == (None, None)
    assert (check.before["id"], check.after) == ("fees-fit", None)


def test_what_of_the_set_an_overlay_uses_no_more_is_told_with_how_to_take_it_out(
    texts: dict[str, str],
) -> None:
    said = "document: {ModeOfPayment: null}\n"
    (told,) = [str(one) for one in over(texts, HEAD + said).warnings if one.code == "unused-name"]
    assert told.endswith(
        ": unused-name: nothing uses the named value mode. The overlay took its last use. "
        "Take it out there, let: {mode: null}, or use it."
    )
    assert over(texts, f"{HEAD}{said}let: {{mode: null}}\n").warnings == []


def test_a_part_of_an_overlay_that_nothing_uses_is_told(texts: dict[str, str]) -> None:
    part = "version: 2\npart: open_dya\nlet: {date: line.BatchDate}\n"
    (told,) = over(texts, part, f"{HEAD}when: true\n").warnings
    assert "nothing uses the part open_dya" in str(told)
