"""The delivery ledger: what was intended, what was sent, what came back; one row per event.

Reads and writes ``ledger.action`` and ``ledger.event``, append-only. The present state of a step
is the view ``ledger.step``; nothing here talks to a server.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from .. import json_text
from .database import Store

# Events after which a step is over: the document is there.
FINISHED = ("done", "found", "adopted")
# Events after which nothing is known to have happened: the step may be sent (again).
UNSENT = ("refused", "not-sent", "absent")


@dataclass(frozen=True, slots=True)
class Action:
    """One document to be created, and the steps that follow. ``identity`` finds it again.

    ``covers`` are the lines it accounts for, ``moves`` those whose money it transfers; ``facts``
    are what mappings that need this one may ask of it. ``adopted`` is the number of a document
    that already stands in the target and is to be owned instead of created.
    """

    action: str
    mapping: str
    target: str
    source: str
    payout: str
    covers: tuple[str, ...]
    document: dict[str, Any]
    identity: dict[str, Any]
    then: tuple[str, ...] = ()
    consumed_of: str | None = None
    consumed: Decimal | None = None
    moves: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    adopted: str | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """The deliveries in order: its creation, then what the mapping declares."""
        return ("create", *self.then)


@dataclass(slots=True)
class Progress:
    """How far an action has come: the last event of each step, and the number once known.

    ``answer`` is the body of a refusal; what was answered otherwise stays in the ledger.
    """

    events: dict[str, str] = field(default_factory=dict)
    sent_at: dict[str, datetime] = field(default_factory=dict)
    number: str | None = None
    status: int | None = None
    answer: str | None = None
    note: str | None = None

    def finished(self, step: str) -> bool:
        return self.events.get(step) in FINISHED

    def in_flight(self, step: str) -> bool:
        """Sent, or being sent when the process ended, and the outcome not known."""
        return self.events.get(step) in ("sending", "unknown")

    @property
    def touched(self) -> bool:
        """Whether anything of it may stand in the target."""
        return any(event not in UNSENT for event in self.events.values())


def record_actions(store: Store, run: str, now: datetime, actions: Iterable[Action]) -> None:
    """Write the intent of actions; a later row of the same action (a new attempt) replaces it."""
    store.append(
        "ledger.action",
        (
            (
                action.action, now, run, action.mapping, action.target, action.source,
                action.payout, list(action.covers), action.consumed_of, action.consumed,
                json_text.encode(action.document),
                json_text.encode(action.identity), list(action.then), list(action.moves),
                json_text.encode(action.facts),
            )
            for action in actions
        ),
        (
            "action", "noted_at", "run", "mapping", "target", "source", "payout", "covers",
            "consumed_of", "consumed", "document", "identity", "follow", "moves", "facts",
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a step of an action."""

    action: str
    step: str
    event: str
    method: str | None = None
    path: str | None = None
    body: str | None = None
    status: int | None = None
    answer: str | None = None
    number: str | None = None
    note: str | None = None


def record(store: Store, run: str, now: datetime, *events: Event) -> None:
    """Write events in their order, durably: when this returns they survive a crash."""
    store.append(
        "ledger.event",
        (
            (
                now, run, event.action, event.step, event.event, event.method, event.path,
                event.body, event.status, event.answer, event.number, event.note,
            )
            for event in events
        ),
        (
            "noted_at", "run", "action", "step", "event", "method", "path", "body", "status",
            "answer", "number", "note",
        ),
    )  # fmt: skip


def read_progress(store: Store, payouts: Iterable[str] | None = None) -> dict[str, Progress]:
    """The state of every action that has an event, of all payouts or of some."""
    wanted = sorted(set(payouts or ()))
    if payouts is not None and not wanted:
        return {}
    rows = store.rows(
        """
        SELECT * REPLACE (CASE WHEN event = 'refused' THEN answer END AS answer)
        FROM ledger.step AS s
        WHERE ? OR s.action IN (
            SELECT action FROM ledger.action WHERE payout IN (SELECT unnest(?::VARCHAR[]))
        )
        ORDER BY s.seq
        """,
        [payouts is None, wanted],
    )
    result: dict[str, Progress] = {}
    for row in rows:
        progress = result.setdefault(row["action"], Progress())
        progress.events[row["step"]] = row["event"]
        if row["sent_at"] is not None:
            progress.sent_at[row["step"]] = row["sent_at"]
        progress.number = row["number"] or progress.number
        progress.status, progress.answer, progress.note = row["status"], row["answer"], row["note"]
    return result


