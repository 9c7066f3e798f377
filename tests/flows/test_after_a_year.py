"""What changes after a year reopens its item, although nothing of it was looked at meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine import session as sessions
from engine.sandbox.lives import lifecycle
from engine.sandbox.world.world import FinancialYear
from engine.scope import ALL, Scope, named
from engine.webhooks.inbox import Inbox
from engine.webhooks.push import ORDER_MANAGEMENT, Push, line_of

OpenShop = Callable[..., OrderShop]
YEAR = timedelta(days=366)


def run(shop: OrderShop, scope: Scope = ALL) -> sessions.RunReport:
    with shop.session() as opened:
        return sessions.run(opened, scope)


def a_year_later(order_shop: OpenShop) -> tuple[OrderShop, int]:
    """An order that was invoiced and paid out a year ago, runs at rest since."""
    shop = order_shop()
    world = shop.world
    year = max(one.last.year for one in world.years.values()) + 1
    world.years[9] = FinancialYear(9, date(year, 1, 1), date(year, 12, 31))
    (order,) = shop.life("captured").orders
    run(shop, named((), (str(order),), None, None))
    lifecycle.pay_out(world, [order])
    for _ in range(3):
        shop.clock.advance(86_400)
        run(shop)
    (invoice,) = shop.fortnox_invoices
    assert invoice.balance == 0
    shop.clock.advance(YEAR.total_seconds())
    run(shop)
    assert len(shop.fortnox_invoices) == 1
    return shop, order


@pytest.mark.parametrize("told_by", ["push", "settlement line"])
def test_a_refund_after_a_year_is_credited(order_shop: OpenShop, told_by: str) -> None:
    shop, order = a_year_later(order_shop)
    world = shop.world
    lifecycle.refund(world, order, day=world.today() - timedelta(days=2))
    if told_by == "push":
        inbox = Inbox(shop.merchant.inbox)
        inbox.add([line_of(Push(world.now().astimezone(UTC), ORDER_MANAGEMENT, order))])
        inbox.close()
    else:
        lifecycle.pay_out(world, [order])
    for _ in range(3):
        shop.clock.advance(3600)
        run(shop)
    invoice, credit = shop.fortnox_invoices
    assert credit.total == -invoice.total
    assert credit.booked
    if told_by == "settlement line":
        assert credit.balance == Decimal(0)
