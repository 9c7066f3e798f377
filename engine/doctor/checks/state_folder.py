"""The state folder: a file can be written there, its disk is not nearly full, nobody else reads it.

Writes an empty file beside the database and removes it; reads modes and the space that is left.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..context import Context
from ..result import Result, error, ok, warning

MB = 1024 * 1024
# A run keeps every answer, and leaves a copy of the database for readers.
LEAST_FREE = 200 * MB
COMFORTABLE = 1024 * MB


def run(context: Context) -> Iterator[Result]:
    database = context.merchant.database
    folder = _existing(database.parent)
    place = context.place("state")
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            pass
    except OSError as refused:
        yield error(
            f"Nothing can be written in {folder} ({refused.strerror}).",
            "Without its database this program does not know what it has posted, so no run starts.",
            "Give the user that runs this program the folder, or name another in state.",
            place,
        )
        return
    size = database.stat().st_size if database.exists() else 0
    free = context.free(folder)
    if free < LEAST_FREE + size:
        yield error(
            f"The disk of {folder} has {free // MB} MB left.",
            f"A run needs room for what it fetches and for a copy of the database ({size // MB} "
            "MB); on a full disk it stops, and pushes are not taken.",
            f"Free at least {(LEAST_FREE + size) // MB} MB, or name a folder on another disk in "
            "state.",
            place,
        )
    elif free < COMFORTABLE + 2 * size:
        yield warning(
            f"The disk of {folder} has {free // MB} MB left.",
            f"The database grows with every run and is copied after it ({size // MB} MB now).",
            f"See that {(COMFORTABLE + 2 * size) // MB} MB stay free.",
            place,
        )
    else:
        yield ok(f"The state folder can be written, and its disk has {free // MB} MB left.")
    if database.exists() and (mode := stat.S_IMODE(database.stat().st_mode)) & 0o077:
        yield warning(
            f"{database} can be read by others (mode {mode:04o}).",
            "It holds names and amounts of buyers.",
            f"Close it: chmod 600 {database}",
            place,
        )


def _existing(folder: Path) -> Path:
    """The folder, or the one in which a run would make it."""
    folder = Path(os.path.abspath(folder))
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
