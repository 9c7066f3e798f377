"""The warehouse module (Lager): what it does to delivered quantities.

Asks Fortnox whether it is activated; where that may not be asked, that is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import AccessError
from ..context import Context
from ..result import Result, in_fortnox, ok, warning

# GET, Fortnox's OpenAPI document: "Check if current tenant has activated Fortnox Warehouse".
TENANT = "/api/warehouse/tenants-v4"


def run(context: Context) -> Iterator[Result]:
    if not context.on("orders", "invoices", "refunds", "order_status"):
        yield ok("No flow is on that the warehouse module would touch.")
        return
    try:
        told = context.fortnox(TENANT)
    except AccessError:
        yield ok(
            "Fortnox does not let us ask for the warehouse module (scope warehouse): see that it "
            "is off, or that articles from Qliro are no stock goods."
        )
        return
    active = isinstance(told.content, dict) and told.content.get("activated") is True
    if active:
        yield warning(
            "The warehouse module (Lager) is activated.",
            "It sets the delivered quantity of an article to 0 while its stock is 0 or less, so "
            "invoices and orders come to nothing and are parked; and it holds a document until it "
            "is marked as delivered.",
            "Let the articles of the shop not be stock goods (Lagervara), allow negative stock, or "
            "keep the stock right.",
            in_fortnox("Inställningar", "Lager"),
        )
    else:
        yield ok("The warehouse module is not activated.")
