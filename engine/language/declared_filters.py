"""What a filter is: what it takes, what it gives, how it refuses; and the list of all.

Reads nothing. A null where a value is needed raises ``Null``, a value that can't be taken
``Refused``; each filter is entered with ``@declared`` where it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from .kinds import NUMERIC, Type

# Where nothing better is known: what Python says of it is for those who know Python.
NO_VALUE = "cannot be worked out of the values that it is given"


class Null(TypeError):  # noqa: N818 — it says what was met; ``blame`` makes the error of it
    """A null where a value is needed; ``name`` tells which one when the filter knows it.

    It is raised as the class: most rows have a null somewhere, and nobody asks for its text.
    """

    name = ""

    def __str__(self) -> str:
        return "'NoneType'"


class Refused(ValueError):  # noqa: N818 — likewise
    """A value that the filter or field cannot take; the text is a sentence's end."""


Result = Callable[[Type, Sequence[Type]], Type]


class Filter(Struct, frozen=True):
    """``takes`` are the kinds of the value, ``args`` the least and most arguments.

    With ``attribute`` the first argument is the literal name of a column of the list's rows.
    ``as_is`` is Python that tells when the filter would give the value as it is, for most texts are
    clean and short and not worth a call: {new} makes the value, {0} is it, {1}, … the arguments.
    ``columns`` are what the list's rows must have.
    """

    name: str
    run: Callable[..., Any]
    result: Result
    takes: frozenset[str]
    args: tuple[int, int]
    attribute: bool
    as_is: str
    columns: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


FILTERS: dict[str, Filter] = {}


def declared(
    takes: str,
    gives: Type | Result,
    args: tuple[int, int] = (0, 0),
    *,
    name: str = "",
    attribute: bool = False,
    as_is: str = "",
    columns: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function into ``FILTERS``; ``takes`` names kinds, ``number`` all numeric ones."""
    kinds = frozenset(takes.split())
    if "number" in kinds:
        kinds |= NUMERIC

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        result = (lambda _value, _args: gives) if isinstance(gives, Type) else gives
        known = name or function.__name__.rstrip("_")
        FILTERS[known] = Filter(known, function, result, kinds, args, attribute, as_is, columns)
        return function

    return enter
