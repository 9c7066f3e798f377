"""What the default set's own cases reach of it, and what they assert on: never less than before.

Every point that cases can reach counts, rows of tables too; those of checks that hold by
construction stand apart. To change all of them takes minutes (``qliro-fortnox test --set
qliro-fortnox --mutation``; benchmarks/README.md says what came of it): here each fourth is changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.doctor.lint import whole_set
from engine.home import HOME
from engine.show.coverage import told
from engine.workbench.cases.suite import suite
from engine.workbench.coverage.asserted import Reach
from engine.workbench.coverage.coverage import Coverage
from engine.workbench.coverage.points import Point, points_of

SET = HOME / "mappings" / "qliro-fortnox"
# Of 100 points.
REACHED, ASSERTED = 100, 95
EVERY = 4


@pytest.fixture(scope="module")
def reach() -> Reach:
    """All cases, run with counters on every point."""
    found = Reach(suite(whole_set(SET, None), SET, None))
    found.run()
    assert [one.case.name for one in found.verdicts if not one.holds] == []
    return found


@pytest.fixture(scope="module")
def coverage(reach: Reach) -> Coverage:
    """What they reach."""
    return Coverage(list(points_of(reach.suite.programs.mapping_set)), reach.hits)


def shown(points: Sequence[Point]) -> str:
    return "\n".join(f"{one.file}:{one.line}: {told(one)}" for one in points)


def test_cases_reach_the_rules(coverage: Coverage) -> None:
    missing = [one for one in coverage.points if one not in coverage.reached]
    assert coverage.percent >= REACHED, shown(missing)


def test_cases_assert_on_what_they_reach(coverage: Coverage, reach: Reach) -> None:
    changed = coverage.reached[::EVERY]
    unnoticed = [one for one in changed if not reach.notices(one)]
    assert 100 * len(unnoticed) <= (100 - ASSERTED) * len(changed), shown(unnoticed)


def test_no_check_fails_that_holds_by_construction(coverage: Coverage) -> None:
    assert shown(coverage.wrong) == ""