def read_actions(
    store: Store, payouts: Iterable[str] | None = None, lines: Iterable[str] = ()
) -> dict[str, Action]:
    """The last intent of each action that has an event: all, or those of some payouts and those
    that cover or move one of ``lines``, under whatever payout they were made."""
    if payouts is None:
        return _actions(store.rows(f"{INTENTS} {AS_BEGUN}"))
    keys = [sorted(set(payouts)), sorted(set(lines))]
    if not any(keys):
        return {}
    rows = store.rows(
        f"{INTENTS} AND (a.payout IN (SELECT unnest(?::VARCHAR[])) OR a.action IN ({TOUCHING})) "
        f"{AS_BEGUN}",
        keys,
    )
    return _actions(rows)


def read_actions_of(store: Store, mapping: str, sources: Iterable[str]) -> dict[str, Action]:
    """The last intent of each action of a mapping for these sources, wherever it was made."""
    query = (
        f"{INTENTS} AND a.mapping = ? AND a.source IN (SELECT unnest(?::VARCHAR[])) "
        f"{AS_BEGUN}"
    )
    wanted = sorted(set(sources))
    return _actions(store.rows(query, [mapping, wanted])) if wanted else {}


INTENTS = """
SELECT a.*
FROM ledger.intent AS a
JOIN (SELECT action, min(seq) AS begun FROM ledger.event GROUP BY action) AS e
    ON e.action = a.action
WHERE true
"""
# In the order of time: by their ids the tenth document of a source would come before its second.
AS_BEGUN = "ORDER BY e.begun"
TOUCHING = """
SELECT t.action
FROM (SELECT action, unnest(list_concat(covers, moves)) AS line FROM ledger.action) AS t
WHERE t.line IN (SELECT unnest(?::VARCHAR[]))
"""


def begun(store: Store) -> list[Action]:
    """Actions of all payouts that were begun and are not finished, the oldest first: sent and not
    known what became of it, or created and a step still to be taken that the target did not refuse.

    What a person has to decide is not among them.
    """
    return list(_actions(store.rows(BEGUN)).values())


BEGUN = """
SELECT i.*
FROM ledger.intent AS i
JOIN (
    SELECT
        action,
        list(step) FILTER (WHERE event IN ('done', 'found', 'adopted'))     AS finished,
        count(*) FILTER (WHERE event IN ('sending', 'unknown'))             AS in_flight,
        count(*) FILTER (WHERE event IN ('undecided', 'refused'))           AS blocked,
        min(seq)                                                            AS seq
    FROM ledger.step
    GROUP BY action
) AS s ON s.action = i.action
WHERE s.blocked = 0
  AND (
      s.in_flight > 0
      OR list_contains(s.finished, 'create') AND NOT list_has_all(s.finished, i.follow)
  )
ORDER BY s.seq
"""


def unsettled(store: Store) -> dict[str, str]:
    """Documents of which it is not known how much our own actions took, by number → the action."""
    rows = store.rows(
        """
        SELECT i.consumed_of, arg_min(i.action, s.seq) AS action
        FROM ledger.intent AS i
        JOIN ledger.step AS s ON s.action = i.action
        WHERE s.event IN ('sending', 'unknown', 'undecided') AND i.consumed_of IS NOT NULL
        GROUP BY i.consumed_of
        """
    )
    return {row["consumed_of"]: row["action"] for row in rows}


def _actions(rows: Iterable[dict[str, Any]]) -> dict[str, Action]:
    result = {}
    for row in rows:
        result[row["action"]] = Action(
            row["action"], row["mapping"], row["target"], row["source"], row["payout"],
            tuple(row["covers"]), json_text.decode(row["document"]),
            json_text.decode(row["identity"]), tuple(row["follow"]), row["consumed_of"],
            row["consumed"], tuple(row["moves"]), json_text.decode(row["facts"]),
        )  # fmt: skip
    return result


def owned_numbers(store: Store, target: str) -> dict[str, str]:
    """Number of each document in the target that an action owns → the action."""
    rows = store.rows(
        """
        SELECT s.number, any_value(s.action) AS action
        FROM ledger.step AS s
        WHERE s.number IS NOT NULL
          AND s.action IN (SELECT action FROM ledger.action WHERE target = ?)
        GROUP BY s.number
        """,
        [target],
    )
    return {row["number"]: row["action"] for row in rows}
