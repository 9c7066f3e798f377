"""The one limiter of a run: so many requests in a sliding window, no pause while it has room.

Every thread that is about to send waits here for its turn, and says when its request leaves. A
server that finds it too many all the same (429) gets the rest of the run at an even pace.
"""

from __future__ import annotations

import threading
from bisect import insort

from ..clock import Clock

# The window is taken this much longer than the server's, so that requests which the network delays
# unevenly still arrive in order of the limit: 150 ms of slack over a window of 5 s.
SLACK = 1.03


class Limiter:
    """At most ``count`` requests in any ``seconds``; Fortnox allows 25 in 5 (developer pages).

    Who goes to the limit in bursts may trip a window that is counted elsewhere, together with what
    others send in the company's name; one request each 0.2 seconds does not (csharp-sdk#258).
    """

    def __init__(self, clock: Clock, count: int = 25, seconds: float = 5.0) -> None:
        self._clock = clock
        self._count = count
        self._window = seconds * SLACK
        self._interval = 0.0
        self._turns: list[float] = []  # the last ``count`` of them, in order
        self._not_before = clock.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Sleep until this caller may send; gives its turn, a time on the monotonic clock."""
        with self._lock:
            turn = max(self._clock.monotonic(), self._not_before)
            if len(self._turns) == self._count:
                turn = max(turn, self._turns.pop(0) + self._window)
            insort(self._turns, turn)
            self._not_before = turn + self._interval
        # A clock may sleep a little short; a turn that is taken early breaks the limit.
        while (rest := turn - self._clock.monotonic()) > 0:
            before = self._clock.monotonic()
            self._clock.sleep(rest)
            if self._clock.monotonic() - before < rest / 2:
                break  # told to stop: what is in flight ends, nothing is paced any more
        return turn

    def leaves(self, turn: float) -> None:
        """The request that had this turn leaves only now: a token had to be fetched for it."""
        with self._lock:
            if turn in self._turns:
                self._turns.remove(turn)
                insort(self._turns, max(turn, self._clock.monotonic()))

    def slow_down(self) -> None:
        """A 429 came: nothing more is sent until a whole window has passed, and then evenly."""
        with self._lock:
            self._interval = self._window / self._count
            pause = self._clock.monotonic() + self._window
            self._not_before = max(self._not_before, pause)
