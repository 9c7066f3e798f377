"""Fortnox's API as far as payouts use it: paths, lists, searches, tokens and the rate limit.

It reads a request and the world and answers as the real API does, quirks included; what changes
the books is in ``fortnox_writes``. Lists are cut into pages before anything is rendered.
"""

from __future__ import annotations

from urllib.parse import unquote

from engine.sandbox import fortnox_lists as lists
from engine.sandbox import fortnox_shapes as shapes
from engine.sandbox import fortnox_writes as writes
from engine.sandbox.exchange import Request, Response, answered
from engine.sandbox.fortnox_access import issue_token, let_in, may, rate_exceeded, token
from engine.sandbox.fortnox_fields import RefusedError, refusal
from engine.sandbox.fortnox_registers import register
from engine.sandbox.world import World

__all__ = ["answer", "issue_token"]


def answer(world: World, request: Request) -> Response:
    """Fortnox's answer to a request under ``/3`` or to its token endpoint."""
    if request.path == "/oauth-v1/token":
        return token(world, request)
    if world.access.required and not let_in(world, request):
        return Response(401, b'{"message":"unauthorized"}')
    if rate_exceeded(world):
        return Response(429)
    parts = [unquote(part) for part in request.path.split("/")[2:]]
    try:
        may(world, parts[0])
        return _routed(world, request, parts)
    except RefusedError as refused:
        return refusal(refused)


def _routed(world: World, request: Request, parts: list[str]) -> Response:
    match request.method, *parts:
        case "GET", *rest:
            return _got(world, request, rest)
        case "POST", "invoicepayments":
            return writes.create_payment(world, request)
        case "PUT", "invoicepayments", number, "bookkeep":
            return writes.bookkeep_payment(world, number)
        case "DELETE", "invoicepayments", number:
            return writes.delete_payment(world, number)
        case "POST", "vouchers":
            return writes.create_voucher(world, request)
    raise RefusedError(2000729, "A valid identifier was not provided.", 404)


def _got(world: World, request: Request, parts: list[str]) -> Response:
    match parts:
        case ["invoices"]:
            return lists.invoices(world, request)
        case ["invoices", number]:
            invoice = lists.found_in(world.invoices, number, 2000434, "Kan inte hitta fakturan.")
            return answered({"Invoice": shapes.invoice_document(invoice)})
        case ["orders"]:
            return lists.orders(world, request)
        case ["orders", number]:
            order = lists.found_in(world.orders, number, 2000439, "Kan inte hitta ordern.")
            return answered({"Order": shapes.order_document(order)})
        case ["invoicepayments"]:
            return lists.payments(world, request)
        case ["invoicepayments", number]:
            payment = writes.payment_of(world, number)
            return answered({"InvoicePayment": shapes.payment_document(world, payment)})
        case ["vouchers"]:
            return lists.vouchers(world, request, None, current=False)
        case ["vouchers", "sublist"]:
            return lists.vouchers(world, request, None, current=True)
        case ["vouchers", "sublist", series]:
            return lists.vouchers(world, request, series, current=True)
        case ["vouchers", series, number]:
            return lists.voucher(world, request, series, number)
        case ["financialyears"]:
            return lists.years(world, request)
    return register(world, request, parts)
