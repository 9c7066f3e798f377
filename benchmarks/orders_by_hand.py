"""Orders mapped by hand for one merchant: the yardstick of ``orders.py``.

What a careful programmer would write who knows this merchant's settings: decodes Qliro's answer
with msgspec, finds what is reserved now, its VAT rates and accounts, cleans texts and addresses,
checks, works out what Fortnox will make of the rows, and encodes the order as Fortnox takes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from engine.clock import STOCKHOLM

from .orders_by_hand_rows import FREE, Item, as_sold, first_of, rows_of, short

EU = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
}  # fmt: skip
NAMES = {"FI": "Finland", "DE": "Germany"}  # SE is home
UNTAXED = {"SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"}
OUTSIDE = {
    "FI": ("22", "AX22", "FI22"), "ES": ("35", "38", "51", "52"), "FR": ("97",),
    "DE": ("27498", "78266"), "IT": ("23041", "22061"), "GR": ("63086",),
}  # fmt: skip
LISTED = ("Reserve", "Create", "Ship")


class Payment(msgspec.Struct):
    PaymentTransactionId: int
    Type: str
    Amount: Decimal
    Status: str
    Timestamp: datetime
    PaymentMethodName: str | None = None
    OriginalPaymentTransactionId: int | None = None


class Address(msgspec.Struct):
    FirstName: str | None = None
    LastName: str | None = None
    CompanyName: str | None = None
    CareOf: str | None = None
    Street: str | None = None
    Street2: str | None = None
    PostalCode: str | None = None
    City: str | None = None
    CountryCode: str | None = None


class Buyer(msgspec.Struct):
    FirstName: str | None = None
    LastName: str | None = None
    PersonalNumber: str | None = None
    VatNumber: str | None = None
    JuridicalType: str | None = None


class Order(msgspec.Struct):
    OrderId: int
    MerchantReference: str | None
    Currency: str
    Country: str
    OrderItemActions: list[Item]
    Customer: Buyer
    PaymentTransactions: list[Payment]
    BillingAddress: Address | None = None
    ShippingAddress: Address | None = None


DECODER = msgspec.json.Decoder(Order)
ENCODER = msgspec.json.Encoder(decimal_format="number")


def documents(
    bodies: Iterable[str],
    articles: frozenset[str],
    terms: frozenset[str],
    vat_type: str,
    rounded: frozenset[str],
) -> Iterator[bytes]:
    """The orders as they are sent, of all that are paid and whose reference is theirs alone.

    ``vat_type`` is what the customers' cards in Fortnox say, ``rounded`` are the currencies whose
    totals it rounds to kronor.
    """
    orders = [DECODER.decode(body) for body in bodies]
    paid: dict[str | None, int] = {}
    for order in orders:
        if _reserved(order) is not None:
            paid[order.MerchantReference] = paid.get(order.MerchantReference, 0) + 1
    for order in orders:
        document = _document(order, paid, articles, terms, vat_type, rounded)
        if document is not None:
            yield ENCODER.encode({"Order": document})


def _reserved(order: Order) -> Payment | None:
    """The last payment that holds what the buyer owes; a later one replaces it."""
    good = [
        one
        for one in order.PaymentTransactions
        if one.Status == "Success" and one.Type in ("Preauthorization", "Debit")
    ]
    return max(good, key=lambda one: (one.Timestamp, one.PaymentTransactionId), default=None)


def _document(
    order: Order,
    paid: dict[str | None, int],
    articles: frozenset[str],
    terms: frozenset[str],
    vat_type: str,
    rounded: frozenset[str],
) -> dict[str, Any] | None:
    held = _reserved(order)
    reference = order.MerchantReference
    if held is None or reference is None or paid[reference] > 1 or "QLIRO" not in terms:
        return None
    if order.Currency not in ("SEK", "EUR"):
        return None
    day = min(one.Timestamp for one in order.PaymentTransactions if one.Status == "Success")
    buyer = order.Customer
    billing, shipping = order.BillingAddress or Address(), order.ShippingAddress or Address()
    country = (shipping.CountryCode or billing.CountryCode or order.Country).upper()
    foreign = False
    if buyer.JuridicalType == "Company" and buyer.VatNumber is not None:
        number = buyer.VatNumber.strip().upper()
        of = {"EL": "GR", "XI": "XI"}.get(number[:2], number[:2])
        foreign = of != "SE" and (of in EU or of == "XI")
    company = buyer.JuridicalType == "Company" and (foreign or _is_company(buyer, billing, order))
    postcode = (first_of(shipping.PostalCode, billing.PostalCode) or "").upper()
    region = (
        "domestic" if country == "SE"
        else "export" if country not in EU or _is_outside(country, postcode)
        else "reverse" if foreign
        else "oss"
    )  # fmt: skip
    made = rows_of(order, _items(order, held), country, region, _day(day), articles)
    rows = made and as_sold(*made, vat_type not in UNTAXED, order.Currency in rounded)
    if not rows or len(rows) > 500:
        return None
    document: dict[str, Any] = {
        "CustomerNumber": str(order.OrderId % 5000),
        "CustomerName": _name(buyer, billing, shipping, company),
        "OrderDate": _day(day).isoformat(),
        "Currency": order.Currency,
        "VATIncluded": True,
        "TermsOfPayment": "QLIRO",
    }
    _addresses(document, order, company, country)
    document["ExternalInvoiceReference1"] = short(f"Q{reference}", 80)
    document["ExternalInvoiceReference2"] = str(order.OrderId)
    document["Language"] = "SV"
    if country == "SE":
        document["CostCenter"] = "WEB"
    document["Freight"] = document["AdministrationFee"] = FREE
    document["OrderRows"] = rows
    return document


def _day(at: datetime) -> date:
    """Qliro's times without a zone are Swedish."""
    return (at.astimezone(STOCKHOLM) if at.tzinfo else at).date()


