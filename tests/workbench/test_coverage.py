"""`test --coverage`: what the cases reach of the rules, beside their lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.commands.main import commands
from engine.doctor.lint import whole_set
from engine.home import HOME
from engine.language.counts import Counts, Key, counting
from engine.language.mutations import Mutations
from engine.show.coverage import percent
from engine.show.output import Output
from engine.workbench.cases.suite import suite
from engine.workbench.coverage.coverage import Coverage, covered

SET = HOME / "mappings" / "qliro-fortnox"
RULES = """\
version: 2
mapping: payment
document:
  ModeOfPayment: "{{ 'BIG' if line.gross > 1000 else 'SMALL' }}"
checks:
  add:
    - id: not-huge
      that: line.gross < 5000
      because: "{{ line.gross }} is huge"
"""
TABLE = """\
version: 2
table: tiers
inputs: {amount: decimal}
outputs: {tier: text}
hit: first
rows:
  - {id: low, when: {amount: {max: 10}}, then: {tier: low}}
  - {id: high, when: {amount: {max: 100}}, then: {tier: high}}
otherwise: {tier: none}
"""
CASES = """\
version: 2
cases:
  - case: a small sale
    mapping: payment
    given:
      line:
        {line: "9/1", Id: 9, Status: Accepted, Type: Transaction, Action: Debit, Amount: 250.00,
         CurrencyCode: SEK, PaymentMethodType: QLIRO_INVOICE, OrderId: 6001,
         BatchDate: 2026-10-12, payout: "9"}
      invoice: {DocumentNumber: "2001", CustomerNumber: "7", InvoiceDate: 2026-10-10}
    expect: {document: {ModeOfPayment: SMALL}}
"""
ROWS = """\
  - case: a low amount
    table: tiers
    given: {amount: 5}
    expect: {gives: {tier: low}}
  - case: a low amount again
    table: tiers
    given: {amount: 5}
    expect: {row: low}
  - case: a large amount
    table: tiers
    given: {amount: 500}
    expect: {row: otherwise}
