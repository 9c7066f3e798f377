"""The answer that was given last wins, wherever it stands: in one file, in two, among repeats.
A file that is read late changes nothing that was told after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.clock import StoppedClock
from engine.extract.raw import Call, keep
from engine.extract.replay import ingest
from engine.plan.payout_rows import HALF_READ
from engine.stage.staging import stage
from engine.store.database import Store
from engine.transport.http import Answer

CLOCK = StoppedClock(datetime(2026, 11, 29, tzinfo=UTC))
Given = tuple[int, str, dict[str, Any]]  # the day of November, the path, the body

INVOICE = {"DocumentNumber": "7", "Total": 900, "Currency": "SEK"}


def voucher(text: str, amount: int) -> dict[str, Any]:
    return {
        "Voucher": {
            "VoucherSeries": "T", "VoucherNumber": 3, "Year": 4, "Description": text,
            "TransactionDate": "2026-11-02",
            "VoucherRows": [{"Account": 1930, "Debit": amount, "Credit": 0, "Removed": False}],
        }
    }  # fmt: skip


def batch(*amounts: int) -> dict[str, Any]:
    lines = [
        {"PaymentTransactionId": 100 + n, "OrderId": n, "Action": "Debit", "Type": "Transaction",
         "CurrencyCode": "SEK", "Amount": amount}
        for n, amount in enumerate(amounts, start=1)
    ]  # fmt: skip
    return {"Settlements": lines, "TotalSummary": {"DebitTransactionsTotalSum": sum(amounts)}}


def order(amount: int) -> dict[str, Any]:
    paid = {"PaymentTransactionId": 1, "Type": "Preauthorization", "Status": "Success",
            "Amount": amount, "Timestamp": "2026-11-01T10:00:00"}  # fmt: skip
    return {"OrderId": 9, "MerchantReference": "S-9", "PaymentTransactions": [paid]}


BATCH_PATH = "/v2/settlements/GetSettlementsByBatchId?Id=5"
# What was told of a thing early and late, and what is asked of the tables.
TOLD: dict[str, tuple[str, dict[str, Any], dict[str, Any], str, list[tuple[Any, ...]]]] = {
    "an invoice": (
        "/3/invoices/7",
        {"Invoice": INVOICE | {"Balance": 900, "YourReference": "early"}},
        {"Invoice": INVOICE | {"Balance": 0, "YourReference": "late"}},
        "SELECT i.Balance, d.YourReference FROM fortnox.invoice AS i "
        "JOIN fortnox.invoice_detail AS d ON d.DocumentNumber = i.DocumentNumber",
        [(Decimal(0), "late")],
    ),
    "the locked period": (
        "/3/settings/lockedperiod",
        {"LockedPeriod": {"EndDate": "2026-09-30"}},
        {"LockedPeriod": {"EndDate": "2026-10-31"}},
        "SELECT EndDate FROM fortnox.locked_period",
        [(date(2026, 10, 31),)],
    ),
    "a voucher": (
        "/3/vouchers/T/3", voucher("early", 10), voucher("late", 20),
        "SELECT v.Description, r.Debit FROM fortnox.voucher AS v JOIN fortnox.voucher_row AS r "
        "ON r.VoucherNumber = v.VoucherNumber",
        [("late", Decimal(20))],
    ),
    "an account": (
        "/3/accounts",
        {"Accounts": [{"Number": 1580, "Year": 4, "Active": False}]},
        {"Accounts": [{"Number": 1580, "Year": 4, "Active": True}]},
        "SELECT Active FROM fortnox.account", [(True,)],
    ),
    "a currency": (
        "/3/currencies",
        {"Currencies": [{"Code": "EUR", "BuyRate": 10}]},
        {"Currencies": [{"Code": "EUR", "BuyRate": 11}]},
        "SELECT BuyRate FROM fortnox.currency", [(Decimal(11),)],
    ),
    "a payment": (
        "/3/invoicepayments/2",
        {"InvoicePayment": {"Number": "2", "InvoiceNumber": 7, "Amount": 5, "ModeOfPayment": "A"}},
        {"InvoicePayment": {"Number": "2", "InvoiceNumber": 7, "Amount": 6, "ModeOfPayment": "B"}},
        "SELECT p.Amount, d.ModeOfPayment FROM fortnox.invoice_payment AS p "
        "JOIN fortnox.invoice_payment_detail AS d ON d.Number = p.Number",
        [(Decimal(6), "B")],
    ),
    "a customer": (
        "/3/customers/4",
        {"Customer": {"CustomerNumber": "4", "VATType": "EXPORT", "Type": "COMPANY"}},
        {"Customer": {"CustomerNumber": "4", "VATType": "SEVAT", "Type": "PRIVATE"}},
        "SELECT VATType, Type FROM fortnox.customer", [("SEVAT", "PRIVATE")],
    ),
    "an order": (
        "/v2/orders/9", order(100), order(250),
        "SELECT authorised FROM qliro.order_sum", [(Decimal(250),)],
    ),
    "a batch": (
        "/v2/settlements/GetSettlementBatches",
        {"SettlementBatches": [{"Id": 5, "BatchDate": "2026-11-01", "CurrencyCode": "SEK",
                                "TotalAmount": 1}]},
        {"SettlementBatches": [{"Id": 5, "BatchDate": "2026-11-01", "CurrencyCode": "SEK",
                                "TotalAmount": 2}]},
        "SELECT TotalAmount FROM qliro.settlement_batch", [(Decimal(2),)],
    ),
    "the lines of a batch": (
        BATCH_PATH, batch(10, 20), batch(10, 20, 30),
        "SELECT sum(Amount), bool_or(vanished), any_value(DebitTransactionsTotalSum) "
        "FROM qliro.settlement_line, qliro.settlement_summary WHERE part = 'total'",
        [(Decimal(60), False, Decimal(60))],
    ),
}  # fmt: skip


@pytest.fixture
def read(store: Store, tmp_path: Path) -> Callable[..., None]:
    """Reads a file of saved traffic: a day of November, a path and a body for each line."""

    def reading(*lines: Given) -> None:
        path = tmp_path / "saved.jsonl"
        path.write_text("".join(
            json.dumps({"request": {"method": "GET", "path": where}, "status": 200,
                        "at": f"2026-11-{day:02}T10:00:00+00:00", "body": body}) + "\n"
            for day, where, body in lines
        ))  # fmt: skip
        ingest(store, path, CLOCK, key=b"key")
        stage(store)

    return reading


@pytest.mark.parametrize("thing", TOLD)
def test_in_one_file(read: Callable[..., None], store: Store, thing: str) -> None:
    path, early, late, asked, wanted = TOLD[thing]
    read((20, path, late), (10, path, early))
    assert store.tuples(asked) == wanted


@pytest.mark.parametrize("thing", TOLD)
def test_in_a_file_that_is_read_after_a_newer_one(
    read: Callable[..., None], store: Store, thing: str
) -> None:
    path, early, late, asked, wanted = TOLD[thing]
    read((20, path, late))
    read((10, path, early))
    assert store.tuples(asked) == wanted


@pytest.mark.parametrize("thing", TOLD)
def test_in_a_newer_file_as_ever(read: Callable[..., None], store: Store, thing: str) -> None:
    path, early, late, asked, wanted = TOLD[thing]
    read((10, path, early))
    read((20, path, late))
    assert store.tuples(asked) == wanted


@pytest.mark.parametrize("thing", TOLD)
def test_what_came_again_unchanged_is_as_new_as_that(
    read: Callable[..., None], store: Store, thing: str
) -> None:
    """Told on the 10th and again on the 20th; a file of the 15th tells otherwise."""
    path, other, told, asked, wanted = TOLD[thing]
    read((10, path, told), (20, path, told))
    read((15, path, other))
    assert store.tuples(asked) == wanted


def test_an_older_file_takes_no_line_of_a_payout_away(
    read: Callable[..., None], store: Store
) -> None:
    read((20, BATCH_PATH, batch(10, 20, 30)))
    ids = store.tuples("SELECT line FROM qliro.settlement_line ORDER BY ALL")
    read((10, BATCH_PATH, batch(10)))
    assert store.tuples("SELECT line FROM qliro.settlement_line ORDER BY ALL") == ids
    assert not store.value("SELECT bool_or(vanished) FROM qliro.settlement_line")


def test_a_page_that_was_given_before_the_list_is_read_again(
    read: Callable[..., None], store: Store
) -> None:
    read((20, "/3/invoices", {"Invoices": [INVOICE | {"Balance": 0}]}))
    read((10, "/3/invoices/7", {"Invoice": INVOICE | {"Balance": 900, "YourReference": "early"}}))
    assert store.value("SELECT unread FROM fortnox.invoice_view")
    read((21, "/3/invoices/7", {"Invoice": INVOICE | {"Balance": 0, "YourReference": "late"}}))
    assert not store.value("SELECT unread FROM fortnox.invoice_view")


def test_a_good_answer_heals_an_order_also_when_it_says_what_was_said_before(store: Store) -> None:
    for hour, body in enumerate([order(100), {"OrderId": None}, order(100)]):
        at = datetime(2026, 11, 16, hour, tzinfo=UTC)
        answer = Answer(200, json.dumps(body), at)
        keep(store, [(Call("/v2/orders/9"), answer)], origin="network", key=b"key")
        stage(store)
    assert store.tuples('SELECT problem FROM qliro."order"') == [(None,)]


def test_a_line_that_says_less_is_seen_in_one_file_as_over_days(
    read: Callable[..., None], store: Store
) -> None:
    """The transaction of a line that was told is null in the next answer: it is no other line."""
    poor = batch(10, 20)
    poor["Settlements"][0] |= {"PaymentTransactionId": None}
    read((10, BATCH_PATH, batch(10, 20)), (11, BATCH_PATH, poor))
    assert store.value("SELECT count(*) FROM qliro.settlement_line") == 2
    assert not store.value("SELECT bool_or(vanished) FROM qliro.settlement_line")


def test_what_claims_to_be_given_in_the_future_holds_no_longer_than_till_the_next_answer(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "saved.jsonl"
    told = {"request": {"path": "/3/settings/lockedperiod"}, "at": "2062-11-20T10:00:00+00:00"}
    path.write_text(json.dumps(told | {"body": {"LockedPeriod": {"EndDate": "2026-09-30"}}}))
    (finding,) = ingest(store, path, CLOCK, key=b"key").findings
    assert "lies in the future" in finding.message
    assert "counts as given now" in finding.remedy
    stage(store)
    body = json.dumps({"LockedPeriod": {"EndDate": "2026-10-31"}})
    later = Answer(200, body, datetime(2026, 11, 30, tzinfo=UTC))
    asked = Call("/3/settings/lockedperiod")
    keep(store, [(asked, later)], origin="network", key=b"key")
    stage(store)
    assert store.value("SELECT EndDate FROM fortnox.locked_period") == date(2026, 10, 31)


def test_an_older_answer_that_cannot_be_read_parks_no_payout(
    read: Callable[..., None], store: Store
) -> None:
    """That a batch can't be read is said by what was told of it last, too."""
    odd = batch(10)
    odd["Settlements"][0]["Amount"] = None
    read((20, BATCH_PATH, batch(10, 20)))
    read((10, BATCH_PATH, odd))
    assert store.rows(HALF_READ) == []
    read((21, BATCH_PATH, odd))
    assert [row["Id"] for row in store.rows(HALF_READ)] == [5]
