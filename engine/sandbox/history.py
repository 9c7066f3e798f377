"""The building blocks of a made history: orders, invoices, settlement lines, payouts.

It reads a world's clock, counters and dice and writes documents into it. The generator and the
troubles are made of these, so that whatever they make agrees: a payout's totals are always the
sums of its lines, a credit invoice names its original, an order knows its transactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from .check_digits import luhn
from .fortnox.writes import settle_payment, store_payment
from .world.world import (
    STOCKHOLM,
    Batch,
    Invoice,
    InvoiceRow,
    Line,
    Order,
    Payment,
    QliroOrder,
    Transaction,
    VoucherKey,
    World,
    year_of,
)

OERE: Final = Decimal("0.01")
ONE: Final = Decimal(1)
_CUSTOMERS: Final = (
    "Anna Andersson",
    "Björn Öberg",
    "Cecilia Ek",
    "David Åström",
    "Eva Lind",
    "Färg & Form i Norr AB",
)
_INVOICE_FIELDS: Final = {
    "ExternalInvoiceReference1": "external1",
    "ExternalInvoiceReference2": "external2",
    "YourOrderNumber": "your_order_number",
    "OurReference": "our_reference",
    "YourReference": "your_reference",
    "OCR": "ocr",
}


@dataclass(frozen=True, slots=True)
class Sale:
    """One order with its capture as Qliro settles it, and the invoice that it pays."""

    order: QliroOrder
    line: Line
    invoice: Invoice | None


def rounded(amount: Decimal) -> Decimal:
    """An amount in whole öre, half up."""
    return amount.quantize(OERE, ROUND_HALF_UP)


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    """A moment of a Swedish day."""
    return datetime.combine(day, time(hour, minute), STOCKHOLM)


def price(world: World, low: int = 99, high: int = 2499) -> Decimal:
    """A price as shops set them, out of the world's dice."""
    return Decimal(world.random.randint(low, high)) + world.random.choice(
        (Decimal("0.00"), Decimal("0.00"), Decimal("0.50"), Decimal("0.90"))
    )


def payout_day(world: World) -> date:
    """The day of a recent payout: three days ago."""
    return world.today() - timedelta(days=3)


def new_reference(world: World) -> str:
    """The shop's next order number."""
    return str(world.next("reference", 10001))


def new_order(
    world: World,
    amount: Decimal,
    *,
    day: date,
    reference: str | None = None,
    method: str = "QLIRO_INVOICE",
    currency: str = "SEK",
    country: str = "SE",
) -> QliroOrder:
    """An order at Qliro with its reservation; captures and refunds are added as they happen."""
    reserved = Transaction(
        world.next("transaction", 3290001), "Preauthorization", amount, at(day, 10)
    )
    order = QliroOrder(
        world.next("qliro order", 4900001),
        new_reference(world) if reference is None else reference,
        currency,
        country,
        method,
        (reserved,),
    )
    world.qliro_orders[order.id] = order
    return order


def transaction_line(
    world: World,
    order: QliroOrder,
    amount: Decimal,
    *,
    day: date,
    refund: bool = False,
    **fields: Any,
) -> Line:
    """A captured sale or a refund of an order, as a settlement line; other fields by name."""
    original = order.transactions[-1].id if refund else order.transactions[0].id
    kind = "Refund" if refund else "Capture"
    moment = at(day, 14, world.random.randint(0, 59))
    done = Transaction(world.next("transaction"), kind, amount, moment, original=original)
    held = world.qliro_orders.get(order.id, order)
    world.qliro_orders[order.id] = replace(held, transactions=(*held.transactions, done))
    given: dict[str, Any] = {
        "action": "Credit" if refund else "Debit",
        "type": "Transaction",
        "amount": amount,
        "currency": order.currency,
        "method": order.method,
        "subtype": "VISA" if order.method == "CREDITCARDS" else None,
        "settled": day,
        "completed": moment,
        "order": order.id,
        "transaction": done.id,
        "reference": order.reference,
        "country": order.country,
    }
    return Line(**(given | fields))


def fee_line(
    of: Line, amount: Decimal, *, vat_rate: Decimal | None = Decimal(25), **fields: Any
) -> Line:
    """A fee that belongs to a line through its transaction; ``amount`` holds the VAT, if any."""
    share = None if vat_rate is None else rounded(amount / (1 + vat_rate / 100))
    given: dict[str, Any] = {
        "action": "Credit",
        "type": "Fee",
        "amount": amount,
        "vat_rate": vat_rate,
        "excluding_vat": share,
        "fx_total": None,
    }
    return replace(of, **(given | fields))


def lump_fee_line(
    world: World,
    amount: Decimal,
    *,
    day: date,
    vat_rate: Decimal | None = Decimal(25),
    currency: str = "SEK",
    method: str | None = None,
) -> Line:
    """A fee for the whole payout: no order, no transaction, no reference."""
    bare = Line("Credit", "Fee", amount, currency, method, day, at(day, 23, 30), country=None)
    return fee_line(bare, amount, vat_rate=vat_rate)


