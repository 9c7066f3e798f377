"""The rule behind a difference: which of the changes the differing value is made of.

Reads both sets' graphs of what reads what, the traces of both evaluations and the changes; gives
for a field the changes that it comes from. Where several remain they are told together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...language.reach import ROWS, Reach, Value, reach
from ..versions import Version
from .changes import Change
from .compare import Difference, Side
from .documents import Field

SETTINGS = "settings"


@dataclass(slots=True)
class Blame:
    """Held open over a comparison: what lies behind each value, found once."""

    sides: tuple[Version, Version]
    changes: Sequence[Change]
    graphs: tuple[Reach, Reach] = field(init=False)
    known: dict[Value, tuple[Change, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        before, after = self.sides
        self.graphs = reach(before.mapping_set), reach(after.mapping_set)

    def of_field(self, one: Difference, differs: Field) -> tuple[Change, ...]:
        """The changes that a field of a document differs by."""
        what = f"mapping {one.mapping}"
        if differs.name in ("then", "confirm"):
            start: Value = (what, differs.name)
        elif differs.column:
            start = (what, "document", differs.name, differs.column)
            if differs.column == ROWS:
                start = start[:3]
        else:
            start = (what, "document", differs.name)
        found = self._behind(start) or self._behind((what,))
        given = [c for c in found if _gives(c, differs.before, differs.after)]
        return self._narrowed(one, given or found)

    def of_outcome(self, one: Difference) -> tuple[Change, ...]:
        """The changes by which there is a document or none, or another reason."""
        what = f"mapping {one.mapping}"
        found: tuple[Change, ...] = ()
        for side, version in zip((one.before, one.after), self.sides, strict=True):
            place = side.trace.get("place") if side is not None else None
            mapping = version.mapping_set.mappings.get(one.mapping)
            for check in mapping.checks if mapping and place else ():
                if str(check.place) == place:
                    found += self._behind((what, "checks", check.id))
        found = tuple(dict.fromkeys(found)) or self._behind((what,))
        return self._narrowed(one, found)

    def of_match(self, one: Difference) -> tuple[Change, ...]:
        """The changes by which something else is matched."""
        what = f"mapping {one.mapping}"
        return self._narrowed(one, self._behind((what, "match")) or self._behind((what,)))

    def _behind(self, start: Value) -> tuple[Change, ...]:
        if start not in self.known:
            read = set[Value]()
            for graph in self.graphs:
                for value in graph.behind([start]):
                    read.update(value[:length] for length in range(1, len(value) + 1))
            settings = {value[1] for value in read if len(value) == 2 and value[0] == SETTINGS}
            self.known[start] = tuple([
                change for change in self.changes
                if any(value in read or _is_read(value, settings) for value in change.values)
            ])  # fmt: skip
        return self.known[start]

    def _narrowed(self, one: Difference, found: Sequence[Change]) -> tuple[Change, ...]:
        """Of several changes those that the traces do not exclude: rows of tables that decided,
        named values that differ."""
        if len(found) < 2:
            return tuple(found)
        left = [change for change in found if self._may_be(one, change)]
        return tuple(left or found)

    def _may_be(self, one: Difference, change: Change) -> bool:
        sides = [side for side in (one.before, one.after) if side is not None and side.trace]
        if change.rows is not None:
            hits = [_hits(side) for side in (one.before, one.after)]
            if any(hits):
                return any(row in of for row, of in zip(change.rows, hits, strict=True))
            return True
        if len(sides) < 2:
            return True
        return any(not _is_same(one, value, *sides) for value in change.values)


def _is_read(value: Value, settings: Iterable[str]) -> bool:
    """Whether a setting is read, or one that it is a part of, or that is a part of it."""
    if value[0] != SETTINGS:
        return False
    mine = f"{value[1]}."
    return any(mine.startswith(f"{one}.") or f"{one}.".startswith(mine) for one in settings)


def _gives(change: Change, before: Any, after: Any) -> bool:
    """Whether a row of a table gave what stands there before or gives what stands there after."""
    if change.rows is None:
        return False
    old, new = ([one for one in gives.values() if one is not None] for gives in change.gives)
    return (before is not None and before in old) or (after is not None and after in new)


def _hits(side: Side | None) -> set[tuple[str, str]]:
    return {(hit[0], hit[1]) for hit in side.trace.get("tables", ())} if side else set()


def _is_same(one: Difference, value: Value, old: Side, new: Side) -> bool:
    """Whether a named value is known to be the same on both sides."""
    lets = [side.trace.get("lets") for side in (old, new)]
    if len(value) > 1 and value[1].startswith("let.") and value[0] == f"mapping {one.mapping}":
        name = value[1].removeprefix("let.")
        known = [of[name] for of in lets if isinstance(of, Mapping) and name in of]
        return len(known) == len(lets) and known[0] == known[1]
    return False
