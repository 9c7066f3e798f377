"""Seeded troubles of amounts: fees, part and over-payments, rounding, dates, disputes, currencies.

Each adds one oddity to a world, in a payout of its own or ``into`` an existing one, and returns
what it made. The docstring says what is odd and what is to become of it by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from ..history import (
    Sale,
    fee_line,
    lump_fee_line,
    new_credit_invoice,
    new_invoice,
    new_sale,
    pay,
    rounded,
    transaction_line,
)
from ..qliro.api import signed
from ..trouble import Trouble, captured, made
from ..world.world import Invoice, Line, World, interim_account

FEE: Final = Decimal("5.00")
SIX: Final = Decimal("0.000001")


def _sale(world: World, into: int | None, amount: str = "100.00") -> Sale:
    return new_sale(world, Decimal(amount), day=captured(world, into))


def _invoices(*sales: Sale) -> Sequence[Invoice]:
    return [sale.invoice for sale in sales if sale.invoice is not None]


def _owed(world: World, into: int | None, paid: str, owed: str) -> Sale:
    """A sale settled with one amount, its invoice over another."""
    sale = new_sale(world, Decimal(paid), day=captured(world, into), invoiced=False)
    invoice = new_invoice(
        world,
        Decimal(owed),
        day=captured(world, into),
        reference=sale.order.reference,
        second=str(sale.order.id),
    )
    return replace(sale, invoice=invoice)


# -- fees -----------------------------------------------------------------------------------------


def fee_with_vat(world: World, into: int | None = None) -> Trouble:
    """A fee of 5.00 with 25 % VAT on a sale of 100.00: 4.00 fee, 1.00 VAT, 95.00 paid; posted."""
    sale = _sale(world, into)
    lines = [sale.line, fee_line(sale.line, FEE)]
    return made(world, "fee_with_vat", lines, _invoices(sale), into)


def fee_without_vat(world: World, into: int | None = None) -> Trouble:
    """A fee whose ``VatRate`` and ``AmountExcludingVat`` are null: all of it fee, none VAT."""
    sale = _sale(world, into)
    lines = [sale.line, fee_line(sale.line, FEE, vat_rate=None)]
    return made(world, "fee_without_vat", lines, _invoices(sale), into)


def several_fees_on_a_line(world: World, into: int | None = None) -> Trouble:
    """Two fees on one sale, one with VAT and one without: both write-offs of one payment."""
    sale = _sale(world, into)
    lines = [
        sale.line,
        fee_line(sale.line, FEE),
        fee_line(sale.line, Decimal("1.75"), vat_rate=None),
    ]
    return made(world, "several_fees_on_a_line", lines, _invoices(sale), into)


def fee_on_refund(world: World, into: int | None = None) -> Trouble:
    """A refund of 200.00 that costs 5.00: −205.00 paid and +5.00 written off; posted."""
    credit, line = _refund(world, into, "200.00")
    return made(world, "fee_on_refund", [line, fee_line(line, FEE)], [credit], into)


def _refund(world: World, into: int | None, amount: str) -> tuple[Invoice, Line]:
    day = captured(world, into)
    sale = new_sale(world, Decimal(amount), day=day - timedelta(days=14))
    (invoice,) = _invoices(sale)
    pay(world, invoice, invoice.total, interim_account(world, sale.order.method), day=invoice.day)
    credit = new_credit_invoice(world, world.invoices[invoice.number], -invoice.total, day=day)
    line = transaction_line(world, sale.order, Decimal(amount), day=day, refund=True)
    return credit, line


def fee_refund(world: World, into: int | None = None) -> Trouble:
    """A refund for which Qliro gives the fee back: a fee row with a negative amount; posted."""
    credit, line = _refund(world, into, "200.00")
    return made(world, "fee_refund", [line, fee_line(line, -FEE)], [credit], into)


def fee_exceeding_line(world: World, into: int | None = None) -> Trouble:
    """A fee of 5.00 on a sale of 3.00: too big to be written off, it goes into the fee voucher;
    the sale is paid in full. Posted."""
    sale = _sale(world, into, "3.00")
    lines = [sale.line, fee_line(sale.line, FEE)]
    return made(world, "fee_exceeding_line", lines, _invoices(sale), into)


def fee_of_waiting_line(world: World, into: int | None = None) -> Trouble:
    """A fee on a sale without invoice: the fee shares its line's fate; both wait."""
    sale = new_sale(world, Decimal("100.00"), day=captured(world, into), invoiced=False)
    lines = [sale.line, fee_line(sale.line, FEE)]
    return made(world, "fee_of_waiting_line", lines, (), into, expect="waiting")


