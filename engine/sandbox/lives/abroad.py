"""Lives of orders from outside Sweden: other currencies, other VAT, none at all.

Each maker adds one captured order to a world. A new company in Fortnox knows only 25, 12, 6 and 0 %
(``company.enable_vat`` adds others) and the currencies of the Nordic countries.
"""

from __future__ import annotations

from ..world.world import Address, Buyer, World
from .lifecycle import Life, capture, lot, secure
from .orders import SHIPPING


def _abroad(
    world: World,
    name: str,
    country: str,
    currency: str,
    rate: str,
    buyer: Buyer,
    to: Address,
    note: str,
) -> Life:
    items = [
        lot("TSHIRT-BLA-M", "59.90", 2, rate=rate, text="T-shirt"),
        lot(SHIPPING, "9.90", rate=rate, type="Shipping", text="DHL"),
    ]
    order = secure(
        world,
        items,
        country=country,
        currency=currency,
        buyer=buyer,
        billing=to,
        shipping=to,
        method="CREDITCARDS",
    )
    capture(world, order)
    return Life(name, "invoice", (order.id,), note)


def finnish(world: World) -> Life:
    """Finland, euro, 25.5 %: a rate that fits Fortnox's order rows and not its invoice rows."""
    buyer = Buyer("Aino", "Virtanen", "aino@example.com", "+358401234567", "201042-9991")
    to = Address("Aino", "Virtanen", None, "Mannerheimintie 1", None, "00100", "Helsinki")
    return _abroad(world, "finnish", "FI", "EUR", "25.5", buyer, to, "OSS; rate to be set up")


def norwegian(world: World) -> Life:
    """Norway, kroner, Norwegian VAT at 25 % in the price: outside the EU, so an export for us."""
    buyer = Buyer("Kari", "Nordmann", "kari@example.com", "+4790000000", "22034149589")
    to = Address("Kari", "Nordmann", None, "Karl Johans gate 1", None, "0154", "Oslo")
    return _abroad(world, "norwegian", "NO", "NOK", "25", buyer, to, "VOEC or export, as set")


def danish(world: World) -> Life:
    """Denmark, kroner, 25 %: EU consumer, OSS."""
    buyer = Buyer("Mette", "Jensen", "mette@example.com", "+4520000000", "0208429205")
    to = Address("Mette", "Jensen", None, "Nørregade 1", None, "1165", "København")
    return _abroad(world, "danish", "DK", "DKK", "25", buyer, to, "OSS")


def german(world: World) -> Life:
    """Germany, euro, 19 %: EU consumer, OSS."""
    buyer = Buyer("Jürgen", "Groß", "juergen@example.com", "+4915112345678", None)
    to = Address("Jürgen", "Groß", None, "Hauptstraße 1", None, "10115", "Berlin", "DE")
    return _abroad(world, "german", "DE", "EUR", "19", buyer, to, "OSS; rate to be set up")


def eu_company(world: World) -> Life:
    """A Finnish company with a VAT number, no VAT charged: reverse charge."""
    buyer = Buyer(
        "Matti", "Meikäläinen", "osto@example.com", "+358401234567", "2678277-6", "FI26782776",
        "Company",
    )  # fmt: skip
    to = Address("Matti", "Meikäläinen", "Esimerkki Oy", "Aleksi 1", None, "00100", "Helsinki")
    return _abroad(world, "eu_company", "FI", "EUR", "0", buyer, to, "EUREVERSEDVAT")


def eu_company_without_number(world: World) -> Life:
    """A Finnish company without a VAT number, VAT charged: sold as to a consumer."""
    buyer = Buyer(
        "Matti", "Meikäläinen", "osto@example.com", "+358401234567", "2678277-6", None, "Company"
    )
    to = Address("Matti", "Meikäläinen", "Esimerkki Oy", "Aleksi 1", None, "00100", "Helsinki")
    return _abroad(world, "eu_company_without_number", "FI", "EUR", "25.5", buyer, to, "OSS")


def export(world: World) -> Life:
    """Delivered to Switzerland, in kronor and without VAT: export."""
    to = Address("Urs", "Meier", None, "Bahnhofstrasse 1", None, "8001", "Zürich", "CH")
    buyer = Buyer("Urs", "Meier", "urs@example.com", "+41790000000", None)
    return _abroad(world, "export", "SE", "SEK", "0", buyer, to, "EXPORT")


def delivered_abroad(world: World) -> Life:
    """Bought in Sweden at 25 %, delivered to Finland: the two addresses are of two countries."""
    home = Address("Eva", "Lind", None, "Storgatan 1", None, "11122", "Stockholm", "SE")
    away = Address("Eva", "Lind", None, "Mannerheimintie 1", None, "00100", "Helsinki", "FI")
    items = [lot("TSHIRT-BLA-M", "599.00", text="T-shirt")]
    order = secure(world, items, billing=home, shipping=away)
    capture(world, order)
    return Life("delivered_abroad", "invoice", (order.id,), "which country's VAT, as set")


def currency_unknown(world: World) -> Life:
    """A currency that the company has not set up in Fortnox: pounds."""
    to = Address("John", "Smith", None, "High Street 1", None, "SW1A 1AA", "London", "GB")
    buyer = Buyer("John", "Smith", "john@example.com", "+447000000000", None)
    return _abroad(world, "currency_unknown", "GB", "GBP", "0", buyer, to, "2000427")
