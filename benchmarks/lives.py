"""How many Fortnox calls the life of an order costs, by name, counted by the sandbox.

Clean orders of known customers, secured and captured, become order, invoice and payment over a
socket, the limit's window scaled down: with invoices made of their orders (createinvoice), with
invoices made directly and no orders, and the same with each customer new.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.delivery import SCALED, ask, merchant_at, sandbox
from benchmarks.figure import Figure
from engine.clock import SystemClock
from engine.sandbox.lives import by_name as lives
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.orders import SHIPPING
from engine.sandbox.world.world import Address, Article, Buyer, Customer, World
from engine.session import open_session
from engine.session import run as run_all
from engine.store.database import writing

ORDERS = 500
ORDERS_EACH = 10  # of a known customer
ITEMS = (("MUGG-1", "199.00"), ("FAT-2", "149.00"))
# The orders become known by the lines of their payout; a payment needs its invoice in the list.
RUNS = 3
OF_ORDERS = """
flows: {payouts: true, orders: true, invoices: true}
invoices: {from: order}
orders_from: 2026-01-01
"""
DIRECT = """
flows: {payouts: true, invoices: true}
orders_from: 2026-01-01
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """The calls to Fortnox by name but for those answered 429, and how many of these there were."""

    calls: Counter[str]
    refused: int

    @property
    def total(self) -> int:
        return self.calls.total()


def captured(orders: int, known: bool, now: datetime) -> World:
    """Orders secured and captured last week, all in one payout: of as many new buyers, or of known
    customers who buy again. A customer's card is read once, whatever it buys."""
    world = lives.shop(now)
    for reference in (*dict(ITEMS), SHIPPING):
        world.articles[reference] = Article(reference, reference, now)
    day = world.today() - timedelta(days=6)
    at = Address("Eva", "Lind", None, "Storgatan 1", None, "11122", "Stockholm", "SE")
    made = []
    for number in range(orders):
        buyer_number = number // ORDERS_EACH if known else number
        email = f"eva{buyer_number}@example.com"
        if known:
            key = str(1000 + buyer_number)
            card = {"Email": email, "Type": "PRIVATE", "Currency": "SEK"}
            world.customers[key] = Customer(key, "Eva Lind", now - timedelta(days=30), fields=card)
        buyer = Buyer("Eva", "Lind", email, None, None)
        items = [lifecycle.lot(reference, price) for reference, price in ITEMS]
        items.append(lifecycle.lot(SHIPPING, "49.00", type="Shipping"))
        order = lifecycle.secure(world, items, buyer=buyer, billing=at, shipping=at, day=day)
        lifecycle.capture(world, order, day=day + timedelta(days=1))
        made.append(order)
    lifecycle.pay_out(world, made)
    return world


def live(orders: int, settings: str, *, known: bool = True) -> Counted:
    """Runs until nothing is left. Raises RuntimeError unless each order is paid and booked once."""
    with (
        tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as name,
        sandbox(partial(captured, orders, known), SCALED) as url,
    ):
        merchant = merchant_at(Path(name), url, SCALED, settings)
        with writing(Path(name), "bench") as store:
            for _ in range(RUNS):
                with open_session(merchant, store, SystemClock()) as session:
                    report = run_all(session)
        effects = ask(url, "effects")
        journal = ask(url, "journal")["requests"]
    paid = {key: one["created"] for key, one in effects["payments"].items()}
    if set(paid.values()) != {1} or (effects["payments_booked"], len(paid)) != (orders, orders):
        raise RuntimeError(f"{orders} orders, {len(paid)} paid, {report.plan.outcomes[:1]}")
    requests = [one for one in journal if one["path"].startswith("/3/")]
    good = [one for one in requests if one["status"] != 429]
    names = (f"{one['method']} {re.sub('/[0-9]+', '/…', one['path'][3:])}" for one in good)
    return Counted(Counter(names), len(requests) - len(good))


def told(counted: Counted, orders: int) -> str:
    """The calls by name: those of single orders, and the lists together."""
    own = {name: n for name, n in counted.calls.most_common() if n >= orders / 10}
    rest = counted.total - sum(own.values())
    names = ", ".join(f"{n} {name}" for name, n in own.items())
    return f"{counted.total:,} calls ({names}, {rest} lists and the transfer)"


def run() -> list[Figure]:
    """The figures of orders' lives."""
    figures = []
    for title, settings, wanted, known in (
        ("invoiced from its order", OF_ORDERS, 5.3, True),
        ("invoiced directly", DIRECT, 4.3, True),
        ("invoiced directly, each of a new customer", DIRECT, 5.3, False),
    ):
        counted = live(ORDERS, settings, known=known)
        each = counted.total / ORDERS
        figures.append(
            Figure(
                f"Fortnox calls for the life of an order {title}, sync included",
                told(counted, ORDERS), f"{ORDERS:,} orders", each, f"at most {wanted}",
                each <= wanted,
            )
        )  # fmt: skip
    return figures


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
