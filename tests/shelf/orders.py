"""Situations of orders: who buys, what and where to, and what changes afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from order_shop import OrderShop
from orders.conftest import OTHERWISE
from orders.kit import SETTINGS, chart
from orders.test_foreseen import EVA, bought, change_card, screws
from orders.test_never_doubled import an_invoice, an_order
from orders.test_vat_of_another_country import (
    COPENHAGEN,
    DOMESTIC,
    EKS,
    KARI,
    NORWAY,
    OWED,
    REVERSE,
)
from orders.test_vat_of_another_country import OSLO as OSLO_HOME

from engine.sandbox.fortnox.orders import cancel_order
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import capture, lot, secure
from engine.sandbox.lives.orders import goods
from engine.sandbox.world.world import Address, Buyer, Customer, Item

from .kit import Stage

BOUGHT = (
    "private", "several_rows", "company", "company_that_is_a_person", "delivered_elsewhere",
    "discounted", "discount_above_zero", "mixed_rates", "mixed_rate_discount", "invoice_fee",
    "rounding_line", "without_vat_rate", "vat_rate_of_zero", "long_texts", "bare_buyer",
)  # fmt: skip
PAID = (
    "on_hold", "refused", "unfinished", "paid_at_the_second_try", "card_registered",
    "cancelled_before_capture", "updated", "upsold", "zero_sum", "paid_at_once",
    "temporary_reference", "long_reference", "reference_is_another_order", "reference_used_twice",
    "captured", "captured_in_parts", "part_captured_rest_cancelled", "captured_after_update",
    "capture_failed", "capture_under_way",
)  # fmt: skip
ABROAD = (
    "finnish", "norwegian", "danish", "german", "eu_company", "eu_company_without_number", "export",
    "delivered_abroad", "currency_unknown",
)  # fmt: skip
NO_REFUNDS = {"flows.refunds": False}
NET = {**NO_REFUNDS, "vat_included": False}


def lives(stage: Stage, names: Sequence[str], paid: bool = True, **changes: Any) -> OrderShop:
    """A shop that has lived these, delivered what it made, and been paid for it."""
    shop = stage.orders(**{**SETTINGS, **changes})
    chart(shop.world)
    for name in names:
        shop.life(name)
    stage.run()
    if paid:
        lifecycle.pay_out(shop.world, fee="5.00")
        shop.later(days=3)
        stage.run()
    return shop


def bought_at_home(stage: Stage) -> None:
    lives(stage, BOUGHT)


def paid_in_many_ways(stage: Stage) -> None:
    lives(stage, PAID)


def sold_abroad(stage: Stage) -> None:
    shop = lives(stage, ABROAD)
    for order in list(shop.world.qliro_orders):
        if lifecycle.captures(shop.world, order) == []:
            capture(shop.world, order)
    stage.run()


def sold_abroad_without_oss(stage: Stage) -> None:
    accounts = [{"country": "DK", "account": 3108}, *SETTINGS["sales_accounts"],
                {"region": "eu", "account": 3001}]  # fmt: skip
    lives(stage, ABROAD, paid=False, oss=False, sales_accounts=accounts)


def all_set_otherwise(stage: Stage) -> None:
    shop = stage.orders(**OTHERWISE)
    chart(shop.world)
    shop.world.cost_centers["WEB"], shop.world.projects["7"] = "Webben", "Qliro"
    shop.world.company.freight = Decimal("39.00")
    shop.world.company.administration_fee = Decimal("19.00")
    for name in ("captured", "mixed_rates", "mixed_rate_discount", "company", "finnish"):
        shop.life(name)
    stage.run()
    shop.settings({"flows.refunds": True})
    for order in list(shop.world.qliro_orders):
        if lifecycle.captures(shop.world, order):
            lifecycle.refund(shop.world, order)
    stage.run()


def references_in_other_fields(stage: Stage) -> None:
    for first, second in (("YourReference", "OurReference"),
                          ("YourOrderNumber", "ExternalInvoiceReference2")):  # fmt: skip
        shop = stage.orders(payout_reference_field=first, second_reference_field=second,
                            payment_reference_prefix="Q-",
                            use_merchant_reference=first != "YourReference")  # fmt: skip
        life = shop.life("refunded_twice")
        shop.life("private")
        stage.run()
        lifecycle.pay_out(shop.world, [life.order])
        shop.later(days=3)
        stage.run()


def addresses_and_buyers(stage: Stage) -> None:
    """Where a buyer lives and has it sent, and what tells who he is."""
    shop = stage.orders(**NO_REFUNDS, **{"customers.find_by": ["email", "personal_number"]})
    home = Address("Siv", "Berg", None, "Ågatan 2", "lgh 7", "58222", "Linköping", "SE", "Ek")
    work = Address("Siv", "Berg", "Berg AB", "Industrigatan 9", None, "58222", "Linköping", "SE")
    bare = Address(None, None, None, None, None, None, None, None)
    given: list[tuple[Buyer, Address, Address]] = [
        (Buyer("Siv", "Berg", "siv@example.com", None, None), home, work),
        (Buyer("Siv", "Berg", "siv@example.com", None, None), bare, home),
        (Buyer(None, None, None, None, None), work, bare),
        (Buyer("Bo", "Ek", "bo@example.com", None, "556000-1198", None, "Company"), work, work),
        (Buyer("Ax", "Ek", " ", None, None), home, home),
    ]
    for buyer, billing, shipping in given:
        bought(shop, lot("VAS-1", "250.00"), buyer=buyer, billing=billing, shipping=shipping)
    stage.run()


def collective_customers(stage: Stage) -> None:
    shop = stage.orders(**NO_REFUNDS, **{"customers.by": "collective", "customers.collective": [
        {"country": "SE", "customer": "K1"}, {"country": "FI", "customer": "K9"}]})  # fmt: skip
    shop.life("captured"), shop.life("finnish")
    stage.run()


def customers_that_are_there(stage: Stage) -> None:
    """Found by e-mail and by number; one is not active, one is there twice."""
    shop = stage.orders(**NO_REFUNDS)
    shown = {"Type": "PRIVATE", "Currency": "SEK", "VATType": "SEVAT"}
    for number, more in (("7", {"Email": "eva.lind@example.com"}),
                         ("8", {"Email": "eva.lind@example.com"}),
                         ("9", {"Email": "bo@x.se", "Active": False}),
                         ("10", {"OrganisationNumber": "5560011982"})):  # fmt: skip
        fields = {**shown, **more}
        shop.world.customers[number] = Customer(number, "Kund", shop.world.now(), fields=fields)
    bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    bought(shop, lot("TSHIRT", "500.00"), buyer=Buyer("Bo", "Ek", "bo@x.se", None, None))
    shop.life("company")
    stage.run()


def changed_before_their_capture(stage: Stage) -> None:
    shop = stage.orders(**NO_REFUNDS, **{
        "invoices.from": "order", "invoices.due_date": "invoice_date",
        "invoices.order_invoice_date": "capture"})  # fmt: skip
    world = shop.world
    world.company.createinvoice_answers = "Order"
    cancelled, fewer, other, mixed = (
        shop.life(one) for one in ("private", "several_rows", "several_rows", "mixed_rate_discount")
    )
    stage.run()
    lifecycle.cancel(world, cancelled.order)
    lifecycle.update(world, fewer.order, goods()[:1])
    lifecycle.update(world, other.order, [*goods(), lot("NY-1", "50.00")])
    items = [one for one in world.qliro_orders[mixed.order].items if one.action == "Reserve"]
    lifecycle.update(world, mixed.order, [replace(items[0], quantity=2), *items[1:]])
    stage.run()
    capture(world, other.order, {"TSHIRT-BLA-M": 1, "NY-1": 1})
    lifecycle.cancel(world, other.order)
    capture(world, fewer.order)
    stage.run()


def changed_into_what_cannot_be_booked(stage: Stage) -> None:
    """Another rate, a discount over several, goods without an article, a change after a delivery,
    another's order."""
    shop = stage.orders(**NET, **{
        "sales_accounts": [{"kind": "goods", "account": 3001},
                           {"kind": "discount", "rate": 25, "account": 3731}],
        "articles.create": False})  # fmt: skip
    chart(shop.world)
    shop.world.articles.clear()
    ids = [bought(shop, screws(100)) for _ in range(5)]
    an_order(shop, 70, "99.00", external2=str(ids[4]))
    shop.settings({"articles.create": True})
    stage.run()
    shop.settings({"articles.create": False})
    world = shop.world
    odd = lot("X", "108.00", rate="8")
    shipping = lot("dhl-hem", "49.00", type="Shipping")
    lifecycle.update(world, ids[0], [screws(100), odd, shipping])
    mixed = [lot("MUGG", "50.00"), lot("BOK", "21.20", rate="6"),
             lot("TIO", "-7.12", ex="-6.00", type="Discount")]  # fmt: skip
    lifecycle.update(world, ids[1], mixed)
    lifecycle.update(world, ids[2], [screws(500)])
    lifecycle.update(world, ids[3], [screws(60), lot("NY-9", "10.00")])
    lifecycle.update(world, ids[4], [screws(60)])
    stage.run()
    shop.settings({"discounts.mixed_vat": "park", "articles.create": True})
    stage.run()


