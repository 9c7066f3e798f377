"""What generated functions call for their operators: arithmetic where types are not known, items.

Where both types are known the emitter writes Python's own operator; these are for the rest. Each
refuses what is no number, so that no operator of another type is ever reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..personal import has_digit
from . import filters, text_filters
from .code import UNKNOWN
from .declared_filters import Null, Refused
from .foreseen import half_up
from .fortnox_signs import is_allowed
from .kinds import shown

LARGEST_INTEGER = 10**30
MOST_ROWS = 100_000  # a list made of others grows with each; no document comes near it


def item(value: Any, key: Any) -> Any:
    """``value[key]`` of a record or list, of nothing else."""
    if isinstance(value, dict | list | tuple | Mapping):
        return value[key]
    if value is None:
        raise Null
    raise Refused("only records and lists have items")


def no_list(value: Any) -> Any:
    """An item of a list: lists in lists double with each, and comparing them has no end."""
    if isinstance(value, list | tuple):
        raise Refused("a list holds no lists")
    return value


def _number(value: Any) -> Any:
    if value is None:
        raise Null
    if type(value) is not Decimal and type(value) is not int:
        raise Refused(f"{shown(value)} is not a number")
    return value


def add(left: Any, right: Any) -> Any:
    """``+`` where the types are not known before."""
    return _number(left) + _number(right)


def subtract(left: Any, right: Any) -> Any:
    """``-`` likewise."""
    return _number(left) - _number(right)


def multiply(left: Any, right: Any) -> Any:
    """``*`` likewise; integers stay within bounds, so that no chain of them burns the processor."""
    result = _number(left) * _number(right)
    if type(result) is int and not -LARGEST_INTEGER <= result <= LARGEST_INTEGER:
        raise Refused("an integer of over 30 digits")
    return result


def divide(left: Any, right: Any) -> Decimal:
    """``/`` is always a Decimal."""
    if not _number(right):
        _number(left)
        raise Refused("a division by zero")
    result: Decimal = Decimal(_number(left)) / right
    return result


def negate(value: Any) -> Any:
    """``-`` in front."""
    return -_number(value)


def plus(value: Any) -> Any:
    """``+`` in front: the number itself, and nothing else."""
    return +_number(value)


def listed(*parts: list[Any]) -> list[Any]:
    """The rows of all parts."""
    if sum(map(len, parts)) > MOST_ROWS:
        raise Refused(f"a list of over {MOST_ROWS} rows")
    return [row for part in parts for row in part]


def grouped(pairs: list[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    """The items by their groups, in the order of the first of each."""
    groups: dict[Any, list[Any]] = {}
    for group, item in pairs:
        groups.setdefault(group, []).append(item)
    return groups


RUNTIME: Mapping[str, Any] = {
    "U": UNKNOWN,
    "NULL": None,
    "Decimal": Decimal,
    "round_to": half_up,
    "concatenate": text_filters.concatenate,
    "say": text_filters.say,
    "item": item,
    "no_list": no_list,
    "listed": listed,
    "grouped": grouped,
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "negate": negate,
    "plus": plus,
    "bool": bool,
    "len": len,
    "abs": abs,
    "type": type,
    "str": str,
    "int": int,
    "has_digit": has_digit,
    "is_allowed": is_allowed,
    "next": next,  # counts, in what is compiled to count
    "__builtins__": {},
    **{f"f_{name}": f.run for name, f in filters.FILTERS.items()},
}
