"""Saved traffic goes in like the network's, and what is stored comes out as such a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.clock import StoppedClock
from engine.errors import UsageError
from engine.extract.ask import Extraction
from engine.extract.export import export
from engine.extract.fortnox import fetch_invoices, sync_fortnox
from engine.extract.orders import fetch_orders
from engine.extract.qliro import sync_settlements
from engine.extract.raw import Call, keep, query_pairs
from engine.extract.replay import ingest
from engine.sandbox.generator import month
from engine.sandbox.world.world import World
from engine.stage.staging import stage
from engine.store.database import Store, in_memory
from engine.transport.http import NOT_UTF_8, Answer

KEY = b"key"
FROM = date(2026, 10, 18)
CLOCK = StoppedClock(datetime(2026, 11, 16, tzinfo=UTC))
STAGED = [
    "qliro.settlement_batch",
    "qliro.settlement_line",
    "qliro.settlement_summary",
    'qliro."order"',
    "fortnox.invoice",
    "fortnox.invoice_detail",
    "fortnox.invoice_payment",
    "fortnox.voucher",
    "fortnox.account",
    "fortnox.voucher_series",
    "fortnox.financial_year",
    "fortnox.locked_period",
    "fortnox.currency",
    "fortnox.mode_of_payment",
    "fortnox.company",
]


@pytest.fixture
def world() -> World:
    """A month of one shop's payouts."""
    return month(1).world


@pytest.fixture
def synced(world: World, qliro: Extraction, fortnox: Extraction, store: Store) -> Store:
    """All of the month, some documents on demand, and a second sync."""
    for _ in range(2):
        sync_settlements(qliro, payouts_from=FROM)
        sync_fortnox(fortnox, payouts_from=FROM, series=["A"])
    fetch_orders(qliro, list(world.qliro_orders)[:3])
    fetch_invoices(fortnox, [str(number) for number in list(world.invoices)[:3]])
    stage(store)
    return store


def written(folder: Path, lines: Iterable[str]) -> Path:
    path = folder / "traffic.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    return {
        table: store.rows(f"SELECT * EXCLUDE (raw_seq) FROM {table} ORDER BY ALL")
        for table in STAGED
    }


def test_what_is_exported_and_read_again_stages_the_same(synced: Store, tmp_path: Path) -> None:
    other = in_memory()
    report = ingest(other, written(tmp_path, export(synced)), CLOCK, key=KEY)
    assert report.findings == []
    stage(other)
    assert contents(other) == contents(synced)
    digests = "SELECT DISTINCT digest FROM raw.answer WHERE body <> '' ORDER BY digest"
    assert other.rows(digests) == synced.rows(digests)


