"""One payout report, in a process of its own: what it cost, as JSON on stdout."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.figure import high_water
from engine.clock import SystemClock
from engine.merchant.load import load_merchant
from engine.report.payouts.gather import gather
from engine.show.report import write
from engine.store.database import reading


def main() -> None:
    """``{folder, out}`` on stdin: seconds by the clock and of CPU, MiB at most, bytes, lines."""
    work = json.load(sys.stdin)
    folder, target = Path(work["folder"]), Path(work["out"])
    merchant = load_merchant(folder / "bench.yaml", {}, needs_secrets=False)
    began = time.perf_counter()
    with reading(folder, "bench") as store:
        made = gather(store, "bench", merchant.settings, SystemClock().now())
        files = write.write(store, made, "sv", write.form_of(target), target)
    told = {
        "wall": time.perf_counter() - began, "cpu": time.process_time(), "mib": high_water(),
        "bytes": sum(one.stat().st_size for one in files), "lines": made.rows,
    }  # fmt: skip
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
