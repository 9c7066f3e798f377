"""The filters of the language: everything that ``value | name`` can do, one function each.

Each is declared once with ``@declared``: what it takes, what type it gives. Its docstring is its
entry in docs/language.md (a test compares them). Here are those of numbers and of any value; lists
and texts have modules of their own. ``FILTERS`` has them all, by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from . import list_filters, text_filters
from .declared_filters import FILTERS, Refused, declared
from .foreseen import half_up
from .kinds import DECIMAL, INTEGER, NUMBER, NUMERIC, Type, join

__all__ = ["FILTERS", "list_filters", "text_filters"]


def _same(value: Type, _args: Sequence[Type]) -> Type:
    return value if value.kind in NUMERIC else NUMBER


@declared("number", DECIMAL, (0, 1), name="round")
def round_(value: Any, places: int = 0) -> Decimal:
    """The number with `n` decimals (0 without `n`), half away from zero, as Fortnox rounds."""
    if not 0 <= places <= 10:
        raise Refused("round takes 0 to 10 decimals")
    return half_up(value, Decimal(1).scaleb(-places))


@declared("number", _same, name="abs")
def abs_(value: Any) -> Any:
    """The number without its sign."""
    return abs(value)


@declared("number", INTEGER)
def sign(value: Any) -> int:
    """-1, 0 or 1."""
    return int(value > 0) - int(value < 0)


@declared("number", NUMBER)
def positive(value: Any) -> Any:
    """The number when it is above zero, else 0: the debit of a balance, or the credit of its
    opposite."""
    return value if value > 0 else 0


_LARGEST = 10**30


@declared("number", NUMBER)
def plain(value: Any) -> Any:
    """The number without zeros behind its decimals: 25.0000 is the whole number 25, 25.50 is
    25.5."""
    if value and abs(value) >= _LARGEST:  # its zeros, written out, would fill the memory
        raise Refused("plain takes numbers of up to 30 digits")
    if value == int(value):
        return int(value)
    return Decimal(format(value, "f").rstrip("0"))


@declared(
    "text number boolean date timestamp list record null",
    lambda value, args: join([value, *args]),
    (1, 1),
)
def default(value: Any, otherwise: Any) -> Any:
    """The value, or the argument when the value is null. (An empty text and 0 are values.)"""
    return otherwise if value is None else value
