"""The delivery ledger: what was intended, what was sent, what came back; one row per event.

Reads and writes ``ledger.action`` and ``ledger.event``, append-only. The present state of a step
is the view ``ledger.step``; nothing here talks to a server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any

from .. import json_text
from .database import Store
from .narrow import intents, steps
from .undone import UNDONE, undone

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

    def __reduce__(self) -> tuple[Any, ...]:
        return Action, VALUES(self)  # what a frozen dataclass does by itself takes twice as long


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

    def take(self, row: Mapping[str, Any]) -> None:
        """What became of a step, by its last event: after those of which events came before."""
        self.events[row["step"]] = row["event"]
        if row["sent_at"] is not None:
            self.sent_at[row["step"]] = row["sent_at"]
        self.number = row["number"] or self.number
        self.status, self.note = row["status"], row["note"]

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
    of = "" if payouts is None else EVENTS_OF_PAYOUTS
    return _progress(store, of, [] if payouts is None else [wanted])


def read_named_progress(store: Store, actions: Iterable[str]) -> dict[str, Progress]:
    """The same of these actions."""
    wanted = sorted(set(actions))
    of = "WHERE action IN (SELECT unnest(?::VARCHAR[]))"
    return _progress(store, of, [wanted]) if wanted else {}


def _progress(store: Store, of: str, keys: Sequence[Any]) -> dict[str, Progress]:
    rows = store.each(f"{STEPS.format(of=of)}ORDER BY last", keys)
    result: dict[str, Progress] = {}
    refused: dict[str, str] = {}
    for row in rows:
        result.setdefault(row["action"], Progress()).take(row)
        refused.pop(row["action"], None)
        if row["event"] == "refused":
            refused[row["action"]] = row["step"]
    if refused:
        told = [list(refused), list(refused.values())]
        for row in store.rows(ANSWERS, told):
            result[row["action"]].answer = row["answer"]
    return result


# What ledger.step says of these actions alone: that view would go over the events of all there are.
# Answers are read apart, and only of what was refused: to skip one the database unpacks it too.
STEPS = """
SELECT
    action,
    step,
    arg_max(event, seq)                                    AS event,
    arg_max(number, seq) FILTER (WHERE number IS NOT NULL) AS number,
    max(noted_at) FILTER (WHERE event = 'sending')         AS sent_at,
    arg_max(status, seq)                                   AS status,
    arg_max(note, seq)                                     AS note,
    min(seq)                                               AS begun,
    max(seq)                                               AS last
FROM ledger.event
{of}
GROUP BY action, step
"""
EVENTS_OF_PAYOUTS = """
WHERE action IN (
    SELECT action FROM ledger.action WHERE payout IN (SELECT unnest(?::VARCHAR[]))
)
"""
ANSWERS = """
SELECT action, arg_max(answer, seq) AS answer
FROM ledger.event
WHERE (action, step) IN (SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]))
GROUP BY action
"""


def read_actions(
    store: Store,
    payouts: Iterable[str] | None = None,
    lines: Iterable[str] = (),
    *,
    identified: bool = True,
    documented: bool = True,
) -> dict[str, Action]:
    """The last intent of each action that has an event: all, or those of some payouts and those
    that cover or move one of ``lines``, under whatever payout they were made. Where none is looked
    for, they need not be ``identified``, and where none is sent not ``documented``: these two are
    most of what an action holds."""
    if payouts is None:
        return _actions(store.each(ALL))
    keys = {"payouts": sorted(set(payouts)), "lines": sorted(set(lines))}
    if not any(keys.values()):
        return {}
    rows = store.each(OF_PAYOUTS, keys)
    return _actions(rows, identified=identified, documented=documented)


def each_begun(
    store: Store, payouts: Iterable[str], lines: Iterable[str], *, documented: bool = False
) -> Iterator[tuple[Action, Progress]]:
    """The actions that ``read_actions`` gives, each with how far it has come, one after the other:
    those of a large payout are not all held. Without their identity, and their document only where
    it is asked for, then in no order; it is not told when a step was sent, as moments take long to
    read, nor what a refusal answered. Nothing else may be asked before the last has come."""
    keys = {"payouts": sorted(set(payouts)), "lines": sorted(set(lines))}
    query = WITH_STEPS.replace(", $document", "" if documented else ", document")
    query += "" if documented else AS_BEGUN
    for row in store.each(query, keys) if any(keys.values()) else ():
        progress = Progress()
        for step in sorted(row["steps"], key=LAST):
            progress.take(step)
        yield _action(row, identified=False, documented=documented), progress


def read_named_actions(store: Store, actions: Iterable[str]) -> dict[str, Action]:
    """The last intent of each of these actions that has an event."""
    wanted = sorted(set(actions))
    return _actions(store.each(NAMED, {"actions": wanted})) if wanted else {}


def read_actions_of(store: Store, mapping: str, sources: Iterable[str]) -> dict[str, Action]:
    """The last intent of each action of a mapping for these sources, wherever it was made."""
    wanted = {"mapping": mapping, "sources": sorted(set(sources))}
    return _actions(store.rows(OF_SOURCES, wanted)) if wanted["sources"] else {}


# Of the actions of a query; in what comes of it they are ``a``.
def _intents(of: str) -> str:
    return f"""
