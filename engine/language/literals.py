"""What mappings name outright of Fortnox's registers: accounts, cost centres, projects, series …

Reads a checked set, gives each literal that a field with ``x-register`` may be, through named
values, derived columns and rows of tables. What a setting names is none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..errors import Place
from . import scope
from .code import Code
from .lineage import Literal, View, row_view, sources
from .spec import Field, MappingSet


class Named(Struct, frozen=True):
    """A value of a register (``accounts``), which mapping names it, in which field, and where."""

    register: str
    value: str
    mapping: str
    field: str
    place: Place


def named(mapping_set: MappingSet) -> list[Named]:
    """All of them, each once, in the order of the mappings."""
    found: dict[tuple[str, str, Place], Named] = {}
    settings = Code("K_settings", mapping_set.settings_type)
    for name, spec in mapping_set.mappings.items():
        names = scope.of_document(mapping_set, spec, settings)
        view = View(mapping_set, names, spec.lets, settings)
        schema = mapping_set.targets[spec.target]
        for one in _of_fields(name, spec.document, schema, view):
            found.setdefault((one.register, one.value, one.place), one)
    return list(found.values())


def _of_fields(
    mapping: str, made: Sequence[Field], schema: Mapping[str, Any], view: View
) -> Iterator[Named]:
    for field in made:
        declared = schema.get("properties", {}).get(field.name, {})
        for row in field.rows:
            inside = row_view(row, view)
            yield from _of_fields(mapping, row.fields, declared.get("items", {}), inside)
        register = declared.get("x-register")
        if register is None or field.value is None:
            continue
        for one in sources(field.value.node, field.value, view):
            if isinstance(one, Literal) and one.value not in (None, ""):
                place = one.expression.place
                yield Named(register, str(one.value), mapping, field.value.field, place)
