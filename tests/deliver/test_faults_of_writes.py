"""Every fault of the wire at every kind of write, once and again: nothing twice, nothing lost."""

from __future__ import annotations

import httpx
import pytest

from deliver.desk import DELAY, Desk
from engine.sandbox.transport import Killed, SandboxTransport
from engine.sandbox.world.faults import KINDS, Fault, plan

WRITES = {
    "payment": ("POST", "/3/invoicepayments"),
    "bookkeep": ("PUT", "bookkeep"),
    "voucher": ("POST", "/3/vouchers"),
}
FAULTS = sorted(kind for kind in KINDS if not kind.startswith("kill"))
# What certainly was not done may be sent again at once.
SURE = {"429"}


def small_desk(parallel: int = 1) -> Desk:
    desk = Desk(parallel=parallel)
    desk.payment(desk.invoice())
    two = desk.invoice("300.00")
    desk.payment(two, "200.00")
    desk.payment(two, "100.00")
    desk.voucher()
    return desk


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_a_write_leaves_each_document_exactly_once(
    kind: str, write: str, times: int
) -> None:
    desk = small_desk()
    method, path = WRITES[write]
    plan(desk.world, Fault(kind, method=method, path=path, times=times, seconds=60.0))
    report = desk.deliver()
    assert report.failure is None
    assert (report.refused, report.undecided, report.unknown) == ({}, {}, [])
    assert len(report.done) == 4
    assert desk.settled_in_time()
    desk.exactly_once()


@pytest.mark.parametrize("when", ["kill_before", "kill_after"])
@pytest.mark.parametrize("nth", range(1, 8))
def test_a_run_cut_off_at_any_request_is_finished_by_the_next(nth: int, when: str) -> None:
    desk = small_desk()
    plan(desk.world, Fault(when, nth=nth))
    with pytest.raises(Killed):
        desk.deliver()
    assert desk.go_on().failure is None
    assert desk.settled_in_time()
    desk.exactly_once()


@pytest.mark.parametrize("seed", range(6))
def test_two_faults_and_a_crash_with_requests_side_by_side(seed: int) -> None:
    desk = small_desk(parallel=4)
    kinds = [FAULTS[seed * 2 % len(FAULTS)], FAULTS[(seed * 2 + 1) % len(FAULTS)]]
    plan(
        desk.world,
        *(Fault(kind, nth=1 + index, method="POST") for index, kind in enumerate(kinds)),
        Fault("kill_after", nth=6 + seed % 3),
    )
    with pytest.raises(Killed):
        desk.deliver()
    assert desk.go_on().failure is None
    desk.exactly_once()


def test_what_is_lost_is_looked_for_by_identity_after_the_settle_delay() -> None:
    desk = Desk()
    action = desk.payment(invoice := desk.invoice())
    plan(desk.world, Fault("timeout_after", method="POST"))
    desk.deliver()
    assert desk.events(action) == ["sending", "unknown", "found"]
    sent, looked = desk.world.journal[0], desk.world.journal[1]
    assert (looked.at - sent.at).total_seconds() >= DELAY
    assert looked.path == "/3/invoicepayments"
    assert f"invoicenumber={invoice}" in looked.query
    desk.exactly_once()


def test_what_is_provably_not_there_is_sent_again() -> None:
    desk = Desk()
    action = desk.voucher()
    plan(desk.world, Fault("timeout_before", method="POST"))
    desk.deliver()
    assert desk.events(action) == ["sending", "unknown", "absent", "sending", "done"]
    desk.exactly_once()


def test_a_late_effect_within_the_settle_delay_is_found_and_not_repeated() -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())
    plan(desk.world, Fault("late_effect", method="POST", seconds=DELAY - 1))
    desk.deliver()
    assert desk.events(action) == ["sending", "unknown", "found"]
    desk.exactly_once()


def test_two_equal_payments_of_one_invoice_both_lost_are_found_one_each() -> None:
    desk = Desk(parallel=4)
    invoice = desk.invoice("200.00")
    desk.payment(invoice), desk.payment(invoice)
    plan(desk.world, Fault("drop_after", method="POST", times=2))
    desk.deliver()
    desk.exactly_once()


class SlowToken(SandboxTransport):
    """A token comes 20 seconds late, so the request leaves that long after its intent."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "oauth" in request.url.path:
            self.world.clock.advance(20.0)
        return super().handle_request(request)


def test_the_delay_counts_from_when_the_request_left_and_not_from_its_intent() -> None:
    desk = Desk(token=False)
    desk.payment(desk.invoice())
    desk.transport = SlowToken(desk.world)
    plan(desk.world, Fault("drop_before", method="POST", path="invoicepayments"))
    desk.deliver()
    _, sent, looked = desk.world.journal[:3]
    assert sent.fault == "drop_before"
    assert (looked.at - sent.at).total_seconds() >= DELAY
    desk.exactly_once()


def test_after_a_crash_the_delay_allows_for_a_request_that_left_late() -> None:
    desk = Desk(token=False)
    desk.payment(desk.invoice())
    desk.transport = SlowToken(desk.world)
    plan(desk.world, Fault("kill_before", method="POST", path="invoicepayments"))
    with pytest.raises(Killed):
        desk.deliver()
    desk.transport = SandboxTransport(desk.world)
    desk.go_on()
    sent = next(entry for entry in desk.world.journal if entry.fault)
    looked = next(entry for entry in desk.world.journal if entry.path == "/3/invoicepayments"
                  and entry.method == "GET")  # fmt: skip
    assert (looked.at - sent.at).total_seconds() >= DELAY
    desk.exactly_once()
