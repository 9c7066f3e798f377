"""A shop for tests of orders, invoices, refunds and status: a shop whose world lives orders.

``OrderShop`` is a ``Shop`` with those flows on, over ``lives.shop()``; orders are named to a run as
a person would (``--order``), for Qliro has no call that lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from shop import Shop

from engine import scope as scopes
from engine import session as sessions
from engine.plan.model import Outcome
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.by_name import shop as shop_of_lives
from engine.sandbox.lives.lifecycle import Life
from engine.sandbox.world.world import Invoice, Order, World
from engine.session import RunReport, Session

FLOWS: dict[str, Any] = {
    "flows.orders": True,
    "invoices.from": "capture",
    "flows.invoices": True,
    "flows.refunds": True,
    "orders_from": "2026-01-01",
    "articles.create": True,
    "qliro.plus_api_key": {"env": "QLIRO_PLUS_API_KEY"},
    "qliro.plus_api_secret": {"env": "QLIRO_PLUS_API_SECRET"},
}


@dataclass(slots=True)
class OrderShop(Shop):
    """A merchant without another connector; ``known`` are the orders that each run is told of."""

    world: World = field(default_factory=shop_of_lives)
    known: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changes = {**FLOWS, **self.changes}
        Shop.__post_init__(self)

    def life(self, name: str) -> Life:
        """Adds a life to the world; its orders are told to the runs that follow."""
        made = LIVES[name](self.world)
        self.known += [str(order) for order in made.orders]
        return made

    def run(self, *named: str) -> RunReport:
        """A run, six hours after the last one: over the orders known, or over what is ``named``."""
        self.clock.advance(6 * 3600)
        opened: Session
        with self.session() as opened:
            scope = scopes.named(named) if named else scopes.Scope(None, tuple(self.known) or None)
            return sessions.run(opened, scope)

    def outcomes(self, report: RunReport, mapping: str) -> dict[str, Outcome]:
        """What a run told of each source of a mapping."""
        return {one.source: one for one in report.plan.outcomes if one.mapping == mapping}

    # -- the server's side -----------------------------------------------------------------------

    @property
    def fortnox_orders(self) -> list[Order]:
        return list(self.world.orders.values())

    @property
    def fortnox_invoices(self) -> list[Invoice]:
        return list(self.world.invoices.values())

    def deliver(self, number: int, quantity: int | None = None) -> None:
        """Somebody registers what of an order is delivered: all of it, or so many of each row."""
        order = self.world.orders[number]
        rows = tuple(
            replace(row, quantity=row.ordered if quantity is None
                    else min(row.ordered, Decimal(quantity)))
            for row in order.rows
        )  # fmt: skip
        total = sum((row.quantity * row.price for row in rows), Decimal(0))
        now = self.world.now()
        self.world.orders[number] = replace(order, rows=rows, total=total, modified=now)
