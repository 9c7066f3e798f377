"""Seeded troubles of finding the invoice: references, candidates, what a candidate must be.

Each adds one oddity to a world, in a payout of its own or ``into`` an existing one, and returns
what it made. The docstring says what is odd and what is to become of it by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from ..history import (
    Sale,
    new_credit_invoice,
    new_invoice,
    new_order,
    new_sale,
    pay,
    price,
    transaction_line,
)
from ..trouble import Trouble, captured, made
from ..world.world import Invoice, VoucherKey, World, interim_account, year_of


def alone(world: World, into: int | None, amount: Decimal | None = None) -> Sale:
    """A sale whose invoice, if there is to be one, the trouble makes itself."""
    return new_sale(world, amount, day=captured(world, into), invoiced=False)


def referred(  # an invoice of just the sale's amount, with its reference in one field
    world: World, sale: Sale, field: str, reference: str | None = None, second: str = ""
) -> Invoice:
    return new_invoice(
        world,
        sale.line.amount,
        day=sale.line.completed.date(),
        field=field,
        reference=sale.order.reference if reference is None else reference,
        second=second,
    )


def clean_sale(world: World, into: int | None = None) -> Trouble:
    """A sale and its booked, unpaid invoice of the same amount: posted."""
    sale = new_sale(world, day=captured(world, into))
    return made(world, "clean_sale", [sale.line], _invoices(sale), into)


def _invoices(*sales: Sale) -> Sequence[Invoice]:
    return [sale.invoice for sale in sales if sale.invoice is not None]


def clean_refund_with_credit_invoice(world: World, into: int | None = None) -> Trouble:
    """A refund of a sale that was paid out before, with its credit invoice: posted, negative."""
    day = captured(world, into)
    sale = new_sale(world, Decimal("200.00"), day=day - timedelta(days=14))
    (invoice,) = _invoices(sale)
    pay(world, invoice, invoice.total, interim_account(world, sale.order.method), day=invoice.day)
    credit = new_credit_invoice(world, world.invoices[invoice.number], -invoice.total, day=day)
    line = transaction_line(world, sale.order, sale.line.amount, day=day, refund=True)
    return made(world, "clean_refund_with_credit_invoice", [line], [credit], into)


def refund_beside_its_sale(world: World, into: int | None = None) -> Trouble:
    """A sale and its partial refund in one payout, same reference: sale to the invoice, refund to
    the credit invoice, both posted."""
    day = captured(world, into)
    sale = new_sale(world, Decimal("500.00"), day=day)
    (invoice,) = _invoices(sale)
    credit = new_credit_invoice(world, invoice, Decimal("-120.00"), day=day)
    refund = transaction_line(world, sale.order, Decimal("120.00"), day=day, refund=True)
    lines = [sale.line, refund]
    return made(world, "refund_beside_its_sale", lines, [invoice, credit], into)


def second_partial_refund(world: World, into: int | None = None) -> Trouble:
    """Two partial refunds of one order with two credit invoices, of which Fortnox links only the
    first: each refund to the credit invoice of its amount, both posted."""
    day = captured(world, into)
    sale = new_sale(world, Decimal("900.00"), day=day - timedelta(days=14))
    (invoice,) = _invoices(sale)
    pay(world, invoice, invoice.total, interim_account(world, sale.order.method), day=invoice.day)
    lines, credits = [], []
    for amount in (Decimal("150.00"), Decimal("75.50")):
        held = world.invoices[invoice.number]
        credits.append(new_credit_invoice(world, held, -amount, day=day))
        lines.append(transaction_line(world, sale.order, amount, day=day, refund=True))
    return made(world, "second_partial_refund", lines, credits, into)


def refund_without_credit_invoice(world: World, into: int | None = None) -> Trouble:
    """A refund whose reference only the (paid) sales invoice carries: a refund needs a credit
    invoice, so it waits for one."""
    day = captured(world, into)
    sale = new_sale(world, Decimal("310.00"), day=day - timedelta(days=14))
    (invoice,) = _invoices(sale)
    pay(world, invoice, invoice.total, interim_account(world, sale.order.method), day=invoice.day)
    line = transaction_line(world, sale.order, sale.line.amount, day=day, refund=True)
    return made(world, "refund_without_credit_invoice", [line], [invoice], into, expect="waiting")


def two_captures_one_invoice(world: World, into: int | None = None) -> Trouble:
    """An order shipped in two parts on one invoice: both captures pay it, its balance is consumed
    in turn, both posted."""
    day = captured(world, into)
    order = new_order(world, Decimal("1000.00"), day=day)
    lines = [
        transaction_line(world, order, amount, day=day)
        for amount in (Decimal("640.00"), Decimal("360.00"))
    ]
    invoice = new_invoice(
        world, Decimal("1000.00"), day=day, reference=order.reference, second=str(order.id)
    )
    return made(world, "two_captures_one_invoice", lines, [invoice], into)


def two_captures_two_invoices(world: World, into: int | None = None) -> Trouble:
    """An order shipped in two parts with an invoice each, same reference: the invoice whose balance
    equals the line wins, both posted."""
    day = captured(world, into)
    order = new_order(world, Decimal("1000.00"), day=day)
    amounts = (Decimal("640.00"), Decimal("360.00"))
    lines = [transaction_line(world, order, amount, day=day) for amount in amounts]
    invoices = [
        new_invoice(world, amount, day=day, reference=order.reference, second=str(order.id))
        for amount in reversed(amounts)
    ]
    return made(world, "two_captures_two_invoices", lines, invoices, into)


def reference_with_prefix(world: World, into: int | None = None, prefix: str = "QLIRO-") -> Trouble:
    """The invoice carries ``QLIRO-10001`` where the line says ``10001``: posted, when the merchant
    declares the prefix."""
    sale = alone(world, into)
    invoice = referred(world, sale, "ExternalInvoiceReference1", prefix + sale.order.reference)
    note = f"needs Payment Reference Prefix {prefix}"
    return made(world, "reference_with_prefix", [sale.line], [invoice], into, note=note)


def reference_before_prefix(world: World, into: int | None = None) -> Trouble:
    """The invoice was written before the merchant set a prefix and carries the bare reference:
    posted, with the prefix set as without."""
    sale = alone(world, into)
    invoice = referred(world, sale, "ExternalInvoiceReference1")
    note = "to be run with a Payment Reference Prefix set"
    return made(world, "reference_before_prefix", [sale.line], [invoice], into, note=note)


def order_id_in_second_field(world: World, into: int | None = None) -> Trouble:
    """Nothing in the Payout Reference Field, Qliro's OrderId in the second: posted."""
    sale = alone(world, into)
    invoice = referred(world, sale, "ExternalInvoiceReference2", str(sale.order.id))
    return made(world, "order_id_in_second_field", [sale.line], [invoice], into)


