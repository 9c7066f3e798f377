"""Seeded troubles of where the reference stands: the fields of the invoice, its own numbers.

Each is like those of ``references``, and is posted where the merchant's settings name the field.
"""

from __future__ import annotations

from ..history import new_fortnox_order, new_invoice, new_sale, price
from ..trouble import Trouble, captured, made
from ..world.world import World
from .references import alone, referred


def reference_in_your_order_number(world: World, into: int | None = None) -> Trouble:
    """The reference in ``YourOrderNumber``, which lists do not return: posted with that setting."""
    return _in_field(world, "reference_in_your_order_number", "YourOrderNumber", into)


def reference_in_our_reference(world: World, into: int | None = None) -> Trouble:
    """The reference in ``OurReference``, which lists do not return: posted with that setting."""
    return _in_field(world, "reference_in_our_reference", "OurReference", into)


def reference_in_your_reference(world: World, into: int | None = None) -> Trouble:
    """The reference in ``YourReference``, which lists do not return: posted with that setting."""
    return _in_field(world, "reference_in_your_reference", "YourReference", into)


def reference_in_second_external(world: World, into: int | None = None) -> Trouble:
    """The reference in ``ExternalInvoiceReference2``: posted with that setting."""
    name = "reference_in_second_external"
    return _in_field(world, name, "ExternalInvoiceReference2", into)


def _in_field(world: World, name: str, field: str, into: int | None) -> Trouble:
    sale = alone(world, into)
    invoice = referred(world, sale, field)
    note = f"needs Payout Reference Field {field}"
    return made(world, name, [sale.line], [invoice], into, note=note)


def reference_is_ocr(world: World, into: int | None = None) -> Trouble:
    """The line carries the invoice's OCR number as its reference: posted with ``OCR`` set."""
    return _numbered(world, "reference_is_ocr", "OCR", into)


def reference_is_document_number(world: World, into: int | None = None) -> Trouble:
    """The line carries the invoice's own number: posted with ``DocumentNumber`` set."""
    return _numbered(world, "reference_is_document_number", "DocumentNumber", into)


def reference_is_order_number(world: World, into: int | None = None) -> Trouble:
    """The line carries the Fortnox order's number, from which the invoice was made: posted with
    ``OrderReference`` set, through the order's ``InvoiceReference``."""
    return _numbered(world, "reference_is_order_number", "OrderReference", into)


def _numbered(world: World, name: str, field: str, into: int | None) -> Trouble:
    """The shop learned Fortnox's number first and gave it to Qliro as its reference."""
    day, amount = captured(world, into), price(world)
    invoice = new_invoice(world, amount, day=day)
    order = new_fortnox_order(world, invoice, day=day)
    reference = {
        "OCR": invoice.ocr,
        "DocumentNumber": str(invoice.number),
        "OrderReference": str(order.number),
    }[field]
    sale = new_sale(world, amount, day=day, invoiced=False, reference=reference)
    note = f"needs Payout Reference Field {field}"
    return made(world, name, [sale.line], [invoice], into, note=note)
