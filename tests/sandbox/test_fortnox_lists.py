"""Fortnox's lists, searches, registers and documents as the sandbox plays them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from engine.sandbox.generator import clean
from engine.sandbox.history import new_fortnox_order, new_invoice
from engine.sandbox.transport import fortnox_client
from engine.sandbox.world.world import STOCKHOLM, World

Refused = Callable[..., str]
Pay = Callable[..., httpx.Response]


DAY = date(2026, 11, 11)
TEN = Decimal("10.00")


def numbers(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["DocumentNumber"] for item in response.json()["Invoices"]]


def test_pages_are_of_100_at_most_500_and_tell_how_many_there_are() -> None:
    world = clean(1201)
    world.limits.rate_limit = None
    with fortnox_client(world) as fortnox:
        first = fortnox.get("invoices").json()
        assert len(first["Invoices"]) == 100
        assert first["MetaInformation"] == {
            "@TotalResources": 1201,
            "@TotalPages": 13,
            "@CurrentPage": 1,
        }
        seen: list[str] = []
        for page in (1, 2, 3):
            seen += numbers(fortnox.get("invoices", params={"page": page, "limit": 5000}))
        assert seen == [str(number) for number in world.invoices]
        assert numbers(fortnox.get("invoices", params={"page": 4, "limit": 500})) == []


def test_empty_list_has_no_pages(fortnox: httpx.Client) -> None:
    meta = fortnox.get("invoices").json()["MetaInformation"]
    assert meta == {"@TotalResources": 0, "@TotalPages": 0, "@CurrentPage": 1}


def test_lastmodified_is_a_swedish_minute_and_includes_it(
    world: World, fortnox: httpx.Client, refused: Refused
) -> None:
    moment = datetime(2026, 11, 12, 14, 30, 45, tzinfo=STOCKHOLM)
    new_invoice(world, TEN, day=DAY, modified=moment)

    def found(since: str) -> int:
        return len(numbers(fortnox.get("invoices", params={"lastmodified": since})))

    assert [found(f"2026-11-12 14:{minute}") for minute in (29, 30, 31)] == [1, 1, 0]
    refused(fortnox.get("invoices", params={"lastmodified": "2026-11-12T14:30"}), 2000588)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("yourordernumber", "your_order_number"),
        ("ourreference", "our_reference"),
        ("yourreference", "your_reference"),
        ("externalinvoicereference1", "external1"),
        ("externalinvoicereference2", "external2"),
        ("ocr", "ocr"),
    ],
)
def test_search_finds_what_contains_the_text_in_any_case(
    world: World, fortnox: httpx.Client, name: str, field: str
) -> None:
    texts = ("SO-1234", "so-12345", "SO-123")
    for text in texts:
        new_invoice(world, TEN, day=DAY, **{field: text})
    assert numbers(fortnox.get("invoices", params={name: "sO-1234"})) == ["1001", "1002"]


def test_document_number_is_searched_by_part_too(world: World, fortnox: httpx.Client) -> None:
    for _ in range(12):
        new_invoice(world, TEN, day=DAY)
    found = numbers(fortnox.get("invoices", params={"documentnumber": "101"}))
    assert found == ["1010", "1011", "1012"]


def test_parameters_are_known_and_a_filter_stands_by_itself_but_with_global_ones(
    world: World, fortnox: httpx.Client, refused: Refused
) -> None:
    new_invoice(world, TEN, day=DAY, reference="10001")
    own = {"externalinvoicereference1": "10001"}
    query = own | {"lastmodified": "2026-01-01 00:00", "page": "1"}
    assert len(numbers(fortnox.get("invoices", params=query))) == 1
    refused(fortnox.get("invoices", params=own | {"filter": "unpaid"}), 2000588)
    refused(fortnox.get("invoices", params={"orderreference": "1"}), 2000588)
    refused(fortnox.get("invoices", params={"OCR": "1"}), 2000588)


def test_filters_of_invoices(world: World, fortnox: httpx.Client, refused: Refused) -> None:
    new_invoice(world, TEN, day=DAY)
    new_invoice(world, TEN, day=DAY, balance=Decimal(0))
    new_invoice(world, TEN, day=DAY, booked=False)
    new_invoice(world, TEN, day=DAY, cancelled=True, booked=False)
    new_invoice(world, TEN, day=DAY, due=DAY)

    def found(name: str) -> list[str]:
        return numbers(fortnox.get("invoices", params={"filter": name}))

    assert found("unpaid") == ["1001", "1005"]
    assert found("unpaidoverdue") == ["1005"]
    assert found("fullypaid") == ["1002"]
    assert found("unbooked") == ["1003"]
    assert found("cancelled") == ["1004"]
    refused(fortnox.get("invoices", params={"filter": "paid"}), 2000587)


def test_list_item_lacks_the_references_that_the_document_has(
    world: World, fortnox: httpx.Client
) -> None:
    invoice = new_invoice(
        world, TEN, day=DAY, reference="R", field="YourOrderNumber", currency="EUR"
    )
    (item,) = fortnox.get("invoices").json()["Invoices"]
    document = fortnox.get(f"invoices/{invoice.number}").json()["Invoice"]
    absent = {"YourOrderNumber", "OurReference", "YourReference", "OrderReference", "Credit"}
    assert absent.isdisjoint(item)
    assert absent <= set(document)
    assert (item["CurrencyRate"], document["CurrencyRate"]) == ("11.25", 11.25)


def test_document_has_text_where_one_expects_something_else(
    world: World, fortnox: httpx.Client
) -> None:
    invoice = new_invoice(world, TEN, day=DAY, booked=False)
    document = fortnox.get(f"invoices/{invoice.number}").json()["Invoice"]
    texts = ("Credit", "CreditInvoiceReference", "OrderReference", "OfferReference")
    assert [document[name] for name in texts] == ["false", "0", "0", "0"]
    assert document["DocumentNumber"] == "1001"
    assert (document["VoucherNumber"], document["FinalPayDate"]) == (None, None)


def test_invoice_is_reached_through_its_order(
    world: World, fortnox: httpx.Client, refused: Refused
) -> None:
    invoice = new_invoice(world, TEN, day=DAY)
    order = new_fortnox_order(world, invoice, day=DAY)
    (item,) = fortnox.get("orders", params={"documentnumber": order.number}).json()["Orders"]
    assert "InvoiceReference" not in item
    held = fortnox.get(f"orders/{order.number}").json()["Order"]
    assert held["InvoiceReference"] == str(invoice.number)
    document = fortnox.get(f"invoices/{invoice.number}").json()["Invoice"]
    assert document["OrderReference"] == str(order.number)
    refused(fortnox.get("orders", params={"yourordernumber": "1"}), 2000588)


def test_financial_year_of_a_day_or_none(fortnox: httpx.Client) -> None:
    def years(day: str) -> list[int]:
        found: list[dict[str, Any]] = fortnox.get("financialyears", params={"date": day}).json()[
            "FinancialYears"
        ]
        return [year["Id"] for year in found]

    assert [years("2026-11-13"), years("2025-01-01"), years("2024-12-31")] == [[2], [1], []]


def test_registers_say_what_the_checks_need(fortnox: httpx.Client) -> None:
    accounts = fortnox.get("accounts", params={"limit": 500}).json()["Accounts"]
    assert {a["Number"]: a["Active"] for a in accounts}[1599] is False
    series = fortnox.get("voucherseries").json()["VoucherSeriesCollection"]
    assert [s["Code"] for s in series if s["Manual"]] == ["Q", "T", "D"]
    modes = fortnox.get("modesofpayments").json()["ModesOfPayments"]
    assert {m["Code"]: m["AccountNumber"] for m in modes}["QLIRO"] == "1580"
    currencies = fortnox.get("currencies").json()["Currencies"]
    assert [c["Code"] for c in currencies] == ["SEK", "EUR", "NOK", "DKK"]
    company = fortnox.get("companyinformation").json()["CompanyInformation"]
    assert company["DatabaseNumber"] == 1234567
    assert fortnox.get("settings/lockedperiod").json() == {"LockedPeriod": {"EndDate": None}}
    predefined = fortnox.get("predefinedaccounts/ROUNDOFF").json()["PreDefinedAccount"]
    assert predefined["Account"] == 3740


def test_what_is_not_there_is_404(fortnox: httpx.Client) -> None:
    for path in ("invoices/1", "invoices/x", "orders/1", "accounts/1", "vouchers/T/1", "nothing"):
        response = fortnox.get(path)
        assert response.status_code == 404, path
        assert response.json()["ErrorInformation"]["Error"] == 1
