"""What this program has made before, in a case of flows, and what a person has decided: written
to the ledger.

Reads the documents that a case names with their mappings, sources and numbers, and the decisions;
writes ``ledger.action``, ``ledger.event`` and ``ledger.resolution`` of a database in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ... import json_text
from ...language.program import Program
from ...language.required_columns import LINE
from ...plan.entities import ENTITIES
from ...plan.model import OrderCase, Plan
from ...store.ledger import Action, Event, record, record_actions
from ...store.supposed import Step, Supposed
from .case import Case
from .servers import read_at

RUN = "before"
PERSON, REASON = "a person", "as the case says"
NOTHING: Mapping[str, Any] = {"ask": {}, "agree": {}, "adopt": {}}
# Of a payment, where nothing else is said: it took all of its line.
WHOLE: Mapping[str, Any] = {"rest": Decimal(0), "difference": Decimal(0), "outcome": "exact"}
# What is decided of beside lines.
DECIDABLE = """
SELECT OrderId::VARCHAR AS of FROM qliro."order"
UNION ALL SELECT capture FROM qliro.capture
UNION ALL SELECT refund FROM qliro.refund
"""


def made_before(
    case: Case, where: Supposed, plan: Callable[[], Plan], program: Program,
    names: Mapping[str, str],
) -> list[str]:  # fmt: skip
    """Write them down, the day before what the servers hold was read; the lines that they name and
    that are not given. ``names`` are what lines are called by their ids; ``plan`` tells which
    payout a line is in."""
    given = case.given.get("made", ())
    if not given:
        return []
    ids = {name: line for line, name in names.items()}
    lines = [str(line) for one in given for key in ("covers", "moves") for line in one.get(key, ())]
    lines += [str(one["of"]) for one in given if _entity(program, one) == LINE]
    of_payouts = any(_entity(program, one) not in ENTITIES for one in given)
    payouts = plan().payouts if of_payouts else {}
    payout_of = {line["line"]: key for key, one in payouts.items() for line in one.lines}
    actions: list[Action] = []
    events: list[Event] = []
    for one in given:
        action = _action(program, one, ids, payout_of, actions)
        actions.append(action)
        events.append(Event(action.action, "create", "done", number=str(one["number"])))
    at = read_at(case.given.get("today")) - timedelta(days=1)

    def write() -> None:
        record_actions(where.added, RUN, at, actions)
        record(where.added, RUN, at, *events)

    where.suppose(Step(json_text.digest([at, actions, events]), write))
    return [line for line in dict.fromkeys(lines) if line not in ids]


def resolved_before(case: Case, where: Supposed, names: Mapping[str, str]) -> list[str]:
    """Write down what a person has decided, the day before what the servers hold was read; what
    of it is decided of nothing that is given."""
    given = case.given.get("resolved", ())
    if not given:
        return []
    ids = {name: line for line, name in names.items()}
    ids |= {row["of"]: row["of"] for row in where.now.rows(DECIDABLE)}
    at = read_at(case.given.get("today")) - timedelta(days=1)
    rows = [
        (at, PERSON, ids.get(str(one["of"])), one["kind"],
         str(one["number"]) if "number" in one else None, REASON)
        for one in given if str(one["of"]) in ids
    ]  # fmt: skip
    columns = ("noted_at", "who", "line", "kind", "detail", "reason")

    def write() -> None:
        where.added.append("ledger.resolution", rows, columns)

    where.suppose(Step(json_text.digest([at, rows]), write))
    return [str(one["of"]) for one in given if str(one["of"]) not in ids]


def _entity(program: Program, one: Mapping[str, Any]) -> str:
    return program.mapping_set.mappings[one["mapping"]].entity


def _action(
    program: Program, one: Mapping[str, Any], ids: Mapping[str, str],
    payout_of: Mapping[str, str], before: list[Action],
) -> Action:  # fmt: skip
    """What was done: the second document of a source is called so."""
    name = one["mapping"]
    spec = program.mapping_set.mappings[name]
    source = ids.get(str(one["of"]), str(one["of"]))
    earlier = sum((done.mapping, done.source) == (name, source) for done in before)
    covers, moves = ([ids.get(str(line), str(line)) for line in one.get(key, ())]
                     for key in ("covers", "moves"))  # fmt: skip
    if spec.entity == LINE and not covers:
        covers = [source]
    facts = {**(WHOLE if spec.entity == LINE else {}), **one.get("facts", {})}
    payout = source if spec.entity not in ENTITIES else OrderCase.named(source.partition("/")[0])
    return Action(
        f"{name}-{source}" + (f"-{earlier + 1}" if earlier else ""), name, spec.target, source,
        payout_of.get(source, payout), tuple(covers), dict(one.get("document", {})),
        dict(NOTHING), (), moves=tuple(moves), facts=facts,
    )  # fmt: skip
