"""Orders of before: by day or by name, first as a plan; and that an answer is of the order asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from order_shop import OrderShop

from engine import session as sessions
from engine.plan.model import Plan
from engine.sandbox import lifecycle
from engine.scope import Scope
from engine.session import RunReport


def plan(shop: OrderShop, scope: Scope) -> Plan:
    with shop.session() as opened:
        return sessions.plan(opened, sessions.sync(opened, scope), scope)


def run(shop: OrderShop, scope: Scope) -> RunReport:
    with shop.session() as opened:
        return sessions.run(opened, scope)


def test_a_period_of_before_is_planned_first_then_made_and_then_known(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = order_shop(**{"orders_from": "2026-11-16", "flows.refunds": False})
    lives = [shop.life("captured"), shop.life("captured")]
    lifecycle.pay_out(shop.world, [one.order for one in lives])  # by which they are known
    period = Scope(since=date(2026, 11, 1), until=date(2026, 11, 15))
    planned = plan(shop, period)
    assert {one.source for one in planned.actions if one.mapping == "new_order"} == set()
    made = {one.mapping for one in planned.actions}
    assert made == {"customer", "article"}  # orders follow once these stand
    assert shop.requests("POST", "/3/") + shop.requests("PUT", "/3/") == []
    run(shop, period)
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (2, 2)
    report = run(shop, period)
    assert report.delivery.done == []
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (2, 2)
