"""What is known of a value before it exists: text, number, date, a row with its columns, a list.

The compiler infers these from the tables, the settings' and the targets' JSON Schemas, so that a
wrong name or a comparison that can never hold is found when a mapping is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct


class Type(Struct, frozen=True, eq=False):
    """``kind`` is one of the constants below; every type may also be null.

    ``fields`` are a record's keys (None: any key goes), ``item`` is what a list holds or what an
    open record's keys hold, ``values`` the only texts there are, ``usual`` those that are known of,
    ``name`` what findings call it. A column that is not ``optional`` is never null. ``inner`` are
    names that a record's own columns are made of, and that nobody else sees.
    """

    kind: str
    fields: Mapping[str, Type] | None = None
    item: Type | None = None
    values: tuple[str, ...] = ()
    name: str = ""
    usual: tuple[str, ...] = ()
    optional: bool = True
    inner: frozenset[str] = frozenset()

    def __eq__(self, other: object) -> bool:
        """Whether they are alike: what may be null, or what is only of its row, makes no other."""
        return type(other) is Type and self._alike() == other._alike()

    def __hash__(self) -> int:
        return hash(self._alike())

    def _alike(self) -> tuple[Any, ...]:
        return self.kind, self.fields, self.item, self.values, self.name, self.usual

    def __str__(self) -> str:
        return self.name or self.kind


ANY = Type("any")
NULL = Type("null")
TEXT = Type("text")
INTEGER = Type("integer")  # surely an int
DECIMAL = Type("decimal")  # surely a Decimal
NUMBER = Type("number")  # either
BOOLEAN = Type("boolean")
DATE = Type("date")
TIMESTAMP = Type("timestamp")
LIST = Type("list", item=ANY)

SCALARS = {t.kind: t for t in (TEXT, INTEGER, DECIMAL, NUMBER, BOOLEAN, DATE, TIMESTAMP, LIST, ANY)}
NUMERIC = frozenset({"integer", "decimal", "number"})


_WORDS = {
    "integer": "a whole number",
    "decimal": "a number",
    "any": "a value",
    "null": "null",
}


def a(kind: str) -> str:
    """A kind in a sentence: "a text"."""
    return _WORDS.get(kind, f"a {kind}")


def shown(value: Any) -> str:
    """A value in a sentence, as a mapping would have it: 'SEK', 12.50, true, a list."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "a record"
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < 40 else str(value)
    return repr(value) if isinstance(value, str) else str(value)


def record(
    fields: Mapping[str, Type], name: str = "record", inner: frozenset[str] = frozenset()
) -> Type:
    """A closed record: other keys are findings."""
    return Type("record", fields=fields, name=name, inner=inner)


def words(one: Type, change: Callable[[str], str] = str) -> Type:
    """A text of the words of ``one``, each as ``change`` makes it; any text where all are."""
    changed = dict.fromkeys(map(change, one.values))
    usual = dict.fromkeys(map(change, one.usual))
    name = one.name if one.values and list(changed) == list(one.values) else ""
    return Type("text", values=tuple(changed), name=name, usual=tuple(usual))


def rows(item: Type) -> Type:
    """A list of ``item``."""
    return Type("list", item=item, name=f"list of {item}")


def join(types: Iterable[Type]) -> Type:
    """The narrowest type that every one of ``types`` fits; null fits all."""
    result: Type | None = None
    for one in types:
        if one.kind == "null":
            continue
        if result is None or result == one:
            result = one
        elif result.kind in NUMERIC and one.kind in NUMERIC:
            result = result if result.kind == one.kind else NUMBER
        elif result.kind == one.kind == "list":
            items = [t.item or ANY for t in (result, one)]
            result = rows(join(items))
        elif result.kind == one.kind == "text":
            both = result.values and one.values
            values = dict.fromkeys([*result.values, *one.values]) if both else ()
            result = Type("text", values=tuple(values))
        else:
            result = ANY
    return NULL if result is None else result


def of_value(value: Any, name: str = "") -> Type:
    """The type of a value at hand (a constant, a setting)."""
    if value is None:
        return NULL
    if isinstance(value, dict):
        fields = {k: of_value(v, f"{name}.{k}" if name else k) for k, v in value.items()}
        return record(fields, name or "record")
    if isinstance(value, list | tuple):
        return rows(join(of_value(v) for v in value)) if value else LIST
    kinds: list[tuple[type, Type]] = [
        (bool, BOOLEAN), (int, INTEGER), (Decimal, DECIMAL), (str, TEXT),
        (datetime, TIMESTAMP), (date, DATE),
    ]  # fmt: skip
    return next((t for python, t in kinds if isinstance(value, python)), ANY)


def of_schema(schema: Any, name: str, root: Any = None) -> Type:
    """The type that a JSON Schema describes; what it leaves open is ``any``."""
    root = schema if root is None else root
    if not isinstance(schema, dict):
        return ANY
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target: Any = root
        for step in reference[2:].split("/"):
            target = target.get(step, {}) if isinstance(target, dict) else {}
        return of_schema({**target, **{k: v for k, v in schema.items() if k != "$ref"}}, name, root)
    kind = schema.get("type")
    if isinstance(kind, list):
        real = [k for k in kind if k != "null"]
        kind = real[0] if len(real) == 1 else None
        if set(real) == {"integer", "number"}:
            kind = "number"
    if kind == "object" or (kind is None and "properties" in schema):
        return _record_of(schema, name, root)
    if kind == "array":
        return rows(of_schema(schema.get("items"), f"{name}[]", root))
    if kind == "string" or (kind is None and ("enum" in schema or "const" in schema)):
        return _text_of(schema)
    return {"integer": INTEGER, "number": NUMBER, "boolean": BOOLEAN}.get(kind or "", ANY)


def _record_of(schema: dict[str, Any], name: str, root: Any) -> Type:
    fields = {
        key: of_schema(child, f"{name}.{key}", root)
        for key, child in schema.get("properties", {}).items()
    }
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        return Type("record", fields, of_schema(more, f"{name}.*", root), name=name)
    if more is True or not fields:
        return Type("record", None, name=name)
    return record(fields, name)


def _text_of(schema: dict[str, Any]) -> Type:
    if schema.get("format") == "date":
        return ANY  # a date in a document is ISO text, in a setting it may be either
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if "x-codes" in schema:
        codes = tuple(code for line in schema["x-codes"] for code in line.split())
        return Type("text", values=codes, name="country")
    if values and all(isinstance(v, str) for v in values):
        return Type("text", values=tuple(values))
    return TEXT if schema.get("type") == "string" else ANY
