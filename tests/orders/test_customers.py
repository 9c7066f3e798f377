"""Whose customer an order becomes in Fortnox: found by the merchant's rules, or made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.lives.lifecycle import capture, lot, secure
from engine.sandbox.lives.orders import company_buyer
from engine.sandbox.world.world import Address, Article, Buyer, Customer

from .kit import SETTINGS, Lived, chart

Open = Callable[..., OrderShop]
ITEMS = [lot("MUGG-1", "199.00", text="Mugg")]
FINNISH = [lot("MUGG-1", "199.00", text="Mugg", rate="25.5")]
FREE = [lot("MUGG-1", "199.00", text="Mugg", rate="0")]
BARE = Buyer(None, None, "new@example.com", None, None)
LIND = Buyer("Eva", "Lind", "Eva.Lind@example.com", None, "198202294827")


def card(shop: OrderShop, number: str, name: str, **fields: Any) -> None:
    """A customer that stands in Fortnox."""
    given = {"Type": "PRIVATE", "VATType": "SEVAT", "Currency": "SEK", **fields}
    shop.world.customers[number] = Customer(number, name, shop.world.now(), fields=given)


def bought(shop: OrderShop, **fields: Any) -> str:
    """An order, known to the next run; its id."""
    id = str(secure(shop.world, fields.pop("items", ITEMS), **fields).id)
    shop.known.append(id)
    return id


def customer_of(shop: OrderShop, id: str) -> str:
    """The number of the customer that an order has in Fortnox."""
    (order,) = (one for one in shop.fortnox_orders if one.external2 == id)
    return order.customer_number


def test_a_customer_is_found_by_number_by_person_and_by_e_mail_in_whatever_form(
    order_shop: Open,
) -> None:
    shop = order_shop(**SETTINGS)
    chart(shop.world)
    card(shop, "7", "Färg & Form", OrganisationNumber="556001-1982", Type="COMPANY")
    card(shop, "8", "Lind, Eva", OrganisationNumber="820229-4827")
    card(shop, "9", "Bo Ek", Email=" Bo.Ek@Example.com")
    card(shop, "10", "Järn & Bröd", OrganisationNumber="165560061912", Type="COMPANY")
    company = bought(shop, buyer=company_buyer())  # 5560011982
    century = bought(shop, buyer=replace(company_buyer(), number="16556001-1982"))
    without = bought(shop, buyer=replace(company_buyer(), number="5560061912"))
    hyphen = bought(shop, buyer=replace(company_buyer(), number="556001-1982"))
    person = bought(shop, buyer=LIND)
    mail = bought(shop, buyer=Buyer("Bo", "Ek", "bo.ek@EXAMPLE.com", None, None))
    floor = "tre trappor upp, dörren till vänster om hissen, knacka hårt och vänta"
    to = Address("X" * 700, "Y" * 700, None, "Storgatan 1", floor, "SW1A 1AA LONDON", "S" * 1100)
    new = bought(shop, buyer=Buyer("X" * 700, "Y" * 700, "x@example.com"), billing=to, shipping=to)
    shop.run()
    wanted = (company, hyphen, century, without, person, mail)
    assert [customer_of(shop, one) for one in wanted] == ["7", "7", "7", "10", "8", "9"]
    # The one that is made is cut, visibly, to what a card takes.
    made = {"K1", "7", "8", "9", "10", customer_of(shop, new)}
    assert set(shop.world.customers) == made
    customer = shop.world.customers[customer_of(shop, new)]
    assert (len(customer.name), customer.name[-3:]) == (1024, "...")
    assert customer.text("ZipCode") == "SW1A 1A..."
    assert (len(customer.text("City")), customer.text("Address2")) == (1024, floor)
    (order,) = (one for one in shop.fortnox_orders if one.external2 == new)
    assert order.texts["DeliveryAddress2"] == f"{floor[:57]}..."


def test_a_collective_customer_stands_for_all_buyers_of_its_country(order_shop: Open) -> None:
    countries = [{"country": "SE", "customer": "K1"}, {"country": "DK", "customer": "K9"}]
    shop = order_shop(**{"customers.by": "collective", "customers.collective": countries,
                         "sales_accounts": [{"account": 3001}]})  # fmt: skip
    home = [bought(shop, billing=Address("Eva", "Lind")), bought(shop)]
    for order in home:
        capture(shop.world, int(order))
    missing = bought(shop, shipping=Address(country="DK"))  # Fortnox has no K9
    german = [lot("TASSE", "119.00", rate="19")]
    abroad = bought(shop, items=german, shipping=Address(country="DE"))  # no row
    report = shop.run()
    assert [customer_of(shop, one) for one in home] == ["K1", "K1"]
    for made in (shop.fortnox_orders, shop.fortnox_invoices):
        assert [one.customer_name for one in made] == ["Eva Lind", "Test Testsson"]
        assert [one.texts["Address1"] for one in made] == ["Storgatan 1"] * 2
    assert set(shop.world.customers) == {"K1"}
    assert set(shop.world.articles) == {"MUGG-1"}  # none for what can't be sold to anybody
    orders = shop.outcomes(report, "new_order")
    for id in (missing, abroad):
        assert orders[id].state == "waiting"
        assert "its customer is parked (nothing is found for it)" in orders[id].reason


def test_little_is_looked_by_and_nothing_made_where_the_merchant_says_so(order_shop: Open) -> None:
    """Found by e-mail alone; no article is made; more than 500 rows are refused before anything."""
    shop = order_shop(**{"customers.find_by": ["email"], "articles.create": False})
    card(shop, "8", "Lind, Eva", OrganisationNumber="820229-4827")
    card(shop, "9", "Eva på jobbet", Email="eva.lind@example.com")
    shop.world.articles["KEPS-1"] = Article("KEPS-1", "Keps", shop.world.now())
    caps = secure(shop.world, [lot("KEPS-1", "179.00")], buyer=LIND)
    waiting = bought(shop, buyer=LIND)
    many = secure(shop.world, [lot(f"ART-{n}", "10.00") for n in range(501)], buyer=BARE)
    shop.known += [str(caps.id), str(many.id)]
    report = shop.run()
    orders = shop.outcomes(report, "new_order")
    assert customer_of(shop, str(caps.id)) == "9"
    assert (orders[waiting].state, orders[waiting].reason) == (
        "waiting",
        "the article MUGG-1 is not in Fortnox: add it, or let this program do so (articles.create)",
    )
    refused = orders[str(many.id)]
    assert refused.state == "parked"
    assert refused.reason.startswith("it has 501 rows, and Fortnox takes no more than 500")
    assert set(shop.world.customers) == {"K1", "8", "9"}
    assert set(shop.world.articles) == {"KEPS-1"}
    assert shop.requests("POST", "/3/") == ["/3/orders"]
    # The article is added by hand, and the order follows.
    shop.world.articles["MUGG-1"] = Article("MUGG-1", "Mugg", shop.world.now())
    shop.run()
    assert [one.total for one in shop.fortnox_orders] == [Decimal("179.00"), Decimal("199.00")]


# -- made -----------------------------------------------------------------------------------------


def made(lived: Lived, name: str) -> dict[str, Any]:
    """The card of the customer that a life's order has."""
    customer = lived.shop.world.customers[lived.the_order(name).customer_number]
    return {"Name": customer.name, **customer.fields}


