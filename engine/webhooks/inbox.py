"""The inbox: a folder of segments, files of one line a push, between the receiver and a sync.

A receiver holds a lock on the segment that it writes and syncs it to disk before any push in it is
answered. A sync reads whole lines from where it last ended, of locked segments too, and removes
those that nobody writes any more. Neither waits for the other.
"""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..store.files import sync_folder

SUFFIX = ".pushes"
# A segment that has grown to so many bytes is given up for a new one.
LARGEST_SEGMENT = 4 * 1024 * 1024
FULL = (errno.ENOSPC, errno.EDQUOT)


class Inbox:
    """One merchant's inbox, open for adding; one thread at a time. ``folder`` is made at need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._segment: int | None = None

    def add(self, lines: Sequence[bytes]) -> None:
        """Append ``lines``, each with its end, and return when they are on the disk.

        Raises OSError when that is not certain: then none of them may be answered, and those that
        a sync finds nevertheless do no harm.
        """
        written = 0
        try:
            segment = self._open()
            whole = memoryview(b"".join(lines))
            while written < len(whole):
                written += os.write(segment, whole[written:])
            os.fsync(segment)
            if os.fstat(segment).st_size >= LARGEST_SEGMENT:
                self.close()
        except OSError as error:
            # What follows half a line would be lost with it. A disk that is full takes files still:
            # it must not get one for each push that it does not take.
            if written or error.errno not in FULL:
                self.close()
            raise

    def size(self) -> int:
        """The bytes of all segments that are there, drained or not; 0 when it can't be told."""
        with suppress(OSError):  # a sync removes them meanwhile
            return sum(path.stat().st_size for path in self.folder.glob(f"*{SUFFIX}"))
        return 0

    def close(self) -> None:
        """Give the segment up: the next sync reads its rest and removes it."""
        if self._segment is not None:
            with suppress(OSError):
                os.close(self._segment)
            self._segment = None

    def _open(self) -> int:
        if self._segment is not None:
            if os.fstat(self._segment).st_nlink:
                return self._segment
            self.close()  # somebody has removed it
        while True:
            segment = self._made()
            fcntl.flock(segment, fcntl.LOCK_EX)
            if os.fstat(segment).st_nlink:
                break
            os.close(segment)  # a sync took it for an abandoned one before it was locked
        self._segment = segment
        try:
            sync_folder(self.folder)
        except OSError:
            self.close()
            raise
        return segment

    def _made(self) -> int:
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self.folder.parent)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        return os.open(self.folder / name, flags, 0o600)


@dataclass(frozen=True, slots=True)
class Portion:
    """What is new in a segment: its whole lines, without ends, and the offset behind them."""

    segment: str
    lines: tuple[bytes, ...]
    end: int


def segments(folder: Path) -> list[str]:
    """The names of the segments that are there, oldest first."""
    return sorted(path.name for path in folder.glob(f"*{SUFFIX}"))


def portions(folder: Path, read_to: Mapping[str, int]) -> Iterator[Portion]:
    """What came since each segment was read up to ``read_to``, an offset in bytes by segment.

    A line without its end is being written, or was cut off by a crash: nobody has been answered.
    """
    for name in segments(folder):
        begin = read_to.get(name, 0)
        whole = _whole_lines(folder / name, begin)
        if whole:
            lines = tuple(line for line in whole.split(b"\n") if line)
            yield Portion(name, lines, begin + len(whole))


def remove_finished(folder: Path, read_to: Mapping[str, int]) -> None:
    """Remove segments that nobody writes and that have been read to their last whole line."""
    for name in segments(folder):
        path = folder / name
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            if not _whole_lines(path, read_to.get(name, 0)):
                path.unlink()


def _whole_lines(path: Path, begin: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        found = file.read()
    return found[: found.rfind(b"\n") + 1]