def lump_fee_without_order(world: World, into: int | None = None) -> Trouble:
    """A clean sale, and one fee for the whole payout with no order, transaction or reference: the
    fee goes into the fee voucher. Posted."""
    sale = _sale(world, into, "1000.00")
    fee = lump_fee_line(world, Decimal("48.75"), day=captured(world, into))
    return made(world, "lump_fee_without_order", [sale.line, fee], _invoices(sale), into)


def fee_of_line_in_other_payout(world: World, into: int | None = None) -> Trouble:
    """A fee that names a transaction settled in an earlier payout: it belongs to no line here, so
    it goes into the fee voucher. Both payouts are posted."""
    day = captured(world, into) - timedelta(days=4)
    sale = new_sale(world, Decimal("100.00"), day=day)
    fee = fee_line(sale.line, FEE)
    earlier = made(
        world,
        "fee_of_line_in_other_payout",
        [sale.line],
        _invoices(sale),
        day=day + timedelta(days=2),
    )
    later = made(world, earlier.name, [fee], (), into)
    batches = (*earlier.batches, *later.batches)
    return replace(earlier, lines=earlier.lines + later.lines, batches=batches)


# -- how much of the invoice ----------------------------------------------------------------------


def part_payment(world: World, into: int | None = None) -> Trouble:
    """A line of 400.00 for an invoice of 1 000.00: paid in part, 600.00 stay open; posted."""
    sale = _owed(world, into, "400.00", "1000.00")
    return made(world, "part_payment", [sale.line], _invoices(sale), into)


def overpayment(world: World, into: int | None = None) -> Trouble:
    """A line of 500.00 for an invoice of 450.00: parked."""
    sale = _owed(world, into, "500.00", "450.00")
    return made(world, "overpayment", [sale.line], _invoices(sale), into, expect="parked")


def rounding_within_tolerance(world: World, into: int | None = None) -> Trouble:
    """One line 0.40 less than its invoice and one 0.40 more: both settle it, the difference goes
    to the rounding account. Posted."""
    less, more = _owed(world, into, "199.60", "200.00"), _owed(world, into, "200.40", "200.00")
    lines = [less.line, more.line]
    return made(world, "rounding_within_tolerance", lines, _invoices(less, more), into)


def rounding_at_tolerance(world: World, into: int | None = None) -> Trouble:
    """A line exactly 1.00 less than its invoice, the tolerance itself: posted with rounding."""
    sale = _owed(world, into, "199.00", "200.00")
    return made(world, "rounding_at_tolerance", [sale.line], _invoices(sale), into)


def rounding_beyond_tolerance(world: World, into: int | None = None) -> Trouble:
    """A line 1.50 more than its invoice, over the tolerance of 1.00: parked."""
    sale = _owed(world, into, "201.50", "200.00")
    return made(
        world, "rounding_beyond_tolerance", [sale.line], _invoices(sale), into, expect="parked"
    )


def refund_rounding_within_tolerance(world: World, into: int | None = None) -> Trouble:
    """A refund 0.30 less than its credit invoice: posted with rounding."""
    credit, line = _refund(world, into, "200.00")
    line = replace(line, amount=Decimal("199.70"))
    return made(world, "refund_rounding_within_tolerance", [line], [credit], into)


