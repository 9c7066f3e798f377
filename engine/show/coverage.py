"""Shows what cases reach of a mapping set: a page for each file with hits beside its lines.

Reads a coverage and the files that it is of; gives a page and the same as data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..workbench.coverage.coverage import Coverage
from ..workbench.coverage.points import Point
from .page import Cell, Column, Page, Table, Text
from .tested import from_here

LINES = (Column("hits", right=True), Column("line", right=True), Column(""))
FILES = (Column("file"), Column("points", right=True), Column("reached", right=True),
         Column("%", right=True))  # fmt: skip
HOLDING = Column("by construction", right=True)
ASSERTED = (Column("asserted on", right=True), Column("%", right=True))
# How many signs of what was never reached are told.
LONGEST = 100


def page(coverage: Coverage, *, whole: bool) -> Page:
    """A page for each file of which something was not reached, with ``whole`` for each; then all
    files with their figures."""
    parts: Page = []
    rows: list[list[Cell]] = []
    for name, of in coverage.by_file():
        rows.append([name, *figures(of, coverage)])
        if whole or of.percent < 100 or of.wrong:
            parts += [Text(name), Table(LINES, list(_lines(name, of)), indent=2, titles=False)]
            parts.append(Text(""))
    rows.append(["all", *figures(coverage, coverage)])
    return [*parts, Table(columns(coverage), rows), Text("")]


def columns(coverage: Coverage) -> Sequence[Column]:
    """What is told of all files."""
    asserted = () if coverage.asserted is None else ASSERTED
    return (*FILES, *asserted, *([HOLDING] if coverage.holding else []))


def figures(coverage: Coverage, whole: Coverage) -> list[Cell]:
    """The figures of a file, in the columns that there are of the whole."""
    cells: list[Cell] = [str(len(coverage.points)), *_share(coverage.reached, coverage)]
    if coverage.asserted is not None:
        cells += _share(coverage.noticed, coverage)
    if whole.holding:
        cells.append(str(len(coverage.holding) or ""))
    return cells


def _share(some: Sequence[Point], coverage: Coverage) -> list[Cell]:
    share = percent(len(some), len(coverage.points))
    return [str(len(some)), (share, "red") if len(some) < len(coverage.points) else share]


def percent(part: int, whole: int) -> str:
    """A share with one decimal, never rounded up: 100.0 is all."""
    return f"{1000 * part // whole / 10:.1f}" if whole else "100.0"


def _lines(name: str, coverage: Coverage) -> Iterator[list[Cell]]:
    """Each line of a file with the hits of what stands there, and below it what none reached."""
    points = by_line(coverage.all)
    for number, text in enumerate(Path(name).read_text("utf-8").splitlines(), 1):
        here = points.get(number, [])
        hits = str(line_hits(here, coverage.hits)) if here else ""
        style = "red" if hits == "0" and not any(one.by_construction for one in here) else ""
        yield [(hits, style), (str(number), "dim"), (text, style)]
        for said, drawn in dict.fromkeys(notes(here, coverage)) if not style else ():
            yield ["", "", (f"{_indent(text)}^ {said}", drawn)]


def notes(points: Sequence[Point], coverage: Coverage) -> Iterator[tuple[str, str]]:
    """What is to be said of the points of a line, and how a terminal draws it."""
    for one in points:
        if one in coverage.wrong:
            yield f"it failed, so it does not hold by construction ({one.by_construction})", "red"
        elif one.by_construction:
            yield f"holds by construction: {one.by_construction}", "dim"
        elif one.key not in coverage.hits:
            yield f"never {told(one)}", "red"
        elif coverage.asserted is not None and one.key not in coverage.asserted:
            yield f"not asserted on: {told(one)}", "yellow"


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
                    for line, here in sorted(by_line(of.all).items())
                ],
            }
            for name, of in coverage.by_file()
        ],
    }


def _counted(coverage: Coverage) -> dict[str, Any]:
    reached, points = len(coverage.reached), len(coverage.points)
    found: dict[str, Any] = {
        "points": points, "reached": reached, "percent": Decimal(percent(reached, points))
    }  # fmt: skip
    if coverage.asserted is not None:
        noticed = len(coverage.noticed)
        found |= {"asserted": noticed, "percent_asserted": Decimal(percent(noticed, points))}
    return {**found, "by_construction": len(coverage.holding)}


def _point(point: Point, coverage: Coverage) -> dict[str, Any]:
    found: dict[str, Any] = {
        "what": point.what,
        "of": point.of,
        "value": point.label,
        "words": point.words,
        "column": point.column,
        "hits": coverage.hits.get(point.key, 0),
    }
    if point.by_construction:
        found["by_construction"] = point.by_construction
    elif coverage.asserted is not None:
        found["asserted"] = point.key in coverage.asserted
    return found
