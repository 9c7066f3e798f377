"""Portions of orders that are judged in other processes, each of which reads the same database.

A process is handed both versions as they were loaded, compiles them, opens the database to read,
and sums up what it finds of each portion; the caller adds that up. It is done of what is open now:
history is gone through moment by moment, in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import UsageError
from ...garbage import without_garbage_collection
from ...language.spec import MappingSet
from ...mappings import compiled
from ...merchant.load import Merchant
from ...scope import Scope
from ...store.database import Store, is_current, opened_copy, opened_to_read
from ...store.driver import duckdb
from ...store.history import note_moment, present
from ...workers import Workers, for_cores
from ..replay import Decided
from ..versions import Version
from .blame import Blame
from .changes import Change
from .history import History
from .narrowed import Judged, Narrowing, Part
from .reached import Reached
from .report import take

PORTION = 10_000  # orders that a process is handed at a time: 400 MiB; each portion takes 0.2 s
MEMORY = "256MB"  # that its database may hold


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version as it was loaded: what other processes make it of."""

    name: str
    merchant: Merchant
    mapping_set: MappingSet
    root: Path | None

    def version(self) -> Version:
        """It, compiled."""
        mapping_set, program = compiled(self.merchant, self.mapping_set)
        return Version(self.name, self.merchant, mapping_set, program, self.root)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be judged: ``known`` tells whether a database is in the state that the caller
    sees (``note_moment``)."""

    path: Path
    known: dict[str, int]
    sides: tuple[Loaded, Loaded]
    changes: Sequence[Change]
    reached: Reached
    traced: bool
    scope: Scope
    posted: Decided


def portions_of(
    store: Store,
    narrowing: Narrowing,
    changes: Sequence[Change],
    scope: Scope,
    processes: int | None,
) -> Callable[[Decided, Sequence[int]], Judged] | None:
    """What judges orders in so many other processes, one for each core unless it is said; None
    where that is none, or the database can be read by this process alone."""
    number = for_cores() if processes is None else processes
    path = opened_to_read(store)
    if not number or path is None or not is_current(store):
        return None
    before, after = (Loaded(one.name, one.merchant, one.mapping_set, one.root)
                     for one in narrowing.versions)  # fmt: skip
    # Which orders are looked at is decided by the caller.
    reached = replace(narrowing.reached, calls=(), rows={}, reads={})
    known = note_moment(store)

    def judged(posted: Decided, orders: Sequence[int]) -> Judged:
        asked = Asked(path, known, (before, after), changes, reached, narrowing.traced, scope,
                      posted)  # fmt: skip
        cut = [orders[start : start + PORTION] for start in range(0, len(orders), PORTION)]
        with Workers(min(number, len(cut)), _begun, asked) as workers:
            yield from zip(cut, workers.each(_part, cut), strict=True)

    return judged


@dataclass(slots=True)
class _Judge:
    """What a process holds; ``store`` is None where the database is no longer the caller's."""

    asked: Asked
    store: Store | None
    versions: tuple[Version, Version]
    blame: Blame
    open: ExitStack


def _begun(asked: Asked) -> _Judge:
    before, after = (side.version() for side in asked.sides)
    blame, stack = Blame((before, after), asked.changes), ExitStack()
    return _Judge(asked, _opened(asked, stack), (before, after), blame, stack)


def _opened(asked: Asked, stack: ExitStack) -> Store | None:
    """The database as of now; None where another run has written it meanwhile, or is at it."""
    try:
        store = stack.enter_context(opened_copy(asked.path))
        if note_moment(store) != asked.known:
            return None
        now = stack.enter_context(present(store))
    except (UsageError, duckdb.Error):
        return None
    now.execute(f"SET memory_limit = '{MEMORY}'")
    now.execute("SET threads = 1")
    return now


def _part(judge: _Judge, orders: Sequence[int]) -> Part | None:
    """What of a portion comes out otherwise. All that was planned is gone before Python looks for
    rings of objects again."""
    if judge.store is None:
        return None
    with without_garbage_collection():
        return _judged(judge, judge.store, orders)


def _judged(judge: _Judge, store: Store, orders: Sequence[int]) -> Part:
    asked, part = judge.asked, Part()
    narrowing = Narrowing(asked.reached, judge.versions, len(orders), asked.traced)
    history = History(store, narrowing, asked.scope)
    planned = history.planned(store, again=False)
    for pair, _ in narrowing.apart_from_others(store, orders, asked.scope, planned, part):
        if narrowing.is_seen(store, pair, asked.scope):
            return Part(is_seen=True)
        take(part.report, judge.blame, history.now(pair, asked.posted), {})
    part.documents, part.problems = history.documents, history.problems
    return part
