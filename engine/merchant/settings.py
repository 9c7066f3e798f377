"""The settings of a merchant as their schema declares them: names, choices, defaults, needs.

Reads ``schemas/merchant.schema.json``, the only declaration there is, and gives the list of all
settings, the settings tree of a file with its defaults filled in, and what the chosen modes need.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct

from ..home import HOME

SCHEMA = HOME / "schemas" / "merchant.schema.json"
BY_ENVIRONMENT = "x-default-by-environment"
BY_SETTING = "x-default-by"

Schema = Mapping[str, Any]
Path_ = tuple[str | int, ...]


class Setting(Struct, frozen=True):
    """One declared key. ``path`` from the top of the file, ``pointer`` where the schema has it."""

    path: tuple[str, ...]
    schema: Schema
    required: bool
    pointer: Path_

    @property
    def key(self) -> str:
        """The dotted name."""
        return ".".join(self.path)

    @property
    def is_group(self) -> bool:
        """A mapping of further settings."""
        return "properties" in self.schema and not self.is_secret

    @property
    def is_rows(self) -> bool:
        """A list of rows; a list of single values is a value."""
        return "properties" in self.schema.get("items", {})

    @property
    def is_secret(self) -> bool:
        """A reference to a secret; never part of what mappings see."""
        return self.schema.get("$ref") == "#/$defs/secret"


class Need(Struct, frozen=True):
    """A setting that a choice makes necessary, and that choice (dotted key and value)."""

    setting: Setting
    because: tuple[tuple[str, Any], ...]


def merchant_schema() -> dict[str, Any]:
    """The schema of the merchant file; its numbers are Decimal."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text("utf-8"), parse_float=Decimal)
    return schema


def convention_choices() -> dict[str, list[str]]:
    """The values that each convention may have, as the schema of the merchant file declares."""
    declared = merchant_schema()["properties"]["conventions"]["properties"]
    return {name: list(one["enum"]) for name, one in declared.items()}


def resolved(schema: Schema, root: Schema) -> dict[str, Any]:
    """``schema`` with its local ``$ref`` unfolded; its own keys win."""
    reference = schema.get("$ref")
    if not reference:
        return dict(schema)
    target: Any = root
    for step in str(reference).removeprefix("#/").split("/"):
        target = target[step]
    return {**target, **schema}


def settings_of(schema: Schema) -> Iterator[Setting]:
    """Every setting, groups included, in the order of the schema. Rows are not entered."""
    yield from _walk(schema, schema, (), ())


def _walk(schema: Schema, root: Schema, path: tuple[str, ...], pointer: Path_) -> Iterator[Setting]:
    for name, declared in schema.get("properties", {}).items():
        setting = Setting(
            (*path, name),
            resolved(declared, root),
            name in schema.get("required", ()),
            (*pointer, "properties", name),
        )
        yield setting
        if setting.is_group:
            yield from _walk(setting.schema, root, setting.path, setting.pointer)


def default_of(schema: Schema, environment: str | None) -> Any:
    """The default of a setting, which may depend on the environment; None where there is none."""
    if environment in schema.get(BY_ENVIRONMENT, {}):
        return schema[BY_ENVIRONMENT][environment]
    return schema.get("default")


def filled(value: Any, schema: Schema, root: Schema, environment: str | None) -> Any:
    """``value`` with the defaults put in, numbers as Decimal, dates as ``date``; last those that
    depend on another setting.

    A group gets every declared key, None where neither file nor default gives a value; a row
    gets only declared defaults, because a key that it lacks is a condition that it does not make.
    """
    tree = _filled(value, schema, root, environment)
    for setting in settings_of(schema) if schema is root else ():
        for key, (where_true, otherwise) in setting.schema.get(BY_SETTING, {}).items():
            if get(value, setting.path) is None:
                get(tree, setting.path[:-1])[setting.path[-1]] = (
                    where_true if get(tree, key) is True else otherwise
                )
    return tree


def _filled(value: Any, schema: Schema, root: Schema, environment: str | None) -> Any:
    schema = resolved(schema, root)
    if "properties" in schema and not _is_secret(schema):
        given = value if isinstance(value, dict) else {}
        group = {}
        for name, declared in schema["properties"].items():
            child = resolved(declared, root)
            if name in given or ("properties" in child and not _is_secret(child)):
                group[name] = _filled(given.get(name), child, root, environment)
            else:
                group[name] = _typed(default_of(child, environment), child)
        return group
    if isinstance(value, list) and schema.get("type") == "array":
        return [_row(row, resolved(schema.get("items", {}), root), root) for row in value]
    return _typed(value, schema)


def _is_secret(schema: Schema) -> bool:
    return schema.get("$ref") == "#/$defs/secret"


def _row(row: Any, schema: Schema, root: Schema) -> Any:
    if not isinstance(row, dict):
        return row
    declared = {n: resolved(child, root) for n, child in schema.get("properties", {}).items()}
    defaults = {n: child["default"] for n, child in declared.items() if "default" in child}
    return {**defaults, **row}


def _typed(value: Any, schema: Schema) -> Any:
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if schema.get("format") == "date" and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def needed_text(setting: Setting) -> str:
    """When a setting is necessary, as a sentence (``Needed when fees.mode is none.``)."""
    cases = []
    for conditions in setting.schema.get("x-needed-when", ()):
        parts = []
        for key, values in conditions.items():
            if key.startswith("flows."):
                continue
            if values == [None]:
                parts.append(f"there is no {key}")
            else:
                parts.append(f"{key} is {' or '.join(map(str, values))}")
        if parts:  # a setting that only a flow needs says so itself
            cases.append(" and ".join(parts))
    return f"Needed when {', or when '.join(cases)}." if cases else ""


def get(tree: Any, key: str | Iterable[str | int]) -> Any:
    """The value at a dotted key or a path; None where the tree does not reach."""
    for step in key.split(".") if isinstance(key, str) else key:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def needs(tree: Any, schema: Schema) -> Iterator[Need]:
    """The settings that the choices in ``tree`` (filled) make necessary and that have no value."""
    for setting in settings_of(schema):
        if get(tree, setting.path) is not None:
            continue
        for conditions in setting.schema.get("x-needed-when", ()):
            chosen = tuple((key, get(tree, key)) for key in conditions)
            if all(value in conditions[key] for key, value in chosen):
                yield Need(setting, chosen)
                break
