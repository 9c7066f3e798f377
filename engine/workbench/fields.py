"""What a person may call a field of a document: its path, its name, a row, an account's number.

Reads a document and what its mapping declares, gives the paths that are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..language.spec import Field, MappingSpec

FieldPath = tuple[str | int, ...]
ACCOUNT = re.compile(r"\d{4}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def text_of(path: FieldPath) -> str:
    """A path as it is written: InvoiceRows[0].AccountNumber."""
    written = ""
    for step in path:
        written += f"[{step}]" if isinstance(step, int) else f".{step}"
    return written.removeprefix(".")


def known_paths(document: Mapping[str, Any] | None, spec: MappingSpec) -> list[FieldPath]:
    """The paths of all values of a document, and of the fields that its mapping declares and that
    it lacks. Without a document what would be its fields, of rows the first."""
    found: list[FieldPath] = []
    for field in spec.document:
        value = (document or {}).get(field.name)
        if field.value is not None:
            found.append((field.name,))
            continue
        rows = value if isinstance(value, list) else []
        names = _names(field)
        for i, row in enumerate(rows if document is not None else [{}]):
            found += [(field.name, i, name) for name in _all(names, row)]
        if not rows:
            found.append((field.name,))
    return found


def _names(field: Field) -> list[str]:
    return list(dict.fromkeys(one.name for row in field.rows for one in row.fields))


def _all(names: Iterable[str], row: Any) -> list[str]:
    return list(dict.fromkeys([*(row if isinstance(row, dict) else ()), *names]))


def meant(
    text: str, document: Mapping[str, Any] | None, spec: MappingSpec
) -> tuple[int, list[FieldPath]]:
    """The paths that a text names, and how well: 4 a field by its path, 3 a row or list, 2 an
    account's number, 1 a field by its name alone, 0 none."""
    steps = _steps(text)
    paths = known_paths(document, spec)
    whole = [path for path in paths if _like(path, steps)]
    if whole:
        return 4, whole
    inside = [path for path in paths if _like(path[: len(steps)], steps)]
    if inside:
        return 3, [path for path in inside if document is None or at(document, path) is not None]
    if ACCOUNT.fullmatch(text.strip()) and document is not None:
        accounts = [
            path for path in paths
            if "account" in str(path[-1]).lower() and str(at(document, path)) == text.strip()
        ]  # fmt: skip
        return (2, accounts) if accounts else (0, [])
    named = [path for path in paths if len(steps) == 1 and _like(path[-1:], steps)]
    there = [path for path in named if document is None or at(document, path) is not None]
    return (1, there or named) if named else (0, [])


def at(document: Mapping[str, Any], path: FieldPath) -> Any:
    """The value at a path; None where there is none."""
    value: Any = document
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def accounts_of(document: Mapping[str, Any]) -> Iterator[str]:
    """The accounts that a document names."""
    for name, value in document.items():
        if isinstance(value, list):
            for row in value:
                yield from accounts_of(row) if isinstance(row, dict) else ()
        elif "account" in name.lower() and value is not None:
            yield str(value)


def _steps(text: str) -> FieldPath:
    found = _STEP.findall(text.strip())
    return tuple(int(number) if number else name for name, number in found)


def _like(path: Sequence[str | int], steps: FieldPath) -> bool:
    return len(path) == len(steps) and all(
        str(one).lower() == str(other).lower() for one, other in zip(path, steps, strict=True)
    )
