"""The rows of an order, by hand: VAT rates, accounts, discounts split over rates, and what Fortnox
makes of them. Part of ``orders_by_hand.py``."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .orders_by_hand import Order

CENT, FREE, TOLERANCE = Decimal("0.01"), Decimal("0.00"), Decimal(1)
KRONA = Decimal(1)
half_up = Context(prec=38, rounding=ROUND_HALF_UP).quantize
SPLIT = "split"  # over the rates that its order was sold at
RATES = {"SE": (25, 12, 6, 0), "FI": (Decimal("25.5"), 14, 10, 0), "DE": (19, 7, 0)}
HOME = {25: 3001, 12: 3002, 6: 3003, 0: 3004}
ABROAD = {("FI", Decimal("25.5")): (3105, "FI25"), ("DE", 19): (3106, None)}
KINDS = {"Shipping": "shipping", "Fee": "fee", "Discount": "discount"}
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


class Line(msgspec.Struct):
    """An item with its kind, and the prices as they are meant."""

    item: Item
    kind: str
    including: Decimal
    excluding: Decimal
    unit: Decimal
    rate: Any = None


def rows_of(
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


def as_sold(
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
    text = first_of(line.item.Description, reference, line.kind) or ""
    quantity = _plain(of)
    price = including.quantize(CENT, ROUND_HALF_UP)
    if price != including:
        return None
    made = {
        "ArticleNumber": article,
        "AccountNumber": account,
        "Description": short(text.replace("\n", " ").replace("\r", " "), 255),
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


def first_of(*texts: str | None) -> str | None:
    for text in texts:
        if text is not None and (found := text.strip()):
            return found
    return None


def short(text: str, most: int) -> str:
    """Without what Fortnox forbids, and no longer than the field."""
    if not (text.isascii() and text.replace(" ", "").isalnum()):
        text = "".join([
            c if c in SIGNS or unicodedata.category(c)[0] == "L" else "_" for c in text
        ])  # fmt: skip
    return text if len(text) <= most else text[: most - 3] + "..."


def _article(reference: str) -> str:
    found = unicodedata.normalize("NFC", reference).strip()
    return "".join([c if c in ARTICLE_SIGNS or c.isalpha() else "_" for c in found])
