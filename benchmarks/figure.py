"""What a benchmark tells: a figure beside its yardstick, measured in the same run."""

from __future__ import annotations

import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

UNIT = 2**20 if sys.platform == "darwin" else 1024  # of ru_maxrss, a MiB


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` and ``yardstick`` as printed, ``ratio`` of the two, and what is wanted of it."""

    name: str
    value: str
    yardstick: str
    ratio: float
    wanted: str
    holds: bool


def high_water(process: int | str = "self") -> float:
    """MiB that this process held at most, or another on Linux.

    As Linux tells it where it does: a child's ``ru_maxrss`` begins at its parent's.
    """
    status = Path(f"/proc/{process}/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+)", status.read_text("utf-8"))):
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT


def processor_seconds() -> float:
    """Of this process and those that it started and that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
