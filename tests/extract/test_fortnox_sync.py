"""What changed in Fortnox: pages, cursors, registers that ignore pages, documents on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import httpx
import pytest

from engine.clock import StoppedClock
from engine.errors import AccessError
from engine.extract.ask import Extraction
from engine.extract.dates import swedish_minute
from engine.extract.fortnox import (
    fetch_invoices,
    fetch_orders,
    fetch_payments,
    search_invoices,
    sync_fortnox,
)
from engine.sandbox.generator import clean, month
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import World
from engine.stage.staging import stage
from engine.store.database import Store

FROM = date(2026, 10, 18)


@pytest.fixture
def world() -> World:
    """A month of one shop's payouts."""
    return month(1).world


def test_a_first_sync_brings_invoices_payments_and_registers(
    world: World, fortnox: Extraction, store: Store
) -> None:
    report = sync_fortnox(fortnox, payouts_from=FROM, series=["A"])
    assert report.findings == []
    assert stage(store).problems == ()
    for table, register in {
        "invoice": world.invoices,
        "invoice_payment": world.payments,
        "account": world.accounts,
        "voucher_series": world.series,
        "financial_year": world.years,
        "currency": world.currencies,
        "mode_of_payment": world.modes,
    }.items():
        assert store.value(f"SELECT count(*) FROM fortnox.{table}") == len(register), table
    company = store.rows("SELECT CompanyName, DatabaseNumber FROM fortnox.company")
    assert company == [
        {"CompanyName": world.company_name, "DatabaseNumber": world.access.tenant_id}
    ]


def test_a_long_list_is_read_in_pages_of_500(
    fortnox: Extraction, world: World, store: Store
) -> None:
    more = clean(1100)
    world.invoices.clear()
    world.invoices.update(more.invoices)
    sync_fortnox(fortnox, payouts_from=FROM)
    pages = [entry.query for entry in world.journal if entry.path == "/3/invoices"]
    assert len(pages) == 3
    assert all("limit=500" in query for query in pages)
    stage(store)
    assert store.value("SELECT count(*) FROM fortnox.invoice") == 1100


def test_a_second_sync_asks_only_for_what_changed_since_the_first_began(
    world: World, fortnox: Extraction, store: Store, clock: StoppedClock
) -> None:
    sync_fortnox(fortnox, payouts_from=FROM, series=["A"])
    world.journal.clear()
    clock.advance(24 * 3600)
    sync_fortnox(fortnox, payouts_from=FROM, series=["A"])
    queries = {entry.path: entry.query for entry in world.journal}
    for path in ("/3/invoices", "/3/invoicepayments", "/3/vouchers/sublist/A"):
        assert "lastmodified=2026-11-16%2008%3A50" in queries[path].replace("+", "%20")


def test_payouts_from_moved_back_reads_the_earlier_changes_too(
    world: World, fortnox: Extraction
) -> None:
    sync_fortnox(fortnox, payouts_from=FROM)
    world.journal.clear()
    sync_fortnox(fortnox, payouts_from=date(2026, 9, 1))
    query = next(entry.query for entry in world.journal if entry.path == "/3/invoices")
    assert "lastmodified=2026-03-05" in query


def test_vouchers_are_read_in_every_year_since_the_first_payout(
    world: World, fortnox: Extraction
) -> None:
    sync_fortnox(fortnox, payouts_from=date(2025, 12, 1), series=["A", "Q"])
    lists = {
        (entry.path, entry.query.partition("&")[0])
        for entry in world.journal
        if "sublist" in entry.path
    }
    years = [year.id for year in world.years.values()]
    assert lists == {
        (f"/3/vouchers/sublist/{series}", f"financialyear={year}")
        for series in "AQ"
        for year in years
    }


def test_a_broken_page_is_reported_and_the_cursor_stays(
    world: World, fortnox: Extraction, store: Store
) -> None:
    plan(world, Fault("truncated", path="/3/invoices$"))
    report = sync_fortnox(fortnox, payouts_from=FROM)
    assert [finding.code for finding in report.findings] == ["list-not-read"]
    streams = {row["stream"] for row in store.rows("SELECT stream FROM raw.cursor")}
    assert "fortnox.invoices" not in streams
    assert "fortnox.invoice payments" in streams


