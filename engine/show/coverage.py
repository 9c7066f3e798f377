"""Shows what cases reach of a mapping set: a page for each file with hits beside its lines.

Reads a coverage and the files that it is of; gives a page and the same as data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..workbench.coverage.points import Point
from ..workbench.coverage.reached import Coverage
from .page import Cell, Column, Page, Table, Text
from .tested import from_here

LINES = (Column("hits", right=True), Column("line", right=True), Column(""))
FILES = (Column("file"), Column("points", right=True), Column("reached", right=True),
         Column("%", right=True))  # fmt: skip
# How many signs of what was never reached are told.
LONGEST = 100


def page(coverage: Coverage, *, whole: bool) -> Page:
    """A page for each file of which something was not reached, with ``whole`` for each; then all
    files with their figures."""
    parts: Page = []
    rows: list[list[Cell]] = []
    for name, of in coverage.by_file():
        missing = len(of.points) - len(of.reached)
        rows.append([name, *_figures(of)])
        if missing or whole:
            parts += [Text(name), Table(LINES, list(_lines(name, of)), indent=2, titles=False)]
            parts.append(Text(""))
    rows.append(["all", *_figures(coverage)])
    return [*parts, Table(FILES, rows), Text("")]


def _figures(coverage: Coverage) -> list[Cell]:
    reached = len(coverage.reached)
    share = percent(reached, len(coverage.points))
    return [
        str(len(coverage.points)), str(reached),
        (share, "red") if reached < len(coverage.points) else share,
    ]  # fmt: skip


def percent(part: int, whole: int) -> str:
    """A share with one decimal, never rounded up: 100.0 is all."""
    return f"{1000 * part // whole / 10:.1f}" if whole else "100.0"


def _lines(name: str, coverage: Coverage) -> Iterator[list[Cell]]:
    """Each line of a file with the hits of what stands there, and below it what none reached."""
    points = by_line(coverage.points)
    for number, text in enumerate(Path(name).read_text("utf-8").splitlines(), 1):
        here = points.get(number, [])
        never = [one for one in here if not coverage.hits.get(one.key)]
        style = "red" if here and len(never) == len(here) else ""
        hits = str(line_hits(here, coverage.hits)) if here else ""
        yield [(hits, style), (str(number), "dim"), (text, style)]
        for one in never if len(never) < len(here) else ():
            yield [("", ""), ("", ""), (f"{_indent(text)}^ never {told(one)}", "red")]


def by_line(points: Sequence[Point]) -> dict[int, list[Point]]:
    """The points of a file by line."""
    found: dict[int, list[Point]] = {}
    for one in points:
        found.setdefault(one.line, []).append(one)
    return found


def line_hits(points: Sequence[Point], hits: Mapping[Any, int]) -> int:
    """How often a line was reached: as often as what was reached most of it."""
    return max(hits.get(one.key, 0) for one in points)


def told(point: Point) -> str:
    """A point in words, on one line: what it is and what stands there."""
    words = point.words if len(point.words) <= LONGEST else f"{point.words[:LONGEST]}…"
    return f"{point.what} of {point.label}: {words}"


def _indent(text: str) -> str:
    return " " * (len(text) - len(text.lstrip()))


def data(coverage: Coverage) -> dict[str, Any]:
    """The same for programs: every file, every line that has points, every point of it."""
    return {
        **_counted(coverage),
        "files": [
            {
                "file": from_here(name),
                **_counted(of),
                "lines": [
                    {
                        "line": line,
                        "hits": line_hits(here, of.hits),
                        "points": [_point(one, of) for one in here],
                    }
                    for line, here in sorted(by_line(of.points).items())
                ],
            }
            for name, of in coverage.by_file()
        ],
    }


def _counted(coverage: Coverage) -> dict[str, Any]:
    reached = len(coverage.reached)
    return {
        "points": len(coverage.points),
        "reached": reached,
        "percent": float(percent(reached, len(coverage.points))),
    }


def _point(point: Point, coverage: Coverage) -> dict[str, Any]:
    return {
        "what": point.what,
        "of": point.of,
        "value": point.label,
        "words": point.words,
        "column": point.column,
        "hits": coverage.hits.get(point.key, 0),
    }
