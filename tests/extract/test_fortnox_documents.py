"""What flows that write documents need of Fortnox: customers, articles, orders, their registers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.clock import StoppedClock
from engine.extract.ask import Extraction, ask
from engine.extract.export import export
from engine.extract.fortnox import sync_fortnox
from engine.extract.raw import Call
from engine.extract.redact import hashed
from engine.extract.replay import ingest
from engine.plan.lookups import fetch_needs
from engine.plan.model import Need
from engine.stage.staging import stage
from engine.store.database import Store, in_memory

KEY = b"a key for personal numbers"
FROM = date(2026, 10, 18)
CLOCK = StoppedClock(datetime(2026, 11, 16, tzinfo=UTC))
CUSTOMERS = [
    {
        "CustomerNumber": "7",
        "Name": "Åsa Testsson",
        "OrganisationNumber": "790625-5307",
        "Email": "asa@example.se",
        "Address1": "Storgatan 1",
        "Address2": None,
        "City": "Umeå",
        "ZipCode": "90101",
        "Phone": "070-000 00 00",
    },
    {"CustomerNumber": "8", "Name": "Hats AB", "OrganisationNumber": "556001-1982"},
]
ORDER = {
    "DocumentNumber": "3",
    "CustomerNumber": "7",
    "Currency": "SEK",
    "OrderDate": "2026-11-01",
    "DeliveryDate": "2026-11-02",
    "ExternalInvoiceReference1": "S-9",
    "ExternalInvoiceReference2": None,
    "Cancelled": False,
    "Sent": "true",
    "OrderType": "Order",
    "Total": 125,
}
PAGE = ORDER | {
    "InvoiceReference": "0",
    "TermsOfPayment": "Q",
    "YourOrderNumber": "9",
    "DeliveryState": "delivery",
    "Address1": "Storgatan 1",
    "OrganisationNumber": "19790625-5307",
    "OrderRows": [
        {
            "RowId": 11,
            "ArticleNumber": "hat",
            "Description": "A hat",
            "OrderedQuantity": "2.00",
            "DeliveredQuantity": "1.00",
            "Price": 50,
            "VAT": 25,
            "Total": 125,
        },
        {"Description": "only text", "Future": 1},
    ],
}
INVOICE = {
    "DocumentNumber": "17",
    "Balance": 125,
    "Booked": True,
    "Cancelled": False,
    "Credit": "false",
    "CreditInvoiceReference": "0",
    "OrderReference": "3",
    "TotalToPay": 125,
    "VATIncluded": True,
    "InvoiceRows": [
        {
            "RowId": 5,
            "ArticleNumber": "hat",
            "AccountNumber": 3001,
            "DeliveredQuantity": "-1.00",
            "Price": 125,
            "Discount": 0,
            "DiscountType": "AMOUNT",
            "VAT": 25,
            "Unit": "st",
            "Total": -125,
            "TotalExcludingVAT": -100,
        }
    ],
}


class Fortnox:
    """A double of the lists and documents above. Cost centres and projects ignore ``page``."""

    def __init__(self) -> None:
        self.asked: list[httpx.URL] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        page = int(request.url.params.get("page", 1))
        pages = {"@TotalPages": 4, "@TotalResources": 4, "@CurrentPage": page}
        bodies: dict[str, Any] = {
            "/3/customers": {"Customers": CUSTOMERS[page - 1 : page]},
            "/3/customers/7": {"Customer": CUSTOMERS[0] | {"Type": "PRIVATE", "Active": "true"}},
            "/3/articles": {"Articles": [{"ArticleNumber": "hat", "Description": "A hat"}]},
            "/3/orders": {"Orders": [ORDER]},
            "/3/orders/3": {"Order": PAGE},
            "/3/invoices": {"Invoices": []},
            "/3/invoices/17": {"Invoice": INVOICE},
            "/3/termsofpayments": {"TermsOfPayments": [{"Code": "Q", "Description": "Qliro"}]},
            "/3/costcenters": {"CostCenters": [{"Code": "WEB", "Active": True}]},
            "/3/projects": {"Projects": [{"ProjectNumber": "1", "Status": "ONGOING"}]},
            "/3/accounts": {"Accounts": []},
            "/3/financialyears": {"FinancialYears": []},
        }
        body = bodies.get(request.url.path, {})
        if request.url.path in ("/3/customers", "/3/costcenters", "/3/projects"):
            total = 2 if request.url.path == "/3/customers" else 4
            body = body | {"MetaInformation": pages | {"@TotalPages": total}}
        return httpx.Response(200, json=body)

    def queries(self, path: str) -> list[dict[str, str]]:
        return [dict(url.params) for url in self.asked if url.path == path]


@pytest.fixture
def server() -> Fortnox:
    return Fortnox()


@pytest.fixture
def extraction(answering: Callable[..., Extraction], server: Fortnox) -> Extraction:
    """Fortnox as the double plays it."""
    return answering("fortnox", server)


def of(store: Store, columns: str, table: str) -> list[tuple[Any, ...]]:
    rows = store.rows(f"SELECT {columns} FROM {table} ORDER BY ALL")
    return [tuple(row.values()) for row in rows]


def test_payouts_alone_ask_for_none_of_it(extraction: Extraction, server: Fortnox) -> None:
    sync_fortnox(extraction, payouts_from=FROM, orders_from=date(2020, 1, 1))
    asked = {url.path for url in server.asked}
    assert not asked & {"/3/customers", "/3/articles", "/3/orders", "/3/projects"}
    assert server.queries("/3/invoices")[0]["lastmodified"] == "2026-04-21 00:00"


def test_documents_need_all_customers_and_articles_and_orders_from_their_first_day(
    extraction: Extraction, server: Fortnox, store: Store
) -> None:
    sync_fortnox(extraction, payouts_from=FROM, orders_from=date(2026, 10, 1), documents=True)
    stage(store)
    assert server.queries("/3/customers") == [
        {"lastmodified": "1990-01-01 00:00", "limit": "500", "page": "1"},
        {"lastmodified": "1990-01-01 00:00", "limit": "500", "page": "2"},
    ]
    assert server.queries("/3/orders")[0]["lastmodified"] == "2026-04-04 00:00"
    assert server.queries("/3/invoices")[0]["lastmodified"] == "2026-04-04 00:00"
    assert of(store, "Code, Description", "fortnox.terms_of_payment") == [("Q", "Qliro")]
    assert of(store, "Code, Active", "fortnox.cost_center") == [("WEB", True)]
    assert of(store, "ProjectNumber, Status", "fortnox.project") == [("1", "ONGOING")]
    assert of(store, "ArticleNumber, Description, Active", "fortnox.article") == [
        ("hat", "A hat", None)
    ]
    columns = "DocumentNumber, OrderDate, Sent, ExternalInvoiceReference2, Total, OrderId"
    assert of(store, columns, "fortnox.order_view") == [
        ("3", date(2026, 11, 1), True, "", 125, None)
    ]


def test_a_second_sync_asks_for_what_changed_and_for_earlier_orders_anew(
    extraction: Extraction, server: Fortnox
) -> None:
    sync_fortnox(extraction, payouts_from=FROM, orders_from=FROM, documents=True)
    server.asked.clear()
    sync_fortnox(extraction, payouts_from=FROM, orders_from=FROM, documents=True)
    for path in ("/3/customers", "/3/articles", "/3/orders", "/3/invoices"):
        assert server.queries(path)[0]["lastmodified"] > "2026-11", path
    server.asked.clear()
    sync_fortnox(extraction, payouts_from=FROM, orders_from=date(2026, 1, 1), documents=True)
    assert server.queries("/3/orders")[0]["lastmodified"] == "2025-07-05 00:00"
    assert server.queries("/3/customers")[0]["lastmodified"] > "2026-11"


def test_a_customer_is_stored_without_number_street_and_phone(
    extraction: Extraction, store: Store
) -> None:
    sync_fortnox(extraction, payouts_from=FROM, documents=True)
    stage(store)
    person = hashed("197906255307", KEY)
    columns = "CustomerNumber, Name, OrganisationNumber, Email, City, ZipCode, Type"
    assert of(store, columns, "fortnox.customer") == [
        ("7", "Åsa Testsson", person, "asa@example.se", "Umeå", "90101", None),
        ("8", "Hats AB", "556001-1982", None, None, None, None),
    ]
    raw = "".join(row["body"] for row in store.rows("SELECT body FROM raw.answer"))
    for gone in ("790625", "Storgatan", "070-000"):
        assert gone not in raw
    assert '"Address2":null' in raw.replace(" ", "")


def test_what_a_customers_own_page_told_stays_when_it_is_listed_again(
    extraction: Extraction, store: Store
) -> None:
    sync_fortnox(extraction, payouts_from=FROM, documents=True)
    stage(store)
    ask(extraction, Call("/3/customers/7"))
    stage(store)
    assert of(store, "Type, Active", "fortnox.customer") == [("PRIVATE", True), (None, None)]
    sync_fortnox(extraction, payouts_from=FROM, documents=True)
    stage(store)
    assert of(store, "Type, Active", "fortnox.customer") == [("PRIVATE", True), (None, None)]


def test_single_orders_and_invoices_are_read_with_their_rows(
    extraction: Extraction, server: Fortnox, store: Store
) -> None:
    needs = [Need("order_detail", "3"), Need("invoice", "17"), Need("order_detail", "3")]
    assert fetch_needs(extraction, needs)
    assert [url.path for url in server.asked] == ["/3/orders/3", "/3/invoices/17"]
    assert not fetch_needs(extraction, [])
    stage(store)
    columns = "DocumentNumber, InvoiceReference, TermsOfPayment, YourOrderNumber, DeliveryState"
    assert of(store, columns, "fortnox.order_view") == [("3", "", "Q", "9", "delivery")]
    columns = "position, RowId, ArticleNumber, OrderedQuantity, DeliveredQuantity, Price, VAT"
    assert of(store, columns, "fortnox.order_row") == [
        (1, 11, "hat", 2, 1, 50, 25),
        (2, None, None, None, None, None, None),
    ]
    columns = "CreditInvoiceReference, Credit, VATIncluded, OrderReference"
    assert of(store, columns, "fortnox.invoice_view") == [("", False, True, "3")]
    columns = "position, AccountNumber, DeliveredQuantity, Discount, Unit, TotalExcludingVAT"
    assert of(store, columns, "fortnox.invoice_row") == [(1, 3001, -1, 0, "st", -100)]
    assert not store.value("SELECT bool_or(contains(body, 'Storgatan')) FROM raw.answer")


def test_the_rows_of_a_document_are_those_that_it_showed_last(
    answering: Callable[..., Extraction], store: Store
) -> None:
    rows = [PAGE["OrderRows"], PAGE["OrderRows"][:1]]  # type: ignore[index]

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"Order": PAGE | {"OrderRows": rows.pop(0)}})

    extraction = answering("fortnox", handler)
    for left in (2, 1):
        fetch_needs(extraction, [Need("order_detail", "3")])
        stage(store)
        assert store.value("SELECT count(*) FROM fortnox.order_row") == left


TABLES = (
    "fortnox.customer",
    "fortnox.article",
    'fortnox."order"',
    "fortnox.order_detail",
    "fortnox.order_row",
    "fortnox.invoice_row",
    "fortnox.terms_of_payment",
    "fortnox.cost_center",
    "fortnox.project",
)


def test_what_is_exported_and_read_again_stages_the_same(
    extraction: Extraction, store: Store, tmp_path: Path
) -> None:
    sync_fortnox(extraction, payouts_from=FROM, documents=True)
    fetch_needs(extraction, [Need("order_detail", "3"), Need("invoice", "17")])
    stage(store)
    for pseudonymise in (False, True):
        path = tmp_path / "traffic.jsonl"
        lines = list(export(store, pseudonymise=pseudonymise, key=b"secret"))
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        other = in_memory()
        found = ingest(other, path, CLOCK, key=KEY).findings
        assert [one for one in found if one.code == "unknown-call"] == []
        stage(other)
        for table in TABLES:
            count = f"SELECT count(*) FROM {table}"
            assert other.value(count) == store.value(count) > 0, table
        numbers = "SELECT DocumentNumber, OrderedQuantity, Price FROM fortnox.order_row"
        assert other.rows(numbers) == store.rows(numbers)
        assert ("Testsson" in path.read_text("utf-8")) == (not pseudonymise)
        assert json.loads(lines[0])["status"] == 200
