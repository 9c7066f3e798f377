"""Rows of orders and invoices: how a request's are read, matched with those held, and summed.

It reads a request's rows and the world's registers and writes nothing. Prices and quantities are
rounded to two decimals, half up, as recorded answers of the real API show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from ..world.world import ZERO, Customer, InvoiceRow, World
from .fields import (
    NO_REGISTER,
    NO_VAT,
    OERE,
    TOO_MANY_ROWS,
    RefusedError,
    account_of,
    money,
    number_of,
    only_known,
    text_of,
)

MOST_ROWS: Final = 500  # Junipeer's knowledge base
LONGEST_ROW: Final = 255  # measured: longer texts are cut, silently
_BLANK: Final = "API_BLANK"  # clears a field, as the SDK for C# documents it
_SHARED: Final = (
    "AccountNumber",
    "ArticleNumber",
    "CostCenter",
    "DeliveredQuantity",
    "Description",
    "Discount",
    "DiscountType",
    "HouseWork",
    "HouseWorkHoursToReport",
    "HouseWorkType",
    "Price",
    "Project",
    "RowId",
    "StockPointCode",
    "Unit",
    "VAT",
    "VATCode",
)
INVOICE_FIELDS: Final = frozenset(_SHARED)
ORDER_FIELDS: Final = frozenset([*_SHARED, "OrderedQuantity", "StockPointId", "Bundle"])
WITHOUT_VAT: Final = frozenset({"SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"})
_ARTICLE_ACCOUNT: Final = {
    "EUREVERSEDVAT": "EUAccount",
    "EUVAT": "EUVATAccount",
    "EXPORT": "ExportAccount",
    "SEREVERSEDVAT": "ConstructionAccount",
}
_PREDEFINED: Final = {
    "EUREVERSEDVAT": "SALESEUREV",
    "EUVAT": "SALESEUVAT",
    "EXPORT": "SALESEXPORT",
    "SEREVERSEDVAT": "SALESCONSTR2",
}


def rounded(amount: Decimal) -> Decimal:
    """Two decimals, half up."""
    return amount.quantize(OERE, ROUND_HALF_UP)


# -- reading --------------------------------------------------------------------------------------


def rows_of(
    world: World,
    given: Sequence[object],
    held: Sequence[InvoiceRow],
    customer: Customer | None,
    *,
    order: bool,
) -> tuple[InvoiceRow, ...]:
    """The rows that a request leaves a document with.

    Without any ``RowId`` the given rows meet those held by position, field by field, and a shorter
    list deletes the tail; with one, rows are met by it, those without are new, those that are not
    named are deleted (the official document; field by field is measured). All get new ids.
    """
    if len(given) > MOST_ROWS:
        raise RefusedError(TOO_MANY_ROWS, f"Dokumentet får ha högst {MOST_ROWS} rader.")
    known = ORDER_FIELDS if order else INVOICE_FIELDS
    named = {row.id: row for row in held}
    by_id = any(isinstance(fields, dict) and fields.get("RowId") for fields in given)
    made = []
    for place, fields in enumerate(given):
        if not isinstance(fields, dict):
            raise RefusedError(2001392, "Ingen eller felaktig typ av data.")
        only_known(fields, known)
        if by_id:
            id = int(number_of(fields.get("RowId") or 0, "RowId"))
            base = named.get(id)
            if id and base is None:
                raise RefusedError(NO_REGISTER, f"Kan inte hitta raden {id}.")
        else:
            base = held[place] if place < len(held) else None
        row = _row(world, fields, base, customer, order=order)
        made.append(replace(row, id=world.next("row", 100001)))
    return tuple(made)


def _row(
    world: World,
    fields: Mapping[str, Any],
    base: InvoiceRow | None,
    customer: Customer | None,
    *,
    order: bool,
) -> InvoiceRow:
    # A discount without its type is an amount (measured), a row without either says PERCENT
    # (recorded).
    kind = "AMOUNT" if fields.get("Discount") else "PERCENT"
    row = base or InvoiceRow("", ZERO, ZERO, account=0, discount_type=kind)
    if "Unit" in fields and fields["Unit"] is None:
        raise RefusedError(2000699, "Värdet kan inte vara null. (unit)")
    row = replace(
        row,
        description=_description(fields, row.description),
        unit=_registered(fields, "Unit", row.unit, world.units, "enhet"),
        cost_center=_registered(
            fields, "CostCenter", row.cost_center, world.cost_centers, "kostnadsställe"
        ),
        project=_registered(fields, "Project", row.project, world.projects, "projekt"),
        article=_kept(fields, "ArticleNumber", row.article, 50),
    )
    if row.article and row.article not in world.articles:
        raise RefusedError(2001302, f"Kunde inte hitta artikel {row.article}")
    row = _amounts(fields, row)
    row = _quantities(world, fields, row, base is None, order=order)
    if not row.quantity and not row.ordered and not row.price and not row.article:
        return replace(row, vat=ZERO, account=0)  # a text
    return _accounted(world, fields, row, base, customer, order=order)


def _kept(fields: Mapping[str, Any], name: str, before: str, longest: int) -> str:
    """A text: null and API_BLANK clear it, "" and silence leave it as it was (recorded)."""
    if name not in fields or fields[name] == "":
        return before
    return "" if fields[name] in (None, _BLANK) else text_of(fields, name, longest)


def _description(fields: Mapping[str, Any], before: str) -> str:
    if not isinstance(fields.get("Description"), str):
        return _kept(fields, "Description", before, LONGEST_ROW)
    flat = fields["Description"].replace("\n", "").replace("\r", "")  # measured: stripped
    return _kept({"Description": flat}, "Description", before, len(flat))[:LONGEST_ROW]


def _registered(
    fields: Mapping[str, Any], name: str, before: str, register: Mapping[str, str], what: str
) -> str:
    code = _kept(fields, name, before, 50)
    if code and code != before and code not in register:
        raise RefusedError(NO_REGISTER, f"Kunde inte hämta/hitta {what} {code}")
    return code


def _amounts(fields: Mapping[str, Any], row: InvoiceRow) -> InvoiceRow:
    kind = fields.get("DiscountType") or row.discount_type
    if kind not in ("AMOUNT", "PERCENT"):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data. (DiscountType)")
    discount, price = row.discount, row.price
    if "Discount" in fields:
        discount = money(fields["Discount"] or 0, "Discount")
    if "Price" in fields:
        price = money(fields["Price"] or 0, "Price")
    if kind == "PERCENT" and discount > 100:
        raise RefusedError(NO_REGISTER, "Ogiltig rabatt, högst 100 procent.")
    return replace(row, price=price, discount=discount, discount_type=kind)


def _quantities(
    world: World, fields: Mapping[str, Any], row: InvoiceRow, new: bool, *, order: bool
) -> InvoiceRow:
    ordered, delivered = row.ordered, row.quantity
    if "OrderedQuantity" in fields:
        ordered = money(fields["OrderedQuantity"] or 0, "OrderedQuantity")
    if fields.get("DeliveredQuantity") not in (None, ""):
        delivered = money(fields["DeliveredQuantity"], "DeliveredQuantity")
    elif order and new and world.company.delivers:
        delivered = ordered
    if order and world.company.warehouse and row.article:
        delivered = ZERO  # Junipeer: the module does so where the stock is empty
    return replace(row, ordered=ordered, quantity=delivered)


def _accounted(
    world: World,
    fields: Mapping[str, Any],
    row: InvoiceRow,
    base: InvoiceRow | None,
    customer: Customer | None,
    *,
    order: bool,
) -> InvoiceRow:
    regime = customer.text("VATType") if customer else "SEVAT"
    rate = _rate(world, fields, row, base, regime, order=order)
    if fields.get("AccountNumber"):
        return replace(row, vat=rate, account=account_of(world, fields["AccountNumber"], "konto"))
    if base is not None and base.account and base.article == row.article:
        return replace(row, vat=rate)
    if not row.article:
        raise RefusedError(2001304, "Kunde inte hitta konto")
    card = world.articles[row.article].fields
    number = card.get(_ARTICLE_ACCOUNT.get(regime, "SalesAccount"))
    if number is None and rate and regime not in WITHOUT_VAT | {"EUVAT"}:
        number = world.predefined.get(f"SALES_{rate.normalize():f}_SE")
    if number is None:
        number = world.predefined.get(_PREDEFINED.get(regime, "SALES"))
    if number is None:
        raise RefusedError(2001304, "Kunde inte hitta konto")
    described = row.description or world.articles[row.article].description
    account = account_of(world, number, "konto")
    return replace(row, vat=rate, account=account, description=described)


def _rate(
    world: World,
    fields: Mapping[str, Any],
    row: InvoiceRow,
    base: InvoiceRow | None,
    regime: str,
    *,
    order: bool,
) -> Decimal:
    """The row's VAT in percent; none where the customer's card says so (measured: it decides)."""
    if fields.get("VAT") is not None:
        rate = number_of(fields["VAT"], "VAT")
        if not order and rate != int(rate):
            raise RefusedError(2001392, "Ingen eller felaktig typ av data. (VAT)")
    elif base is not None:
        rate = row.vat
    elif row.article and world.articles[row.article].fields.get("VAT") is not None:
        rate = Decimal(world.articles[row.article].fields["VAT"])
    else:
        rate = Decimal(25)
    if regime in WITHOUT_VAT:
        return ZERO
    if rate not in world.vat_rates:
        raise RefusedError(NO_VAT, f"Kunde inte hämta/hitta moms {rate.normalize():f}")
    return rate


# -- summing --------------------------------------------------------------------------------------


def row_total(row: InvoiceRow, *, ordered: bool = False) -> Decimal:
    """What a row comes to, its discount taken off: in percent or, for the whole row, an amount."""
    quantity = row.ordered if ordered else row.quantity
    amount = quantity * row.price
    if row.discount_type == "PERCENT":
        return rounded(amount * (100 - row.discount) / 100)
    return rounded(amount - (row.discount if quantity >= 0 else -row.discount))


@dataclass(frozen=True, slots=True)
class Sums:
    """What a document comes to; ``total`` holds VAT, freight, fee and ``round_off``."""

    gross: Decimal
    vat: Decimal
    freight_vat: Decimal
    fee_vat: Decimal
    round_off: Decimal
    total: Decimal


def vat_of(amount: Decimal, rate: Decimal, *, included: bool) -> Decimal:
    """The VAT in an amount, or on top of it."""
    return rounded(amount * rate / (100 + rate) if included else amount * rate / 100)


def by_rate(
    rows: Sequence[InvoiceRow], freight: Decimal, fee: Decimal, extra: Decimal
) -> dict[Decimal, Decimal]:
    """The amounts of a document by VAT rate; freight and fee carry the rate ``extra``."""
    amounts: dict[Decimal, Decimal] = {}
    for row in rows:
        amounts[row.vat] = amounts.get(row.vat, ZERO) + row_total(row)
    if freight or fee:
        amounts[extra] = amounts.get(extra, ZERO) + freight + fee
    return amounts


def sums(
    rows: Sequence[InvoiceRow],
    freight: Decimal,
    fee: Decimal,
    *,
    extra: Decimal,
    included: bool,
    whole: bool,
) -> Sums:
    """What rows, freight and fee come to: VAT is worked out once for each rate.

    ``extra`` is the rate of freight and fee; ``whole`` rounds to whole kronor (öresavrundning).
    """
    amounts = by_rate(rows, freight, fee, extra)
    vat = sum((vat_of(a, rate, included=included) for rate, a in amounts.items()), ZERO)
    exact = sum(amounts.values(), ZERO) + (ZERO if included else vat)
    total = exact.quantize(Decimal(1), ROUND_HALF_UP).quantize(OERE) if whole else exact
    return Sums(
        gross=rounded(sum((row.quantity * row.price for row in rows), ZERO)),
        vat=vat,
        freight_vat=vat_of(freight, extra, included=included),
        fee_vat=vat_of(fee, extra, included=included),
        round_off=total - exact,
        total=total,
    )
