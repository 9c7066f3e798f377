"""What the cases of a suite reach of its set, and on request what they assert on.

Runs the cases while the points of the set are counted; gives the points of the files that are
looked at with their hits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from ...language.counts import Counts, Key, counting
from ..cases.case import Verdict
from ..cases.suite import Suite
from .asserted import Reach
from .points import Point, points_of


@dataclass(frozen=True, slots=True)
class Coverage:
    """All points of the files that are looked at, how often each was reached that was, and which of
    these are ``asserted`` on: None where that was not asked.

    What settings alone decide counts once for each program that cases are run with.
    """

    all: Sequence[Point]
    hits: Mapping[Key, int]
    asserted: frozenset[Key] | None = None

    @property
    def points(self) -> list[Point]:
        """The points that cases are to reach: all but those of checks that always hold."""
        return [one for one in self.all if not one.by_construction]

    @property
    def holding(self) -> list[Point]:
        """The points of checks that hold by construction."""
        return [one for one in self.all if one.by_construction]

    @property
    def wrong(self) -> list[Point]:
        """Those of them that show that it does not: the reason why the check failed was told."""
        told = ".because"
        return [one for one in self.holding if one.label.endswith(told) and one.key in self.hits]

    @property
    def reached(self) -> list[Point]:
        """The points that some case reached."""
        return [one for one in self.points if one.key in self.hits]

    @property
    def noticed(self) -> list[Point]:
        """The points that some case asserts on."""
        return [one for one in self.points if one.key in (self.asserted or ())]

    @property
    def percent(self) -> Decimal:
        """How much was reached, of 100; how much is asserted on, where that was asked."""
        counted, points = self.reached if self.asserted is None else self.noticed, self.points
        return Decimal(100 * len(counted)) / len(points) if points else Decimal(100)

    def by_file(self) -> Iterator[tuple[str, Coverage]]:
        """The same of each file, by name."""
        files: dict[str, list[Point]] = {}
        for one in self.all:
            files.setdefault(one.file, []).append(one)
        for name in sorted(files):
            yield name, replace(self, all=files[name])


def covered(
    suite: Suite, folder: Path, *, narrowed: bool = False, mutating: bool = False
) -> tuple[list[Verdict], Coverage]:
    """The cases run, and what they reach of the files in ``folder``: the overlay's where there is
    one, else the set's. ``narrowed``: only of files of which they reach anything; ``mutating``:
    also what they assert on.
    """
    found = [one for one in points_of(suite.programs.mapping_set) if _lies_in(one.file, folder)]
    if mutating:
        reach = Reach(suite)
        reach.run()
        reached = Coverage(_narrowed(found, reach.hits) if narrowed else found, reach.hits)
        asserted = frozenset(one.key for one in reached.reached if reach.notices(one))
        return reach.verdicts, replace(reached, asserted=asserted)
    counts = Counts()
    with counting(counts):
        verdicts = list(suite.verdicts())
    hits = counts.all()
    return verdicts, Coverage(_narrowed(found, hits) if narrowed else found, hits)


def _narrowed(points: Sequence[Point], hits: Mapping[Key, int]) -> Sequence[Point]:
    """The points of files of which any was reached."""
    files = {one.file for one in points if one.key in hits}
    return [one for one in points if one.file in files]


def _lies_in(file: str, folder: Path) -> bool:
    return Path(os.path.abspath(file)).is_relative_to(os.path.abspath(folder))
