"""Stored history, as it was known at each moment when a run decided documents.

Reads the ledger and raw answers of a merchant's database, writes nothing to it. Beside it, in
memory, stands one of the same tables and views whose ledger and answers end at a chosen moment: who
stages it again has what Qliro and Fortnox held then. This is the one way in which stored history
is read: what judges mappings knows nothing of the layout behind it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .. import json_text
from ..clock import STOCKHOLM
from .answers import ONE_TABLE, SHORT
from .database import Store, beside
from .statements import sql
from .tables import VIEWS

ALL_SCHEMAS = ("raw", "ledger", "qliro", "fortnox")
NO_MORE: Mapping[str, str] = {}
# What a run notes of itself when it has written down what it is about to post.
PLANNED, RUN = "planned", ("run", "noted_at", "event", "detail")
# And what ``prune`` notes: the day from which on all is kept.
PRUNED = "pruned"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run wrote down documents, what it knew, and what it then began to post.

    ``answers``, ``events`` and ``intents`` are the last of each that was known. ``payouts`` and
    ``orders`` were looked at; ``actions`` were begun. ``follows``: the same run had delivered
    others before, and read nothing since.
    """

    run: str
    at: datetime
    answers: int
    events: int
    intents: int
    payouts: tuple[str, ...]
    orders: tuple[str, ...]
    actions: tuple[str, ...]
    follows: bool


def note_moment(store: Store) -> dict[str, int]:
    """What is known now, before documents are written down: the last answer, event and intent."""
    (row,) = store.rows(KNOWN)
    return {name: int(value) for name, value in row.items()}


KNOWN = """
SELECT
    (SELECT coalesce(max(seq), 0) FROM raw.staged)        AS answers,
    (SELECT coalesce(max(seq), 0) FROM ledger.event)      AS events,
    (SELECT coalesce(max(rowid), -1) FROM ledger.action)  AS intents
"""


def pruned_until(store: Store) -> date | None:
    """The day from which on answers and traces are all there; None where nothing was left out."""
    told = store.value("SELECT arg_max(detail, rowid) FROM ledger.run WHERE event = ?", [PRUNED])
    return None if told is None else date.fromisoformat(json_text.decode(told)["until"])


def moments(store: Store) -> list[Moment]:
    """All of them in the order of time, from the day on that everything is kept of. What runs knew
    that noted nothing goes by the time."""
    until = pruned_until(store)
    notes = [(row["run"], json_text.decode(row["detail"])) for row in store.rows(NOTED, [PLANNED])]
    # Row ids are the order of writing: a note comes before the intents that it is of.
    places = [one["intents"] for _, one in notes]
    groups: dict[tuple[str, object], list[dict[str, Any]]] = {}
    for row in store.rows(BEGUN):
        note = bisect_left(places, row["place"]) - 1
        is_noted = note >= 0 and notes[note][0] == row["run"]  # not so of an earlier version's
        which = note if is_noted else row["noted_at"]
        groups.setdefault((row["run"], which), []).append(row)
    made: list[Moment] = []
    runs: set[str] = set()
    for (run, which), rows in sorted(groups.items(), key=lambda one: one[1][0]["place"]):
        at = rows[0]["noted_at"]
        if until is not None and at.astimezone(STOCKHOLM).date() < until:
            continue
        knew = notes[which][1] if isinstance(which, int) else _by_time(store, run, at, rows)
        cases = list(dict.fromkeys(row["payout"] for row in rows))
        orders = tuple(one.removeprefix(ORDER) for one in cases if one.startswith(ORDER))
        payouts = tuple(one for one in cases if not one.startswith(ORDER))
        payouts = tuple(dict.fromkeys((*knew.get("payouts", ()), *payouts)))
        actions = tuple(row["action"] for row in rows)
        made.append(Moment(run, at, knew["answers"], knew["events"], knew["intents"], payouts,
                           orders, actions, run in runs))  # fmt: skip
        runs.add(run)
    return made


ORDER = "order "  # what the case of an order begins with


def _by_time(store: Store, run: str, at: datetime, rows: list[dict[str, Any]]) -> dict[str, Any]:
    (known,) = store.rows(KNOWN_AT, {"at": at, "run": run})
    return {**known, "intents": min(row["place"] for row in rows) - 1}


KNOWN_AT = """
SELECT
    (SELECT coalesce(max(seq), 0) FROM raw.answer WHERE noted_at <= $at) AS answers,
    (
        SELECT coalesce(max(seq), 0) FROM ledger.event
        WHERE noted_at < $at OR (noted_at = $at AND run <> $run)
    ) AS events
"""
NOTED = "SELECT run, detail FROM ledger.run WHERE event = ? ORDER BY rowid"
# The last intent of each action of which something may stand in its target.
BEGUN = """
SELECT a.rowid AS place, a.action, a.run, a.noted_at, a.payout
FROM ledger.action AS a
JOIN (SELECT max(rowid) AS last FROM ledger.action GROUP BY action) AS l ON l.last = a.rowid
WHERE a.action IN (
    SELECT action FROM ledger.step WHERE event NOT IN ('refused', 'not-sent', 'absent')
)
ORDER BY a.rowid
"""


