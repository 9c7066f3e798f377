"""What a booked invoice leaves in the ledger: the claim, the sales, the VAT, the rounding.

It reads an invoice and the world's registers and writes one voucher. Amounts are worked out in the
invoice's currency and booked in kronor; what conversion leaves over goes to the rounding account.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ..world.world import ZERO, Invoice, Voucher, VoucherKey, VoucherRow, World, next_voucher
from .fields import account_of, open_year
from .rows import WITHOUT_VAT, rounded, row_total, vat_of

_Part = tuple[int, Decimal]


def book(world: World, invoice: Invoice) -> VoucherKey:
    """The voucher of an invoice; refused where period, year or an account is closed."""
    year = open_year(world, invoice.day, 2000401)
    parts = _parts(world, invoice)
    for account, _ in parts:
        account_of(world, account, "AccountNumber")
    factor = invoice.rate / invoice.unit
    booked = [(account, rounded(amount * factor)) for account, amount in parts]
    left = -sum((amount for _, amount in booked), ZERO)
    if left:
        booked.append((world.predefined["ROUNDOFF"], left))
    key = next_voucher(world, world.chart.series_invoice, year.id)
    world.vouchers[key] = Voucher(
        key,
        f"Kundfaktura {invoice.number}",
        invoice.day,
        tuple(VoucherRow(a, max(v, ZERO), max(-v, ZERO)) for a, v in booked if v),
        world.now(),
        reference_type="INVOICE",
        reference_number=str(invoice.number),
    )
    return key


def _parts(world: World, invoice: Invoice) -> list[_Part]:
    """Debits above zero, credits below: they add up to nothing in the invoice's currency."""
    customer = world.customers.get(invoice.customer_number)
    exempt = customer is not None and customer.text("VATType") in WITHOUT_VAT
    extra = ZERO if exempt else Decimal(25)
    sold = [(row.account, row_total(row), row.vat) for row in invoice.rows if row.account]
    sold.append((world.predefined["FREIGHT"], invoice.freight, extra))
    sold.append((world.predefined["ADMFEE"], invoice.fee, extra))
    parts = [(world.predefined["CUSTCLAIM"], invoice.total)]
    for rate in dict.fromkeys(rate for _, _, rate in sold):
        group = [(account, amount) for account, amount, of in sold if of == rate and amount]
        whole = sum((amount for _, amount in group), ZERO)
        vat = vat_of(whole, rate, included=invoice.vat_included)
        parts += [(account, -amount) for account, amount in _net(group, rate, vat, invoice)]
        if vat:
            parts.append((world.vat_rates[rate], -vat))
    if invoice.round_off:
        parts.append((world.predefined["ROUNDOFF"], -invoice.round_off))
    return parts


def _net(group: Sequence[_Part], rate: Decimal, vat: Decimal, invoice: Invoice) -> list[_Part]:
    """The amounts of one rate without VAT; the last takes what rounding leaves over."""
    if not invoice.vat_included or not group:
        return list(group)
    net = [(account, rounded(amount / (1 + rate / 100))) for account, amount in group]
    wanted = sum((amount for _, amount in group), ZERO) - vat
    off = wanted - sum((amount for _, amount in net), ZERO)
    account, last = net[-1]
    return [*net[:-1], (account, last + off)]
