"""What a quiet quarter of an hour costs, in processor time of the whole process, and how it grows.

An idle run of a small merchant beside the build of f7b183f; an idle run, `status` and `explain` of
one line, and a run that has a small payout to post, with many posted lines behind the merchant and
with 1,000 (the others are put there by SQL, ``benchmarks/history.py``). Times are the least of some
rounds, taken in turn: what else the machine does only adds to them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks.delivery import SECRETS, Pace, Told, changing_sandbox, clean_payout
from benchmarks.figure import Figure
from benchmarks.history import grow
from benchmarks.idle import BEFORE, build
from engine.clock import STOCKHOLM
from engine.home import HOME
from engine.sandbox.history import new_sale, settle
from engine.sandbox.world.world import World

SMALL, LINES, MANY, WHOLE = 20, 1_000, 100_000, 1_000_000
ROUNDS, DAYS = 5, 3
# The limit's window scaled down, so that the merchants are made in seconds.
QUICK = Pace(window=0.05, ours=0.06, latency=0.0, parallel=16)


class Machine:
    """Runs commands of a build on merchants of a folder; programs are compiled to bytecode once, as
    they are where they are installed."""

    def __init__(self, folder: Path, url: str, told: Told) -> None:
        self.folder, self.url, self.told = folder, url, told
        self.environ = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        } | SECRETS | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}  # fmt: skip

    def merchant(self, name: str, home: Path = HOME) -> Path:
        """The file of a merchant like the demo's, with a state of its own."""
        text = (home / "merchants/demo.yaml").read_text("utf-8")
        text = text.replace("http://127.0.0.1:8765", self.url).replace(
            "fortnox:\n", f"fortnox:\n  pace: {{requests: 25, seconds: {QUICK.ours}}}\n", 1
        )
        text = text.replace("payouts_from: 2026-09-01", "payouts_from: 2024-01-01")
        path = self.folder / name / "shop.yaml"
        path.parent.mkdir()
        path.write_text(f"{text}\nstate: {path.parent}\n", "utf-8")
        return path

    def seconds(self, *arguments: str, home: Path = HOME) -> float:
        """The processor time of a command. Raises RuntimeError where it fails."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = subprocess.run(  # noqa: S603 — our own program
            [sys.executable, str(home / "cli.py"), *arguments], cwd=self.folder, env=self.environ,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if told.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {told.stdout}{told.stderr}")
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def small_payout(world: World) -> None:
    """A payout of a day of a small shop, with its invoices."""
    sales = [new_sale(world) for _ in range(SMALL)]
    for sale in sales:
        if sale.invoice:  # as the list of what was changed of late has it
            modified = datetime.now(STOCKHOLM)
            world.invoices[sale.invoice.number] = replace(sale.invoice, modified=modified)
    settle(world, [sale.line for sale in sales])


def an_hour_ago(url: str) -> None:
    """Set a sandbox's clock back: what was posted is listed as changed for some minutes, and so it
    no longer is. Not to the day before: it would know of no batch of yesterday's."""
    now = datetime.now(STOCKHOLM)
    then = max(now - timedelta(hours=1), now.replace(hour=0, minute=0, second=0))
    asked = json.dumps({"now": f"{then:%Y-%m-%dT%H:%M:%S}"}).encode()
    clock = Request(f"{url}/sandbox/clock", asked)  # noqa: S310
    urlopen(clock).close()  # noqa: S310 — our own sandbox


@contextmanager
def machine(lines: int) -> Iterator[Machine]:
    """A folder, and a sandbox with a clean payout of so many lines."""
    with (
        tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as folder,
        changing_sandbox(partial(clean_payout, lines), QUICK) as (url, told),
    ):
        an_hour_ago(url)
        yield Machine(Path(folder), url, told)


def least(rounds: int, *asked: Callable[[], float]) -> list[float]:
    """The least of so many rounds, in which each is asked in turn."""
    times = [[one() for one in asked] for _ in range(rounds)]
    return [min(column) for column in zip(*times, strict=True)]


def small_merchant() -> list[Figure]:
    """An idle run and a bare status, and what the run is beside the earlier build."""
    with machine(SMALL) as at, build(BEFORE) as before:
        mine = str(at.merchant("now"))
        theirs = str(at.merchant("then", before)) if before else ""
        for _ in range(2):
            at.seconds("run", mine)
            if before:
                at.seconds("run", theirs, home=before)
        asked = [partial(at.seconds, "run", mine), partial(at.seconds, "status", mine)]
        if before:
            asked.append(partial(at.seconds, "run", theirs, home=before))
        run, status, *then = least(ROUNDS, *asked)
    ratio = run / then[0] if then else 0.0
    told = f"{then[0]:.2f} s by {BEFORE}" if then else f"{BEFORE} is not at hand: no history"
    return [
        Figure(f"an idle run, {SMALL} posted lines: processor time", f"{run:.2f} s", told, ratio,
               "at most 0.33", ratio <= 0.334),
        Figure(f"`status`, {SMALL} posted lines: processor time", f"{status:.2f} s", "0.2 s",
               status / 0.2, "at most 0.2 s", status <= 0.2),
    ]  # fmt: skip


def many_lines(many: int = MANY) -> list[Figure]:
    """An idle run, status and explain with many posted lines, and a run with a small payout, beside
    the same with 1,000. Each merchant has a Fortnox of its own."""
    with machine(LINES) as at, machine(LINES) as behind:
        few, large = at.merchant("few"), behind.merchant("many")
        for _ in range(2):  # the second reads what has become of the invoices
            at.seconds("run", str(few))
            behind.seconds("run", str(large))
        grow(large.parent / "shop.duckdb", many // LINES - 1)
        for _ in range(2):
            at.seconds("run", str(few))
            behind.seconds("run", str(large))
        figures = []
        for name, wanted, *command in (
            ("an idle run", 1.3, "run"), ("`status`", 1.5, "status"),
            ("`explain` of one line", 1.5, "explain"),
        ):  # fmt: skip
            more = ["1500"] if command == ["explain"] else []
            pair = least(ROUNDS, partial(behind.seconds, *command, str(large), *more),
                         partial(at.seconds, *command, str(few), *more))  # fmt: skip
            figures.append(_beside(name, many, *pair, wanted))
        pair = least(DAYS, partial(a_day, behind, large), partial(a_day, at, few))
        name = f"a run with a payout of {SMALL} lines"
        figures.append(_beside(name, many, *pair, 3))
    return figures


def a_day(at: Machine, merchant: Path) -> float:
    """The processor time of a run that has a small payout to post."""
    at.told(small_payout)
    return at.seconds("run", str(merchant))


def _beside(name: str, many: int, less: float, than: float, wanted: float) -> Figure:
    return Figure(
        f"{name}, {many:,} posted lines: processor time", f"{less:.2f} s",
        f"{than:.2f} s with {LINES:,}", less / than, f"at most {wanted}", less <= wanted * than,
    )  # fmt: skip


def run(many: int = MANY) -> list[Figure]:
    """The figures."""
    return [*small_merchant(), *many_lines(many)]


if __name__ == "__main__":
    for figure in run(*map(int, sys.argv[1:])):
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