class Past:
    """The database beside: ``store`` is read like any other, and may be staged."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def move_to(self, moment: Moment) -> Store:
        """The ledger and the answers as of this moment, which is no earlier than the last one. The
        tables that are staged are as they were until the store is staged again."""
        store = self.store
        store.execute(f"SET VARIABLE known_answers = {moment.answers}")
        store.execute(f"SET VARIABLE known_events = {moment.events}")
        store.execute(f"SET VARIABLE known_intents = {moment.intents}")
        store.execute(f"SET VARIABLE known_at = TIMESTAMPTZ '{moment.at.isoformat()}'")
        return store


@contextmanager
def past(store: Store) -> Iterator[Past]:
    """History beside a merchant's database, before anything of it; it goes when the block ends."""
    with beside(store) as (made, name):
        for known in ("answers", "events", "intents"):
            made.execute(f"SET VARIABLE known_{known} = -1")
        made.execute("SET VARIABLE known_at = TIMESTAMPTZ '1970-01-01'")
        make_views(made, name, store, ("raw", "ledger"), CUT)
        yield Past(made)


@contextmanager
def present(store: Store) -> Iterator[Store]:
    """All that a merchant's database holds now, beside it, with every payout and order open to be
    looked at again; it goes when the block ends."""
    with beside(store) as (made, name):
        make_views(made, name, store, ALL_SCHEMAS, REOPENED)
        yield made


def make_views(
    made: Store, name: str, store: Store, schemas: Sequence[str], shown: Mapping[str, str],
    more: Mapping[str, str] = NO_MORE,
) -> None:  # fmt: skip
    """All tables and views; those of the ``schemas`` are views of the merchant's own, of which is
    ``shown`` what the condition says, or all. ``more`` has for a table a query of further rows."""
    made.execute(sql("schema"))
    for row in made.rows(TABLES, [list(schemas), [] if "qliro" in schemas else list(OWN)]):
        table = f"{row['schema_name']}.{row['table_name']}"
        quoted = f'{row["schema_name"]}."{row["table_name"]}"'
        source = quoted
        if not store.has(quoted):  # a database of an earlier version
            if table != SHORT:
                continue
            source = ONE_TABLE
        made.execute(f"DROP TABLE {quoted}")
        of_rows = "rowid, " if table in IN_ORDER else ""
        made.execute(
            f'CREATE VIEW {quoted} AS SELECT {of_rows}* FROM "{name}".{source} '
            f"WHERE {shown.get(table, 'true')} {more.get(table, '')}"
        )
    for view in VIEWS:
        made.execute(sql(view))


# What a stage notes of itself.
OWN = ("raw.staged", "raw.made_by", "raw.inbox")
TABLES = """
SELECT schema_name, table_name
FROM duckdb_tables()
WHERE database_name = current_database() AND list_contains(?, schema_name)
  AND NOT list_contains(?, schema_name || '.' || table_name)
ORDER BY ALL
"""
# Tables whose rows are asked for in the order of writing.
IN_ORDER = ("raw.cursor", "ledger.action", "ledger.resolution", "ledger.outcome", "ledger.proof",
            "ledger.activation", "ledger.run")  # fmt: skip
# What is seen of the tables that grow: up to the moment that was chosen.
CUT = {
    "raw.answer_short": "seq <= getvariable('known_answers')",
    "raw.answer_long": "seq <= getvariable('known_answers')",
    "raw.push": "seq <= getvariable('known_answers')",
    "raw.cursor": "noted_at <= getvariable('known_at')",
    "ledger.action": "rowid <= getvariable('known_intents')",
    "ledger.event": "seq <= getvariable('known_events')",
    "ledger.resolution": "noted_at <= getvariable('known_at')",
    "ledger.outcome": "noted_at < getvariable('known_at')",
    "ledger.proof": "noted_at < getvariable('known_at')",
    # What is told of lines and orders is kept as of the last run alone: of those that were begun
    # by then it is what was told then too, as far as anything is asked of it.
    "ledger.line_state": "delivery IN (SELECT action FROM ledger.event)",
    "ledger.order_item": "delivery IN (SELECT action FROM ledger.event)",
    "ledger.order_state": "false",
}
# A payout or an order that is closed is passed over until something of it changes.
REOPENED = {"ledger.order_state": "false", "ledger.proof": "false"}
