"""What changes an order at Qliro: shipped, returned, added to, updated, cancelled, renamed.

It reads a signed request and writes the order's transactions and actions. An answer only says that
the request was taken: each transaction is under way until its time comes (``world.handling``). All
parts of a request are carried out or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from ..world.exchange import Request, Response, answered
from ..world.world import Item, QliroOrder, Transaction, World
from . import operations
from .orders import TRANSACTION_STATUSES
from .requests import (
    DeniedError,
    admitted,
    body_of,
    charges_of,
    denied_repetition,
    items_of,
    order_in,
    parts_of,
    reference_in,
    remember,
)
from .spelling import enum

_Body = Mapping[str, Any]
_BUSY: Final = (
    "Evaluation, Operation is not supported for this order. Another transaction is already in "
    "process. Please retry shortly"
)
_MONEY_BACK: Final = frozenset({"Refund", "Reversal", "UpdateInvoice"})
_WITHOUT_CURRENCY: Final = frozenset({"cancelorder", "updatemerchantreference"})
_ANY: Final = _MONEY_BACK | {"Capture", "Preauthorization"}


def answer(world: World, request: Request, call: str, pair: str | None) -> Response | None:
    """The answer to a POST, None where there is no such call; ``pair`` is whose secret signed."""
    known = _CALLS.get(call)
    if known is None:
        return None
    name, carry_out = known
    body: _Body = {}
    try:
        body = body_of(request)
        turned_away = admitted(world, body, call, pair)
        if turned_away is not None:
            return turned_away
        denied_repetition(world, body)
        order = order_in(world, body, currency=call not in _WITHOUT_CURRENCY)
        response = _whole(world, order, body, carry_out)
    except DeniedError as denied:
        if world.handling.request_ids == "all":
            remember(world, body)
        return denied.response
    remember(world, body)
    world.made.append((name, str(order.id)))
    return response


def _whole(
    world: World,
    order: QliroOrder,
    body: _Body,
    carry_out: Callable[[World, QliroOrder, _Body], Response],
) -> Response:
    """Carries a request out, or leaves the order as it was."""
    waiting = list(world.under_way)
    try:
        return carry_out(world, order, body)
    except DeniedError:
        world.qliro_orders[order.id], world.under_way = order, waiting
        raise


def _taken(world: World, made: Sequence[Transaction], what: str, order: QliroOrder) -> Response:
    conventions = world.conventions
    content = [
        {
            "PaymentTransactionId": item.id,
            "Status": enum(item.status, TRANSACTION_STATUSES, conventions, ordinal),
        }
        for ordinal, item in enumerate(made)
    ]
    ids = ", ".join(str(item.id) for item in made)
    return answered({"PaymentTransactions": content}, 200, f"order {order.id} {what}: {ids}")


def _alive(order: QliroOrder) -> None:
    if operations.cancelled(order):
        raise DeniedError(
            "ORDER_HAS_BEEN_CANCELLED", f"Evaluation, Order {order.id} has been cancelled"
        )


def _free(order: QliroOrder, of: Transaction, types: frozenset[str]) -> None:
    if operations.under_way(order, of, types):
        raise DeniedError("OPERATION_NOT_SUPPORTED", _BUSY)


def _reservation(order: QliroOrder, part: _Body, what: str) -> Transaction:
    """The reservation that a part names, or the last; one that is not good is refused."""
    id = part.get("PaymentTransactionId")
    last = operations.reservation(order)
    if id is None:
        if last is not None:
            return last
        if any(t.status == "OnHold" for t in order.transactions) and what == "updated":
            raise DeniedError("PAYMENT_ONHOLD", "Evaluation, The payment is on hold")
        message = f"Evaluation, Operation is not supported for this order. Items cannot be {what}."
        raise DeniedError("OPERATION_NOT_SUPPORTED", message)
    named = operations.transaction(order, id)
    if named is not None and named.status == "OnHold" and what == "updated":
        raise DeniedError("PAYMENT_ONHOLD", "Evaluation, The payment is on hold")
    if named is None or named.type not in operations.RESERVATIONS or named.status != "Success":
        message = f"Payment references {id} does not connect to a success PreAuthrization or Debit"
        raise DeniedError("PAYMENT_REFERENCE_IS_INCORRECT", message)
    return named


def _found(item: Item, among: Sequence[Item], left: Sequence[Item], where: tuple[str, str]) -> Item:
    """What the order holds of an item, in the number asked for: known by reference and price."""
    held = next((i for i in among if operations.key(i) == operations.key(item)), None)
    if held is None:
        raise DeniedError(
            "INVALID_ITEM",
            f"Evaluation, Could not find a matching item in the original {where[0]} with "
            f"MerchantReference '{item.reference}' and PricePerItemIncludingVat {item.inc:.2f} "
            f"in the {where[1]}",
        )
    rest = next((i.quantity for i in left if operations.key(i) == operations.key(item)), 0)
    if item.quantity > rest:
        raise DeniedError(
            "EXCEEDING_QUANTITY",
            f"Evaluation, The quantity {item.quantity} of '{item.reference}' exceeds the {rest} "
            f"left in the {where[1]}",
        )
    return replace(held, quantity=item.quantity, action=item.action)


def _matched(
    items: Sequence[Item], among: Sequence[Item], left: Sequence[Item], where: tuple[str, str]
) -> list[Item]:
    """The items as the order holds them; one that is named twice counts together."""
    whole: dict[tuple[object, str], Item] = {}
    for item in items:
        before = whole.get((operations.key(item), item.action))
        quantity = item.quantity + (before.quantity if before else 0)
        whole[operations.key(item), item.action] = replace(item, quantity=quantity)
    return [_found(item, among, left, where) for item in whole.values()]


# -- shipping -------------------------------------------------------------------------------------


def _ship(world: World, order: QliroOrder, body: _Body) -> Response:
    """``MarkItemsAsShipped``: one capture for each shipment."""
    _alive(order)
    made = []
    for n, part in enumerate(parts_of(body, "Shipments")):
        held = world.qliro_orders[order.id]
        of = _reservation(held, part, "marked as shipped")
        _free(held, of, frozenset({"Reversal", "Preauthorization"}))
        last = operations.reservation(held)
        left = operations.unshipped(held, of) if last is not None and last.id == of.id else []
        if not left:
            raise DeniedError(
                "NO_ITEMS_LEFT_IN_RESERVATION",
                f"Evaluation, No items left in the reservation of transaction {of.id}",
            )
        items = items_of(part, f"Shipments[{n}]", "Ship", new=False)
        where = ("order", f"order {order.id}")
        items = _matched(items, operations.reserved(held, of), left, where)
        amount = operations.total(items)
        if amount < 0 or amount > operations.total(left):
            raise DeniedError(
                "INVALID_REQUEST_TOTAL_AMOUNT",
                f"Evaluation, The request's total {amount} does not fit the "
                f"{operations.total(left)} that is left of the order",
            )
        made.append(operations.begin(world, held, "Capture", amount, items, original=of.id))
    return _taken(world, made, "shipped", order)


# -- money back -----------------------------------------------------------------------------------


def _capture(world: World, order: QliroOrder, part: _Body) -> Transaction:
    """The capture that a part names."""
    id = part.get("PaymentTransactionId")
    named = operations.transaction(order, id)
    if named is None:
        if any(t.id == id for o in world.qliro_orders.values() for t in o.transactions):
            message = "Operation is not supported for this order PaymentTransactions belong to"
            raise DeniedError("OPERATION_NOT_SUPPORTED", f"Evaluation, {message} different Orders.")
        raise DeniedError("NO_PAYMENT_TRANSACTION", f"Evaluation, No payment transaction {id}")
    if named.type not in operations.CAPTURES:
        raise DeniedError(
            "INVALID_PAYMENT_TYPE",
            f"Evaluation, Type of transaction '{id}' of order '{order.id}' is invalid. Expected "
            f"type 'Capture' but actual type '{named.type}'",
        )
    if named.status in operations.OPEN:
        raise DeniedError("OPERATION_NOT_SUPPORTED", _BUSY)
    if named.status != "Success":
        raise DeniedError(
            "NO_SHIPPED_ITEMS_AVAILABLE", f"Evaluation, Nothing was shipped by transaction {id}"
        )
    return named


def _authorisation(order: QliroOrder, capture: Transaction) -> Transaction:
    return operations.transaction(order, capture.original) or capture


def _return(world: World, order: QliroOrder, body: _Body) -> Response:
    """``ReturnItems``: one refund for each capture; one in process for an authorisation at most."""
    parts = [(part, _capture(world, order, part)) for part in parts_of(body, "Returns")]
    for _, capture in parts:
        _free(order, _authorisation(order, capture), _MONEY_BACK)
    made = []
    for n, (part, capture) in enumerate(parts):
        held, where = world.qliro_orders[order.id], f"Returns[{n}]"
        items = items_of(part, where, "Return", new=False)
        shipped = [i for i in held.items if i.transaction == capture.id]
        left = operations.unreturned(held, capture)
        items = _matched(items, shipped, left, ("shipment", f"shipment {capture.id}"))
        fees = charges_of(part, where, "Fees", "Fee")
        less = charges_of(part, where, "Discounts", "Discount")
        less = [replace(item, action="Return") for item in less]
        amount = operations.total([*items, *less]) - operations.total(fees)
        if amount <= 0:
            raise DeniedError(
                "INVALID_REQUEST_TOTAL_AMOUNT",
                "Item prices in the request should add up to a positive total amount in order to "
                f"proceed. Actual Request Total '{amount}'",
            )
        _within(held, capture, amount)
        everything = [*items, *less, *fees]
        made.append(
            operations.begin(world, held, "Refund", amount, everything, original=capture.id)
        )
    return _taken(world, made, "returned", order)


def _within(order: QliroOrder, capture: Transaction, amount: Decimal) -> None:
    left = operations.unrefunded(order, capture)
    if amount > left:
        raise DeniedError(
            "INVALID_REQUEST_TOTAL_AMOUNT",
            f"Evaluation, The amount {amount} exceeds the {left} left of transaction {capture.id}",
        )


def _add(world: World, order: QliroOrder, body: _Body) -> Response:
    """``AddItemsToInvoice``: lines added to a capture; a Discount is a refund of an amount."""
    if not any(t.type in operations.CAPTURES for t in order.transactions):
        raise DeniedError(
            "NO_SHIPPED_ITEMS_AVAILABLE", f"Evaluation, Nothing of order {order.id} was shipped"
        )
    parts = [(part, _capture(world, order, part)) for part in parts_of(body, "Additions")]
    for _, capture in parts:
        _free(order, _authorisation(order, capture), _MONEY_BACK)
    made = []
    for n, (part, capture) in enumerate(parts):
        held = world.qliro_orders[order.id]
        items = items_of(part, f"Additions[{n}]", "Ship", new=True)
        change = operations.total(items)
        _within(held, capture, -change)
        own = order.method.startswith("QLIRO")
        if change > 0 and not own:
            raise DeniedError(
                "OPERATION_NOT_SUPPORTED",
                f"Evaluation, Operation is not supported for the order '{order.id}' Adding items "
                "that increase the original reserved amount are not allowed for this payment "
                "method.",
            )
        if change > capture.amount * world.handling.increase_percent / 100:
            raise DeniedError(
                "INVALID_REQUEST_TOTAL_AMOUNT",
                f"Evaluation, The invoice may not be increased by {change}",
            )
        refund = change < 0 and (not own or world.handling.added_discount == "Refund")
        type, amount = ("Refund", -change) if refund else ("UpdateInvoice", change)
        made.append(operations.begin(world, held, type, amount, items, original=capture.id))
    return _taken(world, made, "added to", order)


# -- the reservation ------------------------------------------------------------------------------


def _update(world: World, order: QliroOrder, body: _Body) -> Response:
    """``UpdateItems``: another reservation, whose items replace those not shipped yet."""
    _alive(order)
    made = []
    for n, part in enumerate(parts_of(body, "Updates")):
        held = world.qliro_orders[order.id]
        of = _reservation(held, part, "updated")
        _free(held, of, _ANY)
        shipped = [i for i in held.items if i.action == "Ship"]
        if shipped and not order.method.startswith("QLIRO"):
            message = "Operation is not supported for this order. Items cannot be updated."
            raise DeniedError("OPERATION_NOT_SUPPORTED", f"Evaluation, {message}")
        if not operations.unshipped(held, of):
            raise DeniedError(
                "NO_ITEMS_LEFT_IN_RESERVATION",
                f"Evaluation, No items left in the reservation of transaction {of.id}",
            )
        items = items_of(part, f"Updates[{n}]", "Reserve", new=True)
        _one_price(items, shipped)
        amount = operations.total(items)
        if amount < 0:
            raise DeniedError("INVALID_REQUEST_TOTAL_AMOUNT", f"Evaluation, The total is {amount}")
        made.append(
            operations.begin(world, held, "Preauthorization", amount, items, original=of.id)
        )
    return _taken(world, made, "updated", order)


def _one_price(items: Sequence[Item], shipped: Sequence[Item]) -> None:
    """Refuses one item with two prices without VAT, or another than it was shipped with."""
    seen: dict[operations.Key, Item] = {}
    for item in items:
        if seen.setdefault(operations.key(item), item).ex != item.ex:
            raise DeniedError(
                "INVALID_REQUEST", f"Evaluation, '{item.reference}' has two prices without VAT"
            )
        if any(operations.key(s) == operations.key(item) and s.ex != item.ex for s in shipped):
            raise DeniedError(
                "ITEM_SHIPPED_WITH_DIFFERENT_PRICEEXVAT_DESCRIPTION",
                f"Evaluation, '{item.reference}' was shipped with another price without VAT",
            )


def _cancel(world: World, order: QliroOrder, body: _Body) -> Response:
    """``cancelOrder``: what is not shipped is released; Trustly gives a Refund besides."""
    _alive(order)
    of = operations.reservation(order)
    if of is None:
        raise DeniedError(
            "NO_PAYMENT_TRANSACTION", f"Evaluation, Order {order.id} has no payment to cancel"
        )
    _free(order, of, _ANY)
    items = [replace(item, action="Release") for item in operations.unshipped(order, of)]
    if not items:
        raise DeniedError(
            "NO_ITEMS_TO_CANCEL", f"Evaluation, Order {order.id} has no items to cancel"
        )
    amount = operations.total(items)
    made = [operations.begin(world, order, "Reversal", amount, items, original=of.id)]
    if order.method.startswith("TRUSTLY"):
        made.append(operations.begin(world, order, "Refund", amount, original=of.id))
    return _taken(world, made, "cancelled", order)


def _rename(world: World, order: QliroOrder, body: _Body) -> Response:
    """``updatemerchantreference``: for Qliro's own methods it makes another reservation."""
    reference = reference_in(body)
    effect = f"order {order.id} renamed {reference}"
    if not world.handling.reference_fails:
        world.qliro_orders[order.id] = replace(order, reference=reference)
    of = operations.reservation(order)
    left = operations.unshipped(order, of) if of else []
    if of is None or not left or not order.method.startswith("QLIRO"):
        return answered({"discriminator": "UpdateMerchantReference"}, 200, effect)
    items = [replace(item, action="Reserve") for item in left]
    made = operations.begin(
        world, order, "Preauthorization", operations.total(items), items, original=of.id
    )
    content = {
        "discriminator": "UpdateMerchantReferenceWithTransaction",
        "PaymentTransactionId": made.id,
        "Status": enum(made.status, TRANSACTION_STATUSES, world.conventions, 0),
    }
    return answered(content, 200, effect)


_CALLS: Final[Mapping[str, tuple[str, Callable[[World, QliroOrder, _Body], Response]]]] = {
    "markitemsasshipped": ("MarkItemsAsShipped", _ship),
    "returnitems": ("ReturnItems", _return),
    "additemstoinvoice": ("AddItemsToInvoice", _add),
    "updateitems": ("UpdateItems", _update),
    "cancelorder": ("cancelOrder", _cancel),
    "updatemerchantreference": ("updatemerchantreference", _rename),
}
