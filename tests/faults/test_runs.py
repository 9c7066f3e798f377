"""Whole runs that something goes wrong in: what is told, what stands, what the next run does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine import session as sessions
from engine.errors import AccessError, Exit, StoppedError, UnavailableError, UsageError
from engine.extract.personal_key import personal_key
from engine.report.resolve import resolve
from engine.sandbox.history import new_sale, pay, settle
from engine.sandbox.transport import Killed, SandboxTransport
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import World, next_voucher
from engine.store.database import Store
from engine.store.ledger import Action, Event, record, record_actions, unsettled
from faults.shop import (
    Shop,
    foreign_payment,
    merchant,
    new_world,
    payout_of,
    posted,
    requests,
    session,
)


class Wire(SandboxTransport):
    """The sandbox with something done before each request, or in place of its answer."""

    def __init__(self, world: World, before: Callable[[httpx.Request], httpx.Response | None]):
        super().__init__(world)
        self.before = before
        self.lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            given = self.before(request)
        return given or super().handle_request(request)


def run_over(
    shop: Shop,
    before: Callable[[httpx.Request], httpx.Response | None],
    opened: Callable[[sessions.Session], None] = lambda _: None,
) -> sessions.RunReport:
    with session(shop.merchant, shop.store, shop.world, Wire(shop.world, before)) as one:
        opened(one)
        return sessions.run(one)


def two_captures(tmp_path: Path, **changed: Any) -> Shop:
    """Two captures on one invoice, and a clean sale, in one payout."""
    world = new_world()
    payout_of(world, "two_captures_one_invoice", "clean_sale")
    return Shop(world, tmp_path, delivery={"parallel": 1}, **changed)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed run leaves in the books."""
    shop = two_captures(tmp_path_factory.mktemp("whole"))
    assert shop.run().exit_code == Exit.OK
    return posted(shop.world)


# -- what a cut-off run did to an invoice ---------------------------------------------------------


@pytest.mark.parametrize("overpayment", ["park", "suspense"])
@pytest.mark.parametrize("write", ["POST", "PUT"])
def test_what_a_killed_run_took_of_an_invoice_is_known_before_the_rest_is_planned(
    tmp_path: Path, whole: dict[str, Any], write: str, overpayment: str
) -> None:
    shop = two_captures(tmp_path, overpayment=overpayment)
    plan(shop.world, Fault("kill_after", method=write, path="invoicepayments"))
    with pytest.raises(Killed):
        shop.run()
    report = shop.run()
    assert report.exit_code == Exit.OK
    assert posted(shop.world) == whole
    assert shop.states() == {("posted", "posted"): 3}


def test_lines_of_an_invoice_that_is_not_settled_wait_and_are_not_guessed_at(
    tmp_path: Path,
) -> None:
    shop = two_captures(tmp_path, overpayment="suspense")
    plan(shop.world, Fault("kill_after", method="PUT", path="invoicepayments"))
    with pytest.raises(Killed):
        shop.run()
    with session(shop.merchant, shop.store, shop.world) as one:
        findings = sessions.sync(one)
        made = sessions.plan(one, findings)
    assert {outcome.code for outcome in made.outcomes if outcome.state == "waiting"} == {
        "unsettled"
    }
    # the one that was sent, and another whose intent was written down with its own
    unknown = list(unsettled(shop.store).values())
    assert [one.action for one in made.actions if one.target.endswith("payment")] == unknown


def test_what_was_begun_of_a_payout_that_is_no_longer_looked_at_is_finished(
    tmp_path: Path,
) -> None:
    shop = two_captures(tmp_path)
    plan(shop.world, Fault("kill_after", method="POST", path="invoicepayments"))
    with pytest.raises(Killed):
        shop.run()
    late = Shop(shop.world, tmp_path, payouts_from="2026-11-15")
    late.store = shop.store
    late.run()
    assert [payment.booked for payment in shop.world.payments.values()] == [True]
    assert shop.store.value("SELECT count(*) FROM ledger.step WHERE event = 'done'") >= 1


def test_a_lost_action_of_a_mapping_that_is_gone_is_still_looked_for(tmp_path: Path) -> None:
    shop = two_captures(tmp_path)
    plan(shop.world, Fault("kill_after", method="POST", path="vouchers"))
    with pytest.raises(Killed):
        shop.run()
    shop.store.execute("UPDATE ledger.action SET mapping = 'of-yore'")
    with session(shop.merchant, shop.store, shop.world) as one:
        sessions.recover(one)
    events = shop.store.rows("SELECT event FROM ledger.step WHERE step = 'create'")
    assert {row["event"] for row in events} <= {"found", "done"}


