"""Whatever is odd in whatever field of whatever answer: it is told unless it can be read as what it
is, the others are staged as without it, and a good answer makes as if nothing had been."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from engine.extract import raw
from engine.extract.raw import keep
from engine.extract.readable import shapes
from engine.stage.staging import stage
from engine.store.database import Store, in_memory
from engine.transport.endpoints import ENDPOINTS, by_name
from odd import sweep

NAMES = sorted(shapes())
PASSING = {"raw_seq", "as_of", "card_seq", "listed_from"}  # when it was read
OTHERS = (10, 11)  # entries that were right all the time


@pytest.fixture(autouse=True)
def nothing_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is the last one again: to look that up takes longer than all the rest."""
    monkeypatch.setattr(raw, "_repeats", lambda *_: False)


@cache
def tables() -> list[str]:
    """All staged tables."""
    rows = in_memory().rows(
        "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables "
        "WHERE table_schema IN ('qliro', 'fortnox') AND table_type = 'BASE TABLE'"
    )
    return sorted(f'{row["schema"]}."{row["name"]}"' for row in rows)


def staged(store: Store) -> Counter[tuple[Any, ...]]:
    """All that is staged, but for when it was read."""
    return Counter(
        (table, *sorted((name, str(value)) for name, value in row.items() if name not in PASSING))
        for table in tables()
        for row in store.rows(f"FROM {table}")
    )


def told(store: Store, name: str, entries: list[tuple[int, Any]], hours: int = 0) -> set[str]:
    """Keeps and stages; the problems that are told."""
    calls = sweep.answers(name, entries, hours=hours)
    keep(store, calls, origin="network", key=b"key")
    found = {str(one) for one in stage(store).problems if one.severity == "error"}
    rows = store.rows('SELECT problem FROM qliro."order" WHERE problem IS NOT NULL')
    return found | {row["problem"] for row in rows}


def others(name: str) -> list[tuple[int, Any]]:
    shape = sweep.entry_shape(by_name(name))
    of = "" if shape is shapes()[name] else by_name(name).key or ""
    return [(number, sweep.good(shape, number, of)) for number in OTHERS]


def test_every_endpoint_that_is_staged_is_swept() -> None:
    assert {one.name for one in ENDPOINTS if one.staged} == set(NAMES)
    assert sum(len(sweep.oddities(name)) for name in NAMES) > 2500


@pytest.mark.parametrize("name", NAMES)
def test_what_is_odd_is_told_unless_it_can_be_read_as_what_it_is(name: str) -> None:
    found = sweep.oddities(name)
    store = in_memory()
    entries = [(one.number, one.entry) for one in found]
    calls = sweep.answers(name, entries, one_by_one=True)
    problems = {kept.call: kept.problem for kept in keep(store, calls, origin="network", key=b"k")}
    stage(store)
    if name in ("order", "merchant_order"):
        for row in store.rows('SELECT OrderId, problem FROM qliro."order"'):
            calls_of = [call for call in problems if call.path.endswith(f"/{row['OrderId']}")]
            for call in calls_of:
                problems[call] = problems[call] or row["problem"]
    wrong = [
        (one.where, problems[call])
        for one, (call, _) in zip(found, calls, strict=True)
        if (problems[call] is not None) is not one.told
    ]
    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_the_others_are_staged_as_without_it_and_a_good_answer_heals_it(name: str) -> None:
    found, right = [one for one in sweep.oddities(name) if not one.another], others(name)
    assert not told(alone := in_memory(), name, right)
    store = in_memory()
    spoiled = [(one.number, one.entry) for one in found]
    assert told(store, name, [right[0], *spoiled, right[1]])
    if name not in ("locked_period", "company"):  # of these there is one
        assert staged(alone) - staged(store) == Counter()
    healed = [(one.number, one.good) for one in found]
    assert not told(never := in_memory(), name, [right[0], *healed, right[1]])
    assert not told(store, name, [right[0], *healed, right[1]], hours=1)
    assert staged(store) == staged(never)
