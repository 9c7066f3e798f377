"""Rows that say the same are derived once, none taken for another; when a document is complete."""

from __future__ import annotations

import pickle
import re
from datetime import date, time
from decimal import Decimal
from typing import Any

import few_rows
import pytest
from msgspec import structs
from sales.kit import DAY, plain, program

from engine.language.program import NO_BOOKS
from engine.plan.columns import Columns
from engine.plan.entities import ENTITIES
from engine.plan.found import PLAIN, Portion
from engine.plan.order_matches import is_complete
from engine.plan.order_rows import Rows

HAT: dict[str, Any] = {
    "OrderId": 1, "position": 1, "MerchantReference": "HAT", "Description": "A hat",
    "Quantity": Decimal(2), "PricePerItemIncVat": Decimal(125), "PricePerItemExVat": Decimal(100),
    "VatRate": Decimal(25), "Type": "Product", "Currency": "SEK", "Country": "SE",
    "DeliveryCountry": "SE", "JuridicalType": "Company", "OrganisationNumber": "5560011982",
    "VatNumber": "SE556001198201", "OrderDate": DAY, "whole_prices": True,
    "DeliveryPostalCode": "11122",
    "shipped": Decimal(0),
}  # fmt: skip
OTHERWISE: dict[str, Any] = {
    "MerchantReference": "CAP", "Description": "A cap", "Quantity": Decimal(3),
    "PricePerItemIncVat": Decimal(126), "PricePerItemExVat": Decimal(101), "VatRate": Decimal(12),
    "Type": "Shipping", "Currency": "EUR", "Country": "DE", "DeliveryCountry": "FI",
    "JuridicalType": "Physical", "OrganisationNumber": None, "VatNumber": "DE123456789",
    "OrderDate": date(2019, 1, 1), "whole_prices": False, "DeliveryPostalCode": "22100",
    "shipped": Decimal(1),
}  # fmt: skip


def test_a_line_that_differs_in_one_column_is_a_line_of_its_own() -> None:
    """Each other line differs from a hat by one column, and stands between two hats."""
    store, compiled = few_rows.in_memory(), plain()
    rows = [HAT, *(HAT | {name: value} for name, value in OTHERWISE.items()), HAT]
    named = ["line", *HAT]
    store.append(
        "qliro.order_line",
        [[f"1/{n}", *(row | {"position": n}).values()] for n, row in enumerate(rows)],
        named,
    )
    name = "qliro.order_line"
    assert compiled.entities[name].reads <= {*OTHERWISE}
    made = Rows(store, compiled, NO_BOOKS, ["1"]).of(name)
    assert [row["line"] for row in made] == [f"1/{n}" for n in range(len(rows))]
    for row in made:
        alone = compiled.derive(name, row)
        assert {column: row[column] for column in alone} == alone, row["line"]
    told = ("Currency", "Country", "shipped")
    assert [[row[column] for column in told] for row in made] == [
        [row[column] for column in told] for row in rows
    ]


def test_amounts_and_moments_of_equal_parts_are_not_mixed_up() -> None:
    """They come as whole numbers: 20,000 parts of each unit, and the greatest amount there is."""
    store = few_rows.in_memory()
    store.execute(
        "CREATE TEMP TABLE parts (four DECIMAL(18, 4), eight DECIMAL(18, 8), few DECIMAL(9, 4), "
        "moment TIMESTAMPTZ, none DECIMAL(18, 4), most DECIMAL(18, 4), third DECIMAL(18, 4), "
        "rates DECIMAL(18, 8), day DATE, no_day DATE)"
    )
    store.execute(
        "INSERT INTO parts VALUES (2, 0.0002, 2, '1970-01-01 00:00:00.02+00', NULL, "
        "-99999999999999.9999, 12.345, 9999999999.99999999, "
        "'1969-12-30', NULL)"
    )
    parts = Columns(store.types("parts"), "parts", ("moment", "eight"), ("problem", "rate"))
    (values,) = parts.fetched(store, "")
    row = parts.row(values)
    assert {name: str(value) for name, value in row.items()} == {
        "eight": "0.00020000", "moment": "1970-01-01 01:00:00.020000+01:00", "four": "2.00",
        "few": "2.00", "none": "None", "most": "-99999999999999.9999", "third": "12.3450",
        "rates": "9999999999.99999999", "day": "1969-12-30", "no_day": "None", "problem": "None",
        "rate": "None",
    }  # fmt: skip
    other = {"moment": 1, "eight": 2, "rate": 3}
    parts.fill(other, values)
    del row["problem"]
    assert other == row | {"moment": 1, "eight": 2, "rate": 3}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("VARCHAR", "å"), ("BIGINT", -(2**63)), ("VARCHAR[]", ["å"]), ("TIME", time(7, 30))],
)
def test_a_portion_reaches_another_process_as_it_is(kind: str, value: Any) -> None:
    """Also where its values are not plain, as a view may have them one day."""
    shapes = {2**64 - 1: (value, True, None)}
    found = {"a": ([(1, value)], None), "b": ([("1/1", 2**64 - 1)], shapes)}
    portion = Portion([1], {"qliro.a": {"OrderId": "BIGINT", "a": kind}}, found)
    assert pickle.loads(pickle.dumps(portion)) == portion  # noqa: S301  our own


def test_what_planning_reads_of_orders_is_plain() -> None:
    """So that portions are packed quickly."""
    store = few_rows.in_memory()
    types = {
        f"{name}.{column}": kind
        for name, one in ENTITIES.items() if one.by_order
        for column, kind in store.types(one.relation).items()
    }  # fmt: skip
    assert [name for name, kind in types.items() if not PLAIN.match(kind)] == []


def test_no_amount_has_more_digits_than_a_whole_number_takes() -> None:
    store = few_rows.in_memory()
    types = {kind for one in ENTITIES.values() for kind in store.types(one.relation).values()}
    amounts = [re.findall(r"\d+", kind) for kind in types if kind.startswith("DECIMAL")]
    assert amounts
    assert all(int(digits) <= 18 and int(places) < 9 for digits, places in amounts)


def test_rows_that_no_setting_asks_for_are_not_read() -> None:
    """What is registered as delivered matters where deliveries are told to Qliro, nowhere else."""
    store, order = few_rows.in_memory(), {"order": {"OrderId": 1}}
    for told in (False, True):
        compiled = program(flows={"orders": True, "order_status": told})
        mapping, rows = compiled.mappings["changed_order"], Rows(store, compiled, NO_BOOKS, ["1"])
        assert mapping.at_once
        assert rows.related(mapping, "rows_", order) == []
        assert ("fortnox.order_row" in rows.loaded) is told
        assert rows.related(mapping, "lines", order) == []
        assert "qliro.order_line" in rows.loaded


def test_a_document_that_nothing_follows_is_complete_as_it_stands() -> None:
    """A merchant's overlay may take all steps away: then nothing is left to be finished."""
    mapping = program(flows={"invoices": True, "orders": True}).mappings["invoice"]
    bare = structs.replace(mapping, spec=structs.replace(mapping.spec, then=()))
    assert not is_complete(mapping, {"Booked": False})
    assert is_complete(mapping, {"Booked": True})
    assert is_complete(bare, {"Booked": False})