SELECT a.*
FROM {intents(of)} AS a
JOIN (
    SELECT action, min(seq) AS begun FROM ledger.event WHERE action IN ({of}) GROUP BY action
) AS e ON e.action = a.action
"""


# In the order of time: by their ids the tenth document of a source would come before its second.
AS_BEGUN = "ORDER BY e.begun"
# Those of payouts and those that touch lines; a payout is that of the last intent.
ASKED = """
WITH touching AS MATERIALIZED (
    SELECT action
    FROM (SELECT action, unnest(list_concat(covers, moves)) AS line FROM ledger.action)
    WHERE line IN (SELECT unnest($lines::VARCHAR[]))
),
asked AS MATERIALIZED (
    SELECT action FROM ledger.action WHERE payout IN (SELECT unnest($payouts::VARCHAR[]))
    UNION
    SELECT action FROM touching
)"""
ARE_ASKED = """
WHERE a.payout IN (SELECT unnest($payouts::VARCHAR[])) OR a.action IN (SELECT action FROM touching)
"""
OF_PAYOUTS = f"{ASKED} {_intents('SELECT action FROM asked')} {ARE_ASKED} {AS_BEGUN}"
NAMED = f"{_intents('SELECT unnest($actions::VARCHAR[])')} {AS_BEGUN}"
OF_SOURCES = f"""
WITH asked AS MATERIALIZED (
    SELECT action FROM ledger.action
    WHERE mapping = $mapping AND source IN (SELECT unnest($sources::VARCHAR[]))
)
{_intents("SELECT action FROM asked")}
WHERE a.mapping = $mapping AND a.source IN (SELECT unnest($sources::VARCHAR[]))
{AS_BEGUN}
"""
ALL = f"{_intents('SELECT action FROM ledger.action')} {AS_BEGUN}"
LAST, VALUES = itemgetter("last"), attrgetter(*Action.__dataclass_fields__)
WITH_STEPS = f"""
{ASKED},
e AS (
    SELECT
        action,
        min(begun) AS begun,
        list({{
            'step': step, 'event': event, 'number': number, 'sent_at': NULL,
            'status': status, 'note': note, 'last': last
        }}) AS steps
    FROM ({STEPS.format(of="WHERE action IN (FROM asked)")})
    GROUP BY action
)
SELECT a.* EXCLUDE (identity, noted_at, run, $document), e.steps
FROM {intents("SELECT action FROM asked")} AS a
JOIN e ON e.action = a.action
{ARE_ASKED}
"""


def begun(store: Store) -> list[Action]:
    """Actions of all payouts that were begun and are not finished, the oldest first: sent and not
    known what became of it, or created and a step still to be taken that the target did not refuse.

    What a person has to decide is not among them.
    """
    return list(_actions(_of_undone(store, BEGUN)).values())


def _of_undone(store: Store, query: str) -> list[dict[str, Any]]:
    """A query of ``steps`` and ``intents``: of those that may be undone, of all if none knows."""
    if (left := undone(store)) is None:
        return store.rows(query.format(steps="ledger.step", intents="ledger.intent"))
    return store.rows(query.format(steps=steps(UNDONE), intents=intents(UNDONE)), left)


BEGUN = """
SELECT i.*
FROM {intents} AS i
JOIN (
    SELECT
        action,
        list(step) FILTER (WHERE event IN ('done', 'found', 'adopted'))     AS finished,
        count(*) FILTER (WHERE event IN ('sending', 'unknown'))             AS in_flight,
        count(*) FILTER (WHERE event IN ('undecided', 'refused'))           AS blocked,
        min(seq)                                                            AS seq
    FROM {steps} AS s
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
    return {row["consumed_of"]: row["action"] for row in _of_undone(store, UNSETTLED)}


UNSETTLED = """
SELECT i.consumed_of, arg_min(i.action, s.seq) AS action
FROM {intents} AS i
JOIN {steps} AS s ON s.action = i.action
WHERE s.event IN ('sending', 'unknown', 'undecided') AND i.consumed_of IS NOT NULL
GROUP BY i.consumed_of
"""


def _actions(
    rows: Iterable[dict[str, Any]], *, identified: bool = True, documented: bool = True
) -> dict[str, Action]:
    return {row["action"]: _action(row, identified=identified, documented=documented)
            for row in rows}  # fmt: skip


def _action(row: dict[str, Any], *, identified: bool = True, documented: bool = True) -> Action:
    return Action(
        row["action"], row["mapping"], row["target"], row["source"], row["payout"],
        tuple(row["covers"]), json_text.decode(row["document"]) if documented else {},
        json_text.decode(row["identity"]) if identified else {}, tuple(row["follow"]),
        row["consumed_of"], row["consumed"], tuple(row["moves"]),
        json_text.decode(row["facts"]),
    )  # fmt: skip


def owned_numbers(store: Store, target: str) -> dict[str, str]:
    """Number of each document in the target that an action owns → the action."""
    return {row["number"]: row["action"] for row in store.rows(OWNED, {"target": target})}


OWNED = f"""
SELECT s.number, any_value(s.action) AS action
FROM {steps("SELECT action FROM ledger.action WHERE target = $target")} AS s
WHERE s.number IS NOT NULL
GROUP BY s.number
"""
