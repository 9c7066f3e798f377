"""What stands at the edges: too many rows, signs that Fortnox refuses, a change whose answer was
lost, goods that the warehouse does not have."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.sandbox import lifecycle
from engine.sandbox.faults import Fault, plan
from engine.sandbox.lifecycle import lot, secure

Open = Callable[..., OrderShop]


def test_an_invoice_of_more_than_500_rows_is_parked_before_anything_is_sent(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.orders": False, "flows.refunds": False})
    order = secure(shop.world, [lot(f"ART-{n}", "10.00") for n in range(501)])
    taken = lifecycle.capture(shop.world, order)
    shop.known.append(str(order.id))
    outcome = shop.outcomes(shop.run(), "invoice")[f"{order.id}/{taken.id}"]
    assert outcome.state == "parked"
    assert "501 rows, and Fortnox takes no more than 500" in outcome.reason
    assert shop.requests("POST", "/3/invoices") == []


def test_a_reference_with_a_sign_that_fortnox_refuses_is_parked_and_named(order_shop: Open) -> None:
    """Cleaned, it would be another reference, and its payout would find nothing."""
    shop = order_shop(**{"flows.refunds": False})
    odd = secure(shop.world, [lot("MUGG-1", "199.00")], reference="A|1")
    good = secure(shop.world, [lot("MUGG-1", "199.00")], reference="A/1")
    shop.known += [str(odd.id), str(good.id)]
    told = shop.outcomes(shop.run(), "new_order")
    assert told[str(odd.id)].state == "parked"
    assert "Fortnox refuses the character '|'" in told[str(odd.id)].reason
    assert [one.external1 for one in shop.fortnox_orders] == ["A/1"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500_after", "truncated"])
def test_a_change_of_an_order_whose_answer_was_lost_is_there_once(
    order_shop: Open, kind: str
) -> None:
    shop = order_shop(**{"flows.refunds": False})
    life = shop.life("several_rows")
    shop.run()
    goods = shop.world.qliro_orders[life.order].items
    lifecycle.update(shop.world, life.order, [lot(goods[0].reference, "399.00")])
    plan(shop.world, Fault(kind, nth=1, method="PUT", path=r"/3/orders/\d+$"))
    for _ in range(3):
        report = shop.run()
    (order,) = shop.fortnox_orders
    assert order.total == Decimal("399.00")
    assert shop.outcomes(report, "changed_order")[str(life.order)].state == "posted"
    before = len(shop.world.journal)
    shop.run()
    assert {one.method for one in shop.world.journal[before:]} <= {"GET", "POST"}  # POST: a token
    assert (order.total, len(shop.fortnox_orders)) == (Decimal("399.00"), 1)


def test_goods_that_the_warehouse_does_not_have_are_not_invoiced_for_less(order_shop: Open) -> None:
    """The warehouse module sets what is delivered to nothing: an invoice of it would be empty."""
    shop = order_shop(**{"flows.refunds": False, "invoices.from": "order"})
    shop.world.company.warehouse = True
    life = shop.life("private")
    shop.run()
    (order,) = shop.fortnox_orders
    assert {row.quantity for row in order.rows} == {0}
    lifecycle.capture(shop.world, life.order)
    for _ in range(2):
        report = shop.run()
    assert not [one for one in shop.fortnox_invoices if one.booked]
    states = {one.state for one in report.plan.outcomes if one.mapping.startswith("invoice")}
    assert "posted" not in states
    assert states & {"parked", "waiting"}