def _is_outside(country: str, postcode: str) -> bool:
    """Whether a place of an EU country lies outside the EU's VAT area."""
    prefixes = OUTSIDE.get(country)
    return bool(prefixes) and postcode.replace(" ", "").replace("-", "").startswith(prefixes)


def _is_company(buyer: Buyer, billing: Address, order: Order) -> bool:
    """Whether the number is an organisation's: a person's has 0 or 1 as its third digit."""
    digits = "".join(c for c in buyer.PersonalNumber or "" if c.isalnum()).removeprefix("16")
    if (billing.CountryCode or order.Country).upper() != "SE":
        return bool(digits)
    return len(digits) == 10 and digits.isdecimal() and digits[2] in "23456789"


def _items(order: Order, held: Payment) -> list[Item]:
    """What it reserved, else what it created, else what it shipped."""
    mine = [one for one in order.OrderItemActions
            if one.PaymentTransactionId == held.PaymentTransactionId]  # fmt: skip
    for action in LISTED:
        found = [one for one in mine if one.ActionType == action]
        if found:
            return found
    return []


def _name(buyer: Buyer, billing: Address, shipping: Address, company: bool) -> str:
    first = first_of(billing.FirstName, buyer.FirstName)
    last = first_of(billing.LastName, buyer.LastName)
    person = f"{first or ''} {last or ''}".strip()
    firm = first_of(billing.CompanyName, shipping.CompanyName)
    return short((firm if company else None) or person or firm or "Qliro-kund", 1024)


def _addresses(document: dict[str, Any], order: Order, company: bool, country: str) -> None:
    """Billing and delivery; one that Qliro does not tell is the other one."""
    billing, shipping = order.BillingAddress or Address(), order.ShippingAddress or Address()
    billed = first_of(billing.Street, billing.Street2, billing.PostalCode, billing.City) is not None
    sent = (
        first_of(shipping.Street, shipping.Street2, shipping.PostalCode, shipping.City) is not None
    )
    bill, send = billing if billed else shipping, shipping if sent else billing
    person = f"{first_of(shipping.FirstName) or ''} {first_of(shipping.LastName) or ''}".strip()
    to = (first_of(shipping.CompanyName) if company else None) or person or document["CustomerName"]
    for name, text, most in (
        ("Address1", first_of(bill.Street, bill.Street2), 1024),
        ("Address2", _second(bill), 1024),
        ("ZipCode", first_of(bill.PostalCode), 10),
        ("City", first_of(bill.City), 1024),
        ("Country", NAMES.get((first_of(bill.CountryCode, order.Country) or "").upper()), 1024),
        ("DeliveryName", to, 1024),
        ("DeliveryAddress1", first_of(send.Street, send.Street2), 60),
        ("DeliveryAddress2", _second(send), 60),
        ("DeliveryZipCode", first_of(send.PostalCode), 10),
        ("DeliveryCity", first_of(send.City), 1024),
        ("DeliveryCountry", NAMES.get(country), 1024),
    ):
        if text is not None:
            document[name] = short(text, most)


def _second(at: Address) -> str | None:
    """The second line: care of, and the second street where there is a first."""
    care = first_of(at.CareOf)
    if care is not None and "c/o" not in care.lower():
        care = f"c/o {care}"
    street = first_of(at.Street2) if first_of(at.Street) is not None else None
    return f"{care}, {street}" if care and street else care or street
