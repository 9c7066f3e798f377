"""What ``invoices.from`` is where nobody says it, and what it leaves of what was invoiced before.

With the flow of orders the Fortnox order becomes the invoice, and does not stand open beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from order_shop import OrderShop

from engine.sandbox.lives.lifecycle import cancel, capture
from engine.sandbox.qliro import operations

OpenShop = Callable[..., OrderShop]
UNSAID = {"flows.refunds": False, "invoices.from": None}


def test_with_orders_the_fortnox_order_becomes_the_invoice(order_shop: OpenShop) -> None:
    shop = order_shop(**UNSAID)
    shop.life("captured"), shop.life("captured_in_parts")
    shop.run(), shop.run()
    assert shop.merchant.settings["invoices"]["from"] == "order"
    whole, parts = shop.fortnox_orders
    assert [one.number for one in shop.fortnox_invoices if one.order_reference] == [whole.invoice]
    assert (parts.invoice, len(shop.fortnox_invoices)) == (0, 3)


def test_without_orders_each_capture_becomes_an_invoice(order_shop: OpenShop) -> None:
    shop = order_shop(**UNSAID, **{"flows.orders": False, "articles.create": False})
    shop.life("captured")
    shop.run()
    assert shop.merchant.settings["invoices"]["from"] == "capture"
    assert len(shop.fortnox_invoices) == 1


def test_captures_that_were_invoiced_under_the_old_default_get_nothing_more(
    order_shop: OpenShop,
) -> None:
    """Also one whose invoice stands unfinished: it is gone on with, and nothing else is made."""
    shop = order_shop(**{**UNSAID, "invoices.from": "capture"})
    shop.life("captured"), shop.life("paid_at_once")
    shop.run()
    made = list(shop.world.invoices)
    shop.settings({"invoices.from": None})
    report = shop.run()
    assert list(shop.world.invoices) == made
    assert [one.state for one in report.plan.outcomes if one.mapping == "invoice"] == ["posted"] * 2
    assert not shop.outcomes(report, "invoice_of_order")


def test_what_is_captured_before_it_is_delivered_gets_an_invoice_of_its_own(
    order_shop: OpenShop,
) -> None:
    """Where deliveries are registered, Fortnox would make an invoice of 0.00 of such an order."""
    shop = order_shop(**UNSAID, **{"flows.order_status": True})
    by_hand, delivered = shop.life("several_rows"), shop.life("several_rows")
    shop.run(), shop.run()
    capture(shop.world, by_hand.order)
    numbers = {one.external2: one.number for one in shop.fortnox_orders}
    shop.deliver(numbers[str(delivered.order)])
    shop.run(), shop.run()
    assert sorted((one.total, one.order_reference) for one in shop.fortnox_invoices) == [
        (746, 0), (746, numbers[str(delivered.order)]),
    ]  # fmt: skip


def test_a_part_invoiced_by_itself_stays_so_when_the_rest_is_released(order_shop: OpenShop) -> None:
    """Only then the capture takes the whole order; its invoice stands already."""
    shop = order_shop(**UNSAID)
    life = shop.life("several_rows")
    shop.run()
    capture(shop.world, life.order, {"TSHIRT-BLA-M": 1})
    shop.run()
    made = [one.number for one in shop.fortnox_invoices]
    cancel(shop.world, life.order)
    report = shop.run()
    assert [one.number for one in shop.fortnox_invoices] == made
    assert not shop.outcomes(report, "invoice_of_order")


def test_an_order_captured_in_parts_is_closed_when_all_of_it_is_invoiced(
    order_shop: OpenShop,
) -> None:
    """It is cancelled in Fortnox, for there is no other way; at Qliro nothing is."""
    shop = order_shop(**UNSAID, **{"flows.order_status": True, "qliro_methods": ["QLIRO", "K"]})
    life = shop.life("several_rows")
    shop.run(), shop.run()
    (order,) = shop.fortnox_orders
    shop.deliver(order.number, 1)
    shop.run(), shop.run()
    assert not shop.world.orders[order.number].cancelled
    shop.deliver(order.number)
    for _ in range(4):
        shop.run()
    assert shop.world.orders[order.number].cancelled
    assert [str(one.total) for one in shop.fortnox_invoices] == ["597.00", "149.00"]
    kinds = [one.type for one in shop.world.qliro_orders[life.order].transactions]
    assert kinds == ["Preauthorization", "Capture", "Capture"]


def test_an_order_of_which_a_capture_was_set_aside_is_left_to_that_person_and_waits_for_nothing(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**UNSAID)
    life = shop.life("several_rows")
    shop.run()
    capture(shop.world, life.order, {"TSHIRT-BLA-M": 1})
    shop.run()
    # A card without VAT stops the second, and a person books it by hand.
    for number, card in list(shop.world.customers.items()):
        fields = {**card.fields, "VATType": "EXPORT"}
        changed = replace(card, fields=fields, modified=shop.world.now())
        shop.world.customers[number] = changed
    rest = capture(shop.world, life.order)
    told = shop.outcomes(shop.run(), "invoice")[f"{life.order}/{rest.id}"]
    assert told.state == "parked", told.reason
    shop.resolve(f"{life.order}/{rest.id}", "ignore", "", "booked by hand")
    report = shop.run()
    closed = shop.outcomes(report, "closed_order")[str(life.order)]
    assert (closed.state, "set aside" in closed.reason) == ("done", True), closed.reason
    assert not shop.fortnox_orders[0].cancelled


def test_a_capture_of_nothing_does_not_keep_an_order_open(order_shop: OpenShop) -> None:
    shop = order_shop(**UNSAID)
    life = shop.life("several_rows")
    shop.run()
    capture(shop.world, life.order, {"TSHIRT-BLA-M": 1})
    held = shop.world.qliro_orders[life.order]
    of = operations.reservation(held)
    assert of is not None
    operations.begin(shop.world, held, "Capture", Decimal(0), [], original=of.id, done=True)
    capture(shop.world, life.order)
    shop.run(), shop.run()
    assert shop.fortnox_orders[0].cancelled
    assert [one.total for one in shop.fortnox_invoices] == [399, 347]
