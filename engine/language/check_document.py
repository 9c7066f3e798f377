"""Checks the document that a mapping makes against its target: fields, rows, what they may hold.

Reads the fields as declared and the target's JSON Schema, reports findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import Finding
from ..yamlfile import nearest
from . import fields, lineage, lists, rules
from .declared_filters import NO_VALUE, Refused
from .emit import Emitter
from .one_mapping import OneMapping
from .spec import Field, Row


def check(
    mapping: OneMapping,
    made: Sequence[Field],
    schema: Mapping[str, Any],
    emitter: Emitter,
    name: str,
    place: Any = None,
) -> None:
    """Reports what is wrong with the fields of a document, or of a row of it (``name``)."""
    known = schema.get("properties", {})
    for field in made:
        child = known.get(field.name)
        if child is None:
            text = f"{mapping.spec.target} has no field {field.name!r} in {name}."
            remedy = nearest(field.name, known, {f.name for f in made})
            mapping.report(Finding(field.place, "unknown-field", text, remedy))
        elif field.value is None:
            _list(mapping, field, child, emitter)
        else:
            _value(mapping, field, child, emitter, field.name in schema.get("required", ()))
    there = {f.name for f in made if f.when is None}
    for needed in schema.get("required", ()):
        if needed not in there:
            optional = any(f.name == needed for f in made)
            text = f"{name} needs the field {needed!r} of {mapping.spec.target}" + (
                ", and here it may be left out." if optional else "."
            )
            where = place or mapping.spec.source.place(("document",), key=True)
            mapping.report(Finding(where, "missing-field", text))


def _value(
    mapping: OneMapping, field: Field, schema: Mapping[str, Any], emitter: Emitter, needed: bool
) -> None:
    assert field.value is not None  # noqa: S101 — told apart by the caller
    if field.when:
        emitter.emit(field.when)
    if schema.get("type") == "array":
        text = f"{field.value.field} takes a list of rows."
        mapping.report(Finding(field.place, "wrong-type", text))
        return
    told = len(mapping.told)
    code = emitter.emit(field.value)
    if "missing-braces" in mapping.told[told:]:
        return
    wrong = fields.misfit(schema, code.type)
    if code.known and code.value is not None and (not wrong or code.type.kind == "integer"):
        try:
            fields.conversion(schema)[1](code.value)
            wrong = ""
        except (ValueError, TypeError, ArithmeticError) as error:
            wrong = refusal(error)
    if wrong:
        mapping.report(field.value.finding("misfit", f"{wrong}."))
        return
    view = mapping.view(emitter)
    if field.when:
        view = view.with_sure(lineage.holding(field.when.node, view))
    for finding in rules.of_value(rules.Value(field.value, schema, needed, code.type, view)):
        mapping.report(finding)


def _list(mapping: OneMapping, field: Field, schema: Mapping[str, Any], emitter: Emitter) -> None:
    if schema.get("type") != "array":
        text = f"document.{field.name} is one value, not a list of rows."
        mapping.report(Finding(field.place, "wrong-type", text))
        return
    for row in field.rows:
        _row(mapping, field, row, schema.get("items", {}), emitter)


def _row(
    mapping: OneMapping, field: Field, row: Row, schema: Mapping[str, Any], emitter: Emitter
) -> None:
    before, sure = dict(emitter.names), mapping.sure
    if row.each:
        lists.item_of(emitter, row)
    if row.group:
        lists.group_of(emitter, row)
    if row.when:
        emitter.emit(row.when)
        mapping.sure = sure | lineage.holding(row.when.node, mapping.view(emitter))
    check(mapping, row.fields, schema, emitter, f"a row of {field.name}", row.place)
    mapping.sure = sure
    emitter.names.clear()
    emitter.names.update(before)


def refusal(error: Exception) -> str:
    """The end of a sentence that tells why a value does not fit."""
    kind = type(error).__name__
    if kind == "InvalidOperation":
        return "is too large"
    if kind == "Inexact":
        return "has more than two decimals; write | round(2)"
    if "NoneType" in str(error):
        return "is null"
    return str(error) if isinstance(error, Refused) else NO_VALUE
