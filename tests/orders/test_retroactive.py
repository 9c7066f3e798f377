"""Orders of before: by day, first as a plan; and that an answer is of the order asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from order_shop import OrderShop

from engine import session as sessions
from engine.plan.model import Plan
from engine.sandbox.lives import lifecycle
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
    # Orders follow once these stand; the plan tells of them.
    assert {"customer", "article"} <= {one.mapping for one in planned.actions}
    told = [one for one in planned.outcomes if one.mapping == "new_order"]
    assert [one.reason for one in told] == ["its customer is to be posted first"] * 2
    assert shop.requests("POST", "/3/") + shop.requests("PUT", "/3/") == []
    run(shop, period)
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (2, 2)
    run(shop, period)  # what stands is left alone, and its payout finds it
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (2, 2)
    assert [one.balance for one in shop.fortnox_invoices] == [0, 0]


def test_an_answer_about_another_order_is_told_and_never_taken_for_the_one_asked_for(
    order_shop: Callable[..., OrderShop],
) -> None:
    """A reference of digits may be taken for an OrderId: here Qliro lost the order of that id."""
    shop = order_shop(**{
        "flows.refunds": False, "flows.invoices": False, "sync.order_refresh_hours": 4,
    })  # fmt: skip
    life = shop.life("reference_is_another_order")
    second, first = life.orders  # the second's reference is the first's id
    run(shop, Scope(None, (str(first),)))
    assert [one.external2 for one in shop.fortnox_orders] == [str(first)]
    del shop.world.qliro_orders[first]
    shop.later(days=1)
    report = run(shop, Scope())  # the open order is asked for again, by its id
    (finding,) = report.findings.findings
    assert finding.message == (
        f"Qliro answered with order {second}, whose reference is {first}."
    )
    kept, new = shop.fortnox_orders  # the other one is itself
    assert (kept.external2, kept.total) == (str(first), 697)
    assert (new.external1, new.external2, new.total) == (str(first), str(second), 199)
