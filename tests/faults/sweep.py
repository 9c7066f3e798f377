"""Kills runs with SIGKILL: a program of its own, so that what it forks has no threads open.

    python -m faults.sweep FOLDER CHANGES PART OF
    python -m faults.sweep FOLDER CHANGES life

First an undisturbed run over the payout of every kind of line. Then, for each of its requests that
falls to this part, a fresh world on a socket: a run in a child that the server kills before, or
after, it carries out that request; a second run; and what stands in the books then. Prints one JSON
object for each, the undisturbed run first.

With ``life``, the lives of two orders: one run after the other, each killed at another write, until
one ends and has nothing left to do. Prints the kills and what stands at both servers.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import few_rows

from engine import session as sessions
from engine.merchant.load import Merchant
from engine.sandbox.control import effects
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.by_name import shop as shop_of_lives
from engine.sandbox.server import Running, serve
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import World
from engine.scope import ALL, Scope
from engine.store import database as stores
from engine.transport.http import trusted
from faults.shop import SharedClock, Shop, compiled, every_kind, merchant, posted, session


def quickly_connected(path: Path, _merchant: str) -> duckdb.DuckDBPyConnection:
    """A database of a dozen rows needs neither threads nor the best of all query plans."""
    connection = duckdb.connect(str(path), config={"threads": 1})
    connection.execute("PRAGMA disable_optimizer")
    return connection


def child(world: World, of: Merchant, told: Path, scope: Scope = ALL) -> int:
    """Fork a run of the merchant; gives the child's process id."""
    process = os.fork()
    if process:
        return process
    code = 99
    try:
        stores.connect_to_write = quickly_connected
        with stores.writing(of.database.parent, of.name) as store:
            with session(of, store, world, socket=True) as opened:
                report = sessions.run(opened, scope)
            states = store.rows("SELECT line, state, code FROM ledger.line_state ORDER BY line")
            # What was begun before comes in the order in which it was begun.
            orders = sorted([one.mapping, one.source, one.state] for one in report.plan.outcomes)
            told.write_text(json.dumps([int(report.exit_code), states, orders]))
            code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(process: int, running: Running) -> int:
    """How a child ended. What it had sent to the server is done then: hours of the world pass in no
    time, so that it would else be the next run's."""
    status = os.waitpid(process, 0)[1]
    end = time.monotonic() + 60
    # Connections are taken in turn: once this one is at its end, all of the child's are taken.
    with socket.create_connection((running.host, running.port), timeout=60) as last:
        last.shutdown(socket.SHUT_WR)
        assert last.recv(1) == b""
    while threading.active_count() > 2:  # this one, and the one that takes connections
        assert time.monotonic() < end, "a connection of a process that has ended stays open"
        time.sleep(0.001)
    return status


def point(folder: Path, changes: dict[str, Any], where: str) -> dict[str, Any]:
    """One kill and the run after it; ``where`` is empty for an undisturbed run."""
    world = every_kind()
    victim: list[int] = []
    kind, _, nth = where.partition(":")
    if where:
        plan(world, Fault(f"kill_{kind}", nth=int(nth)))
    here = folder / (where.replace(":", "-") or "undisturbed")
    here.mkdir()
    with serve(world, on_kill=lambda: os.kill(victim[0], signal.SIGKILL)) as running:
        of = merchant(here, server=running.url, **changes)
        of.database.parent.mkdir(parents=True)
        few_rows.place(of.database)
        told = here / "told.json"
        ends = []
        requests = []
        for _ in range(2 if where else 1):
            first = len(world.journal)
            victim[:] = [child(world, of, told)]
            ends.append(ended(victim[0], running))
            requests.append([f"{e.method} {e.path}" for e in world.journal[first:]])
    return {
        "point": where,
        "killed": os.WIFSIGNALED(ends[0]) and os.WTERMSIG(ends[0]) == signal.SIGKILL,
        "ended": os.WEXITSTATUS(ends[-1]) if os.WIFEXITED(ends[-1]) else -1,
        "told": json.loads(told.read_text()) if told.exists() else None,
        "posted": plain(posted(world)),
        "struck": next((f"{e.method} {e.path}" for e in world.journal if e.fault), ""),
        "requests": [len(one) for one in requests],
        "too soon": too_soon(world),
    }  # fmt: skip


