"""Invoices: one for each capture, directly or of the Fortnox order; confirmed, then booked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine import json_text
from engine.sandbox.fortnox import orders as fortnox_orders
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import Customer, InvoiceRow, Order

from .kit import Lived, chart, told

Open = Callable[..., OrderShop]
# Lives that were captured, and why some have no invoice.
WITHOUT = {"norwegian", "danish", "delivered_abroad", "currency_unknown",
           "eu_company_without_number"}  # fmt: skip


def sent(shop: OrderShop, method: str, path: str) -> list[dict[str, Any]]:
    """The documents that were sent to Fortnox on that path."""
    found = [one for one in shop.world.journal if one.method == method and one.path == path]
    return [next(iter(json_text.decode(one.body).values())) for one in found]


# -- directly -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIVES)
def test_each_capture_that_succeeded_is_one_invoice_of_its_amount(lived: Lived, name: str) -> None:
    world = lived.shop.world
    taken = [
        one for id in lived.lives[name].orders for one in world.qliro_orders[id].transactions
        if one.status == "Success" and one.type in ("Capture", "Debit", "UpdateInvoice")
        and one.amount > 0
    ]  # fmt: skip
    invoices = lived.invoices(name)
    if name in WITHOUT:
        assert invoices == []
        return
    id = lived.lives[name].order
    assert [(one.external2, one.total) for one in invoices] == [
        (f"{id}/{one.id}", one.amount) for one in taken
    ]
    order = lived.order(name)
    for one in invoices:
        assert order is not None
        assert (one.external1, one.customer_number) == (order.external1, order.customer_number)
        assert one.booked is (one.terms != "0")  # what SWISH's row of payment_methods says


def test_two_equal_captures_are_two_invoices_whenever_they_come(order_shop: Open) -> None:
    """The first invoice stands, of the same amount and reference; nobody remembers making it."""
    shop = order_shop(**{"flows.refunds": False})
    life = shop.life("several_rows")
    taken = []
    for _ in range(2):
        taken.append(lifecycle.capture(shop.world, life.order, {"STRUMPOR-3": 1}))
        shop.run()
        shop.lose_the_database()
    shop.run()
    assert [(one.external2, one.total, one.booked) for one in shop.fortnox_invoices] == [
        (f"{life.order}/{one.id}", Decimal("149.00"), True) for one in taken
    ]


def test_what_was_added_to_an_invoice_is_not_lost(lived: Lived) -> None:
    first, added = lived.invoices("added_to_invoice")
    assert (first.total, told(added.rows)) == (
        Decimal("746.00"), ["1 × 59.00  on 3001 at 25 %"],
    )  # fmt: skip


def test_an_invoice_is_dated_by_its_capture_and_due_by_its_terms(lived: Lived) -> None:
    (invoice,) = lived.invoices("captured")
    assert (invoice.day, invoice.due) == (date(2026, 11, 12), date(2026, 11, 12))


def test_a_rate_that_no_invoice_row_holds_goes_by_its_code(lived: Lived) -> None:
    (document,) = (
        one for one in sent(lived.shop, "POST", "/3/invoices") if "VATCode" in one["InvoiceRows"][0]
    )
    assert [(row.get("VAT"), row["VATCode"], row["AccountNumber"])
            for row in document["InvoiceRows"]] == [
        (None, "FI255", 3106), (None, "FI255", 3522),
    ]  # fmt: skip


def test_a_capture_whose_items_do_not_add_up_is_never_invoiced(order_shop: Open) -> None:
    """Of one Qliro tells other items than were paid, of one a part without a word of items."""
    shop = order_shop(**{"flows.orders": False, "flows.refunds": False})
    world = shop.world
    other, untold = (world.qliro_orders[shop.life("several_rows").order] for _ in range(2))
    shirt = replace(other.items[0], action="Ship")
    for order, amount, items in ((other, "450.00", [shirt]), (untold, "100.00", [])):
        reserved = order.transactions[0].id
        operations.begin(
            world, order, "Capture", Decimal(amount), items, original=reserved, done=True
        )
    told = shop.outcomes(shop.run(), "invoice").values()
    assert [(one.state, one.reason) for one in told] == [
        ("parked", "its items sum to 399.00, and 450.00 was captured"),
        ("parked", "Qliro shows no items of this capture, so its VAT is not known"),
    ]
    assert shop.requests("POST", "/3/invoices") == []


# -- every setting otherwise ----------------------------------------------------------------------


def test_an_order_is_known_by_qliros_id_where_the_merchant_says_so(otherwise: Lived) -> None:
    order, invoice = otherwise.shop.world.orders[501], otherwise.shop.world.invoices[1001]
    assert (order.external1, order.external2) == ("Q-4900001", "10001")
    assert invoice.external1 == "Q-4900001"


def test_prices_without_vat_come_to_the_same_total(otherwise: Lived) -> None:
    orders = otherwise.shop.world.orders
    assert (orders[501].vat_included, orders[501].total, orders[501].vat) == (
        False, Decimal("746.00"), Decimal("149.20"),
    )  # fmt: skip
    assert told(orders[501].rows)[0] == "1 × 319.20 TSHIRT-BLA-M on 3001 at 25 %"
    assert abs(orders[502].total - Decimal("1264.70")) < 1
    assert orders[503].total == Decimal("2500.00")


def test_a_discount_over_several_rates_is_left_to_a_person_where_he_says_so(
    otherwise: Lived,
) -> None:
    assert otherwise.why("mixed_rate_discount") == (
        "parked: the discount 10 % på allt fits no single VAT rate"
    )


def test_the_settings_of_invoices_stand_on_orders_and_invoices(otherwise: Lived) -> None:
    order, invoice = otherwise.shop.world.orders[501], otherwise.shop.world.invoices[1001]
    assert (invoice.day, invoice.due, invoice.terms) == (
        date(2026, 11, 12), date(2026, 11, 12), "30",
    )  # fmt: skip
    assert invoice.booked is False
    for one in (order, invoice):
        assert (one.our_reference, one.your_reference) == ("Anna", "Webben")
        assert {name: one.texts[name] for name in (
            "Remarks", "Language", "WayOfDelivery", "PrintTemplate", "CostCenter", "Project"
        )} == {
            "Remarks": "Tack för ditt köp", "Language": "EN", "WayOfDelivery": "PN",
            "PrintTemplate": "qliro", "CostCenter": "WEB", "Project": "7",
        }  # fmt: skip
        assert (one.freight, one.fee) == (0, 0)


def test_an_invoice_of_an_order_is_booked_when_the_merchant_says_so(order_shop: Open) -> None:
    """By card it is; what SWISH's row of payment_methods says holds for SWISH."""
    shop = order_shop(**{"invoices.from": "order", "flows.refunds": False, "payment_methods": [
        {"method": "SWISH", "terms_of_payment": "0", "book": False}, {"terms_of_payment": "30"},
    ]})  # fmt: skip
    shop.life("captured"), shop.life("paid_at_once")
    shop.run()
    orders = {one.invoice: one.terms for one in shop.fortnox_orders}
    assert {orders[one.number]: one.booked for one in shop.fortnox_invoices} == {
        "30": True, "0": False,
    }  # fmt: skip