def zero_amount_line(world: World, into: int | None = None) -> Trouble:
    """A line of 0.00 beside a clean one: nothing to pay, and still it must have a state."""
    sale = _sale(world, into)
    free = new_sale(world, Decimal("0.00"), day=captured(world, into), invoiced=False)
    note = "the clean line is posted; the other moves no money"
    lines = [sale.line, free.line]
    return made(world, "zero_amount_line", lines, _invoices(sale), into, note=note)


def duplicate_lines(world: World, into: int | None = None) -> Trouble:
    """The same row twice, to the last field, both in the totals; the invoice covers one: the first
    is posted, the second has nothing left to pay and is parked."""
    sale = _sale(world, into)
    note = "one posted, one parked or waiting"
    lines = [sale.line, sale.line]
    return made(world, "duplicate_lines", lines, _invoices(sale), into, expect="parked", note=note)


# -- somebody was there before --------------------------------------------------------------------


def already_paid_on_interim_account(world: World, into: int | None = None) -> Trouble:
    """Another program has booked the payment on this line's interim account: adopted."""
    sale = _sale(world, into)
    account = interim_account(world, sale.order.method)
    name = "already_paid_on_interim_account"
    return _paid(world, name, sale, into, account=account, expect="adopted")


def already_paid_elsewhere(world: World, into: int | None = None) -> Trouble:
    """The invoice was paid on the bank account: parked, naming the account."""
    sale = _sale(world, into)
    account = world.chart.bank
    name = "already_paid_elsewhere"
    return _paid(world, name, sale, into, account=account, expect="parked")


def _paid(
    world: World, name: str, sale: Sale, into: int | None, *, account: int, expect: str
) -> Trouble:
    (invoice,) = _invoices(sale)
    pay(world, invoice, invoice.total, account, day=invoice.day)
    return made(world, name, [sale.line], [invoice], into, expect=expect)


def unbooked_foreign_payment(world: World, into: int | None = None) -> Trouble:
    """Somebody entered a payment of the whole invoice on the bank account and did not book it: the
    balance is untouched, but paying would pay twice; parked."""
    sale = _sale(world, into)
    (invoice,) = _invoices(sale)
    pay(world, invoice, invoice.total, world.chart.bank, day=invoice.day, booked=False)
    note = "posted and parked are both defensible; never adopted as our own"
    return made(
        world, "unbooked_foreign_payment", [sale.line], [invoice], into, expect="parked", note=note
    )


# -- dates ----------------------------------------------------------------------------------------


def payment_date_before_invoice_date(world: World, into: int | None = None) -> Trouble:
    """The invoice is dated the day after the sale was completed: posted on the invoice's date."""
    day = captured(world, into)
    sale = new_sale(world, Decimal("100.00"), day=day, invoiced=False)
    invoice = new_invoice(
        world,
        Decimal("100.00"),
        day=day + timedelta(days=1),
        reference=sale.order.reference,
        second=str(sale.order.id),
    )
    return made(world, "payment_date_before_invoice_date", [sale.line], [invoice], into)


def _lock(world: World, until: date) -> None:
    world.locked_until = max(world.locked_until or until, until)


def locked_period(world: World, into: int | None = None) -> Trouble:
    """A payout of 45 days ago, and the books locked until the day after it: parked. It always has
    a payout of its own."""
    paid = world.today() - timedelta(days=45)
    sale = new_sale(world, Decimal("100.00"), day=paid - timedelta(days=2))
    _lock(world, paid + timedelta(days=1))
    return made(
        world, "locked_period", [sale.line], _invoices(sale), None, expect="parked", day=paid
    )


def missing_financial_year(world: World, into: int | None = None) -> Trouble:
    """A payout of December two years ago, for which Fortnox has no financial year: parked. It
    always has a payout of its own, and is seen only if ``payouts_from`` lies before it."""
    paid = date(world.today().year - 2, 12, 15)
    sale = new_sale(world, Decimal("100.00"), day=paid - timedelta(days=2))
    return made(
        world,
        "missing_financial_year",
        [sale.line],
        _invoices(sale),
        None,
        expect="parked",
        day=paid,
    )


