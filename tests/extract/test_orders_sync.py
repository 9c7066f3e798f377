"""Which orders Qliro is asked for, when again, by which name, and what is made of its answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from engine.clock import StoppedClock
from engine.errors import UnavailableError
from engine.extract.ask import Extraction
from engine.extract.export import export
from engine.extract.orders import OrderScope, fetch_orders, orders_to_ask, sync_orders
from engine.extract.raw import Call, keep
from engine.extract.replay import ingest
from engine.stage.staging import stage
from engine.store.database import Store, in_memory
from engine.transport.http import Answer

Row = dict[str, Any]
FIRST = date(2026, 10, 1)
SCOPE = OrderScope(first=FIRST)
LINES = "/v2/settlements/GetSettlementsByBatchId"


class Qliro:
    """A double that knows orders by id and by reference, and remembers what it was asked."""

    def __init__(self) -> None:
        self.orders: dict[str, Row] = {}
        self.asked: list[str] = []

    def has(self, id: int, *transactions: Row, reference: str = "", **more: object) -> None:
        """The order with its transactions, also under its reference where no id is in the way."""
        body = {"OrderId": id, "MerchantReference": reference or f"S-{id}"} | more
        body["PaymentTransactions"] = list(transactions)
        self.orders[str(id)] = body
        self.orders.setdefault(str(body["MerchantReference"]), body)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = unquote(request.url.raw_path.decode().rpartition("/")[2])
        self.asked.append(name)
        if name in self.orders:
            return httpx.Response(200, json=self.orders[name])
        return httpx.Response(404, json={"ErrorCode": "ORDER_NOT_FOUND"})


def paid(id: int, kind: str, amount: float, day: str = "2026-11-10", **more: object) -> Row:
    return {
        "PaymentTransactionId": id,
        "Type": kind,
        "Amount": amount,
        "Status": "Success",
        "Timestamp": f"{day}T12:00:00",
    } | more


@pytest.fixture
def server() -> Qliro:
    return Qliro()


@pytest.fixture
def extraction(answering: Callable[..., Extraction], server: Qliro) -> Extraction:
    """Qliro as the double plays it."""
    return answering("qliro", server)


def settle(store: Store, clock: StoppedClock, *lines: Row) -> None:
    """A payout with these lines is listed."""
    rows = [{"Amount": 10, "PaymentTransactionId": 1} | line for line in lines]
    answer = Answer(200, json.dumps({"Settlements": rows}), clock.now())
    keep(store, [(Call(LINES, (("Id", "7"),)), answer)], origin="test", key=b"key")
    stage(store)


def sync(extraction: Extraction, scope: OrderScope = SCOPE, *named: str) -> list[str]:
    """The codes of what went wrong."""
    report = sync_orders(extraction, scope, named)
    stage(extraction.store)
    return [finding.code for finding in report.findings]


def ask(store: Store, clock: StoppedClock, scope: OrderScope = SCOPE) -> list[int]:
    return orders_to_ask(store, clock.now(), scope)


# -- orders that lines name ------------------------------------------------------------------------


def test_orders_that_lines_name_are_asked_for_once(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    server.has(9, paid(1, "Debit", 10))
    server.has(8, paid(2, "Debit", 10))
    settle(
        store,
        clock,
        {"OrderId": 9},
        {"OrderId": 9, "Type": "Fee"},
        {"OrderId": 8, "PaymentTransactionId": 2},
        {"OrderId": 0, "PaymentTransactionId": 3},
        {"OrderId": None, "PaymentTransactionId": 4},
    )
    assert sync(extraction) == []
    assert sorted(server.asked) == ["8", "9"]
    assert ask(store, clock) == []


def test_without_a_flow_that_begins_with_orders_lines_name_none(
    store: Store, clock: StoppedClock
) -> None:
    settle(store, clock, {"OrderId": 9})
    assert ask(store, clock, OrderScope(first=FIRST, settled=False)) == []


def test_orders_from_before_the_first_day_belong_to_others(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    settle(
        store,
        clock,
        {"OrderId": 9, "TransactionCompletedDate": "2026-09-30"},
        {"OrderId": 8, "TransactionCompletedDate": "2026-10-01"},
        {"OrderId": 7},
    )
    assert ask(store, clock) == [7, 8]
    # Captured after the first day, and ordered before it.
    server.has(8, paid(1, "Preauthorization", 10, "2026-09-30"))
    server.has(7, paid(2, "Preauthorization", 10, "2026-10-01"))
    sync(extraction)
    clock.advance(26 * 24 * 3600)
    assert ask(store, clock) == [7]


def test_an_order_that_qliro_lacks_is_reported_and_asked_for_less_and_less_often(
    extraction: Extraction, store: Store, clock: StoppedClock
) -> None:
    settle(store, clock, {"OrderId": 9})
    assert sync(extraction) == ["order-not-read"]
    assert ask(store, clock) == []
    clock.advance(900)
    assert sync(extraction) == ["order-not-read"]
    clock.advance(25 * 3600)
    assert sync(extraction) == ["order-not-read"]
    clock.advance(2 * 3600)
    assert ask(store, clock) == []
    clock.advance(50 * 3600)
    assert ask(store, clock) == [9]


def test_a_line_with_a_transaction_that_the_order_lacks_asks_again(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    """So a refund of a closed order is seen when it is settled."""
    server.has(9, paid(1, "Debit", 10, "2026-01-01"))
    scope = OrderScope()
    settle(store, clock, {"OrderId": 9})
    sync(extraction, scope)
    clock.advance(100 * 24 * 3600)
    assert ask(store, clock, scope) == []
    settle(store, clock, {"OrderId": 9}, {"OrderId": 9, "PaymentTransactionId": 2})
    assert ask(store, clock, scope) == [9]
    # Qliro does not tell of it even now: it is asked on, less and less often.
    asked = len(server.asked)
    for hours in (0, 1, 1, 4, *[24] * 80):
        clock.advance(hours * 3600)
        sync(extraction, scope)
    assert 8 <= len(server.asked) - asked <= 11
    server.has(9, paid(1, "Debit", 10, "2026-01-01"), paid(2, "Refund", 10, "2026-11-20"))
    settle(store, clock, {"OrderId": 9}, {"OrderId": 9, "PaymentTransactionId": 2}, {"OrderId": 8})
    sync(extraction, scope)
    clock.advance(50 * 3600)
    assert 9 not in ask(store, clock, scope)


# -- known orders that may change ------------------------------------------------------------------


def test_an_open_order_is_asked_for_again_when_its_answer_is_as_old_as_the_merchant_says(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    server.has(9, paid(1, "Preauthorization", 10))
    fetch_orders(extraction, [9])
    stage(store)
    clock.advance(10 * 24 * 3600)
    sync(extraction)
    clock.advance(3.9 * 3600)
    assert ask(store, clock, OrderScope(first=FIRST, refresh_hours=4)) == []
    clock.advance(0.2 * 3600)
    assert ask(store, clock, OrderScope(first=FIRST, refresh_hours=4)) == [9]
    assert ask(store, clock, OrderScope(first=FIRST, refresh_hours=4, refreshed=False)) == []
    assert ask(store, clock) == []


def test_an_unchanged_answer_is_kept_without_its_body_and_counts_as_asked(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    server.has(9, paid(1, "Preauthorization", 10))
    fetch_orders(extraction, [9])
    stage(store)
    clock.advance(5 * 24 * 3600)
    assert sync(extraction) == []
    assert ask(store, clock) == []
    assert store.value("SELECT list(body = '' ORDER BY seq) FROM raw.answer") == [False, True]
    assert store.value('SELECT as_of FROM qliro."order"') == clock.now()


def test_what_many_orders_were_answered_before_is_looked_up_once_for_all_of_them(
    extraction: Extraction, server: Qliro, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 41):
        server.has(number, paid(number, "Debit", 10))
    fetch_orders(extraction, range(1, 41))
    server.has(7, paid(7, "Debit", 10), paid(70, "Refund", 4))
    looked: list[str] = []
    rows = store.rows
    monkeypatch.setattr(store, "rows", lambda text, *more: looked.append(text) or rows(text, *more))
    fetch_orders(extraction, [*range(1, 41), 7])
    assert sum("raw.answer" in text for text in looked) == 1
    again = "SELECT path FROM raw.answer WHERE seq > 40 AND body <> ''"
    assert [row["path"].rpartition("/")[2] for row in rows(again)] == ["7"]


@pytest.mark.parametrize(
    ("transactions", "is_asked"),
    [
        ([paid(1, "Preauthorization", 10, "2026-11-10")], True),
        ([paid(1, "Debit", 10, "2026-11-10")], True),  # young: it may come back
        ([paid(1, "Debit", 10, "2026-08-01")], False),
        ([paid(1, "Preauthorization", 10, "2026-08-01")], True),  # still reserved
        (
            [
                paid(1, "Preauthorization", 10, "2026-08-01"),
                paid(2, "Reversal", 10, "2026-08-02", OriginalPaymentTransactionId=1),
            ],
            False,
        ),
        (
            [
                paid(1, "Preauthorization", 10, "2026-08-01"),
                paid(2, "Capture", 6, "2026-08-02", OriginalPaymentTransactionId=1),
            ],
            True,
        ),
    ],
)
def test_an_order_is_open_while_something_is_reserved_and_while_it_is_young(
    extraction: Extraction,
    server: Qliro,
    store: Store,
    clock: StoppedClock,
    transactions: list[Row],
    is_asked: bool,
) -> None:
    server.has(9, *transactions)
    fetch_orders(extraction, [9])
    stage(store)
    clock.advance(26 * 24 * 3600)
    assert ask(store, clock, OrderScope()) == ([9] if is_asked else [])


def test_an_order_of_which_nothing_ever_came_is_let_go(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    server.has(9)
    fetch_orders(extraction, [9])
    stage(store)
    clock.advance(89 * 24 * 3600)
    assert ask(store, clock) == [9]
    sync(extraction)
    clock.advance(2 * 24 * 3600)
    assert ask(store, clock) == []


# -- orders of a period ----------------------------------------------------------------------------


def test_a_period_asks_for_all_known_orders_that_were_active_in_it(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    server.has(9, paid(1, "Debit", 10, "2026-06-01"))
    server.has(8, paid(2, "Debit", 10, "2026-06-01"), paid(3, "Refund", 10, "2026-07-02"))
    fetch_orders(extraction, [8, 9])
    settle(
        store,
        clock,
        {"OrderId": 7, "TransactionCompletedDate": "2026-07-02"},
        {"OrderId": 6, "TransactionCompletedDate": "2026-06-30"},
    )
    day = date(2026, 7, 2)
    assert ask(store, clock, OrderScope(first=FIRST, since=day, until=day)) == [7, 8]
    assert ask(store, clock, OrderScope(first=FIRST, until=date(2026, 6, 30))) == [6, 8, 9]
    assert ask(store, clock, OrderScope(first=FIRST, since=day + timedelta(days=1))) == []


# -- orders that a person names --------------------------------------------------------------------


def test_an_order_is_named_by_id_or_by_reference(
    extraction: Extraction, server: Qliro, store: Store
) -> None:
    server.has(9, reference="S-9")
    server.has(8, reference="Å 8/1")
    assert sync(extraction, SCOPE, "9", " s-9 ", "Å 8/1", "") == ["order-not-read"]
    assert sorted(server.asked) == ["9", "s-9", "Å 8/1"]  # several at a time
    assert store.rows('SELECT OrderId FROM qliro."order" ORDER BY OrderId') == [
        {"OrderId": 8},
        {"OrderId": 9},
    ]


def test_a_reference_of_digits_whose_order_is_known_is_asked_for_by_id(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    server.has(4711)  # another's, whose id is the shop's number
    server.has(9, reference="4711")
    settle(store, clock, {"OrderId": 9, "MerchantOrderReference": "4711"})
    for _ in range(2):  # known by its line, then by its own answer
        assert sync(extraction, SCOPE, "4711") == []
        store.execute("DELETE FROM qliro.settlement_line")
    assert server.asked == ["9", "9"]


@pytest.mark.parametrize("name", ["S-1", "4711"])
def test_anothers_answer_is_reported_kept_and_not_staged(
    extraction: Extraction, server: Qliro, store: Store, name: str
) -> None:
    server.has(9)
    server.orders[name] = server.orders["9"]
    assert sync(extraction, SCOPE, name) == ["other-order"]
    assert store.value('SELECT count(*) FROM qliro."order"') == 0
    assert store.value("SELECT problem FROM raw.answer").startswith("the answer is about another")


def test_an_id_that_is_taken_for_a_reference_is_reported(
    extraction: Extraction, server: Qliro
) -> None:
    server.has(9, reference="4711")
    report = fetch_orders(extraction, [4711])
    assert [finding.code for finding in report.findings] == ["other-order"]


def test_a_name_that_qliro_does_not_know_is_reported_and_the_rest_goes_on(
    extraction: Extraction, server: Qliro, store: Store
) -> None:
    server.has(9)
    assert sync(extraction, SCOPE, "nobody", "9") == ["order-not-read"]
    assert store.value('SELECT count(*) FROM qliro."order"') == 1


def test_answers_that_came_while_one_was_waited_for_are_kept_together(
    answering: Callable[..., Extraction], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    eighth = Event()

    def handler(request: httpx.Request) -> httpx.Response:
        number = int(request.url.path.rpartition("/")[2])
        if number == 1:
            assert eighth.wait(10)
        elif number == 8:
            eighth.set()
        return httpx.Response(200, json={"OrderId": number})

    kept: list[int] = []
    append = store.append

    def appended(table: str, rows: list[list[Any]], columns: list[str]) -> None:
        kept.append(len(rows))
        append(table, rows, columns)

    monkeypatch.setattr(store, "append", appended)
    fetch_orders(answering("qliro", handler), range(1, 9))
    assert sum(kept) == 8
    assert kept[0] >= 5
    paths = [row["path"] for row in store.rows("SELECT path FROM raw.answer ORDER BY seq")]
    assert [int(path.rpartition("/")[2]) for path in paths] == [*range(1, 9)]


def test_what_came_before_a_break_is_kept(
    answering: Callable[..., Extraction], server: Qliro, store: Store
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/20"):
            return httpx.Response(503)
        return server(request)

    for id in range(1, 21):
        server.has(id)
    with pytest.raises(UnavailableError):
        fetch_orders(answering("qliro", handler), range(1, 21))
    stage(store)
    assert store.value('SELECT count(*) FROM qliro."order"') == 19


@pytest.mark.parametrize("pseudonymise", [False, True])
def test_orders_by_id_and_by_reference_are_the_same_after_export(
    extraction: Extraction, server: Qliro, store: Store, tmp_path: Path, pseudonymise: bool
) -> None:
    items = [{"Id": 1, "ActionType": "Reserve", "PaymentTransactionId": 1, "Quantity": 2,
              "MerchantReference": "hat", "Type": "Product", "PricePerItemIncVat": 5}]  # fmt: skip
    server.has(9, paid(1, "Preauthorization", 10), OrderItemActions=items)
    server.has(8, paid(2, "Debit", 10), reference="12 345/B")
    assert sync(extraction, SCOPE, "9", "12 345/B") == []
    path = tmp_path / "traffic.jsonl"
    lines = export(store, pseudonymise=pseudonymise, key=b"secret")
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    other = in_memory()
    assert ingest(other, path, StoppedClock(extraction.api.clock.now()), key=b"k").findings == []
    stage(other)
    for query in (
        "SELECT OrderId, payment, total, captured, remaining FROM qliro.order_view ORDER BY ALL",
        "SELECT line, remaining, Type FROM qliro.order_line ORDER BY ALL",
        "SELECT capture, Amount, CaptureDate FROM qliro.capture ORDER BY ALL",
    ):
        assert other.rows(query) == store.rows(query) != []
    assert "12 345/B" in path.read_text("utf-8")  # what an order is called stays
