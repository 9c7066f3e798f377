"""Whatever comes first, each amount of an order ends at the document of its own transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from order_shop import OrderShop

from engine.sandbox.lives import lifecycle
from engine.sandbox.world.world import QliroOrder

from .test_never_doubled import an_invoice
from .test_own_document import sold

Open = Callable[..., OrderShop]
# In whole kronor the first two are alike, and no total is what was captured.
PRICES = ("300.40", "299.60", "500.40")
ORDERS = 4


def live(shop: OrderShop, chance: Random, orders: list[QliroOrder]) -> None:
    """Each order's captures and refunds in any order, some of them seen before the payout."""
    left = {order.id: chance.sample("ABC", 3) for order in orders}
    back = {order.id: chance.sample("ABC", 2) for order in orders}
    for share in (0.5, 1):
        for order in orders:
            taken = left[order.id]
            for _ in range(len(taken) if share == 1 else chance.randint(0, 3)):
                lifecycle.capture(shop.world, order, {taken.pop(): 1})
            for item in [one for one in back[order.id] if one not in taken]:
                if chance.random() < share:
                    back[order.id].remove(item)
                    lifecycle.refund(shop.world, order, {item: 1})
        if share < 1:
            shop.run()


def copied(shop: OrderShop, orders: list[QliroOrder]) -> list[int]:
    """A person's copies of what stands, references and all, which take more than any line."""
    numbers: list[int] = []
    for order in orders:
        made = [i for i in shop.fortnox_invoices if i.external2.startswith(f"{order.id}/")]
        for one in made[:1]:
            for total in ("1000.00", "-1000.00"):
                numbers.append(9001 + len(numbers))
                an_invoice(shop, numbers[-1], total, external1=one.external1,
                           external2=one.external2)  # fmt: skip
    return numbers


def payments(shop: OrderShop) -> set[tuple[str, str]]:
    """Of each payment: the transaction that its line settles, and the one of its invoice."""
    labels = {str(one.number): one.external2 for one in shop.fortnox_invoices}
    return {
        (f"{row['OrderId']}/{row['PaymentTransactionId']}", labels[row["document"]])
        for row in shop.lines() if row["state"] == "posted" and row["Type"] == "Transaction"
    }  # fmt: skip


@pytest.mark.parametrize("whole_kronor", [False, True])
def test_captures_and_refunds_are_settled_each_with_its_own_document(
    order_shop: Open, whole_kronor: bool
) -> None:
    """Documents made before their payout, in its run and later; lines in any order."""
    chance = Random(f"kronor {whole_kronor}")  # noqa: S311 — nothing secret
    shop = order_shop()
    shop.world.company.whole_kronor = whole_kronor
    orders = [sold(shop, *PRICES) for _ in range(ORDERS)]
    live(shop, chance, orders)
    copies = copied(shop, orders)
    (batch,) = lifecycle.pay_out(shop.world, orders)
    lines = tuple(chance.sample(batch.lines, len(batch.lines)))
    shop.world.batches[batch.id] = replace(batch, lines=lines)
    # Of an order Qliro tells nothing when the payout is first seen: what is left comes later.
    late = {order.id: shop.world.qliro_orders.pop(order.id) for order in orders[:1]}
    for _ in range(4):
        shop.run()
        shop.world.qliro_orders.update(late)
        for transaction, label in payments(shop):
            assert label == transaction
    assert len(payments(shop)) == 5 * ORDERS
    assert {n for n, one in shop.world.invoices.items() if one.balance} == set(copies)
    assert {abs(shop.balance(one)) for one in copies} == {1000}
