"""One writer at a time: a file that the kernel unlocks when its process ends, however it ends.

Holds ``<merchant>.lock`` open, and writes into it which process does.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import BusyError, UsageError


@contextmanager
def locked(path: Path, merchant: str) -> Iterator[None]:
    """A lock that the kernel frees when the process ends, however it ends."""
    if path.exists() and not path.is_file():
        what = f"{path} is to be the lock of {merchant}'s runs, and is no file."
        raise UsageError(what, "Move it away.")
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = lock_holder(path)
            raise BusyError(
                f"Another run of {merchant} is under way (process {holder or 'unknown'}); nothing "
                "was done.",
                "Try again when it has ended.",
            ) from None
        except OSError as error:
            raise UsageError(
                f"{path} can't be locked ({error.strerror}), so that two runs could not be kept "
                "apart.",
                "Name a folder on a disk that can lock files in state.",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def lock_holder(path: Path) -> int | None:
    """The process that has written itself into a lock; None where nothing that can be one stands
    there."""
    with suppress(OSError), path.open("rb") as file:
        found = re.fullmatch(rb"\s*([1-9][0-9]{0,9})\s*", file.read(20))
        number = int(found[1]) if found else 0
        return number if 0 < number < 2**31 else None
    return None
