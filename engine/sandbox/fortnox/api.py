"""Fortnox's API as far as the flows use it: which path leads where.

It reads a request and the world and answers as the real API does, quirks included. Lists,
orders, invoices, cards, payments and vouchers each have a module of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from ..world.exchange import Request, Response, answered
from ..world.world import World
from . import cards, invoices, lists, orders, shapes, sie, writes
from .access import consent, issue_token, let_in, may, rate_exceeded, token
from .fields import RefusedError, refusal
from .register_shapes import article_document, customer_document
from .registers import CODED, create_entry, register

__all__ = ["answer", "issue_token"]
_ACTIONS: Final[dict[str, Callable[[World, str], Response]]] = {
    "bookkeep": invoices.bookkeep_invoice,
    "cancel": invoices.cancel_invoice,
    "credit": invoices.credit_invoice,
    "externalprint": invoices.send_invoice,
}


def answer(world: World, request: Request) -> Response:
    """Fortnox's answer to a request under ``/3`` or to its sign-in."""
    if request.path == "/oauth-v1/token":
        return token(world, request)
    if request.path == "/oauth-v1/auth":
        return consent(world, request)
    if world.access.required and not let_in(world, request):
        return Response(401, b'{"message":"unauthorized"}')
    if rate_exceeded(world):
        return Response(429)
    # A slash at the end is taken everywhere (recorded, 112 times).
    parts = [unquote(part) for part in request.path.split("/")[2:]]
    parts = parts[:-1] if len(parts) > 1 and not parts[-1] else parts
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
        case "PUT", "invoicepayments", number:
            return writes.update_payment(world, request, number)
        case "PUT", "invoicepayments", number, "bookkeep":
            return writes.bookkeep_payment(world, number)
        case "DELETE", "invoicepayments", number:
            return writes.delete_payment(world, number)
        case "POST", "vouchers":
            return writes.create_voucher(world, request)
    return _written(world, request, parts)


def _written(  # noqa: PLR0912  a table of paths
    world: World, request: Request, parts: list[str]
) -> Response:
    """The documents and cards: orders, invoices, customers, articles."""
    match request.method, *parts:
        case "POST", "orders":
            return orders.create_order(world, request)
        case "PUT", "orders", number:
            return orders.update_order(world, request, number)
        case "PUT", "orders", number, "cancel":
            return orders.cancel_order(world, number)
        case "PUT", "orders", number, "createinvoice":
            return orders.create_invoice(world, number)
        case "POST", "invoices":
            return invoices.create_invoice(world, request)
        case "PUT", "invoices", number:
            return invoices.update_invoice(world, request, number)
        case "PUT", "invoices", number, action if action in _ACTIONS:
            return _ACTIONS[action](world, number)
        case "POST", "customers":
            return cards.create_customer(world, request)
        case "PUT", "customers", number:
            return cards.update_customer(world, request, number)
        case "DELETE", "customers", number:
            return cards.delete_customer(world, number)
        case "POST", "articles":
            return cards.create_article(world, request)
        case "PUT", "articles", number:
            return cards.update_article(world, request, number)
        case "POST", name if name in CODED or name == "projects":
            return create_entry(world, request, name)
    raise RefusedError(2000729, "A valid identifier was not provided.", 404)


def _got(  # noqa: PLR0912  a table of paths
    world: World, request: Request, parts: list[str]
) -> Response:
    match parts:
        case ["invoices"]:
            return lists.invoices(world, request)
        case ["invoices", number]:
            invoice = invoices.invoice_of(world, number)
            return answered({"Invoice": shapes.invoice_document(invoice)})
        case ["invoices", number, "email"]:
            return invoices.send_invoice(world, number)
        case ["orders"]:
            return lists.orders(world, request)
        case ["orders", number]:
            order = orders.order_of(world, number)
            return answered({"Order": shapes.order_document(order)})
        case ["orders", number, "email"]:
            return orders.send_order(world, number)
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
        case ["customers"]:
            return cards.customers(world, request)
        case ["customers", number]:
            customer = cards.customer_of(world, number)
            return answered({"Customer": customer_document(customer)})
        case ["articles"]:
            return cards.articles(world, request)
        case ["articles", number]:
            return answered({"Article": article_document(world, cards.article_of(world, number))})
        case ["financialyears"]:
            return lists.years(world, request)
        case ["sie", kind]:
            return sie.download(world, request, kind)
        case ["warehouse", "tenants-v4"]:
            tenant = int(world.access.tenant_id)
            return answered({"activated": world.company.warehouse, "tenantId": tenant})
    return register(world, request, parts)
