"""Carries actions out, exactly once, at the pace that the API allows.

Reads actions and the ledger; writes an event before and after each request: the intent with its
exact bytes, then the answer. A request whose outcome is not known is never repeated before the
target was asked, after the settle delay, whether the document is there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from ..clock import Clock
from ..error_catalogue import Catalogue
from ..language.targets import Request, target
from ..store.database import Store
from ..store.ledger import Action
from ..transport.http import Answer, Api
from . import search
from .landing import Landing
from .queue import LEAVES_WITHIN, Delivery, Queue, Task
from .search import Seen

# The intents of several writes are written down together, with the answers that came meanwhile: for
# a database a commit is dear and its rows are cheap. After a crash each of them is looked for, so
# there are no more than leave in about a second, nor than MOST_AHEAD beyond those under way.
MOST_AHEAD = 32
SOON, LATE = 1.0, 2.0
# An answer is written down so many seconds after it came at the latest, whatever else comes.
KEPT_FOR = 1.0
# An intent that has had no turn for so many seconds is called off, and written down anew.
STALE = LEAVES_WITHIN / 2


def deliver(
    store: Store,
    run: str,
    actions: Iterable[Action],
    apis: Mapping[str, Api],
    clock: Clock,
    catalogue: Catalogue,
    *,
    settle_delay: float,
    parallel: int,
    stop: threading.Event,
    on_progress: Callable[[int, int], None] | None = None,
    create: bool = True,
    locked_at: datetime | None = None,
) -> Delivery:
    """Deliver each action's remaining steps, in order; actions on one invoice one after the other.

    ``apis`` by the system that a target is of, ``fortnox`` or ``qliro``. ``settle_delay`` in
    seconds; ``parallel`` requests at a time at most, the limiter of each API paces them. Setting
    ``stop`` ends cleanly after the requests in flight. With ``create`` False no document is
    created: those that were begun are looked for and finished, and one that is not there is left to
    be planned anew. ``locked_at`` is when this run got the merchant's lock, so that no earlier one
    can send any more. An AccessError or UnavailableError is the report's ``failure``; what came
    before it stands in the ledger and in the report.
    """
    queue = Queue(store, run, clock, settle_delay, on_progress, create, locked_at)
    queue.load(actions if isinstance(actions, Sequence) else list(actions))
    _Courier(queue, apis, catalogue, parallel, stop).work()
    return queue.report


class _Courier:
    """Requests under way. They run in threads; every write to the store is the caller's own."""

    def __init__(
        self,
        queue: Queue,
        apis: Mapping[str, Api],
        catalogue: Catalogue,
        parallel: int,
        stop: threading.Event,
    ) -> None:
        self.queue, self.apis = queue, apis
        self.parallel, self.stop, self.clock = parallel, stop, queue.clock
        self.landing = Landing(queue, catalogue, parallel)
        self.flying: dict[Future[Answer | Seen], Task] = {}
        self.landed: SimpleQueue[Future[Answer | Seen]] = SimpleQueue()
        self.ahead = 0  # how many intents beyond the next are written down together
        self.intended_at = self.clock.now()
        self.leave_by = self.intended_at
        self.written_at = self.clock.monotonic()

    # -- the loop -------------------------------------------------------------------------------

    def work(self) -> None:
        """Send what is ready, look for what is due, until nothing is left or told to stop."""
        queue = self.queue
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="deliver") as pool:
            self._write_down()
            while True:
                halted = self.stop.is_set() or queue.report.failure is not None
                if halted:
                    queue.call_off("the run ended before its turn")
                else:
                    self._launch(pool)
                if self.flying:
                    self._land()
                elif halted or not queue.has_left():
                    break
                elif queue.later and not (queue.looks or queue.follows or queue.ready):
                    self._wait_until(queue.later[0][0])
        queue.write_down()
        queue.report.stopped = self.stop.is_set() and queue.has_left()
        queue.report.unknown += queue.unseen()

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        """Fill every thread; what is to be written was written down as intended before."""
        queue = self.queue
        queue.wake()
        while len(self.flying) < self.parallel:
            if queue.looks:
                task = queue.looks.popleft()
                self._fly(task, pool.submit(self._look, task))
                continue
            if not (queue.intended or queue.follows or queue.ready):
                break
            if not queue.intended or self._since_intents() > STALE:
                self._intend()
            task, request = queue.intended.popleft()
            system = target(task.action.target).system
            self._fly(task, pool.submit(self._send, system, request, self.leave_by))

    def _fly(self, task: Task, flight: Future[Answer | Seen]) -> None:
        self.queue.report.requests += 1
        self.flying[flight] = task
        flight.add_done_callback(self.landed.put)

    def _intend(self) -> None:
        """Write down the next intents: more of them when the last ones left soon."""
        queue = self.queue
        queue.call_off("its turn came too late")
        took = self._since_intents()
        if took < SOON:
            self.ahead = min(2 * self.ahead + 1, MOST_AHEAD)
        elif took > LATE:
            self.ahead //= 2
        free = self.parallel - len(self.flying)
        queue.intend(free + self.ahead)
        self.written_at, self.intended_at = self.clock.monotonic(), self.clock.now()
        self.leave_by = self.intended_at + timedelta(seconds=LEAVES_WITHIN)

    def _since_intents(self) -> float:
        return (self.clock.now() - self.intended_at).total_seconds()

    def _write_down(self) -> None:
        self.queue.write_down()
        self.written_at = self.clock.monotonic()

    def _wait_until(self, due: datetime) -> None:
        self._write_down()
        while not self.stop.is_set():
            left = (due - self.clock.now()).total_seconds()
            if left <= 0:
                return
            self.clock.sleep(min(left, 0.5))

    # -- requests: in threads of their own, without a look at the store ----------------------------

    def _send(self, system: str, request: Request, leave_by: datetime) -> Answer:
        body = request.body.encode() if request.body is not None else None
        return self.apis[system].send(
            request.method, request.path, request.query, body, leave_by=leave_by
        )

    def _look(self, task: Task) -> Seen:
        """The reads that tell whether a step was carried out."""
        aim, progress = target(task.action.target), self.queue.progress[task.action.action]
        api = self.apis[aim.system]
        if task.step != "create":
            return search.read(api, aim, progress.number or "")
        return search.created(
            api, task.action, progress.sent_at["create"], self.queue.owned[task.action.target]
        )

    # -- answers ----------------------------------------------------------------------------------

    def _land(self) -> None:
        """Wait for an answer, and take down what it means; it is written down with the next
        intents, or after a while."""
        try:
            future = self.landed.get(timeout=KEPT_FOR if self.queue.noted else None)
        except Empty:
            self._write_down()
            future = self.landed.get()
        self.landing.land(self.flying.pop(future), future)
        if self.clock.monotonic() - self.written_at > KEPT_FOR:
            self._write_down()
