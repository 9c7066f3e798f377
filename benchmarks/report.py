"""What the payout report of 100,000 lines costs, as linked HTML pages and as Excel.

A payout of 1,000 clean lines is posted through the sandbox and put behind the merchant a hundred
times (``history.py``). Each report is written by a process of its own, which tells what it took.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.delivery import Pace, clean_payout, sandbox
from benchmarks.figure import Figure
from benchmarks.history import grow

LINES, COPIES = 1_000, 99
SECONDS, MIB = 20, 400
UNPACED = Pace(window=0.001, ours=0.001, latency=0.0, parallel=4)
FORMS = {"linked HTML pages": "report", "Excel": "report.xlsx"}


def run(lines: int = LINES, copies: int = COPIES) -> list[Figure]:
    """The figures of both forms. Raises RuntimeError where a report can't be written."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as name:
        folder = Path(name)
        with sandbox(partial(clean_payout, lines), UNPACED) as url:
            told({"url": url, "folder": name, "pace": astuple(UNPACED)}, "benchmarks.payout_runs")
            grow(folder / "bench.duckdb", copies)
        many = lines * (copies + 1)
        for form, target in FORMS.items():
            one = told({"folder": name, "out": str(folder / target)}, "benchmarks.report_runs")
            if one["lines"] != many:
                raise RuntimeError(f"{one['lines']} lines in the report, not {many}")
            figures.append(Figure(
                f"the payout report of {many:,} lines as {form}",
                f"{one['wall']:.1f} s ({one['cpu']:.1f} s of CPU), {one['mib']:.0f} MiB, "
                f"{one['bytes'] / 1e6:.0f} MB",
                f"{SECONDS} s, {MIB} MiB", max(one["wall"] / SECONDS, one["mib"] / MIB),
                f"at most {SECONDS} s and {MIB} MiB",
                one["wall"] <= SECONDS and one["mib"] <= MIB,
            ))  # fmt: skip
    return figures


def told(work: dict[str, Any], module: str) -> dict[str, float]:
    """What a module's process tells of its work."""
    ended = subprocess.run(  # noqa: S603  ourselves
        [sys.executable, "-m", module], input=json.dumps(work), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    found: dict[str, float] = json.loads(ended.stdout)
    return found
