"""Counts which points of a mapping set were reached: values, branches of inline ifs, table rows.

Held open while a set is compiled (``counting``), it puts a counter before each value and branch;
without it compiled code is as it was. ``points_of`` tells all points there are, reached or not:
a branch that settings rule out is one too. Reads specs; writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from jinja2 import nodes
from msgspec import Struct

from .expressions import Expression, offset, walk
from .spec import Check, EntitySpec, MappingSet, MappingSpec, TableRow

Key = tuple[str, int, int, int, str]  # file, line, column, characters into the value, what


class Point(Struct, frozen=True):
    """A spot that cases can reach: ``what`` is value, if, else, fails or row; ``label`` names it
    as its file does (``document.Amount``), ``of`` is the mapping, entity or table."""

    file: str
    line: int
    column: int
    at: int
    what: str
    label: str
    of: str

    @property
    def key(self) -> Key:
        """What one point is told from another by; a shared part's is one for all its users."""
        return self.file, self.line, self.column, self.at, self.what


class Counts:
    """How often each point was reached, by key."""

    def __init__(self) -> None:
        self._steps: dict[Key, Callable[[], int]] = {}
        self._looks: dict[Key, int] = {}

    def step(self, key: Key) -> Callable[[], int]:
        """What adds one when it is called, and gives a number above zero."""
        if key not in self._steps:
            self._steps[key] = count(1).__next__
        return self._steps[key]

    def hits(self, key: Key) -> int:
        """How often a point was reached until now."""
        step = self._steps.get(key)
        if step is None:
            return 0
        looked = self._looks[key] = self._looks.get(key, 0) + 1
        return step() - looked


_NOW: ContextVar[Counts | None] = ContextVar("counts", default=None)


@contextmanager
def counting(counts: Counts | None) -> Iterator[None]:
    """What is compiled meanwhile counts into ``counts``; None counts nothing."""
    token = _NOW.set(counts)
    yield
    _NOW.reset(token)


def now() -> Counts | None:
    """The counts that what is compiled at present counts into."""
    return _NOW.get()


def key_of(expression: Expression, node: nodes.Node | None = None, what: str = "value") -> Key:
    """The key of a value, or of a branch of an inline if in it."""
    place, at = expression.place, offset(node) if node is not None else None
    return place.path, place.line, place.column, -1 if at is None else at, what


def row_key(row: TableRow) -> Key:
    """The key of a table's row."""
    return row.place.path, row.place.line, row.place.column, -1, "row"


def settled(expression: Expression, node: nodes.Node | None = None, what: str = "value") -> None:
    """Counts what settings alone decide: it is reached once a program is made with them."""
    kept = now()
    if kept is not None:
        kept.step(key_of(expression, node, what))()


# All there are -----------------------------------------------------------------------------------
def points_of(mapping_set: MappingSet) -> list[Point]:
    """Every point of the set that is counted, once each, by file and line."""
    found: dict[Key, Point] = {}

    def add(key: Key, label: str, of: str) -> None:
        found.setdefault(key, Point(*key, label, of))

    for name, table in mapping_set.tables.items():
        for row in table.rows:
            add(row_key(row), f"row {row.id}", f"table {name}")
    specs: list[MappingSpec | EntitySpec] = [
        *mapping_set.entities.values(), *mapping_set.mappings.values()
    ]  # fmt: skip
    for spec in specs:
        of = f"mapping {spec.name}" if isinstance(spec, MappingSpec) else f"entity {spec.entity}"
        for expression in _counted(spec):
            add(key_of(expression), expression.field, of)
            for node in walk(expression.node):
                if isinstance(node, nodes.CondExpr):
                    for what in ("if", "else"):
                        add(key_of(expression, node, what), expression.field, of)
    return sorted(found.values(), key=lambda point: point.key)


def _counted(spec: MappingSpec | EntitySpec) -> Iterator[Expression]:
    """The values that the compiled functions of a mapping or an entity work out."""
    if isinstance(spec, EntitySpec):
        yield from spec.named.values()
        return
    parts = (spec.when, spec.nothing, spec.lets, spec.document, spec.then, spec.confirm)
    yield from _inside(parts)
    for check in (*spec.checks, *spec.warnings):
        yield from _of_check(check)


def _of_check(check: Check) -> Iterator[Expression]:
    """That it is asked, and that it fails: then its reason is told."""
    yield check.that
    yield check.because


def _inside(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _inside(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _inside(inner)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _inside(getattr(value, name))
