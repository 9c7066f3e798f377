"""What the default set's own cases reach of it, and what they assert on: never less than before.

Every point that cases can reach counts, rows of tables too; those of checks that hold by
construction stand apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.doctor.lint import whole_set
from engine.home import HOME
from engine.show.coverage import told
from engine.workbench.cases.suite import suite
from engine.workbench.coverage.coverage import Coverage, covered
from engine.workbench.coverage.points import Point

SET = HOME / "mappings" / "qliro-fortnox"
# Of 100 points.
REACHED, ASSERTED = 100, 90


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    """Of all cases, each point that they reach changed."""
    verdicts, found = covered(suite(whole_set(SET, None), SET, None), SET, mutating=True)
    assert [one.case.name for one in verdicts if not one.holds] == []
    return found


def shown(points: Sequence[Point]) -> str:
    return "\n".join(f"{one.file}:{one.line}: {told(one)}" for one in points)


def test_cases_reach_the_rules(coverage: Coverage) -> None:
    missing = [one for one in coverage.points if one not in coverage.reached]
    share = 100 * len(coverage.reached) / len(coverage.points)
    assert share >= REACHED, shown(missing)


def test_cases_assert_on_what_they_reach(coverage: Coverage) -> None:
    unnoticed = [one for one in coverage.reached if one not in coverage.noticed]
    assert coverage.percent >= ASSERTED, shown(unnoticed)


def test_no_check_fails_that_holds_by_construction(coverage: Coverage) -> None:
    assert shown(coverage.wrong) == ""
