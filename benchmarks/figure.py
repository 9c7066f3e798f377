"""What a benchmark tells: a figure beside its yardstick, measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` and ``yardstick`` as printed, ``ratio`` of the two, and what is wanted of it."""

    name: str
    value: str
    yardstick: str
    ratio: float
    wanted: str
    holds: bool
