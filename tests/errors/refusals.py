"""Every refusal that the sandbox's sources write, read from those sources: its code and its words.

A call of one of ``_BEFORE`` is a refusal; what its words leave open becomes ``.*`` in a pattern.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from engine import sandbox

FOLDER = Path(sandbox.__file__).parent
# What makes a refusal, and how many arguments come before its code.
_BEFORE = {
    "RefusedError": 0,
    "DeniedError": 0,
    "_PeriodError": 0,
    "refused": 1,
    "_oauth_error": 1,
    "found_in": 2,
}
_OPEN = "(?s:.*)"
_MADE_UP = 2_999_000  # where the codes begin that no source tells


@dataclass(frozen=True, slots=True)
class Refusal:
    """One place of the sources; ``code`` None where a caller brings it."""

    place: str
    code: str | None
    pattern: str

    def is_played_by(self, code: str, message: str) -> bool:
        """Whether an error with this code and these words may have come from here."""
        return self.code in (None, code) and bool(re.fullmatch(self.pattern, message))


def written() -> list[Refusal]:
    """All of them, in the order of the files."""
    found: list[Refusal] = []
    for path in sorted(FOLDER.rglob("*.py")):
        inside = path.relative_to(FOLDER).with_suffix("")
        module = importlib.import_module(".".join(("engine.sandbox", *inside.parts)))
        tree = ast.parse(path.read_text("utf-8"))
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            first = _BEFORE.get(call.func.id)
            if first is None:
                continue
            body = [f for f in functions if f.lineno <= call.lineno <= (f.end_lineno or 0)]
            code, words = _read(call.args[first], module), _pattern(call, first + 1, module, body)
            if code is not None or words != _OPEN:
                found.append(Refusal(f"{inside.as_posix()}.py:{call.lineno}", code, words))
    return found


def numbers() -> set[str]:
    """Every code of Fortnox that stands anywhere in the double of its API, or is made up there."""
    found: set[object] = set()
    for path in (FOLDER / "fortnox").glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    found = {n for n in found if isinstance(n, int) and 1_000_000 <= n < _MADE_UP}
    made_up = vars(importlib.import_module("engine.sandbox.fortnox.fields")).values()
    return {str(n) for n in [*found, *made_up] if isinstance(n, int) and n >= 1_000_000}


def _read(node: ast.expr, module: ModuleType) -> str | None:
    """A code that is written out or is a constant of its module."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    value = getattr(module, node.id, None) if isinstance(node, ast.Name) else None
    return str(value) if isinstance(value, int | str) else None


def _pattern(call: ast.Call, at: int, module: ModuleType, body: list[ast.FunctionDef]) -> str:
    return "".join(_words(call.args[at], call.lineno, module, body)) if len(call.args) > at else ""


def _words(
    node: ast.expr, before: int, module: ModuleType, body: list[ast.FunctionDef]
) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield re.escape(text)
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield from _words(part, before, module, body)
        case ast.FormattedValue():
            yield _OPEN
        case ast.Name(id=name) if isinstance(getattr(module, name, None), str):
            yield re.escape(getattr(module, name))
        case ast.Name(id=name):
            given = [
                made
                for function in body
                for made in ast.walk(function)
                if isinstance(made, ast.Assign) and made.lineno < before
                if any(isinstance(to, ast.Name) and to.id == name for to in made.targets)
            ]
            last = max(given, key=lambda made: made.lineno, default=None)
            yield from _words(last.value, before, module, body) if last else (_OPEN,)
        case _:
            yield _OPEN