def order_id_in_payout_field(world: World, into: int | None = None) -> Trouble:
    """The OrderId in the first field, the shop's number in the second, as written when *Use
    merchant reference from Checkout* is off: posted with that setting off."""
    sale = alone(world, into)
    invoice = referred(
        world, sale, "ExternalInvoiceReference1", str(sale.order.id), sale.order.reference
    )
    note = "needs use_merchant_reference off"
    return made(world, "order_id_in_payout_field", [sale.line], [invoice], into, note=note)


def temporary_reference(world: World, into: int | None = None) -> Trouble:
    """Qliro kept the shop's temporary reference, the invoice has the final one, and the OrderId
    stands in the second field: posted by the OrderId."""
    sale = new_sale(world, day=captured(world, into), invoiced=False, reference="Z11kwQ")
    invoice = referred(world, sale, "ExternalInvoiceReference1", "3000000020", str(sale.order.id))
    return made(world, "temporary_reference", [sale.line], [invoice], into)


def invoice_missing(world: World, into: int | None = None) -> Trouble:
    """No invoice carries the reference yet: waiting, until ``invoice_arrives`` makes it."""
    sale = alone(world, into)
    return made(world, "invoice_missing", [sale.line], (), into, expect="waiting")


def invoice_arrives(world: World, trouble: Trouble) -> tuple[Invoice, ...]:
    """Makes, now, the invoices that a trouble's lines wait for (not a trouble itself)."""
    return tuple(
        new_invoice(
            world,
            line.amount if line.action == "Debit" else -line.amount,
            day=line.completed.date(),
            reference=line.reference or "",
            second=str(line.order or ""),
            currency=line.currency,
            modified=world.now(),
        )
        for line in trouble.lines
        if line.type == "Transaction"
    )


def invoice_unbooked(world: World, into: int | None = None) -> Trouble:
    """The invoice is there but not booked: waiting, until ``invoice_is_booked``."""
    sale = alone(world, into)
    invoice = new_invoice(
        world,
        sale.line.amount,
        day=sale.line.completed.date(),
        reference=sale.order.reference,
        second=str(sale.order.id),
        booked=False,
    )
    return made(world, "invoice_unbooked", [sale.line], [invoice], into, expect="waiting")


def invoice_is_booked(world: World, trouble: Trouble) -> None:
    """Books, now, the invoices of a trouble that are not (not a trouble itself)."""
    for number in trouble.invoices:
        held = world.invoices[number]
        year = year_of(world, held.day)
        key = VoucherKey(world.chart.series_invoice, number - 1000, year.id if year else 0)
        booked = replace(held, booked=True, voucher=key, modified=world.now())
        world.invoices[number] = booked


def invoice_cancelled(world: World, into: int | None = None) -> Trouble:
    """The only invoice with the reference was cancelled: it is no candidate, the line waits."""
    sale = alone(world, into)
    invoice = new_invoice(
        world,
        sale.line.amount,
        day=sale.line.completed.date(),
        reference=sale.order.reference,
        second=str(sale.order.id),
        booked=False,
        cancelled=True,
        balance=Decimal(0),
    )
    return made(world, "invoice_cancelled", [sale.line], [invoice], into, expect="waiting")


