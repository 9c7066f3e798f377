"""Whether a value fits a JSON Schema, and no word on why not: what is right needs no more.

Makes one function of a schema, so that the library that words refusals is loaded only where there
is something to refuse. It never says that a value fits which that library refuses: a test holds the
two against each other. Of a schema with a keyword that it does not know it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

Fits = Callable[[Any], bool]
_NOTES = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "markdownDescription",
     "default", "examples", "format", "then", "else", "defaultSnippets", "deprecated"}
)  # fmt: skip


def quick(schema: Any, root: Any = None) -> Fits | None:
    """The function; None where the schema has a keyword that is not known here."""
    try:
        made = _made(schema, schema if root is None else root, {})
    except _UnknownError:
        return None

    def fits(value: Any) -> bool:
        try:
            return made(value)
        except _UnknownError:
            return False

    return fits


class _UnknownError(Exception):
    """A keyword, or a value under one, of which nothing is said here."""


Known = dict[int, list[Fits]]


def _made(schema: Any, root: Any, known: Known) -> Fits:
    if isinstance(schema, bool):
        return lambda _value: schema
    if id(schema) in known:  # of itself, or once more
        held = known[id(schema)]
        return lambda value: held[0](value)  # noqa: PLW0108 — it may not be there yet
    held = known[id(schema)] = []
    tests: list[Fits] = []
    for key, said in schema.items():
        if key in _NOTES or key.startswith("x-"):
            continue
        make = _KEYWORDS.get(key)
        if make is None:
            raise _UnknownError
        tests.append(make(said, schema, root, known))
    if len(tests) == 1:
        held.append(tests[0])
    else:
        held.append(lambda value: all(test(value) for test in tests))
    return held[0]


def _is(kind: str) -> Fits:
    if kind == "integer":
        return lambda value: type(value) is int
    if kind == "number":
        return lambda value: type(value) is int or isinstance(value, Decimal)
    types: Mapping[str, type[Any]] = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    }  # fmt: skip
    wanted = types[kind]
    return lambda value: isinstance(value, wanted)


def _type(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
    tests = [_is(kind) for kind in ([said] if isinstance(said, str) else said)]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _properties(said: Any, _schema: Any, root: Any, known: Known) -> Fits:
    tests = {key: _made(child, root, known) for key, child in said.items()}
    return lambda value: (
        not isinstance(value, dict)
        or all(tests[key](one) for key, one in value.items() if key in tests)
    )


def _pattern_properties(said: Any, _schema: Any, root: Any, known: Known) -> Fits:
    tests = [(re.compile(pattern), _made(child, root, known)) for pattern, child in said.items()]
    return lambda value: (
        not isinstance(value, dict)
        or all(
            test(one)
            for key, one in value.items()
            for pattern, test in tests
            if pattern.search(key)
        )
    )


def _additional(said: Any, schema: Any, root: Any, known: Known) -> Fits:
    named = frozenset(schema.get("properties", ()))
    patterns = [re.compile(pattern) for pattern in schema.get("patternProperties", ())]
    test = _made(said, root, known)
    return lambda value: (
        not isinstance(value, dict)
        or all(
            test(one)
            for key, one in value.items()
            if key not in named and not any(pattern.search(key) for pattern in patterns)
        )
    )


def _required(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
    return lambda value: not isinstance(value, dict) or all(key in value for key in said)


def _names(said: Any, _schema: Any, root: Any, known: Known) -> Fits:
    test = _made(said, root, known)
    return lambda value: not isinstance(value, dict) or all(test(key) for key in value)


def _items(said: Any, schema: Any, root: Any, known: Known) -> Fits:
    if "prefixItems" in schema:
        raise _UnknownError
    test = _made(said, root, known)
    return lambda value: not isinstance(value, list) or all(test(one) for one in value)


def _unique(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
    def fits(value: Any) -> bool:
        if not said or not isinstance(value, list):
            return True
        return not any(_same(one, other) for i, one in enumerate(value) for other in value[:i])

    return fits


def _same(one: Any, other: Any) -> bool:
    """Whether they are equal; true is not 1. Of what holds others nothing is said."""
    if isinstance(one, list | dict) and isinstance(other, list | dict):
        raise _UnknownError
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _length(of: type[Any], compare: Callable[[int, int], bool]) -> Callable[..., Fits]:
    def make(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
        return lambda value: not isinstance(value, of) or compare(len(value), said)

    return make


def _pattern(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
    found = re.compile(said).search

    def fits(value: Any) -> bool:
        if not isinstance(value, str):
            return True
        if value.endswith("\n"):  # what $ means then is not the same for all
            raise _UnknownError
        return found(value) is not None

    return fits


def _choice(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
    if all(isinstance(one, str) for one in said):
        known = frozenset(said)
        return lambda value: isinstance(value, str) and value in known
    return lambda value: any(_same(one, value) for one in said)


def _number(compare: Callable[[Any, Any], bool]) -> Callable[..., Fits]:
    def make(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
        is_number = _is("number")
        return lambda value: not is_number(value) or compare(value, said)

    return make


def _steps(value: Any, step: Any) -> bool:
    try:
        return not Decimal(value) % Decimal(str(step))
    except ArithmeticError:
        return False


def _if(said: Any, schema: Any, root: Any, known: Known) -> Fits:
    test = _made(said, root, known)
    then = _made(schema.get("then", True), root, known)
    other = _made(schema.get("else", True), root, known)
    return lambda value: then(value) if test(value) else other(value)


def _several(decide: Callable[[list[bool]], bool]) -> Callable[..., Fits]:
    def make(said: Any, _schema: Any, root: Any, known: Known) -> Fits:
        tests = [_made(one, root, known) for one in said]
        return lambda value: decide([test(value) for test in tests])

    return make


def _not(said: Any, _schema: Any, root: Any, known: Known) -> Fits:
    test = _made(said, root, known)
    return lambda value: not test(value)


def _dependent(said: Any, _schema: Any, _root: Any, _known: Known) -> Fits:
    return lambda value: (
        not isinstance(value, dict)
        or all(key in value for name, keys in said.items() if name in value for key in keys)
    )


def _reference(said: Any, _schema: Any, root: Any, known: Known) -> Fits:
    if not said.startswith("#/"):
        raise _UnknownError
    target = root
    for step in said[2:].split("/"):
        target = target[step]
    return _made(target, root, known)


_KEYWORDS: Mapping[str, Callable[..., Fits]] = {
    "type": _type, "properties": _properties, "patternProperties": _pattern_properties,
    "additionalProperties": _additional, "required": _required, "propertyNames": _names,
    "items": _items, "uniqueItems": _unique, "minItems": _length(list, ge),
    "maxItems": _length(list, le), "minProperties": _length(dict, ge),
    "maxProperties": _length(dict, le), "minLength": _length(str, ge),
    "maxLength": _length(str, le), "pattern": _pattern, "enum": _choice,
    "const": lambda said, *more: _choice([said], *more), "minimum": _number(ge),
    "maximum": _number(le), "exclusiveMinimum": _number(gt),
    "exclusiveMaximum": _number(lt), "multipleOf": _number(_steps), "if": _if,
    "dependentRequired": _dependent, "allOf": _several(all), "anyOf": _several(any),
    "oneOf": _several(lambda held: sum(held) == 1), "not": _not, "$ref": _reference,
}  # fmt: skip
