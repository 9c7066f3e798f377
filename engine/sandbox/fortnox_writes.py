"""What changes Fortnox's books: invoice payments and vouchers, with every refusal that is known.

It reads a request's body and the world, and writes payments, vouchers and invoice balances. There
is no guard against duplicates, exactly as in the real API: the same payment can be made five times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from engine.sandbox import fortnox_shapes as shapes
from engine.sandbox.exchange import Request, Response, answered, decoded, parameters
from engine.sandbox.world import (
    ZERO,
    FinancialYear,
    Invoice,
    Payment,
    Voucher,
    VoucherRow,
    World,
    WriteOff,
    next_voucher,
    year_of,
)

OERE: Final = Decimal("0.01")
_TOO_MUCH: Final = Decimal(10) ** 12
# Codes that no source tells; the sandbox numbers them 2999xxx so that nobody takes them for real.
NOT_BOOKED, PAYMENT_STATE, NO_YEAR, WRONG_CURRENCY, UNBALANCED, SERIES, MODE, REQUIRED = range(
    2999001, 2999009
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
_ALLOWED: Final = frozenset("’\\̈̊ –:.`´’,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u00a0\n\r0123456789")


class RefusedError(Exception):
    """A request that Fortnox refuses: HTTP 400, a code and a Swedish message."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def refusal(refused: RefusedError) -> Response:
    """A refusal in Fortnox's two spellings: lower case, Pascal case where nothing was found."""
    if refused.status == 404:
        body = {"Error": 1, "Message": refused.message, "Code": refused.code}
    else:
        body = {"error": 1, "message": refused.message, "code": refused.code}
    return answered({"ErrorInformation": body}, refused.status)


def _body(request: Request, wrapper: str, known: frozenset[str]) -> Mapping[str, Any]:
    try:
        content = decoded(request.body)
    except ValueError:
        raise RefusedError(2002115, "Error deserializing JSON: JSON_ERROR_SYNTAX") from None
    inner = content.get(wrapper) if isinstance(content, dict) else None
    if not isinstance(inner, dict):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    _known(inner, known)
    return inner