def test_a_fractional_rate_without_a_code_leaves_its_invoice_to_a_person(otherwise: Lived) -> None:
    """An order's row holds it, an invoice's does not."""
    order = next(one for one in otherwise.shop.fortnox_orders if one.currency == "EUR")
    assert [row.vat for row in order.rows] == [Decimal("25.5")] * 2
    assert otherwise.why("finnish", "invoice") == (
        "parked: a VAT rate of 25.5 % does not fit an invoice's row: give its row of "
        "sales_accounts a vat_code, or set invoices.fractional_vat"
    )


# -- confirmed before it is booked ----------------------------------------------------------------


def test_an_invoice_of_another_total_stays_unbooked_with_both_totals_told(order_shop: Open) -> None:
    """Without the flow of orders: freight on one buyer's card, whole kronor, 25.5 % by account."""
    accounts = [{"country": "FI", "account": 3106}, {"account": 3001}]
    shop = order_shop(**{"flows.orders": False, "flows.refunds": False, "sales_accounts": accounts,
                         "invoices.added_fees": "customer", "articles.create": False,
                         "invoices.fractional_vat": "account"})  # fmt: skip
    chart(shop.world)
    shop.world.company.whole_kronor = True
    card = {"Email": "inkop@example.com", "OrganisationNumber": "5560011982",
            "InvoiceFreight": "100", "VATType": "SEVAT", "Currency": "SEK"}  # fmt: skip
    shop.world.customers["9"] = Customer("9", "Färg & Form", shop.world.now(), fields=card)
    company, uneven, _ = (shop.life(one) for one in ("company", "mixed_rates", "finnish"))
    for life in (company, uneven):
        lifecycle.capture(shop.world, life.order)
    report = shop.run()
    outcomes = {one.source.split("/")[0]: one for one in report.plan.outcomes
                if one.mapping == "invoice"}  # fmt: skip
    freight, whole, by_account = shop.fortnox_invoices
    parked = outcomes[str(company.order)]
    assert (parked.state, freight.booked, freight.total) == ("parked", False, Decimal("2600.00"))
    assert parked.reason == (
        f"invoice {freight.number} stands and is left as it is: "
        "Total is 2600.00 and must be 2500.00; TotalVAT is 520.00 and must be 500.00"
    )
    # Half a krona is rounding.
    assert (whole.total, whole.booked, outcomes[str(uneven.order)].state) == (
        Decimal("1265.00"), True, "posted",
    )  # fmt: skip
    assert by_account.booked
    rows = sent(shop, "POST", "/3/invoices")[2]["InvoiceRows"]
    assert [("VAT" in row, row["AccountNumber"]) for row in rows] == [(False, 3106)] * 2
    assert shop.fortnox_orders == []
    shop.run()
    assert len(shop.fortnox_invoices) == 3


