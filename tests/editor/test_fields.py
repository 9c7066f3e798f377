"""Each field of each document says what it is, for whoever writes a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from engine.language.load import targets


def fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, field in schema["properties"].items():
        yield name, field
        for inner, one in field.get("items", {}).get("properties", {}).items():
            yield f"{name}.{inner}", one


@pytest.mark.parametrize("target", targets())
def test_every_field_is_explained_in_a_sentence(target: str) -> None:
    for name, field in fields(targets()[target]):
        text = field.get("description", "")
        assert text[:1].isupper(), f"{target}: {name} is not explained"
        assert text.endswith("."), f"{target}: {name} is not explained in a sentence"
