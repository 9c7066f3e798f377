"""A sandbox that goes on where it ended: the writes of its callers, kept in a file and done again.

Reads and writes JSON lines of the requests that changed something, in their order. Made with the
same seed and day and given the same writes, a world is the same to the last digit.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from .answer import answer
from .world.exchange import Request
from .world.world import World


class _Write(msgspec.Struct):
    at: datetime
    method: str
    path: str
    query: str
    body: str


def keep(world: World, path: Path) -> None:
    """Write down what callers changed; the file is replaced at once or not at all."""
    writes = [
        _Write(entry.at, entry.method, entry.path, entry.query, entry.body)
        for entry in world.journal
        if entry.effect is not None and not entry.path.startswith("/oauth-v1/")
    ]
    half = path.with_name(f"{path.name}.half")
    half.write_bytes(b"".join(msgspec.json.encode(write) + b"\n" for write in writes))
    half.replace(path)


def restore(world: World, path: Path) -> int:
    """Do again what the file holds, each write at its own time; how many there were.

    The world's clock is left at the last of them.
    """
    if not path.exists():
        return 0
    lines = path.read_bytes().splitlines()
    required, limit = world.access.required, world.limits.rate_limit
    world.access.required, world.limits.rate_limit = False, None
    try:
        for line in lines:
            write = msgspec.json.decode(line, type=_Write)
            world.clock.set(write.at)
            answer(world, Request(write.method, write.path, write.query, {}, write.body.encode()))
    finally:
        world.access.required, world.limits.rate_limit = required, limit
    return len(lines)
