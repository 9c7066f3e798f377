"""What a change can reach at all, told from the rules alone: which mappings, which columns of
orders, which look-ups in tables.

Reads both sets' graphs of what reads what and the changes; gives a ``Reached``. It tells too much
rather than too little: what can't be told apart is reached.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from jinja2 import nodes

from ...language.expressions import Expression, walk
from ...language.reach import Reach, Value, reach
from ...language.spec import EntitySpec, MappingSet, MappingSpec, Related, expressions_in
from ...language.tables import Lookup
from ...plan.entities import ENTITIES
from ..versions import Version
from .changes import Change

SETTINGS, BY_ORDER, ANY_COLUMN = "settings", "OrderId", "*"
# Settings that the engine itself goes by: whatever is planned may be otherwise.
OF_THE_PLAN = frozenset({"payouts_from", "orders_from", "flows", "conventions"})
# Settings that no document is made of, read by no plan: how and when the program works.
OF_THE_WORK = frozenset(
    {"environment", "qliro", "fortnox", "webhooks", "alert_after_days", "delivery", "sync"}
)
ORDER, MAPPING = "qliro.order", "mapping "
# What of a mapping is worked out when its document is rendered, beside its named values.
RENDERED = frozenset({"document", "checks", "warnings", "then", "confirm", "identity"})
# Ids that begin with the order's.
OWN = frozenset({BY_ORDER, "capture", "refund", "capture_line", "refund_line"})


@dataclass(frozen=True, slots=True)
class Call:
    """A look-up in a table of which rows changed, in a mapping of ``entity``. ``columns`` are the
    inputs that are columns of its source or of its order, with their entity, ``literals`` those
    that are literals, by position; the others may be anything."""

    entity: str
    table: str
    columns: Mapping[int, tuple[str, str]]
    literals: Mapping[int, Any]


@dataclass(frozen=True, slots=True)
class Reached:
    """``mappings`` may make something otherwise. ``every``: so may they of whatever source;
    ``any_order``: of any order, and of a payout only by way of its orders.

    ``columns`` are the derived columns, by entity, that may come out otherwise. Neither: it is only
    orders of which one of these does, or for which one of ``calls`` may hit one of ``rows``
    (conditions by table, of rows as they were and are). ``reads`` are the staged columns by entity
    that all this is made of, ``*`` among them for all of an entity's.

    ``rendered`` are the mappings of whose documents, checks and what is done with them something
    may be otherwise; None where it may also be who asks for a document, or what it refers to. Where
    it is fields of the document alone, ``fields`` has them by mapping.
    """

    mappings: frozenset[str]
    every: bool = False
    any_order: bool = False
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    rows: Mapping[str, tuple[Mapping[int, Any], ...]] = field(default_factory=dict)
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rendered: frozenset[str] | None = None
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)


def reached_by(changes: Sequence[Change], before: Version, after: Version) -> Reached:
    """What the changes between two versions can reach."""
    sides = [_Side(one, changes) for one in (before, after)]
    mappings = frozenset(name for one in sides for name in one.mappings())
    if any(one.decides_otherwise() for one in sides):
        names = (name for one in sides for name in one.rules.mappings)
        return Reached(frozenset(names), every=True)
    specs = [spec for one in sides for spec in one.rules.mappings.values()]
    payouts = {spec.name for spec in specs if spec.needs_proof}
    if not mappings or mappings & payouts or not all(_alone(one.rules) for one in sides):
        return Reached(mappings, every=True)
    columns: dict[str, set[str]] = {}
    for side in sides:
        for entity, of_it in side.columns().items():
            columns.setdefault(entity, set()).update(of_it)
    rendered = [] if any(one.decides() for one in sides) else [one.rendered() for one in sides]
    anything = Reached(
        mappings, any_order=True, columns={key: frozenset(of) for key, of in columns.items()},
        rendered=frozenset(chain.from_iterable(rendered))
        if rendered and all(map(_of_orders, columns)) else None,
        fields=_fields(sides, rendered),
    )  # fmt: skip
    reads: dict[str, set[str]] = {}
    calls: list[Call] = []
    for side in sides:
        found = side.calls()
        if found is None:
            return anything
        calls += found
    for side in sides:
        starts: list[Value] = [
            (f"entity {entity}", f"derive.{name}")
            for entity, names in columns.items()
            for name in names
        ]
        starts += [start for call in calls for start in side.starts(call)]
        staged = side.staged(starts)
        if staged is None:
            return anything
        for entity, of_it in staged.items():
            reads.setdefault(entity, set()).update(of_it)
    for call in calls:
        reads.setdefault(call.entity, set())
    return replace(
        anything, any_order=False, calls=tuple(calls), rows=_rows(changes, before, after),
        reads={key: frozenset(of) for key, of in reads.items()},
    )  # fmt: skip


def _fields(
    sides: Sequence[_Side], rendered: Sequence[Mapping[str, Collection[Value]]]
) -> dict[str, frozenset[str]]:
    """By mapping the fields that may be otherwise, where nothing else of what is rendered may be:
    no check, nothing that is done with the document, and nothing that it is found again by."""
    found: dict[str, frozenset[str]] = {}
    for name in set(chain.from_iterable(rendered)):
        specs = [side.rules.mappings[name] for side in sides if name in side.rules.mappings]
        values = {value for one in rendered for value in one.get(name, ())}
        of_document = {value for value in values if value[1] == "document"}
        fields = frozenset(value[2] for value in of_document if len(value) > 2)
        others = (value for value in values - of_document if not value[1].startswith("let."))
        named = {column for one in specs for column in (*one.identity.agree, *one.identity.adopt)}
        lists = {tuple([one.name for one in spec.document]) for spec in specs}
        if not any(others) and fields and len(lists) == 1 and fields.isdisjoint(named):
            found[name] = fields
    return found


def _rows(
    changes: Iterable[Change], before: Version, after: Version
) -> dict[str, tuple[Mapping[int, Any], ...]]:
    """By table the conditions of the rows that changed, as they were and as they are."""
    found: dict[str, list[Mapping[int, Any]]] = {}
    for change in changes:
        for hit, version in zip(change.rows or (), (before, after), strict=False):
            if hit is not None:
                table: Lookup = version.program.tables[hit[0]]
                found.setdefault(hit[0], []).extend(
                    one.conditions for one in table.lines if str(one.number) == hit[1]
                )
    return {table: tuple(rows) for table, rows in found.items()}


@dataclass(slots=True)
class _Side:
    """One of the versions: its graph, and what of it changed."""

    version: Version
    changes: Sequence[Change]
    rules: MappingSet = field(init=False)
    graph: Reach = field(init=False)

    def __post_init__(self) -> None:
        self.rules = self.version.mapping_set
        self.graph = reach(self.rules)

    def decides_otherwise(self) -> bool:
        """Whether something changed of which it can't be told what reads it."""
        known = ("mapping", "entity", "table")
        read = {value[1] for of in self.graph.reads.values() for value in of
                if value[0] == SETTINGS}  # fmt: skip
        for change in self.changes:
            for value in change.values:
                if value[0] != SETTINGS:
                    if value[0].partition(" ")[0] not in known:
                        return True
                    continue
                top = value[1].partition(".")[0]
                if top in OF_THE_PLAN or (top not in OF_THE_WORK and not _read_of(value[1], read)):
                    return True
        return False

    def mappings(self) -> Iterator[str]:
        """The mappings that read something that changed, in whatever way. What can't be derived of
        a row parks it: so all that is derived of a row is read."""
        for name, spec in self.rules.mappings.items():
            starts: list[Value] = [(f"mapping {name}",)]
            waiting = {spec.entity, *(one.entity for one in spec.related.values()),
                       *(one.entity for one in spec.match.values())}  # fmt: skip
            known: set[str] = set()
            while waiting:
                entity = waiting.pop()
                known.add(entity)
                starts.append((f"entity {entity}",))
                of_it = self.rules.entities.get(entity)
                related = {one.entity for one in of_it.related.values()} if of_it else set()
                waiting |= related - known
            if self._touched(self.graph.behind(starts)):
                yield name

    def decides(self) -> bool:
        """Whether something changed that is read before a document is rendered: by which sources
        ask for one, what each refers to, which rows belong to it."""
        if any(value[0].startswith(MAPPING) and not _is_rendered(value)
               for change in self.changes for value in change.values):  # fmt: skip
            return True
        starts = [value for value in self.graph.reads
                  if value[0].startswith(MAPPING) and len(value) > 1 and not _is_rendered(value)]
        return any(self._touched(self._of_mapping(start)) for start in starts)

    def rendered(self) -> dict[str, set[Value]]:
        """The mappings of whose documents something changed that is read, and what of each."""
        found: dict[str, set[Value]] = {}
        told = {value for change in self.changes for value in change.values}
        for value in [*self.graph.reads, *(told - self.graph.reads.keys())]:
            if _is_rendered(value) and (value in told or self._touched(self._of_mapping(value))):
                found.setdefault(value[0].removeprefix(MAPPING), set()).add(value)
        return found

    def _of_mapping(self, start: Value) -> set[Value]:
        """What a value of a mapping is made of. What other mappings made is told by the ledger."""
        found: set[Value] = set()
        waiting: list[Value] = [start]
        while waiting:
            one = waiting.pop()
            if one not in found and (one[0] == start[0] or not one[0].startswith(MAPPING)):
                found.add(one)
                waiting += self.graph.reads.get(one, ())
        return found

    def columns(self) -> dict[str, set[str]]:
        """The derived columns, by entity, that read something that changed."""
        found: dict[str, set[str]] = {}
        for entity, spec in self.rules.entities.items():
            for name in spec.derive:
                if self._touched(self.graph.behind([(f"entity {entity}", f"derive.{name}")])):
                    found.setdefault(entity, set()).add(name)
        return found

    def _touched(self, read: Iterable[Value], changes: Iterable[Change] | None = None) -> bool:
        return bool(self._hit(read, self.changes if changes is None else changes))

    def _hit(self, read: Iterable[Value], changes: Iterable[Change]) -> list[Change]:
        """The changes of something that is read, of a part of it, or of what it is a part of."""
        whole = {value[:length] for value in read for length in range(1, len(value) + 1)}
        settings = {value[1] for value in whole if len(value) == 2 and value[0] == SETTINGS}
        return [
            change for change in changes
            if any(value in whole or (value[0] == SETTINGS and _read_of(value[1], settings))
                   for value in change.values)
        ]  # fmt: skip

    def calls(self) -> list[Call] | None:
        """The look-ups of mappings in tables of which rows changed; None where a mapping reads
        something else that changed otherwise than by a column of an order."""
        found: list[Call] = []
        for name, spec in self.rules.mappings.items():
            hit = self._hit(self._own(f"mapping {name}"), self.changes)
            if any(change.rows is None for change in hit):
                return None
            tables = {one[0] for change in hit for one in change.rows or () if one is not None}
            calls = list(self._calls(spec, tables))
            if calls and not _of_orders(spec.entity):
                return None
            found += calls
        return found

    def _own(self, start: str) -> set[Value]:
        """What a mapping reads, but for what it reads by way of columns and other mappings."""
        found: set[Value] = set()
        waiting: list[Value] = [(start,)]
        while waiting:
            one = waiting.pop()
            kind = one[0].partition(" ")[0]
            if one in found or kind == "entity" or (kind == "mapping" and one[0] != start):
                continue
            found.add(one)
            waiting += self.graph.reads.get(one, ())
        return found

    def _calls(self, spec: MappingSpec, tables: set[str]) -> Iterator[Call]:
        known = {spec.alias: spec.entity, **dict(_orders_of(spec))}
        for expression in expressions_in(spec):
            for node in walk(expression.node):
                name = _table(node)
                if name in tables and isinstance(node, nodes.Call):
                    inputs = list(self.rules.tables[name].inputs)
                    given = {inputs.index(one.key): one.value for one in node.kwargs}
                    columns = {at: (known[one.node.name], one.attr) for at, one in given.items()
                               if isinstance(one, nodes.Getattr)
                               and isinstance(one.node, nodes.Name) and one.node.name in known}
                    literals = {at: one.value for at, one in given.items()
                                if isinstance(one, nodes.Const)}  # fmt: skip
                    yield Call(spec.entity, name, columns, literals)

    def starts(self, call: Call) -> Iterator[Value]:
        """The columns that a look-up names."""
        for entity, column in call.columns.values():
            spec = self.rules.entities.get(entity)
            derived = spec is not None and column in spec.derive
            yield f"entity {entity}", f"derive.{column}" if derived else column

    def staged(self, starts: Iterable[Value]) -> dict[str, set[str]] | None:
        """The staged columns of orders' entities behind these values; None where it may be any."""
        found: dict[str, set[str]] = {}
        seen: set[Value] = set()
        waiting = list(starts)
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            kind, _, name = one[0].partition(" ")
            if kind != "entity":
                waiting += self.graph.reads.get(one, ())
                continue
            entity = ENTITIES.get(name)
            if entity is None or not entity.by_order:
                return None
            columns = found.setdefault(name, set())
            if len(one) == 1:
                columns.add(ANY_COLUMN)
            elif len(one) == 2 and not one[1].startswith(("derive.", "let.")):
                columns.add(one[1])
            waiting += self._behind(self.rules.entities.get(name), one)
        return found

    def _behind(self, spec: EntitySpec | None, value: Value) -> Iterable[Value]:
        """What a value reads; rows of the same order are told by it, which is no column of its."""
        reads = self.graph.reads.get(value, set())
        if spec is None or len(value) != 3:
            return reads
        related = spec.related[value[2]]
        if set(related.on) == {BY_ORDER} and not _names_order(related):
            return reads - {(value[0], BY_ORDER)}
        joined = {(f"entity {related.entity}", column) for column in related.on}
        return reads | joined


