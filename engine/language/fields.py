"""Fits values to the fields of a target: the type comes from its JSON Schema, never from a guess.

Reads the schema of one field, gives the function that converts a value to it or refuses it, and
what can be said of a misfit before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any

from .declared_filters import Null, Refused
from .fortnox_signs import forbidden
from .kinds import NUMERIC, Type, a, shown
from .text_filters import text_of

CENT = Decimal("0.01")

# Exactly two decimals: a third is an error, not rounded away.
money = Context(prec=28, traps=[Inexact, InvalidOperation]).quantize

Convert = Callable[[Any], Any]


def conversion(schema: Mapping[str, Any]) -> tuple[str, Convert]:
    """How source converts a value {value} to this field, and the function, {convert} there.

    What fits as it is, as nearly every value does, is seen without a call.
    """
    kind, form = schema.get("type"), schema.get("format")
    if kind == "number" and form == "money":
        bounded = _bounds(schema, lambda value: money(value, CENT))
        return (_CALL if _has_bounds(schema) else "money({value}, CENT)"), bounded
    if kind == "number":
        return _CALL, _bounds(schema, _decimal)
    if kind == "integer":
        return _quick("int", _within(schema)), _bounds(schema, _integer)
    if kind == "boolean":
        return _CALL, _boolean
    if form == "date":
        return _CALL, _date
    return _text(schema)


_CALL = "{convert}({value})"


def _quick(type_: str, condition: str = "", otherwise: str = "{convert}(c)") -> str:
    """Source that leaves a value of this type as it is where the condition on ``c`` holds."""
    return f"(c if type(c := {{value}}) is {type_}{condition} else {otherwise})"


def _within(schema: Mapping[str, Any]) -> str:
    """The condition that ``c`` lies within the field's bounds."""
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<="}
    return "".join(f" and c {sign} {schema[k]!r}" for k, sign in signs.items() if k in schema)


def misfit(schema: Mapping[str, Any], type_: Type) -> str:
    """Why no value of this type fits the field, or nothing."""
    kind, wanted = type_.kind, schema.get("type")
    if kind == "any":
        return ""
    if kind == "null":
        return "is null; a field that may be left out is written {when: …, value: …}"
    if wanted == "number":
        fits, what = kind in NUMERIC, "a number"
    elif wanted == "integer":
        fits, what = kind in ("integer", "text", "number"), "a whole number"
    elif wanted == "boolean":
        fits, what = kind == "boolean", "true or false"
    elif schema.get("format") == "date":
        fits, what = kind in ("date", "text"), "a date"
    else:
        fits, what = kind == "text" or kind in NUMERIC, "a text"
    return "" if fits else f"is {a(kind)} and the field takes {what}"


def _has_bounds(schema: Mapping[str, Any]) -> bool:
    return any(k in schema for k in ("minimum", "maximum", "exclusiveMinimum"))


def _bounds(schema: Mapping[str, Any], convert: Convert) -> Convert:
    if not _has_bounds(schema):
        return convert
    above = schema.get("exclusiveMinimum")
    least, most = schema.get("minimum", above), schema.get("maximum")

    def bounded(value: Any) -> Any:
        result = convert(value)
        if least is not None and (result < least or (above is not None and result <= above)):
            word = "must be above" if above is not None else "is below"
            raise Refused(f"{result} {word} {least}")
        if most is not None and result > most:
            raise Refused(f"{result} is above {most}")
        return result

    return bounded


def _decimal(value: Any) -> Decimal:
    if type(value) is Decimal:
        return value
    if type(value) is int:
        return Decimal(value)
    if value is None:
        raise Null
    raise Refused(f"{shown(value)} is not a number")


def _integer(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is str and value.isascii() and value.isdigit():
        return int(value)
    if value is None:
        raise Null
    raise Refused(f"{shown(value)} is not a whole number")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value is None:
        raise Null
    raise Refused(f"{shown(value)} is neither true nor false")


def _date(value: Any) -> str:
    if type(value) is date:
        return value.isoformat()
    if value is None:
        raise Null
    if type(value) is str and not isinstance(value, datetime):
        try:
            if date.fromisoformat(value).isoformat() == value:
                return value
        except ValueError:
            pass
    raise Refused(f"{shown(value)} is not a date like 2026-11-22")


def _text(schema: Mapping[str, Any]) -> tuple[str, Convert]:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    allowed = frozenset(schema["enum"]) if "enum" in schema else None
    pattern = re.compile(schema["pattern"]) if "pattern" in schema else None
    fortnox = schema.get("format") == "fortnox-text"

    def convert(value: Any) -> str:
        result = value if type(value) is str else text_of(value)
        if most is not None and len(result) > most:
            raise Refused(f"{result!r} has {len(result)} characters, the field takes {most}")
        if len(result) < least:
            raise Refused(f"{result!r} is too short, the field takes no less than {least}")
        if allowed is not None and result not in allowed:
            raise Refused(f"{result!r} is none of {', '.join(sorted(allowed))}")
        if pattern is not None and not pattern.search(result):
            raise Refused(f"{result!r} does not have the form {pattern.pattern}")
        if fortnox and (character := forbidden(result)):
            raise Refused(f"Fortnox refuses the character {character!r} in it; use | fortnox_text")
        return result

    if allowed is not None or pattern is not None:
        return _CALL, convert
    fits = "" if most is None else f" and len(c) <= {most}"
    fits += f" and len(c) >= {least}" if least else ""
    fits += " and is_allowed(c)" if fortnox else ""
    digits = "str(c) if type(c) is int else {convert}(c)"
    return _quick("str", fits, digits if most is None else "{convert}(c)"), convert
