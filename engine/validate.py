"""Checks a YAML file that people edit against a JSON Schema and says what is wrong in sentences.

Reads a parsed file and a schema (draft 2020-12), gives findings with line and column, all at
once. A schema words its own refusals: ``x-code`` and ``x-says`` beside a pattern or a range.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import Finding
from .quick_schema import quick
from .yamlfile import Path_, YamlFile, nearest

if TYPE_CHECKING:  # it takes long to load, and only what is wrong needs it
    from jsonschema.exceptions import ValidationError

_KINDS = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


# Where the schema has no words of its own for it: of a list or a mapping.
_SAYS = {
    "minProperties": "has too few keys.",
    "minItems": "has too few items.",
    "uniqueItems": "has something twice.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding, and the path of keys whose value cannot be used because of it."""

    path: Path_
    finding: Finding


def faults(
    file: YamlFile,
    schema: Mapping[str, Any],
    *,
    leave: Callable[[Path_], bool] = lambda path: False,
) -> list[Fault]:
    """All that ``schema`` refuses in ``file``, in the order of the file.

    ``leave`` tells the paths that somebody else checks (secrets, whose values must not be shown).
    Read the schema with ``parse_float=Decimal``: numbers are compared as they are written.
    """
    found: list[Fault] = []
    fits = quick(schema)
    if fits is not None and fits(file.value):
        return found
    for error in _validator()(schema).iter_errors(file.value):
        if not leave(tuple(error.absolute_path)):
            found += _translate(file, error)
    once = dict.fromkeys(found)  # too large and not in whole steps is one refusal
    return sorted(once, key=lambda fault: (fault.finding.place.line, fault.finding.place.column))


def prune(value: Any, bad: Iterable[Path_]) -> Any:
    """A copy of ``value`` without what stands at the paths ``bad``, so the rest can be judged.

    A row with anything bad in it becomes None: half a row would mean something else.
    """
    return _without(value, frozenset(map(_to_its_row, bad)), ())


def _to_its_row(path: Path_) -> Path_:
    row = next((i for i, step in enumerate(path) if isinstance(step, int)), len(path))
    return path[: row + 1]


def _without(value: Any, bad: frozenset[Path_], path: Path_) -> Any:
    if isinstance(value, dict):
        return {
            key: _without(child, bad, (*path, key))
            for key, child in value.items()
            if (*path, key) not in bad
        }
    if isinstance(value, list):
        return [
            None if (*path, index) in bad else _without(child, bad, (*path, index))
            for index, child in enumerate(value)
        ]
    return value