def changed_after_a_delivery(stage: Stage) -> None:
    shop = stage.orders(**NO_REFUNDS, **{"flows.invoices": False, "flows.order_status": True})
    life = shop.life("several_rows")
    stage.run()
    shop.deliver(shop.fortnox_orders[0].number, 1)
    lifecycle.update(shop.world, life.order, [lot("NY-1", "50.00")])
    stage.run()


def cancelled_at_qliro(stage: Stage) -> None:
    """Before and after it was invoiced in Fortnox, and when it is cancelled there already."""
    shop = stage.orders(**NO_REFUNDS)
    ids = [bought(shop, lot("KANNA", "300.00", 2)) for _ in range(3)]
    stage.run()
    first, second = shop.fortnox_orders[:2]
    cancel_order(shop.world, str(first.number))
    shop.world.orders[second.number] = replace(second, invoice=901, modified=shop.world.now())
    for order in ids:
        lifecycle.cancel(shop.world, order)
    stage.run(2)


def what_stands_in_fortnox(stage: Stage) -> None:
    """Orders and invoices of others: adopted, or left to a person; some contradict."""
    for existing in ("adopt", "park"):
        shop = stage.orders(**NO_REFUNDS, existing_documents=existing)
        ids = [bought(shop, lot(f"VAS-{n}", "250.00")) for n in range(12)]
        refs = [shop.world.qliro_orders[one].reference for one in ids]
        an_order(shop, 70, "250.00", external2=str(ids[0]), customer_number="K1")
        an_order(shop, 71, "250.00", external1=refs[1], external2=str(ids[0]))
        an_order(shop, 72, "250.00", external2=str(ids[2]), cancelled=True, terms="QLIRO")
        an_order(shop, 73, "250.00", external1=refs[3])
        an_order(shop, 74, "250.00", external1=refs[3])
        an_invoice(shop, 901, "250.00", external1=refs[4])
        an_invoice(shop, 902, "250.00", external1=refs[5], external2=str(ids[0]))
        an_invoice(shop, 903, "250.00", external1=refs[6], cancelled=True)
        an_invoice(shop, 904, "-250.00", external1=refs[7])
        an_invoice(shop, 905, "250.00", external1=refs[8])
        an_invoice(shop, 906, "250.00", external1=refs[8])
        an_invoice(shop, 907, "240.00", external1=refs[9])
        an_invoice(shop, 908, "250.00", external1=refs[10], currency="EUR")
        stage.run()
        for order in (*ids[:2], *ids[4:]):
            capture(shop.world, order)
        stage.run()


