"""The whole life of an order without another connector, from its reservation to its payout."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from order_shop import OrderShop

from engine.sandbox.lives import lifecycle

STATUS = {"flows.order_status": True, "order_status.when": "delivered"}


def test_an_order_is_shipped_captured_invoiced_refunded_twice_and_paid_out(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = order_shop(**STATUS)
    life = shop.life("several_rows")
    shop.run()
    (order,) = shop.fortnox_orders
    assert (order.external1, order.external2) == ("10001", str(life.order))
    shop.run()
    shop.deliver(order.number)
    shop.run()  # marked as shipped, and finished at Qliro
    taken = lifecycle.captures(shop.world, life.order)
    assert [one.amount for one in taken] == [Decimal("746.00")]
    shop.run()  # the capture is invoiced
    (invoice,) = shop.fortnox_invoices
    assert (invoice.total, invoice.booked) == (Decimal("746.00"), True)
    assert invoice.external2 == f"{life.order}/{taken[0].id}"
    lifecycle.refund(shop.world, life.order, {"STRUMPOR-3": 1})
    shop.run()
    lifecycle.refund(shop.world, life.order, {"TSHIRT-BLA-M": 1})
    shop.run()
    totals = [one.total for one in shop.fortnox_invoices]
    assert totals == [Decimal("746.00"), Decimal("-149.00"), Decimal("-399.00")]
    assert all(one.booked for one in shop.fortnox_invoices)
    lifecycle.pay_out(shop.world, [life.order])
    shop.clock.advance(3 * 86400)
    shop.run()
    assert [one.balance for one in shop.fortnox_invoices] == [0, 0, 0]
    held = shop.store.value("SELECT count(*) FROM ledger.interim_state WHERE held <> must")
    assert held == 0
    before = len(shop.world.payments), len(shop.world.vouchers)
    report = shop.run()
    assert report.delivery.done == []
    assert (len(shop.world.payments), len(shop.world.vouchers)) == before
