"""Rows that say the same are derived once, none taken for another; when a document is complete."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import few_rows
from sales.kit import DAY, plain, program

from engine.language.program import NO_BOOKS
from engine.plan.orders import _Planner
from engine.plan.rows import Rows

HAT: dict[str, Any] = {
    "OrderId": 1, "position": 1, "MerchantReference": "HAT", "Description": "A hat",
    "Quantity": Decimal(2), "PricePerItemIncVat": Decimal(125), "PricePerItemExVat": Decimal(100),
    "VatRate": Decimal(25), "Type": "Product", "Currency": "SEK", "Country": "SE",
    "DeliveryCountry": "SE", "JuridicalType": "Company", "OrganisationNumber": "5560011982",
    "VatNumber": "SE556001198201", "OrderDate": DAY, "shipped": Decimal(0),
}  # fmt: skip
OTHERWISE: dict[str, Any] = {
    "MerchantReference": "CAP", "Description": "A cap", "Quantity": Decimal(3),
    "PricePerItemIncVat": Decimal(126), "PricePerItemExVat": Decimal(101), "VatRate": Decimal(12),
    "Type": "Shipping", "Currency": "EUR", "Country": "DE", "DeliveryCountry": "FI",
    "JuridicalType": "Physical", "OrganisationNumber": None, "VatNumber": "DE123456789",
    "OrderDate": date(2019, 1, 1), "shipped": Decimal(1),
}  # fmt: skip


def test_a_line_that_differs_in_one_column_is_a_line_of_its_own() -> None:
    """Each other line differs from a hat by one column, and stands between two hats."""
    store, compiled = few_rows.in_memory(), plain()
    rows = [HAT, *(HAT | {name: value} for name, value in OTHERWISE.items()), HAT]
    columns = ["line", *HAT]
    store.append(
        "qliro.order_line",
        [[f"1/{n}", *(row | {"position": n}).values()] for n, row in enumerate(rows)],
        columns,
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


def test_a_document_that_nothing_follows_is_complete_as_it_stands() -> None:
    """A merchant's overlay may take all steps away: then nothing is left to be finished."""
    mapping = program(flows={"invoices": True, "orders": True}).mappings["invoice"]
    bare = replace(mapping, spec=replace(mapping.spec, then=()))
    assert not _Planner._complete(mapping, {"Booked": False})
    assert _Planner._complete(mapping, {"Booked": True})
    assert _Planner._complete(bare, {"Booked": False})
