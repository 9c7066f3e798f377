"""Qliro's orders and transactions as the Admin API shows them.

It reads the world's orders and writes plain dicts. Names are those of the official document;
``VatRate`` and ``PaymentMethod`` are newer than it and are shown where an order has them.
"""

from __future__ import annotations

from typing import Any, Final

from ..world.exchange import Response, answered
from ..world.world import Address, Item, QliroOrder, Transaction, World
from .spelling import enum, refused, stamp

Shape = dict[str, Any]
TRANSACTION_TYPES: Final = (
    "Preauthorization",
    "Debit",
    "Credit",
    "Capture",
    "Reversal",
    "Refund",
    "UpdateInvoice",
    "Registration",
)
TRANSACTION_STATUSES: Final = (
    "Created",
    "InProcess",
    "UserInteractionRequired",
    "OnHold",
    "Success",
    "Error",
    "Cancelled",
)
ACTION_TYPES: Final = ("Create", "Reserve", "Ship", "Return", "Release")
ITEM_TYPES: Final = ("Product", "Discount", "Fee", "Shipping")


def transaction_shape(world: World, order: QliroOrder, item: Transaction, ordinal: int) -> Shape:
    """A payment transaction, without the one that it goes back to."""
    conventions = world.conventions
    code, text = item.error or (None, None)
    return {
        "PaymentTransactionId": item.id,
        "OrderId": order.id,
        "Type": enum(item.type, TRANSACTION_TYPES, conventions, ordinal),
        "Amount": item.amount,
        "Currency": order.currency,
        "ProviderTransactionId": f"psp-{item.id}",
        "ProviderResultCode": None,
        "ProviderResultDescription": None,
        "Status": enum(item.status, TRANSACTION_STATUSES, conventions, ordinal),
        "Timestamp": stamp(item.at, conventions, ordinal),
        "PaymentMethodName": item.method or order.method,
        "PaymentMethodSubtypeCode": item.subtype,
        "ErrorCode": code,
        "ErrorCodeDescription": text,
    }


def transaction(world: World, id: str) -> Response:
    """``GET /v2/paymentTransactions/{id}``."""
    for held in world.qliro_orders.values():
        for item in held.transactions:
            if str(item.id) == id:
                shape = transaction_shape(world, held, item, 0)
                for name in ("Type", "Status"):  # texts here, in the official document
                    shape[name] = str(shape[name])
                return answered(shape)
    return refused(404, "PAYMENT_TRANSACTION_NOT_FOUND", "Payment transaction not found")


def found(world: World, key: str) -> QliroOrder | None:
    """An order by ``OrderId`` or reference; a reference of digits is taken for an id first."""
    held = world.qliro_orders.get(int(key)) if key.isdecimal() else None
    if held is None:
        held = next((o for o in world.qliro_orders.values() if o.reference == key), None)
    return held


def order(world: World, key: str) -> Response:
    """``GET /v2/orders/{id or merchant reference}``."""
    held = found(world, key)
    if held is None:
        return refused(404, "ORDER_NOT_FOUND", "Order not found")
    return answered(order_shape(world, held))


def _address(address: Address | None, country: str) -> Shape | None:
    if address is None:
        return None
    return {
        "FirstName": address.first,
        "LastName": address.last,
        "CompanyName": address.company,
        "CareOf": address.care_of,
        "Street": address.street,
        "Street2": address.street2,
        "PostalCode": address.postal_code,
        "City": address.city,
        "CountryCode": address.country or country,
        "Area": None,
        "AreaCode": None,
    }


def _item(world: World, item: Item, ordinal: int) -> Shape:
    conventions = world.conventions
    shape: Shape = {
        "Id": item.id,
        "MerchantReference": item.reference,
        "Description": item.description,
        "Quantity": item.quantity,
        "PricePerItemIncVat": item.inc,
        "PricePerItemExVat": item.ex,
        "ActionType": enum(item.action, ACTION_TYPES, conventions, ordinal),
        "PaymentTransactionId": item.transaction,
        "Type": enum(item.type, ITEM_TYPES, conventions, ordinal),
        "MetaData": dict(item.metadata) if item.metadata is not None else None,
    }
    if item.vat_rate is not None:
        shape["VatRate"] = item.vat_rate
    return shape


def order_shape(world: World, order: QliroOrder) -> Shape:
    """An order with all its actions and transactions; it has no total and no status of its own."""
    conventions, buyer, upsell = world.conventions, order.buyer, order.upsell
    content: Shape = {
        "OrderId": order.id,
        "MerchantReference": order.reference,
        "Currency": order.currency,
        "Country": order.country,
        "SignupForNewsletter": None,
        "MerchantProvidedQuestionAnswer": None,
        "OrderItemActions": [_item(world, item, n) for n, item in enumerate(order.items)],
        "Customer": {
            "FirstName": buyer.first,
            "LastName": buyer.last,
            "Email": buyer.email,
            "MobileNumber": buyer.mobile,
            "PersonalNumber": buyer.number,
            "VatNumber": buyer.vat_number,
            "JuridicalType": enum(buyer.kind, ("Physical", "Company"), conventions, 0),
        },
        "BillingAddress": _address(order.billing, order.country),
        "ShippingAddress": _address(order.shipping, order.country),
        "PaymentTransactions": [
            {
                **transaction_shape(world, order, item, ordinal),
                "OriginalPaymentTransactionId": item.original,
            }
            for ordinal, item in enumerate(order.transactions)
        ],
        "IdentityVerification": {"RequireIdentityVerification": False, "IdentityVerified": None},
        "Upsell": None
        if upsell is None
        else {
            "IsUpsellOrder": upsell.is_upsell,
            "EligibleForUpsell": upsell.eligible,
            "EligibleForUpsellUntil": upsell.until and stamp(upsell.until, conventions, 0),
        },
        "MerchantProvidedMetadata": [
            {"Key": key, "Value": value} for key, value in order.metadata.items()
        ],
    }
    if conventions.future_fields or order.type_code is not None:
        method = {"PaymentMethodName": order.method, "PaymentTypeCode": order.type_code or "704"}
        content["PaymentMethod"] = method
    return content