# Where the runs over two lives are killed: the nth request of that method and path.
KILLS = (
    Fault("kill_after", 1, method="POST", path=r"/3/orders$"),
    Fault("kill_after", 1, method="POST", path=r"/MarkItemsAsShipped$"),
    Fault("kill_before", 1, method="POST", path=r"/3/invoices$"),
    Fault("kill_after", 1, method="PUT", path=r"/credit$"),
    Fault("kill_before", 1, method="PUT", path=r"/3/invoices/\d+$"),
    Fault("kill_after", 4, method="POST", path=r"/3/invoices$"),
)


def lives(folder: Path, changes: dict[str, Any]) -> dict[str, Any]:
    """Runs over two orders, one refunded twice and one delivered, killed and run again."""
    world = shop_of_lives()
    world.clock = SharedClock(world.now())  # type: ignore[assignment]
    world.limits.rate_limit = None
    back, shipped = LIVES["refunded_twice"](world), LIVES["several_rows"](world)
    scope = Scope(None, tuple(str(one.order) for one in (back, shipped)))
    victim: list[int] = []
    kills = 0
    plan(world, *KILLS)
    with serve(world, on_kill=lambda: os.kill(victim[0], signal.SIGKILL)) as running:
        of = merchant(folder, server=running.url, **changes)
        told = folder / "told.json"
        for _ in range(3 * len(KILLS)):
            world.clock.advance(6 * 3600)
            before = len(world.made), sum(e.method == "PUT" for e in world.journal)
            victim[:] = [child(world, of, told, scope)]
            end = ended(victim[0], running)
            if os.WIFSIGNALED(end):
                kills += 1
            elif (len(world.made), sum(e.method == "PUT" for e in world.journal)) == before:
                break
            deliver_all(world, shipped.order)
    transactions = world.qliro_orders[shipped.order].transactions
    return {
        "killed": kills,
        "made": {kind: sum(n.values()) for kind, n in effects(world)["made"].items()},
        "totals": sorted(str(one.total) for one in world.invoices.values() if one.booked),
        "invoices": len(world.invoices),
        "qliro": [[t.type, str(t.amount), t.status] for t in transactions],
        "told": json.loads(told.read_text())[2],
        "too soon": too_soon(world),
    }


def deliver_all(world: World, order: int) -> None:
    """Somebody registers the whole of the order as delivered, once it is in Fortnox."""
    for number, one in list(world.orders.items()):
        if one.external2 == str(order) and any(row.quantity < row.ordered for row in one.rows):
            rows = tuple(replace(row, quantity=row.ordered) for row in one.rows)
            world.orders[number] = replace(one, rows=rows, modified=world.now())


def plain(content: Any) -> Any:
    """As JSON can say it: texts as keys, in an order that does not depend on when it happened."""
    if isinstance(content, dict):
        return {str(key): plain(content[key]) for key in sorted(content, key=str)}
    return content if isinstance(content, int) else str(content)


def too_soon(world: World, delay: float = 120.0) -> list[str]:
    """Writes that were repeated before the settle delay had passed since they were lost."""
    last: dict[tuple[str, str, str], Any] = {}
    found = []
    for entry in world.journal:
        if entry.method == "GET" or entry.path.startswith("/oauth"):
            continue
        key = (entry.method, entry.path, entry.body)
        before = last.get(key)
        if before is not None and (entry.at - before.at).total_seconds() < delay:
            found.append(f"{entry.method} {entry.path}")
        last[key] = entry
    return found


def main() -> None:
    folder, changes = Path(sys.argv[1]), json.loads(sys.argv[2])
    compiled(merchant(folder, **changes))
    trusted()
    # What is imported and compiled at its first use is there in every child; no thread is left.
    with few_rows.folder() as name:
        Shop(every_kind(), Path(name), **changes).run()
    gc.collect()
    assert threading.active_count() == 1
    if sys.argv[3] == "life":
        print(json.dumps(lives(folder, changes)))
        return
    part, of = map(int, sys.argv[3:])
    first = point(folder, changes, "")
    print(json.dumps(first), flush=True)
    for nth in range(1 + part, first["requests"][0] + 1, of):
        for when in ("before", "after"):
            print(json.dumps(point(folder, changes, f"{when}:{nth}")), flush=True)


if __name__ == "__main__":
    main()
