"""A seeded shop's history: orders, captures, refunds, chargebacks, fees, payouts.

It reads settings and a seed and writes a ``World``; the same seed makes the same world to the
last digit. ``clean`` is one spotless payout of any size for benchmarks.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.sandbox.company import empty_world
from engine.sandbox.history import (
    new_invoice,
    new_order,
    price,
    settle,
    transaction_line,
)
from engine.sandbox.world import DEFAULT_START, Line, World


def clean(n_lines: int, seed: int = 0, *, now: datetime = DEFAULT_START) -> World:
    """One payout of ``n_lines`` sales, each with a booked invoice of exactly its amount.

    References stand in ``ExternalInvoiceReference1``, Qliro's order ids in the second field; there
    are no fees.
    """
    world = empty_world(now, seed=seed)
    captured = world.today() - timedelta(days=5)
    lines: list[Line] = []
    for _ in range(n_lines):
        amount = price(world)
        order = new_order(world, amount, day=captured)
        lines.append(transaction_line(world, order, amount, day=captured))
        new_invoice(world, amount, day=captured, reference=order.reference, second=str(order.id))
    settle(world, lines)
    return world
