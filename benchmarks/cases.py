"""Cases a second: the default set's own, read and compiled before, each run on its own, beside the
number that is wanted.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.figure import Figure
from engine.doctor.lint import whole_set
from engine.home import HOME
from engine.workbench.cases.suite import suite

LEAST = 500  # cases a second on one core
SECONDS = 3.0


def run() -> list[Figure]:
    """The figure of cases."""
    folder: Path = HOME / "mappings" / "qliro-fortnox"
    cases = suite(whole_set(folder, None), folder, None)
    verdicts = list(cases.verdicts())  # compiles what they need
    held = all(one.holds for one in verdicts)
    begun, ran = time.process_time(), 0
    while (spent := time.process_time() - begun) < SECONDS:
        for one in cases.cases:
            held = cases.verdict(one).holds and held
        ran += len(cases.cases)
    rate = ran / spent
    return [
        Figure(
            "cases of the default set, a second of CPU", f"{rate:,.0f}", f"{LEAST} wanted",
            rate / LEAST, f"at least {LEAST}", rate >= LEAST and held,
        )
    ]  # fmt: skip
