"""One order, capture, refund, line or payout through the mappings as they stand on disk.

Reads a merchant's database by ``engine.store.history``, writes nothing to it, asks no server. What
was posted is decided with what was known then, all else with what is known now; what waits for
documents of the same plan also as if those stood. The history of the item stays in memory, so that
it can be tried again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..errors import UsageError
from ..language.program import CompiledMapping
from ..language.spec import Field
from ..plan.model import Outcome, Plan
from ..plan.states import CLOSED
from ..scope import Scope
from ..stage.staging import stage
from ..store.database import Store
from ..store.history import ORDER, Moment, moments, past
from ..store.ledger import Action
from ..store.remembered import Remembered
from ..store.supposed import Supposed, supposed
from ..suppose.rounds import Followed, follow
from .decided import Decided
from .explained import restored
from .replay import as_of, as_of_now
from .seen import UNSEEN, Evaluator, Frame, of_mapping, with_lets
from .versions import Version


@dataclass(frozen=True, slots=True)
class Told:
    """A value of a document: ``rule`` is the expression that gives it, at ``place``."""

    field: str
    value: Any
    rule: str
    place: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check: ``holds`` is None of one that can't be asked where something else stops it."""

    id: str
    holds: bool | None
    place: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What becomes of a source under a mapping. ``posted``: it was decided as of ``at``, when it
    was posted. ``document`` is None where there is none, and ``reason`` says why. ``as_if`` are
    documents of the same plan that are supposed to stand: as if customer 990000000001.
    ``unknown`` is why nothing that follows from this one can be shown."""

    mapping: str
    target: str
    source: str
    state: str
    code: str
    reason: str
    place: str
    posted: bool
    at: str
    document: Mapping[str, Any] | None
    values: tuple[Told, ...]
    checks: tuple[Verdict, ...]
    as_if: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """What a reference names, with the databases in which each of its documents is decided: those
    of ``then``, and one of now to suppose in."""

    ref: str
    sources: frozenset[str]
    scope: Scope
    where: Supposed
    then: tuple[tuple[Moment, Remembered], ...]
    whole: bool  # a payout was named, with all of its lines
    posted: Mapping[str, tuple[str, str]]  # mapping and source by action


@contextmanager
def item(store: Store, ref: str) -> Iterator[Item]:
    """What a reference names, held in memory. Raises UsageError where nothing carries it."""
    sources, scope = _named(store, ref)
    intents = store.rows("SELECT action, mapping, source FROM ledger.intent")
    posted = {row["action"]: (row["mapping"], row["source"]) for row in intents}
    with ExitStack() as stack:
        then = []
        for moment in moments(store):
            if any(posted[action][1] in sources for action in moment.actions):
                of_it = stack.enter_context(past(store)).move_to(moment)
                stage(of_it)
                then.append((moment, Remembered(of_it)))
        where = stack.enter_context(supposed(store, remembers=True))
        whole = not scope.orders and any(ref == key for key in scope.payouts or ())
        yield Item(ref, sources, scope, where, tuple(then), whole, posted)


def _named(store: Store, ref: str) -> tuple[frozenset[str], Scope]:
    """The sources that a reference names, and the orders and payouts that they are in."""
    rows = store.rows(NAMED, {"ref": ref})
    if not rows:
        raise UsageError(
            f"Nothing that is stored here is called {ref!r}.",
            "Name an order, capture, refund, line or payout: by its number at Qliro, its reference "
            "or its id here.",
        )
    of = {kind: tuple(dict.fromkeys(row["key"] for row in rows if row["kind"] == kind))
          for kind in ("order", "payout", "source")}  # fmt: skip
    sources = frozenset(of["source"])
    return sources, Scope(of["payout"], of["order"])


NAMED = """
WITH orders AS (
    SELECT OrderId::VARCHAR AS id FROM qliro."order"
    WHERE OrderId::VARCHAR = $ref OR MerchantReference = $ref
),
moved AS (
    SELECT capture AS source, OrderId::VARCHAR AS id, PaymentTransactionId FROM qliro.capture
    UNION ALL
    SELECT refund, OrderId::VARCHAR, PaymentTransactionId FROM qliro.refund
),
chosen AS (
    SELECT * FROM moved WHERE source = $ref OR PaymentTransactionId::VARCHAR = $ref
),
lines AS (
    SELECT line, Id::VARCHAR AS batch FROM qliro.settlement_line
    WHERE line = $ref
       OR (PaymentTransactionId::VARCHAR = $ref AND PaymentTransactionId <> 0)
       OR (OrderId::VARCHAR = $ref AND OrderId <> 0)
       OR MerchantOrderReference = $ref
       OR OrderId::VARCHAR IN (SELECT id FROM orders)
       OR PaymentTransactionId IN (SELECT PaymentTransactionId FROM chosen)
),
payouts AS (
    SELECT DISTINCT payout FROM ledger.line_state
    WHERE payout = $ref
    UNION
    SELECT Id::VARCHAR FROM qliro.settlement_batch
    WHERE Id::VARCHAR = $ref OR BatchId = $ref
)
SELECT 'order' AS kind, id AS key FROM orders
UNION SELECT 'source', id FROM orders
UNION SELECT 'source', source FROM moved WHERE id IN (SELECT id FROM orders)
UNION SELECT 'order', id FROM chosen
UNION SELECT 'source', source FROM chosen
UNION SELECT 'payout', batch FROM lines
UNION SELECT 'source', line FROM lines
UNION SELECT 'payout', payout FROM payouts
UNION SELECT 'source', payout FROM payouts
UNION SELECT 'source', payout FROM ledger.line_state
    WHERE payout IN (SELECT payout FROM payouts)
