"""Counts which points of a mapping set were reached: values, branches of ifs, rows, match steps.

Held open while a set is compiled (``counting``), it puts a counter before each value and branch;
without it compiled code is as it was. Held open while programs run, it counts the steps of matches
too, which are SQL. Reads specs; writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from jinja2 import nodes

from ..errors import Place
from .expressions import Expression, offset

Key = tuple[str, int, int, int, str]  # file, line, column, characters into the value, what


class Block:
    """Values of a function that are worked out one after the other, in every run of it: counted
    together. Each is named by the number of its mark in the function's source."""

    def __init__(self) -> None:
        self.steps = count(1)
        self.points: list[tuple[int, Key]] = []
        self.missed: dict[Key, int] = {}  # where a value before it failed
        self._looks = 0

    def runs(self) -> int:
        """How often it was begun until now."""
        self._looks += 1
        return next(self.steps) - self._looks


class Counts:
    """How often each point was reached, by key. ``changes``: what is counted can be changed, and
    each point is counted by itself."""

    changes = False
    active: Key | None = None  # what is changed at present

    def __init__(self) -> None:
        self._steps: dict[Key, count[int]] = {}
        self._looks: dict[Key, int] = {}
        self._blocks: list[Block] = []
        self._taken: dict[Key, int] = {}

    def block(self) -> Block:
        """A new block, to be counted with the others."""
        self._blocks.append(Block())
        return self._blocks[-1]

    def steps(self, key: Key) -> count[int]:
        """Whose next number, always above zero, counts one."""
        if key not in self._steps:
            self._steps[key] = count(1)
        return self._steps[key]

    def add(self, key: Key, times: int) -> None:
        """Adds several at once, where they were counted elsewhere."""
        self._looks[key] = self._looks.get(key, 0) - times
        self.steps(key)

    def decided(self, key: Key) -> None:
        """Settings alone decide that what stands here is asked, or what it is."""

    def settle(self, key: Key) -> None:
        """Counts what settings alone decide, once for each program that is made with them."""
        self.decided(key)
        next(self.steps(key))

    def altering(self, _key: Key, _field: str, _kind: str) -> Callable[[Any], Any] | None:
        """What gives the value at a point as it is to be, where it may be changed."""
        return None

    def branching(self, _yes: Key, _no: Key) -> Callable[[Any], bool] | None:
        """What tells which branch of an inline if is taken, where that may be changed."""
        return None

    def is_gone(self, _key: Key) -> bool:
        """Whether a row of a table, a step or a requirement of a match is to be left out."""
        return False

    def outputs(self, _key: Key, outputs: dict[str, Any]) -> dict[str, Any]:
        """What a row of a table is to give."""
        return outputs

    def hits(self, key: Key) -> int:
        """How often a point was reached until now."""
        return self.all().get(key, 0)

    def taken(self) -> dict[Key, int]:
        """How often each point was reached since this was last asked."""
        before, self._taken = self._taken, self.all()
        found = {key: hits - before.get(key, 0) for key, hits in self._taken.items()}
        return {key: hits for key, hits in found.items() if hits}

    def all(self) -> dict[Key, int]:
        """How often each point was reached that was reached at all."""
        found: dict[Key, int] = {}
        for block in self._blocks:
            runs = block.runs()
            for _mark, key in block.points:
                found[key] = found.get(key, 0) + runs
            for key, times in block.missed.items():
                found[key] -= times
        for key, steps in self._steps.items():
            looked = self._looks[key] = self._looks.get(key, 0) + 1
            found[key] = found.get(key, 0) + next(steps) - looked
        return {key: hits for key, hits in found.items() if hits}


_NOW: ContextVar[Counts | None] = ContextVar("counts", default=None)


@contextmanager
def counting(counts: Counts | None) -> Iterator[None]:
    """What is compiled and run meanwhile counts into ``counts``; None counts nothing."""
    token = _NOW.set(counts)
    try:
        yield
    finally:
        _NOW.reset(token)


def now() -> Counts | None:
    """The counts that what is compiled and run at present counts into."""
    return _NOW.get()


def key_of(expression: Expression, node: nodes.CondExpr | None = None, what: str = "value") -> Key:
    """The key of a value, or of a branch of an inline if in it: told apart by what they ask."""
    at = offset(node.test) if node is not None else None
    return key_at(expression.place, what, -1 if at is None else at)


def key_at(place: Place, what: str, at: int = -1) -> Key:
    """The key of what stands at a place: a table's row or otherwise, a step of a match."""
    return place.path, place.line, place.column, at, what


def is_settled(expression: Expression, kind: str) -> bool:
    """Whether a value of a kind that is known before the run is not asked for in it."""
    field = expression.field
    return kind == "let" or field.endswith((".when", ".that")) or ".each." in field


def settled(expression: Expression, value: Any) -> Any:
    """Counts a value that settings alone decide: it is reached once a program is made with them.
    Gives it as it is to be."""
    kept = now()
    if kept is None:
        return value
    key = key_of(expression)
    kept.settle(key)
    altering = kept.altering(key, expression.field, "any")
    return altering(value) if altering else value


def settled_branch(expression: Expression | None, node: nodes.CondExpr, *, first: bool) -> str:
    """Which branch of an inline if is taken where settings alone decide, if or else: the other one
    where it is to be."""
    kept = now()
    if kept is not None and expression is not None:
        branches = key_of(expression, node, "if"), key_of(expression, node, "else")
        kept.decided(branches[0 if first else 1])
        branching = kept.branching(*branches)
        first = branching(first) if branching else first
    return "if" if first else "else"


def reached(expression: Expression | None, node: nodes.CondExpr, what: str) -> None:
    """Counts a branch whose value is known before the run."""
    kept = now()
    if kept is not None and expression is not None:
        next(kept.steps(key_of(expression, node, what)))
