"""Two years of a shop in scaled time: a run and 60 orders a day, and what befalls its state.

``python -m benchmarks.soak [--days 730] [--orders 60] [--often 1] [--disk]`` is not part of
``make bench``: it takes most of an hour. Every run is a process of its own, which a kill, a lost
answer or a full disk (``--disk``, a tmpfs, needs root or ``unshare -rm``) may end at any moment;
the database is lost, and older backups are restored (``soak_troubles``). It ends with 0 when every
line is posted once, the interim accounts are even, and nothing was made twice at the server.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.home import HOME
from engine.merchant.load import Merchant, load_merchant
from engine.sandbox.control import effects
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.by_name import shop as shop_of_lives
from engine.sandbox.server import serve
from engine.sandbox.world.world import Address, Buyer, World, account_balance
from engine.store.database import Store, writing
from engine.webhooks.inbox import Inbox
from engine.webhooks.push import Push, line_of

from . import soak_troubles
from .soak_run import SECRETS, START, SharedClock

ITEMS = (("MUGG-1", "199.00"), ("FAT-2", "149.00"), ("DUK-3", "89.50"))
METHODS = ("QLIRO_INVOICE", "CREDITCARDS", "SWISH")
INTERIM = (1580, 1581, 1582)
DONE = (0, 3)
# What a run may take at the longest, in seconds; how many come after the last orders.
LONGEST, LAST_RUNS = 900.0, 12
TOLD_EVERY = 10


class RunClock:
    """The shared clock as a run wants it: in UTC."""

    def __init__(self, shared: SharedClock) -> None:
        self._shared = shared
        self.monotonic, self.sleep = shared.monotonic, shared.sleep

    def now(self) -> datetime:
        return self._shared.now().astimezone(UTC)


@dataclass(slots=True)
class Life:
    """The shop and what has befallen it: how many of what, how long the last run took by the clock
    (``took``, seconds), and which process is under way."""

    folder: Path
    world: World
    merchant: Merchant
    chance: random.Random
    orders: int
    open: list[int] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    day: int = 0
    took: float = 4.0
    process: subprocess.Popen[str] | None = None
    began: float = 0.0
    since: float = field(default_factory=time.monotonic)
    told_runs: float = 0.0
    wrong: Sequence[str] = ()

    @property
    def clock(self) -> RunClock:
        return RunClock(self.world.clock)  # type: ignore[arg-type]

    @property
    def environ(self) -> dict[str, str]:
        """Of a run: programs are compiled to bytecode once, as where they are installed."""
        given = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        return given | SECRETS | {"PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")}

    def started(self) -> subprocess.Popen[str]:
        """A run that has just begun."""
        self.began = time.perf_counter()
        self.process = subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, "-m", "benchmarks.soak_run", str(self.folder), "run", "soak", "--json",
             "--quiet", "--merchants", str(self.folder / "merchants")],
            cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=self.environ,
        )  # fmt: skip
        return self.process

    def ended(
        self, process: subprocess.Popen[str], *, may_fail: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """How a run ended, and what it told. Raises RuntimeError where none may end so: never as by
        a defect, and otherwise than done only if it ``may_fail``."""
        out, err = process.communicate(timeout=LONGEST)
        self.took, code = time.perf_counter() - self.began, process.returncode
        self.happened["runs"] += 1
        told = json.loads(out) if out.strip() else {}
        error = told.get("error") or {}
        if code not in (0, 3):
            self.happened[f"ended with {code}"] += 1
        if code != 0:
            kept = self.folder / f"day-{self.day}-{self.happened['runs']}-ended-{code}.txt"
            kept.write_text(f"{out}\n{err}", "utf-8")
        fails = error.get("kind") == "defect" or "Traceback" in err
        if fails or (code not in DONE and not may_fail):
            raise RuntimeError(f"day {self.day}: a run ended with {code}: {out} {err}")
        return code, told

    def run(self, *, may_fail: bool = False) -> tuple[int, dict[str, Any]]:
        """One run from beginning to end."""
        return self.ended(self.started(), may_fail=may_fail)

    def kill(self) -> None:
        """End the process that is under way at once, as a fault of the sandbox asks for."""
        if self.process is not None:
            self.process.kill()

    def wait_a_while(self) -> None:
        """So long that what is not known can be looked for."""
        self.world.clock.advance(3600)


def live(
    folder: Path,
    days: int,
    orders: int,
    *,
    often: int = 1,
    disk: bool = False,
    seconds: float = math.inf,
) -> Life:
    """So many days of it, troubles ``often`` times as often; no further day begins after so many
    ``seconds`` by the clock. Raises RuntimeError at the first run that ends as none may."""
    folder.joinpath("merchants").mkdir()
    state = folder / "state"
    world = shop_of_lives(START.replace(year=START.year + 1))  # it has that year and the one before
    world.clock = SharedClock(folder / "clock")  # type: ignore[assignment]
    world.limits.rate_limit = None
    lives: list[Life] = []
    with (
        soak_troubles.small_disk(state) if disk else nullcontext(),
        serve(world, on_kill=lambda: [one.kill() for one in lives]) as running,
    ):
        merchant = merchant_at(folder, state, running.url)
        life = Life(folder, world, merchant, random.Random(days), orders)  # noqa: S311  no secret
        lives.append(life)
        for life.day in range(days):
            if time.monotonic() - life.since > seconds:
                break
            a_day(life)
            befalls(life, often, disk=disk)
            if life.day % TOLD_EVERY == TOLD_EVERY - 1:
                told(life)
        for _ in range(LAST_RUNS):  # the last payouts, and what waits for its time
            world.clock.advance(86_400)
            lifecycle.pay_out(world, life.open, day=world.today() - timedelta(days=1))
            life.run()
        told(life)
        life.wrong = wrong(life)
    return life


def merchant_at(folder: Path, state: Path, url: str) -> Merchant:
    text = (HOME / "merchants/demo-orders.yaml").read_text("utf-8")
    text = text.replace("http://127.0.0.1:8766", url).replace(
        "fortnox:\n", "fortnox:\n  pace: {requests: 1000, seconds: 1}\n", 1
    )
    for was in ("payouts_from: 2026-09-01", "orders_from: 2026-09-01"):
        text = text.replace(was, f"{was.partition(':')[0]}: 2026-01-01")
    text = text.replace("sync: {order_refresh_hours: 0}\n", "")  # a large shop asks at distances
    path = folder / "merchants/soak.yaml"
    path.write_text(f"{text}\nstate: {state}\n", "utf-8")
    return load_merchant(path, SECRETS)


def a_day(life: Life) -> None:
    """Morning: what was captured two days ago is paid out; orders come, most are captured, some are
    refunded after days or months; Qliro tells of each by a push."""
    world, chance, orders = life.world, life.chance, life.orders
    world.clock.set(START + timedelta(days=life.day))
    today = world.today()
    before = [one for one in life.open if one in world.qliro_orders]
    if before:
        lifecycle.pay_out(world, before, day=today - timedelta(days=1))
    pushed: list[int] = []
    for _ in range(orders):
        order = lifecycle.secure(
            world,
            [lifecycle.lot(*chance.choice(ITEMS), chance.randint(1, 3)) for _ in range(1)],
            method=chance.choice(METHODS), day=today - timedelta(days=1), **buyer(chance, today),
        )  # fmt: skip
        pushed.append(order.id)
        if chance.random() < 0.95:
            lifecycle.capture(world, order, day=today - timedelta(days=1))
            life.open.append(order.id)
        else:
            lifecycle.cancel(world, order)
    every = list(world.qliro_orders)
    back = {*chance.sample(before, min(len(before), orders // 20)), chance.choice(every)}
    for number in sorted(back):  # the last one may be as old as the shop
        if lifecycle.refund(world, number, day=today - timedelta(days=1)):
            pushed.append(number)
            life.open = [one for one in life.open if one != number] + [number]
    life.open = life.open[-orders * 90 :]
    inbox = Inbox(life.merchant.inbox)
    inbox.add([line_of(Push(life.clock.now(), "checkout", number)) for number in pushed])
    inbox.close()


def buyer(chance: random.Random, today: date) -> dict[str, Any]:
    """One of a thousand regulars, or somebody new."""
    number = (
        chance.randint(1, 1000)
        if chance.random() < 0.6
        else today.toordinal() * 1000 + chance.randint(1, 999)
    )
    at = Address("Eva", f"Lind{number}", None, "Storgatan 1", None, "11122", "Stockholm", "SE")
    person = Buyer("Eva", f"Lind{number}", f"eva{number}@example.com", None, None)
    return {"buyer": person, "billing": at, "shipping": at}


def befalls(life: Life, often: int, *, disk: bool) -> None:
    """What happens to the day's run, and the run."""
    for trouble, (every, at) in soak_troubles.EVERY.items():
        turn = max(2, every // often)
        if life.day % turn == at % turn and (disk or trouble is not soak_troubles.disk_full):
            trouble(life)
    life.run()


def told(life: Life) -> None:
    """A line on how it stands, with the processor time of all runs, of the shop (this thread) and
    of the sandbox (the other threads of this process), in seconds."""
    size = sum(
        one.stat().st_size for one in life.merchant.database.parent.iterdir() if one.is_file()
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    runs, shop = used.ru_utime + used.ru_stime, time.thread_time()
    since, life.told_runs = runs - life.told_runs, runs
    print(
        f"day {life.day + 1}: {len(life.world.qliro_orders):,} orders, "
        f"{len(life.world.made_payments):,} payments, state {size / 1e6:.1f} MB, "
        f"processors {runs:.0f} s of runs ({since:.0f} since the last line), "
        f"{shop:.0f} of the shop, {time.process_time() - shop:.0f} of the sandbox, "
        f"clock {time.monotonic() - life.since:.0f} s; "
        f"{json.dumps(life.happened)}",
        flush=True,
    )


def wrong(life: Life) -> list[str]:
    """What is not as it must be at the end, counted on the server and in the ledger."""
    world, found = life.world, []
    made = effects(world)
    twice = {key: one for key, one in made["payments"].items() if one["created"] != 1}
    if twice:
        found.append(
            f"{len(twice)} invoices without just one payment: {dict(list(twice.items())[:3])}"
        )
    for kind, counted in made["made"].items():
        again = {what: n for what, n in counted.items() if n != 1}
        if kind in ("order", "invoice", "credit", "customer", "article") and again:
            found.append(f"{kind} made more than once: {dict(list(again.items())[:3])}")
    twice = {text: n for text, n in made["vouchers"].items() if n != 1}
    if twice:
        found.append(f"vouchers made more than once: {dict(list(twice.items())[:3])}")
    for account in INTERIM:
        if balance := account_balance(world, account):
            found.append(f"{account} holds {balance}")
    sold = sum(any(one.type == "Capture" for one in order.transactions)
               for order in world.qliro_orders.values())  # fmt: skip
    if sold != len(made["made"].get("invoice", {})):
        found.append(f"{sold} orders captured, {len(made['made'].get('invoice', {}))} invoiced")
    with writing(life.merchant.database.parent, life.merchant.name) as store:
        states = lines_by_state(store)
    settled = sum(len(batch.lines) for batch in world.batches.values())
    if set(states) - {"posted", "adopted"} or sum(states.values()) != settled:
        found.append(f"{settled} lines settled: {dict(states)}")
    return found


def lines_by_state(store: Store) -> Counter[str]:
    rows = store.rows("SELECT state, count(*) AS n FROM ledger.line_state GROUP BY state")
    return Counter({row["state"]: row["n"] for row in rows})


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--days", type=int, default=730)
    asked.add_argument("--orders", type=int, default=60, help="a day")
    asked.add_argument("--often", type=int, default=1, help="troubles so many times as often")
    asked.add_argument("--disk", action="store_true", help="state on a tmpfs that gets full")
    asked.add_argument("--minutes", type=float, default=math.inf,
                       help="no further day begins after so many, by the clock")  # fmt: skip
    given = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="qliro-fortnox-soak-"))
    print(f"In {folder}", flush=True)
    life = live(folder, given.days, given.orders, often=given.often, disk=given.disk,
                seconds=given.minutes * 60)  # fmt: skip
    print("\n".join(life.wrong) or "Every line is posted once, and the interim accounts are even.")
    return bool(life.wrong)


if __name__ == "__main__":
    sys.exit(main())