def cancelled_in_fortnox_and_captured(stage: Stage) -> None:
    shop = stage.orders(**NO_REFUNDS, **{"flows.order_status": True})
    order = bought(shop, lot("VAS-1", "250.00"))
    capture(shop.world, order)
    an_order(shop, 70, "250.00", external2=str(order), cancelled=True, terms="QLIRO")
    stage.run()
    shop.resolve(order, "retry")
    stage.run()


def what_it_will_come_to(stage: Stage) -> None:
    """Prices without VAT that miss it, by rounding and by more; with rounding and without."""
    for changes in ({}, {"rounding.policy": "park"},
                    {"flows.payouts": False, "accounts.rounding": None}):  # fmt: skip
        shop = stage.orders(**NET, **changes)
        for items in ([screws(100)], [screws(500)], [lot("S", "1.03", 3, ex="0.82")]):
            capture(shop.world, bought(shop, *items))
        stage.run()
        shop.settings({"flows.orders": False})
        capture(shop.world, bought(shop, screws(100)))
        capture(shop.world, bought(shop, screws(500)))
        stage.run()


def whole_kronor(stage: Stage) -> None:
    """Seen on what was made before, or declared; within the tolerance and beyond it."""
    declared = {"rounding.totals": "whole_kronor", "rounding.tolerance": 0.1}
    for origin, changes in (("capture", {}), ("order", declared)):
        shop = stage.orders(**{"invoices.from": origin, **changes})
        shop.world.company.whole_kronor = True
        ids = [bought(shop, lot("TSHIRT", "498.75", ex="399.00")),
               bought(shop, lot("MUGG", "199.00")),
               bought(shop, lot("TSHIRT", "49.75", ex="39.80"), currency="EUR")]  # fmt: skip
        stage.run()
        for order in ids:
            capture(shop.world, order)
        bought(shop, lot("TSHIRT", "498.60", ex="398.88"))
        stage.run()
        for order in ids:
            lifecycle.refund(shop.world, order)
        stage.run()