UNION SELECT 'source', line FROM ledger.line_state WHERE payout IN (SELECT payout FROM payouts)
ORDER BY ALL
"""


def tried(one: Item, version: Version) -> list[Tried]:
    """What the version makes of the item: of what was posted as of then, of all else as of now."""
    told: list[Tried] = []
    known: set[tuple[str, str]] = set()
    evaluator = Evaluator(version.program)
    for moment, store in one.then:
        store.begin()
        keys = {one.posted[action] for action in moment.actions}
        keys = {key for key in keys if key[1] in one.sources}
        made = as_of(store, moment, version)
        for outcome in made.outcomes:
            if (outcome.mapping, outcome.source) in keys:
                told.append(_told(store, version, evaluator, made.actions, outcome, moment))
        known |= keys
    one.where.forget()
    made, followed = _ahead(one, version)
    later = [outcome for outcome in followed.outcomes if _is_of(outcome, one)]
    replaced = {(outcome.mapping, outcome.source) for outcome in later}
    open_ = [
        outcome for outcome in made.outcomes
        if _is_of(outcome, one)
        and ((outcome.mapping, outcome.source) not in known or outcome.state not in CLOSED)
        and (outcome.state != "waiting" or (outcome.mapping, outcome.source) not in replaced)
    ]  # fmt: skip
    actions = [*made.actions, *followed.actions]
    for outcome in [*open_, *later]:
        found = _told(one.where.now, version, evaluator, actions, outcome, None)
        as_if = tuple(other.called for other in followed.after(outcome))
        unknown = followed.unknown.get(outcome.action or "", "")
        told.append(replace(found, as_if=as_if, unknown=unknown))
    return told


def _ahead(one: Item, version: Version) -> tuple[Plan, Followed]:
    """What is made of the item now and, where something of it waits, what follows once what is
    planned stands: of a line too, with the order whose documents it waits for."""
    made = as_of_now(one.where.now, version, one.scope)
    if not any(_is_of(outcome, one) and outcome.state == "waiting" for outcome in made.outcomes):
        return made, Followed()
    settings = version.settings
    asked = {
        "payouts": list(made.payouts), "whole": one.whole, "lines": sorted(one.sources),
        "since": settings["orders_from"] or settings["payouts_from"],
    }  # fmt: skip
    behind = [row["id"] for row in one.where.now.rows(BEHIND, asked)]
    scope = Scope(tuple(made.payouts), tuple(dict.fromkeys([*made.orders, *behind])))
    if len(scope.orders or ()) > len(made.orders):
        made = as_of_now(one.where.now, version, scope)
    followed = follow(
        one.where, made, settings, lambda store: as_of_now(store, version, scope)
    )
    return made, followed


# The orders of lines, those that flows of orders handle.
BEHIND = """
SELECT DISTINCT l.OrderId::VARCHAR AS id
FROM qliro.settlement_line AS l
JOIN qliro.order_sum AS o ON o.OrderId = l.OrderId
WHERE list_contains($payouts, l.Id::VARCHAR)
  AND ($whole OR list_contains($lines, l.line))
  AND o.OrderDate >= $since
