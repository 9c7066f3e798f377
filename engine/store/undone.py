"""Which actions may still be open: what is over is not gone through again in every run.

Reads the ledger; writes one stream of ``raw.cursor``: up to which event the ledger was gone
through, and what of it was not over by then. The ledger is append-only, so an action without a
later event stands as it did: only what was left, and what came later, is looked at.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .. import json_text
from .database import Store
from .narrow import intents, steps

STREAM = "ledger.undone"
# So many events are gone through again before it is written down anew; and so many at once, for
# what DuckDB may hold.
AT_LEAST, AT_ONCE = 1_000, 1_000_000

NOTED = "SELECT arg_max(value, rowid) FROM raw.cursor WHERE stream = ?"
NEWEST = "SELECT coalesce(max(seq), 0) FROM ledger.event"
# The actions that may be under way, left to a person or unfinished: all that are, and of those that
# are not only some that have late events. Its parameters come from ``undone``.
UNDONE = """
SELECT unnest($left::VARCHAR[]) AS action
UNION
SELECT action FROM ledger.event WHERE seq > $reached
"""
# Of these, the actions of which a step is under way or left to a person, or one that is to follow
# is not finished.
PART = f"SELECT action FROM ({UNDONE}) WHERE hash(action) % $parts = $part"
OPEN = f"""
SELECT s.action
FROM {steps(PART)} AS s
JOIN {intents(PART)} AS i ON i.action = s.action
GROUP BY s.action
HAVING bool_or(s.event IN ('sending', 'unknown', 'undecided'))
    OR bool_or(s.step = 'create' AND s.event IN ('done', 'found', 'adopted'))
       AND NOT list_has_all(
           list(s.step) FILTER (WHERE s.event IN ('done', 'found', 'adopted')), any_value(i.follow)
       )
"""


def undone(store: Store) -> dict[str, Any] | None:
    """The parameters of ``UNDONE``: up to which event the ledger was gone through, and what was
    left. None where that is not known: nobody has, or the ledger does not reach so far, as in a
    look at the past."""
    told = store.value(NOTED, [STREAM])
    kept: dict[str, Any] | None = json_text.decode(told) if told else None
    return kept if kept and kept["reached"] <= store.value(NEWEST) else None


def note_undone(store: Store, at: datetime) -> None:
    """Write down how far the ledger has been gone through, where much of it is new."""
    before, newest = undone(store) or {"reached": 0, "left": []}, store.value(NEWEST)
    new = newest - before["reached"]
    if new >= AT_LEAST:
        parts = 1 + new // AT_ONCE
        left = sorted(
            action
            for part in range(parts)
            for (action,) in store.tuples(OPEN, {**before, "parts": parts, "part": part})
        )
        told = json_text.encode({"reached": newest, "left": left})
        store.append("raw.cursor", [[STREAM, told, at]], ["stream", "value", "noted_at"])