def cards_without_vat(stage: Stage) -> None:
    """What was sold with VAT to a customer whose card says that there is none."""
    for origin in ("capture", "order"):
        shop = stage.orders(**{"invoices.from": origin})
        change_card(shop, "7", Email="eva.lind@example.com", VATType="SEVAT")
        ids = [bought(shop, lot("TSHIRT", "500.00"), buyer=EVA) for _ in range(3)]
        capture(shop.world, ids[2])
        stage.run()
        change_card(shop, "7", VATType="EXPORT")
        bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
        lifecycle.update(shop.world, ids[0], [lot("TSHIRT", "400.00")])
        capture(shop.world, ids[1])
        lifecycle.refund(shop.world, ids[2])
        stage.run()
        change_card(shop, "7", VATType="EUREVERSEDVAT")
        stage.run()


def vat_of_another_country(stage: Stage) -> None:
    """Prices carry VAT where the document has none: to Norway, and to a company in Denmark."""
    for rows, included in (([OWED, {**REVERSE, "vat_account": 2650}], True),
                           ([OWED, {**REVERSE, "vat_account": 2650}], False),
                           ([NORWAY, REVERSE], True)):  # fmt: skip
        shop = stage.orders(sales_accounts=[*rows, *DOMESTIC], vat_included=included)
        chart(shop.world, 2650, 3105, 3108)
        ids = []
        for items, to, by in (([lot("TRÖJA", "400.00"), lot("STRUMPA", "100.00")], OSLO_HOME, KARI),
                              ([lot("MASKIN", "1250.00")], COPENHAGEN, EKS)):  # fmt: skip
            order = secure(shop.world, items, country="SE", billing=to, shipping=to, buyer=by)
            capture(shop.world, order)
            shop.known.append(str(order.id))
            ids.append(order.id)
        stage.run()
        if included:
            lifecycle.refund(shop.world, ids[0], {"STRUMPA": 1})
            lifecycle.discount(shop.world, ids[1], "250.00")
            shop.later(seconds=60)
            lifecycle.discount(shop.world, ids[0], "40.00")
            stage.run()


def outside_the_vat_area(stage: Stage) -> None:
    accounts = [*DOMESTIC, {"region": "export", "account": 3105}]
    shop = stage.orders(**NO_REFUNDS, sales_accounts=accounts)
    chart(shop.world)
    for country, postcode in (("FI", "22100"), ("AX", "22100"), ("ES", "35001"), ("GR", "63086")):
        to = Address("Aino", "Aalto", None, "Gatan 1", None, postcode, "Stad", country)
        order = secure(shop.world, [lot("TRÖJA", "400.00", rate="0")], country=country,
                       billing=to, shipping=to, buyer=EVA)  # fmt: skip
        shop.known.append(str(order.id))
        capture(shop.world, order)
    stage.run()


