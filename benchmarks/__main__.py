"""``python -m benchmarks [NAME…]``: measures, and prints each figure beside its yardstick.

Names are mapping, staging, matching, delivery, orders, lives, receiver, idle, lint, cases, watch,
coverage, diff, payouts, state, quiet, fleet and report; all without one. ``growth`` is quiet,
payouts and state. Ends with 0 whatever the figures are, with ``--strict`` with 1 when one falls
short; ``--json`` prints them for a program.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure

NAMES = (
    "mapping", "staging", "matching", "delivery", "orders", "lives", "receiver", "idle", "lint",
    "cases", "watch", "coverage", "diff", "payouts", "state", "quiet",
    "fleet", "report",
)  # fmt: skip
# Several at once, by what they are about.
TOGETHER = {"growth": ("quiet", "payouts", "state")}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "busy": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }


def show(figures: Sequence[Figure], about: dict[str, Any]) -> None:
    """The table of figures, and the machine below it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("figure", "measured", "yardstick"):
        table.add_column(name, overflow="fold")
    table.add_column("ratio", justify="right")
    table.add_column("wanted", overflow="fold")
    table.add_column("")
    for one in figures:
        verdict = "ok" if one.holds else "short"
        ratio = f"{one.ratio:.2f}"
        table.add_row(one.name, one.value, one.yardstick, ratio, one.wanted, verdict)
    console = Console()
    console.print(table)
    console.print(
        f"\n{about['cores']} cores, {about['memory_gib']} GiB, {about['system']}, "
        f"Python {about['python']}, DuckDB {about['duckdb']}; load {about['busy']} at the start",
        highlight=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*NAMES, *TOGETHER]))
    parser.add_argument("--strict", action="store_true", help="exit 1 when a figure falls short")
    parser.add_argument(
        "--whole",
        action="store_true",
        help="diff over 1,000,000 orders, payouts of 100,000 lines, quiet runs after 1,000,000, "
        "all 500 merchants",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    if unknown := sorted({*asked.names} - {*NAMES, *TOGETHER}):
        parser.error(f"{', '.join(unknown)}: known are {', '.join([*NAMES, *TOGETHER])}")
    about = machine()
    figures: list[Figure] = []
    wanted = [one for name in asked.names or NAMES for one in TOGETHER.get(name, (name,))]
    for name in dict.fromkeys(wanted):
        began = time.perf_counter()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        module = import_module(f"benchmarks.{name}")
        whole = asked.whole and hasattr(module, "WHOLE")
        figures += module.run(module.WHOLE) if whole else module.run()
        print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    if asked.json:
        shown = {"machine": about, "figures": [asdict(one) for one in figures]}
        print(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        show(figures, about)
    return int(asked.strict and not all(one.holds for one in figures))


if __name__ == "__main__":
    sys.exit(main())