ORDER BY id
"""


def _is_of(outcome: Outcome, one: Item) -> bool:
    """Whether an outcome is of the item: of a payout with all its lines, of an order that was named
    with its buyer and its articles."""
    if outcome.source in one.sources or (one.whole and not outcome.payout.startswith(ORDER)):
        return True
    named = outcome.payout.removeprefix(ORDER)
    return outcome.payout.startswith(ORDER) and named in one.sources


def _told(
    store: Store, version: Version, evaluator: Evaluator, actions: Iterable[Action],
    outcome: Outcome, moment: Moment | None,
) -> Tried:  # fmt: skip
    action = next((one for one in actions if one.action == outcome.action), None)
    document = action.document if action else outcome.trace.get("document")
    mapping = version.program.mappings.get(outcome.mapping)
    values: tuple[Told, ...] = ()
    checks: tuple[Verdict, ...] = ()
    if mapping is not None and outcome.trace.get("inputs"):
        frame = _frame(store, evaluator, mapping, outcome, action, document)
        values = tuple(_values(evaluator, mapping, frame, document or {}))
        checks = tuple(_checks(evaluator, mapping, frame, outcome))
    return Tried(
        outcome.mapping, mapping.spec.target if mapping else "", outcome.source, outcome.state,
        outcome.code, outcome.reason, str(outcome.trace.get("rule", "")), moment is not None,
        moment.at.isoformat() if moment else "", document or None, values, checks,
    )  # fmt: skip


def _frame(
    store: Store, evaluator: Evaluator, mapping: CompiledMapping, outcome: Outcome,
    action: Action | None, document: Mapping[str, Any] | None,
) -> Frame:  # fmt: skip
    """What the expressions of a document saw."""
    given = Decided(
        outcome.mapping, outcome.source, outcome.state, outcome.reason, outcome.trace,
        outcome.action, None, document, None, None, action.facts if action else {}, None, None,
    )  # fmt: skip
    program = evaluator.program
    inputs = restored(store, program, mapping, given)
    lets = outcome.trace.get("lets") or {}
    return with_lets(evaluator, of_mapping(program, mapping.spec, inputs), lets)


def _values(
    evaluator: Evaluator, mapping: CompiledMapping, frame: Frame, document: Mapping[str, Any]
) -> Iterator[Told]:
    """Every value of a document with its rule; of rows that can't be told apart the list's."""
    for field in mapping.spec.document:
        if field.name not in document:
            continue
        listed = document[field.name]
        if not field.rows or not isinstance(listed, list):
            yield _value(field, field.name, listed)
            continue
        rows = list(evaluator.rows(field.rows, frame))
        alike = len(rows) == len(listed)
        for index, row in enumerate(listed):
            of_row = {one.name: one for one in rows[index][0].fields} if alike else {}
            for name, value in row.items():
                yield _value(of_row.get(name, field), f"{field.name}[{index}].{name}", value)


def _value(field: Field, path: str, value: Any) -> Told:
    rule = " ".join(field.value.text.split()) if field.value is not None else ""
    return Told(path, value, rule, str(field.value.place if field.value else field.place))


def _checks(
    evaluator: Evaluator, mapping: CompiledMapping, frame: Frame, outcome: Outcome
) -> Iterator[Verdict]:
    """The checks with what came of each: of a document that is made they all hold."""
    failed = outcome.trace.get("place")
    for check in mapping.spec.checks:
        if outcome.state in ("planned", "adopted", "posted"):
            holds: bool | None = True
        elif str(check.place) == failed:
            holds = False
        else:
            found = evaluator.whole(check.that, frame)
            holds = None if found is UNSEEN or found is None else bool(found)
        yield Verdict(check.id, holds, str(check.place))
