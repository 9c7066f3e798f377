"""What a run costs that finds nothing new: requests, and wall time beside the build of f7b183f.

The sandbox answers after 20 ms, and allows what Fortnox does. Runs a quarter of an hour apart: of a
merchant with payouts alone and no batch in the overlap, and of one with all flows and 100 young
orders. The other build is taken out of the project's history; where there is none, it is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.delivery import ALLOWED, SECRETS, Pace, clean_payout, sandbox
from benchmarks.figure import Figure
from engine.home import HOME
from engine.sandbox.lives import by_name as lives
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.orders import SHIPPING
from engine.sandbox.world.world import Article, World

BEFORE = "f7b183f"
PACE = Pace(window=5.0, ours=5.0, latency=0.02, parallel=4)
# To have a hundred orders made in seconds; of that merchant only the requests are counted.
QUICK = Pace(window=0.05, ours=0.06, latency=0.02, parallel=4)
QUARTER = 900.0
DAY = 86_400.0
LINES, ORDERS = 20, 100
YOUNG_DAYS = 60  # the orders are of so many days before
IDLE, ROUNDS = 4, 2
PLUS = {"QLIRO_PLUS_API_KEY": "SANDBOX-PLUS", "QLIRO_PLUS_API_SECRET": "sandbox-plus-secret"}

Run = dict[str, Any]  # seconds, asked: what was asked for, bytes: what the state takes then


def lived(orders: int, now: datetime) -> World:
    """Orders of the last two months, secured and captured, all paid out."""
    world = lives.shop(now)
    for reference in ("MUGG-1", SHIPPING):
        world.articles[reference] = Article(reference, reference, now)
    made = []
    for number in range(orders):
        day = world.today() - timedelta(days=2 + number * YOUNG_DAYS // orders)
        items = [lifecycle.lot("MUGG-1", "199.00"),
                 lifecycle.lot(SHIPPING, "49.00", type="Shipping")]  # fmt: skip
        order = lifecycle.secure(world, items, day=day)
        lifecycle.capture(world, order, day=day + timedelta(days=1))
        made.append(order)
    lifecycle.pay_out(world, made)
    return world


@contextmanager
def build(commit: str) -> Iterator[Path | None]:
    """The code of an earlier build in a folder of its own; None where it can't be had."""
    with tempfile.TemporaryDirectory(prefix="qliro-fortnox-build-") as name:
        try:
            archive = subprocess.run(  # noqa: S603
                ["git", "-C", str(HOME), "archive", commit],  # noqa: S607
                capture_output=True, check=True,
            ).stdout  # fmt: skip
            subprocess.run(["tar", "-x", "-C", name], input=archive, check=True)  # noqa: S603, S607
        except (OSError, subprocess.CalledProcessError):
            yield None
        else:
            yield Path(name)


def runs(
    home: Path,
    make: Callable[[datetime], World],
    merchant: str,
    steps: Sequence[dict[str, Any]],
    pace: Pace | None = None,
) -> list[Run]:
    """The runs of a build, in a process of its own, over a sandbox that begins at noon."""
    pace = pace or PACE
    with (
        tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as folder,
        sandbox(make, pace) as url,
    ):
        noon = f"{datetime.now().astimezone():%Y-%m-%d}T12:00:00"
        clock = Request(f"{url}/sandbox/clock", json.dumps({"now": noon}).encode())  # noqa: S310
        urlopen(clock).close()  # noqa: S310 — our own sandbox
        work = {"url": url, "folder": folder, "merchant": merchant,
                "pace": {"requests": ALLOWED, "seconds": pace.ours},
                "secrets": SECRETS | PLUS, "steps": list(steps)}  # fmt: skip
        told = subprocess.run(  # noqa: S603
            [sys.executable, str(HOME / "benchmarks/idle_runs.py")],
            input=json.dumps(work), capture_output=True, text=True, check=False, cwd=folder,
            env=os.environ | {"PYTHONPATH": str(home)},
        )  # fmt: skip
        if told.returncode:
            raise RuntimeError(f"the runs of {home} failed: {told.stderr}")
    found: list[Run] = json.loads(told.stdout)
    return found


def payouts_alone(home: Path) -> list[Run]:
    """Idle runs twenty days after a payout was posted: its batch is in the overlap no more."""
    idle = [{"advance": QUARTER}] * IDLE
    steps = [{"advance": 0}, {"advance": 20 * DAY}, {"advance": QUARTER}, *idle]
    return runs(home, partial(clean_payout, LINES), "demo", steps)[-IDLE:]


def all_flows(home: Path) -> list[Run]:
    """Idle runs of a day on which everything has been made, with 100 orders that are young."""
    ids = [str(id) for id in lived(ORDERS, datetime.now().astimezone()).qliro_orders]
    idle = [{"advance": QUARTER}] * IDLE
    steps = [{"advance": 0, "orders": ids}, {"advance": 60}, {"advance": 60},
             {"advance": QUARTER}, *idle]  # fmt: skip
    return runs(home, partial(lived, ORDERS), "demo-orders", steps, QUICK)[-IDLE:]


def most(found: Sequence[Run]) -> int:
    """The requests of the run that asked for most."""
    return max(len(one["asked"]) for one in found)


def run() -> list[Figure]:
    """The figures of idle runs."""
    with build(BEFORE) as before:
        alone: list[Run] = []
        then: list[Run] = []
        for _ in range(ROUNDS):  # in turn: what else the machine does meets both
            alone += payouts_alone(HOME)
            then += payouts_alone(before) if before else []
        whole = all_flows(HOME)
        whole_then = all_flows(before) if before else []
    # The quickest of each: what else the machine does only adds to a run.
    seconds = min(one["seconds"] for one in alone)
    old = min((one["seconds"] for one in then), default=0.0)
    ratio = seconds / old if then else 0.0
    none = f"{BEFORE} is not at hand: no history"
    return [
        Figure(
            "an idle run, payouts alone and no batch in the overlap: wall time",
            f"{seconds:.2f} s", f"{old:.2f} s by {BEFORE}" if then else none,
            ratio, "at most 0.5", ratio <= 0.5,
        ),
        Figure(
            "the same: requests",
            f"{most(alone)}", f"{most(then)} by {BEFORE}" if then else none,
            most(alone) / most(then) if then else 0.0, "at most 8", most(alone) <= 8,
        ),
        Figure(
            f"an idle run with all flows and {ORDERS} young orders: requests",
            f"{most(whole)}", f"{most(whole_then)} by {BEFORE}" if whole_then else none,
            most(whole) / most(whole_then) if whole_then else 0.0, "at most 20",
            most(whole) <= 20,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
