"""What is done to an order at Qliro: reserved, captured, returned, released, and what is left.

It reads and writes the world's Qliro orders. The Admin API's calls and the makers of lives both go
through here, so an order's actions and transactions always agree.

An action belongs to its transaction and counts as long as that has not failed (a public client
derives it so). A transaction names what it goes back to: a capture its reservation, a refund its
capture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ..world.world import ZERO, Item, QliroOrder, Transaction, World

RESERVATIONS: Final = frozenset({"Preauthorization", "Debit"})
CAPTURES: Final = frozenset({"Capture", "Debit"})
OPEN: Final = frozenset({"Created", "InProcess", "UserInteractionRequired", "OnHold"})
FAILED: Final = frozenset({"Error", "Cancelled"})
DECLINED: Final = ("PAYMENT_DECLINED", "The payment was declined")
Key = tuple[str, Decimal]


def key(item: Item) -> Key:
    """What makes an item itself (official document): its reference and its price with VAT."""
    return item.reference, item.inc


def total(items: Iterable[Item]) -> Decimal:
    """What items come to with VAT: their number times the price of one.

    A discount takes away, whatever sign its price was sent with.
    """
    prices = ((i.quantity, -abs(i.inc) if i.type == "Discount" else i.inc) for i in items)
    return sum((quantity * price for quantity, price in prices), ZERO)


def transaction(order: QliroOrder, id: int | None) -> Transaction | None:
    """The order's transaction with this id."""
    return next((t for t in order.transactions if t.id == id), None)


def reservation(order: QliroOrder) -> Transaction | None:
    """The last reservation or direct payment that succeeded: the one that counts."""
    good = [t for t in order.transactions if t.type in RESERVATIONS and t.status == "Success"]
    return good[-1] if good else None


def _counting(order: QliroOrder, action: str, origin: int) -> list[Item]:
    """Actions of transactions that go back to ``origin`` and have not failed."""
    ids = {t.id for t in order.transactions if t.original == origin and t.status not in FAILED}
    return [item for item in order.items if item.action == action and item.transaction in ids]


def _less(items: Sequence[Item], taken: Iterable[Item]) -> list[Item]:
    left: dict[Key, Item] = {}
    for item in items:
        before = left.get(key(item))
        left[key(item)] = item if before is None else _more(before, item.quantity)
    for item in taken:
        if key(item) in left:
            left[key(item)] = _more(left[key(item)], -item.quantity)
    return [item for item in left.values() if item.quantity > 0]


def _more(item: Item, by: int) -> Item:
    return replace(item, quantity=item.quantity + by)


def reserved(order: QliroOrder, of: Transaction) -> list[Item]:
    """What a reservation reserved."""
    return [i for i in order.items if i.action == "Reserve" and i.transaction == of.id]


def unshipped(order: QliroOrder, of: Transaction) -> list[Item]:
    """What is left of a reservation: neither shipped nor released."""
    taken = [*_counting(order, "Ship", of.id), *_counting(order, "Release", of.id)]
    return _less(reserved(order, of), taken)


def unreturned(order: QliroOrder, capture: Transaction) -> list[Item]:
    """What a capture shipped, and was added to it, and has not come back."""
    shipped = [i for i in order.items if i.action == "Ship" and i.transaction == capture.id]
    if capture.type == "Debit" and not shipped:
        shipped = reserved(order, capture)
    return _less(shipped, _counting(order, "Return", capture.id))


def unrefunded(order: QliroOrder, capture: Transaction) -> Decimal:
    """The money of a capture that has not gone back."""
    left = capture.amount
    for t in order.transactions:
        if t.original == capture.id and t.status not in FAILED:
            left += t.amount if t.type == "UpdateInvoice" else ZERO
            left -= t.amount if t.type == "Refund" else ZERO
    return left


def under_way(order: QliroOrder, of: Transaction, types: frozenset[str]) -> bool:
    """Whether a transaction of these types is open under a reservation, or under its captures."""
    ids = {of.id} | {t.id for t in order.transactions if t.original == of.id}
    return any(
        t.status in OPEN and t.type in types and t.original in ids for t in order.transactions
    )


def cancelled(order: QliroOrder) -> bool:
    """Whether all that was reserved was given back and nothing was captured."""
    types = {t.type for t in order.transactions if t.status == "Success"}
    held = reservation(order)
    return (
        "Reversal" in types
        and not types & {"Capture"}
        and held is not None
        and not unshipped(order, held)
    )


# -- doing ----------------------------------------------------------------------------------------


def begin(
    world: World,
    order: QliroOrder,
    type: str,
    amount: Decimal,
    items: Sequence[Item] = (),
    *,
    original: int | None = None,
    done: bool = False,
    at: datetime | None = None,
    status: str | None = None,
) -> Transaction:
    """A new transaction with its actions; ``done`` at once, or under way for a while.

    ``status`` leaves it in that state until it is finished by hand; ``at`` dates it, but no two of
    an order's transactions have one time.
    """
    handling, now, held = world.handling, world.now(), world.qliro_orders[order.id]
    moment = max([at or now, *(t.at + timedelta(seconds=1) for t in held.transactions)])
    ends = "Success"
    if not done and status is None and handling.fates:
        ends = handling.fates.popleft()
    due = None if done or status else now + timedelta(seconds=handling.seconds)
    made = Transaction(
        world.next("transaction", 3290001),
        type,
        amount,
        moment,
        status or ("Success" if done else "Created"),
        original,
        due,
        ends,
        subtype="VISA" if order.method == "CREDITCARDS" else None,
    )
    placed = tuple(
        replace(item, id=world.next("item action", 1), transaction=made.id) for item in items
    )
    world.qliro_orders[order.id] = replace(
        held, transactions=(*held.transactions, made), items=(*held.items, *placed)
    )
    if due is not None:
        world.under_way.append((due, order.id, made.id))
    return made


def end(world: World, order: int, id: int, status: str) -> None:
    """A transaction comes to its end."""
    held = world.qliro_orders[order]
    world.qliro_orders[order] = replace(
        held,
        transactions=tuple(
            replace(t, status=status, due=None, error=DECLINED if status == "Error" else None)
            if t.id == id
            else t
            for t in held.transactions
        ),
    )


def ripen(world: World) -> None:
    """Brings to their end the transactions whose time has come."""
    if not world.under_way:
        return
    due = [item for item in world.under_way if item[0] <= world.now()]
    for item in due:
        world.under_way.remove(item)
        _, order, id = item
        held = transaction(world.qliro_orders[order], id)
        if held is not None and held.status in OPEN:
            end(world, order, id, held.ends)


def finish(world: World, status: str = "Success") -> None:
    """Brings every open transaction of every order to its end now, as ``status``."""
    world.under_way.clear()
    for order in list(world.qliro_orders.values()):
        for item in order.transactions:
            if item.status in OPEN:
                end(world, order.id, item.id, status)
