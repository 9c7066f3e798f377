"""Tells why a generated function failed: which value, in which file and line, and what was null.

Reads the traceback's line, finds the expression that stands there and evaluates its parts once
more with what the function had in hand. This runs only after a failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Inexact, InvalidOperation
from itertools import takewhile
from types import FrameType, TracebackType
from typing import Any

from jinja2 import nodes

from ..errors import ItemError, Place
from ..yamlfile import nearest
from .assemble import Built
from .code import UNKNOWN, Mark
from .counts import Block, counting
from .declared_filters import NO_VALUE, Null, Refused
from .emit import Emitter
from .written import written

Locals = Mapping[str, Any]


def is_null(error: BaseException) -> bool:
    """Whether an operation failed because a value was null."""
    return isinstance(error, TypeError) and "NoneType" in str(error)


def explain(error: Exception, built: Built, of: str) -> ItemError:
    """The sentence for a failure; ``of`` names the row: ``line L1``."""
    found = spot(error, built)
    if found is None:
        missing = str(error) if isinstance(error, Refused) else NO_VALUE
        if isinstance(error, KeyError):
            missing = f"the input {error} was not given"
        return ItemError(f"{built.name}: {missing} ({of}).")
    mark, values = found
    what, remedy = _why(error, mark, built, values)
    text = f"{mark.expression.place}: {built.name}, {mark.expression.field}: {what} ({of})."
    at = f"{built.name}, {mark.expression.field} of {of}"
    return ItemError(text, remedy, what, mark.expression.place, at)


def spot(error: Exception, built: Built) -> tuple[Mark, Locals] | None:
    """The value that failed and what the function had in hand."""
    frames = list(_frames(error.__traceback__, built.filename))
    if not frames:
        return None
    frame, line = frames[-1]
    owner = built.owners[line - 1]
    return (built.marks[owner], frame.f_locals) if owner >= 0 else None


def failed_in(error: Exception, built: Built, name: str) -> Any:
    """A local of the function at the time of the failure."""
    frame, _line = next(_frames(error.__traceback__, built.filename), (None, 0))
    return frame.f_locals.get(name) if frame else None


def _frames(trace: TracebackType | None, filename: str) -> Iterator[tuple[FrameType, int]]:
    """The function's own frame, and those of the lists that it was making."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def uncount(error: Exception, built: Built, *, swallowed: bool = False) -> None:
    """Takes back what was counted of values that stand behind the one that failed, for these were
    not worked out; with ``swallowed`` only up to where the function goes on."""
    if not built.emitter.blocks:
        return
    name = built.function.__name__
    frames = _frames(error.__traceback__, built.filename)
    lines = [line for frame, line in frames if frame.f_code.co_name == name]
    if not lines:
        return
    failed, source = lines[-1], built.source.splitlines()
    end = len(source)
    if swallowed:
        end = next(at for at in range(failed, end) if source[at].lstrip().startswith("except "))
    for block in built.emitter.blocks:
        first, behind = _span(block, built, source)
        if first < failed <= behind:
            for mark, key in block.points:
                if failed <= built.owners.index(mark) < end:
                    block.missed[key] = block.missed.get(key, 0) + 1


def _span(block: Block, built: Built, source: Sequence[str]) -> tuple[int, int]:
    """The lines of a block: from the one that counts it to the last that stands as deep."""
    constants = built.emitter.constants
    name = next(name for name, one in constants.items() if one is block.steps)
    first = next(at for at, text in enumerate(source, 1) if text.strip() == f"next({name})")
    depth = _depth(source[first - 1])
    inside = takewhile(lambda one: _depth(one) >= depth, source[first:])
    return first, first + sum(1 for _ in inside)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def place_of(error: Exception, built: Built) -> Place | None:
    """Where the value that failed stands."""
    found = spot(error, built)
    return found[0].expression.place if found else None


