"""All points of a mapping set that its cases can reach, each with its place and in words.

A point is a value, a branch of an inline if, a table's row or otherwise, or a step of a match.
Reads specs; what settings rule out is a point too, for other settings don't.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import nodes
from msgspec import Struct

from ...errors import Place
from ...language import tables
from ...language.counts import Key, key_at, key_of
from ...language.expressions import Expression, walk
from ...language.spec import (
    Check,
    MappingSet,
    MappingSpec,
    Require,
    TableSpec,
    expressions_in,
)
from ...language.written import written

# What points there are; those that stand at one spot in this order.
WHAT = ("value", "if", "else", "row", "otherwise", "step")


class Point(Struct, frozen=True):
    """A spot that cases can reach: ``what`` is one of WHAT, ``label`` names it as its file does
    (``document.Amount``), ``of`` is the first that has it: ``mapping payment``. ``words`` say what
    stands there, ``by_construction`` why nothing can show that its check does not hold."""

    key: Key
    label: str
    of: str
    words: str
    by_construction: str = ""

    @property
    def file(self) -> str:
        """The file that it stands in; a shared part's is one point for all its users."""
        return self.key[0]

    @property
    def line(self) -> int:
        """The line of its value, from 1."""
        return self.key[1]

    @property
    def column(self) -> int:
        """The column where its value begins, from 1."""
        return self.key[2]

    @property
    def what(self) -> str:
        """What kind of point it is, one of WHAT."""
        return self.key[4]


def points_of(mapping_set: MappingSet) -> list[Point]:
    """Every point of the set, once each, by file and line."""
    found: dict[Key, Point] = {}
    for point in _all(mapping_set):
        found.setdefault(point.key, point)
    return sorted(found.values(), key=lambda one: (*one.key[:4], WHAT.index(one.what)))


def _all(mapping_set: MappingSet) -> Iterator[Point]:
    for table in mapping_set.tables.values():
        yield from _of_table(table)
    for entity in mapping_set.entities.values():
        yield from _of_values(entity.named.values(), f"entity {entity.entity}")
        yield from _of_values(expressions_in(entity.related), f"entity {entity.entity}")
    for spec in mapping_set.mappings.values():
        of = f"mapping {spec.name}"
        yield from _of_values(_values(spec), of)
        for one in _checks(spec):  # that it is asked, and that it fails: then its reason is told
            yield from _of_values((one.that, one.because), of, one.by_construction)
        for match in spec.match.values():
            for step in match.steps:
                label = f"match.{match.alias}.steps.{step.id}"
                yield _spot(step.place, "step", label, of, step.name)
    for policy in mapping_set.policies.values():
        for check in policy.checks:
            parts = (check.each, check.when, check.that, check.because)
            yield from _of_values(expressions_in(parts), f"policy {policy.name}")


def _of_table(spec: TableSpec) -> Iterator[Point]:
    """Its rows and what decides where none of them does; of the merchant's own rows what is added
    to them, of all outputs the branches."""
    of = f"table {spec.name}"
    for row in spec.rows:
        when = ", ".join(f"{name}: {_condition(one)}" for name, one in row.when.items())
        yield _spot(row.place, "row", f"rows.{row.id or row.number}", of, when or "any")
        yield from _branches(row.then.values(), of)
    yield from _of_values((one for one in spec.rows_add.values() if not one.plain), of)
    if spec.error is not None:
        yield from _of_values([spec.error], of)
    else:
        yield _spot(tables.otherwise_place(spec), "otherwise", "otherwise", of, "no row holds")
        yield from _branches(spec.otherwise.values(), of)


def _condition(condition: Any) -> str:
    if isinstance(condition, list):
        return " or ".join(map(str, condition))
    if isinstance(condition, dict):
        return " ".join(f"{name} {one}" for name, one in condition.items())
    return str(condition)


def _values(spec: MappingSpec) -> Iterator[Expression]:
    """The values of a mapping that are worked out in a run, but those that SQL is made of."""
    asked = spec.per, spec.related, spec.when, spec.nothing, spec.card, spec.lets
    yield from expressions_in(asked)
    for match in spec.match.values():
        yield from match.awaits.values()
        if match.consume is not None:
            yield match.consume.amount
    yield from expressions_in((spec.document, spec.then, spec.confirm, spec.after))
    yield from expressions_in((spec.identity.ask, spec.identity.since))


def _checks(spec: MappingSpec) -> Iterator[Check | Require]:
    """What a candidate must be, and what must hold."""
    for match in spec.match.values():
        yield from match.require
    yield from (*spec.checks, *spec.warnings)


def _of_values(values: Iterable[Expression], of: str, because: str = "") -> Iterator[Point]:
    for one in values:
        yield Point(key_of(one), one.field, of, _words(one), because)
        yield from _branches([one], of, because)


def _branches(values: Iterable[Expression], of: str, because: str = "") -> Iterator[Point]:
    """The branches of the inline ifs."""
    for one in values:
        for node in walk(one.node):
            if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
                asked = written(node.test)
                yes, no = written(node.expr1), written(node.expr2)
                yield Point(key_of(one, node, "if"), one.field, of, f"{yes} if {asked}", because)
                words = f"{no} unless {asked}"
                yield Point(key_of(one, node, "else"), one.field, of, words, because)


def _words(expression: Expression) -> str:
    return " ".join(expression.text.split())


def _spot(place: Place, what: str, label: str, of: str, words: str) -> Point:
    return Point(key_at(place, what), label, of, words)
