"""From a save to what ``try --watch`` shows, beside its bound: the default set in a folder, an
order that was posted with its invoice, several kinds of save, of which the slowest counts.

What the command does after it has seen the save is measured, on the wall and in CPU, and the look
that it may have to wait for is added. Beside it, the same without what is kept of earlier saves.
"""

from __future__ import annotations

import contextlib
import gc
import io
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure
from engine import scope as scopes
from engine import session as sessions
from engine.clock import StoppedClock
from engine.commands import workbench_try
from engine.home import HOME
from engine.language.kept import Kept
from engine.merchant.load import Merchant, load_merchant
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.by_name import shop as world_of_lives
from engine.sandbox.transport import SandboxTransport
from engine.show.output import Output
from engine.store.database import Store, in_memory
from engine.workbench.trying import Item, item

MOST = 0.3  # seconds
ROUNDS = 5
SAVES = ("invoices/invoice.yaml", "tables/signs.yaml", "shared/rounding.yaml",
         "entities/qliro_order.yaml")  # fmt: skip
SECRETS = {
    "QLIRO_API_KEY": "SANDBOX", "QLIRO_API_SECRET": "sandbox-secret",
    "QLIRO_PLUS_API_KEY": "SANDBOX-PLUS", "QLIRO_PLUS_API_SECRET": "sandbox-plus-secret",
    "FORTNOX_CLIENT_ID": "sandbox-client", "FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
}  # fmt: skip


def shop(folder: Path) -> tuple[Merchant, Store, str]:
    """A merchant with a set of its own, what it holds after two runs, and an order in it."""
    text = (HOME / "merchants" / "demo-orders.yaml").read_text("utf-8")
    text = text.replace("2026-09-01", "2026-01-01")
    shutil.copytree(HOME / "mappings" / "qliro-fortnox", folder / "set")
    path = folder / "shop.yaml"
    path.write_text(f"{text}\nmapping_set: {folder / 'set'}\n", "utf-8")
    merchant = load_merchant(path, SECRETS)
    world, store = world_of_lives(), in_memory()
    world.limits.rate_limit = None
    (order,) = LIVES["captured"](world).orders
    for _run in range(2):
        world.clock.advance(6 * 3600)
        clock = StoppedClock(world.now())
        with sessions.open_session(merchant, store, clock, SandboxTransport(world)) as session:
            sessions.run(session, scopes.Scope(None, (str(order),)))
    return merchant, store, str(order)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of CPU."""
    wall, spent = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    return time.perf_counter() - wall, time.process_time() - spent


def run() -> list[Figure]:
    """The figure of the slowest kind of save, and that of all anew."""
    with tempfile.TemporaryDirectory() as name:
        merchant, store, order = shop(Path(name))
        with item(store, order) as one:
            return _measured(Path(name), merchant, one)


def _measured(folder: Path, merchant: Merchant, one: Item) -> list[Figure]:
    kept, out = Kept(), Output(json=False)
    timed(lambda: workbench_try._again(out, merchant, one, kept))
    worst, anew = (0.0, 0.0), []
    for name in SAVES:
        file = folder / "set" / name
        took = []
        for _round in range(ROUNDS):
            file.write_text(f"# a line\n{file.read_text('utf-8')}", "utf-8")
            took.append(timed(lambda: workbench_try._again(out, merchant, one, kept)))
            gc.collect()  # as the command does before it looks again
        worst = max(worst, statistics.median_low(took))
        anew.append(timed(lambda: workbench_try._again(out, merchant, one, Kept())))
    wall, spent = worst[0] + workbench_try.EVERY, worst[1]
    whole, of_it = statistics.median_low(anew)
    whole += workbench_try.EVERY
    return [
        Figure(
            "try --watch, from a save to what it shows", f"{wall:.2f} s (CPU {spent:.2f} s)",
            f"{whole:.2f} s (CPU {of_it:.2f} s), all compiled again", wall / MOST,
            f"at most {MOST} s", wall <= MOST,
        )
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
