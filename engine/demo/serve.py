"""Serves a made world to people: a month of one shop, orders of another, or troubles by name.

Reads a seed, a day and names; opens a port of this machine until it is interrupted. The world's
history ends on the day given, its clock goes with the machine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

from ..clock import STOCKHOLM
from ..errors import UsageError
from ..sandbox.fortnox.company import empty_world
from ..sandbox.generator import month
from ..sandbox.lives.by_name import shown
from ..sandbox.saved import keep, restore
from ..sandbox.server import Running, run_forever
from ..sandbox.troubles.by_name import TROUBLES
from ..sandbox.world.world import World
from ..show.output import Output
from ..show.page import Text
from ..yamlfile import nearest


def serve(
    out: Output,
    port: int,
    seed: int,
    troubles: Sequence[str],
    until: date | None,
    window: float,
    journal: Path | None,
    orders: bool = False,
) -> None:
    """Serve until interrupted; then keep in ``journal`` what callers changed, unless another has
    written that file or taken its folder away meanwhile.

    Raises UsageError when a trouble is not known or the port is taken.
    """
    now = datetime.now(STOCKHOLM)
    world = made(seed, troubles, datetime.combine(until, time()) if until else now, orders=orders)
    world.limits.rate_window_seconds = window
    if journal is not None:
        restored = restore(world, journal)
        if restored:
            out.note(f"{restored} writes of before are in it.")
    before = _stamp(journal)
    world.clock.runs = True
    world.clock.set(now)

    def ready(running: Running) -> None:
        access = world.access
        out.page(
            [
                Text(f"Qliro and Fortnox of the sandbox on {running.url}; Ctrl-C ends it."),
                Text(f"  export QLIRO_API_KEY={access.merchant_api_key}"),
                Text(f"  export QLIRO_API_SECRET={access.merchant_api_secret}"),
                Text(f"  export FORTNOX_CLIENT_ID={access.client_id}"),
                Text(f"  export FORTNOX_CLIENT_SECRET={access.client_secret}"),
            ]
        )
        out.data({"url": running.url})

    try:
        run_forever(world, port, ready=ready)
    except KeyboardInterrupt:  # between the first word and the waiting
        pass
    except OSError as error:
        raise UsageError(
            f"The sandbox can't be served on port {port}: {error.strerror}.",
            "Name another port, or 0 for a free one: --port 0",
        ) from None
    if journal is None:
        return
    if _stamp(journal) == before and journal.parent.is_dir():
        keep(world, journal)
    else:  # a demo was made anew: its books are not those of this world
        out.note(f"{journal} was replaced meanwhile: what was posted here is not kept.")


def _stamp(journal: Path | None) -> tuple[int, int] | None:
    """Which writing of the file it is; None when there is none."""
    if journal is None or not journal.exists():
        return None
    of = journal.stat()
    return of.st_ino, of.st_mtime_ns


def made(
    seed: int, troubles: Sequence[str], day: datetime, *, orders: bool = False
) -> World:
    """A month that ends on that day, a shop of ``orders``, or a company with only the troubles."""
    begun = datetime.combine(day.date(), time(9), STOCKHOLM)
    if orders:
        return shown(begun, seed=seed)
    if not troubles:
        return month(seed, now=begun).world
    world = empty_world(begun, seed=seed)
    for name in troubles:
        if name not in TROUBLES:
            raise UsageError(f"There is no trouble {name!r}.", nearest(name, TROUBLES))
        TROUBLES[name](world)
    return world
