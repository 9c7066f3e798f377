"""What a request to Qliro's Admin API says: who asks, whether it may, and the items it names.

It reads a request's body and the world, and writes nothing but the memory of request ids. Refusals
carry the code and words that public clients of the API test against, where they do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from ..world.exchange import Request, Response, decoded
from ..world.world import Item, QliroOrder, World
from .orders import ITEM_TYPES
from .spelling import refused

REMEMBERED: Final = timedelta(days=7)  # official document
# The code of a denied repetition is not known; nobody may take this one for it.
REPEATED: Final = "SANDBOX_REQUEST_ID_USED_BEFORE"
_TWO_DECIMALS: Final = Decimal("0.01")


class DeniedError(Exception):
    """A request that Qliro refuses, with the answer that says so."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.response = refused(status, code, message)


def body_of(request: Request) -> Mapping[str, Any]:
    """The request's JSON object."""
    try:
        content = decoded(request.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DeniedError("INVALID_INPUT", "Property: , Message: A non-empty object is required.")
    return content


def admitted(world: World, body: Mapping[str, Any], call: str, pair: str | None) -> Response | None:
    """The refusal of one who may not make this call, None for one who may.

    ``pair`` is the one whose secret signed the body; its key must stand in the body. A wrong key is
    401 with an empty body, like a wrong signature. Calls in ``handling.plus`` want the second pair.
    """
    if pair is None:
        return None  # anybody may
    access = world.access
    wanted = access.plus_api_key if pair == "plus" else access.merchant_api_key
    if body.get("MerchantApiKey") != wanted:
        return Response(401)
    if call in world.handling.plus and pair != "plus":
        return refused(403, "FORBIDDEN", "The credentials do not give access to this operation")
    return None


def denied_repetition(world: World, body: Mapping[str, Any]) -> None:
    """Refuses a request id that was used in the last seven days."""
    id = body.get("RequestId")
    if id is None:
        return
    try:
        UUID(str(id))
    except ValueError:
        message = "Property: RequestId, Message: The value is not a valid GUID."
        raise DeniedError("INVALID_INPUT", message) from None
    used = world.request_ids.get(str(id).lower())
    if used is not None and world.now() - used < REMEMBERED:
        raise DeniedError(REPEATED, f"A request with the RequestId {id} has been received before")


def remember(world: World, body: Mapping[str, Any]) -> None:
    """Keeps the request's id, so that a repetition is denied."""
    if body.get("RequestId") is not None:
        world.request_ids[str(body["RequestId"]).lower()] = world.now()


def order_in(world: World, body: Mapping[str, Any], *, currency: bool) -> QliroOrder:
    """The order that the request names, in its currency."""
    id = body.get("OrderId")
    if isinstance(id, bool) or not isinstance(id, int):
        raise DeniedError(
            "INVALID_INPUT", "Property: OrderId, Message: The OrderId field is required."
        )
    order = world.qliro_orders.get(id)
    if order is None:
        raise DeniedError("ORDER_NOT_FOUND", f"Order {id} was not found")
    if currency and body.get("Currency") != order.currency:
        raise DeniedError(
            "CURRENCY_MISMATCH", f"Evaluation, The currency of order {id} is {order.currency}"
        )
    return order


def parts_of(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The request's shipments, returns, additions or updates: at least one object."""
    parts = body.get(name)
    if not isinstance(parts, list) or not parts or not all(isinstance(p, dict) for p in parts):
        raise DeniedError("INVALID_INPUT", f"Property: {name}, Message: The field is required.")
    return parts


def items_of(
    part: Mapping[str, Any], where: str, action: str, *, new: bool, name: str = "OrderItems"
) -> list[Item]:
    """The items of a part; those that are ``new`` to the order bring their price without VAT."""
    given = part.get(name)
    if not isinstance(given, list) or not given:
        raise DeniedError(
            "INVALID_INPUT", f"Property: {where}.{name}, Message: The field is required."
        )
    return [_item(fields, f"{where}.{name}[{n}]", action, new) for n, fields in enumerate(given)]


def charges_of(part: Mapping[str, Any], where: str, name: str, type: str) -> list[Item]:
    """The fees or discounts of a return; an empty list is refused, as one module found out."""
    if part.get(name) is None:
        return []
    given = part[name]
    if not isinstance(given, list) or not given:
        raise DeniedError(
            "INVALID_INPUT", f"Property: {where}.{name}, Message: The list may not be empty."
        )
    known = [{"Type": type, "Quantity": 1} | fields for fields in given if isinstance(fields, dict)]
    items = [_item(f, f"{where}.{name}[{n}]", "Ship", True) for n, f in enumerate(known)]
    if any((item.inc > 0) == (type == "Discount") for item in items if item.inc):
        sign = "below" if type == "Discount" else "above"
        raise DeniedError("INVALID_INPUT", f"Property: {where}.{name}, Message: Must be {sign} 0.")
    return items


def _item(fields: object, where: str, action: str, new: bool) -> Item:
    if not isinstance(fields, dict):
        raise DeniedError("INVALID_INPUT", f"Property: {where}, Message: An object is required.")
    reference, quantity = fields.get("MerchantReference"), fields.get("Quantity")
    if not isinstance(reference, str) or not reference or len(reference) > 400:
        raise _required(where, "MerchantReference")
    if fields.get("Type") not in ITEM_TYPES:
        raise _required(where, "Type")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise _required(where, "Quantity")
    inc = _price(fields, where, "PricePerItemIncVat")
    ex = _price(fields, where, "PricePerItemExVat") if new else inc
    text = fields.get("Description")
    described = text if isinstance(text, str) else reference
    rate = _price(fields, where, "VatRate") if fields.get("VatRate") is not None else None
    kind = fields["Type"]
    return Item(0, reference, described, quantity, inc, ex, action, kind, vat_rate=rate)


def _required(where: str, name: str) -> DeniedError:
    message = f"Property: {where}.{name}, Message: The {name} field is required."
    return DeniedError("INVALID_INPUT", message)


def _price(fields: Mapping[str, Any], where: str, name: str) -> Decimal:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _required(where, name)
    try:
        price = Decimal(value)
        exact = price == price.quantize(_TWO_DECIMALS)
    except InvalidOperation:
        exact = False
    if not exact:
        raise DeniedError("SYSTEM_ERROR", "Input must have no more than two decimal places", 500)
    return price


def reference_in(body: Mapping[str, Any]) -> str:
    """The new merchant reference, of the signs that Qliro takes."""
    given = body.get("NewMerchantReference")
    if not isinstance(given, str) or not given:
        message = "The NewMerchantReference field is required."
        raise DeniedError("INVALID_INPUT", f"Property: NewMerchantReference, Message: {message}")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,25}", given):
        message = "The field does not match the pattern ^[A-Za-z0-9_-]{1,25}$."
        raise DeniedError("INVALID_INPUT", f"Property: NewMerchantReference, Message: {message}")
    return given
