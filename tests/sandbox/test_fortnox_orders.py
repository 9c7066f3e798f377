"""Orders in the sandbox's Fortnox: what is taken, cut, filled in, refused, and invoiced."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from engine.sandbox.fortnox.company import enable_terms, enable_vat
from engine.sandbox.world.world import Customer, World

Refused = Callable[..., str]
Post = Callable[..., httpx.Response]
ROW = {
    "Description": "T-shirt",
    "OrderedQuantity": "2",
    "DeliveredQuantity": "2",
    "Price": 100,
    "VAT": 25,
    "AccountNumber": 3001,
}


@pytest.fixture
def post(world: World, fortnox: httpx.Client) -> Post:
    """Posts an order of customer K1 with one row, other fields by name."""
    world.customers["K1"] = Customer("K1", "Webbkund", world.now(), fields={"Currency": "SEK"})

    def call(rows: object = None, **fields: object) -> httpx.Response:
        order = {"CustomerNumber": "K1", "OrderRows": [ROW] if rows is None else rows}
        return fortnox.post("orders", json={"Order": order | fields})

    return call


def made(response: httpx.Response) -> Any:
    assert response.status_code in (200, 201), response.text
    return next(iter(response.json().values()))


def test_an_order_comes_to_its_rows_and_their_vat(post: Post) -> None:
    rows = [ROW, ROW | {"VAT": 6, "Price": "19.99", "AccountNumber": 3003}]
    order = made(post(rows, ExternalInvoiceReference1="10001", ExternalInvoiceReference2="4900001"))
    assert (order["DocumentNumber"], order["Net"], order["TotalVAT"]) == ("501", 239.98, 52.40)
    assert (order["Total"], order["InvoiceReference"]) == (292.38, "0")
    assert order["OrderRows"][0]["OrderedQuantity"] == "2"
    assert order["ExternalInvoiceReference1"] == "10001"


def test_prices_with_vat_come_to_their_sum(post: Post) -> None:
    rows = [ROW | {"Price": "199.00"}, ROW | {"VAT": 12, "Price": "33.33", "AccountNumber": 3002}]
    order = made(post(rows, VATIncluded=True))
    assert (order["Total"], order["TotalVAT"]) == (464.66, 86.74)


def test_prices_and_quantities_are_rounded_half_up(post: Post) -> None:
    row = ROW | {"Price": "1.125", "OrderedQuantity": "1.005", "DeliveredQuantity": "1.005"}
    (shown,) = made(post([row]))["OrderRows"]
    assert (shown["Price"], shown["OrderedQuantity"]) == (1.13, "1.01")


def test_a_rate_with_a_fraction_is_taken_once_it_is_set_up(
    world: World, post: Post, refused: Refused
) -> None:
    assert "hämta/hitta moms" in refused(post([ROW | {"VAT": "25.5"}]))
    enable_vat(world, "25.5")
    assert made(post([ROW | {"VAT": "25.5"}]))["Total"] == 251


def test_the_customers_card_decides_whether_there_is_vat(world: World, post: Post) -> None:
    card = {"Currency": "SEK", "VATType": "EXPORT"}
    world.customers["K1"] = Customer("K1", "Webbkund", world.now(), fields=card)
    order = made(post())
    assert (order["Total"], order["TotalVAT"]) == (200, 0)


def test_your_order_number_and_the_delivery_address_are_cut_without_a_word(post: Post) -> None:
    order = made(post(YourOrderNumber="1" * 40, DeliveryAddress1="S" * 70))
    assert (len(order["YourOrderNumber"]), len(order["DeliveryAddress1"])) == (30, 60)


def test_a_rows_text_is_cut_and_loses_its_line_breaks(post: Post) -> None:
    (row,) = made(post([ROW | {"Description": "två\nrader " + "x" * 300}]))["OrderRows"]
    assert len(row["Description"]) == 255
    assert row["Description"].startswith("tvårader x")


def test_delivery_fields_are_filled_from_the_card_and_only_null_clears_them(
    world: World, post: Post
) -> None:
    card = {"Currency": "SEK", "DeliveryAddress1": "Kortet 1", "DeliveryCity": "Luleå"}
    world.customers["K1"] = Customer("K1", "Webbkund", world.now(), fields=card)
    order = made(post(DeliveryAddress1="", DeliveryCity=None))
    assert (order["DeliveryAddress1"], order["DeliveryCity"]) == ("Kortet 1", "")


def test_freight_and_fee_are_the_companys_unless_they_are_sent(world: World, post: Post) -> None:
    world.company.freight, world.company.administration_fee = Decimal(40), Decimal(20)
    assert made(post())["Total"] == 325
    assert made(post(Freight=0, AdministrationFee=0))["Total"] == 250


def test_discounts_are_amounts_unless_they_say_percent(post: Post) -> None:
    rows = [ROW | {"Discount": 10}, ROW | {"Discount": 10, "DiscountType": "PERCENT"}]
    order = made(post(rows))
    assert [row["Total"] for row in order["OrderRows"]] == [190, 180]
    assert order["OrderRows"][0]["DiscountType"] == "AMOUNT"


def test_the_warehouse_module_delivers_nothing_of_an_article(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    fortnox.post("articles", json={"Article": {"ArticleNumber": "A1", "Description": "x"}})
    world.company.warehouse = True
    order = made(post([ROW | {"ArticleNumber": "A1"}]))
    assert (order["OrderRows"][0]["DeliveredQuantity"], order["Total"]) == ("0", 0)


def test_whole_kronor_round_the_total_and_say_by_how_much(world: World, post: Post) -> None:
    world.company.whole_kronor = True
    order = made(post([ROW | {"Price": "100.10"}]))
    assert (order["Total"], order["RoundOff"]) == (250, -0.25)


def test_an_order_without_rows_is_an_order_of_nothing(post: Post) -> None:
    """Recorded; the official document asks for the customer alone."""
    order = made(post([]))
    assert (order["Total"], order["OrderRows"], order["InvoiceReference"]) == (0, [], "0")


def test_an_order_in_a_foreign_currency_has_its_rate(world: World, post: Post) -> None:
    order = made(post(Currency="EUR", CurrencyRate="11.5", CurrencyUnit=1))
    assert (order["Currency"], order["CurrencyRate"]) == ("EUR", 11.5)
    assert made(post(Currency="EUR"))["CurrencyRate"] == 11.25
    world.company.rate_of_one = True
    assert made(post(Currency="EUR", CurrencyRate="11.5"))["CurrencyRate"] == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"CustomerNumber": "4711"}, 2000204),
        ({"Currency": "GBP"}, 2000427),
        ({"TermsOfPayment": "QLIRO"}, 2000429),
        ({"YourReference": "x" * 51}, 2001600),
        ({"OurReference": "x" * 51}, 2001600),
        ({"ExternalInvoiceReference1": "x" * 81}, 2001600),
        ({"Comments": "x" * 1025}, 2001896),
        ({"CustomerName": "Zoë {Zo}"}, 2000359),
        ({"DeliveryName": "O'Brien"}, 2000359),
        ({"DeliveryCountry": "Sverje"}, None),
        ({"WayOfDelivery": "BÅT"}, None),
        ({"VATType": "EXPORT"}, 2001399),
        ({"DueDate": "2026-12-01"}, 2001399),
        ({"OrganisationNumber": None}, 2005095),
        ({"VATIncluded": "yes"}, 2000134),
        ({"OrderDate": "16/11 2026"}, 2000108),
        ({"OrderRows": [ROW | {"Quantity": 1}]}, 2001399),
        ({"OrderRows": [ROW | {"ArticleNumber": "4711"}]}, 2001302),
        ({"OrderRows": [{"OrderedQuantity": "1", "Price": 1}]}, 2001304),
        ({"OrderRows": [ROW | {"AccountNumber": 3999}]}, 2001304),
        ({"OrderRows": [ROW | {"AccountNumber": 1599}]}, 2000550),
        ({"OrderRows": [ROW | {"VAT": 19}]}, None),
        ({"OrderRows": [ROW | {"Unit": None}]}, 2000699),
        ({"OrderRows": [ROW | {"Unit": "tunna"}]}, None),
        ({"OrderRows": [ROW | {"Description": "3 < 4"}]}, 2000359),
        ({"OrderRows": [ROW | {"Price": "dyr"}]}, 2000108),
        ({"OrderRows": [ROW | {"Discount": 101, "DiscountType": "PERCENT"}]}, None),
        ({"OrderRows": [ROW | {"DiscountType": "KRONOR"}]}, 2001392),
        ({"OrderRows": [ROW] * 501}, None),
    ],
)
def test_an_order_that_is_not_right_is_refused_and_not_made(
    world: World, post: Post, refused: Refused, fields: dict[str, object], code: int | None
) -> None:
    refused(post(**fields), code)
    assert not world.orders


def test_a_term_of_payment_is_taken_once_it_is_set_up(world: World, post: Post) -> None:
    enable_terms(world, "qliro")
    assert made(post(TermsOfPayment="QLIRO"))["TermsOfPayment"] == "QLIRO"


def test_the_list_shows_neither_rows_nor_the_invoice(fortnox: httpx.Client, post: Post) -> None:
    post(ExternalInvoiceReference1="10001")
    post(ExternalInvoiceReference1="100012")
    post(ExternalInvoiceReference2="10001")
    query = {"externalinvoicereference1": "10001"}
    items = fortnox.get("orders", params=query).json()["Orders"]
    assert [item["DocumentNumber"] for item in items] == ["501", "502"]
    assert {"OrderRows", "InvoiceReference", "YourOrderNumber"}.isdisjoint(items[0])


def test_a_way_of_delivery_that_was_removed_breaks_what_the_card_fills_in(
    world: World, post: Post, refused: Refused
) -> None:
    card = {"Currency": "SEK", "WayOfDelivery": "BÅT"}
    world.customers["K1"] = Customer("K1", "Webbkund", world.now(), fields=card)
    assert "hämta/hitta leveranssätt" in refused(post())
    assert made(post(WayOfDelivery="PN"))["WayOfDelivery"] == "PN"


def test_orders_are_found_by_their_date(fortnox: httpx.Client, post: Post) -> None:
    for day in ("2026-11-01", "2026-11-05", "2026-11-09"):
        post(OrderDate=day)
    query = {"fromdate": "2026-11-02", "todate": "2026-11-05"}
    items = fortnox.get("orders", params=query).json()["Orders"]
    assert [item["OrderDate"] for item in items] == ["2026-11-05"]


def test_orders_are_found_by_whether_they_are_invoiced(fortnox: httpx.Client, post: Post) -> None:
    for _ in range(3):
        post()
    fortnox.put("orders/501/createinvoice")
    fortnox.put("orders/502/cancel")
    found = {
        name: [o["DocumentNumber"] for o in fortnox.get(f"orders?filter={name}").json()["Orders"]]
        for name in ("invoicecreated", "invoicenotcreated", "cancelled", "expired")
    }
    assert found["invoicecreated"] == ["501"]
    assert "503" in found["invoicenotcreated"]
    assert (found["cancelled"], found["expired"]) == (["502"], [])


def test_a_put_changes_what_it_names_and_inherits_the_rest(
    fortnox: httpx.Client, post: Post
) -> None:
    post([ROW, ROW | {"Description": "Mugg"}], YourOrderNumber="10001", Comments="hej")
    body = {"YourOrderNumber": None, "Comments": "", "OrderRows": [{"Price": 50}]}
    order = made(fortnox.put("orders/501", json={"Order": body}))
    assert (order["YourOrderNumber"], order["Comments"]) == ("", "hej")
    (row,) = order["OrderRows"]
    assert (row["Description"], row["Price"], order["Total"]) == ("T-shirt", 50, 125)


def test_rows_that_name_their_id_are_kept_changed_added_and_deleted(
    fortnox: httpx.Client, post: Post
) -> None:
    rows = [ROW, ROW | {"Description": "Mugg"}, ROW | {"Description": "Keps"}]
    first, _, third = (row["RowId"] for row in made(post(rows))["OrderRows"])
    new = ROW | {"Description": "Ny"}
    body = {"OrderRows": [{"RowId": third, "Price": 7}, new, {"RowId": first}]}
    shown = made(fortnox.put("orders/501", json={"Order": body}))["OrderRows"]
    assert [(r["Description"], r["Price"]) for r in shown] == [
        ("Keps", 7),
        ("Ny", 100),
        ("T-shirt", 100),
    ]
    assert {first, third}.isdisjoint(row["RowId"] for row in shown)


def test_createinvoice_invoices_what_was_delivered_with_all_references(
    fortnox: httpx.Client, post: Post
) -> None:
    post(
        [ROW | {"OrderedQuantity": "5"}],
        ExternalInvoiceReference1="10001",
        ExternalInvoiceReference2="4900001",
        YourOrderNumber="10001",
        OurReference="Webb",
        YourReference="Anna",
        DeliveryCity="Luleå",
        Remarks="tack",
    )
    invoice = made(fortnox.put("orders/501/createinvoice"))
    assert (invoice["DocumentNumber"], invoice["OrderReference"]) == ("1001", "501")
    assert (invoice["Total"], invoice["Balance"], invoice["Booked"]) == (250, 250, False)
    assert invoice["InvoiceRows"][0]["DeliveredQuantity"] == "2.00"
    names = ("ExternalInvoiceReference1", "ExternalInvoiceReference2", "YourOrderNumber")
    assert [invoice[n] for n in names] == ["10001", "4900001", "10001"]
    assert (invoice["OurReference"], invoice["YourReference"]) == ("Webb", "Anna")
    assert (invoice["DeliveryCity"], invoice["Remarks"]) == ("Luleå", "")
    assert made(fortnox.get("orders/501"))["InvoiceReference"] == "1001"


def test_createinvoice_can_answer_with_the_order(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    post()
    world.company.createinvoice_answers = "Order"
    answer = fortnox.put("orders/501/createinvoice").json()
    assert answer["Order"]["InvoiceReference"] == "1001"


def test_an_order_is_invoiced_once_and_then_left_alone(
    world: World, fortnox: httpx.Client, post: Post, refused: Refused
) -> None:
    post()
    fortnox.put("orders/501/createinvoice")
    assert "redan" in refused(fortnox.put("orders/501/createinvoice"))
    refused(fortnox.put("orders/501", json={"Order": {"Comments": "x"}}))
    refused(fortnox.put("orders/501/cancel"))
    assert list(world.invoices) == [1001]


def test_a_cancelled_order_is_neither_invoiced_nor_changed(
    fortnox: httpx.Client, post: Post, refused: Refused
) -> None:
    post()
    assert made(fortnox.put("orders/501/cancel"))["Cancelled"] is True
    assert "makulerad" in refused(fortnox.put("orders/501/createinvoice"))
    refused(fortnox.put("orders/501", json={"Order": {"Comments": "x"}}))


def test_nothing_guards_against_the_same_order_twice(world: World, post: Post) -> None:
    assert [post(ExternalInvoiceReference1="10001").status_code for _ in range(2)] == [201, 201]
    assert len(world.orders) == 2


def test_an_article_gives_text_account_and_rate(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    card = {"ArticleNumber": "BOK", "Description": "Bok", "SalesAccount": 3003, "VAT": 6}
    fortnox.post("articles", json={"Article": card})
    (row,) = made(post([{"ArticleNumber": "BOK", "OrderedQuantity": "1", "Price": 100}]))[
        "OrderRows"
    ]
    assert (row["Description"], row["AccountNumber"], row["VAT"]) == ("Bok", 3003, 6)
    assert row["DeliveredQuantity"] == "1"


def test_a_text_alone_needs_no_account(post: Post) -> None:
    order = made(post([ROW, {"Description": "Tack för köpet"}]))
    assert order["OrderRows"][1]["AccountNumber"] is None
    assert order["Total"] == 250
