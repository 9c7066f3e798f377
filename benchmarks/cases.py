"""Cases a second: the default set's own, read and compiled before, each run once on its own, beside
the number that is wanted: with what the databases of cases of flows answered the last time, and the
first time, when nothing is kept of them.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from engine.doctor.lint import whole_set
from engine.home import HOME
from engine.workbench.cases.answered import Answered
from engine.workbench.cases.suite import suite

LEAST = 500  # cases a second on one core


def rate(file: Path) -> float:
    """Cases a second of CPU, all run once; what is kept in the file is read first."""
    folder: Path = HOME / "mappings" / "qliro-fortnox"
    cases = suite(whole_set(folder, None), folder, None)
    for one in cases.cases:
        cases.programs.of(one)
    begun = time.process_time()
    answered = cases.programs.answered = Answered(file)
    held = all(one.holds for one in cases.verdicts())
    spent = time.process_time() - begun
    answered.save(whole=True)
    if not held:
        raise RuntimeError("a case of the default set does not hold")
    return len(cases.cases) / spent


def run() -> list[Figure]:
    """The figure of cases."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "of.cases"
        first, again = rate(file), rate(file)
    return [
        Figure(
            "cases of the default set, a second of CPU", f"{again:,.0f}",
            f"{LEAST} wanted; the first time {first:,.0f}", again / LEAST, f"at least {LEAST}",
            again >= LEAST,
        )
    ]  # fmt: skip
