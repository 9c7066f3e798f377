"""The schemas for editors are written from what the loader checks, and lie beside the files."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from engine.language.editor import FOLDER, schemas
from engine.language.filters import FILTERS
from engine.merchant.first_file import initial_text


@pytest.mark.parametrize("name", schemas())
def test_the_schema_in_the_repository_is_current(name: str) -> None:
    remedy = "write them again: python -m engine.language.editor"
    assert (FOLDER / name).read_text("utf-8") == schemas()[name], remedy


@pytest.mark.parametrize("name", schemas())
def test_a_schema_stands_alone_and_is_one(name: str) -> None:
    text = schemas()[name]
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError as wrong:  # its own text shows the whole schema
        pytest.fail(wrong.message)
    assert all(part.startswith('"#/') for part in text.split('"$ref": ')[1:])


def test_every_filter_is_offered_in_every_expression() -> None:
    for kind in ("mapping", "entity", "table", "policy"):
        text = schemas()[f"{kind}.schema.json"]
        assert all(f'"| {name}' in text for name in FILTERS), kind


def test_init_names_a_copy_of_the_schema_beside_the_file() -> None:
    assert initial_text("Hattar").startswith(
        "# yaml-language-server: $schema=schemas/merchant.schema.json\n"
    )
