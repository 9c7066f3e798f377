"""Settlement batches and lines: windows, overlap, what is fetched again, what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import httpx
import pytest

from engine.clock import StoppedClock, today
from engine.errors import AccessError, UnavailableError
from engine.extract.ask import Extraction
from engine.extract.orders import fetch_orders, orders_needed
from engine.extract.qliro import sync_settlements
from engine.sandbox.generator import month
from engine.sandbox.trouble import Trouble
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


def asked(world: World, part: str) -> list[str]:
    return [entry.query for entry in world.journal if part in entry.path]


def forget(world: World) -> None:
    world.journal.clear()


def test_a_first_sync_brings_every_payout_with_its_lines(
    world: World, qliro: Extraction, store: Store
) -> None:
    report = sync_settlements(qliro, payouts_from=FROM)
    staged = stage(store)
    assert report.findings == []
    assert staged.problems == ()
    assert store.value("SELECT count(*) FROM qliro.settlement_batch") == len(world.batches)
    lines = sum(len(batch.lines) for batch in world.batches.values())
    assert store.value("SELECT count(*) FROM qliro.settlement_line") == lines


def test_windows_are_no_longer_than_60_days_and_end_yesterday(
    world: World, qliro: Extraction
) -> None:
    sync_settlements(qliro, payouts_from=date(2026, 3, 1))
    windows = [
        [pair.partition("=")[2].replace("%2F", "/") for pair in query.split("&")]
        for query in asked(world, "GetSettlementBatches")
    ]
    assert windows[0][0] == "2026/02/22"  # a week before payouts_from
    assert windows[-1][1] == "2026/11/15"
    days = [(date.fromisoformat(w.replace("/", "-")) for w in window) for window in windows]
    assert all(last - first < timedelta(days=60) for first, last in days)


def test_payouts_before_payouts_from_are_only_fetched_by_name(
    world: World, qliro: Extraction, store: Store
) -> None:
    earlier = min(world.batches.values(), key=lambda batch: batch.day)
    sync_settlements(qliro, payouts_from=date(2026, 11, 14))
    assert len(asked(world, "GetSettlementsByBatchId")) == 1
    report = sync_settlements(
        qliro, payouts_from=date(2026, 11, 14), named=[str(earlier.id), "no such payout"]
    )
    assert f"Id={earlier.id}" in asked(world, "GetSettlementsByBatchId")
    assert [finding.code for finding in report.findings] == ["payout-not-found"]


def test_a_sync_of_another_day_looks_back_a_week_and_stores_no_body_twice(
    world: World, qliro: Extraction, store: Store, clock: StoppedClock
) -> None:
    sync_settlements(qliro, payouts_from=FROM)
    stage(store)
    forget(world)
    sync_settlements(qliro, payouts_from=FROM)
    assert asked(world, "GetSettlementsByBatchId") == []  # once a day
    clock.advance(24 * 3600)
    sync_settlements(qliro, payouts_from=FROM)
    fetched = {query.partition("=")[2] for query in asked(world, "GetSettlementsByBatchId")}
    recent = {str(b.id) for b in world.batches.values() if b.day >= date(2026, 11, 8)}
    assert recent <= fetched
    assert len(fetched) < len(world.batches)
    before = store.rows("SELECT * FROM qliro.settlement_line ORDER BY line")
    assert stage(store).lines == 0
    assert store.rows("SELECT * FROM qliro.settlement_line ORDER BY line") == before
    bodies = store.rows(
        "SELECT digest FROM raw.answer WHERE endpoint = 'settlements_by_batch' AND body <> ''"
    )
    assert len({row["digest"] for row in bodies}) == len(bodies)


def test_a_batch_whose_row_changed_is_fetched_again_however_old(
    answering: Callable[..., Extraction], store: Store, clock: StoppedClock
) -> None:
    amount = {"7": 100}
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("GetSettlementBatches"):
            row = {"Id": 7, "BatchDate": "2026-11-01", "TotalAmount": amount["7"]}
            return httpx.Response(200, json={"SettlementBatches": [row]})
        seen.append(request.url.params["Id"])
        return httpx.Response(200, json={"Settlements": [], "PendingSettlements": None})

    extraction = answering("qliro", handler)
    for _ in range(2):
        sync_settlements(extraction, payouts_from=FROM)
    assert seen == ["7"]
    amount["7"] = 120
    sync_settlements(extraction, payouts_from=FROM)
    assert seen == ["7", "7"]


def test_an_earlier_day_is_listed_again_at_growing_ages_and_none_is_missed(
    answering: Callable[..., Extraction], store: Store, clock: StoppedClock
) -> None:
    """A header that changes beyond the overlap is told by nothing but the list of its day."""
    header = {"Id": 7, "BatchDate": "2026-11-01", "TotalAmount": 100}
    listed: list[tuple[str, str]] = []
    lines: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("GetSettlementBatches"):
            period = (request.url.params["FromBatchDate"], request.url.params["ToBatchDate"])
            listed.append(period)
            within = period[0] <= "2026/11/01" <= period[1]
            return httpx.Response(200, json={"SettlementBatches": [header] if within else []})
        lines.append(request.url.params["Id"])
        return httpx.Response(200, json={"Settlements": [], "PendingSettlements": None})

    extraction = answering("qliro", handler)

    def ages(days: int) -> list[int]:
        """At which ages the batch is listed in so many days of two syncs each."""
        found = []
        for _ in range(days):
            clock.advance(24 * 3600)
            for _ in range(2):
                listed.clear()
                sync_settlements(extraction, payouts_from=FROM)
                if any(first <= "2026/11/01" <= last for first, last in listed):
                    found.append((today(clock) - date(2026, 11, 1)).days)
        return found

    sync_settlements(extraction, payouts_from=FROM)  # on 16 November
    assert ages(200) == [30, 60, 120]
    assert lines == ["7"]
    header["TotalAmount"] = 120
    clock.advance(60 * 24 * 3600)  # no sync while it reached the next age
    assert ages(1) == [276]
    assert lines == ["7", "7"]
    assert ages(120) == [365]


def test_batches_of_the_overlap_are_read_once_a_day_and_a_run_at_the_same_time_misses_none(
    world: World, qliro: Extraction, store: Store, clock: StoppedClock
) -> None:
    def fetched() -> int:
        forget(world)
        sync_settlements(qliro, payouts_from=FROM)
        return len(asked(world, "GetSettlementsByBatchId"))

    sync_settlements(qliro, payouts_from=FROM)
    nights = []
    for _ in range(3):
        for one in (clock, world.clock):
            one.advance(24 * 3600 - 2)  # each night a little earlier than a day later
        nights.append(fetched())
        assert fetched() == 0
    assert min(nights) > 0


def test_lines_that_do_not_add_up_are_read_again_by_every_sync_of_the_overlap(
    world: World, qliro: Extraction, store: Store
) -> None:
    sync_settlements(qliro, payouts_from=FROM)
    newest, other = sorted(world.batches.values(), key=lambda batch: batch.day)[-2:]
    columns = ["payout", "BatchDate", "batches", "holds", "proof", "transfer", "transfer_reason",
               "closed", "noted_at"]  # fmt: skip
    row = ["p", newest.day, f"{newest.id}, 123456", False, "", "", "", False, world.now()]
    agrees = ["q", other.day, str(other.id), True, *row[4:]]
    store.append("ledger.payout_state", [row, agrees], columns)
    forget(world)
    sync_settlements(qliro, payouts_from=FROM)
    assert asked(world, "GetSettlementsByBatchId") == [f"Id={newest.id}"]


def test_pending_lines_are_looked_at_again_until_they_are_accepted(
    answering: Callable[..., Extraction], store: Store, clock: StoppedClock
) -> None:
    line = {"PaymentTransactionId": 5, "Action": "Debit", "Type": "Transaction", "Amount": 10}
    lists = {"Settlements": [], "PendingSettlements": [line]}
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("GetSettlementBatches"):
            row = {"Id": 7, "BatchDate": "2026-10-20"}
            first = date.fromisoformat(request.url.params["FromBatchDate"].replace("/", "-"))
            rows = [row] if first <= date(2026, 10, 20) else []
            return httpx.Response(200, json={"SettlementBatches": rows})
        seen.append(request.url.params["Id"])
        return httpx.Response(200, json=lists)

    extraction = answering("qliro", handler)
    for _ in range(3 * 4):  # a run each six hours
        sync_settlements(extraction, payouts_from=FROM)
        clock.advance(6 * 3600)
    assert len(seen) == 4  # from noon to noon three days later
    lists.update(Settlements=[line], PendingSettlements=[])
    for _ in range(3):
        clock.advance(24 * 3600)
        sync_settlements(extraction, payouts_from=FROM)
    assert len(seen) == 5
    stage(store)
    assert store.rows("SELECT Status, vanished FROM qliro.settlement_line") == [
        {"Status": "Accepted", "vanished": False}
    ]


def test_when_qliros_today_is_not_ours_yet_the_last_day_waits(
    world: World, qliro: Extraction, clock: StoppedClock, store: Store
) -> None:
    clock.advance(24 * 3600)  # the world, Qliro's clock, stays behind
    report = sync_settlements(qliro, payouts_from=FROM)
    assert report.findings == []
    listed = store.value("SELECT value FROM raw.cursor WHERE stream = 'qliro.listed'")
    assert listed.endswith("/2026-11-15")


@pytest.mark.parametrize("kind", ["truncated", "html", "empty", "not_json_error"])
def test_an_unreadable_answer_is_kept_and_reported_and_the_rest_goes_on(
    world: World, qliro: Extraction, store: Store, kind: str
) -> None:
    plan(world, Fault(kind, nth=2, path="GetSettlementsByBatchId"))
    report = sync_settlements(qliro, payouts_from=FROM)
    assert [finding.code for finding in report.findings] == ["lines-not-read"]
    stage(store)
    read = store.value("SELECT count(DISTINCT Id) FROM qliro.settlement_line")
    assert read == len(world.batches) - 1
    assert sync_settlements(qliro, payouts_from=FROM).findings == []
    stage(store)
    read = store.value("SELECT count(DISTINCT Id) FROM qliro.settlement_line")
    assert read == len(world.batches)


def test_an_unreadable_list_does_not_move_the_cursor(
    world: World, qliro: Extraction, store: Store
) -> None:
    plan(world, Fault("truncated", path="GetSettlementBatches"))
    report = sync_settlements(qliro, payouts_from=FROM)
    assert [finding.code for finding in report.findings] == ["batches-not-read"]
    assert store.value("SELECT count(*) FROM raw.cursor") == 0


def test_what_came_before_the_server_went_silent_is_kept(
    world: World, qliro: Extraction, store: Store
) -> None:
    plan(world, Fault("500_before", nth=4, times=1000, path="GetSettlementsByBatchId"))
    with pytest.raises(UnavailableError):
        sync_settlements(qliro, payouts_from=FROM)
    world.faults.clear()
    assert store.value("SELECT count(*) FROM raw.answer WHERE status = 500") > 0
    forget(world)
    assert sync_settlements(qliro, payouts_from=FROM).findings == []
    stage(store)
    assert store.value("SELECT count(DISTINCT Id) FROM qliro.settlement_line") == len(world.batches)


def test_wrong_credentials_end_the_sync_with_the_remedy(world: World, qliro: Extraction) -> None:
    world.access.merchant_api_secret = "another"
    with pytest.raises(AccessError, match="Qliro"):
        sync_settlements(qliro, payouts_from=FROM)


def test_an_order_is_asked_for_only_where_a_line_has_no_reference(
    world: World, qliro: Extraction, store: Store
) -> None:
    trouble: Trouble = TROUBLES["null_reference"](world)
    sync_settlements(qliro, payouts_from=FROM)
    stage(store)
    needed = orders_needed(qliro)
    assert len(needed) == 1
    assert fetch_orders(qliro, needed).findings == []
    stage(store)
    assert orders_needed(qliro) == []
    references = store.rows(
        "SELECT MerchantOrderReference FROM qliro.line_view WHERE OrderId = ? AND Type <> 'Fee'",
        needed,
    )
    assert references[0]["MerchantOrderReference"] == world.qliro_orders[needed[0]].reference
    assert trouble is not None


def test_an_order_that_qliro_lacks_is_asked_for_again_after_a_day(
    answering: Callable[..., Extraction], store: Store, clock: StoppedClock
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("GetSettlementBatches"):
            return httpx.Response(200, json={"SettlementBatches": [{"Id": 1}]})
        if "orders" in request.url.path:
            return httpx.Response(404, json={"ErrorCode": "ORDER_NOT_FOUND"})
        return httpx.Response(200, json={"Settlements": [{"OrderId": 9, "Amount": 1}]})

    extraction = answering("qliro", handler)
    sync_settlements(extraction, payouts_from=FROM)
    stage(store)
    report = fetch_orders(extraction, orders_needed(extraction))
    assert [finding.code for finding in report.findings] == ["order-not-read"]
    assert orders_needed(extraction) == []
    clock.advance(25 * 3600)
    assert orders_needed(extraction) == [9]


def test_an_answer_about_another_order_is_reported(answering: Callable[..., Extraction]) -> None:
    extraction = answering("qliro", lambda _: httpx.Response(200, json={"OrderId": 10}))
    report = fetch_orders(extraction, [9])
    assert [finding.code for finding in report.findings] == ["other-order"]


def test_lines_under_a_status_that_nobody_knows_are_reported(
    answering: Callable[..., Extraction],
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("GetSettlementBatches"):
            return httpx.Response(200, json={"SettlementBatches": [{"Id": 1}]})
        return httpx.Response(200, text=json.dumps({"Settlements": [], "HeldSettlements": [{}]}))

    report = sync_settlements(answering("qliro", handler), payouts_from=FROM)
    assert [finding.code for finding in report.findings] == ["line-not-read"]
    assert "HeldSettlements" in report.findings[0].message
