"""Fortnox's invoices: created, changed, booked, credited, cancelled, marked as sent.

It reads a request and the world and writes invoices and the vouchers of those that are booked. As
in the real API nothing guards against the same invoice twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..check_digits import luhn
from ..world.exchange import Request, Response, answered
from ..world.world import ZERO, Invoice, World, year_of
from . import shapes
from .booking import book
from .documents import INVOICE_HEAD, customer_in, with_head, with_rows
from .fields import DOCUMENT_STATE, NO_YEAR, RefusedError, body_of, day_of, list_of, text_of
from .orders import due_day, next_invoice

_TYPES: Final = (
    None,
    "",
    "INVOICE",
    "AGREEMENTINVOICE",
    "INTRESTINVOICE",
    "SUMMARYINVOICE",
    "CASHINVOICE",
)


def invoice_of(world: World, number: str) -> Invoice:
    """The invoice with this number; 404 (2000434) where there is none."""
    invoice = world.invoices.get(int(number)) if number.isdecimal() else None
    if invoice is None:
        raise RefusedError(2000434, "Kan inte hitta fakturan.", 404)
    return invoice


def _stored(world: World, invoice: Invoice, effect: str, status: int = 200) -> Response:
    world.invoices[invoice.number] = invoice
    return answered({"Invoice": shapes.invoice_document(invoice)}, status, effect)


def create_invoice(world: World, request: Request) -> Response:
    """``POST /3/invoices``: an unbooked invoice; a year must hold its date (Junipeer)."""
    fields = body_of(request, "Invoice", INVOICE_HEAD)
    today = world.today()
    blank = Invoice(
        number=0,
        day=today,
        due=today,
        total=ZERO,
        balance=ZERO,
        modified=world.now(),
        customer_number="",
        customer_name="",
        booked=False,
        terms="",
    )
    customer = customer_in(world, fields, blank)
    invoice = with_head(world, fields, blank, customer, new=True)
    invoice = _dated(fields, invoice)
    if year_of(world, invoice.day) is None:
        raise RefusedError(NO_YEAR, f"Det finns inget räkenskapsår för {invoice.day.isoformat()}.")
    invoice = with_rows(world, list_of(fields, "InvoiceRows"), invoice, customer)
    number = _number(world, fields)
    invoice = replace(
        invoice,
        number=number,
        balance=invoice.total,
        ocr=text_of(fields, "OCR", 25) or luhn(str(number)),
        credit=invoice.total < 0 and world.company.negative_is_credit,
        sent=False,
    )
    world.made.append(("invoice", str(number)))
    return _stored(world, invoice, f"invoice {number} created", 201)


def _number(world: World, fields: Mapping[str, Any]) -> int:
    given = fields.get("DocumentNumber")
    if not given:
        return next_invoice(world)
    if not str(given).isdecimal():
        raise RefusedError(2000108, "Värdet måste vara numeriskt (DocumentNumber)")
    if int(given) in world.invoices:
        raise RefusedError(2000861, f"Dokumentnummer {given} används redan.")
    return int(given)


def _dated(fields: Mapping[str, Any], invoice: Invoice) -> Invoice:
    """The invoice with its dates; without a due date the terms of payment make one."""
    if fields.get("InvoiceType") not in _TYPES:
        raise RefusedError(2001392, "Ingen eller felaktig typ av data. (InvoiceType)")
    day = day_of(fields.get("InvoiceDate") or invoice.day, "InvoiceDate")
    due = invoice.due
    if fields.get("DueDate"):
        due = day_of(fields["DueDate"], "DueDate")
    elif not invoice.number or fields.get("TermsOfPayment") or fields.get("InvoiceDate"):
        due = due_day(day, invoice.terms)
    outbound = invoice.outbound
    if fields.get("OutboundDate"):
        outbound = day_of(fields["OutboundDate"], "OutboundDate")
    return replace(invoice, day=day, due=due, outbound=outbound)


def update_invoice(world: World, request: Request, number: str) -> Response:
    """``PUT /3/invoices/{n}``: refused once it is booked or cancelled.

    Rows without ``RowId`` meet those of the invoice by position; an empty list clears them (the
    plug-in for WooCommerce does so before it writes others).
    """
    held = invoice_of(world, number)
    fields = body_of(request, "Invoice", INVOICE_HEAD)
    _unbooked(held, "ändras")
    customer = customer_in(world, fields, held)
    invoice = _dated(fields, with_head(world, fields, held, customer, new=False))
    if fields.get("OCR"):
        invoice = replace(invoice, ocr=text_of(fields, "OCR", 25))
    if {"InvoiceRows", "Freight", "AdministrationFee", "VATIncluded"} & fields.keys():
        rows = list_of(fields, "InvoiceRows") if "InvoiceRows" in fields else None
        invoice = with_rows(world, rows, invoice, customer)
        invoice = replace(invoice, balance=invoice.total)
    return _stored(world, invoice, f"invoice {number} updated")


def _unbooked(invoice: Invoice, what: str) -> None:
    if invoice.booked:
        raise RefusedError(
            DOCUMENT_STATE, f"Fakturan {invoice.number} är bokförd och kan inte {what}."
        )
    if invoice.cancelled:
        raise RefusedError(
            DOCUMENT_STATE, f"Fakturan {invoice.number} är makulerad och kan inte {what}."
        )


def bookkeep_invoice(world: World, number: str) -> Response:
    """``PUT /3/invoices/{n}/bookkeep``: makes its voucher; from then on it cannot be changed."""
    held = invoice_of(world, number)
    _unbooked(held, "bokföras")
    if held.not_completed:
        raise RefusedError(2003498, f"Fakturan {number} måste slutföras innan den bokförs.")
    if any(row.quantity and not row.description and not row.article for row in held.rows):
        raise RefusedError(2003977, "En fakturarad med antal saknar text eller artikel.")
    key = book(world, held)
    invoice = replace(held, booked=True, voucher=key, modified=world.now())
    return _stored(world, invoice, f"invoice {number} booked")


def cancel_invoice(world: World, number: str) -> Response:
    """``PUT /3/invoices/{n}/cancel`` of an unbooked one; a credit lets go of its original."""
    held = invoice_of(world, number)
    _unbooked(held, "makuleras")
    original = world.invoices.get(held.credit_reference)
    if held.credit and original is not None and original.credit_reference == held.number:
        freed = replace(original, credit_reference=0, modified=world.now())
        world.invoices[original.number] = freed
    invoice = replace(held, cancelled=True, balance=ZERO, modified=world.now())
    return _stored(world, invoice, f"invoice {number} cancelled")


def send_invoice(world: World, number: str) -> Response:
    """``PUT …/externalprint`` and ``GET …/email``: marked as sent, nothing else leaves."""
    invoice = replace(invoice_of(world, number), sent=True, modified=world.now())
    return _stored(world, invoice, f"invoice {number} sent")


def credit_invoice(world: World, number: str) -> Response:
    """``PUT /3/invoices/{n}/credit``: an unbooked invoice with its quantities below zero.

    The original must be booked and have no credit yet (support article "Skapa kreditfaktura"); each
    names the other. Dated today, whatever the original's date. Which of the two the real API
    answers with is not certain: ``company.credit_answers``.
    """
    held = invoice_of(world, number)
    if not held.booked or held.cancelled:
        raise RefusedError(DOCUMENT_STATE, f"Fakturan {number} är ej bokförd.")
    if held.credit or held.credit_reference:
        raise RefusedError(DOCUMENT_STATE, f"Fakturan {number} är redan krediterad.")
    today, new = world.today(), next_invoice(world)
    credit = replace(
        held,
        number=new,
        day=today,
        due=due_day(today, held.terms),
        outbound=None,
        total=-held.total,
        balance=-held.total,
        vat=-held.vat,
        round_off=-held.round_off,
        gross=None if held.gross is None else -held.gross,
        freight=-held.freight,
        freight_vat=-held.freight_vat,
        fee=-held.fee,
        fee_vat=-held.fee_vat,
        modified=world.now(),
        booked=False,
        voucher=None,
        sent=False,
        credit=True,
        credit_reference=held.number,
        final_pay_date=None,
        ocr=luhn(str(new)),
        rows=tuple(
            replace(row, quantity=-row.quantity, id=world.next("row", 100001)) for row in held.rows
        ),
    )
    original = replace(held, credit_reference=new, modified=world.now())
    world.invoices[held.number] = original
    world.made.append(("credit", str(new)))
    response = _stored(world, credit, f"invoice {new} created as the credit of {number}")
    if world.company.credit_answers == "original":
        shape = {"Invoice": shapes.invoice_document(original)}
        return answered(shape, 200, response.effect)
    return response
