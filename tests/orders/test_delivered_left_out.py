"""Companies differ in what an order is silent on: all of it is delivered there, or nothing.

Every flow comes out alike in both, for what this program writes says what is delivered.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.sandbox.fortnox.orders import create_invoice
from engine.sandbox.lives.lifecycle import capture, captures, lot, pay_out, refund, secure, update

Open = Callable[..., OrderShop]
ITEMS = [lot("VAS", "100.00", 2), lot("KANNA", "299.00"), lot("FAT", "50.50", 3)]


@pytest.fixture(params=[True, False], ids=["all", "nothing"])
def opened(order_shop: Open, request: pytest.FixtureRequest) -> Open:
    """A shop of a company that takes an order's silence for all delivered, or for nothing."""

    def of(**settings: object) -> OrderShop:
        shop = order_shop(**settings)
        shop.world.company.delivers = request.param
        return shop

    return of


def sold(shop: OrderShop) -> int:
    order = secure(shop.world, ITEMS)
    shop.known.append(str(order.id))
    return order.id


@pytest.mark.parametrize("origin", ["order", "capture"])
def test_orders_changes_invoices_refunds_and_payouts(opened: Open, origin: str) -> None:
    shop = opened(**{"invoices.from": origin})
    order = sold(shop)
    shop.run()
    (placed,) = shop.fortnox_orders
    assert placed.total == Decimal("650.50")
    update(shop.world, order, ITEMS[1:])
    shop.run()
    assert shop.fortnox_orders[0].total == Decimal("450.50")
    capture(shop.world, order)
    shop.run()
    refund(shop.world, order, {"FAT": 1})
    pay_out(shop.world, [order])
    for _ in range(3):
        shop.run()
    assert [one.total for one in shop.fortnox_invoices] == [Decimal("450.50"), Decimal("-50.50")]
    assert [one.balance for one in shop.fortnox_invoices] == [0, 0]
    assert set(shop.states()) == {"posted"}


def test_what_is_delivered_is_captured_and_nothing_before(opened: Open) -> None:
    """With order_status nothing is delivered until a person says so, in either company."""
    shop = opened(**{"flows.order_status": True})
    order = sold(shop)
    shop.run(), shop.run()
    assert captures(shop.world, order) == []
    (placed,) = shop.fortnox_orders
    assert [row.quantity for row in placed.rows] == [0, 0, 0]
    update(shop.world, order, ITEMS[:2])
    shop.run()
    assert [row.quantity for row in shop.fortnox_orders[0].rows] == [0, 0]
    shop.deliver(placed.number, 1)
    shop.run()
    assert [one.amount for one in captures(shop.world, order)] == [399]
    shop.deliver(placed.number)
    for _ in range(3):
        shop.run()
    assert [one.amount for one in captures(shop.world, order)] == [399, 100]
    assert [one.total for one in shop.fortnox_invoices] == [399, 100]


def test_an_order_that_a_person_invoices_is_captured_for_what_the_invoice_is_of(
    opened: Open,
) -> None:
    shop = opened(**{"flows.order_status": True, "order_status.when": "invoiced"})
    order = sold(shop)
    shop.run()
    create_invoice(shop.world, str(shop.fortnox_orders[0].number))
    for _ in range(3):
        shop.run()
    assert [one.amount for one in captures(shop.world, order)] == [Decimal("650.50")]
    assert [one.total for one in shop.fortnox_invoices] == [Decimal("650.50")]
