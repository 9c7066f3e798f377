"""What lint says of the OSS table beside orders that were really sold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.doctor.lint import lint_merchant
from engine.doctor.oss_gaps import gaps
from engine.merchant.load import Merchant, load_merchant
from engine.store.database import Store, in_memory, reading, writing

from .kit import program

FILE = """\
version: 1
name: Hats
environment: test
flows: {payouts: false, FLOW: true}
qliro: {api_key: {env: A}, api_secret: {env: A}}
fortnox: {client_id: {env: A}, client_secret: {env: A}}
payouts_from: 2026-01-01
orders_from: 2026-01-01
bank_accounts: [{currency: SEK, account: 1930}]
voucher_series: {fees: Q, transfer: T, dispute: D}
"""


@pytest.fixture
def merchant(tmp_path: Path) -> Merchant:
    return written(tmp_path, "orders")


def written(folder: Path, flow: str) -> Merchant:
    path = folder / "merchants" / "hats.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(FILE.replace("FLOW", flow), "utf-8")
    return load_merchant(path, {}, needs_secrets=False)


def sell(store: Store, number: int, country: str, reference: str, rate: Any) -> None:
    """A line of an order of one hat."""
    store.execute(
        "INSERT INTO qliro.order_line (line, OrderId, position, MerchantReference, Quantity,"
        " PricePerItemIncVat, PricePerItemExVat, VatRate, Type, Currency, Country,"
        " DeliveryCountry, JuridicalType, OrderDate)"
        " VALUES (?, ?, 1, ?, 1, 125, ?, ?, 'Product', 'SEK', 'SE', ?, 'Physical', ?)",
        [
            f"{number}/1/1", number, reference, round(12500 / (100 + rate), 2), rate, country,
            date(2026, 11, 2),
        ],
    )


def test_a_country_and_a_rate_without_a_row_are_told_once_with_their_lines(
    merchant: Merchant,
) -> None:
    store = in_memory()
    sell(store, 1, "SE", "HAT", Decimal(25))
    sell(store, 2, "DE", "HAT", Decimal(19))
    sell(store, 3, "DE", "CAP", Decimal(19))
    sell(store, 4, "FI", "HAT", Decimal("25.5"))
    found = gaps(merchant, program(), store)
    assert [one.message for one in found] == [
        "no row of sales_accounts fits DE with 19 % VAT (goods, private, oss), as in 2 of the"
        " newest order lines.",
        "no row of sales_accounts fits FI with 25.5 % VAT (goods, private, oss), as in 1 of the"
        " newest order lines.",
    ]
    assert {(one.code, one.severity) for one in found} == {("gap", "warning")}
    rows = [{"country": ["DE", "FI"], "account": 3106}, {"account": 3001}]
    assert gaps(merchant, program(sales_accounts=rows), store) == []


def test_two_references_that_become_one_article_are_told(merchant: Merchant) -> None:
    store = in_memory()
    for number, reference in enumerate(("RED HAT", "RED_HAT", "RED.HAT", "CAP"), start=1):
        sell(store, number, "SE", reference, Decimal(25))
    (found,) = gaps(merchant, program(), store)
    assert found.message == (
        "3 references become the article RED_HAT: 'RED HAT', 'RED.HAT', 'RED_HAT'."
    )


@pytest.mark.parametrize("flow", ["orders", "order_status"])
def test_lint_tells_it_of_a_merchant_whose_database_is_there(tmp_path: Path, flow: str) -> None:
    merchant = written(tmp_path, flow)

    def found() -> list[str]:
        return [one.code for one in lint_merchant(merchant.path, {}) if one.severity == "warning"]

    assert found() == []
    with writing(merchant.database.parent, merchant.name) as store:
        sell(store, 1, "DE", "HAT", Decimal(19))
    assert found() == (["gap"] if flow == "orders" else [])


def test_a_database_of_an_earlier_version_has_no_gaps(merchant: Merchant, tmp_path: Path) -> None:
    with writing(tmp_path, "old") as store:
        store.execute("DROP TABLE qliro.order_line")
    with reading(tmp_path, "old") as store:
        assert gaps(merchant, program(), store) == []