# -- undecided ------------------------------------------------------------------------------------


def ambiguous(tmp_path: Path) -> tuple[Shop, str]:
    """A lost payment, and a foreign one that looks the same; gives the line's id."""
    world = new_world()
    payout_of(world, "part_payment")
    shop = Shop(world, tmp_path, delivery={"parallel": 1})
    plan(world, Fault("drop_after", method="POST", path="invoicepayments"))
    stood: list[int] = []

    def somebody(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and "invoicepayments" in request.url.path and not stood:
            like = json.loads(request.content)["InvoicePayment"]
            stood.append(foreign_payment(world, int(like["InvoiceNumber"]), like))
        return None

    report = run_over(shop, somebody)
    assert report.exit_code == Exit.ATTENTION
    assert shop.states() == {("parked", "undecided"): 1}
    line = shop.store.value("SELECT line FROM ledger.line_state")
    return shop, str(line)


def writes(world: World) -> int:
    return sum(method != "GET" and "oauth" not in path for method, path in requests(world))


def test_what_is_undecided_is_left_alone_until_a_person_decides(tmp_path: Path) -> None:
    shop, _ = ambiguous(tmp_path)
    before = writes(shop.world)
    shop.later()
    assert shop.run().exit_code == Exit.ATTENTION
    assert writes(shop.world) == before
    assert shop.states() == {("parked", "undecided"): 1}


def test_a_person_names_the_document_that_it_is(tmp_path: Path) -> None:
    shop, line = ambiguous(tmp_path)
    ours = str(shop.world.made_payments[0])
    resolve(shop.store, shop.world.now(), "Eva", line, "retry", detail=ours)
    assert shop.run().exit_code == Exit.OK
    assert shop.states() == {("posted", "posted"): 1}
    assert shop.world.payments[int(ours)].booked
    assert len(shop.world.payments) == 2


def test_a_person_says_that_it_is_not_there_and_the_foreign_one_is_adopted(
    tmp_path: Path,
) -> None:
    shop, line = ambiguous(tmp_path)
    ours = shop.world.made_payments[0]
    invoice = shop.world.payments[ours].invoice
    del shop.world.payments[ours]
    shop.world.payments_of[invoice].remove(ours)
    shop.store.execute("DELETE FROM fortnox.invoice_payment WHERE Number = ?", [str(ours)])
    resolve(shop.store, shop.world.now(), "Eva", line, "retry")
    assert shop.run().exit_code == Exit.OK
    assert len(shop.world.payments) == 1
    assert shop.states() == {("adopted", "adopted"): 1}


def test_a_person_cannot_name_a_document_that_is_another_lines(tmp_path: Path) -> None:
    shop, line = ambiguous(tmp_path)
    store, now = shop.store, shop.world.now()
    other = Action("other", "payment", "fortnox.invoice_payment", "line", "70009", (), {}, {})
    record_actions(store, "run", now, [other])
    record(store, "run", now, Event("other", "create", "done", number="1"))
    with pytest.raises(UsageError, match="already the document of other"):
        resolve(store, now, "Eva", line, "retry", detail="1")
    assert store.value("SELECT count(*) FROM ledger.resolution") == 0


@pytest.mark.parametrize("there", [True, False])
def test_a_payouts_transfer_that_is_undecided_is_decided_by_the_payout(
    tmp_path: Path, there: bool
) -> None:
    shop = two_captures(tmp_path)
    world = shop.world
    plan(world, Fault("drop_after", method="POST", path="vouchers"))

    def copied(request: httpx.Request) -> httpx.Response | None:
        if "sublist/T" in request.url.path and len(world.made_vouchers) == 1:
            ours = world.vouchers[world.made_vouchers[0]]
            key = next_voucher(world, ours.key.series, ours.key.year)
            world.vouchers[key] = replace(ours, key=key, modified=world.now())
        return None

    assert run_over(shop, copied).exit_code == Exit.ATTENTION
    (payout,) = shop.store.rows("SELECT payout, transfer FROM ledger.payout_state")
    assert payout["transfer"] == "parked"
    copy = next(key for key in world.vouchers if key not in world.made_vouchers
                and key.series == "T")  # fmt: skip
    del world.vouchers[copy]
    if there:
        resolve(shop.store, world.now(), "Eva", payout["payout"], "retry", detail="T/1/2")
    else:
        del world.vouchers[world.made_vouchers.pop()]
        resolve(shop.store, world.now(), "Eva", payout["payout"], "retry")
    assert shop.run().exit_code == Exit.OK
    texts = [one.description for one in world.vouchers.values() if one.key.series == "T"]
    assert len(texts) == 1
    assert shop.store.value("SELECT closed FROM ledger.payout_state")


def test_a_refused_payment_that_somebody_then_made_by_hand_is_adopted_for_good(
    tmp_path: Path,
) -> None:
    world = new_world()
    payout_of(world, "clean_sale")
    shop = Shop(world, tmp_path)
    body = b'{"ErrorInformation":{"error":1,"message":"Nej","code":2000423}}'

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_payment = request.method == "POST" and "invoicepayments" in request.url.path
        return httpx.Response(400, content=body) if is_payment else None

    assert run_over(shop, refuse).exit_code == Exit.ATTENTION
    (invoice,) = world.invoices.values()
    day = next(iter(world.batches.values())).day
    made = pay(world, invoice, invoice.total, 1581, day=day)
    world.payments[made.number] = replace(world.payments[made.number], modified=world.now())
    changed = replace(world.invoices[invoice.number], modified=world.now())
    world.invoices[invoice.number] = changed
    for _ in range(2):
        shop.later()
        assert shop.run().exit_code == Exit.OK
        assert shop.states() == {("adopted", "adopted"): 1}
    assert len(world.payments) == 1
    assert shop.store.value("SELECT closed FROM ledger.payout_state")


# -- refused altogether ---------------------------------------------------------------------------


REFUSALS = {
    "the token": (401, b'{"message":"unauthorized"}'),
    "a scope": (403, b'{"ErrorInformation":{"error":1,"message":"Nej","code":2000663}}'),
    "a licence": (400, b'{"ErrorInformation":{"error":1,"message":"Nej","code":2001101}}'),
}


@pytest.mark.parametrize(
    ("what", "nth"),
    [("the token", 1), ("a scope", 6), ("the token", 13), ("a licence", 14), ("a scope", 15),
     ("a licence", 19)],
)  # fmt: skip
def test_access_lost_in_the_middle_is_one_paragraph_and_the_next_run_goes_on(
    tmp_path: Path, whole: dict[str, Any], what: str, nth: int
) -> None:
    status, body = REFUSALS[what]
    shop = two_captures(tmp_path)
    count = iter(range(1, 1000))

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if "/3/" in request.url.path and next(count) >= nth:
            return httpx.Response(status, content=body)
        return None

    with pytest.raises(AccessError) as told:
        run_over(shop, refuse)
    assert "\n" not in str(told.value)
    assert told.value.remedy or "(" in told.value.message
    assert shop.store.value("SELECT count(*) FROM ledger.step WHERE event = 'sending'") == 0
    assert not any(code == "refused" for _, code in shop.states())
    assert shop.run().exit_code == Exit.OK
    assert posted(shop.world) == whole


# -- told to end ----------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", [1, 12, 18, 21])
def test_told_to_end_it_ends_after_the_request_in_flight_and_the_next_run_finishes(
    tmp_path: Path, whole: dict[str, Any], nth: int
) -> None:
    shop = two_captures(tmp_path)
    count = iter(range(1, 1000))
    stop: list[threading.Event] = []

    def end(_request: httpx.Request) -> httpx.Response | None:
        if next(count) == nth:
            stop[0].set()
        return None

    code: Exit | None = None
    with suppress(StoppedError):
        code = run_over(shop, end, lambda one: stop.append(one.stop)).exit_code
    code = code or StoppedError("").exit_code
    assert code == Exit.TRY_LATER
    # Reads run ahead of what is written down; of writes there was one at a time.
    assert len(shop.world.journal) <= nth + 3
    assert shop.store.value("SELECT count(*) FROM ledger.step WHERE event = 'sending'") == 0
    assert shop.run().exit_code == Exit.OK
    assert posted(shop.world) == whole


def test_told_to_end_while_it_waits_for_the_settle_delay_it_ends(tmp_path: Path) -> None:
    shop = two_captures(tmp_path)
    plan(shop.world, Fault("kill_after", method="POST", path="invoicepayments"))
    with pytest.raises(Killed):
        shop.run()
    seen = len(shop.world.journal)
    with session(shop.merchant, shop.store, shop.world) as one:
        one.stop.set()
        with pytest.raises(StoppedError):
            sessions.run(one)
    assert len(shop.world.journal) == seen
    assert shop.run().exit_code == Exit.OK


# -- servers that do not answer -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path"),
    [("timeout_before", "GetSettlementBatches"), ("500_before", "/3/accounts"),
     ("429", "/3/invoicepayments$"), ("drop_before", "GetSettlementsByBatchId")],
)  # fmt: skip
def test_a_server_that_does_not_answer_means_try_later_and_nothing_is_lost(
    tmp_path: Path, path: str, kind: str
) -> None:
    shop = two_captures(tmp_path)
    plan(shop.world, Fault(kind, method="GET", path=path, times=6))
    with pytest.raises(UnavailableError) as told:
        shop.run()
    assert told.value.exit_code == Exit.TRY_LATER
    shop.world.faults.clear()
    assert shop.run().exit_code == Exit.OK
    assert shop.states() == {("posted", "posted"): 3}


