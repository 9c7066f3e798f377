"""The one limiter of a run: so many requests in a sliding window, evenly paced.

Every thread that is about to send waits here for its slot. Slots are spread over the window and
never bunched: a burst of 25 and another one 4.9 seconds later break a sliding window, one request
each 0.2 seconds does not (csharp-sdk#258).
"""

from __future__ import annotations

import threading
from collections import deque

from engine.clock import Clock

# Slots lie this much further apart than the limit would allow, so that requests which the network
# delays unevenly still arrive in order of the limit: 150 ms of slack over a window of 5 s.
SLACK = 1.03


class Limiter:
    """At most ``count`` requests in any ``seconds``; Fortnox allows 25 in 5 (developer pages)."""

    def __init__(self, clock: Clock, count: int = 25, seconds: float = 5.0) -> None:
        self._clock = clock
        self._window = seconds * SLACK
        self._interval = self._window / count
        self._slots: deque[float] = deque(maxlen=count)
        self._not_before = clock.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Sleep until this caller may send; gives the slot's time on the monotonic clock."""
        with self._lock:
            now = self._clock.monotonic()
            slot = max(now, self._not_before)
            if len(self._slots) == self._slots.maxlen:  # holds whatever the pace was before
                slot = max(slot, self._slots[0] + self._window)
            self._slots.append(slot)
            self._not_before = slot + self._interval
        # A clock may sleep a little short; a slot that is taken early breaks the limit.
        while (rest := slot - self._clock.monotonic()) > 0:
            before = self._clock.monotonic()
            self._clock.sleep(rest)
            if self._clock.monotonic() - before < rest / 2:
                break  # told to stop: what is in flight ends, nothing is paced any more
        return slot

    def slow_down(self) -> None:
        """A 429 came: nothing more is sent until a whole window has passed."""
        with self._lock:
            pause = self._clock.monotonic() + self._window
            self._not_before = max(self._not_before, pause)
