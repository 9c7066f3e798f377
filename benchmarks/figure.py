"""What a benchmark tells: a figure beside its yardstick, measured in the same run."""

from __future__ import annotations

import re
import resource
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` and ``yardstick`` as printed, ``ratio`` of the two, and what is wanted of it."""

    name: str
    value: str
    yardstick: str
    ratio: float
    wanted: str
    holds: bool


def high_water() -> float:
    """MiB that this process held at most.

    As Linux tells it where it does: a child's ``ru_maxrss`` begins at its parent's.
    """
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+)", status.read_text("utf-8"))):
        return int(found[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
