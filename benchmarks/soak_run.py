"""One command of this program as the soak starts it: a process of its own, in scaled time.

``python -m benchmarks.soak_run FOLDER COMMAND…`` is ``qliro-fortnox COMMAND…`` whose clock is the
one in ``FOLDER/clock``, which the sandbox goes by too. It loads nothing that the command does not.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from engine.clock import STOCKHOLM, SystemClock

START = datetime(2026, 1, 8, 5, 0, tzinfo=STOCKHOLM)
SECRETS = {
    "QLIRO_API_KEY": "SANDBOX",
    "QLIRO_API_SECRET": "sandbox-secret",
    "QLIRO_PLUS_API_KEY": "SANDBOX-PLUS",
    "QLIRO_PLUS_API_SECRET": "sandbox-plus-secret",
    "FORTNOX_CLIENT_ID": "sandbox-client",
    "FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
}


class SharedClock:
    """One time for the sandbox and each run's process: seconds since ``START``, in a file that all
    of them map. It moves a little whenever somebody looks, else when it is told or slept on; under
    a lock, so that none undoes what another moved it by."""

    runs = False

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("d", 0.0))
        # Open as long as the process: its lock goes with a process that is killed.
        self._file = os.open(path, os.O_RDWR)
        self._memory = mmap.mmap(self._file, 8)
        self._threads = threading.Lock()

    def now(self) -> datetime:
        self.advance(0.001)
        return (START + timedelta(seconds=self.monotonic())).astimezone(STOCKHOLM)

    def monotonic(self) -> float:
        return float(struct.unpack("d", self._memory[:8])[0])

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._alone():
            self._memory[:8] = struct.pack("d", self.monotonic() + seconds)

    def set(self, moment: datetime) -> None:
        with self._alone():
            self._memory[:8] = struct.pack("d", (moment - START).total_seconds())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)


def main(folder: Path, arguments: list[str]) -> NoReturn:
    """Carry the command out, and end this process as it does."""
    shared = SharedClock(folder / "clock")
    SystemClock.now = lambda _: shared.now().astimezone(UTC)  # type: ignore[method-assign]
    SystemClock.monotonic = lambda _: shared.monotonic()  # type: ignore[method-assign]
    SystemClock.sleep = lambda _, seconds: shared.sleep(seconds)  # type: ignore[method-assign]
    from engine import start  # noqa: PLC0415  it listens to signals before it loads the rest

    sys.argv = ["qliro-fortnox", *arguments]
    start.main()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