def matches(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Which lines find which invoices by the fields that lists show, with amounts and dates."""
    return {
        field: store.rows(f"""
            SELECT line.Id, line.position, line.Amount, line.TransactionCompletedDate,
                   invoice.DocumentNumber, invoice.Balance
            FROM qliro.settlement_line AS line
            JOIN fortnox.invoice AS invoice
              ON invoice.{field} IN (line.MerchantOrderReference, '' || line.OrderId)
            ORDER BY ALL
        """)
        for field in ("ExternalInvoiceReference1", "ExternalInvoiceReference2", "DocumentNumber")
    }


def test_a_pseudonymised_export_matches_the_same_and_names_nobody(
    synced: Store, world: World, tmp_path: Path
) -> None:
    path = written(tmp_path, export(synced, pseudonymise=True, key=b"secret"))
    text = path.read_text()
    for name in ("Testsson", "test.testsson", "Storgatan", world.company_name, "0700000000"):
        assert name not in text
    other = in_memory()
    assert ingest(other, path, CLOCK, key=KEY).findings == []
    stage(other)
    assert matches(other) == matches(synced)
    assert matches(synced)["ExternalInvoiceReference1"]


@pytest.mark.parametrize(
    "query",
    [
        {"externalinvoicereference1": "Anna&Bo-1001", "limit": "500"},
        {"email": "anna+bo=x@example.com", "a=b": "c"},
        {"name": "50% & 100%26", "filter": ["a&b", "c"]},
        {"name": ""},
    ],
)
def test_a_query_comes_out_as_it_was_asked(store: Store, tmp_path: Path, query: Any) -> None:
    line = {"request": {"method": "GET", "path": "/3/invoices", "query": query}, "status": 200,
            "at": "2026-11-10T10:00:00+00:00", "body": {"Invoices": []}}  # fmt: skip
    assert ingest(store, written(tmp_path, [json.dumps(line)]), CLOCK, key=KEY).findings == []
    (told,) = export(store)
    assert json.loads(told)["request"]["query"] == query


def test_a_query_that_an_earlier_version_kept_keeps_its_ampersand() -> None:
    assert query_pairs("externalinvoicereference1=Anna&Bo-1001&limit=500") == [
        ("externalinvoicereference1", "Anna&Bo-1001"),
        ("limit", "500"),
    ]


def test_an_answer_that_was_not_read_whole_is_not_read_whole_elsewhere(
    store: Store, tmp_path: Path
) -> None:
    page = '{"Invoice":{"DocumentNumber":"7","Total":100,"OurReference":"Jos\ufffd"}}'
    answer = Answer(200, page, CLOCK.now(), NOT_UTF_8)
    keep(store, [(Call("/3/invoices/7"), answer)], origin="network", key=KEY)
    other = in_memory()
    ingest(other, written(tmp_path, export(store)), CLOCK, key=KEY)
    assert other.value("SELECT problem FROM raw.answer") == NOT_UTF_8


def test_an_order_is_as_new_elsewhere_as_it_was_last_told_unchanged(
    store: Store, tmp_path: Path
) -> None:
    body = json.dumps({"OrderId": 9, "MerchantReference": "S-9", "Currency": "SEK"})
    for hour in (8, 9, 10):
        at = datetime(2026, 11, 16, hour, tzinfo=UTC)
        keep(store, [(Call("/v2/orders/9"), Answer(200, body, at))], origin="network", key=KEY)
        stage(store)
    other = in_memory()
    assert len(list(export(store))) == 2
    ingest(other, written(tmp_path, export(store)), CLOCK, key=KEY)
    stage(other)
    (told,) = other.rows('SELECT OrderId, as_of FROM qliro."order"')
    assert told == {"OrderId": 9, "as_of": datetime(2026, 11, 16, 10, tzinfo=UTC)}


def test_bad_lines_are_named_by_number_and_the_rest_goes_on(store: Store, tmp_path: Path) -> None:
    good = {
        "request": {"method": "GET", "url": "https://api.fortnox.se/3/settings/lockedperiod"},
        "status": 200,
        "body": {"LockedPeriod": {"EndDate": "2026-01-31"}},
        "at": "2026-11-01T10:00:00",
    }
    lines = [
        json.dumps(good),
        "not JSON",
        json.dumps(good | {"request": {}}),
        json.dumps(good | {"status": "ok"}),
        json.dumps(good | {"at": "yesterday"}),
        "",
        json.dumps(good | {"request": {"method": "GET", "path": "/nowhere"}}),
        json.dumps(good | {"body": "{cut o"}),
    ]
    report = ingest(store, written(tmp_path, lines), CLOCK, key=KEY)
    assert [(finding.code, finding.place.line) for finding in report.findings] == [
        ("bad-line", 2),
        ("bad-line", 3),
        ("bad-line", 4),
        ("bad-line", 5),
        ("unknown-call", 7),
        ("unreadable-answer", 8),
    ]
    stage(store)
    assert store.rows("SELECT EndDate FROM fortnox.locked_period") == [
        {"EndDate": date(2026, 1, 31)}
    ]


def answer_of(body: Any, path: str = "/3/invoices") -> str:
    at = "2026-11-10T10:00:00+00:00"
    return json.dumps({"request": {"path": path}, "status": 200, "at": at, "body": body})


ROW = {"DocumentNumber": "8", "Total": 12.5, "Balance": 12.5}


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("not JSON", "bad-line", "the line is not whole JSON"),
        ("[1]", "bad-line", "the line is a list, not an object."),
        ('{"status": 200, "body": {}}', "bad-line", "the line has no request."),
        ('{"request": {"path": "/3/invoices"}, "status": "ok"}', "bad-line",
         "status is a text, not a whole number."),
        ('{"request": {"path": "/3/invoices"}, "at": "yesterday"}', "bad-line",
         "at is no moment like 2026-11-20T10:00:00+01:00: 'yesterday'."),
        (answer_of({}, "/nowhere"), "unknown-call", "GET /nowhere is no call"),
        (answer_of({"invoices": []}), "unreadable-answer", "the body has no Invoices."),
        (answer_of({"Invoices": {}}), "unreadable-answer", "Invoices is no list."),
        (answer_of([]), "unreadable-answer", "the body is not a JSON object."),
        (answer_of({"Invoices": [ROW | {"Total": "12,50"}]}), "unreadable-answer",
         "row 1 of Invoices has no readable Total: 12,50."),
        (answer_of({"Invoices": [ROW, {"DocumentNumber": "9", "Total": 1}]}), "missing-field",
         "row 2 of Invoices has no Balance."),
        (answer_of({"Invoices": [{"Total": 1, "Balance": 1}]}), "unreadable-answer",
         "row 1 of Invoices has no DocumentNumber."),
        (answer_of({"OrderId": 9, "PaymentTransactions": [{"Type": "Debit", "Amount": 5,
                    "Timestamp": "2026-11-20"}]}, "/v2/orders/9"), "missing-field",
         "row 1 of PaymentTransactions has no Status."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_told_with_its_place_and_a_remedy_and_the_rest_goes_on(
    store: Store, tmp_path: Path, line: str, code: str, told: str
) -> None:
    good = answer_of({"LockedPeriod": {"EndDate": "2026-01-31"}}, "/3/settings/lockedperiod")
    path = written(tmp_path, [good, line, good])
    (finding,) = ingest(store, path, CLOCK, key=KEY).findings
    assert (finding.place.path, finding.place.line) == (str(path), 2)
    assert finding.code == code
    assert told in finding.message
    assert finding.remedy
    assert not [word for word in ("Object", "str", "isoformat", "`int") if word in finding.message]
    stage(store)
    assert store.value("SELECT EndDate FROM fortnox.locked_period") == date(2026, 1, 31)


def test_a_file_that_is_not_there_is_said_in_a_sentence(store: Store) -> None:
    with pytest.raises(UsageError, match=r"nothing\.jsonl can't be read"):
        ingest(store, Path("nothing.jsonl"), CLOCK, key=KEY)


def test_numbers_of_a_file_keep_all_their_digits(store: Store, tmp_path: Path) -> None:
    line = (
        '{"request":{"method":"GET","path":"/v2/settlements/GetSettlementsByBatchId",'
        '"query":{"Id":5}},"status":200,"body":{"Settlements":[{"Amount":100.10}]}}'
    )
    ingest(store, written(tmp_path, [line]), CLOCK, key=KEY)
    assert store.value("SELECT body FROM raw.answer") == '{"Settlements":[{"Amount":100.10}]}'