def test_the_states_of_a_run_that_was_broken_off_are_written_down(tmp_path: Path) -> None:
    shop = two_captures(tmp_path)
    plan(
        shop.world,
        Fault("500_after", method="POST", path="/3/(invoicepayments|vouchers)", times=100),
        Fault("500_after", method="GET", path=r"/3/invoicepayments$", nth=2, times=100),
    )
    with pytest.raises(UnavailableError):
        shop.run()
    assert shop.store.value("SELECT count(*) FROM ledger.payout_state") == 1
    assert not any(state == "posted" for state, _ in shop.states())
    shop.world.faults.clear()
    assert shop.run().exit_code == Exit.OK
    assert shop.states() == {("posted", "posted"): 3}


# -- malformed, truncated, surprising -------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("truncated", "GetSettlementBatches"),
        ("truncated", "GetSettlementsByBatchId"),
        ("html", "GetSettlementsByBatchId"),
        ("not_json_error", "GetSettlementsByBatchId"),
        ("truncated", "/3/invoices$"),
        ("html", "/3/invoicepayments$"),
        ("empty", "/3/accounts"),
        ("not_json_error", "/3/financialyears"),
        ("html", "/3/vouchers/sublist/T"),
    ],
)
def test_an_answer_that_cannot_be_read_is_kept_and_the_next_run_posts_all(
    tmp_path: Path, whole: dict[str, Any], path: str, kind: str
) -> None:
    shop = two_captures(tmp_path)
    plan(shop.world, Fault(kind, method="GET", path=path))
    report = shop.run()
    assert report.findings.findings, "nobody is told"
    kept = shop.store.value("SELECT count(*) FROM raw.answer WHERE problem IS NOT NULL "
                            "OR status <> 200")  # fmt: skip
    assert kept == 1
    assert len(shop.world.payments) in (0, 3)
    shop.later(86_400)
    shop.run()
    assert shop.states() == {("posted", "posted"): 3}
    assert posted(shop.world) == whole


