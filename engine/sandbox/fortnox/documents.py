"""What orders and invoices have in common: their header as a request gives it, and their sums.

It reads a request's fields, the document as it was and the world's registers; it writes nothing.
Where a request is silent, a new document takes what the customer's card or the company says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, TypeVar

from ..world.world import ZERO, Customer, Invoice, Order, World
from .countries import ENGLISH, NAMES
from .fields import NO_REGISTER, REQUIRED, RefusedError, day_of, money, number_of, text_of
from .rows import WITHOUT_VAT, rounded, row_total, rows_of, sums

D = TypeVar("D", Invoice, Order)
_ONE: Final = Decimal(1)
_TOO_LONG: Final = 2001600  # measured on YourReference
_BLANK: Final = "API_BLANK"
# Text fields that are only kept and shown, with their longest length.
_PLAIN: Final[Mapping[str, int]] = {
    "Address1": 1024,
    "Address2": 1024,
    "City": 1024,
    "ZipCode": 1024,
    "Phone1": 1024,
    "Phone2": 1024,
    "DeliveryAddress1": 1024,
    "DeliveryAddress2": 1024,
    "DeliveryCity": 1024,
    "DeliveryName": 1024,
    "DeliveryZipCode": 1024,
    "Country": 1024,
    "DeliveryCountry": 1024,
    "Comments": 1024,
    "Remarks": 1024,
    "CostCenter": 6,
    "Project": 20,
    "PriceList": 50,
    "PrintTemplate": 50,
    "TermsOfDelivery": 20,
    "WayOfDelivery": 50,
    "Language": 5,
}
_FROM_CARD: Final = frozenset(
    [
        "Address1",
        "Address2",
        "City",
        "ZipCode",
        "Phone1",
        "Phone2",
        "Country",
        "DeliveryAddress1",
        "DeliveryAddress2",
        "DeliveryCity",
        "DeliveryName",
        "DeliveryZipCode",
        "DeliveryCountry",
        "WayOfDelivery",
        "TermsOfDelivery",
        "PriceList",
        "CostCenter",
        "Project",
    ]
)
_REFERENCES: Final[Mapping[str, tuple[str, int]]] = {
    "ExternalInvoiceReference1": ("external1", 80),
    "ExternalInvoiceReference2": ("external2", 80),
    "OurReference": ("our_reference", 50),
    "YourReference": ("your_reference", 50),
    "YourOrderNumber": ("your_order_number", 75),
}
# Measured on orders: cut without a word, whatever the official document says.
_CUT_ON_ORDERS: Final = {"YourOrderNumber": 30, "DeliveryAddress1": 60}
_COMMON: Final = (
    *_PLAIN,
    *_REFERENCES,
    "AdministrationFee",
    "Currency",
    "CurrencyRate",
    "CurrencyUnit",
    "CustomerName",
    "CustomerNumber",
    "DeliveryDate",
    "DocumentNumber",
    "EmailInformation",
    "Freight",
    "Labels",
    "NotCompleted",
    "OutboundDate",
    "TaxReductionType",
    "TermsOfPayment",
    "VATIncluded",
)
ORDER_HEAD: Final = frozenset(
    [
        *_COMMON,
        "OrderDate",
        "OrderRows",
        "OrderType",
        "CopyRemarks",
        "DeliveryState",
        "OrganisationNumber",
        "StockPointCode",
        "StockPointId",
    ]
)
INVOICE_HEAD: Final = frozenset(
    [
        *_COMMON,
        "InvoiceDate",
        "DueDate",
        "InvoiceRows",
        "InvoiceType",
        "CreditInvoiceReference",
        "EDIInformation",
        "EUQuarterlyReport",
        "OCR",
        "PaymentWay",
    ]
)


def customer_in(world: World, fields: Mapping[str, Any], held: Invoice | Order) -> Customer | None:
    """The document's customer; None when it was made before the register knew it."""
    number = fields.get("CustomerNumber")
    if number is None:
        if not held.customer_number:
            raise RefusedError(REQUIRED, "CustomerNumber krävs.")
        return world.customers.get(held.customer_number)
    if str(number) not in world.customers:
        raise RefusedError(2000204, f"Kunde inte hämta/hitta kund (kundnummer {number})")
    return world.customers[str(number)]


def with_head(
    world: World, fields: Mapping[str, Any], held: D, customer: Customer | None, *, new: bool
) -> D:
    """The document with what the request's header says; ``new`` takes the customer's defaults.

    Measured on orders: fields that are not sent, and "", are filled from the customer's card; null
    clears. Recorded on updates: "" leaves a field as it is, null and API_BLANK clear it.
    """
    changes: dict[str, Any] = {"modified": world.now()}
    order = isinstance(held, Order)
    for name, (attribute, longest) in _REFERENCES.items():
        card = customer.text(name) if new and customer and name.endswith("rReference") else ""
        before = card if new else getattr(held, attribute)
        changes[attribute] = _text(fields, name, before, longest, order=order)
    changes["texts"] = _texts(world, fields, held, customer, new=new)
    if customer is not None:
        changes["customer_number"] = customer.number
        before = customer.name if new else held.customer_name
        changes["customer_name"] = _text(fields, "CustomerName", before, 1024) or customer.name
    changes |= _money(world, fields, held, customer, new=new)
    changes["terms"] = _terms(world, fields, held, customer, new=new)
    for name, attribute in (("NotCompleted", "not_completed"), ("VATIncluded", "vat_included")):
        if fields.get(name) is not None:
            changes[attribute] = _boolean(fields, name)
    if fields.get("DeliveryDate") is not None:
        changes["delivery_day"] = day_of(fields["DeliveryDate"], "DeliveryDate")
    return replace(held, **changes)