"""


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    folder = tmp_path / "ours"
    (folder / "tests").mkdir(parents=True)
    (folder / "payment.yaml").write_text(RULES, "utf-8")
    (folder / "tiers.yaml").write_text(TABLE, "utf-8")
    (folder / "tests" / "cases.yaml").write_text(CASES + ROWS, "utf-8")
    return folder


def called(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        commands, [str(one) for one in arguments], obj=Output(), standalone_mode=False
    )


def coverage_of(overlay: Path) -> Coverage:
    verdicts, coverage = covered(suite(whole_set(SET, overlay), SET, overlay), overlay)
    assert all(one.holds for one in verdicts)
    return coverage


def hits(coverage: Coverage) -> dict[str, int]:
    return {f"{one.label} {one.what}": coverage.hits.get(one.key, 0) for one in coverage.points}


def test_of_an_overlay_its_own_points_are_told_with_their_hits(overlay: Path) -> None:
    assert hits(coverage_of(overlay)) == {
        "document.ModeOfPayment value": 1,
        "document.ModeOfPayment if": 0,
        "document.ModeOfPayment else": 1,
        "checks.not-huge.that value": 1,
        "checks.not-huge.because value": 0,
        "rows.low row": 2,
        "rows.high row": 0,
        "otherwise otherwise": 1,
    }


def test_a_page_has_hits_beside_the_lines_and_says_what_was_never_reached(overlay: Path) -> None:
    told = called("test", "--overlay", overlay, "--coverage").stdout.splitlines()
    assert "  1  4    ModeOfPayment: \"{{ 'BIG' if line.gross > 1000 else 'SMALL' }}\"" in told
    assert "          ^ never if of document.ModeOfPayment: 'BIG' if line.gross > 1000" in told
    assert '  0  9        because: "{{ line.gross }} is huge"' in told
    assert "  2  7    - {id: low, when: {amount: {max: 10}}, then: {tier: low}}" in told
    assert [line.split() for line in told if line.startswith("all")] == [["all", "8", "5", "62.5"]]
    assert told[-1] == "4 cases hold."


def test_a_file_of_which_all_was_reached_stands_in_the_figures_alone(overlay: Path) -> None:
    (overlay / "payment.yaml").unlink()
    (overlay / "tests" / "cases.yaml").write_text(
        "version: 2\ncases:\n" + ROWS + ROWS.replace("again", "twice").replace("5", "50")
        .replace("low", "high").replace("500", "5000").replace("large", "larger"), "utf-8"
    )  # fmt: skip
    told = called("test", "--overlay", overlay, "--coverage").stdout
    assert "100.0" in told and "otherwise: {tier: none}" not in told  # noqa: PT018
    assert (
        "otherwise: {tier: none}" in called("test", "--overlay", overlay, "--coverage", "-v").stdout
    )


def test_fail_under_ends_with_1_below_it(overlay: Path) -> None:
    assert called("test", "--overlay", overlay, "--fail-under", "62.5").return_value == 0
    assert called("test", "--overlay", overlay, "--fail-under", "62.6").return_value == 1


def test_json_has_the_points_of_each_line(overlay: Path) -> None:
    told = json.loads(called("test", "--overlay", overlay, "--coverage", "json").stdout)
    assert told["ok"] and len(told["cases"]) == 4  # noqa: PT018
    assert (told["coverage"]["points"], told["coverage"]["reached"]) == (8, 5)
    (payment, tiers) = told["coverage"]["files"]
    assert payment["lines"][0]["line"] == 4
    assert payment["lines"][0]["hits"] == 1
    assert payment["lines"][0]["points"][1] == {
        "what": "if", "of": "mapping payment", "value": "document.ModeOfPayment",
        "words": "'BIG' if line.gross > 1000", "column": 18, "hits": 0,
    }  # fmt: skip
    assert tiers["percent"] == 66.6


def test_with_a_name_only_files_that_its_cases_reach_are_told(overlay: Path) -> None:
    told = called("test", "--overlay", overlay, "--coverage", "-k", "low").stdout
    assert "tiers.yaml" in told and "payment.yaml" not in told  # noqa: PT018


def test_html_is_a_page_of_its_own(overlay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(overlay.parent)
    told = called("test", "--overlay", overlay, "--coverage", "html")
    assert (told.return_value, told.stdout) == (0, "4 cases hold.\n")
    page = (overlay.parent / "coverage.html").read_text("utf-8")
    assert '<tr class="red"><td>0</td><td>9</td><td>      because: &quot;{{ line' in page.replace(
        "        because", "      because"
    )
    assert "^ never if of document.ModeOfPayment: &#x27;BIG&#x27; if line.gross &gt; 1000" in page
    assert '<a href="#0">ours/payment.yaml</a>' in page
    assert not {"http://", "https://", "<script"} & set(page.split('"'))


def test_what_is_counted_together_is_what_is_counted_one_by_one() -> None:
    found: list[dict[Key, int]] = []
    mapping_set = whole_set(SET, None)
    for counts in (Counts(), Mutations()):  # of these the second counts each point by itself
        with counting(counts):
            assert list(suite(mapping_set, SET, None).verdicts())
        found.append(counts.all())
    assert found[0] == found[1]
    assert len(found[0]) > 400


# What holds by construction ----------------------------------------------------------------------
REASON = "by_construction: lines are small"


def test_a_check_that_holds_by_construction_is_counted_apart_with_its_reason(
    overlay: Path,
) -> None:
    (overlay / "payment.yaml").write_text(f"{RULES}      {REASON}\n", "utf-8")
    told = called("test", "--overlay", overlay, "--coverage", "--fail-under", "66.6")
    assert told.return_value == 0
    lines = told.stdout.splitlines()
    assert "               ^ holds by construction: lines are small" in lines
    assert [one.split() for one in lines if one.startswith("all")] == [
        ["all", "6", "4", "66.6", "2"]
    ]
    found = json.loads(called("test", "--overlay", overlay, "--coverage", "json").stdout)
    point = found["coverage"]["files"][0]["lines"][-1]["points"][0]
    assert point["by_construction"] == "lines are small"


def test_one_that_fails_all_the_same_is_told_and_ends_with_1(overlay: Path) -> None:
    rules = RULES.replace("< 5000", "< 50")
    (overlay / "payment.yaml").write_text(f"{rules}      {REASON}\n", "utf-8")
    cases = CASES.replace("{document: {ModeOfPayment: SMALL}}", "{because: 250.00 is huge}")
    (overlay / "tests" / "cases.yaml").write_text(cases, "utf-8")
    told = called("test", "--overlay", overlay, "--coverage")
    assert told.return_value == 1
    assert "^ it failed, so it does not hold by construction (lines are small)" in told.stdout


# What is asserted on -----------------------------------------------------------------------------
def not_asserted(overlay: Path) -> list[str]:
    found = suite(whole_set(SET, overlay), SET, overlay)
    _verdicts, coverage = covered(found, overlay, mutating=True)
    return [
        f"{one.label} {one.what}" for one in coverage.reached if one not in coverage.noticed
    ]


def test_a_value_is_asserted_on_where_a_case_fails_for_another(overlay: Path) -> None:
    assert not_asserted(overlay) == ["checks.not-huge.that value"], (
        "nothing shows what becomes of a huge line"
    )
    (overlay / "tests" / "cases.yaml").write_text(CASES.replace("SMALL", "…"), "utf-8")
    assert "document.ModeOfPayment value" in not_asserted(overlay)
    assert "document.ModeOfPayment else" in not_asserted(overlay)


def test_a_check_is_asserted_on_where_a_case_shows_that_it_fails(overlay: Path) -> None:
    huge = CASES.partition("cases:\n")[2].replace("a small", "a huge").replace("250", "6000")
    huge = huge.replace("{document: {ModeOfPayment: SMALL}}", "{because: 6000.00 is huge}")
    (overlay / "tests" / "cases.yaml").write_text(CASES + huge, "utf-8")
    assert not_asserted(overlay) == []


def test_a_row_that_gives_what_comes_without_it_is_asserted_on_by_what_it_gives(
    overlay: Path,
) -> None:
    same = TABLE.replace("tier: none", "tier: high")
    (overlay / "tiers.yaml").write_text(same, "utf-8")
    case = ROWS.partition("  - case: a low amount again")[0].replace("low", "high")
    (overlay / "tests" / "cases.yaml").write_text(
        "version: 2\ncases:\n" + case.replace("5", "50"), "utf-8"
    )
    assert not_asserted(overlay) == []


def test_where_no_row_of_the_merchants_fits_is_asserted_on_and_what_is_added_to_them_is_no_point(
    overlay: Path,
) -> None:
    (overlay / "tiers.yaml").write_text("""\