def test_one_broken_batch_does_not_hold_up_the_others(tmp_path: Path) -> None:
    world = new_world()
    payout_of(world, "clean_sale")
    other = settle(world, [])
    settle(world, [new_sale(world).line], into=other.id)
    shop = Shop(world, tmp_path)
    plan(world, Fault("truncated", path="GetSettlementsByBatchId"))
    shop.run()
    assert len(world.made_payments) == 1
    shop.run()
    assert len(world.made_payments) == 2


# -- cut off between its own steps ----------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("back", [1, 3, 30])
def test_a_process_that_ends_amid_its_own_writing_is_followed_by_one_that_ends_well(
    tmp_path: Path, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch, back: int, when: str
) -> None:
    """So many writes before the last one of a run: while plan and states are written down."""
    append = Store.append
    count = [0]
    fatal = [0]

    def appended(self: Store, *arguments: Any) -> None:
        count[0] += 1
        if count[0] == fatal[0] and when == "before":
            raise Crash
        append(self, *arguments)
        if count[0] == fatal[0]:
            raise Crash

    monkeypatch.setattr(Store, "append", appended)
    two_captures(tmp_path).run()
    fatal[0], count[0] = count[0] - back + 1, 0
    shop = two_captures(tmp_path)
    with pytest.raises(Crash):
        shop.run()
    assert shop.run().exit_code == Exit.OK
    assert posted(shop.world) == whole
    assert shop.states() == {("posted", "posted"): 3}


def test_the_key_of_personal_numbers_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = merchant(tmp_path)

    def crash(_: int) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr("engine.store.files.os.fsync", crash)
        with pytest.raises(Crash):
            personal_key(of)
    key = personal_key(of)
    assert len(key) == 32
    assert personal_key(of) == key
