"""What `run --all` costs where no merchant has anything to do: time, processors, memory.

One process is the sandbox of all companies, each a world of its own with a payout that its merchant
has posted; its processor time is in no figure. One merchant lives that payout; the others have
copies of its state, and their companies do again what was done to its company. 40 merchants, and
the time of 500 by their share; with ``--whole`` 500.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.delivery import ALLOWED, SECRETS
from benchmarks.figure import UNIT, Figure
from benchmarks.quiet import QUICK, SMALL, Machine, an_hour_ago
from engine.checked import mappings_digest, note_right
from engine.clock import STOCKHOLM
from engine.home import HOME
from engine.merchant.load import load_merchant
from engine.rest import note_rest
from engine.sandbox.generator import clean
from engine.sandbox.saved import keep, restore
from engine.sandbox.server import serve, serve_companies
from engine.sandbox.world.world import World
from engine.store.database import writing

MERCHANTS, WHOLE, CORES = 40, 500, 2


@contextmanager
def companies(number: int) -> Iterator[tuple[str, Connection]]:
    """The address of a sandbox of one company, and what gives the address of one of so many once it
    is told that the first has lived its payout; companies are called shop-000 and so on there."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, number), daemon=True)
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send("enough")
        process.join()


def _serve(pipe: Connection, number: int) -> None:
    now = datetime.now(STOCKHOLM)
    first = _company(now)
    with serve(first) as running, tempfile.TemporaryDirectory() as folder:
        pipe.send(running.url)
        pipe.recv()
        writes = Path(folder) / "writes"
        keep(first, writes)
        worlds = {}
        for one in range(number):
            worlds[f"shop-{one:03}"] = again = _company(now)
            restore(again, writes)
            again.clock.set(datetime.now(STOCKHOLM))
    with serve_companies(worlds) as all_of_them:
        pipe.send(all_of_them["shop-000"].url.removesuffix("/shop-000"))
        pipe.recv()


def _company(now: datetime) -> World:
    world = clean(SMALL, now=now)
    world.clock.runs = True
    world.clock.set(now)
    world.limits.rate_limit, world.limits.rate_window_seconds = ALLOWED, QUICK.window
    return world


def idle(merchants: int) -> tuple[float, float, float]:
    """Seconds by the clock and of processors that one command takes for so many idle merchants, and
    the MiB that the largest of its processes had. Raises RuntimeError where one was not idle."""
    with (
        tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as name,
        companies(merchants) as (url, pipe),
    ):
        at = Machine(Path(name), url)
        first = at.merchant("first")
        an_hour_ago(url)
        for _ in range(2):
            at.seconds("run", str(first))
        pipe.send("lived")
        folder = at.folder / "fleet"
        (folder / "state").mkdir(parents=True)
        base = pipe.recv()
        for number in range(merchants):
            _merchant(first, folder / f"shop-{number:03}.yaml", url, base)
        command = [sys.executable, str(HOME / "cli.py"), "run", "--all", "--json", "--quiet",
                   "--merchants", str(folder), "--jobs", str(CORES)]  # fmt: skip
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        told = subprocess.run(  # noqa: S603 — our own program
            command, cwd=at.folder, env=at.environ, capture_output=True, text=True, check=False
        )
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    _refuse_busy(told, merchants)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, spent, after.ru_maxrss / UNIT


def _merchant(first: Path, path: Path, url: str, base: str) -> None:
    """A merchant like the first: its file, its state, and the word that both are as they were."""
    state = path.parent / "state"
    text = first.read_text("utf-8").replace(url, f"{base}/{path.stem}")
    path.write_text(text.replace(f"state: {first.parent}", f"state: {state}"), "utf-8")
    for end in ("duckdb", "key"):
        shutil.copyfile(first.with_suffix(f".{end}"), state / f"{path.stem}.{end}")
        (state / f"{path.stem}.{end}").chmod(0o600)
    merchant = load_merchant(path, SECRETS)
    digest = mappings_digest(merchant)
    note_right(merchant, digest)
    with writing(state, path.stem) as store:
        note_rest(store, digest, datetime.now(STOCKHOLM))


def _refuse_busy(told: subprocess.CompletedProcess[str], merchants: int) -> None:
    if told.returncode:
        raise RuntimeError(f"{told.stdout[-2000:]}{told.stderr[-2000:]}")
    results: list[dict[str, Any]] = [
        one["result"] for one in json.loads(told.stdout)["merchants"].values()
    ]
    asked = [sum(sum(calls.values()) for calls in one["calls"].values()) for one in results]
    if len(results) != merchants or any(one["posted"] for one in results) or max(asked) > 4:
        raise RuntimeError(f"not {merchants} idle merchants: {asked}, {results[:1]}")


def run(merchants: int = MERCHANTS) -> list[Figure]:
    """The figures."""
    wall, spent, memory = idle(merchants)
    whole = wall * WHOLE / merchants
    by_share = "" if merchants == WHOLE else f" by the share of {merchants}, which took {wall:.1f}"
    # The command, the process that it forks from, and the merchants at work.
    together = memory * (CORES + 2)
    return [
        Figure(f"{WHOLE} idle merchants by `run --all`, {CORES} at a time",
               f"{whole:.0f} s{by_share}", f"{spent / merchants:.3f} s of processors a merchant",
               whole / 150, "at most 150 s", whole <= 150),
        Figure("the same: memory", f"{memory:.0f} MiB the largest process", f"{CORES + 2} of them",
               together / 2048, "under 2 GiB together", together < 2048),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
