"""Files that a person edits, odd in every way: each is a finding with its place, and no file ends
lint, an import or a run with anything else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from few_rows import in_memory
from language.kit import PAYMENT, failure, findings, render, value
from shop import Shop

from engine.doctor import lint
from engine.errors import FileError
from engine.home import HOME
from engine.language.declared_filters import Null, Refused
from engine.language.kinds import NUMERIC
from engine.language.required_columns import BATCH, LINE, NEEDED
from engine.merchant import oss
from engine.merchant.load import load_merchant
from engine.merchant.settings import merchant_schema, settings_of
from engine.store.database import Store

TABLE = """\
version: 2
table: tolls
hit: unique
inputs: {day: date, weight: decimal}
outputs: {toll: decimal}
rows:
  - {id: summer, when: {day: {min: 2026-04-01, max: 2026-09-30}}, then: {toll: 12}}
  - {id: other, when: WHEN, then: {toll: 30}}
otherwise: {error: no toll}
"""


def linted(folder: Path, changes: dict[str, Any], of: str = "demo") -> list[str]:
    """What lint finds in the demo's file with some of its keys changed, without the folder."""
    given = yaml.safe_load((HOME / "merchants" / f"{of}.yaml").read_text("utf-8"))
    given |= {key: str(given[key]) for key in ("payouts_from", "orders_from") if key in given}
    path = folder / "shop.yaml"
    text = yaml.safe_dump(given | changes, allow_unicode=True, sort_keys=False)
    path.write_text(text.replace("'!", "").replace("!'", ""), "utf-8")  # !1e27! is a bare 1e27
    return [str(one).removeprefix(f"{folder}/") for one in lint.lint_merchant(path, {})]


# Settings -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", ["1e27", "-1e27", "1e39", "9" * 39, "12.345"])
def test_a_tolerance_of_any_size_is_refused_where_it_stands(tmp_path: Path, number: str) -> None:
    (told,) = linted(tmp_path, {"rounding": {"tolerance": f"!{number}!"}})
    assert told.startswith("shop.yaml:")
    assert "not-allowed: rounding.tolerance: " in told
    assert told.endswith(" must be 0 to 10, with at most two decimals.")


@pytest.mark.parametrize("number", ["1e30", "1e95", "1e999999999"])
def test_a_rate_of_any_size_is_refused_in_the_file_and_in_the_csv(
    tmp_path: Path, number: str
) -> None:
    if number == "1e30":  # the file's reader takes no larger one
        rows = [{"account": 3001, "rate": f"!{number}!"}]
        (told,) = linted(tmp_path, {"sales_accounts": rows})
        assert "sales_accounts[0].rate: " in told
    table = tmp_path / "oss.csv"
    table.write_text(f"account,region,rate\n3001,domestic,{number}\n", "utf-8")
    settings = load_merchant(HOME / "merchants" / "demo.yaml", {}, needs_secrets=False).settings
    with pytest.raises(FileError) as refused:
        oss.read_csv(table, settings)
    (finding,) = refused.value.findings
    assert (finding.place.line, finding.place.column) == (2, 3)
    assert finding.message.endswith("is no VAT rate: 0 to 50 percent, with at most two decimals.")


@pytest.mark.parametrize("cell", ["\u00b2", "\u0663\u0660\u0660\u0661", "9" * 5000])
def test_a_number_in_other_digits_or_of_too_many_is_no_account(tmp_path: Path, cell: str) -> None:
    table = tmp_path / "oss.csv"
    table.write_text(f"account,rate\n{cell},25\n", "utf-8")
    settings = load_merchant(HOME / "merchants" / "demo.yaml", {}, needs_secrets=False).settings
    with pytest.raises(FileError) as refused:
        oss.read_csv(table, settings)
    (finding,) = refused.value.findings
    assert (finding.code, finding.place.line) == ("wrong-type", 2)


def lists_of_words() -> list[str]:
    """The settings that are lists of plain values."""
    found = [
        one.key
        for one in settings_of(merchant_schema())
        if one.schema.get("type") == "array"
        and one.schema.get("items", {}).get("type") != "object"
        and "properties" not in one.schema.get("items", {})
    ]
    assert "qliro_methods" in found
    return found


@pytest.mark.parametrize("key", lists_of_words())
@pytest.mark.parametrize("items", [[None], [7], [["A"]], [{}], ["A", None], [[]]])
def test_a_list_of_words_that_holds_something_else_is_told(
    tmp_path: Path, key: str, items: list[Any]
) -> None:
    *groups, name = key.split(".")
    changes: Any = {name: items}
    for group in reversed(groups):
        changes = {group: changes}
    told = linted(tmp_path, changes, of="demo-orders")
    assert [one for one in told if f" {key}[" in one]


# Tables -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("{day: {min: 5}}", "day is a date, not 5."),
        ("{day: {max: 2026-12-31, min: 5}}", "day is a date, not 5."),
        ("{day: [2026-05-01, 5]}", "day is a date, not 5."),
        ("{weight: {min: 2026-04-01}}", "weight is a number, not '2026-04-01'."),
        ("{day: {min: 2026-13-01}}", "day is a date, not '2026-13-01'."),
    ],
)
@pytest.mark.parametrize("hit", ["unique", "first"])
def test_a_bound_of_another_kind_is_told_alone(when: str, says: str, hit: str) -> None:
    told = findings(TABLE.replace("WHEN", when).replace("unique", hit))
    assert [one.partition("wrong-type: ")[2] for one in told] == [says]
    assert all(one.startswith("a.yaml:8:") for one in told)