def new_invoice(
    world: World,
    total: Decimal,
    *,
    day: date,
    reference: str = "",
    field: str = "ExternalInvoiceReference1",
    second: str = "",
    currency: str = "SEK",
    **fields: Any,
) -> Invoice:
    """A booked, unpaid invoice that carries ``reference`` in a field and ``second`` in another.

    ``field`` is Fortnox's name of it; ``fields`` are those of ``Invoice``. A negative total makes
    a credit invoice.
    """
    number = world.next("invoice", 1001)
    vat = rounded(total / 5)
    year = year_of(world, day)
    rate = world.currencies[currency].buy
    given: dict[str, Any] = {
        "number": number,
        "day": day,
        "due": day + timedelta(days=30),
        "total": total,
        "balance": total,
        "modified": at(day),
        "customer_number": str(1 + number % len(_CUSTOMERS)),
        "customer_name": _CUSTOMERS[number % len(_CUSTOMERS)],
        "currency": currency,
        "rate": rate,
        "credit": total < 0,
        "external2": second,
        "ocr": luhn(str(number)),
        "vat": vat,
        "rows": (InvoiceRow("Varor", ONE if total >= 0 else -ONE, abs(total - vat)),),
        "voucher": VoucherKey(world.chart.series_invoice, number - 1000, year.id if year else 0),
    }
    if reference:
        given[_INVOICE_FIELDS[field]] = reference
    invoice = Invoice(**(given | fields))
    if not invoice.booked:
        invoice = replace(invoice, voucher=None)
    world.invoices[number] = invoice
    return invoice


def new_credit_invoice(
    world: World, original: Invoice, total: Decimal, *, day: date, **fields: Any
) -> Invoice:
    """A booked credit invoice over ``total`` (negative) for an invoice; linked, if the first."""
    references: dict[str, Any] = {
        "external1": original.external1,
        "external2": original.external2,
        "your_order_number": original.your_order_number,
        "our_reference": original.our_reference,
        "your_reference": original.your_reference,
        "customer_number": original.customer_number,
        "customer_name": original.customer_name,
    }
    linked = original.credit_reference == 0
    references["credit_reference"] = original.number if linked else 0
    credit = new_invoice(world, total, day=day, currency=original.currency, **(references | fields))
    if linked:
        held = world.invoices[original.number]
        changed = replace(held, credit_reference=credit.number, modified=at(day))
        world.invoices[original.number] = changed
    return credit


def new_fortnox_order(world: World, invoice: Invoice, *, day: date) -> Order:
    """The Fortnox order that an invoice was made from; each names the other."""
    number = world.next("order", 501)
    order = Order(number, day, invoice.total, at(day), invoice.number, invoice.currency)
    world.orders[number] = order
    world.invoices[invoice.number] = replace(invoice, order_reference=number)
    return order


def pay(
    world: World, invoice: Invoice, amount: Decimal, account: int, *, day: date, booked: bool = True
) -> Payment:
    """A payment that somebody else entered in Fortnox, booked or waiting to be."""
    payment = Payment(
        number=world.next("payment"),
        invoice=invoice.number,
        amount=rounded(amount * invoice.rate),
        amount_currency=amount,
        day=day,
        account=account,
        modified=at(day),
        currency=invoice.currency,
        rate=invoice.rate,
    )
    store_payment(world, payment)
    return settle_payment(world, payment) if booked else payment


def settle(
    world: World,
    lines: Sequence[Line],
    *,
    into: int | None = None,
    day: date | None = None,
    acquirer: str = "Qliro",
    **fields: Any,
) -> Batch:
    """A payout of these lines, or the payout ``into`` with these lines added.

    Totals and summaries are never stored: they are summed from the lines when asked for.
    ``fields`` are those of ``Batch``, its ``currency`` taken from the first line.
    """
    if into is not None:
        batch = replace(world.batches[into], **fields)
    else:
        day = day or payout_day(world)
        id = world.next("batch", 70001)
        given: dict[str, Any] = {
            "batch_id": f"{day:%Y%m%d}{id - 70000:03d}",
            "currency": lines[0].currency if lines else "SEK",
        }
        batch = Batch(id=id, day=day, acquirer=acquirer, lines=(), **(given | fields))
    stamped = tuple(
        replace(line, batch_id=batch.batch_id, acquirer=batch.acquirer, settled=batch.day)
        for line in lines
    )
    world.batches[batch.id] = replace(batch, lines=batch.lines + stamped)
    return world.batches[batch.id]


def new_sale(
    world: World,
    amount: Decimal | None = None,
    *,
    day: date | None = None,
    invoiced: bool = True,
    reference: str | None = None,
    method: str = "QLIRO_INVOICE",
    currency: str = "SEK",
    country: str = "SE",
    **fields: Any,
) -> Sale:
    """A captured order and, if ``invoiced``, the unpaid invoice with its references.

    ``day`` is that of the capture, two days before the recent payout by default; ``fields`` go to
    the settlement line.
    """
    amount = price(world) if amount is None else amount
    day = day or payout_day(world) - timedelta(days=2)
    order = new_order(
        world,
        amount,
        day=day,
        reference=reference,
        method=method,
        currency=currency,
        country=country,
    )
    line = transaction_line(world, order, amount, day=day, **fields)
    invoice = None
    if invoiced:
        invoice = new_invoice(
            world,
            amount,
            day=day,
            reference=order.reference,
            second=str(order.id),
            currency=currency,
        )
    return Sale(order, line, invoice)
