"""Work in other processes: portions go out one after the other, what is made of them comes back in
their order.

Each process is started anew (nothing is inherited but the arguments), holds what ``setup`` gave it,
and ends with the caller, however that ends. No connection to a database crosses: what a portion
needs is in it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

from .errors import QliroFortnoxError, StoppedError

State = TypeVar("State")
Portion = TypeVar("Portion")
Made = TypeVar("Made")
# For each process so many portions are out or made and not yet handed on: one that it works on, one
# that waits for it. More would only fill memory.
AHEAD = 2
Process = multiprocessing.context.SpawnProcess


# The caller, who reads for them and takes what they made, keeps no more of them busy.
MOST = 4


def may_start() -> bool:
    """Whether this process may start others: those of ``Workers`` may not."""
    return not multiprocessing.current_process().daemon


def for_cores() -> int:
    """How many processes it pays to start: one for each core, none where there is but one, or in a
    process that may start no others."""
    if not may_start():
        return 0
    linux = sys.platform == "linux"
    cores = len(os.sched_getaffinity(0)) if linux else os.cpu_count() or 1
    return min(cores, MOST) if cores > 1 else 0


class Workers:
    """``number`` processes, each with what ``setup(*arguments)`` gives there; to be used in a
    ``with`` block, at whose end they are ended. ``setup`` and what is asked of them are functions
    of modules, and all that goes there or comes back is pickled. With 0 of them it is all done
    here, when it is asked for.
    """

    def __init__(self, number: int, setup: Callable[..., Any], *arguments: Any) -> None:
        self.setup, self.arguments = setup, arguments
        self.idle: SimpleQueue[tuple[Process, Connection]] = SimpleQueue()
        self.started: list[tuple[Process, Connection]] = []
        self.number = number
        self.threads = ThreadPoolExecutor(number or 1)

    def __enter__(self) -> Workers:
        try:
            for _ in range(self.number):
                self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:  # fmt: skip
        self._end()

    def each(
        self, work: Callable[[State, Portion], Made], portions: Iterable[Portion]
    ) -> Iterator[Made]:
        """``work(state, portion)`` of each portion, in their order. Portions are taken in the
        caller's thread, a few ahead. Raises what ``work`` or ``setup`` raised, and StoppedError
        when a process was ended from outside."""
        if not self.number:
            state = self.setup(*self.arguments)
            yield from (work(state, portion) for portion in portions)
            return
        out: deque[Future[Made]] = deque()
        try:
            for portion in portions:
                out.append(self.threads.submit(self._ask, work, portion))
                if len(out) >= AHEAD * self.number:
                    yield out.popleft().result()
            while out:
                yield out.popleft().result()
        finally:
            for one in out:
                one.cancel()

    def _ask(self, work: Callable[[Any, Any], Any], portion: Any) -> Any:
        process, connection = worker = self.idle.get()
        try:
            connection.send((work, portion))
            went_well, made = connection.recv()
        except (EOFError, ConnectionError):
            raise _ended(process) from None
        finally:
            self.idle.put(worker)
        if not went_well:
            raise made
        return made

    def _start(self) -> None:
        here, there = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(there, self.setup, self.arguments), daemon=True
        )
        with _uninterrupted(), there:
            process.start()
        self.started.append((process, here))
        self.idle.put((process, here))

    def _end(self) -> None:
        """A process that waits for work ends by itself; one that is at work is not waited for."""
        for process, _ in self.started:
            process.terminate()
        self.threads.shutdown(cancel_futures=True)
        for process, connection in self.started:
            process.join()
            connection.close()


def _serve(connection: Connection, setup: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """What such a process does: until the caller is no longer there."""
    state, unset = None, None
    try:
        state = setup(*arguments)
    except Exception as error:  # the caller hears of it with the first answer
        unset = error
    gc.collect()
    gc.freeze()  # what is there now lives on, and is not looked at again
    while True:
        try:
            work, portion = connection.recv()
        except (EOFError, ConnectionError):
            return
        try:
            answer = (False, unset) if unset is not None else (True, work(state, portion))
        except Exception as error:
            if not isinstance(error, QliroFortnoxError):
                error.add_note("".join(traceback.format_tb(error.__traceback__)))
            answer = False, error
        try:
            connection.send(answer)
        except ConnectionError:
            return


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """What is started meanwhile hears no Ctrl-C: it ends with the caller, who does."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it starts with the first of them, and lets Ctrl-C in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ended(process: Process) -> StoppedError:
    process.join(timeout=1)
    code = process.exitcode
    how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
    return StoppedError(
        f"A process that took part in the work was ended {how}, perhaps for want of memory; "
        "nothing of this work was kept.",
        "Free some memory and run it again: it begins anew.",
    )
