"""Saved plans, edited by hand: refused as no plan, told to be stale, or what would be posted now;
never a document that nobody planned."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from shop import Shop

from engine import json_text
from engine.errors import FileError, StalePlanError
from engine.plan import saved
from engine.plan.model import Plan
from fuzz.values import spoiled

TROUBLES = ("fee_with_vat", "clean_sale", "invoice_missing", "chargeback")


@cache
def planned() -> tuple[Shop, Plan, Any]:
    """A shop, its plan, and that as it is saved."""
    shop = Shop(Path(tempfile.mkdtemp()))
    for name in TROUBLES:
        shop.trouble(name)
    made = shop.plan()
    return shop, made, json_text.decode(
        json_text.encode(saved.as_data("shop", made, shop.clock.now()))
    )  # fmt: skip


def _text(chance: Random, data: Any) -> bytes:
    """The plan as JSON; now and then cut off, or with other bytes."""
    content = bytearray(json_text.encode(data).encode())
    kind = chance.random()
    if kind < 0.1:
        del content[chance.randrange(len(content)) :]
    elif kind < 0.2:
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def play(chance: Random, folder: Path) -> str:
    """One plan file."""
    shop, made, data = planned()
    path = folder / "plan.json"
    path.write_bytes(_text(chance, spoiled(chance, data)))
    try:
        read = saved.read(path)
        now = replace(made, actions=list(made.actions))
        good = saved.still_good(shop.store, read, now, "shop")
    except FileError:
        return "no plan"
    except StalePlanError:
        return "stale"
    due = {one.action: one.document for one in made.actions}
    for one in good.actions:
        assert json_text.canonical(due[one.action]) == json_text.canonical(one.document)
    return "applied"
