"""What the state of a merchant takes for each posted line, in bytes on disk, copies included.

A clean payout is posted through the sandbox, by this program and by a build that kept answers
and traces as they came; the state is the database, its log and the copy for readers.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.delivery import Pace, clean_payout
from benchmarks.figure import Figure
from benchmarks.idle import BEFORE, build, runs
from engine.home import HOME

# What does not grow with the lines is in the figure: fewer lines would show more a line.
LINES = 8_000
LINES_BEFORE = 1_000
MOST = 2_500  # bytes
# No limit that anybody meets.
UNPACED = Pace(window=0.001, ours=0.001, latency=0.0, parallel=4)


def a_line(home: Path, lines: int) -> float:
    """Bytes a posted line after the first run of a build over a payout of so many."""
    (run,) = runs(home, partial(clean_payout, lines), "demo", [{"advance": 0}], UNPACED)
    if (posted := sum(one == "POST /3/invoicepayments" for one in run["asked"])) != lines:
        raise RuntimeError(f"{posted} of {lines} lines were posted by {home}")
    return float(run["bytes"]) / lines


def run() -> list[Figure]:
    """The figure."""
    ours = a_line(HOME, LINES)
    with build(BEFORE) as before:
        then = a_line(before, LINES_BEFORE) if before else 0.0
    return [
        Figure(
            f"state a posted line, copies included, after a payout of {LINES:,}",
            f"{ours / 1000:.2f} kB",
            f"{then / 1000:.1f} kB by {BEFORE}" if then else f"{BEFORE} is not at hand: no history",
            ours / then if then else 0.0, f"at most {MOST / 1000} kB", ours <= MOST,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