def test_a_company_is_made_with_its_number_and_its_own_name(lived: Lived) -> None:
    card = made(lived, "company")
    assert (card["Name"], card["Type"]) == ("Färg & Form i Norr AB", "COMPANY")
    assert (card["OrganisationNumber"], card["VATType"]) == ("5560011982", "SEVAT")
    assert (card["Address1"], card["ZipCode"], card["City"]) == (
        "Industrivägen 4", "90325", "Umeå",
    )  # fmt: skip
    assert (card["Email"], card["TermsOfPayment"]) == ("inkop@example.com", "30")


def test_a_person_whom_the_shop_calls_a_company_is_private_by_the_form_of_the_number(
    lived: Lived, order_shop: Open
) -> None:
    """That life's buyer has a card of his own name already; here is one who has none."""
    card = made(lived, "company_that_is_a_person")
    assert (card["Type"], "OrganisationNumber" in card) == ("PRIVATE", False)
    shop = order_shop(**SETTINGS)
    chart(shop.world)
    sole = replace(LIND, email="eva@example.com", kind="Company")
    bought(shop, buyer=sole)
    abroad = Buyer("Aino", "Virta", "ostot@example.fi", None, None, "FI26782776", kind="Company")
    bought(shop, items=FREE, buyer=abroad, shipping=Address(country="FI"))
    swedish = replace(company_buyer(), vat_number="SE556001198201")
    bought(shop, items=FINNISH, buyer=swedish, shipping=Address(country="FI"))
    shop.run()
    cards = {one.text("Email"): one.fields for one in shop.world.customers.values()}
    assert [cards[one.email]["Type"] for one in (sole, abroad, swedish)] == [
        "PRIVATE", "COMPANY", "COMPANY",
    ]  # fmt: skip
    assert [cards[one.email]["VATType"] for one in (sole, abroad, swedish)] == [
        "SEVAT", "EUREVERSEDVAT", "SEVAT",
    ]  # fmt: skip
    assert "OrganisationNumber" not in cards[sole.email]
    assert "VATNumber" not in cards[swedish.email]
    assert lived.rows("company_that_is_a_person")[0].endswith("on 3001 at 25 %")  # not 3011


