"""One first run over a payout, in a process of its own: what it cost, as JSON on stdout.

Reads its order as JSON on stdin (``main``). Processor time is of this whole process, its threads
and its start included; memory is the most that it ever held.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.delivery import Pace, merchant_at
from benchmarks.figure import high_water
from engine.clock import SystemClock
from engine.session import carry_out, open_session, plan, sync
from engine.store.database import writing


def main() -> None:
    """``{url, folder, pace: [window, ours, latency, parallel]}``: processor seconds in all and by
    part, MiB at most in all and after each part."""
    work = json.load(sys.stdin)
    folder = Path(work["folder"])
    merchant = merchant_at(folder, work["url"], Pace(*work["pace"]))
    told: dict[str, float] = {"start": time.process_time()}
    with (
        writing(folder, "bench") as store,
        open_session(merchant, store, SystemClock()) as session,
    ):
        findings = sync(session)
        told["sync"], told["sync_mib"] = time.process_time(), high_water()
        wanted = [plan(session, findings)]
        told["plan"], told["plan_mib"] = time.process_time(), high_water()
        report = carry_out(session, wanted.pop(), findings)  # held by nobody else, as in a run
        told["deliver"], told["deliver_mib"] = time.process_time(), high_water()
        told["calls"] = report.calls["fortnox"]["sent"]
        told["slowed"] = report.calls["fortnox"]["rate_limited"]
    told["end"], told["mib"] = time.process_time(), high_water()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
