"""Orders mapped by hand for one merchant: the yardstick of ``orders.py``.

What a careful programmer would write who knows this merchant's settings: decodes Qliro's answer
with msgspec, finds what is reserved now, its VAT rates and accounts, cleans texts and addresses,
checks, works out what Fortnox will make of the rows, and encodes the order as Fortnox takes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from engine.clock import STOCKHOLM

CENT, FREE, TOLERANCE = Decimal("0.01"), Decimal("0.00"), Decimal(1)
KRONA = Decimal(1)
half_up = Context(prec=38, rounding=ROUND_HALF_UP).quantize
SPLIT = "split"  # over the rates that its order was sold at
EU = {
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
}  # fmt: skip
RATES = {"SE": (25, 12, 6, 0), "FI": (Decimal("25.5"), 14, 10, 0), "DE": (19, 7, 0)}
HOME = {25: 3001, 12: 3002, 6: 3003, 0: 3004}
ABROAD = {("FI", Decimal("25.5")): (3105, "FI25"), ("DE", 19): (3106, None)}
NAMES = {"FI": "Finland", "DE": "Germany"}  # SE is home
UNTAXED = {"SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"}
OUTSIDE = {
    "FI": ("22", "AX22", "FI22"), "ES": ("35", "38", "51", "52"), "FR": ("97",),
    "DE": ("27498", "78266"), "IT": ("23041", "22061"), "GR": ("63086",),
}  # fmt: skip
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
    postcode = (_first(shipping.PostalCode, billing.PostalCode) or "").upper()
    region = (
        "domestic" if country == "SE"
        else "export" if country not in EU or _is_outside(country, postcode)
        else "reverse" if foreign
        else "oss"
    )  # fmt: skip
    made = _rows(order, _items(order, held), country, region, _day(day), articles)
    rows = made and _as_sold(*made, vat_type not in UNTAXED, order.Currency in rounded)
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


class Line(msgspec.Struct):
    """An item with its kind, and the prices as they are meant."""

    item: Item
    kind: str
    including: Decimal
    excluding: Decimal
    unit: Decimal
    rate: Any = None


def _rows(
    order: Order,
    items: Iterable[Item],
    country: str,
    region: str,
    day: date,
    articles: frozenset[str],
) -> tuple[list[dict[str, Any]], list[Line]] | None:
    """The rows of an order, or None where a rate, an account or an article is not known; and what
    they were made of."""
    unit = _unit(order)
    rates = RATES.get(country, ()) if day.year >= 2024 else ()
    lines = [_line(item, unit) for item in items]
    for line in lines:
        if not _is_discount(line):
            line.rate = _rate(line, rates)
    sold = [
        (line.kind, line.including * line.item.Quantity, line.rate)
        for line in lines
        if line.kind in ("goods", "shipping") and line.including * line.item.Quantity
    ]
    rows, split = [], []
    for line in lines:
        if _is_discount(line):
            line.rate = _discount_rate(line, rates, sold)
            if line.rate == SPLIT:
                split.append(line)
                continue
        row = _row(line, country, region, articles)
        if row is None:
            return None
        rows.append(row)
    if split:
        whole = sum(line.including * line.item.Quantity for line in split)
        for rate, share in _parts(whole, sold):
            account, code = _account("discount", country, region, rate)
            row = _made(split[0], account, code, rate, Decimal(1), share, articles)
            if row is None:
                return None
            rows.append(row)
    return rows, lines


def _as_sold(
    rows: list[dict[str, Any]], lines: list[Line], taxed: bool, kronor: bool
) -> list[dict[str, Any]] | None:
    """The rows that Fortnox makes what was sold of, with one for rounding where that is missed by
    little; None where total or VAT would be another."""
    sold = vat = Decimal(0)
    for line in lines:
        gross = line.including * line.item.Quantity
        sold += gross
        if line.rate == SPLIT:
            vat += gross - line.excluding * line.item.Quantity
        else:
            vat += gross * line.rate / (100 + line.rate)
    vat = half_up(vat, CENT)
    amounts: dict[Any, Decimal] = {}
    for row in rows:
        amount = half_up(half_up(Decimal(row["OrderedQuantity"]), CENT) * row["Price"], CENT)
        rate = row.get("VAT")  # none where a code decides
        amounts[rate] = amounts.get(rate, FREE) + amount
    exact = sum(amounts.values(), FREE)
    total = half_up(exact, KRONA) if kronor else exact
    due = half_up(sold, KRONA if kronor else CENT)
    if abs(due - sold) > TOLERANCE:
        return None
    if total != due:
        off = sold - exact
        if abs(off) > TOLERANCE:
            return None
        rows.append({
            "AccountNumber": 3740, "Description": "Öresavrundning", "OrderedQuantity": "1",
            "DeliveredQuantity": "1", "Price": off, "VAT": 0,
        })  # fmt: skip
    if None not in amounts:
        made = Decimal(0)
        for rate, amount in amounts.items() if taxed else ():
            made += half_up(amount * rate / (100 + rate), CENT)
        if (vat and not taxed) or abs(made - vat) > TOLERANCE:
            return None
    return rows


def _unit(order: Order) -> Decimal:
    """To what the prices were rounded: a shop without öre has none in any price."""
    prices = [
        price
        for item in order.OrderItemActions
        if item.Type != "Fee"
        for price in (item.PricePerItemIncVat, item.PricePerItemExVat)
    ]
    kronor = order.Currency in ("SEK", "NOK", "DKK")
    return Decimal(1) if kronor and prices and all(one % 1 == 0 for one in prices) else CENT


def _line(item: Item, unit: Decimal) -> Line:
    including, excluding = item.PricePerItemIncVat, item.PricePerItemExVat
    kind = KINDS.get(item.Type, "goods")
    reference = (item.MerchantReference or "").lower()
    if kind in ("fee", "discount") and reference.startswith("rounding"):
        kind = "rounding"
    if item.Type == "Discount":
        including, excluding = -abs(including), -abs(excluding)
    own = unit if including % 1 == 0 and excluding % 1 == 0 else CENT
    return Line(item, kind, including, excluding, own)


def _is_discount(line: Line) -> bool:
    return line.kind == "discount" and not (line.including == line.excluding == 0)


def _told(line: Line, rates: tuple[Any, ...]) -> Any:
    """The rate that Qliro tells, where it is in force and both prices fit it."""
    rate = line.item.VatRate
    return rate if rate and rate in rates and _fits(rate, line) else None


def _rate(line: Line, rates: tuple[Any, ...]) -> Any:
    if line.kind == "rounding":
        return 0
    told = _told(line, rates)
    if told is not None:
        return told
    if line.including == 0 and line.excluding == 0:
        return rates[0] if rates else 0
    fitting = [one for one in rates if _fits(one, line)]
    return fitting[0] if len(fitting) == 1 else None


def _discount_rate(line: Line, rates: tuple[Any, ...], sold: list[tuple[str, Decimal, Any]]) -> Any:
    """A rate that something was sold at, or that it is to be split over them."""
    at = {rate for _, _, rate in sold}
    if None in at:
        return None
    fitting = [one for one in at if _fits(one, line)]
    if len(at) == 1 and fitting:
        return fitting[0]
    told = _told(line, rates)
    if told in fitting:
        return told
    if line.including == line.excluding and not fitting:
        return 0
    quantity = line.item.Quantity
    parts = _parts(line.including * quantity, sold)
    net = sum(share * 100 / (100 + rate) for rate, share in parts)
    off = abs(net - line.excluding * quantity)
    if parts and off <= line.unit * abs(quantity):
        return SPLIT if len(parts) > 1 else parts[0][0]
    if len(fitting) == 1:
        return fitting[0]
    if not parts or line.including * line.excluding <= 0 or off > TOLERANCE:
        return None
    between = min(at) <= 100 * line.including / line.excluding - 100 <= max(at)
    return SPLIT if between else None


def _parts(whole: Decimal, sold: list[tuple[str, Decimal, Any]]) -> list[tuple[Any, Decimal]]:
    """A discount spread over the rates of the goods by what they are worth, to the öre."""
    worth: dict[Any, Decimal] = {}
    for kind, gross, rate in sold:
        if kind == "goods":
            worth[rate] = worth.get(rate, Decimal(0)) + gross
    goods, until, taken = sum(worth.values()), Decimal(0), Decimal(0)
    parts = []
    for rate, gross in worth.items():
        until += gross
        upto = (whole * until / goods).quantize(CENT, ROUND_HALF_UP)
        parts.append((rate, upto - taken))
        taken = upto
    return parts


def _row(line: Line, country: str, region: str, articles: frozenset[str]) -> dict[str, Any] | None:
    if line.rate is None:
        return None
    account, code = _account(line.kind, country, region, line.rate)
    quantity, price = line.item.Quantity, line.including
    return _made(line, account, code, line.rate, quantity, price, articles)


def _made(
    line: Line,
    account: int | None,
    code: str | None,
    rate: Any,
    of: Decimal,
    including: Decimal,
    articles: frozenset[str],
) -> dict[str, Any] | None:
    reference = line.item.MerchantReference or ""
    article = _article(reference) or line.kind
    if account is None or article not in articles:
        return None
    text = _first(line.item.Description, reference, line.kind) or ""
    quantity = _plain(of)
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


def _fits(rate: Any, line: Line) -> bool:
    if not rate:
        return line.including == line.excluding
    off = abs(200 * line.including - 2 * line.excluding * (100 + rate))
    return bool(off <= line.unit * (200 + rate))


def _plain(value: Decimal) -> Any:
    return int(value) if value == value.to_integral_value() else value.normalize()


def _name(buyer: Buyer, billing: Address, shipping: Address, company: bool) -> str:
    first = _first(billing.FirstName, buyer.FirstName)
    last = _first(billing.LastName, buyer.LastName)
    person = f"{first or ''} {last or ''}".strip()
    firm = _first(billing.CompanyName, shipping.CompanyName)
    return _short((firm if company else None) or person or firm or "Qliro-kund", 1024)


def _addresses(document: dict[str, Any], order: Order, company: bool, country: str) -> None:
    """Billing and delivery; one that Qliro does not tell is the other one."""
    billing, shipping = order.BillingAddress or Address(), order.ShippingAddress or Address()
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
        ("Country", NAMES.get((_first(bill.CountryCode, order.Country) or "").upper()), 1024),
        ("DeliveryName", to, 1024),
        ("DeliveryAddress1", _first(send.Street, send.Street2), 60),
        ("DeliveryAddress2", _second(send), 60),
        ("DeliveryZipCode", _first(send.PostalCode), 10),
        ("DeliveryCity", _first(send.City), 1024),
        ("DeliveryCountry", NAMES.get(country), 1024),
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
