"""What the first run of a large payout costs: memory as its lines grow, processor time a line.

The sandbox serves from a process of its own, without the limit of Fortnox's pace: the processor is
what is measured. The run is a process of its own too (``payout_runs.py``).
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from dataclasses import astuple
from functools import partial
from typing import Any

from benchmarks.delivery import Pace, ask, clean_payout, sandbox
from benchmarks.figure import Figure

LARGE = 100_000
SIZES = (5_000, 20_000)
WHOLE = (20_000, LARGE)
MIB = 512
MILLISECONDS = 2.2
PARTS = ("start", "sync", "plan", "deliver")
# No limit that anybody meets; the default of four requests at a time.
UNPACED = Pace(window=0.001, ours=0.001, latency=0.0, parallel=4)


def first_run(lines: int) -> dict[str, float]:
    """What the first run over a clean payout of so many lines cost. Raises RuntimeError unless each
    has one payment, booked."""
    with (
        tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as folder,
        sandbox(partial(clean_payout, lines), UNPACED) as url,
    ):
        work = {"url": url, "folder": folder, "pace": astuple(UNPACED)}
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.payout_runs"],
            input=json.dumps(work), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ended.returncode:
            raise RuntimeError(ended.stderr)
        told: dict[str, float] = json.loads(ended.stdout)
        effects: dict[str, Any] = ask(url, "effects")
    booked = effects["payments_created"], effects["payments_booked"]
    twice = sum(one["created"] > 1 for one in effects["payments"].values())
    if booked != (lines, lines) or twice:
        raise RuntimeError(f"{lines} lines, {booked} payments, {twice} of them twice")
    return told


def run(sizes: tuple[int, int] = SIZES) -> list[Figure]:
    """The figures of large payouts, by a line through two sizes."""
    few, many = sizes
    small, large = first_run(few), first_run(many)
    a_line = (large["mib"] - small["mib"]) / (many - few)
    at_most = large["mib"] + a_line * (LARGE - many)

    def cost_of(name: str, before: str) -> float:
        took = (large[name] - large[before]) - (small[name] - small[before])
        return took / (many - few) * 1000

    parts = ", ".join(
        f"{name} {cost_of(name, before):.2f}" for before, name in itertools.pairwise(PARTS)
    )
    cost = (large["end"] - small["end"]) / (many - few) * 1000
    return [
        Figure(
            f"peak memory of the first run of a payout of {LARGE:,} lines, by a line through "
            f"{few:,} and {many:,}",
            f"{at_most:.0f} MiB ({small['mib']:.0f} and {large['mib']:.0f})", f"{MIB} MiB",
            at_most / MIB, f"at most {MIB} MiB", at_most <= MIB,
        ),
        Figure(
            "CPU of a delivered line, from its sync to its booked payment",
            f"{cost:.2f} ms ({parts})", f"{MILLISECONDS} ms", cost / MILLISECONDS,
            f"at most {MILLISECONDS} ms", cost <= MILLISECONDS,
        ),
    ]  # fmt: skip
