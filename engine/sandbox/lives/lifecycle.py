"""The life of a Qliro order, as a test or a maker tells it: secured, captured, refunded, paid out.

It reads and writes the world's Qliro orders and payouts. What is done ``by="portal"`` is done at
once, as by a person in Qliro's portal; ``by="api"`` leaves it under way, as a call of the API does.
Amounts are kronor, or the order's currency, with VAT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from ..history import fee_line, new_reference, payout_day, rounded, settle
from ..qliro import operations
from ..qliro.operations import finish
from ..world.world import ZERO, Batch, Item, Line, QliroOrder, Transaction, World

__all__ = [
    "cancel",
    "capture",
    "discount",
    "finish",
    "lot",
    "pay_out",
    "refund",
    "secure",
    "update",
]
By = Literal["portal", "api"]
Quantities = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Life:
    """What a maker made: its orders at Qliro, and in one word what is to become of them.

    ``expect`` is ``order`` (secured, nothing more), ``invoice`` (captured), ``credit`` (refunded),
    ``cancelled`` (given back before capture), ``waiting`` (not decided yet), ``nothing`` (no sale
    came of it) or ``parked`` (a person must look); where a setting decides, ``note`` says which.
    """

    name: str
    expect: str
    orders: tuple[int, ...]
    note: str = ""

    @property
    def order(self) -> int:
        """The OrderId of its first order."""
        return self.orders[0]


def lot(
    reference: str,
    inc: str | Decimal,
    quantity: int = 1,
    *,
    rate: str | Decimal | None = "25",
    type: str = "Product",
    text: str | None = None,
    ex: str | Decimal | None = None,
    told: bool = True,
) -> Item:
    """An item of an order: so many of ``reference`` for ``inc`` each, VAT in.

    ``ex`` is worked out from ``rate`` to whole öre, as shops do; ``told`` False leaves ``VatRate``
    out, as orders from before 2025 do.
    """
    price = Decimal(inc)
    percent = None if rate is None else Decimal(rate)
    without = rounded(price / (1 + (percent or ZERO) / 100)) if ex is None else Decimal(ex)
    shown = percent if told else None
    return Item(
        0, reference, text or reference, quantity, price, without, "Reserve", type, 0, shown
    )


def secure(
    world: World,
    items: Sequence[Item],
    *,
    reference: str | None = None,
    method: str = "QLIRO_INVOICE",
    currency: str = "SEK",
    country: str = "SE",
    day: date | None = None,
    status: str = "Success",
    type: str = "Preauthorization",
    **fields: Any,
) -> QliroOrder:
    """An order whose payment is secured, two days ago unless ``day`` says when.

    ``status`` is that of the reservation, which stays so until somebody finishes it; ``fields`` are
    those of ``QliroOrder``.
    """
    at = _at(world, day or world.today() - timedelta(days=2), 10)
    given: dict[str, Any] = {"type_code": "INVOICE" if method.startswith("QLIRO") else "704"}
    id = world.next("qliro order", 4900001)
    order = QliroOrder(
        id,
        new_reference(world) if reference is None else reference,
        currency,
        country,
        method,
        **(given | fields),
    )
    world.qliro_orders[id] = order
    left = None if status == "Success" else status
    made = operations.begin(
        world, order, type, operations.total(items), items, done=left is None, at=at, status=left
    )
    if left in operations.FAILED:
        operations.end(world, id, made.id, left)
    return world.qliro_orders[id]


def _at(world: World, day: date, hour: int) -> datetime:
    return world.now().replace(
        year=day.year, month=day.month, day=day.day, hour=hour, minute=0, second=0, microsecond=0
    )


def _now(world: World, order: QliroOrder | int) -> QliroOrder:
    return world.qliro_orders[order if isinstance(order, int) else order.id]


def _chosen(left: Sequence[Item], wanted: Quantities | None, action: str) -> list[Item]:
    items = []
    for item in left:
        quantity = (
            item.quantity if wanted is None else min(item.quantity, wanted.get(item.reference, 0))
        )
        if quantity:
            items.append(replace(item, action=action, quantity=quantity))
    return items


def capture(
    world: World,
    order: QliroOrder | int,
    items: Quantities | None = None,
    *,
    by: By = "portal",
    day: date | None = None,
) -> Transaction:
    """A capture of what is left of the reservation, or of some of it by reference and number."""
    held = _now(world, order)
    of = operations.reservation(held)
    if of is None:
        raise ValueError(f"order {held.id} has no payment to capture")
    shipped = _chosen(operations.unshipped(held, of), items, "Ship")
    when = _at(world, day, 14) if day else None
    done = by == "portal"
    return operations.begin(
        world,
        held,
        "Capture",
        operations.total(shipped),
        shipped,
        original=of.id,
        done=done,
        at=when,
    )


def captures(world: World, order: QliroOrder | int) -> list[Transaction]:
    """The captures of an order that succeeded, oldest first; a direct payment is one."""
    held = _now(world, order)
    good = [t for t in held.transactions if t.status == "Success"]
    return [t for t in good if t.type == "Capture"] or [t for t in good if t.type == "Debit"]


def refund(
    world: World,
    order: QliroOrder | int,
    items: Quantities | None = None,
    *,
    of: Transaction | None = None,
    fee: Item | None = None,
    by: By = "portal",
    day: date | None = None,
) -> list[Transaction]:
    """Returns of what was captured, or of some of it: one refund for each capture it falls on.

    ``of`` keeps to one capture; ``fee`` is what the buyer is charged for the return.
    """
    wanted = None if items is None else dict(items)
    made: list[Transaction] = []
    for taken in [of] if of else captures(world, order):
        held = _now(world, order)
        back = _chosen(operations.unreturned(held, taken), wanted, "Return")
        if not back:
            continue
        if wanted is not None:
            for item in back:
                wanted[item.reference] -= item.quantity
        charged = [replace(fee, action="Ship")] if fee and not made else []
        amount = operations.total(back) - operations.total(charged)
        made.append(
            operations.begin(
                world,
                held,
                "Refund",
                amount,
                [*back, *charged],
                original=taken.id,
                done=by == "portal",
                at=_at(world, day, 15) if day else None,
            )
        )
    return made


def discount(
    world: World,
    order: QliroOrder | int,
    amount: str | Decimal,
    *,
    rate: str | None = "25",
    of: Transaction | None = None,
    text: str = "Refund",
    by: By = "portal",
    day: date | None = None,
) -> Transaction:
    """A refund of an amount alone: one Discount line added to the invoice, as one module does all.

    ``world.handling.added_discount`` says which type of transaction it becomes.
    """
    held = _now(world, order)
    taken = of or captures(world, order)[-1]
    line = replace(lot(text, -Decimal(amount), rate=rate, type="Discount"), action="Ship")
    type = world.handling.added_discount
    value = Decimal(amount) if type == "Refund" else -Decimal(amount)
    when = _at(world, day, 15) if day else None
    done = by == "portal"
    return operations.begin(world, held, type, value, [line], original=taken.id, done=done, at=when)


def cancel(world: World, order: QliroOrder | int, *, by: By = "portal") -> Transaction:
    """What is left of the reservation is released, its money reversed."""
    held = _now(world, order)
    of = operations.reservation(held)
    if of is None:
        raise ValueError(f"order {held.id} has no payment to cancel")
    items = _chosen(operations.unshipped(held, of), None, "Release")
    done = by == "portal"
    return operations.begin(
        world, held, "Reversal", operations.total(items), items, original=of.id, done=done
    )


def update(
    world: World, order: QliroOrder | int, items: Sequence[Item], *, by: By = "portal"
) -> Transaction:
    """Another reservation in place of the one before, which keeps its status (UpdateItems)."""
    held = _now(world, order)
    before = operations.reservation(held)
    original = before.id if before else None
    done = by == "portal"
    return operations.begin(
        world,
        held,
        "Preauthorization",
        operations.total(items),
        items,
        original=original,
        done=done,
    )


# -- paying out -----------------------------------------------------------------------------------


def pay_out(
    world: World,
    orders: Iterable[QliroOrder | int] | None = None,
    *,
    day: date | None = None,
    fee: str | Decimal = "0",
) -> list[Batch]:
    """A payout, one for each currency, of the orders' transactions that no payout holds yet.

    Captures, direct payments, refunds and changes of invoices that succeeded; ``fee`` is charged on
    each of them. Orders that cost nothing bring no line. ``day`` is that of the payout.
    """
    day = day or payout_day(world)
    settled = {line.transaction for batch in world.batches.values() for line in batch.lines}
    lines: dict[str, list[Line]] = {}
    for given in orders if orders is not None else list(world.qliro_orders):
        order = _now(world, given)
        shipped = any(t.type == "Capture" and t.status == "Success" for t in order.transactions)
        for item in order.transactions:
            if item.id in settled or item.status != "Success" or not item.amount:
                continue
            line = _line(order, item, day, direct=not shipped)
            if line is not None:
                found = lines.setdefault(order.currency, [])
                found.append(line)
                if Decimal(fee):
                    found.append(fee_line(line, Decimal(fee)))
    return [settle(world, found, day=day) for found in lines.values()]


def _line(order: QliroOrder, item: Transaction, day: date, *, direct: bool) -> Line | None:
    """A transaction as a settlement line; a direct payment counts unless it was captured too."""
    sale = item.type == "Capture" or (item.type == "Debit" and direct)
    if item.type == "UpdateInvoice":
        sale = item.amount > 0
    elif not sale and item.type != "Refund":
        return None
    return Line(
        action="Debit" if sale else "Credit",
        type="Transaction",
        amount=abs(item.amount),
        currency=order.currency,
        method=order.method,
        subtype=item.subtype,
        settled=day,
        completed=item.at,
        order=order.id,
        transaction=item.id,
        reference=order.reference,
        country=order.country,
    )
