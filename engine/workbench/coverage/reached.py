"""What the cases of a suite reach: each is run while the points of its set are counted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ...language.counts import Counts, Key, counting
from ..cases.case import Verdict
from ..cases.suite import Suite
from .points import Point, points_of


@dataclass(frozen=True, slots=True)
class Coverage:
    """The points of the files that are looked at, and how often each was reached that was.

    What settings alone decide counts once for each program that cases are run with.
    """

    points: Sequence[Point]
    hits: Mapping[Key, int]

    @property
    def reached(self) -> list[Point]:
        """The points that some case reached."""
        return [one for one in self.points if self.hits.get(one.key)]

    @property
    def percent(self) -> Decimal:
        """How much was reached, of 100."""
        return Decimal(100 * len(self.reached)) / len(self.points) if self.points else Decimal(100)

    def by_file(self) -> Iterator[tuple[str, Coverage]]:
        """The same of each file, by name."""
        for name in sorted({one.file for one in self.points}):
            yield name, Coverage([one for one in self.points if one.file == name], self.hits)


def covered(
    suite: Suite, folder: Path, *, narrowed: bool = False
) -> tuple[list[Verdict], Coverage]:
    """The cases run, and what they reach of the files in ``folder``: the overlay's where there is
    one, else the set's. ``narrowed``: only of files of which they reach anything."""
    counts = Counts()
    with counting(counts):
        verdicts = list(suite.verdicts())
    hits = counts.all()
    points = [one for one in points_of(suite.programs.mapping_set) if _lies_in(one.file, folder)]
    if narrowed:
        files = {one.file for one in points if one.key in hits}
        points = [one for one in points if one.file in files]
    return verdicts, Coverage(points, hits)


def _lies_in(file: str, folder: Path) -> bool:
    return Path(os.path.abspath(file)).is_relative_to(os.path.abspath(folder))
