"""Seeded troubles of whole payouts and of how Qliro speaks: totals, states, changes, enums.

Each adds one oddity to a world, in a payout of its own or ``into`` an existing one, and returns
what it made. Those that change how all of Qliro speaks set the world's conventions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from ..history import (
    Sale,
    fee_line,
    new_credit_invoice,
    new_sale,
    pay,
    payout_day,
    transaction_line,
)
from ..trouble import Trouble, captured, made
from ..world.world import Invoice, Line, World, interim_account

LATER: Final = timedelta(days=1)


def _sales(world: World, into: int | None, count: int = 1, **fields: Any) -> list[Sale]:
    return [new_sale(world, day=captured(world, into), **fields) for _ in range(count)]


def _invoices(sales: Sequence[Sale]) -> list[Invoice]:
    return [sale.invoice for sale in sales if sale.invoice is not None]


def _refund(world: World, amount: str) -> tuple[Line, Invoice]:
    """A refund of a sale that an earlier payout paid, with its credit invoice."""
    day = captured(world)
    sale = new_sale(world, Decimal(amount), day=day - timedelta(days=14))
    (invoice,) = _invoices([sale])
    pay(world, invoice, invoice.total, interim_account(world, sale.order.method), day=invoice.day)
    credit = new_credit_invoice(world, world.invoices[invoice.number], -invoice.total, day=day)
    return transaction_line(world, sale.order, invoice.total, day=day, refund=True), credit


# -- signs and totals -----------------------------------------------------------------------------


def negative_payout(world: World, into: int | None = None) -> Trouble:
    """More refunded than sold: Qliro takes money back, the transfer goes the other way; posted."""
    sale = new_sale(world, Decimal("100.00"), day=captured(world))
    refund, credit = _refund(world, "650.00")
    invoices = [*_invoices([sale]), credit]
    return made(world, "negative_payout", [sale.line, refund], invoices)


def only_refunds_payout(world: World, into: int | None = None) -> Trouble:
    """A payout of refunds and nothing else: posted, negative."""
    pairs = [_refund(world, amount) for amount in ("220.00", "75.00")]
    lines = [line for line, _ in pairs]
    return made(world, "only_refunds_payout", lines, [credit for _, credit in pairs])


def zero_payout(world: World, into: int | None = None) -> Trouble:
    """Sales and refunds that cancel to the öre: every line posted, nothing to transfer."""
    sale = new_sale(world, Decimal("300.00"), day=captured(world))
    refund, credit = _refund(world, "300.00")
    return made(world, "zero_payout", [sale.line, refund], [*_invoices([sale]), credit])


def empty_payout(world: World, into: int | None = None) -> Trouble:
    """A payout without a line, totals 0: nothing to do, and no voucher."""
    return made(world, "empty_payout", [], ())


def payout_total_disagrees(world: World, into: int | None = None) -> Trouble:
    """``TotalAmount`` is 10.00 more than the lines make: the payout is parked whole."""
    sales = _sales(world, into, 2)
    return made(
        world,
        "payout_total_disagrees",
        [sale.line for sale in sales],
        _invoices(sales),
        into,
        expect="payout parked",
        total_off_by=Decimal("10.00"),
    )


def payout_summary_disagrees(world: World, into: int | None = None) -> Trouble:
    """The summaries say 0.01 more debit than the lines: the payout is parked whole."""
    sales = _sales(world, into, 2)
    return made(
        world,
        "payout_summary_disagrees",
        [sale.line for sale in sales],
        _invoices(sales),
        into,
        expect="payout parked",
        summary_off_by=Decimal("0.01"),
    )


# -- what changes ---------------------------------------------------------------------------------


def batch_grows_later(world: World, into: int | None = None) -> Trouble:
    """A line comes into the payout a day after it was first listed, totals with it: the new line is
    handled then. Advance the clock by a day to see it."""
    first, second = _sales(world, into, 2)
    late = replace(second.line, appears=world.now() + LATER)
    lines = [first.line, late]
    return made(world, "batch_grows_later", lines, _invoices([first, second]), into)


def batch_shrinks_later(world: World, into: int | None = None) -> Trouble:
    """A line vanishes from the payout after a day, totals with it: if it was posted by then, the
    vanished line is parked and nothing is reversed."""
    first, second = _sales(world, into, 2)
    gone = replace(second.line, vanishes=world.now() + LATER)
    note = "the second line is posted, and parked once it has vanished"
    lines = [first.line, gone]
    return made(world, "batch_shrinks_later", lines, _invoices([first, second]), into, note=note)


def pending_becomes_accepted(world: World, into: int | None = None) -> Trouble:
    """A line is pending and a day later accepted in the same payout: outside, then posted."""
    first, second = _sales(world, into, 2)
    moment = world.now() + LATER
    lines = [
        first.line,
        replace(second.line, status="Pending", vanishes=moment),
        replace(second.line, appears=moment),
    ]
    return made(world, "pending_becomes_accepted", lines, _invoices([first, second]), into)


def batch_relisted_with_new_id(world: World, into: int | None = None) -> Trouble:
    """A day later the payout is listed under another ``Id``, same ``BatchId``, same lines: they are
    already posted and must not be paid twice. With ``Id`` as the key, its lines find their invoices
    paid on the interim account."""
    sales = _sales(world, into, 2)
    lines, moment = [sale.line for sale in sales], world.now() + LATER
    old = made(world, "batch_relisted_with_new_id", lines, _invoices(sales), vanishes=moment)
    batch_id = world.batches[old.batches[0]].batch_id
    new = made(world, old.name, lines, (), appears=moment, batch_id=batch_id)
    note = "the second payout's lines are already posted"
    return replace(old, batches=old.batches + new.batches, note=note)


def same_batch_id_two_methods(world: World, into: int | None = None) -> Trouble:
    """Two payouts share AcquirerName, BatchId and CurrencyCode, one for invoices and one for cards:
    two payouts by ``Id``, one by the shared key. Posted."""
    sales = [*_sales(world, into), *_sales(world, into, method="CREDITCARDS")]
    parts = [
        made(
            world,
            "same_batch_id_two_methods",
            [sale.line],
            _invoices([sale]),
            batch_id=f"{payout_day(world):%Y%m%d}900",
        )
        for sale in sales
    ]
    return replace(
        parts[0],
        lines=parts[0].lines + parts[1].lines,
        batches=parts[0].batches + parts[1].batches,
        invoices=parts[0].invoices + parts[1].invoices,
    )


def payout_before_start(world: World, into: int | None = None) -> Trouble:
    """A payout of 58 days ago that whatever was used before has booked: left alone unless named,
    when ``payouts_from`` is later."""
    paid = world.today() - timedelta(days=58)
    sale = new_sale(world, day=paid - timedelta(days=2))
    (invoice,) = _invoices([sale])
    pay(world, invoice, invoice.total, interim_account(world, sale.order.method), day=paid)
    return made(world, "payout_before_start", [sale.line], [invoice], expect="outside", day=paid)


# -- what nobody knows ----------------------------------------------------------------------------


def pending_lines(world: World, into: int | None = None) -> Trouble:
    """A clean line beside a pending one: the pending is shown and in no total of the payout."""
    return _beside(world, "pending_lines", into, status="Pending")


def rejected_lines(world: World, into: int | None = None) -> Trouble:
    """A clean line beside a rejected one, which has no reference: shown, in no total."""
    return _beside(world, "rejected_lines", into, status="Rejected")


def unknown_status(world: World, into: int | None = None) -> Trouble:
    """A clean line beside one in a list that no document knows, ``HeldSettlements``: kept raw,
    shown outside of the proof."""
    return _beside(world, "unknown_status", into, status="Held")


def _beside(world: World, name: str, into: int | None, **odd: Any) -> Trouble:
    first, second = _sales(world, into, 2)
    lines = [first.line, replace(second.line, **odd)]
    note = "the first line is posted, the second is outside"
    return made(world, name, lines, _invoices([first, second]), into, note=note)


def unknown_line_type(world: World, into: int | None = None) -> Trouble:
    """An accepted line of the type ``Kickback``, in the totals by its action: parked."""
    (sale,) = _sales(world, into)
    line = replace(sale.line, type="Kickback")
    return made(world, "unknown_line_type", [line], _invoices([sale]), into, expect="parked")


def unknown_action(world: World, into: int | None = None) -> Trouble:
    """An accepted line with the action ``Reserve``: nobody knows its sign, so the payout cannot be
    proved and is parked whole."""
    (sale,) = _sales(world, into)
    line = replace(sale.line, action="Reserve")
    invoices = _invoices([sale])
    return made(world, "unknown_action", [line], invoices, into, expect="payout parked")


def unknown_payment_method(world: World, into: int | None = None) -> Trouble:
    """A method that no table names, ``NEW_METHOD``: the default accounts, reported; posted."""
    sales = _sales(world, into, method="NEW_METHOD")
    lines = [sale.line for sale in sales]
    return made(world, "unknown_payment_method", lines, _invoices(sales), into)


def null_payment_method(world: World, into: int | None = None) -> Trouble:
    """A line whose payment method is null: the default accounts, reported; posted."""
    (sale,) = _sales(world, into)
    line = replace(sale.line, method=None)
    return made(world, "null_payment_method", [line], _invoices([sale]), into)


def many_payment_methods(world: World, into: int | None = None) -> Trouble:
    """One payout of invoices, cards, Swish and Trustly: each on its interim account, and one
    transfer from all of them. Posted."""
    methods = ("QLIRO_INVOICE", "QLIROPAYLATER_BNPL", "CREDITCARDS", "SWISH", "TRUSTLY")
    sales = [sale for method in methods for sale in _sales(world, into, method=method)]
    lines = [sale.line for sale in sales]
    return made(world, "many_payment_methods", lines, _invoices(sales), into)


# -- how Qliro speaks -----------------------------------------------------------------------------


def _spoken(world: World, name: str, expect: str, note: str, **conventions: Any) -> Trouble:
    """A sale with a fee and a refund, told by other conventions, as is all else from now on."""
    world.conventions = replace(world.conventions, **conventions)
    sale = new_sale(world, Decimal("500.00"), day=captured(world))
    refund, credit = _refund(world, "120.00")
    lines = [sale.line, fee_line(sale.line, Decimal("12.50")), refund]
    return made(world, name, lines, [*_invoices([sale]), credit], expect=expect, note=note)


def enums_as_integers(world: World, into: int | None = None) -> Trouble:
    """Every enum comes as its number, as the document declares: read as the names; posted."""
    return _spoken(world, "enums_as_integers", "posted", "", enums="integers")


def enums_mixed(world: World, into: int | None = None) -> Trouble:
    """Enums come as names on one row and as numbers on the next: posted."""
    return _spoken(world, "enums_mixed", "posted", "", enums="mixed")


def future_fields(world: World, into: int | None = None) -> Trouble:
    """Every object carries a field that no document knows: kept, and in nobody's way; posted."""
    return _spoken(world, "future_fields", "posted", "", future_fields=True)


def timestamps_with_and_without_zone(world: World, into: int | None = None) -> Trouble:
    """Times come without a zone on one row and in UTC on the next: posted, on Swedish dates."""
    name = "timestamps_with_and_without_zone"
    return _spoken(world, name, "posted", "", timestamps="mixed")


def signed_amounts(world: World, into: int | None = None) -> Trouble:
    """Refunds and fees come with a minus, against the declared convention: parked whole, with the
    convention named under which it agrees."""
    note = "agrees when amounts are declared signed"
    return _spoken(world, "signed_amounts", "payout parked", note, signed_amounts=True)


def gross_totals(world: World, into: int | None = None) -> Trouble:
    """``TotalAmount`` is before fees, against the declared convention: parked whole, with the
    convention named under which it agrees."""
    note = "agrees when TotalAmount is declared gross"
    return _spoken(world, "gross_totals", "payout parked", note, gross_totals=True)


def debit_is_refund(world: World, into: int | None = None) -> Trouble:
    """Debit and Credit the other way round, against the declared convention: parked whole, with the
    convention named under which it agrees."""
    note = "agrees when Debit is declared a refund"
    return _spoken(world, "debit_is_refund", "payout parked", note, debit_is_sale=False)
