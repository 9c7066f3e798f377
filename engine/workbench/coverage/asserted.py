"""What cases assert on: a point is changed, and a case that reached it must fail.

A set is compiled once so that each of its points can be changed while it runs; what settings alone
decide is compiled anew for each change. Only the cases that reach a point are run again, the cheap
ones first, until one of them fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...errors import FileError
from ...language.counts import Key, counting
from ...language.mutations import GONE, Mutations
from ..cases.case import Case, Verdict
from ..cases.programs import Programs
from ..cases.suite import Suite
from .points import Point

# In how many ways a point of a kind is changed, one after the other; what is not here in one.
WAYS: Mapping[str, Sequence[str]] = {
    "row": (GONE, ""), "otherwise": (GONE, ""), "step": (GONE,),
}  # fmt: skip


@dataclass(slots=True)
class Reach:
    """Held open over the cases of a suite: which of them reach which points. ``settled`` are by
    point the cases for whose program settings alone decided it."""

    suite: Suite
    mutations: Mutations = field(default_factory=Mutations)
    hits: dict[Key, int] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    reaching: dict[Key, list[Case]] = field(default_factory=dict)
    settled: dict[Key, list[Case]] = field(default_factory=dict)

    def run(self) -> None:
        """Runs each case once, of the set as it is."""
        decided: dict[int, frozenset[Key]] = {}
        with counting(self.mutations):
            for case in sorted(self.suite.cases, key=_is_dear):
                self.mutations.settled.clear()
                program = self.suite.programs.of(case)
                verdict = self.suite.verdict(case)
                self.verdicts.append(verdict)
                known = decided.setdefault(id(program), frozenset(self.mutations.settled))
                found = self.mutations.taken()
                for key, hits in found.items():
                    self.hits[key] = self.hits.get(key, 0) + hits
                if verdict.holds:  # one that fails notices nothing
                    _note(case, found, self.reaching)
                    _note(case, known, self.settled)

    def notices(self, point: Point) -> bool:
        """Whether a case that holds fails when this point is changed."""
        reaching, settled = self.reaching.get(point.key, ()), self.settled.get(point.key, ())
        for way in _ways(point):
            with counting(self.mutations), self.mutations.changed(point.key, way):
                if self._fails(reaching):
                    return True
                if settled and self._notices_anew(settled):
                    return True
        return False

    def _fails(self, cases: Sequence[Case]) -> bool:
        """Whether one of the cases fails. One that can't be run to its end with what is changed
        shows the change as well: a value may have become one that no rule gives."""
        try:
            return any(not self.suite.verdict(one).holds for one in cases)
        except Exception:
            return True

    def _notices_anew(self, cases: Sequence[Case]) -> bool:
        """The same of what is decided when a set is compiled: also by that it can't be then."""
        before = self.suite.programs
        anew = Programs(before.mapping_set, before.merchant, opened=before.opened)
        suite = replace(self.suite, programs=anew)
        try:
            return any(not suite.verdict(one).holds for one in cases)
        except FileError:
            return True


def _is_dear(case: Case) -> bool:
    """Cases of flows take a hundred times as long as others."""
    return case.kind == "flow"


def _note(case: Case, keys: Iterable[Key], into: dict[Key, list[Case]]) -> None:
    for key in keys:
        into.setdefault(key, []).append(case)


def _ways(point: Point) -> Sequence[str]:
    """A requirement of a match is left out; other values are changed."""
    if ".require." in point.label and point.label.endswith(".that"):
        return (GONE,)
    return WAYS.get(point.what, ("",))