def _boolean(fields: Mapping[str, Any], name: str) -> bool:
    if not isinstance(fields[name], bool):
        raise RefusedError(2000134, f"Värdet måste vara en boolean ({name})")
    return bool(fields[name])


def _text(
    fields: Mapping[str, Any], name: str, before: str, longest: int, *, order: bool = False
) -> str:
    if name not in fields or fields[name] == "":
        return before
    if fields[name] in (None, _BLANK):
        return ""
    cut = _CUT_ON_ORDERS.get(name) if order else None
    code = 2001896 if name in ("Comments", "Remarks") else _TOO_LONG
    text = text_of(fields, name, 1024 if cut else longest, code)
    return text[:cut] if cut else text


def _texts(
    world: World,
    fields: Mapping[str, Any],
    held: Invoice | Order,
    customer: Customer | None,
    *,
    new: bool,
) -> dict[str, str]:
    texts = dict(held.texts)
    for name, longest in _PLAIN.items():
        before = texts.get(name, "")
        if new and customer and name in _FROM_CARD:
            before = customer.text(name)
        texts[name] = _text(fields, name, before, longest, order=isinstance(held, Order))
    if isinstance(held, Order) and "OrganisationNumber" in fields:
        if fields["OrganisationNumber"] is None:
            raise RefusedError(2005095, "Fältet är av typen string (OrganisationNumber)")
        texts["OrganisationNumber"] = text_of(fields, "OrganisationNumber", 30)
    elif new and customer:
        texts["OrganisationNumber"] = customer.text("OrganisationNumber")
    known = NAMES | ENGLISH if world.company.english_countries else NAMES
    for name in ("Country", "DeliveryCountry"):
        if texts[name] and texts[name] not in known:
            raise RefusedError(NO_REGISTER, f"Kunde inte hämta/hitta land {texts[name]}")
    for name, register, what in (
        ("WayOfDelivery", world.deliveries, "leveranssätt"),
        ("CostCenter", world.cost_centers, "kostnadsställe"),
        ("Project", world.projects, "projekt"),
    ):
        if texts[name] and texts[name] not in register:
            raise RefusedError(NO_REGISTER, f"Kunde inte hämta/hitta {what}")
    if texts["Language"] not in ("", "SV", "EN"):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data. (Language)")
    return texts


def _money(
    world: World,
    fields: Mapping[str, Any],
    held: Invoice | Order,
    customer: Customer | None,
    *,
    new: bool,
) -> dict[str, Any]:
    """Currency, its rate and unit, freight and fee."""
    before = customer.text("Currency") if new and customer else held.currency
    currency = str(fields.get("Currency") or before or "SEK")
    if currency not in world.currencies:
        raise RefusedError(2000427, f"Kunde inte hämta/hitta valuta {currency}")
    rate = held.rate
    if currency != held.currency or new:
        rate = world.currencies[currency].buy
    if fields.get("CurrencyRate") is not None:
        rate = number_of(fields["CurrencyRate"], "CurrencyRate")
    if currency == "SEK" or world.company.rate_of_one:
        rate = _ONE
    unit = held.unit
    if fields.get("CurrencyUnit") is not None:
        unit = number_of(fields["CurrencyUnit"], "CurrencyUnit")
    freight = world.company.freight if new else held.freight
    fee = world.company.administration_fee if new else held.fee
    if new and customer:
        freight = Decimal(customer.text("InvoiceFreight") or freight)
        fee = Decimal(customer.text("InvoiceAdministrationFee") or fee)
    if fields.get("Freight") is not None:
        freight = money(fields["Freight"], "Freight")
    if fields.get("AdministrationFee") is not None:
        fee = money(fields["AdministrationFee"], "AdministrationFee")
    return {"currency": currency, "rate": rate, "unit": unit, "freight": freight, "fee": fee}


def _terms(
    world: World,
    fields: Mapping[str, Any],
    held: Invoice | Order,
    customer: Customer | None,
    *,
    new: bool,
) -> str:
    before = (customer.text("TermsOfPayment") if customer else "") or "30" if new else held.terms
    code = _text(fields, "TermsOfPayment", before, 25)
    if code != held.terms and code not in world.terms:
        raise RefusedError(2000429, "Kan inte hitta betalningsvillkoret.")
    return code


def with_rows(world: World, given: list[object] | None, held: D, customer: Customer | None) -> D:
    """The document with the request's rows, if it sent any, and what it then comes to."""
    rows = held.rows
    if given is not None:
        rows = rows_of(world, given, held.rows, customer, order=isinstance(held, Order))
    return summed(world, replace(held, rows=rows), customer)


def summed(world: World, held: D, customer: Customer | None) -> D:
    """The document with its total, VAT and rounding worked out from its rows."""
    regime = customer.text("VATType") if customer else "SEVAT"
    found = sums(
        held.rows,
        held.freight,
        held.fee,
        extra=ZERO if regime in WITHOUT_VAT else Decimal(25),
        included=held.vat_included,
        whole=world.company.whole_kronor and held.currency == "SEK",
    )
    return replace(
        held,
        total=found.total,
        vat=found.vat,
        freight_vat=found.freight_vat,
        fee_vat=found.fee_vat,
        round_off=found.round_off,
        gross=found.gross,
    )


def net_of(document: Invoice | Order) -> Decimal:
    """What the rows come to without VAT."""
    rows = sum((row_total(row) for row in document.rows), ZERO)
    if not document.vat_included:
        return rounded(rows)
    return rounded(rows - (document.vat - document.freight_vat - document.fee_vat))
