"""Compiled once, a mapping set is changed at one point at a time: which cases fail then?

Held open like the counts that it is while a set is compiled and run (``counting``), it lets each
point be made ``active``: a value comes out otherwise, a check holds always, an inline if takes its
other branch, a row is gone. What settings alone decide is changed while a set is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from .counts import Counts, Key, now

# A way in which a row of a table can be changed; the other is that it gives something else.
GONE = "gone"
# What stands for a value that is null, by the kind that it would be of.
_NO_NULL: Mapping[str, Any] = {
    "boolean": True, "integer": 1, "decimal": Decimal(1), "number": 1, "date": date(2001, 1, 1),
}  # fmt: skip


@contextmanager
def as_it_is() -> Iterator[None]:
    """Nothing is changed meanwhile: for who makes what is given by the rules themselves."""
    kept = now()
    if not isinstance(kept, Mutations) or kept.active is None:
        yield
        return
    before, kept.active = kept.active, None
    try:
        yield
    finally:
        kept.active = before


class Mutations(Counts):
    """Counts of a set that can be changed: ``active`` is what is changed, ``way`` how, where there
    are several ways; ``settled`` are the points that settings alone decided."""

    changes = True

    def __init__(self) -> None:
        super().__init__()
        self.way = ""
        self.settled: set[Key] = set()

    @contextmanager
    def changed(self, key: Key, way: str = "") -> Iterator[None]:
        """What stands at this point is changed meanwhile."""
        before = self.active, self.way
        self.active, self.way = key, way
        try:
            yield
        finally:
            self.active, self.way = before

    def is_gone(self, key: Key) -> bool:
        """Whether a row, a step or a requirement is to be left out."""
        return self.active == key and self.way == GONE

    def outputs(self, key: Key, outputs: dict[str, Any]) -> dict[str, Any]:
        """What a row is to give: something else, where it is that one."""
        return another(outputs) if self.active == key else outputs

    def decided(self, key: Key) -> None:
        """Kept: what settings decide is changed only where it is compiled anew."""
        self.settled.add(key)

    def altering(self, key: Key, field: str, kind: str) -> Callable[[Any], Any]:
        """Gives the value at a point as it is to be: of the field of this name and kind."""
        other = altered_by(field, kind)
        return lambda value: other(value) if self.active == key else value

    def branching(self, yes: Key, no: Key) -> Callable[[Any], bool]:
        """Gives whether the first branch of an inline if is to be taken, of what it asks."""
        return lambda value: bool(value) != (self.active == (yes if value else no))


def altered_by(field: str, kind: str) -> Callable[[Any], Any]:
    """How a value is changed: a check holds always, a condition too, but that there is nothing to
    make, which never holds; all else is another value."""
    if field == "nothing.when":
        return lambda _value: False
    if field == "when" or field.endswith((".when", ".that")):
        return lambda _value: True
    return lambda value: another(value, kind)


def another(value: Any, kind: str = "any") -> Any:
    """A value of the same kind that is not this one; of a list one item less, of an empty one none:
    there is no other that is sure to fit."""
    if value is None:
        return _NO_NULL.get(kind, "changed")
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Decimal):
        return value + 1
    if isinstance(value, date | datetime):
        return value + timedelta(days=1)
    if isinstance(value, str):
        return f"{value} changed"
    if isinstance(value, list | tuple):
        return value[:-1]
    if isinstance(value, dict):
        return {name: another(one) for name, one in value.items()}
    return "changed"
