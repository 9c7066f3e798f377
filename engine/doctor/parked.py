"""What of the last 60 days the rules in force would leave to a person, as a plan would tell it.

Reads what runs have stored: plans it once more for what is open, and asks of what is posted the
checks that say the same whenever they are asked. Writes nothing but temporary tables, asks no
server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from ..error_catalogue import read_catalogue
from ..errors import ItemError
from ..language.program import CompiledMapping, Program
from ..language.required_columns import LINE
from ..merchant.flows import flows_on
from ..merchant.load import Merchant
from ..merchant.settings import convention_choices
from ..plan.build import make_plan
from ..plan.entities import ENTITIES
from ..plan.model import Outcome, Payout, Plan, Row
from ..plan.order_rows import Rows
from ..scope import Scope
from ..store.books import read_books
from ..store.database import Store

DAYS = 60
# So many are looked at, the newest days first.
MOST_ORDERS, MOST_LINES = 20_000, 50_000

CALLED = {
    "qliro.order": "order", "qliro.capture": "capture", "qliro.refund": "refund",
    LINE: "settlement line", "qliro.payout": "payout",
}  # fmt: skip
FEE = "fee"


@dataclass(frozen=True, slots=True)
class Left:
    """One that a rule leaves to a person: an order, a capture, … by ``name``.

    ``rule`` is where the rule stands, or the code of the planner's; ``now`` is "open" where the
    next run would park it, "posted" where it is posted already, "parked" where it is parked.
    """

    kind: str
    name: str
    rule: str
    place: str
    reason: str
    now: str


@dataclass(slots=True)
class Count:
    """How many there are of each kind from the two days on, and what is left to a person of them.

    ``cut`` says that there were more than are looked at.
    """

    orders_from: date
    payouts_from: date
    cut: bool = False
    of: Counter[str] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)


def count(merchant: Merchant, program: Program, store: Store, today: date) -> Count:
    """All of it. ``store`` is staged and of this version."""
    settings, flows = merchant.settings, flows_on(merchant)
    first = today - timedelta(days=DAYS)
    payouts_from = max(first, settings["payouts_from"])
    orders_from = max(first, settings["orders_from"] or settings["payouts_from"])
    by_day = store.rows(ORDERS, [orders_from, today]) if flows - {"payouts"} else []
    by_batch = store.rows(BATCHES, [payouts_from]) if "payouts" in flows else []
    counted = Count(_first(by_day, MOST_ORDERS, orders_from),
                    _first(by_batch, MOST_LINES, payouts_from))  # fmt: skip
    counted.cut = counted.orders_from > orders_from or counted.payouts_from > payouts_from
    batches = tuple(str(one["Id"]) for one in by_batch if one["day"] >= counted.payouts_from)
    plan = make_plan(
        store, program, settings, read_books(store), convention_choices(), read_catalogue(),
        flows=flows, again=True, scope=Scope(batches, None, counted.orders_from, today),
    )  # fmt: skip
    rows = Rows(store, program, read_books(store), plan.orders)
    counted.of += _kinds(plan, rows, flows)
    found: dict[tuple[str, str], Left] = {}
    for one in (*_open(store, program, plan), *_posted(program, plan, rows)):
        known = found.get((one.kind, one.name))
        if known is None or (known.now == "parked" and one.now != "parked"):
            found[one.kind, one.name] = one
    counted.left = list(found.values())
    return counted


ORDERS = """
SELECT OrderDate AS day, count(*) AS n
FROM qliro.order_sum
WHERE OrderDate BETWEEN ? AND ?
GROUP BY day
ORDER BY day DESC
"""
BATCHES = """
SELECT b.Id, b.BatchDate AS day, count(l.line) AS n
FROM qliro.settlement_batch AS b
LEFT JOIN qliro.settlement_line AS l ON l.Id = b.Id
WHERE b.BatchDate >= ?
GROUP BY b.Id, b.BatchDate
ORDER BY day DESC, b.Id DESC
"""
# What the last run made of each source.
LAST = """
SELECT mapping, source, arg_max(state, rowid) AS state
FROM ledger.outcome
WHERE list_contains(?, payout)
GROUP BY mapping, source
"""


def _first(days: Sequence[Mapping[str, Any]], most: int, first: date) -> date:
    """The day from which on there are no more than so many; the newest always."""
    seen, reached = 0, first
    for one in days:
        seen += one["n"]
        if seen > most and reached != first and one["day"] < reached:
            return reached
        reached = one["day"]
    return first


def _kinds(plan: Plan, rows: Rows, flows: set[str]) -> Counter[str]:
    """How many there are of each kind."""
    of: Counter[str] = Counter()
    for name, flow in (("order", "orders"), ("capture", "invoices"), ("refund", "refunds")):
        if flow in flows:
            of[name] = len(rows.of(f"qliro.{name}"))
    for payout in plan.payouts.values():
        of["payout"] += 1
        of.update(_line_kind(line) for line in payout.accepted)
    return of


def _line_kind(line: Row) -> str:
    return FEE if line["Type"] == "Fee" else CALLED[LINE]


# -- what is open ----------------------------------------------------------------------------------


def _open(store: Store, program: Program, plan: Plan) -> Iterator[Left]:
    """What the plan parks: now, or as the last run did."""
    parked = [one for one in plan.outcomes if one.state == "parked"]
    cases = sorted({one.payout for one in parked})
    last = {(row["mapping"], row["source"]): row["state"] for row in store.rows(LAST, [cases])}
    lines = {line["line"]: line for payout in plan.payouts.values() for line in payout.lines}
    for one in parked:
        now = "parked" if last.get((one.mapping, one.source)) == "parked" else "open"
        kind, name = _called(program, one, lines)
        place = one.trace.get("place") or _declared(program, one)
        rule = one.trace.get("place") or f"{one.mapping} {one.code}"
        yield Left(kind, name, rule, place, one.reason, now)


def _called(program: Program, one: Outcome, lines: Mapping[str, Row]) -> tuple[str, str]:
    """What an outcome is of, and its name. A payout that does not add up is one, not its lines."""
    if one.code == "payout-disagrees":
        return CALLED["qliro.payout"], one.payout
    if one.source in lines:
        return _line_kind(lines[one.source]), one.source
    mapping = program.mappings.get(one.mapping)
    return CALLED.get(mapping.spec.entity if mapping else "", "source"), one.source


def _declared(program: Program, one: Outcome) -> str:
    """The file of a rule that has no place of its own."""
    mapping = program.mappings.get(one.mapping)
    source = mapping.spec.source if mapping else program.mapping_set.entities[LINE].source
    return str(source.place(()))


# -- what is posted --------------------------------------------------------------------------------


def _posted(program: Program, plan: Plan, rows: Rows) -> Iterator[Left]:
    """Of what this program has posted what the rules in force would not have let it."""
    made: dict[str, set[str]] = {}
    for one in plan.outcomes:
        if one.state == "posted" and one.action is not None:
            made.setdefault(one.mapping, set()).add(one.source)
    for name, sources in made.items():
        mapping = program.mappings.get(name)
        if mapping is None or mapping.spec.made_for:
            continue
        if mapping.spec.entity == LINE:
            yield from _posted_lines(mapping, sources, plan)
        elif mapping.spec.entity in ENTITIES:
            yield from _posted_orders(mapping, sources, rows)
    yield from _lines_alone(program, plan)


def _posted_orders(mapping: CompiledMapping, sources: set[str], rows: Rows) -> Iterator[Left]:
    spec = mapping.spec
    for row in rows.of(spec.entity):
        inputs: dict[str, Any] = {spec.alias: row}
        key = str(mapping.per(inputs))
        if key not in sources:
            continue
        for alias, one in spec.related.items():
            if one.entity.startswith("qliro."):
                inputs[alias] = rows.related(mapping, alias, inputs)
        belonging = (one for alias in spec.related for one in inputs.get(alias, ()))
        problem = next((one["problem"] for one in (row, *belonging) if one["problem"]), None)
        yield from _failing(mapping, CALLED[spec.entity], key, inputs, problem)


def _posted_lines(mapping: CompiledMapping, sources: set[str], plan: Plan) -> Iterator[Left]:
    for payout in plan.payouts.values():
        joined: dict[tuple[str, ...], dict[Any, list[Row]]] = {}
        for line in payout.accepted:
            if line["line"] not in sources or line["problem"]:
                continue
            inputs: dict[str, Any] = {mapping.spec.alias: line}
            for alias in mapping.spec.related:
                inputs[alias] = _of_line(mapping, alias, inputs, payout, joined)
            yield from _failing(mapping, _line_kind(line), line["line"], inputs, None)


def _of_line(
    mapping: CompiledMapping,
    alias: str,
    inputs: Mapping[str, Any],
    payout: Payout,
    joined: dict[tuple[str, ...], dict[Any, list[Row]]],
) -> list[Row]:
    """The lines of its payout that belong to a line; ``joined`` has them by their columns."""
    related = mapping.related[alias]
    if related.columns not in joined:
        index = joined[related.columns] = {}
        for one in payout.accepted:
            index.setdefault(tuple(one[name] for name in related.columns), []).append(one)
    found = joined[related.columns].get(related.key(inputs), [])
    return [one for one in found if related.when is None or related.when({**inputs, "it": one})]


def _failing(
    mapping: CompiledMapping, kind: str, name: str, inputs: Mapping[str, Any], problem: str | None
) -> Iterator[Left]:
    here = str(mapping.spec.source.place(()))
    if problem is not None:
        yield Left(kind, name, f"{mapping.spec.name} unreadable", here, problem, "posted")
        return
    try:
        failures = mapping.own_failures(inputs)
    except ItemError as error:
        place = str(error.place or here)
        yield Left(kind, name, place, place, error.told(), "posted")
        return
    if failures:
        place = str(failures[0].place)
        because = "; ".join(one.because for one in failures)
        yield Left(kind, name, place, place, because, "posted")


def _lines_alone(program: Program, plan: Plan) -> Iterator[Left]:
    """Posted lines that no mapping would be asked about, and payouts that would not add up."""
    here = program.mapping_set.entities[LINE].source
    states = plan.line_states()
    for payout in plan.payouts.values():
        posted = [line for line in payout.accepted
                  if (one := states.get(line["line"])) is not None
                  and one.state == "posted" and one.action is not None]  # fmt: skip
        proof = plan.proofs[payout.key]
        if posted and not proof.holds:
            yield Left(CALLED["qliro.payout"], payout.key, "house payout-disagrees",
                       str(here.place(())), proof.sentence(), "posted")  # fmt: skip
        for line in posted:
            for column in ("problem", "doubt", "unmatched"):
                if why := line.get(column):
                    place = str(here.place(() if column == "problem" else ("derive", column)))
                    yield Left(_line_kind(line), line["line"], f"house {column}", place, why,
                               "posted")  # fmt: skip
                    break
