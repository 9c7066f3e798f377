"""Work in other processes: in order, nothing lost, and an end of one of them is told of."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import FileError, ItemError, Place, StoppedError
from engine.workers import AHEAD, Workers, for_cores


def tens(factor: int) -> dict[str, int]:
    """What each process of these tests holds."""
    return {"factor": factor}


def times(state: dict[str, int], number: int) -> int:
    """A portion's result; the first takes longest."""
    if number == 0:
        time.sleep(0.2)
    return number * state["factor"]


def fails_at_three(_state: dict[str, int], number: int) -> int:
    """As work fails on what it was given."""
    if number == 3:
        place = Place("orders/new_order.yaml", 7, 3)
        raise ItemError("It can't be had.", "Mend it.", "can't be had", place, "new_order")
    return number


def breaks(_state: dict[str, int], _number: int) -> int:
    """As a fault of this program's own would end."""
    return _state["nothing"]


def is_killed(_state: dict[str, int], number: int) -> int:
    """As the system ends a process when memory runs out."""
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def cores(_state: dict[str, int], _number: int) -> int:
    """How many processes would be started from such a one."""
    return for_cores()


def unset() -> None:
    """A setup that finds its files wrong."""
    raise FileError.at("orders/new_order.yaml", 7, 3, "unknown-key", "no such key")


def test_results_come_in_the_order_of_the_portions() -> None:
    with Workers(2, tens, 10) as workers:
        assert list(workers.each(times, range(9))) == [10 * number for number in range(9)]
        assert list(workers.each(times, [])) == []


def test_without_another_process_it_is_the_same() -> None:
    with Workers(0, tens, 10) as workers:
        assert list(workers.each(times, range(1, 9))) == [10 * number for number in range(1, 9)]
        assert workers.started == []


def test_who_may_start_no_others_is_told_of_none() -> None:
    with Workers(1, tens, 10) as workers:
        assert list(workers.each(cores, [0])) == [0]


def test_portions_are_taken_only_a_few_ahead() -> None:
    taken = []

    def portions() -> Iterator[int]:
        for number in range(1, 50):
            taken.append(number)
            yield number

    with Workers(1, tens, 10) as workers:
        made = workers.each(times, portions())
        assert next(made) == 10
        assert len(taken) == AHEAD


def test_an_error_of_the_work_arrives_with_all_that_it_says() -> None:
    with Workers(2, tens, 1) as workers:
        made = workers.each(fails_at_three, range(20))
        assert [next(made) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ItemError) as caught:
            next(made)
        assert caught.value.told() == "can't be had (new_order; orders/new_order.yaml:7)"
        assert (caught.value.message, caught.value.remedy) == ("It can't be had.", "Mend it.")
        assert list(workers.each(times, [5])) == [5]


def test_a_fault_is_told_with_its_place() -> None:
    with Workers(1, tens, 1) as workers, pytest.raises(KeyError) as caught:
        list(workers.each(breaks, [1]))
    assert "in breaks" in "".join(caught.value.__notes__)


def test_files_that_are_wrong_are_the_callers_to_tell() -> None:
    with Workers(1, unset) as workers, pytest.raises(FileError, match="no such key") as caught:
        list(workers.each(times, [1]))
    assert caught.value.exit_code == 2


def test_a_process_that_is_killed_is_told_of_and_the_others_end_with_it() -> None:
    with Workers(2, tens, 1) as workers:
        with pytest.raises(StoppedError, match="ended by signal 9") as caught:
            list(workers.each(is_killed, range(50)))
        assert caught.value.exit_code == 75
    assert not any(process.is_alive() for process, _ in workers.started)


def test_it_is_told_too_when_it_was_ended_between_two_portions() -> None:
    with Workers(1, tens, 1) as workers:
        list(workers.each(times, [1]))
        workers.started[0][0].kill()
        workers.started[0][0].join()
        with pytest.raises(StoppedError, match="ended by signal 9"):
            list(workers.each(times, [1]))


KILLED = """
import os, signal, sys
sys.path.insert(0, {home!r})
if __name__ == "__main__":
    from engine.workers import Workers
    from tests.test_workers import tens, times
    with Workers(1, tens, 1) as workers:
        list(workers.each(times, [1]))
        print(workers.started[0][0].pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_ctrl_c_is_the_callers_alone() -> None:
    with Workers(1, tens, 1) as workers:
        os.kill(workers.started[0][0].pid or 0, signal.SIGINT)
        assert list(workers.each(times, [1])) == [1]


def test_when_the_caller_is_killed_none_of_them_stays(tmp_path: Path) -> None:
    script = tmp_path / "caller.py"
    script.write_text(KILLED.format(home=str(Path.cwd())), "utf-8")
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:  # noqa: S603  our own
        assert caller.stdout is not None
        left = int(caller.stdout.readline())
    assert caller.returncode == -signal.SIGKILL
    for _ in range(100):
        if not _is_there(left):
            break
        time.sleep(0.05)
    assert not _is_there(left)


def _is_there(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and ") Z " not in state.read_text("utf-8")