def _why(error: Exception, mark: Mark, built: Built, values: Locals) -> tuple[str, str]:
    parts = _Parts(mark, built, values)
    if isinstance(error, KeyError):
        return parts.missing(error)
    if is_null(error):
        name = error.name if isinstance(error, Null) and error.name else parts.null()
        return f"{name} is null", ""
    if isinstance(error, InvalidOperation):
        return f"{parts.written} is too large", ""
    if isinstance(error, Inexact):
        known, value = parts.value(mark.expression.node)
        shown = f"{value} " if known else ""
        return f"{shown}has more than two decimals", "Write | round(2)."
    if isinstance(error, Refused):
        return str(error), ""
    if isinstance(error, TypeError):
        return f"{written(parts.culprit(parts.root))} has values that do not go together", ""
    if isinstance(error, IndexError):
        return f"{parts.written} asks for an item that the list does not have", ""
    return f"{parts.written} {NO_VALUE}", ""


class _Parts:
    """Held open over one failed value: evaluates its parts with the function's own values."""

    def __init__(self, mark: Mark, built: Built, values: Locals) -> None:
        self.root = mark.expression.node
        self.written = written(self.root)
        self.built = built
        first = built.emitter
        self.locals = {f"v_{name}": UNKNOWN for name in first.lets} | dict(values)
        self.emitter = Emitter(
            lambda _finding: None,
            dict(mark.names),
            first.tables,
            first.lets,
            traced=first.traced,
            optional=first.optional,
            constants=dict(first.constants),
            kind=mark.kind,
            conditional=1,
        )

    def value(self, node: nodes.Node) -> tuple[bool, Any]:
        """Whether the part can be evaluated, and to what."""
        self.emitter.now = None
        try:
            self.emitter.ready = set()
            with counting(None):
                code = self.emitter.visit(node)
            space = {**self.built.globals, **self.emitter.constants}
            text = code.text.translate({1: None, 3: None})
            text = "".join(part.split("\x02")[-1] for part in _unmarked(text))
            return True, eval(text, space, dict(self.locals))  # noqa: S307 — as in assemble
        except Exception:
            return False, None

    def culprit(self, node: nodes.Node) -> nodes.Node:
        """The smallest part that fails, or the whole when only its conversion did."""
        for child in _operands(node):
            if isinstance(child, nodes.Name):
                continue  # a name never fails: a named value that does has a line of its own
            known, _value = self.value(child)
            if not known:
                return self.culprit(child)
        return node

    def null(self) -> str:
        """The name of what is null."""
        node = self.culprit(self.root)
        if self.value(node)[0]:
            return written(node)
        if isinstance(node, nodes.Filter) and node.args and isinstance(node.args[0], nodes.Const):
            rows = self.value(node.node)[1] if node.node else None
            column = node.args[0].value
            if node.node and isinstance(rows, list) and isinstance(column, str):
                return f"{column} of one of {written(node.node)}"
        nulls = [written(c) for c in _operands(node) if self.value(c) == (True, None)]
        return " and ".join(nulls) or f"a part of {written(node)}"

    def missing(self, error: KeyError) -> tuple[str, str]:
        """The sentence for a key that a record does not have."""
        key = error.args[0]
        for node in [self.root, *self.root.find_all((nodes.Getattr, nodes.Getitem, nodes.Filter))]:
            base = getattr(node, "node", None)
            known, value = self.value(base) if isinstance(base, nodes.Node) else (False, None)
            rows = value if isinstance(value, list) else [value]
            for row in rows if known and isinstance(base, nodes.Node) else ():
                if isinstance(row, Mapping) and key not in row:
                    name = written(base) if isinstance(base, nodes.Node) else ""
                    return f"{name} has no {key!r}", nearest(str(key), [str(k) for k in row])
        return f"there is no {key!r}", ""


def _unmarked(text: str) -> list[str]:
    """The text cut at every mark's number."""
    parts, rest = [], text
    while "\x02" in rest:
        before, rest = rest.split("\x02", 1)
        parts.append(before.rstrip("0123456789"))
    return [*parts, rest]


def _operands(node: nodes.Node) -> list[nodes.Node]:
    """The parts that are evaluated on the way to a value, in order; branches are not."""
    if isinstance(node, nodes.CondExpr):
        return [node.test]
    if isinstance(node, nodes.And | nodes.Or):
        return [node.left]
    if isinstance(node, nodes.Compare):
        return [node.expr, *[op.expr for op in node.ops[:1]]]
    if isinstance(node, nodes.Call):
        return [*node.args, *[k.value for k in node.kwargs]]
    if isinstance(node, nodes.Filter) and node.name == "default" and node.node:
        return [node.node]
    return [n for n in node.iter_child_nodes() if isinstance(n, nodes.Expr)]