def _is_rendered(value: Value) -> bool:
    """Whether a value of a mapping is worked out when its document is rendered."""
    return (
        value[0].startswith(MAPPING) and len(value) > 1
        and (value[1] in RENDERED or value[1].startswith("let."))
    )  # fmt: skip


def _names_order(related: Related) -> bool:
    asked = walk(related.when.node) if related.when is not None else ()
    return any(isinstance(node, nodes.Getattr) and node.attr == BY_ORDER for node in asked)


def _alone(mapping_set: MappingSet) -> bool:
    """Whether an order's rows are its own: no mapping or entity of orders names another order's,
    nor has a document in common with another order, but for what is made for others."""
    declared: list[MappingSpec | EntitySpec] = [*mapping_set.mappings.values()]
    for spec in (*declared, *mapping_set.entities.values()):
        if not _of_orders(spec.entity):
            continue
        if any(_of_orders(one.entity) and not OWN & set(one.on) for one in spec.related.values()):
            return False
    return not any(
        _of_orders(spec.entity) and ((spec.per is not None and not spec.made_for)
                                     or (spec.made_for and spec.repeats))
        for spec in mapping_set.mappings.values()
    )  # fmt: skip


def _of_orders(entity: str) -> bool:
    return entity in ENTITIES and ENTITIES[entity].by_order


def _read_of(name: str, read: Iterable[str]) -> bool:
    """Whether a setting is read, or one that it is a part of, or that is a part of it."""
    mine = f"{name}."
    return any(mine.startswith(f"{one}.") or f"{one}.".startswith(mine) for one in read)


def _table(node: nodes.Node) -> str:
    """The table that a call looks up."""
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Getattr):
        return ""
    holder = node.node.node
    return node.node.attr if isinstance(holder, nodes.Name) and holder.name == "tables" else ""


def _orders_of(spec: MappingSpec) -> Iterator[tuple[str, str]]:
    """The named values of a mapping that are its source's order: ``{{ orders | first }}``."""
    for name, declared in spec.lets.items():
        node = declared.node if isinstance(declared, Expression) else None
        rows = node.node if isinstance(node, nodes.Filter) and node.name == "first" else None
        related = spec.related.get(rows.name) if isinstance(rows, nodes.Name) else None
        if related and related.entity == ORDER and set(related.on) == {BY_ORDER}:
            yield name, ORDER
