"""The limiter never lets more through than allowed, and wastes next to nothing of it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.clock import StoppedClock
from engine.transport.limiter import Limiter


def stopped() -> StoppedClock:
    return StoppedClock(datetime(2026, 11, 16, tzinfo=UTC))


def most_in_window(moments: list[float], seconds: float) -> int:
    moments = sorted(moments)
    return max(sum(1 for m in moments if start <= m < start + seconds) for start in moments)


@given(
    st.lists(st.floats(0, 12), max_size=120),
    st.integers(1, 30),
    st.floats(0.05, 10),
)
def test_never_more_than_allowed_in_any_window(
    pauses: list[float], count: int, seconds: float
) -> None:
    clock = stopped()
    limiter = Limiter(clock, count, seconds)
    moments = []
    for pause in [*pauses, *[0.0] * 40]:
        clock.sleep(pause)
        limiter.wait()
        moments.append(clock.monotonic())
    assert most_in_window(moments, seconds) <= count


def test_at_full_pace_at_least_95_percent_of_the_rate_is_used() -> None:
    clock = stopped()
    limiter = Limiter(clock)
    sent = 0
    while True:
        limiter.wait()
        if clock.monotonic() >= 60:
            break
        sent += 1
    assert sent >= 0.95 * 300


def test_requests_go_without_a_pause_while_the_window_has_room() -> None:
    clock = stopped()
    limiter = Limiter(clock)
    assert [limiter.wait() for _ in range(25)] == [0.0] * 25
    assert limiter.wait() > 5.0


def test_the_window_has_room_again_as_each_request_leaves_it() -> None:
    clock = stopped()
    limiter = Limiter(clock, 3, 5.0)
    for _ in range(3):
        limiter.wait()
        clock.sleep(1.0)
    turns = [limiter.wait() for _ in range(3)]
    assert [round(turn, 2) for turn in turns] == [5.15, 6.15, 7.15]


def test_a_request_counts_from_when_it_left_and_not_from_its_turn() -> None:
    """The first of a run fetch a token: the server sees them a second after they had their turn."""
    clock = stopped()
    limiter = Limiter(clock, 2, 5.0)
    turns = [limiter.wait(), limiter.wait()]
    clock.sleep(1.0)
    for turn in turns:
        limiter.leaves(turn)
    assert limiter.wait() == 1.0 + 5.0 * 1.03


def test_after_a_429_nothing_is_sent_for_a_whole_window() -> None:
    clock = stopped()
    limiter = Limiter(clock)
    limiter.wait()
    limiter.slow_down()
    assert limiter.wait() >= 5.0


def test_after_a_429_requests_are_spread_over_the_window_and_not_bunched() -> None:
    """The server counts more than this run sends: another burst would be refused like the first."""
    clock = stopped()
    limiter = Limiter(clock)
    limiter.wait()
    limiter.slow_down()
    turns = [limiter.wait() for _ in range(30)]
    assert min(b - a for a, b in pairwise(turns)) >= 0.2


def test_threads_share_one_pace() -> None:
    clock = stopped()
    limiter = Limiter(clock)
    slots: list[float] = []

    def work() -> None:
        slots.extend(limiter.wait() for _ in range(25))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slots) == 100
    assert most_in_window(slots, 5.0) <= 25
