"""What changes Fortnox's books: invoice payments and vouchers, with every refusal that is known.

It reads a request's body and the world, and writes payments, vouchers and invoice balances. There
is no guard against duplicates, exactly as in the real API: the same payment can be made five times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from ..world.exchange import Request, Response, answered, parameters
from ..world.world import (
    ZERO,
    Invoice,
    Payment,
    Voucher,
    VoucherRow,
    World,
    WriteOff,
    next_voucher,
    year_of,
)
from . import shapes
from .fields import (
    MODE,
    NO_YEAR,
    NOT_BOOKED,
    OERE,
    PAYMENT_STATE,
    REQUIRED,
    SERIES,
    UNBALANCED,
    WRONG_CURRENCY,
    RefusedError,
    account_of,
    body_of,
    day_of,
    list_of,
    money,
    number_of,
    only_known,
    open_year,
    text_of,
)

_PAYMENT_FIELDS: Final = frozenset(
    [
        "InvoiceNumber",
        "Amount",
        "AmountCurrency",
        "Currency",
        "CurrencyRate",
        "PaymentDate",
        "ModeOfPayment",
        "ModeOfPaymentAccount",
        "WriteOffs",
    ]
)
_WRITE_OFF_FIELDS: Final = frozenset(
    [
        "Amount",
        "AccountNumber",
        "CostCenter",
        "Currency",
        "Description",
        "TransactionInformation",
        "Project",
    ]
)
_VOUCHER_FIELDS: Final = frozenset(
    [
        "Description",
        "TransactionDate",
        "VoucherSeries",
        "Year",
        "VoucherRows",
        "Comments",
        "CostCenter",
        "Project",
        "ReferenceNumber",
        "ReferenceType",
    ]
)
_VOUCHER_ROW_FIELDS: Final = frozenset(
    [
        "Account",
        "Debit",
        "Credit",
        "CostCenter",
        "Project",
        "Quantity",
        "TransactionInformation",
        "Removed",
    ]
)


def _write_off(world: World, fields: object, invoice: Invoice) -> WriteOff:
    if not isinstance(fields, dict):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    only_known(fields, _WRITE_OFF_FIELDS)
    currency = text_of(fields, "Currency", 3) or invoice.currency
    if currency != invoice.currency:
        raise RefusedError(WRONG_CURRENCY, "Bortskrivningens valuta måste vara fakturans.")
    return WriteOff(
        account_of(world, fields.get("AccountNumber"), "AccountNumber"),
        money(fields.get("Amount"), "Amount"),
        currency,
        text_of(fields, "Description", 200),
        text_of(fields, "TransactionInformation", 100),
        text_of(fields, "CostCenter", 6),
        text_of(fields, "Project", 20),
    )


def _payable(world: World, number: int) -> Invoice:
    invoice = world.invoices.get(number)
    if invoice is None:
        raise RefusedError(2000434, "Kan inte hitta fakturan.", 404)
    if not invoice.booked or invoice.cancelled:
        state = "makulerad" if invoice.cancelled else "inte bokförd"
        raise RefusedError(NOT_BOOKED, f"Fakturan {number} är {state}.")
    if invoice.balance == 0:
        raise RefusedError(2003055, f"Fakturan {number} är redan slutbetald.")
    return invoice


def _amounts(fields: Mapping[str, Any], invoice: Invoice) -> tuple[Decimal, Decimal, Decimal]:
    """The payment in kronor, in the invoice's currency, and the rate between the two."""
    foreign = invoice.currency != "SEK"
    rate = invoice.rate
    if fields.get("CurrencyRate") is not None and foreign:
        rate = number_of(fields["CurrencyRate"], "CurrencyRate")
    given, given_currency = fields.get("Amount"), fields.get("AmountCurrency")
    if foreign and given_currency is None:
        raise RefusedError(REQUIRED, "AmountCurrency krävs när valutan inte är SEK.")
    if given is None and given_currency is None:
        raise RefusedError(REQUIRED, "Belopp saknas (Amount)")
    if not foreign:
        amount = money(given if given is not None else given_currency, "Amount")
        return amount, amount, Decimal(1)
    amount_currency = money(given_currency, "AmountCurrency")
    amount = money(given if given is not None else amount_currency * rate, "Amount")
    if fields.get("CurrencyRate") is None and amount_currency:
        rate = (amount / amount_currency).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return amount, amount_currency, rate


