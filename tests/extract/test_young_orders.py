"""A young order is looked at again at growing distances, unless something tells of it earlier."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from engine.clock import StoppedClock
from engine.extract.ask import Extraction
from engine.extract.distances import ORDER_AT, RESERVED, YOUNG, order_ages
from engine.extract.orders import OrderScope, sync_orders
from engine.extract.raw import Call, keep
from engine.home import HOME
from engine.stage.staging import stage
from engine.store.database import Store
from engine.transport.http import Answer

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
SCOPE = OrderScope(first=date(2026, 1, 1))


class Qliro:
    """A double with one order, number 31, that remembers when it was asked."""

    def __init__(self, clock: StoppedClock) -> None:
        self.clock = clock
        self.begun = clock.now()
        self.transactions = [self.transaction(1, "Preauthorization")]
        self.asked: list[timedelta] = []

    def transaction(self, id: int, kind: str) -> dict[str, Any]:
        at = self.clock.now().isoformat()
        return {"PaymentTransactionId": id, "Type": kind, "Amount": 250, "Status": "Success",
                "Timestamp": at}  # fmt: skip

    def __call__(self, request: httpx.Request) -> httpx.Response:
        id = int(unquote(request.url.path.rpartition("/")[2]))
        self.asked.append(self.clock.now() - self.begun)
        body = {"OrderId": id, "MerchantReference": f"S-{id}"}
        return httpx.Response(200, json=body | {"PaymentTransactions": self.transactions})


@pytest.fixture
def server(clock: StoppedClock) -> Qliro:
    return Qliro(clock)


@pytest.fixture
def extraction(answering: Callable[..., Extraction], server: Qliro) -> Extraction:
    return answering("qliro", server)


def pushed(store: Store, at: datetime, transaction: int | None = None) -> None:
    """Qliro pushes the order."""
    names = ["received_at", "kind", "OrderId", "Status", "PaymentTransactionId"]
    kind = "order-management" if transaction else "checkout-status"
    store.append("raw.push", [[at, kind, 31, "Completed", transaction]], names)


def runs(extraction: Extraction, clock: StoppedClock, times: int, every: timedelta) -> None:
    """So many syncs, each followed by a pause."""
    for _ in range(times):
        sync_orders(extraction, SCOPE)
        stage(extraction.store)
        clock.advance(every.total_seconds())


def refunded(store: Store) -> bool:
    return bool(store.value("SELECT count(*) FROM qliro.refund"))


def test_in_ninety_days_an_order_is_asked_for_twelve_times(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    """Quarters of an hour at first, then longer pauses: the distances are of days by then."""
    pushed(store, clock.now())
    runs(extraction, clock, 24, QUARTER)
    assert [str(age) for age in server.asked] == ["0:00:00", "0:15:00", "1:15:00", "5:15:00"]
    runs(extraction, clock, 190, 11 * timedelta(hours=1))
    assert clock.now() - server.begun < YOUNG
    apart = [b - a for a, b in pairwise(server.asked)]
    assert apart == sorted(apart)
    runs(extraction, clock, 20, 11 * timedelta(hours=1))
    assert len(server.asked) == 12


def test_a_run_each_night_asks_no_later(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    pushed(store, clock.now())
    runs(extraction, clock, 90, DAY - timedelta(seconds=2))
    assert [round(age / DAY) for age in server.asked] == [0, 1, 2, 4, 8, 15, 26, 41, 61, 86]


def test_a_refund_that_nothing_tells_of_is_seen_at_the_declared_distance(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    pushed(store, clock.now())
    server.transactions.append(server.transaction(2, "Capture"))
    runs(extraction, clock, 9, DAY)
    server.transactions.append(server.transaction(3, "Refund"))
    runs(extraction, clock, 5, DAY)
    assert not refunded(store)
    runs(extraction, clock, 2, DAY)
    assert refunded(store)


def test_a_push_is_asked_about_at_once_and_again_until_qliro_tells_what_it_told_of(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    pushed(store, clock.now())
    runs(extraction, clock, 30, DAY)
    server.asked.clear()
    server.begun = clock.now()
    pushed(store, clock.now(), transaction=4)
    runs(extraction, clock, 4, QUARTER)
    assert [str(age) for age in server.asked] == ["0:00:00", "0:15:00"]  # Qliro's answer lags
    server.transactions.append(server.transaction(4, "Refund"))
    runs(extraction, clock, 30, QUARTER)
    assert refunded(store)
    assert [str(age) for age in server.asked[2:]] == ["1:15:00"]


def test_a_settlement_line_of_an_unknown_refund_is_asked_about_at_once(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    pushed(store, clock.now())
    runs(extraction, clock, 30, DAY)
    server.transactions.append(server.transaction(5, "Refund"))
    line = {"Amount": 250, "PaymentTransactionId": 5, "OrderId": 31}
    call = Call("/v2/settlements/GetSettlementsByBatchId", (("Id", "7"),))
    answer = Answer(200, json.dumps({"Settlements": [line]}), clock.now())
    keep(store, [(call, answer)], origin="network", key=b"key")
    stage(store)
    runs(extraction, clock, 1, QUARTER)
    assert refunded(store)


def test_an_order_of_an_older_build_goes_on_from_when_it_was_asked_last(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    """That build asked every four hours, and left nothing behind but its answers."""
    pushed(store, clock.now())
    often = OrderScope(first=SCOPE.first, refresh_hours=4)
    for hours in (4, 20 * 24, 4):
        sync_orders(extraction, often)
        stage(store)
        clock.advance(hours * 3600)
    assert len(server.asked) == 3
    server.asked.clear()
    runs(extraction, clock, 20, DAY)
    assert [age.days for age in server.asked] == [25]


def test_the_growing_distances_are_those_that_people_are_told() -> None:
    told = " ".join((Path(HOME) / "docs/scheduling.md").read_text("utf-8").split())
    assert "15 minutes, 1 hour, 4 hours, 1 day, 2, 4, 7, 11, 15, 20 and 25 days" in told
    apart = [b - a for a, b in pairwise([timedelta(0), *ORDER_AT])]
    hours = [0.25, 1, 4, *(24 * days for days in (1, 2, 4, 7, 11, 15, 20, 25))]
    assert apart == [timedelta(hours=one) for one in hours]
    assert YOUNG == 90 * DAY
    assert ORDER_AT[-1] < YOUNG
    assert RESERVED == 25 * DAY


def test_a_merchant_may_say_other_ages_of_its_own(
    extraction: Extraction, server: Qliro, store: Store, clock: StoppedClock
) -> None:
    ages = order_ages([2, Decimal("0.5"), 2])
    assert ages == [timedelta(hours=0.5), timedelta(hours=2)]
    assert order_ages(None) == ORDER_AT
    pushed(store, clock.now())
    for _ in range(20):
        sync_orders(extraction, replace(SCOPE, ages=ages))
        stage(extraction.store)
        clock.advance(QUARTER.total_seconds())
    assert server.asked == [timedelta(0), *ages]
