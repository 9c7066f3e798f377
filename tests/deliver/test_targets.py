"""Targets: the requests that create, find and read documents, as declared in their schemas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.language.targets import Target, fill, target, target_names

PAYMENT, VOUCHER = target("fortnox.invoice_payment"), target("fortnox.voucher")


def test_a_payment_is_created_with_exactly_these_bytes() -> None:
    request = PAYMENT.create({"InvoiceNumber": 1001, "Amount": Decimal("95.00")})
    assert (request.method, request.path, request.query) == ("POST", "/3/invoicepayments", ())
    assert request.body == '{"InvoicePayment":{"InvoiceNumber":1001,"Amount":95.00}}'


def test_a_voucher_is_created_in_its_financial_year() -> None:
    request = VOUCHER.create({"Year": 2, "Description": "Qliro å"})
    assert (request.path, request.query) == ("/3/vouchers", (("financialyear", "2"),))
    assert request.body == '{"Voucher":{"Year":2,"Description":"Qliro å"}}'


def test_a_payment_is_looked_for_on_its_invoice() -> None:
    request = PAYMENT.find({"invoicenumber": "1001"}, "2026-11-16 09:00")
    assert (request.method, request.path) == ("GET", "/3/invoicepayments")
    assert request.query == (("invoicenumber", "1001"), ("limit", "500"))


def test_a_voucher_is_looked_for_among_those_of_its_series_and_year_changed_since() -> None:
    request = VOUCHER.find({"series": "T", "year": 2}, "2026-11-16 09:00")
    assert request.path == "/3/vouchers/sublist/T"
    assert request.query == (
        ("financialyear", "2"), ("lastmodified", "2026-11-16 09:00"), ("limit", "500"),
    )  # fmt: skip


def test_a_document_is_read_by_its_number() -> None:
    assert PAYMENT.read("7").path == "/3/invoicepayments/7"
    request = VOUCHER.read("T/3/2")
    assert (request.path, request.query) == ("/3/vouchers/T/3", (("financialyear", "2"),))


def test_a_step_that_follows_has_no_body() -> None:
    request = PAYMENT.follow("bookkeep", "7")
    assert (request.method, request.path) == ("PUT", "/3/invoicepayments/7/bookkeep")
    assert request.body is None
    assert PAYMENT.carried_out("bookkeep", {"Booked": True})
    assert not PAYMENT.carried_out("bookkeep", {"Booked": False})


def test_a_number_is_put_together_from_what_the_api_gave() -> None:
    assert PAYMENT.number({"Number": 7}) == "7"
    assert VOUCHER.number({"VoucherSeries": "T", "VoucherNumber": 3, "Year": 2}) == "T/3/2"
    with pytest.raises(KeyError):
        VOUCHER.number({"VoucherSeries": "T", "Year": 2})


def test_a_series_with_a_strange_name_stays_one_part_of_the_path() -> None:
    assert fill("/3/vouchers/sublist/{series}", {"series": "Å/B?"}) == (
        "/3/vouchers/sublist/%C3%85%2FB%3F"
    )


@pytest.mark.parametrize("name", target_names())
def test_every_target_declares_how_its_documents_are_found_again(name: str) -> None:
    calls = target(name).calls
    assert {"create", "number", "read", "find", "then"} <= calls.keys()
    ways = {"path", "list", "detail"}, {"via", "wrapper", "number"}
    assert any(way <= calls["find"].keys() for way in ways)


# -- what is made of another document, and what Qliro does by itself

CREDIT, INVOICED = target("fortnox.credit_invoice"), target("fortnox.order_invoice")
SHIPMENT = target("qliro.shipment")


@pytest.mark.parametrize(
    ("aim", "asked", "content", "number"),
    [
        (CREDIT, {"InvoiceNumber": "7"}, {"Invoice": {"DocumentNumber": "9", "Total": -5}}, "9"),
        (CREDIT, {"InvoiceNumber": "7"},
         {"Invoice": {"DocumentNumber": "7", "CreditInvoiceReference": "9"}}, "9"),
        (CREDIT, {"InvoiceNumber": "7"},
         {"Invoice": {"DocumentNumber": "7", "CreditInvoiceReference": "0"}}, None),
        (INVOICED, {"OrderNumber": "3"}, {"Invoice": {"DocumentNumber": "12"}}, "12"),
        (INVOICED, {"OrderNumber": "3"},
         {"Order": {"DocumentNumber": "3", "InvoiceReference": "12"}}, "12"),
        (INVOICED, {"OrderNumber": "3"},
         {"Order": {"DocumentNumber": "3", "InvoiceReference": "0"}}, None),
        (SHIPMENT, {}, {"PaymentTransactions": [{"PaymentTransactionId": 5, "Status": "Created"}]},
         "5"),
        (SHIPMENT, {}, {"PaymentTransactionId": 5, "Status": "Created"}, "5"),
        (SHIPMENT, {}, {"PaymentTransactions": []}, None),
    ],
)  # fmt: skip
def test_the_number_is_found_in_either_form_of_an_answer(
    aim: Target, asked: dict[str, Any], content: dict[str, Any], number: str | None
) -> None:
    found = aim.answered(content, asked)
    assert (found[0] if found else None) == number


def test_what_only_the_path_names_is_not_in_the_body() -> None:
    document = {"InvoiceNumber": "7", "InvoiceDate": "2026-11-02"}
    request = CREDIT.create(document)
    assert (request.method, request.path, request.body) == ("PUT", "/3/invoices/7/credit", None)
    edit = CREDIT.follow("edit", "9", document)
    assert (edit.method, edit.path) == ("PUT", "/3/invoices/9")
    assert edit.body == '{"Invoice":{"InvoiceDate":"2026-11-02"}}'


def test_what_a_row_does_not_say_is_cleared_and_not_inherited_from_the_row_that_stood_there() -> (
    None
):
    rows = [{"Price": 5}, {"ArticleNumber": "A", "Price": 6}]
    edit = CREDIT.follow("edit", "9", {"InvoiceNumber": "7", "InvoiceRows": rows})
    assert edit.body == (
        '{"Invoice":{"InvoiceRows":[{"ArticleNumber":null,"Discount":0,"Price":5},'
        '{"ArticleNumber":"A","Discount":0,"Price":6}]}}'
    )


def test_a_request_id_is_of_the_action_and_the_shape_is_qliros() -> None:
    items = [{"a": 1}]
    document = {"OrderId": 1, "Currency": "SEK", "PaymentTransactionId": 4, "OrderItems": items}
    first, again = SHIPMENT.create(document, "s-1").body, SHIPMENT.create(document, "s-1").body
    other = SHIPMENT.create(document, "s-2").body
    assert first == again != other
    assert '"Shipments":[{"PaymentTransactionId":4,"OrderItems":[{"a":1}]}]' in (first or "")


@pytest.mark.parametrize(
    ("aim", "document"),
    [(SHIPMENT, {"OrderId": 1, "Currency": "SEK", "OrderItems": [{"a": 1}]}),
     (target("fortnox.order_change"), {"OrderNumber": "3", "Remarks": "Tack"}),
     (target("fortnox.voucher"), {"Description": "x", "VoucherSeries": "T", "Year": 2})],
)  # fmt: skip
def test_what_was_sent_is_the_document_again_in_its_own_shape(
    aim: Target, document: dict[str, Any]
) -> None:
    body = aim.create(document, "s-1").body or ""
    again = aim.sent(body, document) or {}
    assert {name: again.get(name) for name in document} == document
    assert aim.sent("no JSON", document) is aim.sent("[1]", document) is None


def test_an_entry_of_another_kind_or_known_before_is_not_the_document() -> None:
    item = {"Type": "Capture", "PaymentTransactionId": 5}
    assert SHIPMENT.fits(item, {"known": [4]})
    assert SHIPMENT.fits({**item, "Type": 3}, {})
    assert not SHIPMENT.fits(item, {"known": [4, 5]})
    assert not SHIPMENT.fits({**item, "Type": "Refund"}, {})


def test_what_qliro_finishes_by_itself_is_waited_for_until_it_fails() -> None:
    assert SHIPMENT.polls("settle")
    assert SHIPMENT.carried_out("settle", {"Status": "Success"})
    assert not SHIPMENT.carried_out("settle", {"Status": "InProcess"})
    assert SHIPMENT.failed("settle", {"Status": "InProcess"}) == ""
    failed = SHIPMENT.failed("settle", {"Status": "Error", "ErrorCode": "INVALID_ITEM"})
    assert failed == "Status is Error: INVALID_ITEM"
    assert SHIPMENT.failed("settle", {"Status": "Cancelled"}) == "Status is Cancelled"


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(KeyError, match=r"fortnox\.nothing"):
        target("fortnox.nothing")
