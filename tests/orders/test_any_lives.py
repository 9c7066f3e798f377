"""Whatever becomes of orders: what was taken is invoiced, what was given back is credited, once.

Random orders live side by side, a deed of each between the runs; once the database is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
from order_shop import OrderShop

from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import captures, lot, secure
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import Item, World

OERE = Decimal("0.01")
# The deeds of a round, some oftener than others.
DEEDS = (
    ("capture", "capture", "capture all", "update", "nothing"),
    ("capture", "refund", "refund all", "amount", "amount", "cancel", "update"),
    ("capture all", "refund", "refund", "refund all", "amount", "amount"),
)
ORDERS = 6


def basket(of: Random) -> list[Item]:
    """Things of several rates, some of a price that does not divide, some nearly free."""
    return [
        lot(f"ART-{n}", Decimal(of.randint(1, of.choice((99, 99999)))) * OERE, of.randint(1, 7),
            rate=of.choice(("25", "25", "12", "6", "0")))
        for n in range(of.randint(1, 4))
    ]  # fmt: skip


def do(world: World, order: int, deed: str, n: int) -> None:
    """A deed as far as Qliro would allow it; ``n`` chooses of what and how much."""
    held = world.qliro_orders[order]
    of = operations.reservation(held)
    left = operations.unshipped(held, of) if of and of.type == "Preauthorization" else []
    taken = captures(world, order)
    if deed.startswith("capture") and left:
        one = left[n % len(left)]
        all_of_it = deed == "capture all"
        some_of_it = {one.reference: 1 + n % one.quantity}
        lifecycle.capture(world, order, None if all_of_it else some_of_it)
    elif deed == "cancel" and left:
        lifecycle.cancel(world, order)
    elif deed == "update" and left and not taken:
        lifecycle.update(world, order, [lot("NEW-9", Decimal(n) + OERE), *left[1:]])
    elif taken:
        capture = taken[n % len(taken)]
        money, goods = operations.unrefunded(held, capture), operations.unreturned(held, capture)
        if deed == "refund all" and goods and operations.total(goods) <= money:
            lifecycle.refund(world, order, of=capture)
        elif deed == "refund" and goods and operations.total(goods) <= money:
            lifecycle.refund(world, order, {goods[n % len(goods)].reference: 1}, of=capture)
        elif deed == "amount" and money > OERE:
            part = (money * (1 + n) / 100).quantize(OERE)
            lifecycle.discount(world, order, max(part, OERE), rate="0", of=capture)


@pytest.mark.parametrize(
    ("seed", "with_vat", "from_", "lost"),
    [(1, True, "capture", 2), (2, False, "order", None)],
)
def test_invoices_are_what_was_taken_and_credits_what_was_given_back(
    order_shop: Callable[..., OrderShop], seed: int, with_vat: bool, from_: str, lost: int | None
) -> None:
    """The database is lost after a round. (An order that changes after that is left to a person
    where its invoice is made of it: its total is not what was captured.)"""
    shop, chance = order_shop(**{"vat_included": with_vat, "invoices.from": from_}), Random(seed)  # noqa: S311
    world = shop.world
    world.handling.added_discount = "UpdateInvoice" if with_vat else "Refund"
    for _ in range(ORDERS):
        type = chance.choice(("Preauthorization", "Preauthorization", "Debit"))
        shop.known.append(str(secure(world, basket(chance), type=type).id))
    for round_, choice in enumerate(DEEDS):
        shop.run()
        for order in shop.known:
            do(world, int(order), chance.choice(choice), chance.randint(0, 99))
        if round_ == lost:
            shop.lose_the_database()
    for _ in range(3):
        report = shop.run()
    assert [
        (one.source, one.mapping, one.reason) for one in report.plan.outcomes
        if one.state not in ("posted", "adopted", "done")
    ] == []  # fmt: skip
    for order in shop.known:
        check(shop, int(order))
    made = list(world.made)
    shop.run()
    assert world.made == made


def check(shop: OrderShop, order: int) -> None:
    """One document for each event, of its amount, booked; an invoice without VAT in its prices is
    nearly of it, a credit never."""
    told = [t for t in shop.world.qliro_orders[order].transactions if t.status == "Success"]
    taken = {f"{order}/{t.id}": t.amount for t in told if t.type in ("Capture", "Debit")}
    given = {f"{order}/{t.id}": -abs(t.amount) for t in told
             if t.type == "Refund" or (t.type == "UpdateInvoice" and t.amount < 0)}  # fmt: skip
    reference = shop.world.qliro_orders[order].reference
    found = [one for one in shop.fortnox_invoices if one.external1 == reference]
    wanted = taken | given
    assert all(one.booked for one in found)
    near = 0 if shop.merchant.settings["vat_included"] else 1
    of_order = [one for one in found if "/" not in one.external2]  # it has its order's references
    assert len(of_order) <= 1
    assert len(found) == len(wanted)
    labels = {one.external2: one.total for one in found if one not in of_order}
    for one in of_order:
        (label,) = wanted.keys() - labels.keys()
        labels[label] = one.total
    assert labels.keys() == wanted.keys()
    for label, amount in wanted.items():
        off = abs(labels[label] - amount)
        assert off <= (0 if amount < 0 else near), (label, labels[label], amount)