def test_a_register_that_ignores_pages_does_not_loop(answering: Callable[..., Extraction]) -> None:
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == "/3/accounts":
            body = {"MetaInformation": {"@TotalPages": 9}, "Accounts": [{"Number": 1930}]}
            return httpx.Response(200, json=body)
        return httpx.Response(200, json={"Invoices": [], "InvoicePayments": []})

    sync_fortnox(answering("fortnox", handler), payouts_from=FROM)
    assert asked.count("/3/accounts") < 10


def test_a_missing_licence_ends_the_sync_with_the_remedy(world: World, fortnox: Extraction) -> None:
    world.access.unlicensed.add("bookkeeping")
    with pytest.raises(AccessError, match="2001101"):
        sync_fortnox(fortnox, payouts_from=FROM)


def test_a_filter_finds_the_invoice_and_the_document_shows_the_field(
    world: World, fortnox: Extraction, store: Store
) -> None:
    TROUBLES["reference_in_your_order_number"](world)
    invoice = next(i for i in world.invoices.values() if i.your_order_number)
    found = search_invoices(fortnox, "YourOrderNumber", [invoice.your_order_number, "", "nothing"])
    numbers = [item["DocumentNumber"] for item in found[invoice.your_order_number]]
    assert numbers == [str(invoice.number)]
    assert found["nothing"] == []
    documents = fetch_invoices(fortnox, [*numbers, "999999"])
    assert documents[numbers[0]]["YourOrderNumber"] == invoice.your_order_number
    assert "999999" not in documents
    stage(store)
    detail = store.rows("SELECT YourOrderNumber FROM fortnox.invoice_detail")
    assert detail == [{"YourOrderNumber": invoice.your_order_number}]


def test_an_order_tells_which_invoice_it_became(
    world: World, fortnox: Extraction, store: Store
) -> None:
    order = next((o for o in world.orders.values() if o.invoice), None)
    if order is None:
        TROUBLES["reference_is_order_number"](world)
        order = next(o for o in world.orders.values() if o.invoice)
    number = str(order.number)
    assert fetch_orders(fortnox, [number])[number]["InvoiceReference"] == str(order.invoice)
    stage(store)
    detail = store.rows("SELECT DocumentNumber, OrderReference FROM fortnox.invoice_detail")
    assert detail == [{"DocumentNumber": str(order.invoice), "OrderReference": number}]


def test_a_payment_shows_its_account_and_write_offs(
    world: World, fortnox: Extraction, store: Store
) -> None:
    payment = next(iter(world.payments.values()))
    fetch_payments(fortnox, [str(payment.number)])
    stage(store)
    detail = store.rows("SELECT * FROM fortnox.invoice_payment_detail")[0]
    assert detail["ModeOfPaymentAccount"] == payment.account
    assert detail["WriteOffs"] == sum(off.amount for off in payment.write_offs)


def test_many_documents_are_fetched_in_parallel_within_the_limit(
    world: World, fortnox: Extraction, clock: StoppedClock
) -> None:
    numbers = [str(number) for number in list(world.invoices)[:60]]
    began = clock.monotonic()
    assert len(fetch_invoices(fortnox, numbers)) == 60
    assert clock.monotonic() - began >= 2 * 5.0  # the third 25 begin when the window has room


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-07-01T10:00", "2026-07-01 12:00"),
        ("2026-12-01T10:00", "2026-12-01 11:00"),
        ("2026-10-25T00:30", "2026-10-25 01:30"),  # 02:30, the first of two: an hour earlier
        ("2026-10-25T01:30", "2026-10-25 01:30"),  # 02:30, the second
    ],
)
def test_the_hour_that_comes_twice_loses_nothing(moment: str, text: str) -> None:
    assert swedish_minute(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == text


def test_an_answer_with_another_shape_is_kept_raw_with_the_reason(
    answering: Callable[..., Extraction], store: Store
) -> None:
    extraction = answering("fortnox", lambda _: httpx.Response(200, text=json.dumps({"X": 1})))
    report = sync_fortnox(extraction, payouts_from=FROM)
    assert {finding.code for finding in report.findings} == {"list-not-read"}
    problems = {row["problem"] for row in store.rows("SELECT problem FROM raw.answer")}
    assert "the body has no Invoices" in problems
    assert stage(store).answers > 0
