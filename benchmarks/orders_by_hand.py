"""Orders mapped by hand for one merchant: the yardstick of ``orders.py``.

What a careful programmer would write who knows this merchant's settings: decodes Qliro's answer
with msgspec, finds what is reserved now, its VAT rates and accounts, cleans texts and addresses,
checks, and encodes the order as Fortnox takes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from engine.clock import STOCKHOLM

CENT, HALF, FREE = Decimal("0.01"), Decimal("0.005"), Decimal("0.00")
EU = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
}  # fmt: skip
RATES = {"SE": (25, 12, 6, 0), "FI": (Decimal("25.5"), 14, 10, 0), "DE": (19, 7, 0)}
HOME = {25: 3001, 12: 3002, 6: 3003, 0: 3004}
ABROAD = {("FI", Decimal("25.5")): (3105, "FI25"), ("DE", 19): (3106, None)}
KINDS = {"Shipping": "shipping", "Fee": "fee", "Discount": "discount"}
LISTED = ("Reserve", "Create", "Ship")
SIGNS = frozenset("\\\u0308\u030a0123456789 –:.`´’,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u00a0\n\r")
ARTICLE_SIGNS = frozenset("0123456789_-/\\+$")


class Item(msgspec.Struct):
    MerchantReference: str | None
    Description: str | None
    Quantity: Decimal
    PricePerItemIncVat: Decimal
    PricePerItemExVat: Decimal
    ActionType: str
    PaymentTransactionId: int
    Type: str
    VatRate: Decimal | None = None


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
    bodies: Iterable[str], articles: frozenset[str], terms: frozenset[str]
) -> Iterator[bytes]:
    """The orders as they are sent, of all that are paid and whose reference is theirs alone."""
    orders = [DECODER.decode(body) for body in bodies]
    paid: dict[str | None, int] = {}
    for order in orders:
        if _reserved(order) is not None:
            paid[order.MerchantReference] = paid.get(order.MerchantReference, 0) + 1
    for order in orders:
        document = _document(order, paid, articles, terms)
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
    order: Order, paid: dict[str | None, int], articles: frozenset[str], terms: frozenset[str]
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
    region = (
        "domestic" if country == "SE"
        else "export" if country not in EU
        else "reverse" if foreign
        else "oss"
    )  # fmt: skip
    rows = []
    for item in _items(order, held):
        row = _row(item, country, region, _day(day), articles)
        if row is None:
            return None
        rows.append(row)
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
    _addresses(document, buyer, billing, shipping, company)
    document["ExternalInvoiceReference1"] = _short(f"Q{reference}", 80)
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


def _row(
    item: Item, country: str, region: str, day: date, articles: frozenset[str]
) -> dict[str, Any] | None:
    including, excluding = item.PricePerItemIncVat, item.PricePerItemExVat
    kind = KINDS.get(item.Type, "goods")
    reference = item.MerchantReference or ""
    if kind in ("fee", "discount") and reference.lower().startswith("rounding"):
        kind = "rounding"
    if kind == "discount" or item.Type == "Discount":
        including, excluding = -abs(including), -abs(excluding)
    rate: Any = item.VatRate
    if rate is None or (rate == 0 and including != excluding):
        rates = RATES.get(country, ()) if day.year >= 2024 else ()
        fitting = [one for one in rates if _fits(one, including, excluding)]
        if including == 0 and excluding == 0 and rates:
            fitting = [rates[0]]
        if len(fitting) != 1 and kind != "rounding":
            return None
        rate = fitting[0] if len(fitting) == 1 else 0
    account, code = _account(kind, country, region, rate)
    article = _article(reference) or kind
    if account is None or article not in articles:
        return None
    text = _first(item.Description, reference, kind) or ""
    quantity = _plain(item.Quantity)
    price = including.quantize(CENT, ROUND_HALF_UP)
    if price != including:
        return None
    made = {
        "ArticleNumber": article,
        "AccountNumber": account,
        "Description": _short(text.replace("\n", " ").replace("\r", " "), 255),
        "OrderedQuantity": str(quantity),
        "DeliveredQuantity": str(quantity),
        "Price": price,
    }
    made |= {"VAT": _plain(Decimal(rate))} if code is None else {"VATCode": code}
    return made


def _account(kind: str, country: str, region: str, rate: Any) -> tuple[int | None, str | None]:
    if kind == "rounding":
        return 3740, None
    if region == "domestic":
        return HOME.get(rate), None
    return ABROAD.get((country, rate), (None, None)) if region == "oss" else (None, None)


def _fits(rate: Any, including: Decimal, excluding: Decimal) -> bool:
    factor = 1 + Decimal(rate) / 100
    return abs(including - excluding * factor) <= HALF * (1 + factor)


def _plain(value: Decimal) -> Any:
    return int(value) if value == value.to_integral_value() else value.normalize()


def _name(buyer: Buyer, billing: Address, shipping: Address, company: bool) -> str:
    first = _first(billing.FirstName, buyer.FirstName)
    last = _first(billing.LastName, buyer.LastName)
    person = f"{first or ''} {last or ''}".strip()
    firm = _first(billing.CompanyName, shipping.CompanyName)
    return _short((firm if company else None) or person or firm or "Qliro-kund", 1024)


def _addresses(
    document: dict[str, Any], buyer: Buyer, billing: Address, shipping: Address, company: bool
) -> None:
    """Billing and delivery; one that Qliro does not tell is the other one."""
    billed = _first(billing.Street, billing.Street2, billing.PostalCode, billing.City) is not None
    sent = _first(shipping.Street, shipping.Street2, shipping.PostalCode, shipping.City) is not None
    bill, send = billing if billed else shipping, shipping if sent else billing
    person = f"{_first(shipping.FirstName) or ''} {_first(shipping.LastName) or ''}".strip()
    to = (_first(shipping.CompanyName) if company else None) or person or document["CustomerName"]
    for name, text, most in (
        ("Address1", _first(bill.Street, bill.Street2), 1024),
        ("Address2", _second(bill), 1024),
        ("ZipCode", _first(bill.PostalCode), 10),
        ("City", _first(bill.City), 1024),
        ("DeliveryName", to, 1024),
        ("DeliveryAddress1", _first(send.Street, send.Street2), 60),
        ("DeliveryAddress2", _second(send), 60),
        ("DeliveryZipCode", _first(send.PostalCode), 10),
        ("DeliveryCity", _first(send.City), 1024),
    ):
        if text is not None:
            document[name] = _short(text, most)


def _second(at: Address) -> str | None:
    """The second line: care of, and the second street where there is a first."""
    care = _first(at.CareOf)
    if care is not None and "c/o" not in care.lower():
        care = f"c/o {care}"
    street = _first(at.Street2) if _first(at.Street) is not None else None
    return f"{care}, {street}" if care and street else care or street


def _first(*texts: str | None) -> str | None:
    for text in texts:
        if text is not None and (found := text.strip()):
            return found
    return None


def _short(text: str, most: int) -> str:
    """Without what Fortnox forbids, and no longer than the field."""
    if not (text.isascii() and text.replace(" ", "").isalnum()):
        text = "".join([
            c if c in SIGNS or unicodedata.category(c)[0] == "L" else "_" for c in text
        ])  # fmt: skip
    return text if len(text) <= most else text[: most - 3] + "..."


def _article(reference: str) -> str:
    found = unicodedata.normalize("NFC", reference).strip()
    return "".join([c if c in ARTICLE_SIGNS or c.isalpha() else "_" for c in found])
