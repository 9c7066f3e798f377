"""The ledger: what holds is what was written last, also when the clock stood still meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.store.database import Store, in_memory
from engine.store.ledger import (
    Action,
    Event,
    Progress,
    begun,
    owned_numbers,
    read_actions,
    read_progress,
    record,
    record_actions,
    unsettled,
)

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
PAYMENT = Action(
    "payment-1", "payment", "fortnox.invoice_payment", "line-1", "70001", ("line-1", "fee-1"),
    {"InvoiceNumber": 1001, "Amount": Decimal("95.00"), "PaymentDate": "2026-11-13"},
    {"ask": {"invoicenumber": "1001"}, "agree": {"Amount": Decimal("95.00")}},
    ("bookkeep",), "1001", Decimal("100.00"), facts={"rest": Decimal("0.00")},
)  # fmt: skip


@pytest.fixture
def store() -> Store:
    return in_memory()


def noted(
    store: Store, action: Action, *events: tuple[str, str], number: str | None = None
) -> None:
    """The action's intent and these events of (step, event), all at the same moment."""
    record_actions(store, "run", NOW, [action])
    for step, event in events:
        finished = number if event in ("done", "found", "adopted") and step == "create" else None
        record(store, "run", NOW, Event(action.action, step, event, number=finished))


def test_an_intent_is_read_as_it_was_written(store: Store) -> None:
    noted(store, PAYMENT, ("create", "sending"))
    assert read_actions(store) == {"payment-1": PAYMENT}
    assert read_actions(store, ["70001"]) == {"payment-1": PAYMENT}
    assert read_actions(store, ["70002"]) == {}


def test_an_intent_without_an_event_is_no_action_yet(store: Store) -> None:
    noted(store, PAYMENT)
    assert read_actions(store) == {}
    assert begun(store) == []


def test_the_last_of_several_intents_at_the_same_moment_holds(store: Store) -> None:
    for amount in range(20):
        document = {**PAYMENT.document, "Amount": Decimal(amount)}
        record_actions(store, "run", NOW, [replace(PAYMENT, document=document)])
    record(store, "run", NOW, Event("payment-1", "create", "sending"))
    assert read_actions(store)["payment-1"].document["Amount"] == 19


def test_an_intent_that_takes_of_no_invoice_any_more_takes_of_none(store: Store) -> None:
    noted(store, PAYMENT, ("create", "refused"))
    noted(store, replace(PAYMENT, consumed_of=None, consumed=None, then=()),
          ("create", "adopted"), number="7")  # fmt: skip
    assert store.rows("SELECT * FROM ledger.consumption") == []
    assert read_actions(store)["payment-1"].steps == ("create",)
    assert begun(store) == []


def test_the_last_of_several_events_at_the_same_moment_holds(store: Store) -> None:
    events = ["sending", "unknown", "absent", "sending", "done"]
    noted(store, PAYMENT, *(("create", event) for event in events), number="7")
    progress = read_progress(store)["payment-1"]
    assert (progress.events, progress.number) == ({"create": "done"}, "7")


def test_what_a_person_said_last_holds_also_at_the_same_moment(store: Store) -> None:
    for kind in ("ignore", "retry", "suspense", "invoice"):
        detail = "1002" if kind == "invoice" else None
        store.append("ledger.resolution", [(NOW, "Eva", "line-1", kind, detail, None)],
                     ("noted_at", "who", "line", "kind", "detail", "reason"))  # fmt: skip
    assert store.rows("SELECT kind, detail, who FROM ledger.resolved") == [
        {"kind": "invoice", "detail": "1002", "who": "Eva"}
    ]


def test_the_time_of_sending_is_that_of_the_last_attempt(store: Store) -> None:
    for minutes, event in ((0, "sending"), (1, "not-sent"), (2, "sending"), (3, "unknown")):
        record(store, "run", NOW + timedelta(minutes=minutes), Event("a", "create", event))
    assert read_progress(store)["a"].sent_at["create"] == NOW + timedelta(minutes=2)


