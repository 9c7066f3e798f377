"""Fortnox's customers and articles: lists, cards, and what is refused when they are written.

It reads a request and the world and writes the two registers. Limits are those of the official
document; what is said of numbers, names and searches is told where it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from ..check_digits import valid_number
from ..world.exchange import Request, Response, answered
from ..world.world import Article, Customer, World
from .countries import COUNTRIES
from .fields import BAD_NUMBER, NO_REGISTER, RefusedError, account_of, body_of, number_of, text_of
from .lists import changed, page, query_of
from .register_shapes import article_document, article_item, customer_document, customer_item

C = TypeVar("C", Customer, Article)
_TOO_LONG: Final = 2000107
_LONG_TEXTS: Final = [
    "Address1",
    "Address2",
    "City",
    "Comments",
    "DeliveryAddress1",
    "DeliveryAddress2",
    "DeliveryCity",
    "DeliveryCountry",
    "DeliveryFax",
    "DeliveryName",
    "DeliveryPhone1",
    "DeliveryPhone2",
    "Email",
    "EmailInvoice",
    "EmailInvoiceBCC",
    "EmailInvoiceCC",
    "EmailOffer",
    "EmailOfferBCC",
    "EmailOfferCC",
    "EmailOrder",
    "EmailOrderBCC",
    "EmailOrderCC",
    "ExternalReference",
    "Fax",
    "InvoiceRemark",
    "Phone1",
    "Phone2",
]
_CUSTOMER_TEXTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(_LONG_TEXTS, 1024),
    "Country": 1024,
    "CountryCode": 2,
    "DeliveryCountryCode": 2,
    "VisitingCountryCode": 2,
    "Currency": 3,
    "ZipCode": 10,
    "DeliveryZipCode": 10,
    "VisitingZipCode": 10,
    "GLN": 13,
    "GLNDelivery": 13,
    "OurReference": 50,
    "YourReference": 50,
    "VisitingAddress": 128,
    "VisitingCity": 128,
    "VisitingCountry": 128,
    "WWW": 128,
    "OrganisationNumber": 30,
    "VATNumber": 30,
    "CostCenter": 6,
    "Project": 20,
    "PriceList": 50,
    "TermsOfDelivery": 20,
    "TermsOfPayment": 25,
    "WayOfDelivery": 50,
    "SalesAccount": 4,
    "InvoiceAdministrationFee": 20,
    "InvoiceFreight": 20,
}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "Type": ("PRIVATE", "COMPANY"),
    "VATType": ("SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT"),
}
CUSTOMER_FIELDS: Final = frozenset(
    [
        *_CUSTOMER_TEXTS,
        *_CHOICES,
        "CustomerNumber",
        "Name",
        "Active",
        "ShowPriceVATIncluded",
        "InvoiceDiscount",
        "DefaultDeliveryTypes",
        "DefaultTemplates",
    ]
)
_CUSTOMER_SEARCH: Final[dict[str, Callable[[Customer], str]]] = {
    "customernumber": lambda c: c.number,
    "name": lambda c: c.name,
    "zipcode": lambda c: c.text("ZipCode"),
    "city": lambda c: c.text("City"),
    "email": lambda c: c.text("Email"),
    "phone": lambda c: c.text("Phone1"),
    "organisationnumber": lambda c: c.text("OrganisationNumber"),
    "gln": lambda c: c.text("GLN"),
    "glndelivery": lambda c: c.text("GLNDelivery"),
}
_ARTICLE_ACCOUNTS: Final = [
    "SalesAccount",
    "EUAccount",
    "EUVATAccount",
    "ExportAccount",
    "ConstructionAccount",
    "PurchaseAccount",
]
_ARTICLE_TEXTS: Final[Mapping[str, int]] = {
    "EAN": 30,
    "Manufacturer": 50,
    "ManufacturerArticleNumber": 50,
    "Note": 10000,
    "StockPlace": 100,
    "SupplierNumber": 50,
    "Unit": 20,
}
_ARTICLE_NUMBERS: Final = [
    "VAT",
    "PurchasePrice",
    "DirectCost",
    "FreightCost",
    "OtherCost",
    "StockWarning",
]
ARTICLE_FIELDS: Final = frozenset(
    [
        *_ARTICLE_ACCOUNTS,
        *_ARTICLE_TEXTS,
        *_ARTICLE_NUMBERS,
        "ArticleNumber",
        "Description",
        "Active",
        "Bulky",
        "Housework",
        "HouseworkType",
        "StockGoods",
        "Type",
        "WebshopArticle",
        "SalesPrice",
        "QuantityInStock",
    ]
)
_ARTICLE_SEARCH: Final[dict[str, Callable[[Article], str]]] = {
    "articlenumber": lambda a: a.number,
    "description": lambda a: a.description,
    "ean": lambda a: str(a.fields.get("EAN") or ""),
}


def _filtered(
    world: World, request: Request, register: Mapping[str, C], search: dict[str, Callable[[C], str]]
) -> tuple[list[C], dict[str, str]]:
    query = query_of(request, [*search, "filter"])
    found = list(changed(register.values(), query))
    if "filter" in query:
        if query["filter"] not in ("active", "inactive"):
            raise RefusedError(2000587, "Ett ogiltigt filter har använts.")
        found = [card for card in found if card.active == (query["filter"] == "active")]
    for name, text in search.items():
        if query.get(name):
            needle = query[name].casefold()
            found = [card for card in found if needle in text(card).casefold()]
    return found, query


# -- customers ------------------------------------------------------------------------------------


def customers(world: World, request: Request) -> Response:
    """``GET /3/customers``: one search at a time, contained in any case of letters."""
    found, query = _filtered(world, request, world.customers, _CUSTOMER_SEARCH)
    return page("Customers", found, query, customer_item)


def customer_of(world: World, number: str) -> Customer:
    """The customer with this number; 404 (2000433) where there is none."""
    if number not in world.customers:
        raise RefusedError(2000433, "Kan inte hitta kunden.", 404)
    return world.customers[number]


def create_customer(world: World, request: Request) -> Response:
    """``POST /3/customers``: the next free number unless one is given; a name is needed.

    A number stays reserved after its customer is deleted (2000637, Fortnox's page of errors), and
    an empty name is refused with the same code (Junipeer).
    """
    fields = body_of(request, "Customer", CUSTOMER_FIELDS)
    name = text_of(fields, "Name", 1024, _TOO_LONG).strip()
    if not name:
        raise RefusedError(2000637, "Kundens namn kan inte vara tomt.")
    number = text_of(fields, "CustomerNumber", 1024, _TOO_LONG)
    if number and not re.fullmatch(r"[\w+/-]+", number):
        raise RefusedError(BAD_NUMBER, f"Ogiltigt kundnummer {number}.")
    taken = world.customers.keys() | world.customers_deleted
    if number in taken:
        raise RefusedError(2000637, f"Kundnummer {number} används redan.")
    while not number or number in taken:
        number = str(world.next("customer", 101))
    card = _card(world, fields, {})
    customer = Customer(number, name, world.now(), fields.get("Active") is not False, card)
    world.customers[number] = customer
    world.made.append(("customer", number))
    shape = {"Customer": customer_document(customer)}
    return answered(shape, 201, f"customer {number} created")


def update_customer(world: World, request: Request, number: str) -> Response:
    """``PUT /3/customers/{n}``: only what is sent changes; null clears, "" does not (recorded)."""
    held = customer_of(world, number)
    fields = body_of(request, "Customer", CUSTOMER_FIELDS)
    if fields.get("CustomerNumber") not in (None, "", number):
        raise RefusedError(BAD_NUMBER, "Kundnummer kan inte ändras.")
    name = held.name
    if "Name" in fields:
        name = text_of(fields, "Name", 1024, _TOO_LONG).strip()
        if not name:
            raise RefusedError(2000637, "Kundens namn kan inte vara tomt.")
    active = held.active if fields.get("Active") is None else fields["Active"] is True
    card = _card(world, fields, held.fields)
    customer = replace(held, name=name, active=active, fields=card, modified=world.now())
    world.customers[number] = customer
    return answered({"Customer": customer_document(customer)}, 200, f"customer {number} updated")


def delete_customer(world: World, number: str) -> Response:
    """``DELETE /3/customers/{n}``: its number is never given out again."""
    del world.customers[customer_of(world, number).number]
    world.customers_deleted.add(number)
    return Response(204, effect=f"customer {number} deleted")


def _card(world: World, fields: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
    card = {"Type": "COMPANY", "VATType": "SEVAT", "Currency": "SEK", **held}
    for name, longest in _CUSTOMER_TEXTS.items():
        if name in fields and not (held and fields[name] == ""):
            text = text_of(fields, name, longest, _TOO_LONG)
            card[name] = "" if text == "API_BLANK" else text
    for name, choices in _CHOICES.items():
        if fields.get(name):
            if fields[name] not in choices:
                raise RefusedError(2001392, f"Ingen eller felaktig typ av data. ({name})")
            card[name] = fields[name]
    for name in ("InvoiceFreight", "InvoiceAdministrationFee"):
        if card.get(name):
            number_of(card[name], name)
    for name in ("ShowPriceVATIncluded", "InvoiceDiscount", "DefaultDeliveryTypes"):
        if fields.get(name) is not None:
            card[name] = fields[name]
    _registered(world, card)
    return card


def _registered(world: World, card: dict[str, Any]) -> None:
    """Refuses what stands in no register: country, currency, terms, way of delivery."""
    for code, name in (("CountryCode", "Country"), ("DeliveryCountryCode", "DeliveryCountry")):
        if card.get(code):
            if card[code].upper() not in COUNTRIES:
                raise RefusedError(NO_REGISTER, f"Kunde inte hämta/hitta land {card[code]}")
            card[name] = COUNTRIES[card[code].upper()]
    if card["Currency"] not in world.currencies:
        raise RefusedError(2000427, f"Kunde inte hämta/hitta valuta {card['Currency']}")
    if card.get("TermsOfPayment") and card["TermsOfPayment"] not in world.terms:
        raise RefusedError(2000429, "Kan inte hitta betalningsvillkoret.")
    if card.get("WayOfDelivery") and card["WayOfDelivery"] not in world.deliveries:
        raise RefusedError(NO_REGISTER, "Kunde inte hämta/hitta leveranssätt")
    number = card.get("OrganisationNumber")
    swedish = card.get("CountryCode", "SE").upper() in ("", "SE")
    if number and swedish and not valid_number(number):
        raise RefusedError(BAD_NUMBER, f"Ogiltigt organisationsnummer {number}.")


# -- articles -------------------------------------------------------------------------------------


def articles(world: World, request: Request) -> Response:
    """``GET /3/articles``."""
    found, query = _filtered(world, request, world.articles, _ARTICLE_SEARCH)
    return page("Articles", found, query, article_item)


def article_of(world: World, number: str) -> Article:
    """The article with this number; 404 (2000428) where there is none."""
    if number not in world.articles:
        raise RefusedError(2000428, "Kan inte hitta artikeln.", 404)
    return world.articles[number]


def create_article(world: World, request: Request) -> Response:
    """``POST /3/articles``: a description is needed; signs of the number as Junipeer tells."""
    fields = body_of(request, "Article", ARTICLE_FIELDS)
    number = text_of(fields, "ArticleNumber", 50, _TOO_LONG)
    if number and not re.fullmatch(r"[\w/\\+$-]+", number):
        raise RefusedError(2000359, "Värdet innehåller ej tillåtna tecken. (ArticleNumber)")
    if number in world.articles:
        raise RefusedError(2000013, f"Artikelnummer {number} används redan.")
    while not number or number in world.articles:
        number = str(world.next("article", 1))
    return _write_article(world, fields, Article(number, "", world.now()), created=True)


def update_article(world: World, request: Request, number: str) -> Response:
    """``PUT /3/articles/{n}``: only what is sent changes."""
    held = article_of(world, number)
    fields = body_of(request, "Article", ARTICLE_FIELDS)
    return _write_article(world, fields, held, created=False)


def _write_article(
    world: World, fields: Mapping[str, Any], held: Article, *, created: bool
) -> Response:
    described = text_of(fields, "Description", 200, _TOO_LONG) or held.description
    if not described:
        raise RefusedError(NO_REGISTER, "Artikelns benämning saknas (Description).")
    card = {"Type": "STOCK", **held.fields}
    for name, longest in _ARTICLE_TEXTS.items():
        if name in fields:
            card[name] = text_of(fields, name, longest, _TOO_LONG)
    if card.get("Unit") and card["Unit"] not in world.units:
        raise RefusedError(2000432, "Kan inte hitta enheten.")
    for name in _ARTICLE_ACCOUNTS:
        if fields.get(name) is not None:
            card[name] = account_of(world, fields[name], name)
    for name in _ARTICLE_NUMBERS:
        if fields.get(name) is not None:
            card[name] = number_of(fields[name], name)
    if fields.get("Type") not in (None, "STOCK", "SERVICE"):
        raise RefusedError(2001392, "Ingen eller felaktig typ av data. (Type)")
    for name in ("Type", "StockGoods", "WebshopArticle", "Housework", "Bulky"):
        if fields.get(name) is not None:
            card[name] = fields[name]
    active = held.active if fields.get("Active") is None else fields["Active"] is True
    article = Article(held.number, described, world.now(), active, card)
    world.articles[article.number] = article
    if created:
        world.made.append(("article", article.number))
    done = "created" if created else "updated"
    shape = {"Article": article_document(world, article)}
    return answered(shape, 201 if created else 200, f"article {article.number} {done}")
