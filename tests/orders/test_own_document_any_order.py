"""Whatever comes first, each amount of an order ends at the document of its own transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from order_shop import OrderShop

from engine.sandbox import lifecycle

from .test_own_document import balances, sold

Open = Callable[..., OrderShop]


@pytest.mark.parametrize("seed", range(3))
def test_captures_and_refunds_are_settled_each_with_its_own_document(
    order_shop: Open, seed: int
) -> None:
    """Documents made before their payout, in its run and later; lines in any order."""
    chance = Random(seed)  # noqa: S311 — nothing secret
    shop = order_shop()
    order = sold(shop, "500.40", "300.40", "120.60")
    for item in chance.sample("ABC", 3):
        lifecycle.capture(shop.world, order, {item: 1})
        if chance.random() < 0.5:
            shop.run()
    for item in chance.sample("ABC", 2):
        lifecycle.refund(shop.world, order, {item: 1})
        if chance.random() < 0.5:
            shop.run()
    (batch,) = lifecycle.pay_out(shop.world, [order])
    lines = tuple(chance.sample(batch.lines, len(batch.lines)))
    shop.world.batches[batch.id] = replace(batch, lines=lines)
    for _ in range(4):
        shop.run()
        # Amounts differ: a document that another's line has paid would be left with a rest.
        assert all(one.balance in (0, one.total) for one in shop.fortnox_invoices)
    assert balances(shop) == [0] * 5
    assert {one["state"] for one in shop.lines() if one["Type"] == "Transaction"} == {"posted"}