# -- of the order ---------------------------------------------------------------------------------


def test_a_capture_of_the_whole_order_makes_the_order_its_invoice(order_shop: Open) -> None:
    shop = order_shop(**{"invoices.from": "order", "flows.refunds": False,
                         "invoices.due_date": "invoice_date",
                         "invoices.order_invoice_date": "capture"})  # fmt: skip
    whole, parts, by_hand, _ = (
        shop.life(one) for one in ("captured", "captured_in_parts", "several_rows", "captured")
    )
    row = InvoiceRow("T-shirt", Decimal(1), Decimal("746.00"), ordered=Decimal(1))
    shop.world.orders[77] = Order(
        77, date(2026, 11, 12), Decimal("746.00"), shop.world.now(), external1="10004",
        customer_number="K1", rows=(row,), vat_included=True, vat=Decimal("149.20"),
    )  # fmt: skip
    shop.run()
    orders = {one.external2: one for one in shop.fortnox_orders}
    invoices = {one.order_reference: one for one in shop.fortnox_invoices if one.order_reference}
    made = invoices[orders[str(whole.order)].number]
    assert (made.total, made.booked, made.external1) == (Decimal("746.00"), True, "10001")
    assert (made.day, made.due) == (date(2026, 11, 12), date(2026, 11, 12))
    # Another connector's order is taken over, and invoiced once.
    assert invoices[77].total == Decimal("746.00")
    # Two captures of one order are two invoices.
    assert [one.total for one in shop.fortnox_invoices if "/" in one.external2] == [
        Decimal("448.00"), Decimal("149.00"),
    ]  # fmt: skip
    assert orders[str(parts.order)].invoice == 0
    assert len(shop.fortnox_invoices) == 4
    # Somebody presses the button in Fortnox: that invoice is the capture's.
    order = orders[str(by_hand.order)]
    given = replace(made, number=901, order_reference=order.number, external1="10003",
                    external2=str(by_hand.order), booked=False)  # fmt: skip
    shop.world.invoices[901] = given
    shop.world.orders[order.number] = replace(order, invoice=901, modified=shop.world.now())
    lifecycle.capture(shop.world, by_hand.order)
    report = shop.run()
    (found,) = [one for one in report.plan.outcomes if one.payout == f"order {by_hand.order}"
                and one.mapping == "invoice_of_order"]  # fmt: skip
    assert (found.state, found.reason) == ("adopted", "found in Fortnox as invoice 901")
    assert len(shop.fortnox_invoices) == 5


