"""The clock that a run is given: what time it is, and waiting. Nothing else reads the time.

Reads the machine's clock in ``SystemClock``; ``StoppedClock`` is for tests and replays, moves
only when told or waited on, and so makes every run deterministic.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")


class Clock(Protocol):
    """Time as the stages see it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, for pacing."""

    def sleep(self, seconds: float) -> None:
        """Wait; returns early only if the process is told to stop."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class StoppedClock:
    """A clock that stands still until it is slept on or moved; safe to share between threads."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs a time with a zone")
        self._now = start.astimezone(UTC)
        self._seconds = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        with self._lock:
            return self._seconds

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._seconds += seconds


def today(clock: Clock) -> date:
    """The date in Stockholm, the zone that Fortnox and Qliro book in."""
    return clock.now().astimezone(STOCKHOLM).date()
