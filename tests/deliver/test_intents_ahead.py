"""Intents that are written down several at a time: what a crash, an end or a slow turn leaves of
those that were not sent yet."""

from __future__ import annotations

import itertools
from contextlib import suppress

import httpx
import pytest

from deliver.desk import Desk
from deliver.test_protocol import Crash, Wire, crash, is_write
from engine.deliver.delivery import MOST_AHEAD
from engine.deliver.queue import LEAVES_WITHIN
from engine.transport.limiter import Limiter

DOCUMENTS = 12


def desk_of(parallel: int = 2) -> Desk:
    """Payments of different invoices, so that none waits for another."""
    desk = Desk(parallel=parallel)
    for _ in range(DOCUMENTS):
        desk.payment(desk.invoice())
    return desk


def test_the_intents_and_answers_of_many_writes_share_their_commits() -> None:
    desk = desk_of()
    with crash(10_000, before=True) as count:
        desk.deliver()
    assert desk.store.value("SELECT count(*) FROM ledger.event") == 4 * DOCUMENTS
    assert count[0] <= DOCUMENTS
    desk.exactly_once()


def test_every_intent_is_in_the_ledger_with_its_bytes_before_its_request_leaves() -> None:
    desk = desk_of(parallel=1)
    early: list[str] = []

    def leaving(request: httpx.Request) -> httpx.Response | None:
        if is_write(request):
            written = desk.store.connection.cursor().execute(
                "SELECT count(*) FROM ledger.event WHERE event = 'sending' AND path = ? "
                "AND body IS NOT DISTINCT FROM ?",
                [request.url.path, request.content.decode() or None],
            )
            if not written.fetchall()[0][0]:
                early.append(str(request.url))
        return None

    desk.transport = Wire(desk, leaving)
    desk.deliver()
    assert early == []
    desk.exactly_once()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_process_that_ends_around_any_commit_of_many_intents_posts_exactly_once(
    before: bool,
) -> None:
    for nth in itertools.count(1):
        desk = desk_of()
        try:
            with crash(nth, before=before):
                desk.deliver()
        except Crash:
            with suppress(Crash), crash(nth, before=before):
                desk.go_on()
            desk.go_on()
            desk.exactly_once()
            assert desk.settled_in_time()
        else:
            break
    assert nth > 4


def test_after_a_crash_no_more_is_looked_for_than_was_intended_at_once() -> None:
    desk = desk_of(parallel=1)
    with suppress(Crash), crash(4, before=False):
        desk.deliver()
    begun = len(desk.requests())
    left = desk.store.value("SELECT count(*) FROM ledger.step WHERE event = 'sending'")
    desk.go_on()
    looks = [one for one in desk.requests()[begun:] if one.startswith("GET")]
    assert 1 < left <= MOST_AHEAD + desk.parallel
    assert len(looks) <= 2 * left
    desk.exactly_once()


def test_told_to_end_what_was_only_intended_is_called_off_and_sent_by_the_next_run_at_once() -> (
    None
):
    desk = desk_of(parallel=1)
    count = itertools.count(1)

    def stop(_request: httpx.Request) -> httpx.Response | None:
        if next(count) == 5:
            desk.stop.set()
        return None

    desk.transport = Wire(desk, stop)
    report = desk.deliver()
    assert (report.stopped, report.unknown, len(desk.requests())) == (True, [], 5)
    events = desk.store.rows("SELECT DISTINCT note FROM ledger.event WHERE event = 'not-sent'")
    assert [row["note"] for row in events] == ["the run ended before its turn"]
    desk.stop.clear()
    desk.go_on()
    assert not [one for one in desk.requests() if one.startswith("GET")]
    desk.exactly_once()


def test_an_intent_that_waits_too_long_for_its_turn_is_written_down_anew() -> None:
    desk = desk_of(parallel=1)

    class Slow(Limiter):
        waits = itertools.chain([0.0] * 6, itertools.repeat(LEAVES_WITHIN * 0.6))

        def wait(self) -> float:
            desk.clock.sleep(next(self.waits))
            return 0.0

    desk.limiter = Slow(desk.clock)
    report = desk.deliver()
    assert report.failure is None
    assert len(report.done) == DOCUMENTS
    assert desk.store.value("SELECT count(*) FROM ledger.event WHERE note LIKE '%too late%'") > 0
    assert not [one for one in desk.requests() if one.startswith("GET")]
    desk.exactly_once()


def test_steps_of_documents_that_stand_come_in_their_order_and_before_new_documents() -> None:
    desk = desk_of(parallel=1)
    desk.deliver()
    made = [one for one in desk.requests() if one.startswith("POST")]
    booked = [one for one in desk.requests() if one.startswith("PUT")]
    assert len(made) == len(booked) == DOCUMENTS
    numbers = [desk.number(action) or "" for action in desk.actions]
    assert [one.split("/")[3] for one in booked] == numbers == sorted(numbers, key=int)