def create_payment(world: World, request: Request) -> Response:
    """``POST /3/invoicepayments``: an unbooked payment; the balance stays until it is booked."""
    fields = body_of(request, "InvoicePayment", _PAYMENT_FIELDS)
    payment = _paid(world, fields)
    payment = replace(payment, number=world.next("payment"))
    store_payment(world, payment)
    world.made_payments.append(payment.number)
    shape = shapes.payment_document(world, payment)
    return answered({"InvoicePayment": shape}, 201, f"invoicepayment {payment.number} created")


def update_payment(world: World, request: Request, number: str) -> Response:
    """``PUT /3/invoicepayments/{n}``, of one that is not booked: what is sent changes."""
    held = payment_of(world, number)
    if held.booked:
        raise RefusedError(PAYMENT_STATE, f"Betalningen {number} är redan bokförd.")
    shown = shapes.payment_document(world, held)
    before = {name: shown[name] for name in _PAYMENT_FIELDS if shown.get(name) not in (None, "")}
    if held.currency == "SEK":
        before.pop("AmountCurrency", None)
        before.pop("CurrencyRate", None)
    fields = {**before, **body_of(request, "InvoicePayment", _PAYMENT_FIELDS)}
    if int(number_of(fields["InvoiceNumber"], "InvoiceNumber")) != held.invoice:
        only_known({"InvoiceNumber": number}, frozenset())  # a payment stays its invoice's
    payment = replace(_paid(world, fields), number=held.number)
    world.payments[payment.number] = payment
    shape = shapes.payment_document(world, payment)
    return answered({"InvoicePayment": shape}, 200, f"invoicepayment {number} updated")


def _paid(world: World, fields: Mapping[str, Any]) -> Payment:
    """The payment that the fields tell of, without a number yet."""
    if fields.get("InvoiceNumber") is None:
        raise RefusedError(REQUIRED, "InvoiceNumber krävs.")
    invoice = _payable(world, int(number_of(fields["InvoiceNumber"], "InvoiceNumber")))
    if fields.get("Currency") not in (None, invoice.currency):
        raise RefusedError(WRONG_CURRENCY, "Betalningens valuta måste vara fakturans.")
    day = day_of(fields.get("PaymentDate") or world.today(), "PaymentDate")
    if day < invoice.day:
        raise RefusedError(2001089, "Betalningsdatum får inte vara tidigare än fakturadatum.")
    open_year(world, day, 2000401)
    mode = text_of(fields, "ModeOfPayment", 25)
    if mode and mode not in world.modes:
        raise RefusedError(MODE, f"Kan inte hitta betalningssättet {mode}.")
    account = fields.get("ModeOfPaymentAccount")
    if account is None:
        account = world.modes[mode or next(iter(world.modes))].account
    number = account_of(world, account, "ModeOfPaymentAccount")
    amount, amount_currency, rate = _amounts(fields, invoice)
    offs = tuple(_write_off(world, off, invoice) for off in list_of(fields, "WriteOffs"))
    return Payment(
        number=0,
        invoice=invoice.number,
        amount=amount,
        amount_currency=amount_currency,
        day=day,
        account=number,
        modified=world.now(),
        mode=mode,
        currency=invoice.currency,
        rate=rate,
        write_offs=offs,
    )


def store_payment(world: World, payment: Payment) -> None:
    """Puts a payment in its register and on its invoice."""
    world.payments[payment.number] = payment
    world.payments_of.setdefault(payment.invoice, []).append(payment.number)


def settle_payment(world: World, payment: Payment) -> Payment:
    """Books a payment: its voucher, the invoice's balance and final pay date, both changed now.

    The receivable goes at the invoice's rate, the money at the payment's; the difference is
    currency gain or loss.
    """
    chart, invoice = world.chart, world.invoices[payment.invoice]
    year = year_of(world, payment.day)
    key = next_voucher(world, chart.series_payment, year.id if year else 0)
    paid = payment.amount_currency + sum((off.amount for off in payment.write_offs), ZERO)
    claim = (paid * invoice.rate).quantize(OERE, ROUND_HALF_UP)
    parts = [(payment.account, payment.amount)]
    for off in payment.write_offs:
        parts.append((off.account, (off.amount * payment.rate).quantize(OERE, ROUND_HALF_UP)))
    parts.append((chart.receivable, -claim))
    difference = -sum((amount for _, amount in parts), ZERO)
    if difference:
        parts.append((chart.fx_loss if difference > 0 else chart.fx_gain, difference))
    world.vouchers[key] = Voucher(
        key,
        f"Inbetalning faktura {invoice.number}",
        payment.day,
        tuple(VoucherRow(a, max(v, ZERO), max(-v, ZERO)) for a, v in parts if v),
        world.now(),
        reference_type="INVOICEPAYMENT",
        reference_number=str(payment.number),
    )
    balance = invoice.balance - paid
    world.invoices[invoice.number] = replace(
        invoice,
        balance=balance,
        final_pay_date=payment.day if balance == 0 else None,
        modified=world.now(),
    )
    booked = replace(payment, booked=True, voucher=key, modified=world.now())
    world.payments[payment.number] = booked
    return booked


