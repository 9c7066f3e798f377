"""Writes a plan down: outcomes that changed, proofs, and the intent of each action.

Writes ``ledger.outcome``, ``ledger.proof``, ``ledger.action``, ``ledger.made_under``,
``ledger.made_with``, ``ledger.run`` and ``ledger.mapping_set``, all append-only; an outcome that is
as it was is not written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache, partial
from itertools import chain
from typing import TypeVar

from .. import json_text
from ..language.spec import MappingSet
from ..store.database import Store
from ..store.history import PLANNED, RUN, note_moment
from ..store.ledger import Action, read_actions, record_actions
from .kept_traces import is_left_out, kept
from .made_under import record_rules
from .made_with import MadeWith, record_made_with
from .model import Outcome, Plan

# So many rows are written down at once: until they are committed the database holds them whole.
AT_ONCE = 2000
Written = TypeVar("Written")


def record_plan(
    store: Store, run: str, now: datetime, plan: Plan, mapping_set: MappingSet, file: str = ""
) -> None:
    """All of the plan, in one transaction, or a large one in several.

    What is planned counts for nothing before something of it is sent, so a part may stand alone:
    the next run writes what is missing. With the text of the merchant's ``file`` traces are kept
    without what can be worked out anew.
    """
    last = {
        (row["mapping"], row["source"]): row["digest"]
        for row in store.each(
            "SELECT mapping, source, arg_max(digest, rowid) AS digest "
            "FROM ledger.outcome WHERE payout IN (SELECT unnest(?::VARCHAR[])) "
            "GROUP BY mapping, source",
            [sorted({one.payout for one in plan.outcomes})],
        )
    }
    digested = ((one, _digest(one)) for one in plan.outcomes)
    changed = (pair for pair in digested if last.get(_place(pair[0])) != pair[1])
    known = {row["action"] for row in store.each(KNOWN, [[one.action for one in plan.actions]])}
    fresh = (action for action in plan.actions if action.action not in known)
    again = [action for action in plan.actions if action.action in known] if known else []

    @cache
    def made_with() -> str | None:
        if not file or plan.books is None:
            return None
        return record_made_with(store, now, MadeWith(plan.digest, file, plan.books.asked))

    def record_outcomes(portion: Sequence[tuple[Outcome, str]]) -> None:
        named = made_with() if any(is_left_out(one) for one, _ in portion) else None
        _record_outcomes(store, run, now, portion, named)

    outcomes = _early(changed, record_outcomes)
    actions = _early(chain(fresh, _changed(store, again)), partial(record_actions, store, run, now))
    with store.transaction():
        record_outcomes(outcomes)
        knew = note_moment(store) if actions else {}
        record_actions(store, run, now, actions)
        if actions:
            detail = {**knew, "payouts": list(plan.payouts)}
            store.append("ledger.run", [(run, now, PLANNED, json_text.encode(detail))], RUN)
            record_rules(store, run, now, plan.digest, mapping_set.files)
        if not store.value("SELECT 1 FROM ledger.mapping_set WHERE digest = ?", [plan.digest]):
            store.append(
                "ledger.mapping_set",
                [(plan.digest, now, json_text.encode(dict(mapping_set.files)))],
                ("digest", "noted_at", "files"),
            )


# Those of the actions that were begun.
KNOWN = """
SELECT DISTINCT action FROM ledger.event WHERE action IN (SELECT unnest(?::VARCHAR[]))
"""


def _early(
    every: Iterable[Written], write: Callable[[Sequence[Written]], None]
) -> Sequence[Written]:
    """Write the portions before the last down, and give that: it is written down with what else is
    told of the plan."""
    portion: list[Written] = []
    for one in every:
        if len(portion) == AT_ONCE:
            write(portion)
            portion = []
        portion.append(one)
    return portion


def _place(outcome: Outcome) -> tuple[str, str]:
    return outcome.mapping, outcome.source


def _changed(store: Store, actions: list[Action]) -> list[Action]:
    """Those whose last intent reads otherwise: a refused document that has been mended, or one that
    is to be adopted now. Of an action that was begun, the intent stays."""
    if not actions:
        return []
    before = read_actions(store, {action.payout for action in actions})
    return [one for one in actions if _plain(before.get(one.action)) != _plain(one)]


def _plain(action: Action | None) -> tuple[str, object]:
    """What is written down of an action, comparable; 95 is as much as 95.0000."""
    if action is None:
        return "", None
    bare = replace(action, adopted=None, consumed=None)
    return json_text.canonical(asdict(bare)), action.consumed


def _record_outcomes(
    store: Store, run: str, now: datetime, outcomes: Sequence[tuple[Outcome, str]],
    made_with: str | None,
) -> None:  # fmt: skip
    store.append(
        "ledger.outcome",
        (
            (
                now, run, one.mapping, one.source, one.payout, one.state, one.code, one.reason,
                list(one.covers), one.action, json_text.encode(kept(one, made_with)), digest,
            )
            for one, digest in outcomes
        ),
        (
            "noted_at", "run", "mapping", "source", "payout", "state", "code", "reason", "covers",
            "action", "trace", "digest",
        ),
    )  # fmt: skip


def _digest(outcome: Outcome) -> str:
    document = outcome.trace.get("document") if outcome.trace else None
    return json_text.digest(
        [
            outcome.state,
            outcome.code,
            outcome.reason,
            sorted(outcome.covers),
            outcome.action,
            document,
        ]
    )
