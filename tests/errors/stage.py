"""A small world in which one request goes wrong, and the ways to send that request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from engine.error_catalogue import ApiError, read_error
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.history import new_invoice
from engine.sandbox.lives.lifecycle import capture, secure
from engine.sandbox.lives.orders import goods
from engine.sandbox.qliro.api import authorization
from engine.sandbox.transport import fortnox_client, qliro_client
from engine.sandbox.world.world import World

DAY = date(2026, 11, 11)
SHIRT: dict[str, Any] = {
    "MerchantReference": "TSHIRT-BLA-M",
    "Type": "Product",
    "Quantity": 1,
    "PricePerItemIncVat": 399,
}
NEW = SHIRT | {"PricePerItemExVat": 319.2}
ROW = {"Description": "T-shirt", "DeliveredQuantity": 1, "Price": 100, "AccountNumber": 3001}
SIGN_IN = "https://fortnox.example/oauth-v1/token"


def a_world() -> World:
    """An empty company whose limiter is off."""
    world = empty_world()
    world.limits.rate_limit = None
    return world


@dataclass
class Stage:
    """The world, and requests to its two APIs in few words."""

    world: World = field(default_factory=a_world)

    def __post_init__(self) -> None:
        self.fortnox, self.qliro = fortnox_client(self.world), qliro_client(self.world)

    # -- Fortnox ----------------------------------------------------------------------------------

    def invoice(self, amount: str = "100.00", **fields: Any) -> int:
        """A booked invoice, unpaid."""
        return new_invoice(self.world, Decimal(amount), day=DAY, **fields).number

    def pay(self, invoice: int | None = None, **fields: Any) -> httpx.Response:
        """An invoice payment; None leaves a field out."""
        body = {
            "InvoiceNumber": self.invoice() if invoice is None else invoice,
            "Amount": 100,
            "PaymentDate": "2026-11-13",
            "ModeOfPaymentAccount": 1581,
        }
        return self.post("invoicepayments", "InvoicePayment", body | fields)

    def paid(self) -> str:
        """The path of a payment that is booked."""
        path = f"invoicepayments/{self.pay().json()['InvoicePayment']['Number']}"
        assert self.fortnox.put(f"{path}/bookkeep").status_code == 200
        return path

    def voucher(self, **fields: Any) -> httpx.Response:
        body = {
            "Description": "Utbetalning",
            "TransactionDate": "2026-11-13",
            "VoucherSeries": self.world.chart.series_transfer,
            "VoucherRows": [{"Account": 1930, "Debit": 100}, {"Account": 1581, "Credit": 100}],
        }
        return self.post("vouchers", "Voucher", body | fields)

    def customer(self, **fields: Any) -> httpx.Response:
        return self.post("customers", "Customer", {"Name": "Exempel AB"} | fields)

    def article(self, **fields: Any) -> httpx.Response:
        return self.post("articles", "Article", {"Description": "T-shirt"} | fields)

    def bill(self, row: dict[str, Any] | None = None, **fields: Any) -> httpx.Response:
        """An invoice of one row for a new customer; ``row`` changes the row."""
        rows = [ROW | (row or {})]
        return self.post(
            "invoices", "Invoice", {**self._for_somebody(), "InvoiceRows": rows} | fields
        )

    def billed(self, row: dict[str, Any] | None = None, **fields: Any) -> str:
        """The path of such an invoice."""
        return f"invoices/{self.bill(row, **fields).json()['Invoice']['DocumentNumber']}"

    def booked(self) -> str:
        """The path of one that is booked."""
        path = self.billed()
        assert self.fortnox.put(f"{path}/bookkeep").status_code == 200
        return path

    def order(self, row: dict[str, Any] | None = None, **fields: Any) -> httpx.Response:
        """An order of one row for a new customer."""
        rows = [{"Description": "T-shirt", "OrderedQuantity": 1, "Price": 100} | (row or {})]
        rows = [{"AccountNumber": 3001} | one for one in rows]
        return self.post("orders", "Order", {**self._for_somebody(), "OrderRows": rows} | fields)

    def ordered(self) -> str:
        """The path of such an order."""
        return f"orders/{self.order().json()['Order']['DocumentNumber']}"

    def post(self, path: str, wrapper: str, fields: dict[str, Any]) -> httpx.Response:
        kept = {name: value for name, value in fields.items() if value is not None}
        return self.fortnox.post(path, json={wrapper: kept})

    def sign_in(self, secret: str = "", **form: str) -> httpx.Response:
        """What the token endpoint says to a pair and a form."""
        access = self.world.access
        pair = (access.client_id, secret or access.client_secret)
        with httpx.Client(transport=self.fortnox._transport) as nobody:
            return nobody.post(SIGN_IN, data=form, auth=pair)

    def consent(self, **fields: str) -> httpx.Response:
        """What the page of consent says: an error, or the code alone, told here or there."""
        query = {
            "client_id": self.world.access.client_id,
            "redirect_uri": "https://a.example/",
            "response_type": "code",
            "access_type": "offline",
        } | fields
        with httpx.Client(transport=self.fortnox._transport) as nobody:
            given = nobody.get("https://fortnox.example/oauth-v1/auth", params=query)
        if given.status_code != 302:
            return given
        told = httpx.URL(given.headers["location"]).params
        if "error" in told:
            return httpx.Response(400, json={"error": told["error"]})
        return httpx.Response(200, text=told["code"])

    def _for_somebody(self) -> dict[str, str]:
        return {"CustomerNumber": self.customer().json()["Customer"]["CustomerNumber"]}

    # -- Qliro ------------------------------------------------------------------------------------

    def secured(self, **fields: Any) -> int:
        """An order whose payment is secured."""
        return secure(self.world, goods(), **fields).id

    def sold(self, **fields: Any) -> tuple[int, int]:
        """An order captured whole, and its capture."""
        order = self.secured(**fields)
        return order, capture(self.world, order).id

    def command(self, call: str, order: int, **fields: Any) -> httpx.Response:
        """A signed call that changes an order; None leaves a field out."""
        access, held = self.world.access, self.world.qliro_orders.get(order)
        given = {
            "RequestId": str(uuid4()),
            "MerchantApiKey": access.merchant_api_key,
            "OrderId": order,
            "Currency": held.currency if held else "SEK",
        } | fields
        return self.signed(
            call, msgspec.json.encode({k: v for k, v in given.items() if v is not None})
        )

    def signed(self, call: str, body: bytes) -> httpx.Response:
        signature = authorization(self.world.access.merchant_api_secret, body)
        return self.qliro.post(call, content=body, headers={"Authorization": signature})

    def ship(self, order: int, *items: dict[str, Any], **fields: Any) -> httpx.Response:
        part = {"OrderItems": list(items or [SHIRT])}
        return self.command("MarkItemsAsShipped", order, **({"Shipments": [part]} | fields))

    def give_back(self, order: int, of: int, *items: dict[str, Any], **part: Any) -> httpx.Response:
        whole = {"PaymentTransactionId": of, "OrderItems": list(items or [SHIRT])} | part
        return self.command("ReturnItems", order, Returns=[whole])

    def add(self, order: int, of: int, *items: dict[str, Any]) -> httpx.Response:
        part = {"PaymentTransactionId": of, "OrderItems": list(items)}
        return self.command("AddItemsToInvoice", order, Additions=[part])

    def update(self, order: int, *items: dict[str, Any], **part: Any) -> httpx.Response:
        return self.command(
            "UpdateItems", order, Updates=[{"OrderItems": list(items or [NEW])} | part]
        )


@dataclass(frozen=True)
class Case:
    """What goes wrong, in the catalogue's words (a part of ``means``), and how it is provoked."""

    means: str
    code: str
    provoked: Callable[[Stage], httpx.Response]

    def played(self, source: str) -> ApiError:
        """The error as this program reads it."""
        stage = Stage()
        try:
            given = self.provoked(stage)
        finally:
            stage.fortnox.close()
            stage.qliro.close()
        assert given.status_code >= 400, f"{self} was not refused: {given.text}"
        return read_error(source, given.status_code, given.text)
