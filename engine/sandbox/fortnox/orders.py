"""Fortnox's orders: created, changed, cancelled, and made into invoices.

It reads a request and the world and writes orders and the invoices made from them. As in the real
API nothing guards against the same order twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from ..check_digits import luhn
from ..world.exchange import Request, Response, answered
from ..world.world import ZERO, Invoice, Order, World, year_of
from . import shapes
from .documents import ORDER_HEAD, customer_in, summed, with_head, with_rows
from .fields import DOCUMENT_STATE, NO_YEAR, RefusedError, body_of, day_of, list_of


def order_of(world: World, number: str) -> Order:
    """The order with this number; 404 (2000439) where there is none."""
    order = world.orders.get(int(number)) if number.isdecimal() else None
    if order is None:
        raise RefusedError(2000439, "Kan inte hitta ordern.", 404)
    return order


def create_order(world: World, request: Request) -> Response:
    """``POST /3/orders``; without rows it is an order of 0.00 (recorded, 2023)."""
    fields = body_of(request, "Order", ORDER_HEAD)
    day = day_of(fields.get("OrderDate") or world.today(), "OrderDate")
    blank = Order(0, day, ZERO, world.now(), customer_number="", customer_name="")
    customer = customer_in(world, fields, blank)
    order = with_head(world, fields, blank, customer, new=True)
    order = _states(fields, order)
    order = with_rows(world, list_of(fields, "OrderRows"), order, customer)
    order = replace(order, number=_number(world, fields))
    world.orders[order.number] = order
    world.made.append(("order", str(order.number)))
    shape = {"Order": shapes.order_document(order)}
    return answered(shape, 201, f"order {order.number} created")


def _number(world: World, fields: object) -> int:
    given = fields.get("DocumentNumber") if isinstance(fields, dict) else None
    if not given:
        number = world.next("order", 501)
        while number in world.orders:
            number = world.next("order", 501)
        return number
    if not str(given).isdecimal():
        raise RefusedError(2000108, "Värdet måste vara numeriskt (DocumentNumber)")
    if int(given) in world.orders:
        raise RefusedError(2000861, f"Dokumentnummer {given} används redan.")
    return int(given)


def _states(fields: object, order: Order) -> Order:
    if not isinstance(fields, dict):
        return order
    state = fields.get("DeliveryState") or order.delivery_state
    if state not in ("registration", "reservation", "delivery"):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data. (DeliveryState)")
    copies = order.copy_remarks if fields.get("CopyRemarks") is None else fields["CopyRemarks"]
    return replace(order, delivery_state=state, copy_remarks=bool(copies))


def _changeable(order: Order) -> None:
    if order.cancelled:
        raise RefusedError(DOCUMENT_STATE, f"Ordern {order.number} är makulerad.")
    if order.invoice:
        raise RefusedError(
            DOCUMENT_STATE, f"Ordern {order.number} har redan en skapad faktura ({order.invoice})."
        )


def update_order(world: World, request: Request, number: str) -> Response:
    """``PUT /3/orders/{n}``: what is sent changes, rows by position unless they name their id."""
    held = order_of(world, number)
    fields = body_of(request, "Order", ORDER_HEAD)
    _changeable(held)
    customer = customer_in(world, fields, held)
    order = _states(fields, with_head(world, fields, held, customer, new=False))
    if fields.get("OrderDate") is not None:
        order = replace(order, day=day_of(fields["OrderDate"], "OrderDate"))
    rows = list_of(fields, "OrderRows") if "OrderRows" in fields else None
    if rows == []:
        raise RefusedError(2001392, "Ingen eller felaktig typ av data. (OrderRows)")  # measured
    order = with_rows(world, rows, order, customer)
    world.orders[order.number] = order
    return answered({"Order": shapes.order_document(order)}, 200, f"order {number} updated")


def cancel_order(world: World, number: str) -> Response:
    """``PUT /3/orders/{n}/cancel``; not of an order that an invoice was made from."""
    held = order_of(world, number)
    _changeable(held)
    order = replace(held, cancelled=True, modified=world.now())
    world.orders[order.number] = order
    return answered({"Order": shapes.order_document(order)}, 200, f"order {number} cancelled")


def send_order(world: World, number: str) -> Response:
    """``GET /3/orders/{n}/email``: marked as sent; no mail leaves the sandbox."""
    order = replace(order_of(world, number), sent=True, modified=world.now())
    world.orders[order.number] = order
    return answered({"Order": shapes.order_document(order)}, 200, f"order {number} sent")


def create_invoice(world: World, number: str) -> Response:
    """``PUT /3/orders/{n}/createinvoice``: an unbooked invoice of what was delivered.

    References and rows are copied. The official document answers with the invoice; clients in use
    read an order, so ``company.createinvoice_answers`` plays both.
    """
    order = order_of(world, number)
    _changeable(order)
    if not order.rows:
        raise RefusedError(DOCUMENT_STATE, f"Ordern {number} saknar rader.")
    if year_of(world, world.today()) is None:
        raise RefusedError(NO_YEAR, f"Det finns inget räkenskapsår för {world.today()}.")
    customer = world.customers.get(order.customer_number)
    invoice = summed(world, _invoice_from(world, order), customer)
    invoice = replace(invoice, balance=invoice.total)
    world.invoices[invoice.number] = invoice
    world.made.append(("invoice", str(invoice.number)))
    order = replace(order, invoice=invoice.number, modified=world.now())
    world.orders[order.number] = order
    effect = f"invoice {invoice.number} created from order {number}"
    if world.company.createinvoice_answers == "Order":
        return answered({"Order": shapes.order_document(order)}, 200, effect)
    return answered({"Invoice": shapes.invoice_document(invoice)}, 200, effect)


def _invoice_from(world: World, order: Order) -> Invoice:
    today = world.today()
    texts = dict(order.texts)
    if not order.copy_remarks:
        texts["Remarks"] = ""
    number = next_invoice(world)
    return Invoice(
        number=number,
        day=today,
        due=due_day(today, order.terms),
        total=ZERO,
        balance=ZERO,
        modified=world.now(),
        customer_number=order.customer_number,
        customer_name=order.customer_name,
        currency=order.currency,
        rate=order.rate,
        booked=False,
        order_reference=order.number,
        your_order_number=order.your_order_number,
        our_reference=order.our_reference,
        your_reference=order.your_reference,
        external1=order.external1,
        external2=order.external2,
        ocr=luhn(str(number)),
        terms=order.terms,
        rows=tuple(replace(row, id=world.next("row", 100001)) for row in order.rows),
        texts=texts,
        freight=order.freight,
        fee=order.fee,
        vat_included=order.vat_included,
        unit=order.unit,
        delivery_day=order.delivery_day,
        sent=False,
    )


def next_invoice(world: World) -> int:
    """The next free number of the invoices."""
    number = world.next("invoice", 1001)
    while number in world.invoices:
        number = world.next("invoice", 1001)
    return number


def due_day(day: date, terms: str) -> date:
    """The day an invoice falls due: terms that are a number are days, others are paid at once."""
    return day + timedelta(days=int(terms) if terms.isdecimal() else 0)
