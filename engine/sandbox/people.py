"""What people do at both systems while nobody's program calls them: deliver, give back, pay out.

It reads ``{"do": …}`` from POST ``/sandbox/deeds`` and changes the world as the deed does; each is
journalled, so that a kept world has it too. A demo and whoever tries things on the sandbox use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from .lives.lifecycle import finish, pay_out, refund
from .world.world import ZERO, Entry, World


def deed(world: World, asked: Mapping[str, Any], body: str) -> dict[str, Any]:
    """Carry a deed out. Raises ValueError or KeyError when it can't be.

    ``deliver`` registers all rows of a Fortnox ``order`` as delivered; ``refund`` gives ``items``
    (a number by reference; all without) of a Qliro ``order`` back in its portal; ``pay_out`` is a
    payout of yesterday (Qliro tells of days that are over) with what no payout holds yet of
    ``orders``, ``fee`` taken of each line; ``finish`` ends what is under way at Qliro.
    """
    told: dict[str, Any]
    match asked["do"]:
        case "deliver":
            told = _deliver(world, int(asked["order"]))
        case "refund":
            made = refund(world, int(asked["order"]), asked.get("items"))
            told = {"transactions": [one.id for one in made], "amount": sum(o.amount for o in made)}
        case "pay_out":
            yesterday, fee = world.today() - timedelta(days=1), str(asked.get("fee", "0"))
            batches = pay_out(world, asked.get("orders"), day=yesterday, fee=fee)
            told = {"batches": [one.id for one in batches]}
        case "finish":
            finish(world)
            told = {}
        case other:
            raise ValueError(f"nobody does {other!r}")
    world.journal.append(
        Entry(len(world.journal) + 1, world.now(), "POST", "/sandbox/deeds", "", body, 200,
              str(asked["do"]), None)
    )  # fmt: skip
    return told


def _deliver(world: World, number: int) -> dict[str, Any]:
    order = world.orders[number]
    rows = tuple(replace(row, quantity=row.ordered) for row in order.rows)
    total = sum((row.quantity * row.price for row in rows), ZERO)
    world.orders[number] = replace(order, rows=rows, total=Decimal(total), modified=world.now())
    return {"order": number, "total": total}
