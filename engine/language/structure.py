"""Checks the structure of mapping files with their JSON Schemas, in sentences with places.

Reads a merged file, gives findings: unknown key with the nearest known one, missing key, wrong
type. What needs more than structure (names, types, cycles) is checked by ``load``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import Finding
from ..home import HOME
from ..quick_schema import Fits, quick
from ..yamlfile import nearest
from .source import Source
from .tree import Node

if TYPE_CHECKING:  # it takes long to load, and only what is wrong needs it
    from jsonschema import ValidationError

KINDS = ("mapping", "entity", "table", "policy", "part", "set")

_NAMES = {
    "object": "keys with values", "array": "a list", "string": "a text",
    "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "null": "nothing",
}  # fmt: skip


@cache
def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of a kind of file: mapping, entity, table, policy, part or set."""
    text = (HOME / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    return result


@cache
def _leaned(kind: str) -> Any:
    return _lean(schema(kind), kind, uses=kind == "part")


@cache
def _quick(kind: str) -> Fits | None:
    return quick(_leaned(kind))


@cache
def _validator(kind: str) -> Any:
    import jsonschema  # noqa: PLC0415  see above

    draft = jsonschema.Draft202012Validator
    checker = draft.TYPE_CHECKER.redefine(
        "number",
        lambda _checker, value: isinstance(value, int | Decimal) and not isinstance(value, bool),
    )
    extend: Any = jsonschema.validators.extend
    return extend(draft, type_checker=checker)(_leaned(kind))


def _lean(part: Any, kind: str, *, uses: bool) -> Any:
    """A schema of a kind with its references resolved; without ``uses`` also without what only
    editors need, for a file is checked when the parts that it uses are put in."""
    if isinstance(part, list):
        return [_lean(one, kind, uses=uses) for one in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str):
        file, _, name = part["$ref"].partition("#/$defs/")
        other = file.removesuffix(".schema.json") or kind
        return _lean(schema(other)["$defs"][name], other, uses=uses)
    notes = {"$defs"} | ({"description"} if isinstance(part.get("description"), str) else set())
    result = {k: v for k, v in part.items() if k not in notes}
    if not uses and any(key.startswith("^use ") for key in part.get("patternProperties", ())):
        del result["patternProperties"]
        names = result.get("if", {}).get("propertyNames")
        if names:  # what holds where no part is used
            del result["if"]
            result |= result.pop("then" if "not" in names else "else")
    return {key: _lean(value, kind, uses=uses) for key, value in result.items()}


def kind_of(root: Node) -> tuple[str, Finding | None]:
    """What kind of file a tree is, or why that can't be told."""
    if not isinstance(root.value, dict):
        text = "a mapping file holds keys with values."
        return "", root.finding("wrong-type", text, "Start with version: 2.")
    kinds = [k for k in KINDS if k in root.value]
    if len(kinds) == 1:
        return kinds[0], None
    what = f"has {' and '.join(kinds)}" if kinds else "has none of them"
    text = f"a file has one of {', '.join(KINDS)} as a key; this one {what}."
    for key, node in root.value.items() if not kinds else ():
        if key != "version" and (near := nearest(key, KINDS)).startswith("Did"):
            return "", node.finding("unknown-kind", text, near, key=True)
    return "", root.finding("unknown-kind", text)


def findings_of(kind: str, source: Source) -> Iterator[Finding]:
    """What is wrong with the structure of a file of a kind."""
    fits = _quick(kind)
    if fits is None or not fits(source.value):
        for error in _validator(kind).iter_errors(source.value):
            yield from findings(source, error)
    yield from _twice(source.root)


def _twice(node: Node) -> Iterator[Finding]:
    """Items of one list with one id."""
    if isinstance(node.value, list):
        seen: dict[str, Node] = {}
        for item in node.value:
            name = item.text("id")
            if name and name in seen:
                text = f"the id {name!r} stands already in {seen[name].value['id'].place()}."
                yield item.value["id"].finding("twice", text, "Take another id.")
            elif name:
                seen[name] = item
    inner = node.value.values() if isinstance(node.value, dict) else node.value
    for one in inner if isinstance(node.value, dict | list) else ():
        yield from _twice(one)


def findings(source: Source, error: ValidationError) -> Iterator[Finding]:
    """The sentences for one error of a JSON Schema."""
    path = tuple(error.absolute_path)
    name = source.label(path) or "the file"
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
    "id": "A short name that speaks, such as locked-period; overlays name the item by it.",
}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, str) else str(value).lower()