# What the engine needs ----------------------------------------------------------------------------
def overlay(folder: Path, name: str, text: str) -> None:
    (folder / "over").mkdir(exist_ok=True)
    entity = f"version: 2\nentity: qliro.{name.removesuffix('.yaml')}\n"
    (folder / "over" / name).write_text(entity + text, "utf-8")


FILES = {BATCH: "settlement_batch.yaml", LINE: "settlement_line.yaml"}


@pytest.mark.parametrize(
    ("entity", "column"), [(one.entity, one.column) for one in NEEDED if not one.optional]
)
def test_a_column_that_an_overlay_removes_is_told_where_the_engine_needs_it(
    tmp_path: Path, entity: str, column: str
) -> None:
    overlay(tmp_path, FILES[entity], f"derive: {{{column}: null}}\n")
    told = linted(tmp_path, {"overlay": "over"})
    assert told
    if told[0].startswith("over/"):  # else the mappings need it, and say so
        (says,) = told
        assert says.startswith(f"over/{FILES[entity]}:3:")
        assert f"missing-column: {entity} needs the column {column}: " in says


def test_a_column_of_another_name_is_told_by_lint_and_before_a_run(
    tmp_path: Path, shop: Any
) -> None:
    overlay(tmp_path, FILES[BATCH], 'derive: {payout: null, name: "{{ batch.Id | text }}"}\n')
    opened = shop(overlay="over")
    with pytest.raises(FileError) as refused:
        opened.run()
    assert [str(one).removeprefix(f"{tmp_path}/") for one in refused.value.findings] == [
        "over/settlement_batch.yaml:3:10: missing-column: qliro.settlement_batch needs the column "
        "payout: batches with the same text are one payout. Give it under derive; a column of "
        "another name is added beside it."
    ]


def test_a_column_of_another_kind_is_told(tmp_path: Path) -> None:
    overlay(tmp_path, FILES[BATCH], 'derive: {payout: "{{ batch.Id }}"}\n')
    (told,) = linted(tmp_path, {"overlay": "over"})
    assert told == (
        "over/settlement_batch.yaml:3:10: wrong-type: payout of qliro.settlement_batch is a whole "
        "number, and has to be a text: batches with the same text are one payout."
    )


def test_a_column_whose_kind_shows_only_in_a_row_parks_that_row(tmp_path: Path, shop: Any) -> None:
    which = "line.Amount if line.PaymentTransactionId else line.CurrencyCode"
    overlay(tmp_path, FILES[LINE], f'derive: {{reference: "{{{{ {which} }}}}"}}\n')
    opened: Shop = shop(overlay="over")
    opened.trouble("clean_sale")
    report = opened.run()
    assert report.plan.outcomes
    assert {one.state for one in report.plan.outcomes} == {"parked"}
    (told,) = {one.reason for one in report.plan.outcomes}
    assert re.fullmatch(r"the mapping gives the reference [\d.]+, which can't be used", told)


def test_lines_that_are_booked_and_can_no_more_be_worked_out_stay_booked(
    tmp_path: Path, shop: Any
) -> None:
    opened: Shop = shop()
    opened.trouble("clean_sale")
    opened.run()
    assert opened.world.made_payments
    overlay(tmp_path, FILES[LINE], 'derive: {value: "{{ 1 / (line.Id - line.Id) }}"}\n')
    opened.settings({"overlay": "over"})
    opened.later(days=1)
    (payout,) = opened.store.rows("SELECT payout FROM ledger.payout_state")
    report = opened.run(payout["payout"])
    assert len(opened.world.made_payments) == 1
    assert {one.state for one in report.plan.outcomes} == {"posted"}


# Expressions --------------------------------------------------------------------------------------
@pytest.mark.parametrize("sign", ["+", "-"])
@pytest.mark.parametrize("given", [None, "12", True, [1]])
def test_a_sign_before_what_is_no_number_is_told_whether_its_kind_is_known_or_not(
    sign: str, given: Any
) -> None:
    with pytest.raises((Null, Refused, TypeError)):
        value(f"{sign}x", {"x": given}, blind=True)
    assert value("+x", {"x": 7}, blind=True) == 7


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("[line.Amount, line.Amount] | sums([line.Type]) | first",
         "sums has 2 numbers and 1 groups for them"),
        ("([line.Amount] | spread(10, [line.Type, line.Status]) | first).share",
         "spread has 1 numbers and 2 groups for them"),
        ("[line.Amount][line.OrderId]", "asks for an item that the list does not have"),
    ],
)  # fmt: skip
def test_what_an_expression_cannot_do_is_told_without_words_of_pythons(
    expression: str, says: str
) -> None:
    told = failure(PAYMENT.replace("line.Amount", expression))
    assert says in told
    for word in ("zip", "argument", "index out of range", "object", "NoneType", "str", "Decimal("):
        assert word not in told
    assert render(PAYMENT.replace("line.Amount", "+line.Amount")).document["Amount"] == 100


def test_the_engine_names_no_column_twice_and_knows_the_kinds() -> None:
    assert len({(one.entity, one.column) for one in NEEDED}) == len(NEEDED)
    assert {kind for one in NEEDED for kind in one.kinds} <= NUMERIC | {"text"}
    assert isinstance(in_memory(), Store)
