"""What the emitter gives: Python source of a value, with its type and the value where it is known.

Also what generated source refers to: the marks of the values in it, and the signatures of what it
may call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from . import kinds
from .expressions import Expression
from .kinds import BOOLEAN, INTEGER, Type

# Names with a meaning of their own, which nothing else may have.
RESERVED = frozenset(
    {"settings", "tables", "books", "it", "earlier", "match", "document", "rows", "group"}
)


class _Unknown:
    """What a code's ``value`` is while it is not known before the run."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()


class Code(Struct, frozen=True):
    """Python source of a value, its type, and the value itself where it is known already."""

    text: str
    type: Type
    value: Any = UNKNOWN

    @property
    def known(self) -> bool:
        return self.value is not UNKNOWN


class Signature(Struct, frozen=True):
    """What a table takes and gives, for those who call it."""

    inputs: Mapping[str, Type]
    outputs: Mapping[str, Type]


BOOKS: Mapping[str, Type] = {
    "next_open_day": kinds.DATE,
    "is_open": BOOLEAN,
    "financial_year": INTEGER,
    "in_closed_year": BOOLEAN,
    "takes_vouchers": BOOLEAN,
    "has_account": BOOLEAN,
    "has_article": BOOLEAN,
    "has_currency": BOOLEAN,
    "has_terms": BOOLEAN,
    "rounds": BOOLEAN,
}
# What each takes, where that is not a date alone.
BOOKS_TAKE: Mapping[str, tuple[str, ...]] = {
    "takes_vouchers": ("text", "date"),
    "has_account": ("integer", "date"),
    "has_article": ("text",),
    "has_currency": ("text",),
    "has_terms": ("text",),
    "rounds": ("text",),
}


class Mark(Struct, frozen=True):
    """What a mark in the source stands for: a value, its names, and what it is the value of."""

    expression: Expression
    names: Mapping[str, Code]
    kind: str