def payment_of(world: World, number: str) -> Payment:
    """The payment with this number; refused with 404 where there is none."""
    payment = world.payments.get(int(number)) if number.isdecimal() else None
    if payment is None:
        raise RefusedError(PAYMENT_STATE, "Kan inte hitta betalningen.", 404)
    return payment


def bookkeep_payment(world: World, number: str) -> Response:
    """``PUT /3/invoicepayments/{n}/bookkeep``; a booked one is refused."""
    payment = payment_of(world, number)
    if payment.booked:
        raise RefusedError(PAYMENT_STATE, f"Betalningen {number} är redan bokförd.")
    _payable(world, payment.invoice)
    open_year(world, payment.day, 2000401)
    booked = settle_payment(world, payment)
    shape = shapes.payment_document(world, booked)
    return answered({"InvoicePayment": shape}, 200, f"invoicepayment {number} booked")


def delete_payment(world: World, number: str) -> Response:
    """``DELETE /3/invoicepayments/{n}`` of an unbooked payment."""
    payment = payment_of(world, number)
    if payment.booked:
        raise RefusedError(PAYMENT_STATE, f"Betalningen {number} är bokförd och kan inte tas bort.")
    del world.payments[payment.number]
    world.payments_of[payment.invoice].remove(payment.number)
    if payment.number in world.made_payments:
        world.made_payments.remove(payment.number)
    return Response(204, effect=f"invoicepayment {number} deleted")


def _voucher_year(world: World, request: Request, fields: Mapping[str, Any], day: date) -> int:
    year = open_year(world, day, 2002141)
    asked = parameters(request.query).get("financialyear", [None])[0] or fields.get("Year")
    if asked is None:
        preselected = year_of(world, world.today())
        asked = preselected.id if preselected else 0
    if int(number_of(asked, "Year")) != year.id:
        raise RefusedError(NO_YEAR, f"Datumet {day.isoformat()} ligger inte i valt räkenskapsår.")
    return year.id


def _voucher_row(world: World, fields: object) -> VoucherRow:
    if not isinstance(fields, dict):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    only_known(fields, _VOUCHER_ROW_FIELDS)
    return VoucherRow(
        account_of(world, fields.get("Account"), "Account"),
        money(fields.get("Debit") or 0, "Debit"),
        money(fields.get("Credit") or 0, "Credit"),
        text_of(fields, "TransactionInformation", 100),
        text_of(fields, "CostCenter", 6),
        text_of(fields, "Project", 20),
    )


def create_voucher(world: World, request: Request) -> Response:
    """``POST /3/vouchers``: must balance, in an open period and in a series open for hands."""
    fields = body_of(request, "Voucher", _VOUCHER_FIELDS)
    for name in ("Description", "TransactionDate", "VoucherSeries"):
        if not fields.get(name):
            raise RefusedError(REQUIRED, f"{name} krävs.")
    description = text_of(fields, "Description", 200)
    comments = text_of(fields, "Comments", 1000)
    code = text_of(fields, "VoucherSeries", 10)
    series = world.series.get(code)
    if series is None:
        raise RefusedError(SERIES, f"Kan inte hitta verifikationsserien {code}.")
    if not series.manual:
        raise RefusedError(
            SERIES, f"Verifikationsserien {code} är inte öppen för manuell kontering."
        )
    day = day_of(fields["TransactionDate"], "TransactionDate")
    year = _voucher_year(world, request, fields, day)
    rows = tuple(_voucher_row(world, row) for row in list_of(fields, "VoucherRows"))
    debit, credit = sum((r.debit for r in rows), ZERO), sum((r.credit for r in rows), ZERO)
    if not rows or debit != credit:
        raise RefusedError(UNBALANCED, f"Verifikationen balanserar inte ({debit - credit}).")
    key = next_voucher(world, code, year)
    voucher = Voucher(key, description, day, rows, world.now(), comments)
    world.vouchers[key] = voucher
    world.made_vouchers.append(key)
    effect = f"voucher {key.series} {key.number} created"
    return answered({"Voucher": shapes.voucher_document(voucher)}, 201, effect)
