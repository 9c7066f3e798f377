"""The copy of a merchant's database that readers have while a run is under way.

DuckDB lets nobody read a file that a writer has open. Reads ``<merchant>.duckdb`` when its writer
has closed it, brings ``<merchant>.last.duckdb`` to the same bytes by the parts that differ: a run
that appended little writes little, whatever was stored before. What the two files were when they
were the same is kept beside the state; where nobody else has touched them since, only what the
checkpoint after that may have written is compared.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from . import cache
from .blocks import Span, headers, may_differ

# What is compared at once, bytes. DuckDB's own sums of blocks tell no difference where words in a
# block have changed places, as they do: the content is compared.
PART = 65_536


class Same(NamedTuple):
    """A database and its copy as they were when they were the same: of each file the device, inode,
    size, when its content was changed and when anything of it was, in nanoseconds."""

    database: tuple[int, ...]
    copy: tuple[int, ...]


def last_same(path: Path) -> Same | None:
    """What is kept of a database and its copy, where neither was touched since; else None. Asked by
    who has the lock, before anything is written."""
    kept, now = cache.read(path.parent, _record(path)), _now(path)
    return now if now is not None and kept == _plain(now) else None


def renew_copy(path: Path, since: Same | None = None) -> None:
    """Leave the finished state beside the database, complete or not at all. The caller has its lock
    and has closed it; ``since`` is what ``last_same`` told when it was opened."""
    copy, half = _copy(path), path.with_suffix(".half")
    with suppress(OSError):  # a full disk must not turn a finished run into a failed one
        of = _touched(path)  # whoever writes to it meanwhile makes it another
        before = since if since is not None and _is_of(path, since) else None
        if not (before and _is_unwritten(path, before)) and not _brought_up(
            path, copy, half, is_of_before=before is not None
        ):
            shutil.copyfile(path, half)
            half.chmod(0o600)
            half.replace(copy)
        cache.write(path.parent, _record(path), _plain(Same(of, _touched(copy))))
    with suppress(OSError):  # half a copy would keep the disk full
        half.unlink(missing_ok=True)


def _copy(path: Path) -> Path:
    return path.with_suffix(".last.duckdb")


def _record(path: Path) -> str:
    return f"{path.stem}.copy"


def _plain(same: Same) -> list[list[int]]:
    return [list(same.database), list(same.copy)]


def _now(path: Path) -> Same | None:
    try:
        return Same(_touched(path), _touched(_copy(path)))
    except OSError:
        return None


def _touched(path: Path) -> tuple[int, ...]:
    told = path.stat()
    return (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)


def _is_of(path: Path, since: Same) -> bool:
    """Whether it is the same file still, and nobody has touched its copy."""
    now = _now(path)
    return now is not None and now.database[:2] == since.database[:2] and now.copy == since.copy


def _is_unwritten(path: Path, since: Same) -> bool:
    """Whether nothing was written to the database since; its mode may have been set."""
    if _touched(path)[:4] != since.database[:4]:
        return False
    with path.open("rb") as one, _copy(path).open("rb") as other:
        return headers(one) == headers(other)


def _brought_up(path: Path, copy: Path, half: Path, *, is_of_before: bool) -> bool:
    """Write the blocks that differ into the copy, which ``is_of_before`` where it was the same when
    the database was opened; False where it can't be brought up so: there is none yet, somebody
    reads it, or there is no room for more of it."""
    with suppress(OSError), copy.open("r+b") as to, path.open("rb") as source:
        fcntl.lockf(to, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as DuckDB locks what it reads
        size = os.fstat(source.fileno()).st_size
        if size > os.fstat(to.fileno()).st_size:
            os.posix_fallocate(to.fileno(), 0, size)
        spans = may_differ(source, to) if is_of_before else None
        copy.replace(half)  # what is changed in part is no copy
        for start, end in different(source, to, spans):
            os.pwrite(to.fileno(), os.pread(source.fileno(), end - start, start), start)
        os.ftruncate(to.fileno(), size)
        os.utime(to.fileno())
        half.replace(copy)
        return True
    return False


def different(
    source: BinaryIO, to: BinaryIO, spans: Iterable[Span] | None = None
) -> Iterator[Span]:
    """The parts of the first file, as bytes from and to, that the second has not; looked for in
    these spans, where any are given."""
    size = os.fstat(source.fileno()).st_size
    if spans is None:
        spans = ((start, min(start + PART, size)) for start in range(0, size, PART))
    for start, end in spans:
        if os.pread(source.fileno(), end - start, start) != os.pread(
            to.fileno(), end - start, start
        ):
            yield start, end