def test_the_progress_of_some_payouts_is_what_the_view_of_steps_says_of_them(store: Store) -> None:
    said = [
        ("1", "create", "sending", None, None), ("1", "create", "refused", 400, "too low"),
        ("1", "create", "sending", None, None), ("1", "create", "done", 201, None),
        ("1", "bookkeep", "sending", None, None), ("1", "bookkeep", "refused", 400, "locked"),
        ("2", "create", "refused", 400, "no such account"), ("2", "create", "sending", None, None),
        ("3", "create", "refused", 400, "of another payout"),
    ]  # fmt: skip
    for number, payout in (("1", "70001"), ("2", "70001"), ("3", "70002")):
        record_actions(store, "run", NOW, [replace(PAYMENT, action=number, payout=payout)])
    for action, step, event, status, answer in said:
        number = "7" if event == "done" else None
        record(store, "run", NOW, Event(action, step, event, status=status, answer=answer,
                                        number=number))  # fmt: skip
    progress = read_progress(store, ["70001"])
    assert progress == {
        "1": Progress({"create": "done", "bookkeep": "refused"}, {"create": NOW, "bookkeep": NOW},
                      "7", 400, "locked"),
        "2": Progress({"create": "sending"}, {"create": NOW}, None, 400),
    }  # fmt: skip
    assert read_progress(store) == progress | read_progress(store, ["70002"])
    view = "SELECT action, step, event, number, sent_at FROM ledger.step"
    for row in store.rows(view):
        one = read_progress(store)[row["action"]]
        assert one.events[row["step"]] == row["event"]
        assert one.sent_at.get(row["step"]) == row["sent_at"]
        assert row["number"] in (None, one.number)


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([("create", "sending")], True),
        ([("create", "unknown")], True),
        ([("create", "refused")], False),
        ([("create", "not-sent")], False),
        ([("create", "absent")], False),
        ([("create", "undecided")], False),
        ([("create", "done")], True),
        ([("create", "adopted")], True),
        ([("create", "done"), ("bookkeep", "sending")], True),
        ([("create", "done"), ("bookkeep", "absent")], True),
        ([("create", "done"), ("bookkeep", "not-sent")], True),
        ([("create", "done"), ("bookkeep", "refused")], False),
        ([("create", "done"), ("bookkeep", "undecided")], False),
        ([("create", "done"), ("bookkeep", "done")], False),
        ([("create", "found"), ("bookkeep", "found")], False),
    ],
)
def test_what_was_begun_and_is_neither_finished_nor_with_a_person_is_to_be_recovered(
    store: Store, events: list[tuple[str, str]], found: bool
) -> None:
    noted(store, PAYMENT, *events, number="7")
    assert begun(store) == ([PAYMENT] if found else [])


def test_what_was_begun_first_is_recovered_first_whatever_the_payout(store: Store) -> None:
    for number in (3, 1, 2):
        one = replace(PAYMENT, action=f"payment-{number}", payout=f"7000{number}")
        noted(store, one, ("create", "sending"))
    assert [action.action for action in begun(store)] == ["payment-3", "payment-1", "payment-2"]


@pytest.mark.parametrize("event", ["sending", "unknown", "undecided"])
@pytest.mark.parametrize("step", ["create", "bookkeep"])
def test_an_invoice_of_which_it_is_not_known_what_was_taken_is_unsettled(
    store: Store, step: str, event: str
) -> None:
    noted(store, PAYMENT, ("create", "done"), (step, event), number="7")
    assert unsettled(store) == {"1001": "payment-1"}
    record(store, "run", NOW, Event("payment-1", step, "found"))
    assert unsettled(store) == {}


def test_numbers_are_owned_by_target(store: Store) -> None:
    noted(store, PAYMENT, ("create", "done"), number="7")
    voucher = replace(PAYMENT, action="transfer-1", target="fortnox.voucher")
    noted(store, voucher, ("create", "found"), number="T/1/2")
    assert owned_numbers(store, "fortnox.invoice_payment") == {"7": "payment-1"}
    assert owned_numbers(store, "fortnox.voucher") == {"T/1/2": "transfer-1"}


@pytest.mark.parametrize("event", ["refused", "not-sent", "absent"])
def test_nothing_stands_of_what_was_certainly_not_carried_out(event: str) -> None:
    assert not Progress({"create": event}).touched
    assert Progress({"create": "done", "bookkeep": event}).touched


def test_events_written_together_keep_their_order(store: Store) -> None:
    events = [Event("a", "create", "sending"), Event("a", "create", "done", number="1"),
              Event("a", "bookkeep", "sending")]  # fmt: skip
    record(store, "run", NOW, *events)
    rows = store.rows("SELECT step, event FROM ledger.event ORDER BY seq")
    assert [(row["step"], row["event"]) for row in rows] == [
        ("create", "sending"), ("create", "done"), ("bookkeep", "sending"),
    ]  # fmt: skip


def test_a_booked_payment_takes_of_a_balance_only_until_the_invoice_is_read_again(
    store: Store,
) -> None:
    noted(store, PAYMENT, ("create", "done"), ("bookkeep", "done"), number="7")

    def balance(as_of: datetime) -> Decimal:
        store.execute("DELETE FROM fortnox.invoice")
        store.append("fortnox.invoice", [("1001", Decimal(300), 1, as_of)],
                     ("DocumentNumber", "Balance", "raw_seq", "as_of"))  # fmt: skip
        return Decimal(store.value("SELECT open_balance FROM fortnox.invoice_view"))

    assert balance(NOW - timedelta(seconds=1)) == 200
    assert balance(NOW + timedelta(seconds=1)) == 300
