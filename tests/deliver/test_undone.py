"""What is over is not gone through again: what is left is the same as of the whole ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.store import undone
from engine.store.database import Store, in_memory
from engine.store.history import past
from engine.store.ledger import (
    BEGUN,
    UNSETTLED,
    Action,
    Event,
    begun,
    record,
    record_actions,
    unsettled,
)

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
ACTIONS = [
    Action(f"payment-{n}", "payment", "fortnox.invoice_payment", f"line-{n}", "70001",
           (f"line-{n}",), {}, {}, ("bookkeep",) if n % 2 else (), str(1000 + n // 2))
    for n in range(6)
]  # fmt: skip
EVENTS = ("sending", "done", "refused", "not-sent", "unknown", "found", "absent", "undecided",
          "adopted")  # fmt: skip
HAPPENED = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(ACTIONS), st.sampled_from(("create", "bookkeep")),
                  st.sampled_from(EVENTS)),
        st.just(None),  # somebody notes how far the ledger was gone through
    ),
    max_size=60,
)  # fmt: skip


def of_all(store: Store) -> tuple[list[str], dict[str, str]]:
    """What is begun and unsettled, by the views of the whole ledger."""
    views = {"steps": "ledger.step", "intents": "ledger.intent"}
    left = store.rows(BEGUN.format(**views))
    open_ = store.rows(UNSETTLED.format(**views))
    return [row["action"] for row in left], {row["consumed_of"]: row["action"] for row in open_}


@pytest.fixture(scope="module", autouse=True)
def _noted_at_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(undone, "AT_LEAST", 1)
        patch.setattr(undone, "AT_ONCE", 7)
        yield


@given(HAPPENED)
def test_what_is_left_is_what_the_whole_ledger_says(
    happened: list[tuple[Action, str, str] | None],
) -> None:
    store = in_memory()
    record_actions(store, "run", NOW, ACTIONS)
    for one in happened:
        if one is None:
            undone.note_undone(store, NOW)
        else:
            action, step, event = one
            if event == "refused":  # it may be mended then
                record_actions(store, "run", NOW, [replace(action, then=())])
            record(store, "run", NOW, Event(action.action, step, event))
        assert ([each.action for each in begun(store)], unsettled(store)) == of_all(store)


def test_what_is_over_is_no_longer_gone_through() -> None:
    store = in_memory()
    record_actions(store, "run", NOW, ACTIONS)
    for action in ACTIONS:
        for step in action.steps:
            record(store, "run", NOW, Event(action.action, step, "done"))
    record(store, "run", NOW, Event("payment-1", "bookkeep", "undecided"))
    undone.note_undone(store, NOW)
    record(store, "run", NOW, Event("payment-2", "create", "unknown"))
    looked_at = store.tuples(f"{undone.UNDONE} ORDER BY ALL", undone.undone(store) or {})
    assert looked_at == [("payment-1",), ("payment-2",)]
    assert [one.action for one in begun(store)] == ["payment-2"]
    assert unsettled(store) == {"1000": "payment-1", "1001": "payment-2"}


def test_a_look_at_the_past_does_not_take_for_over_what_was_over_later() -> None:
    store = in_memory()
    record_actions(store, "run", NOW, ACTIONS[:1])
    record(store, "run", NOW, Event("payment-0", "create", "unknown"))
    record(store, "run", NOW, Event("payment-0", "create", "found"))
    undone.note_undone(store, NOW)
    assert unsettled(store) == {}
    with past(store) as before:
        before.store.execute("SET VARIABLE known_events = 1")
        before.store.execute("SET VARIABLE known_intents = 1")
        before.store.execute(f"SET VARIABLE known_at = TIMESTAMPTZ '{NOW + timedelta(1)}'")
        assert undone.undone(before.store) is None
        assert unsettled(before.store) == {"1000": "payment-0"}