def test_an_invoice_of_an_order_of_another_total_stays_unbooked(order_shop: Open) -> None:
    """Another connector's order was taken over, and its rows come to less than was captured."""
    shop = order_shop(**{"invoices.from": "order", "flows.refunds": False})
    life = shop.life("captured")
    row = InvoiceRow("T-shirt", Decimal(1), Decimal("700.00"), ordered=Decimal(1))
    shop.world.orders[77] = Order(
        77, date(2026, 11, 12), Decimal("700.00"), shop.world.now(), external1="10001",
        customer_number="K1", rows=(row,), vat_included=True, vat=Decimal("140.00"),
    )  # fmt: skip
    for _ in range(2):
        report = shop.run()
    (invoice,) = shop.fortnox_invoices
    assert (invoice.total, invoice.booked) == (Decimal("700.00"), False)
    (told,) = shop.outcomes(report, "invoice_of_order").values()
    assert told.payout == f"order {life.order}"
    assert (told.state, report.exit_code) == ("parked", 3)
    assert "Total is 700.00 and must be 746.00" in told.reason


@pytest.mark.parametrize(
    ("from_", "mapping"), [("capture", "invoice"), ("order", "invoice_of_order")]
)
@pytest.mark.parametrize(
    ("reference", "told"),
    [("10001", ("adopted", "found in Fortnox as invoice 1001")),
     ("", ("done", "it was captured because its Fortnox order was invoiced; that invoice is its "
           "invoice"))],
)  # fmt: skip
def test_a_capture_that_our_own_shipment_caused_belongs_to_the_invoice_that_triggered_it(
    order_shop: Open, from_: str, mapping: str, reference: str, told: tuple[str, str]
) -> None:
    """Also when somebody took the references off that invoice."""
    shop = order_shop(**{"flows.order_status": True, "order_status.when": "invoiced",
                         "flows.refunds": False, "invoices.from": from_})  # fmt: skip
    life = shop.life("several_rows")
    shop.run()
    (order,) = shop.fortnox_orders
    fortnox_orders.create_invoice(shop.world, str(order.number))  # by a person
    shop.run()  # marked as shipped
    assert len(lifecycle.captures(shop.world, life.order)) == 1
    held, now = shop.world.invoices[1001], shop.world.now()
    shop.world.invoices[1001] = replace(held, external1=reference, external2="", modified=now)
    report = shop.run()
    assert len(shop.fortnox_invoices) == 1
    (outcome,) = shop.outcomes(report, mapping).values()
    assert (outcome.state, outcome.reason) == told


@pytest.mark.parametrize(
    ("from_", "mapping"), [("capture", "invoice"), ("order", "invoice_of_order")]
)
def test_it_belongs_to_that_invoice_also_where_others_invoices_are_left_to_a_person(
    order_shop: Open, from_: str, mapping: str
) -> None:
    shop = order_shop(**{"flows.order_status": True, "order_status.when": "invoiced",
                         "flows.refunds": False, "invoices.from": from_,
                         "existing_documents": "park"})  # fmt: skip
    shop.life("several_rows")
    shop.run()
    (order,) = shop.fortnox_orders
    fortnox_orders.create_invoice(shop.world, str(order.number))
    shop.run()  # marked as shipped
    report = shop.run()
    (told,) = shop.outcomes(report, mapping).values()
    assert (told.state, "that invoice is its invoice" in told.reason) == ("done", True)
    assert [one.number for one in shop.fortnox_invoices] == [1001]
    assert not [one for one in report.plan.warnings if "did not make" in one]  # it is no stranger


# -- before capture -------------------------------------------------------------------------------


def test_an_order_that_is_cancelled_before_its_capture_is_cancelled_in_fortnox(
    of_orders: Lived,
) -> None:
    assert of_orders.the_order("cancelled").cancelled
    assert of_orders.why("cancelled", "cancelled_order").startswith("posted")