def _known(fields: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in fields:
        if name not in known:
            raise RefusedError(2001399, f"Felaktigt fältnamn ({name})")


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise RefusedError(2000108, f"Värdet måste vara numeriskt ({name})")
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= _TOO_MUCH:
        raise RefusedError(2000108, f"Värdet måste vara numeriskt ({name})")
    return number


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    if value is not None and not isinstance(value, list):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    return value or []


def _money(value: object, name: str) -> Decimal:
    return _number(value, name).quantize(OERE, ROUND_HALF_UP)


def _date(value: object, name: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise RefusedError(2000108, f"Ogiltigt datum ({name})") from None


def _text(fields: Mapping[str, Any], name: str, longest: int) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedError(2000106, f"Värdet måste vara alfanumeriskt ({name})")
    if len(value) > longest:
        raise RefusedError(2001896, f"Texten är för lång ({name}), högst {longest} tecken.")
    if not all(sign.isalpha() or sign in _ALLOWED for sign in value):
        raise RefusedError(2000359, f"Värdet innehåller ej tillåtna tecken. ({name})")
    return value


def _account(world: World, value: object, name: str) -> int:
    number = int(_number(value, name))
    account = world.accounts.get(number)
    if account is None:
        raise RefusedError(2001304, f"Kunde inte hitta konto {number}")
    if not account.active:
        raise RefusedError(2000550, f"Kontot {number} är inte aktivt.")
    return number


def _open_year(world: World, day: date, locked: int) -> FinancialYear:
    if world.locked_until is not None and day <= world.locked_until:
        raise RefusedError(
            locked, f"Perioden är låst till och med {world.locked_until.isoformat()}."
        )
    year = year_of(world, day)
    if year is None:
        raise RefusedError(NO_YEAR, f"Det finns inget räkenskapsår för {day.isoformat()}.")
    return year


def _write_off(world: World, fields: object, invoice: Invoice) -> WriteOff:
    if not isinstance(fields, dict):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    _known(fields, _WRITE_OFF_FIELDS)
    currency = _text(fields, "Currency", 3) or invoice.currency
    if currency != invoice.currency:
        raise RefusedError(WRONG_CURRENCY, "Bortskrivningens valuta måste vara fakturans.")
    return WriteOff(
        _account(world, fields.get("AccountNumber"), "AccountNumber"),
        _money(fields.get("Amount"), "Amount"),
        currency,
        _text(fields, "Description", 200),
        _text(fields, "TransactionInformation", 100),
        _text(fields, "CostCenter", 6),
        _text(fields, "Project", 20),
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
        rate = _number(fields["CurrencyRate"], "CurrencyRate")
    given, given_currency = fields.get("Amount"), fields.get("AmountCurrency")
    if foreign and given_currency is None:
        raise RefusedError(REQUIRED, "AmountCurrency krävs när valutan inte är SEK.")
    if given is None and given_currency is None:
        raise RefusedError(REQUIRED, "Belopp saknas (Amount)")
    if not foreign:
        amount = _money(given if given is not None else given_currency, "Amount")
        return amount, amount, Decimal(1)
    amount_currency = _money(given_currency, "AmountCurrency")
    amount = _money(given if given is not None else amount_currency * rate, "Amount")
    if fields.get("CurrencyRate") is None and amount_currency:
        rate = (amount / amount_currency).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return amount, amount_currency, rate


def create_payment(world: World, request: Request) -> Response:
    """``POST /3/invoicepayments``: an unbooked payment; the balance stays until it is booked."""
    fields = _body(request, "InvoicePayment", _PAYMENT_FIELDS)
    if fields.get("InvoiceNumber") is None:
        raise RefusedError(REQUIRED, "InvoiceNumber krävs.")
    invoice = _payable(world, int(_number(fields["InvoiceNumber"], "InvoiceNumber")))
    if fields.get("Currency") not in (None, invoice.currency):
        raise RefusedError(WRONG_CURRENCY, "Betalningens valuta måste vara fakturans.")
    day = _date(fields.get("PaymentDate") or world.today(), "PaymentDate")
    if day < invoice.day:
        raise RefusedError(2001089, "Betalningsdatum får inte vara tidigare än fakturadatum.")
    _open_year(world, day, 2000401)
    mode = _text(fields, "ModeOfPayment", 25)
    if mode and mode not in world.modes:
        raise RefusedError(MODE, f"Kan inte hitta betalningssättet {mode}.")
    account = fields.get("ModeOfPaymentAccount")
    if account is None:
        account = world.modes[mode or next(iter(world.modes))].account
    number = _account(world, account, "ModeOfPaymentAccount")
    amount, amount_currency, rate = _amounts(fields, invoice)
    offs = tuple(_write_off(world, off, invoice) for off in _list(fields, "WriteOffs"))
    payment = Payment(
        number=world.next("payment"),
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
    store_payment(world, payment)
    world.made_payments.append(payment.number)
    shape = shapes.payment_document(world, payment)
    return answered({"InvoicePayment": shape}, 201, f"invoicepayment {payment.number} created")


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
    _open_year(world, payment.day, 2000401)
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
    year = _open_year(world, day, 2002141)
    asked = parameters(request.query).get("financialyear", [None])[0] or fields.get("Year")
    if asked is None:
        preselected = year_of(world, world.today())
        asked = preselected.id if preselected else 0
    if int(_number(asked, "Year")) != year.id:
        raise RefusedError(NO_YEAR, f"Datumet {day.isoformat()} ligger inte i valt räkenskapsår.")
    return year.id


def _voucher_row(world: World, fields: object) -> VoucherRow:
    if not isinstance(fields, dict):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
    _known(fields, _VOUCHER_ROW_FIELDS)
    return VoucherRow(
        _account(world, fields.get("Account"), "Account"),
        _money(fields.get("Debit") or 0, "Debit"),
        _money(fields.get("Credit") or 0, "Credit"),
        _text(fields, "TransactionInformation", 100),
        _text(fields, "CostCenter", 6),
        _text(fields, "Project", 20),
    )


def create_voucher(world: World, request: Request) -> Response:
    """``POST /3/vouchers``: must balance, in an open period and in a series open for hands."""
    fields = _body(request, "Voucher", _VOUCHER_FIELDS)
    for name in ("Description", "TransactionDate", "VoucherSeries"):
        if not fields.get(name):
            raise RefusedError(REQUIRED, f"{name} krävs.")
    description = _text(fields, "Description", 200)
    comments = _text(fields, "Comments", 1000)
    code = _text(fields, "VoucherSeries", 10)
    series = world.series.get(code)
    if series is None:
        raise RefusedError(SERIES, f"Kan inte hitta verifikationsserien {code}.")
    if not series.manual:
        raise RefusedError(
            SERIES, f"Verifikationsserien {code} är inte öppen för manuell kontering."
        )
    day = _date(fields["TransactionDate"], "TransactionDate")
    year = _voucher_year(world, request, fields, day)
    rows = tuple(_voucher_row(world, row) for row in _list(fields, "VoucherRows"))
    debit, credit = sum((r.debit for r in rows), ZERO), sum((r.credit for r in rows), ZERO)
    if not rows or debit != credit:
        raise RefusedError(UNBALANCED, f"Verifikationen balanserar inte ({debit - credit}).")
    key = next_voucher(world, code, year)
    voucher = Voucher(key, description, day, rows, world.now(), comments)
    world.vouchers[key] = voucher
    world.made_vouchers.append(key)
    effect = f"voucher {key.series} {key.number} created"
    return answered({"Voucher": shapes.voucher_document(voucher)}, 201, effect)
