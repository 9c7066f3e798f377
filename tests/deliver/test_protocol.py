"""The protocol step by step: what is refused, adopted, left to a person, and when it stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from deliver.desk import Desk
from engine.clock import StoppedClock
from engine.deliver import queue
from engine.deliver.landing import MOST_LOST, MOST_TRIES
from engine.errors import AccessError, UnavailableError
from engine.sandbox.fortnox.writes import settle_payment
from engine.sandbox.history import at
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import Voucher, VoucherRow, next_voucher
from engine.store.ledger import Event, begun, record, record_actions
from engine.transport.answers import same
from engine.transport.limiter import Limiter


class Wire(httpx.BaseTransport):
    """The sandbox with something done before each request, or in place of its answer."""

    def __init__(
        self, desk: Desk, before: Callable[[httpx.Request], httpx.Response | None]
    ) -> None:
        self.inner = SandboxTransport(desk.world)
        self.before = before
        self.lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            given = self.before(request)
        return given or self.inner.handle_request(request)


def is_write(request: httpx.Request) -> bool:
    return request.method != "GET" and "oauth" not in str(request.url)


# -- refused --------------------------------------------------------------------------------------


def test_a_refusal_is_told_in_the_words_of_the_catalogue_and_the_rest_goes_on() -> None:
    desk = Desk()
    paid = desk.invoice()
    desk.foreign(paid, booked=True)
    refused, other = desk.payment(paid), desk.payment(desk.invoice())
    report = desk.deliver()
    assert report.refused.keys() == {refused.action}
    assert "2003055" in report.refused[refused.action]
    assert desk.events(refused) == ["sending", "refused"]
    assert other.action in report.done


def test_a_refused_document_that_was_mended_is_sent_as_it_reads_now() -> None:
    desk = Desk()
    first = desk.voucher()
    bad = replace(first, document={**first.document, "VoucherSeries": "A"})
    assert desk.deliver([bad]).refused
    assert desk.deliver([first]).refused == {}
    desk.exactly_once()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"message":"unauthorized"}'),
        (403, b'{"ErrorInformation":{"error":1,"message":"Nej","code":2000663}}'),
        (400, b'{"ErrorInformation":{"error":1,"message":"Licens","code":2001101}}'),
    ],
)
def test_lost_rights_end_the_run_with_one_error_and_nothing_half_done(
    status: int, body: bytes
) -> None:
    desk = Desk(parallel=2)
    for _ in range(4):
        desk.payment(desk.invoice())
    writes = iter(range(100))

    def third(request: httpx.Request) -> httpx.Response | None:
        if is_write(request) and next(writes) >= 3:
            return httpx.Response(status, content=body)
        return None

    desk.transport = Wire(desk, third)
    report = desk.deliver()
    assert isinstance(report.failure, AccessError)
    assert report.refused == {}
    desk.transport = SandboxTransport(desk.world)
    assert desk.go_on().failure is None
    desk.exactly_once()


def test_bookkeeping_that_somebody_else_did_first_counts_as_done() -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())

    def book(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PUT":
            settle_payment(desk.world, next(iter(desk.world.payments.values())))
        return None

    desk.transport = Wire(desk, book)
    report = desk.deliver()
    assert (report.refused, report.done) == ({}, [action.action])
    assert desk.events(action, "bookkeep") == ["sending", "refused", "found"]


def test_bookkeeping_that_is_refused_and_was_not_done_is_refused() -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())

    def lock(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PUT":
            desk.world.locked_until = desk.world.today()
        return None

    desk.transport = Wire(desk, lock)
    report = desk.deliver()
    assert list(report.refused) == [action.action]
    desk.world.locked_until = None
    desk.transport = SandboxTransport(desk.world)
    assert desk.go_on().refused == {}
    desk.exactly_once()


# -- whose document is it -------------------------------------------------------------------------


def test_a_document_that_another_action_adopted_is_not_taken_for_a_lost_one() -> None:
    desk = Desk()
    invoice = desk.invoice("200.00")
    foreign = desk.foreign(invoice, booked=True)
    adopting = desk.payment(invoice, adopted=str(foreign), then=(), consumed_of=None)
    lost = desk.payment(invoice)
    plan(desk.world, Fault("drop_before", method="POST"))
    desk.deliver()
    assert desk.number(adopting) == str(foreign)
    assert desk.events(lost) == ["sending", "unknown", "absent", "sending", "done"]
    desk.exactly_once()


def test_a_document_that_is_to_be_adopted_later_in_the_run_is_not_taken_for_a_lost_one() -> None:
    desk = Desk()
    invoice = desk.invoice("200.00")
    foreign = desk.foreign(invoice)
    lost = desk.payment(invoice)
    adopting = desk.payment(invoice, adopted=str(foreign))
    plan(desk.world, Fault("drop_before", method="POST"))
    desk.deliver()
    assert desk.events(lost) == ["sending", "unknown", "absent", "sending", "done"]
    assert desk.number(adopting) == str(foreign)
    desk.exactly_once()


def test_a_found_payment_that_is_booked_already_is_not_booked_again() -> None:
    desk = Desk()
    action = desk.payment(invoice := desk.invoice())
    foreign: list[int] = []

    def somebody(request: httpx.Request) -> httpx.Response | None:
        if is_write(request) and not foreign:
            foreign.append(desk.foreign(invoice, booked=True))
        return None

    desk.transport = Wire(desk, somebody)
    plan(desk.world, Fault("drop_before", method="POST"))
    desk.deliver()
    assert desk.number(action) == str(foreign[0])
    assert desk.events(action, "bookkeep") == ["found"]
    desk.exactly_once()


def test_two_documents_that_could_be_it_are_left_to_a_person_and_never_sent_again() -> None:
    desk = Desk()
    action = desk.payment(invoice := desk.invoice("300.00"))
    plan(desk.world, Fault("drop_after", method="POST"))

    def somebody(request: httpx.Request) -> httpx.Response | None:
        if is_write(request):
            desk.foreign(invoice)
        return None

    desk.transport = Wire(desk, somebody)
    report = desk.deliver()
    assert list(report.undecided) == [action.action]
    writes = sum(request.startswith("POST") for request in desk.requests())
    assert list(desk.deliver([action]).undecided) == [action.action]
    assert begun(desk.store) == []
    assert sum(request.startswith("POST") for request in desk.requests()) == writes


def test_an_answer_that_shows_another_amount_or_day_is_not_taken_for_it() -> None:
    desk = Desk()
    action = desk.payment(invoice := desk.invoice("300.00"), "100.00")
    desk.foreign(invoice, "100.01")
    plan(desk.world, Fault("timeout_before", method="POST"))
    desk.deliver()
    assert desk.events(action) == ["sending", "unknown", "absent", "sending", "done"]


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (Decimal("95.00"), 95, True),
        ("95.00", Decimal(95), True),
        (Decimal("95.01"), Decimal("95.00"), False),
        ("1581", 1581, True),
        ("Qliro  tvist ", "Qliro tvist", True),
        ("Qliro tvist 1", "Qliro tvist 2", False),
        (None, "", False),
        ("x", Decimal(1), False),
    ],
)
def test_fields_agree_as_the_api_means_them(left: Any, right: Any, equal: bool) -> None:
    assert same(left, right) is equal
    assert same(right, left) is equal


# -- looking --------------------------------------------------------------------------------------


def crowd(desk: Desk, texts: int) -> None:
    """So many vouchers of others in our series, made today."""
    for number in range(texts):
        key = next_voucher(desk.world, "T", 2)
        row = VoucherRow(1930, Decimal(1))
        desk.world.vouchers[key] = Voucher(
            key, f"Annan {number}", at(desk.world.today()).date(), (row,), desk.world.now(),
            reference_type="OTHER",
        )  # fmt: skip


def test_a_document_on_the_third_page_of_a_list_is_found() -> None:
    desk = Desk()
    crowd(desk, 1100)
    action = desk.voucher()
    plan(desk.world, Fault("timeout_after", method="POST"))
    desk.deliver()
    assert desk.events(action) == ["sending", "unknown", "found"]
    pages = [entry.query for entry in desk.world.journal if "sublist" in entry.path]
    assert [query.rpartition("page=")[2] for query in pages] == ["1", "2", "3"]
    desk.exactly_once()


def test_a_voucher_is_found_although_the_clocks_differ_by_hours() -> None:
    desk = Desk()
    action = desk.voucher()
    plan(desk.world, Fault("timeout_after", method="POST"))
    ours = StoppedClock(desk.clock.now().replace(hour=20))  # Fortnox's is hours behind
    desk.clock = ours  # type: ignore[assignment]
    desk.deliver()
    assert desk.events(action) == ["sending", "unknown", "found"]
    desk.exactly_once()


LOOKS = {
    "payments": ("payment", r"^/3/invoicepayments$"),
    "payment": ("payment", r"^/3/invoicepayments/\d+$"),
    "vouchers": ("voucher", "sublist"),
}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("kind", ["drop_before", "500_after", "truncated", "429", "html", "empty",
                                  "not_json_error"])  # fmt: skip
def test_a_look_up_that_fails_is_asked_again(kind: str, look: str, times: int) -> None:
    desk = Desk()
    what, path = LOOKS[look]
    desk.payment(desk.invoice()) if what == "payment" else desk.voucher()
    plan(
        desk.world,
        Fault("timeout_after", method="POST"),
        Fault(kind, method="GET", path=path, times=times),
    )
    report = desk.deliver()
    assert (report.failure, report.unknown, report.undecided) == (None, [], {})
    desk.exactly_once()


@pytest.mark.parametrize("kind", ["timeout_before", "500_before", "429"])
def test_look_ups_that_go_unanswered_end_the_run_and_the_next_one_goes_on(kind: str) -> None:
    desk = Desk()
    lost, other = desk.payment(desk.invoice()), desk.voucher()
    plan(
        desk.world,
        Fault("drop_after", method="POST", path="payments"),
        Fault(kind, method="GET", times=6),
    )
    report = desk.deliver()
    assert isinstance(report.failure, UnavailableError)
    assert report.unknown == [lost.action]
    assert other.action in report.done
    assert desk.go_on().failure is None
    desk.exactly_once()


@pytest.mark.parametrize("kind", ["truncated", "html", "empty", "not_json_error"])
def test_a_look_up_that_stays_unreadable_waits_for_the_next_run_and_the_rest_goes_on(
    kind: str,
) -> None:
    desk = Desk()
    invoice = desk.invoice("200.00")
    lost, behind, other = desk.payment(invoice), desk.payment(invoice), desk.voucher()
    plan(
        desk.world,
        Fault("drop_after", method="POST", path="payments"),
        Fault(kind, method="GET", times=3),
    )
    report = desk.deliver()
    assert report.failure is None
    assert report.unknown == [lost.action]
    assert report.done == [other.action]
    assert desk.store.value("SELECT count(*) FROM ledger.event WHERE action = ?",
                            [behind.action]) == 0  # fmt: skip
    desk.go_on()
    desk.exactly_once()


def test_a_payment_that_was_removed_before_it_was_booked_is_left_to_a_person() -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())
    plan(desk.world, Fault("drop_before", method="PUT"))

    def remove(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET" and desk.world.payments:
            desk.world.payments.clear()
        return None

    desk.transport = Wire(desk, remove)
    report = desk.deliver()
    assert list(report.undecided) == [action.action]
    assert "could not be looked for" in report.undecided[action.action]


@pytest.mark.parametrize("status", [408, 302, 502])
def test_an_answer_of_something_between_us_and_fortnox_is_no_definite_one(status: int) -> None:
    desk = Desk()
    action = desk.voucher()
    inner = SandboxTransport(desk.world)

    def spoil(request: httpx.Request) -> httpx.Response | None:
        if is_write(request):
            inner.handle_request(request)
            return httpx.Response(status, content=b'{"message": "upstream"}')
        return None

    desk.transport = Wire(desk, spoil)
    desk.deliver()
    assert desk.events(action) == ["sending", "unknown", "found"]
    desk.exactly_once()


# -- how long it goes on --------------------------------------------------------------------------


def test_a_server_that_loses_several_writes_in_a_row_gets_no_more_of_them() -> None:
    desk = Desk()
    for _ in range(MOST_LOST + 3):
        desk.voucher()
    plan(desk.world, Fault("500_before", method="POST", times=100))
    report = desk.deliver()
    assert isinstance(report.failure, UnavailableError)
    assert len(desk.requests()) == MOST_LOST
    assert len(report.unknown) == MOST_LOST
    desk.world.faults.clear()
    assert desk.go_on().failure is None
    desk.exactly_once()


def test_unreadable_answers_of_a_server_count_as_lost() -> None:
    desk = Desk()
    for _ in range(MOST_LOST + 3):
        desk.voucher()
    plan(desk.world, Fault("html", method="POST", times=100))
    assert isinstance(desk.deliver().failure, UnavailableError)
    assert len(desk.requests()) == MOST_LOST
    desk.world.faults.clear()
    desk.go_on()
    desk.exactly_once()


def test_one_document_that_the_server_fails_on_is_left_to_a_person_and_the_rest_goes_on() -> None:
    desk = Desk()
    bad, good = desk.payment(desk.invoice()), desk.voucher()
    plan(desk.world, Fault("500_before", method="POST", path="payments", times=MOST_TRIES))
    report = desk.deliver()
    assert report.failure is None
    assert f"sent {MOST_TRIES} times" in report.refused[bad.action]
    assert good.action in report.done
    desk.go_on()
    desk.exactly_once()


def test_a_storm_of_429_slows_down_and_loses_nothing() -> None:
    desk = Desk(parallel=4)
    desk.limiter = Limiter(desk.clock, 25, 5.0)
    for _ in range(10):
        desk.payment(desk.invoice())
    plan(desk.world, Fault("429", nth=4, times=12))
    before = desk.clock.monotonic()
    report = desk.deliver()
    assert report.failure is None
    assert len(report.done) == 10
    assert desk.clock.monotonic() - before > 5.0
    desk.exactly_once()


def test_a_storm_of_429_without_end_ends_the_run() -> None:
    desk = Desk(parallel=2)
    desk.limiter = Limiter(desk.clock, 25, 5.0)
    desk.voucher()
    plan(desk.world, Fault("429", times=10_000))
    assert isinstance(desk.deliver().failure, UnavailableError)
    assert len(desk.requests()) < 50
    desk.world.faults.clear()
    assert desk.go_on().failure is None
    desk.exactly_once()


def test_a_connection_that_cannot_be_made_is_tried_again_after_pauses() -> None:
    desk = Desk(parallel=4)
    for _ in range(5):
        desk.payment(desk.invoice())
    left = iter(range(12))

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if next(left, None) is not None:
            raise httpx.ConnectError("Connection refused", request=request)
        return None

    desk.transport = Wire(desk, refuse)
    before = desk.clock.monotonic()
    assert desk.deliver().failure is None
    assert 2 <= desk.clock.monotonic() - before < 60
    desk.exactly_once()


def test_a_server_that_cannot_be_reached_ends_the_run_and_nothing_is_unknown() -> None:
    desk = Desk(parallel=4)
    for _ in range(5):
        desk.payment(desk.invoice())

    def refuse(request: httpx.Request) -> httpx.Response | None:
        raise httpx.ConnectError("Connection refused", request=request)

    desk.transport = Wire(desk, refuse)
    report = desk.deliver()
    assert isinstance(report.failure, UnavailableError)
    assert report.unknown == []
    assert begun(desk.store) == []
    desk.transport = SandboxTransport(desk.world)
    assert desk.go_on().failure is None
    desk.exactly_once()


def test_a_token_that_does_not_come_means_that_nothing_was_sent() -> None:
    desk = Desk(token=False)
    action = desk.payment(desk.invoice())
    plan(desk.world, Fault("timeout_before", path="token", times=2))
    desk.deliver()
    assert desk.events(action) == ["sending", "not-sent"] * 2 + ["sending", "done"]
    desk.exactly_once()


def test_credentials_that_are_refused_mean_that_nothing_was_sent() -> None:
    desk = Desk(token=False)
    action = desk.payment(desk.invoice())
    right, desk.world.access.tenant_id = desk.world.access.tenant_id, "999"
    api = desk.api()
    desk.world.access.tenant_id = right
    desk.api = lambda: api  # type: ignore[method-assign]
    report = desk.deliver()
    assert isinstance(report.failure, AccessError)
    assert desk.events(action) == ["sending", "not-sent"]


def test_a_request_whose_turn_comes_too_late_does_not_leave() -> None:
    desk = Desk()
    action = desk.voucher()

    class Slow(Limiter):
        waits = iter((45.0, 0.0))

        def wait(self) -> float:
            desk.clock.sleep(next(self.waits))
            return 0.0

    desk.limiter = Slow(desk.clock)
    desk.deliver()
    assert desk.events(action) == ["sending", "not-sent", "sending", "done"]
    assert len(desk.requests()) == 1


# -- told to end ----------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", range(1, 7))
def test_told_to_end_it_ends_after_the_request_in_flight(nth: int) -> None:
    desk = Desk()
    invoice = desk.invoice("200.00")
    desk.payment(invoice), desk.payment(invoice), desk.voucher()
    count = iter(range(1, 100))

    def stop(_request: httpx.Request) -> httpx.Response | None:
        if next(count) == nth:
            desk.stop.set()
        return None

    desk.transport = Wire(desk, stop)
    report = desk.deliver()
    assert len(desk.requests()) == min(nth, 5)
    assert report.stopped is (nth < 5)
    assert report.unknown == []
    assert desk.store.value("SELECT count(*) FROM ledger.step WHERE event = 'sending'") == 0
    desk.stop.clear()
    assert not desk.go_on().stopped
    desk.exactly_once()


def test_told_to_end_while_it_waits_for_the_settle_delay_it_ends_at_once() -> None:
    desk = Desk()
    action = desk.voucher()
    plan(desk.world, Fault("timeout_after", method="POST"))
    sleep = desk.clock.sleep

    def slept(seconds: float) -> None:
        sleep(seconds)
        desk.stop.set()

    desk.clock.sleep = slept  # type: ignore[method-assign]
    report = desk.deliver()
    assert (report.stopped, report.unknown) == (True, [action.action])
    desk.clock.sleep = sleep  # type: ignore[method-assign]
    desk.stop.clear()
    desk.go_on()
    assert desk.settled_in_time()
    desk.exactly_once()


# -- cut off between its own steps ----------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


@contextmanager
def crash(nth: int, *, before: bool) -> Iterator[list[int]]:
    """The process ends before or after the ``nth`` time that something is written down."""
    kept, count = queue.record, [0]

    def recorded(*arguments: Any) -> None:
        count[0] += 1
        if count[0] == nth and before:
            raise Crash
        kept(*arguments)
        if count[0] == nth:
            raise Crash

    queue.record = recorded
    try:
        yield count
    finally:
        queue.record = kept


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(
    ("parallel", "fault"), [(1, None), (1, "drop_after"), (1, "drop_before"), (3, "drop_after")]
)
def test_a_process_that_ends_around_any_commit_posts_exactly_once_in_the_end(
    parallel: int, before: bool, fault: str | None
) -> None:
    nth, points = 0, 0
    while True:
        nth += 1
        desk = Desk(parallel=parallel)
        invoice = desk.invoice("200.00")
        desk.payment(invoice), desk.payment(invoice), desk.voucher()
        if fault:
            plan(desk.world, Fault(fault, nth=2, method="POST"))
        try:
            with crash(nth, before=before):
                desk.deliver()
        except Crash:
            points += 1
            # and the run after it is cut off at the same place, too
            with pytest.raises(Crash) if nth <= 2 else suppress(Crash), crash(nth, before=before):
                desk.go_on()
            desk.go_on()
            desk.exactly_once()
            assert desk.settled_in_time()
        else:
            break
    assert points >= 5


def test_an_action_that_was_left_undecided_is_not_sent_whoever_asks() -> None:
    desk = Desk()
    action = desk.voucher()
    events = [Event(action.action, "create", one) for one in ("sending", "unknown", "undecided")]
    record(desk.store, "run-0", desk.clock.now(), *events)
    report = desk.deliver([action])
    assert list(report.undecided) == [action.action]
    assert desk.requests() == []


def test_recovery_creates_nothing_and_leaves_what_is_absent_to_be_planned_anew() -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())
    record_actions(desk.store, "run-0", desk.clock.now(), [action])
    record(desk.store, "run-0", desk.clock.now(), Event(action.action, "create", "sending"))
    desk.deliver(begun(desk.store), create=False)
    assert [request for request in desk.requests() if request.startswith("POST")] == []
    assert desk.events(action) == ["sending", "absent"]
    assert begun(desk.store) == []


def test_the_answer_kept_names_no_customer() -> None:
    desk = Desk()
    desk.payment(desk.invoice())
    desk.deliver()
    kept = desk.store.rows("SELECT answer FROM ledger.event WHERE answer IS NOT NULL")
    assert kept
    assert not any("Customer" in row["answer"] for row in kept)


@pytest.mark.parametrize(
    ("locked_after", "looked_after"),
    [(5.0, 125.0), (30.0, 150.0), (300.0, 300.0), (None, 150.0)],
    ids=["at once", "half a minute later", "long after", "not known"],
)
def test_after_a_killed_run_the_wait_counts_from_its_end_or_half_a_minute_after_the_intent(
    locked_after: float | None, looked_after: float
) -> None:
    """A process that no longer holds the lock sends nothing more, however late its turn came."""
    desk = Desk()
    action = desk.payment(desk.invoice())
    intent = desk.clock.now()
    record_actions(desk.store, "run-0", intent, [action])
    record(desk.store, "run-0", intent, Event(action.action, "create", "sending"))
    if locked_after is not None:
        desk.clock.sleep(locked_after)
        desk.locked_at = desk.clock.now()
    desk.deliver(begun(desk.store), create=False)
    looked = desk.world.journal[0]
    assert looked.method == "GET"
    assert (looked.at - intent).total_seconds() == pytest.approx(looked_after, abs=1)


def test_what_this_run_itself_sent_waits_as_long_as_ever() -> None:
    """Only what was intended before the lock was had is sure to have left by then."""
    desk = Desk()
    action = desk.payment(desk.invoice())
    desk.locked_at = desk.clock.now()
    desk.clock.sleep(60)
    sent = desk.clock.now()
    record_actions(desk.store, "run-1", sent, [action])
    record(desk.store, "run-1", sent, Event(action.action, "create", "sending"))
    desk.deliver(begun(desk.store), create=False)
    assert (desk.world.journal[0].at - sent).total_seconds() >= 150
