"""The commit group between the receiver and the inboxes: many pushes that wait share one sync of
the disk.

Whatever comes for a merchant while its last batch is being written makes the next batch; each push
is told when its own batch is on the disk. Merchants do not wait for each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .inbox import Inbox

# Inboxes that are written at the same time.
WRITERS = 8


class CommitGroup:
    """The inboxes of all merchants, by name; used from one event loop, closed at the end."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._inboxes = {name: Inbox(folder) for name, folder in folders.items()}
        self._waiting: dict[str, list[tuple[bytes, asyncio.Future[None]]]] = {}
        self._writing: dict[str, asyncio.Task[None]] = {}
        self._failed: set[str] = set()
        self._pool = ThreadPoolExecutor(WRITERS, "inbox")
        self.waiting = 0

    async def keep(self, name: str, line: bytes) -> None:
        """Return when ``line`` is on the disk. Raises OSError when it may not be."""
        loop = asyncio.get_running_loop()
        kept = loop.create_future()
        self._waiting.setdefault(name, []).append((line, kept))
        if name not in self._writing:
            self._writing[name] = loop.create_task(self._write(name))
        self.waiting += 1
        try:
            await kept
        finally:
            self.waiting -= 1

    async def ill(self) -> bool:
        """Whether an inbox whose last batch failed still takes nothing, which is tried now."""
        for name in sorted(self._failed):
            try:
                await self.keep(name, b"\n")
            except OSError:
                return True
        return False

    def sizes(self) -> dict[str, int]:
        """The bytes of each inbox on the disk."""
        return {name: inbox.size() for name, inbox in self._inboxes.items()}

    def close(self) -> None:
        """Give all segments up; what was not answered is sent again."""
        self._pool.shutdown()
        for inbox in self._inboxes.values():
            inbox.close()

    async def _write(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            while batch := self._waiting.pop(name, None):
                lines = [line for line, _ in batch]
                failure: Exception | None = None
                try:
                    await loop.run_in_executor(self._pool, self._inboxes[name].add, lines)
                    self._failed.discard(name)
                except Exception as error:  # whatever it is, who waits is told
                    self._failed.add(name)
                    failure = error
                for _, kept in batch:
                    if kept.done():
                        continue
                    if failure is None:
                        kept.set_result(None)
                    else:
                        kept.set_exception(failure)
        finally:
            del self._writing[name]
