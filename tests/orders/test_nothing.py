"""A refund or a capture of 0.00 is done without a document, and stands in nobody's way.

It needs no invoice and no items, takes no place among the others, and changes nothing of what they
become.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import capture, captures, discount, lot, refund, secure
from engine.sandbox.qliro import operations

OpenShop = Callable[..., OrderShop]
CREDITS = ("credit_invoice", "further_credit_invoice")


def _sold(shop: OrderShop) -> int:
    order = secure(shop.world, [lot("KANNA", "300.00", 2)])
    capture(shop.world, order)
    shop.known.append(str(order.id))
    return order.id


def _nothing(shop: OrderShop, order: int, type: str = "Refund") -> str:
    held = shop.world.qliro_orders[order]
    of = captures(shop.world, order)[0].id if type == "Refund" else held.transactions[0].id
    made = operations.begin(shop.world, held, type, Decimal(0), original=of, done=True)
    return f"{order}/{made.id}"


def _told(shop: OrderShop, *mappings: str) -> dict[str, tuple[str, str]]:
    report = shop.run()
    assert report.delivery.refused == {}
    return {one.source: (one.code, one.reason) for name in mappings
            for one in shop.outcomes(report, name).values()}  # fmt: skip


DONE = ("nothing-to-book", "nothing was refunded")


def _totals(shop: OrderShop) -> list[str]:
    return [str(one.total) for one in shop.fortnox_invoices]


def test_a_refund_of_nothing_is_done_without_a_document(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = _sold(shop)
    shop.run()
    nothing = _nothing(shop, order)
    assert _told(shop, *CREDITS) == {nothing: DONE}
    assert _totals(shop) == ["600.00"]


def test_it_is_done_also_where_its_invoice_is_nowhere_and_its_order_is_not_read_whole(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**{"flows.orders": False, "flows.invoices": False})
    nothing = _nothing(shop, _sold(shop))
    assert _told(shop, *CREDITS) == {nothing: DONE}
    assert _totals(shop) == []


def test_it_takes_no_place_among_the_refunds_of_its_capture(order_shop: OpenShop) -> None:
    """Fortnox's own credit invoice is for the first that gives something back."""
    shop = order_shop()
    order = _sold(shop)
    shop.run()
    before = _nothing(shop, order)
    discount(shop.world, order, "50.00")
    after = _nothing(shop, order)
    refund(shop.world, order, {"KANNA": 1})
    told = _told(shop, *CREDITS)
    assert (told[before], told[after]) == (DONE, DONE)
    assert sorted(code for code, _ in told.values()) == [
        "nothing-to-book", "nothing-to-book", "posted", "posted",
    ]  # fmt: skip
    assert _totals(shop) == ["600.00", "-50.00", "-300.00"]
    assert all(one.booked for one in shop.fortnox_invoices)
    assert shop.fortnox_invoices[0].credit_reference == shop.fortnox_invoices[1].number


def test_one_that_a_person_set_aside_before_stays_where_it_was(order_shop: OpenShop) -> None:
    """What came after it has a document of its own already, and gets no other."""
    shop = order_shop()
    order = _sold(shop)
    shop.run()
    nothing = _nothing(shop, order)
    shop.run()
    shop.store.append(  # an earlier version parked it
        "ledger.resolution", [(shop.clock.now(), "Anna", nothing, "ignore", "nothing to book")],
        ("noted_at", "who", "line", "kind", "reason"),
    )  # fmt: skip
    discount(shop.world, order, "50.00")
    for _ in range(3):
        told = _told(shop, *CREDITS)
    assert _totals(shop) == ["600.00", "-50.00"]
    assert told[nothing] == ("ignored", "nothing to book")
    assert shop.fortnox_invoices[0].credit_reference == 0


@pytest.mark.parametrize("origin", ["capture", "order"])
def test_a_capture_of_nothing_is_done_and_the_next_one_takes_all_the_same(
    order_shop: OpenShop, origin: str
) -> None:
    shop = order_shop(**{"invoices.from": origin})
    order = secure(shop.world, [lot("KANNA", "300.00", 2)])
    shop.known.append(str(order.id))
    shop.run()
    nothing = _nothing(shop, order.id, "Capture")
    made = ("invoice", "invoice_of_order")
    assert _told(shop, *made) == {nothing: ("nothing-to-book", "nothing was captured")}
    assert _totals(shop) == []
    taken = capture(shop.world, order.id)
    held = shop.world.qliro_orders[order.id]
    operations.begin(
        shop.world, held, "Refund", Decimal("100.00"), done=True
    )  # of which, is not told
    told = _told(shop, *made)
    assert told[nothing] == ("nothing-to-book", "nothing was captured")
    assert set(told) == {nothing, f"{order.id}/{taken.id}"}
    shop.run()
    assert _totals(shop) == ["600.00", "-100.00"]


def test_a_payout_with_such_a_refund_in_it_leaves_nothing_open(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = _sold(shop)
    shop.run()
    _nothing(shop, order)
    lifecycle.pay_out(shop.world, [order])
    shop.clock.advance(3 * 86400)
    shop.run()
    states: dict[str, Any] = shop.states()
    assert set(states) == {"posted"}
    assert [str(one.balance) for one in shop.fortnox_invoices] == ["0.00"]
