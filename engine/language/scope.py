"""Which names an expression sees, by where it stands, and of what types.

Reads a mapping set, gives the names of each stage of a mapping's evaluation; the checks at
loading and the compiler use the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import derived, kinds
from .code import Code, Signature
from .kinds import ANY, BOOLEAN, DECIMAL, INTEGER, TEXT, Type
from .spec import EntitySpec, MappingSet, MappingSpec, Related, TableSpec

# What a match leaves behind for the document, and a needed mapping for those that need it.
RESULT: Mapping[str, Type] = {"rest": DECIMAL, "difference": DECIMAL, "outcome": TEXT}
# Of a needed mapping also which document it made, once it stands, for which customer, and whether
# its prices hold VAT; the last two are null where it was adopted.
MADE: Mapping[str, Type] = {
    **RESULT, "number": TEXT, "customer": TEXT, "vat_included": BOOLEAN,
}  # fmt: skip
# What is known of a customer's card in Fortnox; null where there is no customer yet.
CARD: Mapping[str, Type] = {"CustomerNumber": TEXT, "VATType": TEXT}

BOOKS_CODE = Code("v_books", Type("books"))


def row_type(mapping_set: MappingSet, entity: str) -> Type:
    """The type of an entity's rows."""
    columns = mapping_set.columns.get(entity)
    if columns is None or _is_broken(mapping_set, entity):
        return Type("record", None, name=entity)
    spec = mapping_set.entities.get(entity)
    return kinds.record(columns, entity, frozenset(spec.lets) if spec else frozenset())


def _is_broken(mapping_set: MappingSet, entity: str) -> bool:
    """Whether a file derives columns of it but could not be read: then anything may be one."""
    named = [
        source
        for source in mapping_set.sources.values()
        if isinstance(source.value, dict) and source.value.get("entity") == entity
    ]
    return bool(named) and entity not in mapping_set.entities


class _Signatures(Mapping[str, Signature]):
    def __init__(self, tables: Mapping[str, TableSpec]) -> None:
        self.tables = tables

    def __getitem__(self, name: str) -> Signature:
        table = self.tables[name]
        return Signature(table.inputs, table.outputs)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)


def signatures(mapping_set: MappingSet) -> Mapping[str, Signature]:
    """What each table takes and gives; a table is looked at when somebody asks for it."""
    return _Signatures(mapping_set.tables)


def of_source(mapping_set: MappingSet, spec: MappingSpec, settings: Code) -> dict[str, Code]:
    """The source and the settings: what keys and joins see."""
    row = row_type(mapping_set, spec.entity)
    return {spec.alias: Code(f"v_{spec.alias}", row), "settings": settings}


def of_candidate(
    mapping_set: MappingSet, entity: str, names: Mapping[str, Code]
) -> dict[str, Code]:
    """The same and ``it``: the candidate or the related row."""
    return {**names, "it": Code("v_it", row_type(mapping_set, entity))}


def of_entity(mapping_set: MappingSet, spec: EntitySpec, settings: Code) -> dict[str, Code]:
    """What the keys and joins of an entity see: its row as it is staged, and the settings."""
    columns = mapping_set.columns[spec.entity]
    row = kinds.record({k: t for k, t in columns.items() if k not in spec.derive}, spec.entity)
    return {spec.alias: Code(f"v_{spec.alias}", row), "settings": settings}


def belonging(mapping_set: MappingSet, spec: EntitySpec, related: Related) -> Type:
    """The type of the rows that belong to an entity's row: those of its own entity are not through
    yet, and lack the columns that need other rows."""
    row = row_type(mapping_set, related.entity)
    if related.entity != spec.entity or row.fields is None:
        return row
    late = derived.late(spec) & spec.derive.keys()
    there = {k: t for k, t in row.fields.items() if k not in late}
    return kinds.record(there, spec.entity)


def of_derived(mapping_set: MappingSet, spec: EntitySpec, settings: Code) -> dict[str, Code]:
    """What derived columns see; rows that belong to it are asked for where they are named."""
    names = of_entity(mapping_set, spec, settings)
    for alias, related in spec.related.items():
        row = belonging(mapping_set, spec, related)
        names[alias] = Code(f"B({alias!r})", kinds.rows(row))
    names["books"] = BOOKS_CODE
    return names


def of_when(mapping_set: MappingSet, spec: MappingSpec, settings: Code) -> dict[str, Code]:
    """What ``when`` and ``after`` see: no match, no named values."""
    names = of_source(mapping_set, spec, settings)
    for alias, related in spec.related.items():
        names[alias] = Code(f"v_{alias}", kinds.rows(row_type(mapping_set, related.entity)))
    for need in spec.needs:
        names[need] = Code(f"v_{need}", kinds.record(MADE, need))
    names["earlier"] = Code("v_earlier", INTEGER)
    names["books"] = BOOKS_CODE
    return names


def of_card(mapping_set: MappingSet, spec: MappingSpec, settings: Code) -> dict[str, Code]:
    """What ``card`` sees: what it refers to too."""
    names = of_when(mapping_set, spec, settings)
    for alias, match in spec.match.items():
        names[alias] = Code(f"v_{alias}", row_type(mapping_set, match.entity))
    return names


def of_document(mapping_set: MappingSet, spec: MappingSpec, settings: Code) -> dict[str, Code]:
    """What named values, checks before the document and its fields see."""
    names = of_card(mapping_set, spec, settings)
    if spec.match:
        results = {alias: kinds.record(RESULT, f"match.{alias}") for alias in spec.match}
        names["match"] = Code("v_match", kinds.record(results, "match"))
    if spec.card:
        names["card"] = Code("v_card", kinds.record(CARD, "card"))
    return names


def made_document(spec: MappingSpec, schema: Mapping[str, Any]) -> Type:
    """The type of the mapping's own document: only the fields that it makes."""
    whole = document_type(schema).fields or {}
    made = {field.name for field in spec.document}
    return kinds.record({name: t for name, t in whole.items() if name in made}, "document")


def optional_fields(spec: MappingSpec) -> frozenset[str]:
    """The fields that a document may lack; to an expression they are null then."""
    return frozenset(field.name for field in spec.document if field.when)


def document_type(schema: Mapping[str, Any], name: str = "document") -> Type:
    """The type of a finished document: values as the target's schema types them."""
    fields: dict[str, Type] = {}
    for field, child in schema.get("properties", {}).items():
        if child.get("type") == "array":
            item = child.get("items", {})
            is_rows = item.get("type") == "object"
            inner = document_type(item, f"a row of {field}") if is_rows else ANY
            fields[field] = kinds.rows(inner)
        elif child.get("type") == "number":
            fields[field] = DECIMAL
        elif child.get("type") == "integer":
            fields[field] = INTEGER
        else:
            fields[field] = TEXT
    return kinds.record(fields, name)
