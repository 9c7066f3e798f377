"""How few calls a payout costs and how much of the allowed pace is used, counted by the sandbox.

The sandbox serves from a process of its own. First a large clean payout with the limit's window
scaled down; then a minute at Fortnox's real pace with answers that take as long as they do in life.
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.figure import Figure
from engine.clock import STOCKHOLM, SystemClock
from engine.home import HOME
from engine.merchant.load import Merchant, load_merchant
from engine.sandbox.generator import clean
from engine.sandbox.server import serve
from engine.sandbox.world.world import World
from engine.session import open_session
from engine.session import run as run_all
from engine.store.database import writing

LINES = 10_000
ALLOWED = 25
SECRETS = {
    "QLIRO_API_KEY": "SANDBOX",
    "QLIRO_API_SECRET": "sandbox-secret",
    "FORTNOX_CLIENT_ID": "sandbox-client",
    "FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """``ALLOWED`` requests in ``window`` seconds at the server; we plan with ``ours`` seconds.

    ``latency`` in seconds of every answer; ``parallel`` requests at a time.
    """

    window: float
    ours: float
    latency: float
    parallel: int


# A hundredth of the real window. Ours is a little longer than the server's: the 150 ms by which
# the limiter stays below the real one would be 1.5 ms, less than a busy machine's hiccups.
SCALED = Pace(window=0.05, ours=0.06, latency=0.0, parallel=16)
REAL = Pace(window=5.0, ours=5.0, latency=0.15, parallel=4)
MINUTE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the sandbox counted, and the seconds that the whole run took, sync included."""

    seconds: float
    calls: int
    refused: int
    in_a_minute: int
    payments: tuple[int, int]
    twice: int


def deliver(lines: int, pace: Pace) -> Counted:
    """One run over a clean payout of so many lines. Raises RuntimeError unless all are posted."""
    with (
        tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as name,
        sandbox(partial(clean_payout, lines), pace) as url,
    ):
        folder = Path(name)
        merchant = merchant_at(folder, url, pace)
        began = time.perf_counter()
        with (
            writing(folder, "bench") as store,
            open_session(merchant, store, SystemClock()) as session,
        ):
            report = run_all(session)
        seconds = time.perf_counter() - began
        counted = _counted(url, seconds)
    if counted.payments != (lines, lines) or counted.twice:
        raise RuntimeError(f"{lines} lines, {counted}, {report.delivery.refused}")
    return counted


def merchant_at(folder: Path, url: str, pace: Pace, more: str = "") -> Merchant:
    """The demo's merchant, at this sandbox and pace; ``more`` is put behind it."""
    text = (HOME / "merchants/demo.yaml").read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:8765", url).replace(
        "fortnox:\n", f"fortnox:\n  pace: {{requests: {ALLOWED}, seconds: {pace.ours}}}\n", 1
    )
    path = folder / "bench.yaml"
    path.write_text(f"{text}\ndelivery: {{parallel: {pace.parallel}}}\n{more}", encoding="utf-8")
    return load_merchant(path, SECRETS)


Told = Callable[[Callable[[World], None]], None]


@contextmanager
def sandbox(make: Callable[[datetime], World], pace: Pace) -> Iterator[str]:
    """The address of a sandbox in a process of its own; ``make`` makes its world as of a moment."""
    with changing_sandbox(make, pace) as (url, _):
        yield url


@contextmanager
def changing_sandbox(
    make: Callable[[datetime], World], pace: Pace
) -> Iterator[tuple[str, Told]]:
    """The same, and what has a function of a module change its world while nobody asks."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, make, pace), daemon=True)
    process.start()

    def told(change: Callable[[World], None]) -> None:
        here.send(change)
        here.recv()

    try:
        yield here.recv(), told
    finally:
        here.send(None)
        process.join()


def clean_payout(lines: int, now: datetime) -> World:
    """A payout of so many clean lines."""
    return clean(lines, now=now)


def _serve(pipe: Connection, make: Callable[[datetime], World], pace: Pace) -> None:
    world = make(datetime.now(STOCKHOLM))
    world.clock.runs = True
    world.clock.set(datetime.now(STOCKHOLM))
    world.limits.rate_limit, world.limits.rate_window_seconds = ALLOWED, pace.window
    world.limits.latency_seconds = pace.latency
    with serve(world) as running:
        pipe.send(running.url)
        while change := pipe.recv():
            change(world)
            pipe.send(True)


def _counted(url: str, seconds: float) -> Counted:
    requests = [one for one in ask(url, "journal")["requests"] if one["path"].startswith("/3/")]
    effects = ask(url, "effects")
    writes = [datetime.fromisoformat(one["at"]) for one in requests if one["method"] != "GET"]
    first = min(writes)
    minute = [
        one for one in requests if first <= datetime.fromisoformat(one["at"]) < first + MINUTE
    ]
    return Counted(
        seconds,
        len(requests),
        Counter(one["status"] for one in requests)[429],
        len(minute),
        (effects["payments_created"], effects["payments_booked"]),
        sum(one["created"] > 1 for one in effects["payments"].values()),
    )


def ask(url: str, name: str) -> Any:
    """What the sandbox tells of itself."""
    with urlopen(f"{url}/sandbox/{name}") as answer:  # noqa: S310 — our own sandbox
        return json.load(answer)


def run() -> list[Figure]:
    """The figures of delivery."""
    large = deliver(LINES, SCALED)
    a_line = large.calls / LINES
    # A minute's writes and some more, so that the minute is full.
    steady = deliver(int(60 / REAL.window * ALLOWED / 2) + 20, REAL)
    allowed = 60 / REAL.window * ALLOWED
    used = steady.in_a_minute / allowed
    return [
        Figure(
            f"Fortnox calls a line, a payout of {LINES:,} clean lines, sync included",
            f"{large.calls:,} calls ({large.seconds:.0f} s, {large.calls / large.seconds:.0f} a "
            f"second, {large.refused} of them 429)",
            f"{LINES:,} lines", a_line, "at most 2.1", a_line <= 2.1,
        ),
        Figure(
            "pace used in a minute of delivery",
            f"{steady.in_a_minute} requests, {steady.refused} answered 429",
            f"{allowed:.0f} allowed", used, "at least 0.95 and not one 429",
            used >= 0.95 and steady.refused == 0,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
