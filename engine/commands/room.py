"""The commands ``compact`` and ``prune``: the room that a merchant's database takes.

Parse arguments, call ``engine.store.prune`` and print.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path

import click

from ..clock import STOCKHOLM, SystemClock
from ..show.output import Output
from .command import EXIT_CODES, of_merchant, option


@click.command(epilog=EXIT_CODES)
@of_merchant
def compact(out: Output, merchant: str, merchants: Path) -> None:
    """Write the database anew without what is free in it. Nothing is left out.

    A run reuses what it freed, so this is needed after `prune`, or never. It takes as much room
    again meanwhile; every row is compared before the new file takes the old one's place.
    """
    from ..show.page import Text
    from ..store import prune as pruning
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    room = pruning.compact(found.database, found.name)
    out.page([Text(f"{found.name}: {_size(room.before)} before, {_size(room.after)} now.")])
    out.data({"before": room.before, "after": room.after})


@click.command(epilog=EXIT_CODES)
@of_merchant
@option("--dry-run", is_flag=True, help="Say what would go, and leave all as it is.")
def prune(out: Output, merchant: str, merchants: Path, dry_run: bool) -> None:
    """Leave out bodies of answers and traces of rules that are older than keep_raw asks.

    Every row stays, and the ledger whole: what was intended, sent and answered. Nothing goes of
    what is open. Take a backup first: what goes is in it alone. `explain` says what was pruned, and
    `diff` looks at no document from before.
    """
    from ..show.page import Text, count
    from ..store import prune as pruning
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    now = SystemClock().now()
    today, home = now.astimezone(STOCKHOLM).date(), found.settings["home_country"]
    room = None
    if dry_run:
        with opening.to_read(out, found) as store:
            old = pruning.old(store, today, found.settings["keep_raw"], home)
    else:
        old, room = pruning.prune(
            found.database, found.name, now, today, found.settings["keep_raw"], home
        )
    many = f"{count(old.answers, 'answer')} and the traces of {count(old.traces, 'outcome')}"
    if not old.answers + old.traces:
        told = f"{found.name}: nothing was fetched before {old.until} that need not be kept."
    elif room is None:
        told = f"{found.name}: the bodies of {many} from before {old.until} would go."
    else:
        told = (
            f"{found.name}: the bodies of {many} from before {old.until} are gone; "
            f"{_size(room.before)} before, {_size(room.after)} now."
        )
    out.page([Text(told)])
    out.data({
        "until": old.until, "answers": old.answers, "traces": old.traces,
        "characters": old.characters, "dry_run": dry_run,
        "before": room.before if room else None, "after": room.after if room else None,
    })  # fmt: skip


def _size(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
