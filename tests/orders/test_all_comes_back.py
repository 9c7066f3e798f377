"""Many orders that are refunded to the last öre in odd ways: on each account and at each VAT rate
the credits of an order come to what its invoice has, whatever was refunded in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from order_shop import OrderShop

from engine.sandbox.lives.lifecycle import capture, captures, lot, secure
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import Invoice, Item

from .kit import chart

OpenShop = Callable[..., OrderShop]
CENT = Decimal("0.01")
ACCOUNTS = [
    {"kind": "discount", "rate": 25, "account": 3731},
    {"kind": "shipping", "rate": 25, "account": 3520},
    {"rate": 25, "account": 3001},
    {"rate": 12, "account": 3002},
    {"rate": 6, "account": 3003},
]


def _price(chance: Random, most: int) -> str:
    return f"{chance.randint(100, most * 100) / 100:.2f}"


def _bought(chance: Random) -> list[Item]:
    items = [lot(f"VARA-{n}", _price(chance, 400), chance.randint(1, 3),
                 rate=chance.choice(["25", "25", "12", "6"]))
             for n in range(chance.randint(1, 3))]  # fmt: skip
    if chance.random() < 0.5:
        items.append(lot("FRAKT", "49.00", type="Shipping"))
    if chance.random() < 0.6:
        of = chance.choice(items[:1])
        cut = (of.inc * chance.randint(5, 40) / 100).quantize(CENT)
        items.append(lot("RABATT", -cut, rate=of.vat_rate, type="Discount"))
    return items


def _refund(shop: OrderShop, order: int, amount: Decimal, items: list[Item], type: str) -> None:
    held, (taken,) = shop.world.qliro_orders[order], captures(shop.world, order)
    value = amount if type == "Refund" else -amount
    operations.begin(shop.world, held, type, value, items, original=taken.id, done=True)
    shop.later(seconds=60)


def _refunded(shop: OrderShop, chance: Random, order: int, items: list[Item]) -> int:
    """Items and amounts at random, the last one all that is left; how many refunds."""
    left = operations.total(items)
    at_hand = {one.reference: one.quantity for one in items}
    made = 0
    for _ in range(chance.randint(0, 3)):
        one = chance.choice([item for item in items if item.type != "Discount"])
        how = chance.choice(["item", "less", "amount"])
        if how == "amount":
            amount = (left * chance.randint(5, 70) / 100).quantize(CENT)
            rate = chance.choice(["25", "6", "0"])
            listed = replace(lot("Refund", -amount, rate=rate, type="Discount"), action="Ship")
        else:
            if not at_hand[one.reference]:
                continue
            amount = one.inc if how == "item" else (one.inc * 4 / 5).quantize(CENT)
            listed = replace(one, quantity=1, action="Return", vat_rate=Decimal(12))
        if not 0 < amount < left:
            continue
        if how != "amount":
            at_hand[one.reference] -= 1
        _refund(shop, order, amount, [listed], "UpdateInvoice" if how == "amount" else "Refund")
        left -= amount
        made += 1
    line = replace(lot("Refund", -left, rate="0", type="Discount"), action="Ship")
    _refund(shop, order, left, [line], "UpdateInvoice")
    return made + 1


def _booked(invoices: list[Invoice]) -> Counter[tuple[int, int]]:
    """By account and VAT rate, in öre."""
    sums: Counter[tuple[int, int]] = Counter()
    for one in invoices:
        for row in one.rows:
            sums[row.account, int(row.vat)] += int(row.quantity * row.price * 100)
    return sums


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_left_on_any_account_at_any_rate(order_shop: OpenShop, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 — nothing secret
    shop = order_shop(sales_accounts=ACCOUNTS)
    chart(shop.world)
    orders: dict[int, list[Item]] = {}
    for _ in range(12):
        items = _bought(chance)
        order = secure(shop.world, items)
        capture(shop.world, order)
        orders[order.id] = items
    shop.known += [str(order) for order in orders]
    shop.run()
    refunds = {order: _refunded(shop, chance, order, items) for order, items in orders.items()}
    for _ in range(2):
        report = shop.run()
    assert {one.state for one in report.plan.outcomes} <= {"posted", "adopted", "done"}
    for order, items in orders.items():
        mine = [one for one in shop.fortnox_invoices if one.external2.startswith(f"{order}/")]
        assert len(mine) == 1 + refunds[order]
        assert all(one.booked for one in mine)
        assert sum(one.total for one in mine) == 0
        assert {key: left for key, left in _booked(mine).items() if left} == {}, items
        rates = len({row.vat for one in mine for row in one.rows})
        assert abs(sum(one.vat for one in mine)) <= CENT * rates * refunds[order]
