"""Shows what came of cases: of those that fail, expected and actual side by side, and the rule.

Reads verdicts, gives a page and the same as data.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..errors import Place
from ..workbench.cases.case import Difference, Verdict
from ..workbench.cases.compare import ABSENT, written
from ..workbench.cases.snapshots import Change
from .page import Column, Page, Table, Text, count

COLUMNS = (Column("value"), Column("expected"), Column("came out"), Column("made by"))


def page(verdicts: Sequence[Verdict], changes: Sequence[Change], *, updated: bool) -> Page:
    """The cases that fail, the snapshots that changed, and how many there are of each."""
    parts: Page = []
    failed = [one for one in verdicts if not one.holds]
    for one in failed:
        parts.append(Text(f"{_place(one.case.place)}: {one.case.name}", style="red"))
        rows = [(d.path, *beside(d), rule(d)) for d in one.differences]
        parts += [Table(COLUMNS, rows, indent=2), Text("")]
    for change in changes:
        parts.append(Text(f"{from_here(change.file)}: {change.kind}: {change.case}"))
    if changes:
        parts.append(Text(""))
    held = count(len(verdicts) - len(failed), "case holds", "cases hold")
    parts.append(Text(f"{held}, {len(failed)} {'does' if len(failed) == 1 else 'do'} not."
                      if failed else f"{held}."))  # fmt: skip
    kept = [d for one in failed for d in one.differences if "snapshot" in one.case.expect]
    if kept and not updated:
        parts.append(Text("If what came out is right, write the snapshots: "
                          "qliro-fortnox test --update"))  # fmt: skip
    return parts


def data(verdicts: Sequence[Verdict], changes: Sequence[Change]) -> dict[str, Any]:
    """The same for programs: every case, and what came of it."""
    return {
        "ok": all(one.holds for one in verdicts),
        "cases": [_case(one) for one in verdicts],
        "snapshots": [
            {"file": from_here(one.file), "case": one.case, "change": one.kind} for one in changes
        ],
    }


def _case(one: Verdict) -> dict[str, Any]:
    case = one.case
    return {
        "case": case.name,
        "of": {case.kind: case.of},
        "file": from_here(case.file),
        "line": case.place.line,
        "holds": one.holds,
        "made": written(one.made),
        "differences": [
            {"value": d.path, "expected": _plain(d.expected), "actual": _plain(d.actual),
             "rule": str(d.rule) if d.rule else None, "expression": d.expression or None}
            for d in one.differences
        ],
    }  # fmt: skip


def value(one: Any) -> str:
    """A value as YAML has it, on one line."""
    if one is ABSENT:
        return "not there"
    if one is None:
        return "null"
    if isinstance(one, bool):
        return str(one).lower()
    if isinstance(one, Decimal):
        return format(one, "f")
    if isinstance(one, dict):
        return f"{{{', '.join(f'{name}: {value(v)}' for name, v in one.items())}}}"
    if isinstance(one, list | tuple):
        return f"[{', '.join(map(value, one))}]"
    return str(one)


def beside(one: Difference) -> tuple[str, str]:
    """What was expected and what came out; a text in quotes where the two read alike without."""
    both = one.expected, one.actual
    shown = [value(v) for v in both]
    if shown[0] == shown[1]:
        shown = [repr(v) if isinstance(v, str) else value(v) for v in both]
    return shown[0], shown[1]


def rule(one: Difference) -> str:
    """Where the rule stands that made a value, and its expression."""
    if one.rule is None:
        return ""
    return " ".join(part for part in (one.rule.near(), one.expression) if part)


def _plain(one: Any) -> Any:
    return None if one is ABSENT else written(one)


def _place(place: Place) -> str:
    return f"{from_here(place.path)}:{place.line}"


def from_here(path: str | Path) -> str:
    """A path from the working directory; as it is where it lies outside."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near
