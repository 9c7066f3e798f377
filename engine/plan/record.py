"""Writes a plan down: outcomes that changed, proofs, and the intent of each action.

Writes ``ledger.outcome``, ``ledger.proof``, ``ledger.action``, ``ledger.made_under``,
``ledger.run`` and ``ledger.mapping_set``, all append-only; an outcome that is as it was is not
written again.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from .. import json_text
from ..language.spec import MappingSet
from ..store.database import Store
from ..store.history import PLANNED, RUN, note_moment
from ..store.ledger import Action, read_actions, record_actions
from .made_under import record_rules
from .model import Outcome, Plan


def record_plan(store: Store, run: str, now: datetime, plan: Plan, mapping_set: MappingSet) -> None:
    """All of the plan, in one transaction."""
    last = {
        (row["mapping"], row["source"]): row["digest"]
        for row in store.rows(
            "SELECT mapping, source, arg_max(digest, rowid) AS digest "
            "FROM ledger.outcome WHERE payout IN (SELECT unnest(?::VARCHAR[])) "
            "GROUP BY mapping, source",
            [sorted({one.payout for one in plan.outcomes})],
        )
    }
    changed = []
    for outcome in plan.outcomes:
        digest = _digest(outcome)
        if last.get((outcome.mapping, outcome.source)) != digest:
            changed.append((outcome, digest))
    with store.transaction():
        _record_outcomes(store, run, now, changed)
        known = {row["action"] for row in store.rows("SELECT DISTINCT action FROM ledger.event")}
        fresh = [action for action in plan.actions if action.action not in known]
        again = [action for action in plan.actions if action.action in known]
        written = [*fresh, *_changed(store, again)]
        knew = note_moment(store) if written else {}
        record_actions(store, run, now, written)
        if written:
            detail = {**knew, "payouts": list(plan.payouts)}
            store.append("ledger.run", [(run, now, PLANNED, json_text.encode(detail))], RUN)
            record_rules(store, run, now, plan.digest, mapping_set.files)
        if not store.value("SELECT 1 FROM ledger.mapping_set WHERE digest = ?", [plan.digest]):
            store.append(
                "ledger.mapping_set",
                [(plan.digest, now, json_text.encode(dict(mapping_set.files)))],
                ("digest", "noted_at", "files"),
            )


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
    store: Store, run: str, now: datetime, outcomes: list[tuple[Outcome, str]]
) -> None:
    store.append(
        "ledger.outcome",
        (
            (
                now, run, one.mapping, one.source, one.payout, one.state, one.code, one.reason,
                list(one.covers), one.action, json_text.encode(one.trace), digest,
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
