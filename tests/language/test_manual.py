"""The manual holds every filter, every key and every limit that the code has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.language import expressions, structure, text_filters
from engine.language.code import BOOKS
from engine.manual import filters as reference

from .kit import HOUSE

MANUAL = (HOUSE / "docs/language.md").read_text("utf-8")


def test_the_table_of_filters_is_the_codes_own() -> None:
    assert reference.renewed(MANUAL) == MANUAL


def keys(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a schema declares, with what it says of it."""
    if isinstance(schema, dict):
        for name, child in schema.get("properties", {}).items():
            if isinstance(child, dict):
                yield name, child
        for child in schema.values():
            yield from keys(child)
    elif isinstance(schema, list):
        for child in schema:
            yield from keys(child)


def resolved(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    file, _, name = schema.get("$ref", "").partition("#/$defs/")
    other = structure.schema(file.removesuffix(".schema.json") or kind)
    return resolved(kind, other["$defs"][name]) if name else schema


@pytest.mark.parametrize("kind", structure.KINDS)
def test_every_key_is_described_in_its_schema_and_in_the_manual(kind: str) -> None:
    for name, schema in keys(structure.schema(kind)):
        assert resolved(kind, schema).get("description"), name
        assert f"`{name}" in MANUAL or f"{name}:" in MANUAL, name


def test_every_question_to_the_books_is_in_the_manual() -> None:
    for name in BOOKS:
        assert f"`books.{name}(" in MANUAL


def test_the_limits_are_the_codes_own() -> None:
    assert f"{expressions.LONGEST:,} characters, {expressions.MOST_NODES} parts" in MANUAL
    assert f"{expressions.DEEPEST} levels" in MANUAL
    assert f"{text_filters.LONGEST_TEXT:,} characters" in MANUAL