def test_an_order_that_changes_before_its_capture_changes_in_fortnox(of_orders: Lived) -> None:
    shop, fewer = of_orders.shop, of_orders.the_order("fewer")
    assert told(fewer.rows) == ["1 × 399.00 TSHIRT-BLA-M on 3001 at 25 %"]
    assert of_orders.why("fewer", "changed_order").startswith("posted")
    assert of_orders.why("mixed", "changed_order") == "done: it holds what Qliro holds"
    assert len(sent(shop, "PUT", f"/3/orders/{fewer.number}")) == 1
    first, second = sent(shop, "PUT", f"/3/orders/{of_orders.the_order('other').number}")
    assert [row["ArticleNumber"] for row in first["OrderRows"]] == [
        "TSHIRT-BLA-M", "STRUMPOR-3", "NY-1",
    ]  # fmt: skip
    assert [row["ArticleNumber"] for row in second["OrderRows"]] == ["TSHIRT-BLA-M", "NY-1"]
    assert len(shop.fortnox_orders) == 4


def test_what_was_released_is_not_invoiced(of_orders: Lived) -> None:
    invoices = sorted(of_orders.shop.fortnox_invoices, key=lambda one: one.total)
    assert [one.total for one in invoices] == [Decimal("399.00"), Decimal("449.00")]
    assert [one.order_reference for one in invoices] == [
        of_orders.the_order("fewer").number, of_orders.the_order("other").number,
    ]  # fmt: skip
    assert all(one.booked and one.due == one.day for one in invoices)


def test_an_order_of_which_a_part_was_captured_keeps_its_rows(order_shop: Open) -> None:
    """More of it may follow: what was captured would be gone from the rows."""
    shop = order_shop(**{"flows.refunds": False})
    life = shop.life("several_rows")
    shop.run()
    lifecycle.capture(shop.world, life.order, {"STRUMPOR-3": 1})
    lifecycle.update(shop.world, life.order, [lifecycle.lot("NY-1", "50.00")])
    shop.run()
    assert shop.requests("PUT", "/3/orders/") == []
    assert [one.total for one in shop.fortnox_invoices] == [149]


# -- no account ------------------------------------------------------------------------------------


def test_a_part_of_a_discount_without_an_account_is_parked_and_named(order_shop: Open) -> None:
    """The discount is over goods at 25 % and at 6 %, and the table knows discounts at 25 % only."""
    shop = order_shop(**{"flows.refunds": False, "sales_accounts": [
        {"kind": "goods", "account": 3001}, {"kind": "discount", "rate": 25, "account": 3731},
    ]})  # fmt: skip
    life = shop.life("mixed_rate_discount")
    lifecycle.capture(shop.world, life.order)
    told = shop.outcomes(shop.run(), "new_order")[str(life.order)]
    sentence = "no row of sales_accounts fits SE with 6 % VAT (discount, private, domestic)"
    assert (told.state, told.reason) == ("parked", sentence)
    shop.settings({"flows.orders": False})
    (told,) = shop.outcomes(shop.run(), "invoice").values()
    assert (told.state, told.reason) == ("parked", sentence)
    assert (shop.fortnox_orders, shop.fortnox_invoices) == ([], [])


def test_an_invoice_says_so_too_where_no_order_stands_before_it(order_shop: Open) -> None:
    """A rate without an account, and a discount over several that the merchant wants parked."""
    shop = order_shop(**{"flows.refunds": False, "flows.orders": False,
                         "discounts.mixed_vat": "park",
                         "sales_accounts": [{"rate": 25, "account": 3001}]})  # fmt: skip
    lives = [shop.life(name) for name in ("mixed_rates", "mixed_rate_discount")]
    for life in lives:
        lifecycle.capture(shop.world, life.order)
    told = [one.reason for one in shop.outcomes(shop.run(), "invoice").values()]
    assert told[0] == "no row of sales_accounts fits SE with 6 % VAT (goods, private, domestic)"
    assert "the discount 10 % på allt fits no single VAT rate" in told[1]
    assert shop.requests("POST", "/3/invoices") == []
