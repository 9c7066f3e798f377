"""The row of a decision table that decided, and the rows that nearly did.

Reads a compiled table and the values that it was asked with. A row is near when exactly one of its
conditions does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Place
from ..language.declared_filters import Null, Refused
from ..language.spec import TableSpec
from ..language.tables import Line, Lookup, holds


@dataclass(frozen=True, slots=True)
class NearRow:
    """A row that one input missed: what it wants of it, and what it would have given."""

    row: int
    place: Place
    missed: str
    wants: Any
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TableRow:
    """How a table answered: its inputs, the row that held (its number, or "otherwise") with its
    conditions, what it gave, and the rows that one input missed."""

    table: str
    inputs: Mapping[str, Any]
    row: int | str
    place: Place | None
    conditions: Mapping[str, Any]
    outputs: Mapping[str, Any]
    near: tuple[NearRow, ...]


def looked_up(spec: TableSpec, lookup: Lookup, given: Mapping[str, Any]) -> TableRow | None:
    """What a table says of these inputs; None where it refuses them."""
    key = tuple(given.get(name) for name in spec.inputs)
    try:
        outputs, hit = lookup.hit(key)
    except (Refused, Null, TypeError):
        return None
    names = list(spec.inputs)
    chosen = next((one for one in lookup.lines if one.number == hit.row), None)
    conditions = {names[i]: one for i, one in chosen.conditions.items()} if chosen else {}
    near = [one for line in lookup.lines if (one := _near(line, key, names)) is not None]
    return TableRow(
        spec.name, dict(zip(names, key, strict=True)), hit.row, hit.place, conditions,
        dict(outputs), tuple(near),
    )  # fmt: skip


def _near(line: Line, key: tuple[Any, ...], names: list[str]) -> NearRow | None:
    missed = [i for i, wanted in line.conditions.items() if not _holds(i, wanted, key)]
    if len(missed) != 1:
        return None
    try:
        outputs = dict(line.outputs(key))
    except (Refused, Null, TypeError):
        outputs = {}
    (at,) = missed
    return NearRow(line.number, line.place, names[at], line.conditions[at], outputs)


def _holds(index: int, wanted: Any, key: tuple[Any, ...]) -> bool:
    try:
        return holds({index: wanted}, key)
    except Refused:
        return False