def shown(value: Any) -> str:
    """A value as a person would write it in YAML, on one line."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value)
        case list():
            return f"[{', '.join(shown(item) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
        case _:
            return str(value)


def kind(value: Any) -> str:
    """What a value is, in words: ``text``, ``a whole number`` …"""
    for name, types in (
        ("null", type(None)),
        ("boolean", bool),
        ("string", str),
        ("integer", int),
        ("number", Decimal),
        ("array", list),
        ("object", dict),
    ):
        if isinstance(value, types):
            return _KINDS[name]
    return type(value).__name__


def _translate(file: YamlFile, error: ValidationError) -> Iterator[Fault]:
    path: Path_ = tuple(error.absolute_path)
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(file, path, error.instance, schema)
        case "required":
            yield from _missing_keys(file, path, error, schema)
        case "type":
            yield Fault(path, _wrong_type(file, path, error.instance, schema))
        case "enum" | "const":
            choices = list(schema["enum"]) if "enum" in schema else [schema["const"]]
            yield Fault(path, _no_choice(file, path, error.instance, choices))
        case "anyOf" if within := _of_its_kind(error):
            for one in within:
                yield from _translate(file, one)
        case _:
            code = str(schema.get("x-code", "not-allowed"))
            otherwise = _SAYS.get(str(error.validator), "is not allowed here.")
            says = str(schema.get("x-says", otherwise))
            what = "" if isinstance(error.instance, list | dict) else f"{shown(error.instance)} "
            yield Fault(path, file.finding(path, code, f"{_of(path)}{what}{says}"))


def _of_its_kind(error: ValidationError) -> list[ValidationError]:
    """Of several shapes that a value may have, what is wrong by the one that is of its kind; none,
    where no shape is, or several are."""
    by_shape: dict[Any, list[ValidationError]] = {}
    for one in error.context or ():
        by_shape.setdefault(one.relative_schema_path[0], []).append(one)
    fitting = [
        found for found in by_shape.values()
        if not any(one.validator == "type" and not one.relative_path for one in found)
    ]  # fmt: skip
    return fitting[0] if len(fitting) == 1 else []


def _unknown_keys(
    file: YamlFile, path: Path_, value: Any, schema: Mapping[str, Any]
) -> Iterator[Fault]:
    known = list(schema.get("properties", {}))
    for key in value:
        if key not in known:
            inside = f"a key of {dotted(path)}" if path else "a key of this file"
            finding = file.finding(
                (*path, key),
                "unknown-key",
                f"{key!r} is not {inside}.",
                nearest(str(key), known),
                key=True,
            )
            yield Fault((*path, key), finding)


def _missing_keys(
    file: YamlFile, path: Path_, error: ValidationError, schema: Mapping[str, Any]
) -> Iterator[Fault]:
    key = next(name for name in schema["required"] if f"'{name}'" in error.message)
    what = str(schema.get("properties", {}).get(key, {}).get("description", ""))
    missing = (*path, key)
    yield Fault(
        missing,
        file.finding(missing, "missing-key", f"{dotted(missing)} is missing.", what, key=True),
    )


def _wrong_type(file: YamlFile, path: Path_, value: Any, schema: Mapping[str, Any]) -> Finding:
    if value is None and path:
        what = str(schema.get("description", ""))
        return file.finding(path, "missing-value", f"{dotted(path)} has no value.", what, key=True)
    wanted = schema["type"]
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    words = " or ".join(_KINDS[name] for name in names if name != "null")
    found = kind(value)
    plain = isinstance(value, bool | int | Decimal | str) and "object" not in names
    message = f"{_of(path)}expected {words}, found {found}{f' {shown(value)}' if plain else ''}."
    remedy = ""
    if plain and schema.get("x-code") == "not-a-date":
        what = f"{_of(path)}{shown(value)} {schema['x-says']}"
        return file.finding(path, "not-a-date", what)
    if isinstance(value, str) and value.isdigit() and {"integer", "number"} & set(names):
        remedy = "Write it without quotes."
    elif isinstance(value, str) and "boolean" in names:
        remedy = "Write true or false."
    elif "string" in names and isinstance(value, bool | int | Decimal):
        remedy = "Put it in quotes."
    return file.finding(path, "wrong-type", message, remedy)


def _no_choice(file: YamlFile, path: Path_, value: Any, choices: list[Any]) -> Finding:
    message = f"{_of(path)}{shown(value)} is not one of {', '.join(map(_choice, choices))}."
    remedy = nearest(value, map(str, choices)) if isinstance(value, str) else ""
    return file.finding(path, "not-a-choice", message, remedy if "Did" in remedy else "")


def _choice(value: Any) -> str:
    return shown(value) if isinstance(value, bool) else str(value)


def dotted(path: Iterable[str | int]) -> str:
    """A path of keys as people write it: ``interim_accounts[0].account``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _of(path: Path_) -> str:
    return f"{dotted(path)}: " if path else ""


@cache
def _validator() -> Any:
    """The class of the library's validators with two rules of our own."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  see above
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    def pattern(
        _validator: Any, pattern: str, instance: Any, _schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        """As jsonschema's own, but ``$`` is the end of the text and not also a last line break."""
        fits = not isinstance(instance, str) or (
            re.search(pattern, instance) and not instance.endswith("\n")
        )
        if not fits:
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    def multiple(
        validator: Any, step: Any, instance: Any, _schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        """As jsonschema's own, which raises for a number of more than 28 steps' digits."""
        if not validator.is_type(instance, "number"):
            return
        try:
            fits = not Decimal(instance) % Decimal(str(step))
        except ArithmeticError:
            fits = False
        if not fits:
            yield ValidationError(f"{instance} is not a multiple of {step}")

    made: Any = extend
    return made(Draft202012Validator, {"pattern": pattern, "multipleOf": multiple})
