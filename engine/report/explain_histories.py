"""What was told of some sources, what became of their actions, and by which rules: for all at once.

Reads ``ledger.outcome``, ``ledger.event``, ``ledger.action`` and ``ledger.made_under``; writes
nothing. None of the ids that are looked for grows with the rows, so each look goes over a column of
all of them: there is one look at each table, however many sources are asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from ..plan.made_under import rules_of_runs
from ..store.database import Store

Row = dict[str, Any]

# Where the rows stand is told by one column; with all columns asked for at once DuckDB unpacks the
# traces and bodies of the others too.
OUTCOMES = """
SELECT * FROM ledger.outcome
WHERE rowid IN (
    SELECT rowid FROM ledger.outcome WHERE source IN (SELECT unnest($sources::VARCHAR[]))
)
ORDER BY noted_at DESC, rowid DESC
"""
ACTIONS = """
SELECT rowid AS place, * FROM ledger.action
WHERE rowid IN (
    SELECT rowid FROM ledger.action WHERE action IN (SELECT unnest($actions::VARCHAR[]))
)
ORDER BY rowid
"""
EVENTS = """
SELECT action, seq, noted_at, step, event, method, path, body, status, answer, number, note
FROM ledger.event
WHERE rowid IN (
    SELECT rowid FROM ledger.event WHERE action IN (SELECT unnest($actions::VARCHAR[]))
)
ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Histories:
    """``outcomes`` of each source under each mapping, the last first; ``events`` of each action;
    what was written down of it, as ``intents``, the last one last; and the ``rules`` that its
    document was made by: the release and the texts' digest."""

    outcomes: dict[str, dict[str, list[Row]]]
    events: dict[str, list[Row]]
    intents: dict[str, list[Row]]
    rules: dict[str, Row]


def histories(store: Store, sources: Collection[str]) -> Histories:
    """What there is of these sources, with nothing of a source that was never told of."""
    outcomes: dict[str, dict[str, list[Row]]] = {}
    for row in store.rows(OUTCOMES, {"sources": sorted(set(sources))}):
        outcomes.setdefault(row["source"], {}).setdefault(row["mapping"], []).append(row)
    actions = {row["action"]: None for told in outcomes.values() for rows in told.values()
               for row in rows if row["action"]}  # fmt: skip
    asked = {"actions": list(actions)}
    events: dict[str, list[Row]] = {}
    for event in store.rows(EVENTS, asked) if actions else ():
        events.setdefault(event.pop("action"), []).append(event)
    intents: dict[str, list[Row]] = {}
    for intent in store.rows(ACTIONS, asked) if actions else ():
        intents.setdefault(intent["action"], []).append(intent)
    runs = {action: written[-1]["run"] for action, written in intents.items()}
    made_by = rules_of_runs(store, set(runs.values())) if runs else {}
    rules = {
        action: {"digest": made_by[run][0], **asdict(made_by[run][1])}
        for action, run in runs.items() if run in made_by
    }  # fmt: skip
    return Histories(outcomes, events, intents, rules)
