"""Targets: the requests that create, find and read documents, as declared in their schemas."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.targets import fill, target, target_names

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
    assert PAYMENT.done_field("bookkeep") == "Booked"


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
    assert {"path", "query", "list", "detail"} <= calls["find"].keys()


def test_an_unknown_target_is_named() -> None:
    with pytest.raises(KeyError, match=r"fortnox\.nothing"):
        target("fortnox.nothing")
