"""Checks the structure of mapping files with their JSON Schemas, in sentences with places.

Reads a merged file, gives findings: unknown key with the nearest known one, missing key, wrong
type. What needs more than structure (names, types, cycles) is checked by ``load``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator, ValidationError

from ..errors import Finding
from ..home import HOME
from ..yamlfile import nearest
from .source import Source

KINDS = ("mapping", "entity", "table")

_Validator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "number",
        lambda _checker, value: isinstance(value, int | Decimal) and not isinstance(value, bool),
    ),
)

_NAMES = {
    "object": "keys with values", "array": "a list", "string": "a text",
    "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "null": "nothing",
}  # fmt: skip


@cache
def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of file: mapping, entity or table."""
    text = (HOME / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    return result


@cache
def _validator(kind: str) -> Any:
    return _Validator(schema(kind))


def check(source: Source) -> tuple[str, list[Finding]]:
    """The kind of a file and what is wrong with its structure."""
    value = source.value
    if not isinstance(value, dict):
        found = source.finding(
            (), "wrong-type", "a mapping file holds keys with values.", "Start with version: 1."
        )
        return "", [found]
    kinds = [k for k in KINDS if k in value]
    if len(kinds) != 1:
        what = f"has {' and '.join(kinds)}" if kinds else "has none of them"
        found = source.finding(
            (), "unknown-kind", f"a file has one of {', '.join(KINDS)} as a key; this one {what}."
        )
        return "", [found]
    errors = list(_validator(kinds[0]).iter_errors(value))
    return kinds[0], [f for error in errors for f in findings(source, error)]


def findings(source: Source, error: ValidationError) -> Iterator[Finding]:
    """The sentences for one error of a JSON Schema."""
    path = tuple(error.absolute_path)
    name = ".".join(str(p) for p in path) or "the file"
    rule: str = str(error.validator)
    got: Any = error.instance
    wanted: Any = error.validator_value
    if rule == "additionalProperties":
        schema_: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
        known = schema_.get("properties", {})
        for key in got:
            if key not in known:
                yield source.finding(
                    (*path, key),
                    "unknown-key",
                    f"{key!r} is not a key here.",
                    nearest(key, known, got),
                    key=True,
                )
    elif rule == "required":
        missing = next((k for k in wanted if k not in got and f"'{k}'" in error.message), "")
        yield source.finding(
            path, f"missing-{missing}" if missing == "identity" else "missing-key",
            f"{name} needs the key {missing!r}.", _WHY.get(missing, ""),
        )  # fmt: skip
    elif rule == "type":
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        text = " or ".join(_NAMES.get(n, n) for n in names)
        yield source.finding(path, "wrong-type", f"{name} must be {text}, not {_shown(got)}.")
    elif rule in ("enum", "const"):
        known = [wanted] if rule == "const" else wanted
        yield source.finding(
            path, "unknown-value", f"{name} cannot be {_shown(got)}.",
            nearest(str(got), [str(k) for k in known]),
        )  # fmt: skip
    elif error.schema is False:
        yield source.finding(path, "unknown-key", f"{name} does not go with the keys beside it.")
    elif rule == "propertyNames":
        yield source.finding(path, "bad-name", f"{name}: {error.message}.")
    else:
        message = error.message[:200]
        yield source.finding(path, "not-valid", f"{name}: {message}.")


_WHY = {
    "identity": "Declare how the finished document is found again; without it nothing can be "
    "delivered exactly once.",
    "otherwise": "Say what holds when no row does: values, or {error: text}.",
    "hit": "Use first or unique.",
}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, str) else str(value).lower()
