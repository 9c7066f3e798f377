"""The commands ``backup`` and ``restore``: a state that survives the disk.

Parse arguments, call ``engine.store.backup`` and print.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ..clock import SystemClock
from ..show.output import Output
from . import command
from .command import EXIT_CODES, of_merchant, option


@click.command(epilog=EXIT_CODES)
@of_merchant
@option("--to", type=command.FOLDER, required=True, metavar="FOLDER",
              help="Write it below this folder, as MERCHANT/MOMENT.")  # fmt: skip
def backup(out: Output, merchant: str, merchants: Path, to: Path) -> None:
    """Copy what was fetched and posted into a folder, checked. A run may be under way.

    Two files that any tool can ship: the database as of a committed moment, and backup.json, which
    says whose it is and what it must come to. Beside a run it is what the last finished run left.
    Tokens and secrets are not in it. From the first backup on, Qliro's pushes stay in the inbox
    until a backup holds them.
    """
    from ..show.page import Page, Text
    from ..store.backup import back_up
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    taken = back_up(
        found.database, found.settings["environment"], to, SystemClock().now(), command.VERSION
    )
    if taken.beside_a_run:
        out.note("A run is under way; this is the state that the last finished one left.")
    told = taken.backup
    lines: Page = [Text(f"Backed up {found.name} {told.moment} into {taken.folder}.")]
    if told.key:
        lines.append(Text(
            f"Keep {found.database.with_suffix('.key')} too, apart from the backups: it is in none "
            "of them, and buyers are not known again without it."
        ))  # fmt: skip
    out.page(lines)
    out.data({"folder": str(taken.folder), "beside_a_run": taken.beside_a_run, **asdict(told)})


@click.command(epilog=EXIT_CODES)
@of_merchant
@option("--from", "folder", type=command.FOLDER, required=True, metavar="FOLDER",
              help="A backup, or a folder of them: then the newest.")  # fmt: skip
@option("--without-key", is_flag=True,
              help="Restore although the key of buyers' personal numbers is lost.")  # fmt: skip
def restore(out: Output, merchant: str, merchants: Path, folder: Path, without_key: bool) -> None:
    """Put a backup in the place of the database, which is kept beside it.

    What was posted since the backup stands in Fortnox; the next run finds it there and takes it
    over, or parks the item and says why: nothing is posted twice. Tokens stay as they are.
    """
    from ..show.page import Page, Text
    from ..store import backup as backups
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    told, where = backups.found_in(folder, found.name)
    aside = backups.restore(
        found.database, found.settings["environment"], told, where, SystemClock().now(),
        without_key=without_key,
    )  # fmt: skip
    lines: Page = [Text(f"Restored {found.name} {told.moment}, from {where}.")]
    if aside:
        lines.append(Text(f"The database that was there is {aside} now."))
    lines.append(Text(
        f"Next: qliro-fortnox run {merchant}. What was posted since stands in Fortnox, and is "
        "found there."
    ))  # fmt: skip
    out.page(lines)
    out.data({"restored": str(where), "kept": str(aside) if aside else None, **asdict(told)})
