"""Files that outlive a crash of the machine: on the disk before anything is said of them.

What tokens, keys, pushes and backups share.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def sync_folder(folder: Path) -> None:
    """A file that is new in a folder, or has another name there, outlives a crash only when the
    folder has been synced."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def private(path: Path) -> BinaryIO:
    """The file, empty, to be written by and for its owner alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner alone: it is there whole, on the disk, or not at all."""
    half = path.with_name(f"{path.name}.half")
    with private(half) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    sync_folder(path.parent)


@contextmanager
def private_files() -> Iterator[None]:
    """Files made meanwhile are this user's alone; DuckDB makes its log by itself."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