def invoice_other_currency(world: World, into: int | None = None) -> Trouble:
    """The line is in SEK, the only invoice with its reference in EUR: no candidate, waiting."""
    sale = alone(world, into)
    invoice = new_invoice(
        world,
        sale.line.amount,
        day=sale.line.completed.date(),
        reference=sale.order.reference,
        second=str(sale.order.id),
        currency="EUR",
    )
    return made(world, "invoice_other_currency", [sale.line], [invoice], into, expect="waiting")


def _rivals(
    world: World,
    name: str,
    into: int | None,
    *,
    paid: Sequence[str],
    owed: Sequence[str],
    expect: str = "posted",
) -> Trouble:
    """Lines and invoices of these amounts, all of one order and one reference; the invoices are a
    day apart, the first one the oldest."""
    day = captured(world, into)
    order = new_order(world, sum(map(Decimal, paid), Decimal(0)), day=day)
    lines = [transaction_line(world, order, Decimal(amount), day=day) for amount in paid]
    invoices = [
        new_invoice(
            world,
            Decimal(amount),
            day=day - timedelta(days=len(owed) - ordinal),
            reference=order.reference,
            second=str(order.id),
        )
        for ordinal, amount in enumerate(owed)
    ]
    return made(world, name, lines, invoices, into, expect=expect)


def ambiguous_same_reference(world: World, into: int | None = None) -> Trouble:
    """Two invoices with the reference could take the line, neither is equal to it: parked with
    both as candidates."""
    return _rivals(
        world,
        "ambiguous_same_reference",
        into,
        paid=["250.00"],
        owed=["300.00", "400.00"],
        expect="parked",
    )


def same_reference_exact_balance_wins(world: World, into: int | None = None) -> Trouble:
    """Two invoices with the reference, one with exactly the line's amount as balance, the younger
    one: it wins, posted."""
    return _rivals(
        world, "same_reference_exact_balance_wins", into, paid=["250.00"], owed=["400.00", "250.00"]
    )


def equal_twins_pair_oldest_first(world: World, into: int | None = None) -> Trouble:
    """Two equal lines and two equal invoices with one reference: paired, the oldest first."""
    owed = ["250.00", "250.00"]
    return _rivals(world, "equal_twins_pair_oldest_first", into, paid=owed, owed=owed)


def equal_twins_one_line(world: World, into: int | None = None) -> Trouble:
    """One line and two equal invoices with its reference: the oldest is paid, the other stays."""
    return _rivals(world, "equal_twins_one_line", into, paid=["250.00"], owed=["250.00", "250.00"])


def similar_reference(world: World, into: int | None = None) -> Trouble:
    """A search finds an invoice whose reference only contains the line's (10001 in 100015), with
    the same amount: not equal, so no candidate; waiting."""
    sale = alone(world, into)
    invoice = referred(world, sale, "ExternalInvoiceReference1", f"{sale.order.reference}5")
    return made(world, "similar_reference", [sale.line], [invoice], into, expect="waiting")


def similar_reference_beside_the_right_one(world: World, into: int | None = None) -> Trouble:
    """As ``similar_reference``, with the right invoice there too: the right one is paid."""
    sale = alone(world, into)
    decoy = referred(world, sale, "ExternalInvoiceReference1", f"{sale.order.reference}5")
    right = referred(world, sale, "ExternalInvoiceReference1")
    name = "similar_reference_beside_the_right_one"
    return made(world, name, [sale.line], [right, decoy], into)


def reference_in_other_case(world: World, into: int | None = None) -> Trouble:
    """``so-77`` on the invoice, ``SO-77`` on the line: a search finds it, an exact comparison does
    not; waiting."""
    number = world.next("reference", 10001)
    sale = new_sale(world, day=captured(world, into), invoiced=False, reference=f"SO-{number}")
    invoice = referred(world, sale, "ExternalInvoiceReference1", f"so-{number}")
    return made(world, "reference_in_other_case", [sale.line], [invoice], into, expect="waiting")


def empty_reference(world: World, into: int | None = None) -> Trouble:
    """A line with an empty reference and no order, and an invoice with empty references and the
    same amount: nothing equals nothing; waiting."""
    sale = alone(world, into, price(world))
    invoice = new_invoice(world, sale.line.amount, day=sale.line.completed.date())
    line = replace(sale.line, reference="", order=None)
    return made(world, "empty_reference", [line], [invoice], into, expect="waiting")


def null_reference(world: World, into: int | None = None) -> Trouble:
    """A line whose reference is null, with its OrderId on the invoice: posted by the OrderId."""
    sale = new_sale(world, day=captured(world, into))
    line = replace(sale.line, reference=None)
    return made(world, "null_reference", [line], _invoices(sale), into)