@pytest.mark.parametrize(
    ("name", "vat_type", "kind", "currency", "country"),
    [("private", "SEVAT", "PRIVATE", "SEK", "SE"),
     ("finnish", "SEVAT", "PRIVATE", "EUR", "FI"),
     ("german", "SEVAT", "PRIVATE", "EUR", "DE"),
     ("eu_company", "EUREVERSEDVAT", "COMPANY", "EUR", "FI"),
     ("export", "EXPORT", "PRIVATE", "SEK", "CH")],
)  # fmt: skip
def test_the_vat_type_currency_and_country_of_a_card(
    lived: Lived, name: str, vat_type: str, kind: str, currency: str, country: str
) -> None:
    card = made(lived, name)
    assert (card["VATType"], card["Type"]) == (vat_type, kind)
    assert (card["Currency"], card["CountryCode"]) == (currency, country)


def test_what_one_address_does_not_tell_the_other_does_and_a_name_is_where_it_is(
    order_shop: Open,
) -> None:
    shop = order_shop(**SETTINGS)
    chart(shop.world)
    nowhere = Address(None, None, None, None, None, None, None)
    road = Address("Bo", "Ek", None, None, "Vägen 2", "41108", "Göteborg", "FI", "Åsa Öberg")
    firm = Address(None, None, "Färg & Form", "Kajen 3", "hus B", "90325", "Umeå")
    staffed = replace(firm, first="Eva", last="Lind")
    told = (
        (replace(BARE, first="Eva", last="Lind", email="a@x.se"), nowhere, road),
        (replace(BARE, email="b@x.se"), firm, nowhere),
        (replace(company_buyer(), email="c@x.se"), replace(road, country="SE"), staffed),
    )
    ids = [bought(shop, items=FINNISH if two is road else ITEMS, buyer=buyer, billing=one,
                  shipping=two) for buyer, one, two in told]  # fmt: skip
    shop.run()
    eva, nameless, company = (
        next(one for one in shop.world.customers.values() if one.text("Email") == email)
        for email in ("a@x.se", "b@x.se", "c@x.se")
    )
    assert [one.name for one in (eva, nameless, company)] == [
        "Eva Lind", "Färg & Form", "Färg & Form",
    ]  # fmt: skip
    names = ("Address1", "Address2", "ZipCode", "City", "CountryCode")
    assert [[one.text(name) for name in names] for one in (eva, nameless)] == [
        ["Vägen 2", "c/o Åsa Öberg", "41108", "Göteborg", "FI"],
        ["Kajen 3", "hus B", "90325", "Umeå", "SE"],
    ]
    delivered = {one.external2: one.texts for one in shop.fortnox_orders}
    names = ("DeliveryName", "DeliveryAddress1", "DeliveryZipCode", "DeliveryCity")
    assert [[delivered[id][name] for name in names] for id in ids[1:]] == [
        ["Färg & Form", "Kajen 3", "90325", "Umeå"]
    ] * 2


def test_a_vat_number_is_kept_of_a_company_abroad(lived: Lived) -> None:
    assert made(lived, "eu_company")["VATNumber"] == "FI26782776"
