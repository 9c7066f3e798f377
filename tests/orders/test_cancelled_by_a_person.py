"""A document of ours that a person cancels in Fortnox is let go: ``--retry`` makes a new one, once.

Invoices, invoices of orders, credit invoices and orders; what stands in Fortnox afterwards, and the
line of the payout that is to find it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from order_shop import OrderShop

from engine.errors import UsageError
from engine.sandbox.lives.lifecycle import Life, captures, refund
from engine.sandbox.world.world import Invoice

OpenShop = Callable[..., OrderShop]
UNBOOKED = {"flows.refunds": False, "invoices.book": False}


def cancel(shop: OrderShop, invoice: Invoice) -> None:
    """Somebody cancels an invoice in Fortnox (makulera)."""
    now = shop.world.now()
    shop.world.invoices[invoice.number] = replace(invoice, cancelled=True, modified=now)


def capture_of(shop: OrderShop, life: Life) -> str:
    return f"{life.order}/{captures(shop.world, life.order)[0].id}"


def standing(shop: OrderShop) -> list[Invoice]:
    return [one for one in shop.fortnox_invoices if not one.cancelled]


def cancelled_and_retried(shop: OrderShop, life: Life) -> Any:
    """The outcome of the capture's invoice after its first was cancelled and asked for again."""
    (first,) = shop.fortnox_invoices
    cancel(shop, first)
    shop.run()
    shop.resolve(capture_of(shop, life), "retry")
    return shop.outcomes(shop.run(), "invoice")[capture_of(shop, life)]


def test_a_cancelled_invoice_is_made_again_when_a_person_says_so_and_only_once(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**UNBOOKED)
    life = shop.life("captured")
    shop.run()
    told = cancelled_and_retried(shop, life)
    first, second = shop.fortnox_invoices
    assert told.state == "posted"
    assert f"in place of invoice {first.number}, which was cancelled" in told.reason
    assert (second.total, second.external2) == (first.total, first.external2)
    shop.run(), shop.run()
    assert standing(shop) == [shop.world.invoices[second.number]]
    # Cancelled once more: nothing is made before a person says it once more.
    cancel(shop, second)
    shop.run()
    assert standing(shop) == []
    shop.resolve(capture_of(shop, life), "retry")
    shop.run()
    assert len(standing(shop)) == 1


def test_a_cancelled_invoice_that_nobody_asks_for_again_is_left_at_that(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**UNBOOKED)
    life = shop.life("captured")
    shop.run()
    with pytest.raises(UsageError):  # it stands
        shop.resolve(capture_of(shop, life), "retry")
    cancel(shop, *shop.fortnox_invoices)
    shop.run(), shop.run()
    assert standing(shop) == []


def test_a_person_who_made_the_new_invoice_himself_has_it_taken_over(order_shop: OpenShop) -> None:
    shop = order_shop(**UNBOOKED)
    life = shop.life("captured")
    shop.run()
    (first,) = shop.fortnox_invoices
    cancel(shop, first)
    shop.world.invoices[1777] = replace(first, number=1777, modified=shop.world.now())
    shop.run()
    shop.resolve(capture_of(shop, life), "retry")
    told = shop.outcomes(shop.run(), "invoice")[capture_of(shop, life)]
    assert [one.number for one in standing(shop)] == [1777]
    assert "1777" in told.reason


def test_the_cancelled_invoice_of_an_order_is_made_again_as_one_of_the_capture(
    order_shop: OpenShop,
) -> None:
    """Fortnox makes one invoice of an order."""
    shop = order_shop(**UNBOOKED, **{"invoices.from": "order"})
    life = shop.life("captured")
    shop.run()
    told = cancelled_and_retried(shop, life)
    first, second = shop.fortnox_invoices
    assert (first.order_reference > 0, second.order_reference) == (True, 0)
    assert f"in place of invoice {first.number}, which was cancelled" in told.reason
    shop.run(), shop.run()
    assert len(standing(shop)) == 1


def test_a_cancelled_credit_invoice_is_made_again_as_one_of_its_own(order_shop: OpenShop) -> None:
    """Fortnox makes one credit invoice of an invoice."""
    shop = order_shop(**{"flows.refunds": True})
    life = shop.life("captured")
    shop.run()
    shop.settings({"invoices.book": False})
    (back,) = refund(shop.world, life.order)
    shop.run()
    first = shop.fortnox_invoices[-1]
    assert first.total < 0
    cancel(shop, first)
    shop.run()
    shop.resolve(f"{life.order}/{back.id}", "retry")
    report = shop.run()
    told = shop.outcomes(report, "further_credit_invoice")[f"{life.order}/{back.id}"]
    assert told.state == "posted"
    assert f"in place of invoice {first.number}" in told.reason
    shop.run(), shop.run()
    assert [one.total for one in standing(shop) if one.total < 0] == [first.total]


@pytest.mark.parametrize("cancels", [False, True])
def test_a_cancelled_order_is_made_again_unless_its_cancellation_goes_to_qliro(
    order_shop: OpenShop, *, cancels: bool
) -> None:
    shop = order_shop(**{"flows.refunds": False, "flows.invoices": False,
                         "flows.order_status": True, "order_status.cancel": cancels})  # fmt: skip
    life = shop.life("several_rows")
    shop.run(), shop.run()
    (first,) = shop.fortnox_orders
    shop.world.orders[first.number] = replace(first, cancelled=True, modified=shop.world.now())
    if cancels:
        shop.run(), shop.run()
        assert len(shop.fortnox_orders) == 1
        assert shop.world.qliro_orders[life.order].transactions[-1].type == "Reversal"
        return
    shop.run()
    shop.resolve(life.order, "retry")
    shop.run(), shop.run()
    _, second = shop.fortnox_orders
    assert not second.cancelled
    # What is delivered is that of the new one.
    shop.deliver(second.number)
    shop.run()
    assert [one.amount for one in captures(shop.world, life.order)] == [746]


@pytest.mark.parametrize(("first", "then"), [("capture", "order"), ("order", "capture")])
def test_what_was_invoiced_one_way_is_not_invoiced_the_other_way_too(
    order_shop: OpenShop, first: str, then: str
) -> None:
    shop = order_shop(**{"flows.refunds": False, "invoices.from": first})
    life = shop.life("captured")
    shop.run()
    shop.settings({"invoices.from": then})
    report = shop.run()
    assert len(shop.fortnox_invoices) == 1
    states = {one.state for one in report.plan.outcomes if one.source == capture_of(shop, life)}
    assert states == {"posted"}
