"""What lint says of policies: documents that break one whatever they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.doctor.lint import lint_set
from engine.language.code import Code
from engine.language.compile import compile_set, settings_code
from engine.language.load import load_set_from_texts
from engine.language.policies_decided import decided

from .kit import CATALOGUE, FEE, HOUSE
from .test_policies import policy


def found(*checks: str, mapping: str = FEE, settings: dict[str, Any] | None = None) -> list[str]:
    texts = {"a.yaml": mapping, "b.yaml": policy(*checks)}
    made = load_set_from_texts(texts, CATALOGUE)
    code = Code("K_settings", made.settings_type)
    if settings is not None:
        compile_set(made, settings)
        code = settings_code(made, settings)
    return [f"{one.severity}: {one}" for one in decided(made, made.mappings.values(), code)]


ROWS = "for: V, each: {row: document.VoucherRows}"


def test_a_constant_that_breaks_a_policy_is_told_where_it_stands() -> None:
    series = "{id: series, for: V, that: document.VoucherSeries == 'Q', because: ours is Q}"
    (one,) = found(series)
    assert one == (
        "error: a.yaml:8:18: policy: fee: breaks the policy house.series: ours is Q. "
        "The policy stands in b.yaml:4:5."
    )


def test_what_depends_on_the_line_is_left_to_the_run() -> None:
    day = "{id: day, for: V, that: document.TransactionDate > '2026-01-01', because: too old}"
    assert found(day) == []


def test_a_field_that_the_mapping_never_makes_is_known_to_be_missing() -> None:
    told = "{id: told, for: V, that: document.Comments is not none, because: say where it is from}"
    (one,) = found(told)
    assert "a.yaml:5:1: policy: fee: breaks the policy house.told" in one


def test_a_row_that_is_always_made_is_an_error_and_one_that_may_be_a_warning() -> None:
    nord = f"{{id: nord, {ROWS}, that: row.CostCenter == 'NORD', because: it is NORD}}"
    first, second = found(nord)
    assert first.startswith("error: a.yaml:11:7: policy: fee, row fee: breaks")
    assert second.startswith("warning: a.yaml:12:7: policy: fee, row vat: breaks")


def test_a_condition_on_the_document_makes_a_warning_that_says_where() -> None:
    nord = (
        "{id: nord, for: V, when: source.CurrencyCode == 'NOK', "
        "that: document.VoucherSeries == 'N', because: ours is N}"
    )
    (one,) = found(nord)
    assert one.startswith("warning: ")
    assert "house.nord where source.CurrencyCode == 'NOK': ours is N" in one


def test_a_row_on_another_account_is_not_meant() -> None:
    vat = (
        f"{{id: vat, {ROWS}, when: row.Account == 3001, that: row.CostCenter == 'X', because: no}}"
    )
    assert found(vat) == []


def test_a_warning_stays_one() -> None:
    series = (
        "{id: series, for: V, that: document.VoucherSeries == 'Q', because: Q, severity: warning}"
    )
    (one,) = found(series)
    assert one.startswith("warning: ")


def test_settings_decide_where_they_are_known() -> None:
    mapping = FEE.replace("VoucherSeries: A", 'VoucherSeries: "{{ settings.series }}"')
    series = "{id: series, for: V, that: document.VoucherSeries == 'Q', because: ours is Q}"
    assert found(series, mapping=mapping) == []
    assert len(found(series, mapping=mapping, settings={"series": "A"})) == 1
    assert found(series, mapping=mapping, settings={"series": "Q"}) == []


def test_lint_of_a_set_with_an_overlay_tells_it(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(
        policy("{id: text, for: V, that: document.Comments is not none, because: say why}"), "utf-8"
    )
    told = lint_set(HOUSE / "mappings/qliro-fortnox", tmp_path)
    assert {one.code for one in told} == {"policy"}
    assert all("breaks the policy house.text: say why" in str(one) for one in told)


def test_an_account_that_only_the_merchant_names_is_not_taken_for_the_one_meant() -> None:
    mapping = FEE.replace("Account: 6570", 'Account: "{{ settings.account }}"')
    vat = (
        f"{{id: vat, {ROWS}, when: row.Account == 3001, that: row.CostCenter == 'X', because: no}}"
    )
    assert found(vat, mapping=mapping) == []
    assert len(found(vat, mapping=mapping, settings={"account": 3001})) == 1
    assert found(vat, mapping=mapping, settings={"account": 6570}) == []


NORWAY = FEE.replace(
    "  Description: fee\n",
    "  Description: fee\n  Comments: {when: line.CurrencyCode == 'NOK', value: Oslo}\n",
)


def test_a_field_that_is_wrong_whether_it_is_there_or_not_breaks_the_policy() -> None:
    bergen = (
        "{id: bergen, for: V, when: source.CurrencyCode == 'NOK', "
        "that: document.Comments == 'Bergen', because: 'it is Bergen, not {{ document.Comments }}'}"
    )
    (one,) = found(bergen, mapping=NORWAY)
    assert one.startswith("warning: a.yaml:7:55: ")
    assert "house.bergen where source.CurrencyCode == 'NOK': it is Bergen, not Oslo." in one


def test_a_field_that_is_right_where_it_is_there_is_left_to_the_run() -> None:
    oslo = (
        "{id: oslo, for: V, when: source.CurrencyCode == 'NOK', "
        "that: document.Comments == 'Oslo', because: it is Oslo}"
    )
    assert found(oslo, mapping=NORWAY) == []
