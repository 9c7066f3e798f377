"""Odd values and what they are put into: any place of a tree of mappings and lists."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

Step = str | int

# What a field may hold that was not meant. No nesting here: that has a limit and tests of its own.
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 1.5, -0.01, 10**14, 10**25, 2**31, 2**63, 1e25, 0.00001, "", " ",
    "x", "x" * 300, "0", "-1", "12,50", "1e25", "NaN", "Infinity", "²", "١٢", "NO", "null", "true",
    "2026-02-30", "0001-01-01", "0001-01-01T00:00:00", "9999-12-31", "2026-10-25T02:30:00+02:00",
    "\u0000", "\x85", "e\u0301", "\U0001f600", "../..", "{{ x }}", "{{ 1 / 0 }}", "Ö" * 60, [],
    [None], [7], ["a", None], [["a"]], {}, {"a": None}, [{}], [{"a": 1}], {"min": 5},
    {"min": "2026-01-01"}, {"env": "X"}, {"error": "x"}, {"when": "x", "value": 1}, {"prefix": ""},
)  # fmt: skip


def paths(value: Any, at: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Every place of a tree but the tree itself."""
    inner: Iterable[tuple[Step, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for name, child in inner:
        yield (*at, name)
        yield from paths(child, (*at, name))


def spoiled(chance: Random, tree: Any, times: int | None = None, odd: tuple[Any, ...] = ODD) -> Any:
    """A copy of the tree in which a few places hold something else, are gone, or stand twice."""
    made = copy.deepcopy(tree)
    for _ in range(times or chance.choice((1, 1, 1, 2, 3))):
        places = list(paths(made))
        if not places:
            return made
        *above, last = chance.choice(places)
        inner: Any = made
        for step in above:
            inner = inner[step]
        kind = chance.random()
        if kind < 0.75:
            inner[last] = copy.deepcopy(chance.choice(odd))
        elif kind < 0.85:
            del inner[last]
        elif isinstance(inner, list):
            inner.append(copy.deepcopy(inner[last]))
        else:
            inner[chance.choice(("a", "from", "Id", "å", str(last) + "x"))] = inner[last]
    return made
