"""Invoices in the sandbox's Fortnox: made, changed, booked, credited, cancelled, paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from engine.sandbox.fortnox.company import enable_vat
from engine.sandbox.history import new_invoice
from engine.sandbox.world.world import Customer, World, account_balance

Refused = Callable[..., str]
Post = Callable[..., httpx.Response]
Pay = Callable[..., httpx.Response]
ROW = {
    "Description": "T-shirt",
    "DeliveredQuantity": "2",
    "Price": 100,
    "VAT": 25,
    "AccountNumber": 3001,
}


@pytest.fixture
def post(world: World, fortnox: httpx.Client) -> Post:
    """Posts an invoice of customer K1 with one row, other fields by name."""
    world.customers["K1"] = Customer("K1", "Webbkund", world.now(), fields={"Currency": "SEK"})

    def call(rows: object = None, **fields: object) -> httpx.Response:
        invoice = {"CustomerNumber": "K1", "InvoiceRows": [ROW] if rows is None else rows}
        return fortnox.post("invoices", json={"Invoice": invoice | fields})

    return call


def made(response: httpx.Response) -> Any:
    assert response.status_code in (200, 201), response.text
    return response.json()["Invoice"]


def balances(world: World, *accounts: int) -> list[Decimal]:
    return [account_balance(world, account) for account in accounts]


def test_an_invoice_is_made_unbooked_and_due_by_its_terms(post: Post) -> None:
    invoice = made(post(InvoiceDate="2026-11-10", TermsOfPayment="10"))
    assert (invoice["DocumentNumber"], invoice["Booked"]) == ("1001", False)
    assert (invoice["DueDate"], invoice["Total"], invoice["Balance"]) == ("2026-11-20", 250, 250)
    assert (invoice["Credit"], invoice["VoucherNumber"]) == ("false", None)


def test_booking_posts_claim_sales_and_vat(world: World, fortnox: httpx.Client, post: Post) -> None:
    rows = [ROW, ROW | {"VAT": 6, "Price": "19.99", "AccountNumber": 3003}]
    post(rows, Freight=50)
    booked = made(fortnox.put("invoices/1001/bookkeep"))
    assert (booked["Booked"], booked["VoucherSeries"], booked["VoucherNumber"]) == (True, "B", 1)
    found = balances(world, 1510, 3001, 3003, 3520, 2611, 2631)
    wanted = ["354.88", "-200", "-39.98", "-50", "-62.50", "-2.40"]
    assert found == [Decimal(amount) for amount in wanted]


def test_booking_prices_with_vat_leaves_no_ore_over(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    rows = [ROW | {"Price": "33.33", "DeliveredQuantity": "1"}] * 3
    post(rows, VATIncluded=True, Freight="9.99")
    fortnox.put("invoices/1001/bookkeep")
    assert sum(balances(world, 1510, 3001, 3520, 2611, 3740)) == 0
    assert balances(world, 1510, 2611, 3740) == [Decimal("109.98"), Decimal("-22.00"), 0]


def test_a_foreign_invoice_is_booked_in_kronor(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    post(Currency="EUR", CurrencyRate="11.1")
    fortnox.put("invoices/1001/bookkeep")
    assert balances(world, 1510, 3001, 2611) == [Decimal("2775"), Decimal("-2220"), Decimal("-555")]


def test_whole_kronor_are_booked_on_the_rounding_account(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    world.company.whole_kronor = True
    post([ROW | {"Price": "100.10"}])
    fortnox.put("invoices/1001/bookkeep")
    assert balances(world, 1510, 3740) == [Decimal(250), Decimal("0.25")]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"CustomerNumber": "4711"}, 2000204),
        ({"CustomerNumber": None}, None),
        ({"InvoiceDate": "2027-01-02"}, None),
        ({"InvoiceType": "KVITTO"}, 2001392),
        ({"OrderDate": "2026-11-10"}, 2001399),
        ({"YourOrderNumber": "x" * 76}, 2001600),
        ({"DocumentNumber": "A1"}, 2000108),
        ({"InvoiceRows": [ROW | {"OrderedQuantity": "1"}]}, 2001399),
        ({"InvoiceRows": [ROW | {"VAT": 25.5}]}, 2001392),
        ({"InvoiceRows": [ROW | {"VAT": 19}]}, None),
        ({"InvoiceRows": [ROW | {"ArticleNumber": "4711"}]}, 2001302),
        ({"InvoiceRows": "rader"}, 2001392),
    ],
)
def test_an_invoice_that_is_not_right_is_refused_and_not_made(
    world: World, post: Post, refused: Refused, fields: dict[str, object], code: int | None
) -> None:
    refused(post(**fields), code)
    assert not world.invoices


def test_a_rate_with_a_fraction_fits_no_invoice_row_even_when_it_is_set_up(
    world: World, post: Post, refused: Refused
) -> None:
    enable_vat(world, "25.5")
    refused(post([ROW | {"VAT": 25.5}]), 2001392)


def test_your_order_number_is_not_cut_on_invoices(post: Post) -> None:
    assert len(made(post(YourOrderNumber="1" * 40))["YourOrderNumber"]) == 40


def test_a_number_of_ones_own_is_taken_once(post: Post, refused: Refused) -> None:
    assert made(post(DocumentNumber="90001"))["DocumentNumber"] == "90001"
    refused(post(DocumentNumber="90001"), 2000861)


def test_an_unbooked_invoice_is_changed_by_position_field_by_field(
    fortnox: httpx.Client, post: Post
) -> None:
    post([ROW, ROW | {"Description": "Mugg"}], YourReference="Anna", Comments="hej")
    body = {"InvoiceRows": [{"DeliveredQuantity": "1"}], "YourReference": None, "Comments": ""}
    invoice = made(fortnox.put("invoices/1001", json={"Invoice": body}))
    (row,) = invoice["InvoiceRows"]
    assert (row["Description"], row["DeliveredQuantity"]) == ("T-shirt", "1.00")
    assert (invoice["Total"], invoice["Balance"]) == (125, 125)
    assert (invoice["YourReference"], invoice["Comments"]) == ("", "hej")


def test_api_blank_clears_and_an_empty_list_deletes_the_rows(
    fortnox: httpx.Client, post: Post
) -> None:
    post(Comments="hej")
    body = {"Comments": "API_BLANK", "InvoiceRows": []}
    invoice = made(fortnox.put("invoices/1001", json={"Invoice": body}))
    assert (invoice["Comments"], invoice["InvoiceRows"], invoice["Total"]) == ("", [], 0)


def test_a_booked_invoice_is_neither_changed_nor_cancelled_nor_booked_again(
    fortnox: httpx.Client, post: Post, refused: Refused
) -> None:
    post()
    fortnox.put("invoices/1001/bookkeep")
    assert "bokförd" in refused(fortnox.put("invoices/1001", json={"Invoice": {"Comments": "x"}}))
    refused(fortnox.put("invoices/1001/bookkeep"))
    refused(fortnox.put("invoices/1001/cancel"))


def test_an_unbooked_invoice_can_be_cancelled_and_is_then_left_alone(
    fortnox: httpx.Client, post: Post, refused: Refused
) -> None:
    post()
    assert made(fortnox.put("invoices/1001/cancel"))["Cancelled"] is True
    assert "makulerad" in refused(fortnox.put("invoices/1001/bookkeep"))


def test_what_is_not_finished_is_not_booked(
    world: World, fortnox: httpx.Client, post: Post, refused: Refused
) -> None:
    post(NotCompleted=True)
    refused(fortnox.put("invoices/1001/bookkeep"), 2003498)
    post([ROW | {"Description": ""}])
    refused(fortnox.put("invoices/1002/bookkeep"), 2003977)
    post(InvoiceDate="2026-10-31")
    world.locked_until = date(2026, 10, 31)
    refused(fortnox.put("invoices/1003/bookkeep"), 2000401)
    assert not world.vouchers


def test_externalprint_marks_it_as_sent(fortnox: httpx.Client, post: Post) -> None:
    assert made(post())["Sent"] is False
    assert made(fortnox.put("invoices/1001/externalprint"))["Sent"] is True


# -- credits --------------------------------------------------------------------------------------


def credited(fortnox: httpx.Client, post: Post, **fields: object) -> Any:
    post(ExternalInvoiceReference1="10001", YourOrderNumber="10001", **fields)
    fortnox.put("invoices/1001/bookkeep")
    return made(fortnox.put("invoices/1001/credit"))


def test_a_credit_is_a_new_unbooked_invoice_of_negative_quantities(
    fortnox: httpx.Client, post: Post
) -> None:
    credit = credited(fortnox, post, Freight=10)
    assert (credit["DocumentNumber"], credit["Credit"]) == ("1002", "true")
    assert (credit["Booked"], credit["Total"], credit["Balance"]) == (False, -262.5, -262.5)
    row = credit["InvoiceRows"][0]
    assert (row["DeliveredQuantity"], row["Price"], row["Total"]) == ("-2.00", 100, -200)
    assert credit["ExternalInvoiceReference1"] == "10001"
    assert (credit["CreditInvoiceReference"], credit["VoucherNumber"]) == ("1001", None)
    assert made(fortnox.get("invoices/1001"))["CreditInvoiceReference"] == "1002"


def test_a_credit_can_answer_with_the_original(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    world.company.credit_answers = "original"
    answer = credited(fortnox, post)
    assert (answer["DocumentNumber"], answer["CreditInvoiceReference"]) == ("1001", "1002")


def test_only_a_booked_invoice_is_credited_and_only_once(
    fortnox: httpx.Client, post: Post, refused: Refused
) -> None:
    post()
    assert "ej bokförd" in refused(fortnox.put("invoices/1001/credit"))
    fortnox.put("invoices/1001/bookkeep")
    fortnox.put("invoices/1001/credit")
    assert "redan krediterad" in refused(fortnox.put("invoices/1001/credit"))
    assert fortnox.get("invoices/1003").status_code == 404


def test_a_credit_is_cut_down_to_a_part_before_it_is_booked(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    credited(fortnox, post)
    row = ROW | {"DeliveredQuantity": "-1"}
    body = {"InvoiceRows": [row], "ExternalInvoiceReference2": "3290007"}
    credit = made(fortnox.put("invoices/1002", json={"Invoice": body}))
    assert (credit["Total"], credit["ExternalInvoiceReference2"]) == (-125, "3290007")
    fortnox.put("invoices/1002/bookkeep")
    assert balances(world, 1510, 3001, 2611) == [Decimal(125), Decimal(-100), Decimal(-25)]


def test_a_second_refund_is_an_invoice_of_negative_quantities_without_a_link(
    world: World, fortnox: httpx.Client, post: Post
) -> None:
    credited(fortnox, post)
    second = made(post([ROW | {"DeliveredQuantity": "-1"}], ExternalInvoiceReference1="10001"))
    assert (second["Total"], second["Credit"]) == (-125, "false")
    assert second["CreditInvoiceReference"] == "0"
    world.company.negative_is_credit = True
    assert made(post([ROW | {"DeliveredQuantity": "-1"}]))["Credit"] == "true"


def test_a_cancelled_credit_lets_go_of_its_original(fortnox: httpx.Client, post: Post) -> None:
    credited(fortnox, post)
    fortnox.put("invoices/1002/cancel")
    assert made(fortnox.put("invoices/1001/credit"))["DocumentNumber"] == "1003"


def test_a_seeded_invoice_can_be_credited_to_the_ore(world: World, fortnox: httpx.Client) -> None:
    number = new_invoice(world, Decimal("99.99"), day=date(2026, 11, 10)).number
    credit = made(fortnox.put(f"invoices/{number}/credit"))
    assert credit["Total"] == -99.99


def test_a_payment_in_part_then_a_refund_of_the_rest_leaves_nothing(
    world: World, fortnox: httpx.Client, post: Post, pay: Pay
) -> None:
    credited(fortnox, post, InvoiceDate="2026-11-10")
    body = {"InvoiceRows": [ROW | {"DeliveredQuantity": "-1"}], "InvoiceDate": "2026-11-12"}
    fortnox.put("invoices/1002", json={"Invoice": body})
    fortnox.put("invoices/1002/bookkeep")
    pay(1001, "250")
    pay(1002, "-125")
    for number in (1, 2):
        assert fortnox.put(f"invoicepayments/{number}/bookkeep").status_code == 200
    assert [made(fortnox.get(f"invoices/{n}"))["Balance"] for n in (1001, 1002)] == [0, 0]
    assert balances(world, 1510, 1581) == [Decimal(0), Decimal(125)]


def test_a_credit_is_found_by_its_flag(fortnox: httpx.Client, post: Post) -> None:
    credited(fortnox, post)
    items = fortnox.get("invoices", params={"credit": "true"}).json()["Invoices"]
    assert [item["DocumentNumber"] for item in items] == ["1002"]