version: 2
table: tiers
inputs: {type: text, reference: text}
outputs: {kind: text, ours: boolean}
hit: first
rows_from: line_kinds
rows_add: {ours: true}
otherwise: {kind: "{{ 'fee' if type == 'Fee' else 'goods' }}", ours: false}
""", "utf-8")
    (overlay / "payment.yaml").unlink()
    (overlay / "tests" / "cases.yaml").write_text("""\
version: 2
cases:
  - case: a row of the merchant's
    table: tiers
    given: {type: Fee, reference: rounding}
    expect: {gives: {kind: rounding, ours: true}}
  - case: a fee
    table: tiers
    given: {type: Fee, reference: invoice}
    expect: {gives: {kind: fee, ours: false}}
  - case: a product
    table: tiers
    given: {type: Product, reference: hat}
    expect: {gives: {kind: goods, ours: false}}
""", "utf-8")
    assert hits(coverage_of(overlay)) == {
        "otherwise otherwise": 2, "otherwise.kind if": 1, "otherwise.kind else": 1,
    }  # fmt: skip
    assert not_asserted(overlay) == []


def test_what_settings_alone_decide_is_changed_where_the_set_is_compiled(overlay: Path) -> None:
    rule = "{{ 'BIG' if settings.fees.mode == 'write_off' else 'SMALL' }}"
    text = RULES.partition("checks:")[0].replace(RULES.splitlines()[3][17:], f'"{rule}"')
    (overlay / "payment.yaml").write_text(text, "utf-8")
    cases = CASES.replace("SMALL", "BIG")
    (overlay / "tests" / "cases.yaml").write_text(cases, "utf-8")
    assert not_asserted(overlay) == []
    (overlay / "tests" / "cases.yaml").write_text(cases.replace("BIG", "…"), "utf-8")
    assert not_asserted(overlay) == [
        "document.ModeOfPayment value", "document.ModeOfPayment if",
    ]  # fmt: skip


def test_a_case_that_fails_anyway_asserts_on_nothing(overlay: Path) -> None:
    (overlay / "tests" / "cases.yaml").write_text(CASES.replace("SMALL", "HUGE"), "utf-8")
    assert "document.ModeOfPayment value" in not_asserted(overlay)


def test_the_page_says_what_is_not_asserted_on_and_fail_under_goes_by_it(overlay: Path) -> None:
    told = called("test", "--overlay", overlay, "--mutation", "--fail-under", "51")
    assert told.return_value == 1
    assert "^ not asserted on: value of checks.not-huge.that: line.gross < 5000" in told.stdout
    (figures,) = (one.split() for one in told.stdout.splitlines() if one.startswith("all"))
    assert figures == ["all", "8", "5", "62.5", "4", "50.0"]
    again = called("test", "--overlay", overlay, "--mutation", "--fail-under", "50", "--json")
    assert again.return_value == 0
    assert json.loads(again.stdout)["coverage"]["percent_asserted"] == 50.0


def test_what_is_not_all_is_never_rounded_to_100() -> None:
    assert percent(2999, 3000) == "99.9"
    assert percent(3000, 3000) == "100.0"
