"""The copy of a merchant's database that readers have while a run is under way.

DuckDB lets nobody read a file that a writer has open. Reads ``<merchant>.duckdb`` when its writer
has closed it, brings ``<merchant>.last.duckdb`` to the same bytes by the parts that differ: a run
that appended little writes little, whatever was stored before.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

# What is compared at once, bytes. DuckDB's own sums of blocks tell no difference where words in a
# block have changed places, as they do: the content is compared.
PART = 65_536


def renew_copy(path: Path) -> None:
    """Leave the finished state beside the database, complete or not at all. The caller has its lock
    and has closed it."""
    copy, half = path.with_suffix(".last.duckdb"), path.with_suffix(".half")
    with suppress(OSError):  # a full disk must not turn a finished run into a failed one
        if not _is_newer(copy, path) and not _brought_up(path, copy, half):
            shutil.copyfile(path, half)
            half.chmod(0o600)
            half.replace(copy)
    with suppress(OSError):  # half a copy would keep the disk full
        half.unlink(missing_ok=True)


def _is_newer(copy: Path, path: Path) -> bool:
    """Whether nothing was written to the database since the copy was brought up: whoever writes has
    the lock that the caller has. Within one tick of the file system's clock both look alike."""
    try:
        one, other = copy.stat(), path.stat()
    except FileNotFoundError:
        return False
    return one.st_mtime_ns > other.st_mtime_ns and one.st_size == other.st_size


def _brought_up(path: Path, copy: Path, half: Path) -> bool:
    """Write the blocks that differ into the copy; False where it can't be brought up so: there is
    none yet, somebody reads it, or there is no room for more of it."""
    with suppress(OSError), copy.open("r+b") as to, path.open("rb") as source:
        fcntl.lockf(to, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as DuckDB locks what it reads
        size = os.fstat(source.fileno()).st_size
        if size > os.fstat(to.fileno()).st_size:
            os.posix_fallocate(to.fileno(), 0, size)
        copy.replace(half)  # what is changed in part is no copy
        for start, end in different(source, to):
            os.pwrite(to.fileno(), os.pread(source.fileno(), end - start, start), start)
        os.ftruncate(to.fileno(), size)
        os.utime(to.fileno())
        half.replace(copy)
        return True
    return False


def different(source: BinaryIO, to: BinaryIO) -> Iterator[tuple[int, int]]:
    """The parts of the first file, as bytes from and to, that the second has not."""
    size = os.fstat(source.fileno()).st_size
    for start in range(0, size, PART):
        end = min(start + PART, size)
        if os.pread(source.fileno(), end - start, start) != os.pread(
            to.fileno(), end - start, start
        ):
            yield start, end
