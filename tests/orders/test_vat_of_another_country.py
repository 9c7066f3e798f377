"""VAT is never turnover: prices that carry VAT where the document is to have none.

A shop charges Norwegian VAT (VOEC), or Danish VAT to a company that is invoiced without. The sale
is booked without it, the VAT on the account that the OSS table names for it, or nothing is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.lives.lifecycle import capture, captures, lot, refund, secure
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import Address, Buyer, Invoice, Item
from orders.kit import chart

OpenShop = Callable[..., OrderShop]

DOMESTIC = [{"region": "domestic", "rate": rate, "account": account}
            for rate, account in ((25, 3001), (12, 3002), (6, 3003), (0, 3004))]  # fmt: skip
NORWAY = {"country": "NO", "region": "export", "account": 3105}
OWED = {**NORWAY, "rate": [25, 15], "vat_account": 2650}
REVERSE = {"region": "reverse", "account": 3108}
OSLO = Address("Kari", "Nordmann", None, "Karl Johans gate 1", None, "0154", "Oslo", "NO")
COPENHAGEN = Address("Mette", "Jensen", "Eks ApS", "Nørregade 1", None, "1165", "København", "DK")
KARI = Buyer("Kari", "Nordmann", "kari@example.com", None, None)
EKS = Buyer("Mette", "Jensen", "eks@example.com", None, None, "DK13585628", "Company")
SHIRT, SOCKS = lot("TRÖJA", "400.00"), lot("STRUMPA", "100.00")


@pytest.fixture
def sells(order_shop: OpenShop) -> Callable[..., OrderShop]:
    """A shop whose OSS table has these rows before those of Sweden."""

    def opened(*rows: dict[str, Any], **settings: Any) -> OrderShop:
        shop = order_shop(sales_accounts=[*rows, *DOMESTIC], **settings)
        chart(shop.world, 2650, 3105, 3108)
        return shop

    return opened


def sold(shop: OrderShop, *items: Item, to: Address = OSLO, by: Buyer = KARI) -> int:
    """An order that is paid and captured."""
    order = secure(shop.world, list(items), country="SE", billing=to, shipping=to, buyer=by)
    capture(shop.world, order)
    shop.known.append(str(order.id))
    return order.id


def documents(shop: OrderShop) -> list[Invoice]:
    shop.run()
    shop.run()
    return shop.fortnox_invoices


@pytest.mark.parametrize("included", [True, False])
def test_norwegian_vat_goes_to_its_account_and_not_to_turnover(
    sells: Callable[..., OrderShop], included: bool
) -> None:
    shop = sells(OWED, vat_included=included)
    sold(shop, SHIRT, SOCKS)
    (invoice,) = documents(shop)
    assert (invoice.total, invoice.vat, invoice.booked) == (500, 0, True)
    rows = [(row.account, row.price, row.vat) for row in invoice.rows]
    assert rows == [(3105, 320, 0), (3105, 80, 0), (2650, 100, 0)]
    (order,) = shop.fortnox_orders
    assert order.total == 500


def test_without_an_account_for_it_nothing_is_made_and_the_sentence_names_what_to_do(
    sells: Callable[..., OrderShop],
) -> None:
    shop = sells(NORWAY)
    order = sold(shop, SHIRT)
    report = shop.run()
    (outcome,) = shop.outcomes(report, "new_order").values()
    assert outcome.state == "parked"
    assert "its prices 400.00 with and 320.00 without VAT carry VAT" in outcome.reason
    assert "vat_account" in outcome.reason
    assert shop.fortnox_orders == shop.fortnox_invoices == []
    shop.settings({"sales_accounts": [OWED, *DOMESTIC]})
    (invoice,) = documents(shop)
    assert (invoice.total, invoice.vat) == (400, 0), order


@pytest.mark.parametrize("row", [REVERSE, {**REVERSE, "vat_account": 2650}])
def test_a_danish_company_that_was_charged_vat_is_no_turnover_of_it_either(
    sells: Callable[..., OrderShop], row: dict[str, Any]
) -> None:
    shop = sells(row)
    sold(shop, lot("MASKIN", "1250.00"), to=COPENHAGEN, by=EKS)
    made = documents(shop)
    if "vat_account" not in row:
        assert made == []
        return
    (invoice,) = made
    assert (invoice.total, invoice.vat) == (1250, 0)
    assert [(row.account, row.price) for row in invoice.rows] == [(3108, 1000), (2650, 250)]


def test_a_sale_without_vat_needs_no_such_account(sells: Callable[..., OrderShop]) -> None:
    shop = sells(NORWAY)
    sold(shop, lot("TRÖJA", "400.00", rate="0"))
    (invoice,) = documents(shop)
    assert [(row.account, row.price) for row in invoice.rows] == [(3105, 400)]


def test_one_row_goes_to_each_account_of_such_vat(sells: Callable[..., OrderShop]) -> None:
    food = {**NORWAY, "rate": 15, "vat_account": 2651}
    shop = sells(food, {**NORWAY, "rate": 25, "vat_account": 2650})
    chart(shop.world, 2651)
    sold(shop, SHIRT, lot("KAFFE", "115.00", rate="15"))
    (invoice,) = documents(shop)
    assert invoice.total == 515
    by_account = {row.account: row.price for row in invoice.rows if row.account != 3105}
    assert by_account == {2650: 80, 2651: 15}


# -- it comes back ---------------------------------------------------------------------------------


def by_account(invoice: Invoice) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for row in invoice.rows:
        sums[row.account] = sums.get(row.account, Decimal(0)) + row.price * row.quantity
    return {account: amount for account, amount in sums.items() if amount}


@pytest.mark.parametrize("included", [True, False])
def test_what_comes_back_takes_its_vat_back_from_where_it_went(
    sells: Callable[..., OrderShop], included: bool
) -> None:
    shop = sells(OWED, vat_included=included)
    order = sold(shop, SHIRT, SOCKS)
    documents(shop)
    refund(shop.world, order, {"STRUMPA": 1})
    shop.run()
    shop.later(seconds=60)
    refund(shop.world, order, {"TRÖJA": 1})
    shop.run()
    _, first, second = documents(shop)
    assert (first.total, first.vat, by_account(first)) == (-100, 0, {3105: -80, 2650: -20})
    assert (second.total, second.vat, by_account(second)) == (-400, 0, {3105: -320, 2650: -80})


def test_an_amount_that_comes_back_does_so_too(sells: Callable[..., OrderShop]) -> None:
    shop = sells(OWED)
    order = sold(shop, SHIRT, SOCKS)
    documents(shop)
    line = replace(lot("Refund", "-50.00", type="Discount"), action="Return")
    held, (taken,) = shop.world.qliro_orders[order], captures(shop.world, order)
    operations.begin(
        shop.world, held, "Refund", Decimal("50.00"), [line], original=taken.id, done=True
    )
    _, credit = documents(shop)
    assert (credit.total, credit.vat) == (-50, 0)
    assert by_account(credit) == {3105: -40, 2650: -10}


# -- places outside the VAT area -------------------------------------------------------------------


def test_a_sale_to_aland_is_an_export_and_warned_of(sells: Callable[..., OrderShop]) -> None:
    shop = sells({"region": "export", "account": 3105})
    to = Address("Eva", "Lind", None, "Storagatan 1", None, "22100", "Mariehamn", "FI")
    sold(shop, lot("TRÖJA", "400.00", rate="0"), to=to, by=replace(KARI, email="eva@example.com"))
    report = shop.run()
    assert any("Åland" in text and "EU's VAT area" in text for text in report.plan.warnings)
    (invoice,) = documents(shop)
    assert [(row.account, row.price) for row in invoice.rows] == [(3105, 400)]
    (card,) = [one for one in shop.world.customers.values() if one.number != "K1"]
    assert card.fields["VATType"] == "EXPORT"


def test_finnish_vat_on_a_sale_to_aland_is_left_to_a_person(
    sells: Callable[..., OrderShop],
) -> None:
    shop = sells({"region": "export", "account": 3105})
    to = Address("Eva", "Lind", None, "Storagatan 1", None, "22100", "Mariehamn", "FI")
    sold(shop, lot("TRÖJA", "125.50", rate="25.5"), to=to)
    report = shop.run()
    (outcome,) = shop.outcomes(report, "new_order").values()
    assert outcome.state == "parked"
    assert "carry VAT" in outcome.reason
