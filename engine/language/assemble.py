"""Puts generated lines together to a function, and keeps what is needed to tell why it failed.

Takes lines with marks from the emitter, gives the Python function and the source of it; a failure
is traced back by its line to the value that a person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any

from msgspec import Struct, field

from . import counts
from .code import Mark
from .emit import Emitter
from .runtime import RUNTIME


class Body(Struct):
    """The lines of a function as they are written."""

    lines: list[tuple[int, str]] = field(default_factory=list)
    depth: int = 0

    def add(self, text: str) -> None:
        self.lines.append((self.depth, text))

    @contextmanager
    def block(self, head: str, emitter: Emitter, *, loop: bool = False) -> Iterator[None]:
        """What stands below ``head``; values first met inside are not there after it."""
        self.add(head)
        self.depth += 1
        before = set(emitter.ready)
        emitter.looped += loop
        start = len(self.lines)
        with self.counted(emitter):
            yield
        if len(self.lines) == start:
            self.add("pass")
        emitter.looped -= loop
        emitter.ready = before
        self.depth -= 1

    @contextmanager
    def counted(self, emitter: Emitter) -> Iterator[None]:
        """The lines that are added meanwhile are a block: run from the first to the last, unless
        one fails."""
        kept = counts.now()
        if kept is None or kept.changes:
            yield
            return
        start, outer = len(self.lines), emitter.block
        block = emitter.block = kept.block()
        yield
        emitter.block = outer
        if block.points:
            emitter.blocks.append(block)
            self.lines.insert(start, (self.depth, f"next({emitter.bind(block.steps)})"))


class Built(Struct, frozen=True):
    """A generated function with all that explains its failures."""

    name: str
    function: Callable[..., Any]
    source: str
    filename: str
    owners: list[int]
    marks: list[Mark]
    globals: dict[str, Any]
    emitter: Emitter


def build(name: str, body: Body, emitter: Emitter, more: Mapping[str, Any]) -> Built:
    """The function ``name`` that the lines define; ``more`` is what else they may call."""
    source, owners = layout(body.lines)
    filename = f"<{name}>"
    code: CodeType = compile(source, filename, "exec")
    space: dict[str, Any] = {**RUNTIME, **more, **emitter.constants}
    exec(code, space)  # noqa: S102 — the source is made of checked expressions only
    function = space[body.lines[0][1].split("(")[0].removeprefix("def ")]
    return Built(name, function, source, filename, owners, emitter.marks, space, emitter)


def layout(lines: Sequence[tuple[int, str]]) -> tuple[str, list[int]]:
    """The source of marked lines (depth, text), and for each of its lines the mark's number.

    The first entry belongs to line 1; -1 is a line of no value.
    """
    result: list[str] = []
    owners: list[int] = []
    for depth, line in lines:
        open_marks = [-1]
        piece = "    " * depth
        for index, part in enumerate(_split(line)):
            if index % 2 == 0:
                piece += part
                continue
            result.append(piece)
            owners.append(open_marks[-1])
            piece = "    " * depth
            if part:
                open_marks.append(int(part))
            else:
                open_marks.pop()
        result.append(piece)
        owners.append(open_marks[-1])
    return "\n".join(result) + "\n", owners


# Where a value begins, with the number of its mark, and where it ends.
_MARK = re.compile("\x01([^\x02]*)\x02|\x03")


def _split(line: str) -> list[str]:
    """Text, mark, text, mark, …: a mark is a number where a value begins and empty at its end."""
    return [part or "" for part in _MARK.split(line)]
