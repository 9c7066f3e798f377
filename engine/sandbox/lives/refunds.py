"""Lives of orders that were captured and went back, whole or in part, in the ways Qliro knows.

Each maker adds one order to a world; its docstring says what came back and how.
"""

from __future__ import annotations

from dataclasses import replace

from ..qliro import operations
from ..world.world import QliroOrder, World
from .lifecycle import Life, cancel, capture, captures, discount, lot, refund, secure
from .orders import SHIPPING, freight, goods


def _sold(world: World) -> QliroOrder:
    order = secure(world, [*goods(), freight()])
    capture(world, order)
    return order


def refunded_whole(world: World) -> Life:
    """All of it came back, shipping too."""
    order = _sold(world)
    refund(world, order)
    return Life("refunded_whole", "credit", (order.id,))


def refunded_rows(world: World) -> Life:
    """One pair of socks of two came back: a part of a row."""
    order = _sold(world)
    refund(world, order, {"STRUMPOR-3": 1})
    return Life("refunded_rows", "credit", (order.id,))


def refunded_twice(world: World) -> Life:
    """Two refunds of one capture, a day apart: Fortnox links only one credit to an invoice."""
    order = _sold(world)
    refund(world, order, {"STRUMPOR-3": 1})
    refund(world, order, {"TSHIRT-BLA-M": 1})
    return Life("refunded_twice", "credit", (order.id,), "the second is not linked")


def refunded_same_twice(world: World) -> Life:
    """Two equal refunds, one piece each: alike in all but their transaction."""
    order = _sold(world)
    refund(world, order, {"STRUMPOR-3": 1})
    refund(world, order, {"STRUMPOR-3": 1})
    return Life("refunded_same_twice", "credit", (order.id,))


def refunded_amount(world: World) -> Life:
    """An amount alone: one Discount line added to the invoice, which became a Refund."""
    order = _sold(world)
    discount(world, order, "75.00")
    return Life("refunded_amount", "credit", (order.id,))


def refunded_amount_by_update(world: World) -> Life:
    """An amount alone: the added Discount line became an UpdateInvoice, below zero."""
    order = _sold(world)
    before = world.handling.added_discount
    world.handling.added_discount = "UpdateInvoice"
    discount(world, order, "75.00")
    world.handling.added_discount = before
    return Life("refunded_amount_by_update", "credit", (order.id,))


def refunded_amount_without_vat(world: World) -> Life:
    """An amount alone whose line has no VAT: how much VAT goes back is not told."""
    order = _sold(world)
    discount(world, order, "75.00", rate="0")
    return Life("refunded_amount_without_vat", "credit", (order.id,), "VAT pro rata")


def refunded_less_fee(world: World) -> Life:
    """A row came back and the return cost a fee: less is refunded than the row was sold for."""
    order = _sold(world)
    fee = lot("returavgift", "49.00", type="Fee", text="Returavgift")
    refund(world, order, {"TSHIRT-BLA-M": 1}, fee=fee)
    return Life("refunded_less_fee", "credit", (order.id,))


def refunded_across_captures(world: World) -> Life:
    """Two captures, and all came back: one refund for each."""
    order = secure(world, [*goods(), freight()])
    capture(world, order, {"TSHIRT-BLA-M": 1, SHIPPING: 1})
    capture(world, order, {"STRUMPOR-3": 2})
    refund(world, order)
    return Life("refunded_across_captures", "credit", (order.id,))


def refunded_one_capture(world: World) -> Life:
    """Two captures, and a piece of the second came back."""
    order = secure(world, [*goods(), freight()])
    capture(world, order, {"TSHIRT-BLA-M": 1, "STRUMPOR-3": 1})
    second = capture(world, order)
    refund(world, order, {"STRUMPOR-3": 1}, of=second)
    return Life("refunded_one_capture", "credit", (order.id,))


def refunded_with_discount(world: World) -> Life:
    """A discounted order came back whole, its discount with it."""
    items = [*goods(), lot("RABATT", "-100.00", type="Discount", text="Rabattkod HÖST")]
    order = secure(world, items)
    capture(world, order)
    refund(world, order)
    return Life("refunded_with_discount", "credit", (order.id,))


def refunded_with_invoice_fee(world: World) -> Life:
    """All came back, the invoice fee that Qliro had added too."""
    fee = lot("qliro-invoice-fee", "29.00", type="Fee", text="Fakturaavgift")
    order = secure(world, [*goods(), fee])
    capture(world, order)
    refund(world, order)
    return Life("refunded_with_invoice_fee", "credit", (order.id,))


def refund_of_direct_payment(world: World) -> Life:
    """A direct payment, part of it refunded: the refund goes back to the Debit."""
    order = secure(world, goods(), method="SWISH", type="Debit")
    refund(world, order, {"TSHIRT-BLA-M": 1})
    return Life("refund_of_direct_payment", "credit", (order.id,))


def refund_failed(world: World) -> Life:
    """A refund that ended as Error: the money stayed, nothing is to be credited."""
    order = _sold(world)
    for made in refund(world, order, {"STRUMPOR-3": 1}):
        operations.end(world, order.id, made.id, "Error")
    return Life("refund_failed", "invoice", (order.id,))


def refund_under_way(world: World) -> Life:
    """A refund that Qliro has taken and not ended."""
    order = _sold(world)
    (made,) = refund(world, order, {"STRUMPOR-3": 1})
    held = world.qliro_orders[order.id]
    kept = tuple(
        replace(t, status="InProcess") if t.id == made.id else t for t in held.transactions
    )
    world.qliro_orders[order.id] = replace(held, transactions=kept)
    return Life("refund_under_way", "invoice", (order.id,), "the refund waits")


def refund_without_original(world: World) -> Life:
    """A refund that names no capture: OriginalPaymentTransactionId may be null."""
    order = _sold(world)
    (made,) = refund(world, order, {"STRUMPOR-3": 1})
    held = world.qliro_orders[order.id]
    kept = tuple(replace(t, original=None) if t.id == made.id else t for t in held.transactions)
    world.qliro_orders[order.id] = replace(held, transactions=kept)
    return Life("refund_without_original", "credit", (order.id,))


def trustly_cancelled(world: World) -> Life:
    """Trustly: cancelling gave a Reversal and a Refund of a payment that was never captured."""
    order = secure(world, goods(), method="TRUSTLY")
    reserved = order.transactions[0]
    cancel(world, order)
    operations.begin(world, order, "Refund", reserved.amount, original=reserved.id, done=True)
    return Life("trustly_cancelled", "cancelled", (order.id,), "its refund is of no invoice")


def added_to_invoice(world: World) -> Life:
    """A row was added to a captured invoice: an UpdateInvoice above zero."""
    order = _sold(world)
    taken = captures(world, order)[-1]
    more = replace(lot("SKORENGORING", "59.00", text="Skorengöring"), action="Ship")
    operations.begin(
        world,
        order,
        "UpdateInvoice",
        operations.total([more]),
        [more],
        original=taken.id,
        done=True,
    )
    return Life("added_to_invoice", "invoice", (order.id,), "the addition is a sale of its own")