def rates_and_discounts(stage: Stage) -> None:
    """What the two prices say of a rate, told or not, and of discounts over several."""
    shop = stage.orders(**NO_REFUNDS, line_kinds=[
        {"reference": {"prefix": "kort"}, "kind": "credit_voucher"},
        {"reference": "rounding", "kind": "rounding"}])  # fmt: skip
    mug, book = lot("MUGG", "50.00"), lot("BOK", "21.20", rate="6")
    tenth = replace(lot("TIO", "-7.12", ex="-6.00", type="Discount"), vat_rate=Decimal("18.67"))
    sold: list[list[Item]] = [
        [mug, book, tenth],
        [mug, book, lot("RABATT", "-5.00", type="Discount"),
         lot("R6", "-2.12", rate="6", type="Discount")],
        [replace(lot("HATT", "125.00"), vat_rate=Decimal(2500)),
         lot("FRAKT", "49.00", type="Shipping")],
        [lot("SKO", "499", ex="399", rate="0"), lot("SULA", "79", 2, ex="63", told=False)],
        [lot("STOL", "399.00"), lot("PRESENT", "-100.00", rate="0", type="Discount")],
        [lot("BORD", "400.00"), lot("DUK", "100.00", rate="6"),
         lot("KLUBB", "-120.00", ex="-110.00", type="Discount")],
        [lot("MATTA", "130.50", ex="100.40", rate="30")],
        [lot("GRATIS", "0.00", rate="0"), lot("MUGG", "199.00")],
        [lot("rounding", "0.02", rate="0"), lot("MUGG", "66.66", 3)],
        [lot("kort-100", "100.00", rate="0")],
        [lot("dhl-hem", "49.00", type="Shipping"), lot("bok", "53.00", rate="6", type="Shipping"),
         lot("RABATT", "-10.00", ex="-9.10", rate="0", type="Discount")],
        [lot("RABATT", "-10.00", type="Discount")],
        [lot("ODD", "130.50", ex="100.40", rate="30"), lot("RABATT", "-10.00", type="Discount")],
    ]  # fmt: skip
    for items in sold:
        order = secure(shop.world, items)
        if sum(one.inc * one.quantity for one in items) > 0:
            capture(shop.world, order)
        shop.known.append(str(order.id))
    stage.run()
    shop.settings({"flows.orders": False})
    stage.run()


def what_no_account_is_there_for(stage: Stage) -> None:
    for orders in (True, False):
        shop = stage.orders(**NO_REFUNDS, **{"flows.orders": orders, "accounts.rounding": 3740,
            "line_kinds": [{"reference": "rounding", "kind": "rounding"}],
            "sales_accounts": [{"kind": "goods", "account": 3001},
                               {"kind": "discount", "rate": 25, "account": 3731}]})  # fmt: skip
        for name in ("mixed_rate_discount", "several_rows", "discounted"):
            life = shop.life(name)
            capture(shop.world, life.order)
        stage.run()


def terms_currencies_and_articles(stage: Stage) -> None:
    shop = stage.orders(**NO_REFUNDS, **{"articles.create": False, "payment_methods": [
        {"method": "CREDITCARDS", "terms_of_payment": "ZZ"}]})  # fmt: skip
    for method, currency in (("CREDITCARDS", "SEK"), ("QLIRO_INVOICE", "GBP"), ("SWISH", "SEK")):
        capture(shop.world, bought(shop, lot("MUGG-1", "199.00"), method=method, currency=currency))
    bought(shop, lot("MUGG-1", "199.00"), reference="")
    stage.run()
    shop.settings({"articles.create": True})
    stage.run()
    shop.settings({"flows.orders": False})
    stage.run()


def too_many_rows(stage: Stage) -> None:
    """More than Fortnox takes, and as many as it takes without a place for one more."""
    shop = stage.orders(**NET)
    many = bought(shop, *[lot(f"S-{n}", "10.00") for n in range(501)])
    full = bought(shop, *[lot(f"S-{n}", "1.25", ex="1.00") for n in range(499)], screws(10))
    stage.run()
    shop.settings({"flows.orders": False})
    for order in (many, full):
        capture(shop.world, order)
    stage.run()


SITUATIONS: tuple[Callable[[Stage], None], ...] = (
    bought_at_home, paid_in_many_ways, sold_abroad, sold_abroad_without_oss, all_set_otherwise,
    references_in_other_fields, addresses_and_buyers, collective_customers,
    customers_that_are_there, changed_before_their_capture, changed_into_what_cannot_be_booked,
    changed_after_a_delivery, cancelled_at_qliro, what_stands_in_fortnox,
    cancelled_in_fortnox_and_captured, what_it_will_come_to, whole_kronor, cards_without_vat,
    vat_of_another_country, outside_the_vat_area, rates_and_discounts,
    what_no_account_is_there_for, terms_currencies_and_articles, too_many_rows,
)  # fmt: skip
