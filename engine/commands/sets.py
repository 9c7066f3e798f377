"""Commands for those who write mapping sets: schemas for editors, files of version 1 brought over.

Parse arguments, call ``engine.language`` and print.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..merchant.mapping_sets import DEFAULT, folder_of
from ..show.output import Output
from . import command
from .command import EXIT_CODES, option, shared

if TYPE_CHECKING:
    from ..language.migrate import Moved


@click.command(epilog=EXIT_CODES)
@option("--out", "folder", type=command.FOLDER, default=Path("schemas"), metavar="FOLDER",
              help="Write them here.")  # fmt: skip
@option("--set", "mapping_set", default=DEFAULT, metavar="SET",
              help="The set that overlays are for: its name, a path, or a package.")  # fmt: skip
@shared
def schemas(out: Output, folder: Path, mapping_set: str) -> None:
    """Write the JSON Schemas that editors read: keys, fields, filters and settings, explained.

    A file names its own in its first line, with a path from itself:
    # yaml-language-server: $schema=../schemas/mapping.schema.json

    A file of an overlay names overlay.schema.json, which is made for one set: it knows its values
    and the ids of its items.
    """
    from ..doctor.lint import whole_set
    from ..language.editor import write
    from ..show.page import Text

    written = write(folder, whole_set(folder_of(mapping_set, Path()), None))
    out.page([Text(f"Wrote {', '.join(one.name for one in written)} into {folder}.")])
    out.data({"files": [str(one) for one in written]})


@click.command(epilog=EXIT_CODES)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@option("--set", "mapping_set", metavar="SET",
              help="The set that FOLDER is an overlay of: its name, a path, or a package.  "
                   f"[default: {DEFAULT}, where FOLDER is no set of its own]")  # fmt: skip
@option("--write", "writes", is_flag=True, help="Write the files; without it they are only shown.")
@shared
def migrate(out: Output, folder: Path, mapping_set: str | None, writes: bool) -> None:
    """Bring a mapping set or an overlay of version 1 of the language over to version 2.

    Shows what becomes of each file. Comments and every other byte stay, items get ids, and an
    overlay says what it adds, replaces and removes. What the files mean is held against what they
    meant before, item for item; what can't be said the same way is refused with file and line, and
    nothing is written then.
    """
    from ..language.migrate import looks_whole, migrated

    alone = mapping_set is None and looks_whole(folder)
    moved = migrated(folder, None if alone else folder_of(mapping_set or DEFAULT, Path()))
    if writes:
        _write(folder, moved)
    out.data(
        {
            "files": [{"file": str(folder / one.name), "diff": one.diff()} for one in moved],
            "overlay_of": None if alone else mapping_set or DEFAULT,
            "written": writes,
        }
    )
    if out.json:
        return
    for one in moved:
        out.line(one.diff())
    what = "a set of its own" if alone else f"an overlay of {mapping_set or DEFAULT}"
    if not moved:
        out.line(f"Every file of {folder} is in version 2.")
        return
    again = f" --set {mapping_set}" if mapping_set else ""
    files = f"{len(moved)} file{'' if len(moved) == 1 else 's'} of {folder}, {what}"
    out.line(
        f"{files}: written in version 2." if writes else
        f"{files}: this is what they would become. Nothing is written; to write it: "
        f"qliro-fortnox migrate {folder}{again} --write"
    )  # fmt: skip


def _write(folder: Path, moved: Iterable[Moved]) -> None:
    """Write the files, each whole or not at all."""
    for one in moved:
        path = folder / one.name
        half = path.with_name(f"{path.name}.half")
        half.write_bytes(one.after.encode())
        if path.exists():
            shutil.copymode(path, half)
        os.replace(half, path)