def invoice_in_closed_year(world: World, into: int | None = None) -> Trouble:
    """A recent sale on an invoice of last December, and last year is locked: parked."""
    sale = new_sale(world, Decimal("100.00"), day=captured(world, into), invoiced=False)
    last = date(world.today().year - 1, 12, 31)
    invoice = new_invoice(
        world,
        Decimal("100.00"),
        day=last - timedelta(days=11),
        reference=sale.order.reference,
        second=str(sale.order.id),
    )
    _lock(world, last)
    return made(world, "invoice_in_closed_year", [sale.line], [invoice], into, expect="parked")


# -- disputes -------------------------------------------------------------------------------------


def chargeback(world: World, into: int | None = None) -> Trouble:
    """A card payment of an earlier payout is charged back: a dispute voucher; posted."""
    line, invoice = _disputed(world, into)
    return made(world, "chargeback", [line], [invoice], into)


def _disputed(world: World, into: int | None) -> tuple[Line, Invoice]:
    day = captured(world, into)
    sale = new_sale(world, Decimal("799.00"), day=day - timedelta(days=30), method="CREDITCARDS")
    (invoice,) = _invoices(sale)
    pay(world, invoice, invoice.total, interim_account(world, "CREDITCARDS"), day=invoice.day)
    line = transaction_line(
        world, sale.order, sale.line.amount, day=day, refund=True, type="Chargeback"
    )
    return line, invoice


def chargeback_won(world: World, into: int | None = None) -> Trouble:
    """A chargeback and its opposite after the shop won the dispute: a dispute voucher and the one
    that reverses it; both posted."""
    line, invoice = _disputed(world, into)
    won = replace(line, action="Debit", transaction=world.next("transaction"))
    return made(world, "chargeback_won", [line, won], [invoice], into)


def chargeback_with_fee(world: World, into: int | None = None) -> Trouble:
    """A chargeback that costs a fee of 250.00 without VAT; posted."""
    line, invoice = _disputed(world, into)
    fee = fee_line(line, Decimal("250.00"), vat_rate=None)
    return made(world, "chargeback_with_fee", [line, fee], [invoice], into)


# -- currencies -----------------------------------------------------------------------------------


def in_kronor(lines: Sequence[Line], rate: Decimal) -> list[Line]:
    """Lines of a foreign payout with the rate in kronor and what each makes at it."""
    return [
        replace(
            line,
            fx_rate=rate.quantize(SIX),
            fx_currency="SEK",
            fx_total=(line.amount * rate).quantize(SIX),
        )
        for line in lines
    ]


def _foreign(world: World) -> tuple[list[Line], Sequence[Invoice]]:
    sales = [
        new_sale(
            world,
            Decimal(amount),
            day=captured(world),
            currency="EUR",
            country="FI",
            method="CREDITCARDS",
        )
        for amount in ("100.00", "49.90")
    ]
    fee = fee_line(sales[0].line, Decimal("2.50"))
    return [sales[0].line, fee, sales[1].line], _invoices(*sales)


def foreign_currency_payout(world: World, into: int | None = None) -> Trouble:
    """A payout in EUR with invoices in EUR at 11.25, paid out in kronor at 11.10: posted, the
    difference a currency loss. It always has a payout of its own."""
    lines, invoices = _foreign(world)
    rate = Decimal("11.10")
    return made(
        world,
        "foreign_currency_payout",
        in_kronor(lines, rate),
        invoices,
        fx_rate=rate.quantize(SIX),
        fx_currency="SEK",
        fx_total=rounded(sum((signed(line) for line in lines), Decimal(0)) * rate),
    )


def foreign_without_rate(world: World, into: int | None = None) -> Trouble:
    """A payout in EUR without any rate: parked, unless the merchant takes Fortnox's rate of the
    day. It always has a payout of its own."""
    lines, invoices = _foreign(world)
    return made(world, "foreign_without_rate", lines, invoices, expect="parked")
