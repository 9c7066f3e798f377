"""Carries actions out, exactly once, at the pace that the API allows.

Reads actions and the ledger; writes an event before and after each request: the intent with its
exact bytes, then the answer. A request whose outcome is not known is never repeated before the
target was asked, after the settle delay, whether the document is there.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

from ..clock import Clock
from ..error_catalogue import NAMES, ApiError, Catalogue, look_up, sentence
from ..errors import AccessError, QliroFortnoxError, UnavailableError
from ..language.targets import Request, target
from ..store.database import Store
from ..store.ledger import Action, Event
from ..transport.answers import created, refusal, shown, unwrapped, without_personal
from ..transport.http import Answer, Api, Lost, NotSent
from ..transport.refusals import access_error
from . import search
from .queue import LEAVES_WITHIN, Delivery, Queue, Task
from .search import Seen

# A server that leaves this many writes in a row without a usable answer gets no more of them in
# this run.
MOST_LOST = 5
# How often in a row, for each request that may be under way, a connection may fail to be made, and
# how often the server may ask for a slower pace. The limiter waits a window after each 429.
MOST_NOT_SENT = 4
MOST_SLOWED = 10
# A step that was sent so often in one run, and never arrived, is left to a person.
MOST_TRIES = 3
# A look-up that can't be read is asked again so often, and so often what the target is still at
# (after 1, 2, 4, … seconds).
MOST_LOOKS = 3
MOST_POLLS = 4
# What can't be told apart from what was sent, although all of it could be read, for so long.
UNCLEAR_FOR = timedelta(days=1)


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
    queue.load(list(actions))
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
        self.queue, self.apis, self.catalogue = queue, apis, catalogue
        self.parallel, self.stop, self.clock = parallel, stop, queue.clock
        self.flying: dict[Future[Answer | Seen], Task] = {}
        self.lost_in_a_row = self.not_sent_in_a_row = self.slowed_in_a_row = 0
        self.tries: Counter[tuple[str, str]] = Counter()
        self.looks: Counter[tuple[str, str]] = Counter()

    # -- the loop -------------------------------------------------------------------------------

    def work(self) -> None:
        """Send what is ready, look for what is due, until nothing is left or told to stop."""
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="deliver") as pool:
            self.queue.write_down()
            while True:
                halted = self.stop.is_set() or self.queue.report.failure is not None
                if not halted:
                    self._launch(pool)
                if self.flying:
                    for future in wait(self.flying, return_when=FIRST_COMPLETED).done:
                        self._land(self.flying.pop(future), future)
                    self.queue.write_down()
                elif halted or not (self.queue.ready or self.queue.later):
                    break
                elif not self.queue.ready:
                    self._wait_until(self.queue.later[0][0])
        self.queue.write_down()
        left = self.queue.left()
        self.queue.report.stopped = self.stop.is_set() and bool(left)
        self.queue.report.unknown += [task.action.action for task in left if task.lookup]

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        self.queue.wake()
        leaving: list[tuple[Task, Request | None]] = []
        while self.queue.ready and len(self.flying) + len(leaving) < self.parallel:
            task = self.queue.ready.popleft()
            self.queue.report.requests += 1
            request = None if task.lookup else self._request(task)
            if request is not None:
                id_, path = task.action.action, shown(request)
                self.queue.note(
                    task.action,
                    Event(id_, task.step, "sending", request.method, path, request.body),
                )
            leaving.append((task, request))
        self.queue.write_down()  # the intents are durable before anything leaves
        leave_by = self.clock.now() + timedelta(seconds=LEAVES_WITHIN)
        for task, request in leaving:
            flight: Future[Answer | Seen]
            if request is None:
                flight = pool.submit(self._look, task)
            else:
                system = target(task.action.target).system
                flight = pool.submit(self._send, system, request, leave_by)
            self.flying[flight] = task

    def _wait_until(self, due: datetime) -> None:
        while not self.stop.is_set():
            left = (due - self.clock.now()).total_seconds()
            if left <= 0:
                return
            self.clock.sleep(min(left, 0.5))

    # -- requests: in threads of their own, without a look at the store ----------------------------

    def _request(self, task: Task) -> Request:
        action, aim = task.action, target(task.action.target)
        if task.step == "create":
            return aim.create(action.document, action.action, task.without)
        number = self.queue.progress[action.action].number
        if number is None:
            raise RuntimeError(f"{action.action} has no number before {task.step}")
        return aim.follow(task.step, number, action.document)

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

    def _land(self, task: Task, future: Future[Answer | Seen]) -> None:
        try:
            answer = future.result()
        except NotSent as error:
            self._not_sent(task, str(error))
        except Lost as error:
            self._lost(task, str(error), error.left_at)
        except AccessError as error:
            self.queue.hold(task, error.message)
            self._fail(error)
        except UnavailableError as error:  # only a look-up retries by itself and gives up
            self.queue.hold(task, error.message)
            self._fail(error)
        else:
            if isinstance(answer, Seen):
                self._looked(task, answer)
            else:
                self._answered(task, answer)

    def _answered(self, task: Task, answer: Answer) -> None:
        aim = target(task.action.target)
        if 200 <= answer.status < 300:
            if task.step == "create":
                made = created(answer.body, aim, task.action.document)
                number, document = made or (None, None)
                good = made is not None
            else:
                number, document = None, unwrapped(answer.body, aim)
                good = document is not None and (
                    aim.repeatable(task.step) or aim.carried_out(task.step, document) is True
                )
            if good:
                self._useful()
                self.queue.shown[task.action.action] = document or {}
                self.queue.done(task, "done", number, answer)
                self.queue.go_on(task.action)
                return
        elif answer.status == 429:
            self._slowed(task)
            return
        elif 400 <= answer.status < 500 and answer.status != 408:
            error = refusal(answer, aim.system)
            if error is not None:
                self._useful()
                self._refused(task, answer, error)
                return
        self._lost(task, f"status {answer.status}", answer.sent_at, answer)

    def _refused(self, task: Task, answer: Answer, error: ApiError) -> None:
        """A definite no: nothing was done. Without access nothing else can succeed either."""
        aim = target(task.action.target)
        entry = look_up(error, self.catalogue)
        text = sentence(error, entry)
        no_access = access_error(aim.system, answer.status, answer.body)
        spared = () if task.step != "create" else aim.spared(task.action.document, error.message)
        fatal = no_access is not None or entry.fatal
        put_off = entry.retry == "later" and entry.known and aim.system == "qliro"
        self.queue.note(
            task.action,
            Event(task.action.action, task.step, "not-sent" if fatal or put_off else "refused",
                  status=answer.status, answer=without_personal(answer.body), note=text),
        )  # fmt: skip
        if fatal:  # not the document's fault: it is sent when there is access again
            self._fail(no_access or AccessError(text))
        elif spared and not task.without:  # nothing was done, so it may be sent again at once
            told = f"{' and '.join(spared)} (“{error.message}”)"
            self.queue.report.spared[task.action.action] = told
            self.queue.ready.appendleft(Task(task.action, task.step, without=spared))
        elif put_off:
            self.queue.report.later[task.action.action] = text
            self.queue.end(task.action)
        elif task.step != "create" or error.code in aim.calls["create"].get("already", ()):
            # Somebody else may have done it already.
            self.queue.ready.appendleft(Task(task.action, task.step, lookup=True, refusal=text))
        else:
            self.queue.report.refused[task.action.action] = text
            self.queue.end(task.action)

    def _looked(self, task: Task, seen: Seen) -> None:
        """Decide from what the target showed: adopt, send again, or leave it to a person."""
        aim = target(task.action.target)
        documents = seen.documents
        if documents is None:
            self._unseen(task, seen)
        elif task.step != "create":
            self._looked_at_step(task, seen, next(iter(documents.values())))
        else:
            owned = self.queue.owned[task.action.target]
            found = [number for number in documents if number not in owned]
            if not found and task.refusal:
                self.queue.leave(task, task.refusal)
            elif not found:
                self._absent(task)
            elif len(found) > 1 + self.queue.twins(task.action):
                numbers = ", ".join(found)
                self.queue.undecided(task, f"several documents could be it: {numbers}")
            else:
                self.queue.done(task, "found", found[0], seen.answer)
                self.queue.shown[task.action.action] = documents[found[0]]
                for step in task.action.then:
                    if step != "confirm" and aim.carried_out(step, documents[found[0]]):
                        self.queue.note(task.action, Event(task.action.action, step, "found",
                                                            status=seen.answer.status))  # fmt: skip
                self.queue.go_on(task.action)

    def _looked_at_step(self, task: Task, seen: Seen, document: dict[str, Any]) -> None:
        """Whether the document shows what was to be done with it."""
        aim = target(task.action.target)
        if task.step == "confirm":
            self.queue.confirm(task, document, seen.answer)
            return
        carried_out = aim.carried_out(task.step, document)
        if carried_out:
            self.queue.done(task, "found", None, seen.answer)
            self.queue.go_on(task.action)
        elif aim.polls(task.step):
            self._polled(task, aim.failed(task.step, document))
        elif carried_out is None:
            self._unseen(task, seen)
        elif task.refusal:
            self.queue.leave(task, task.refusal)
        else:
            self._absent(task)

    def _unseen(self, task: Task, seen: Seen) -> None:
        """A look-up that can't tell: asked again, in this run or a later one, unless the target
        itself says no. What else waits for the same invoice waits on. What can't be told a day
        later is left to a person."""
        action = task.action
        system = target(action.target).system
        if seen.answer.status != 200 and (error := refusal(seen.answer, system)) is not None:
            text = sentence(error, look_up(error, self.catalogue))
            if task.refusal:
                self.queue.leave(task, task.refusal)
            else:
                self.queue.undecided(task, f"it could not be looked for: {text}")
            return
        key = (action.action, task.step)
        self.looks[key] += 1
        sent = self.queue.progress[action.action].sent_at.get(task.step)
        if self.looks[key] < MOST_LOOKS:
            self.queue.again(task, self.looks[key])
        elif seen.unclear and sent and self.clock.now() - sent > UNCLEAR_FOR:
            self.queue.undecided(task, seen.unclear)
        else:
            self.queue.report.unknown.append(action.action)
            if seen.unclear:
                self.queue.report.unclear[action.action] = seen.unclear

    def _polled(self, task: Task, failure: str) -> None:
        """The target works by itself: asked again a few times, then in a later run."""
        if failure:
            self.queue.note(
                task.action, Event(task.action.action, task.step, "refused", note=failure)
            )
            self.queue.leave(task, failure)
            return
        key = (task.action.action, task.step)
        self.looks[key] += 1
        if self.looks[key] < MOST_POLLS:
            self.queue.again(task, self.looks[key])
        else:
            self.queue.report.later[task.action.action] = "it is received, and not finished yet"
            self.queue.end(task.action)

    # -- outcomes -------------------------------------------------------------------------------

    def _absent(self, task: Task) -> None:
        """Provably not there: sent again, or with ``create`` False planned anew."""
        self.queue.note(task.action, Event(task.action.action, task.step, "absent"))
        if task.step == "create" and not self.queue.create:
            self.queue.end(task.action)
        elif self.tries[task.action.action, task.step] >= MOST_TRIES:
            why = f"it was sent {MOST_TRIES} times without a usable answer"
            name = NAMES[target(task.action.target).system]
            self.queue.leave(task, f"{why}, and {name} does not have it; the next run tries again")
        else:
            self.queue.ready.append(Task(task.action, task.step))

    def _not_sent(self, task: Task, why: str) -> None:
        """Certainly not carried out: it is simply sent again, after a pause."""
        self.queue.withdraw(task, why)
        self.not_sent_in_a_row += 1
        if self.not_sent_in_a_row >= MOST_NOT_SENT * self.parallel:
            self.queue.hold(task, why)
            name = NAMES[target(task.action.target).system]
            self._fail(UnavailableError(f"{name} can't be reached: {why}.", "Run again later."))
        else:
            self.queue.again(task, 1 + self.not_sent_in_a_row // self.parallel)

    def _slowed(self, task: Task) -> None:
        """429: certainly not carried out; the limiter holds everything back for a while."""
        self.queue.withdraw(task, "the server asked for a slower pace (429)", 429)
        self.queue.ready.append(task)
        self.slowed_in_a_row += 1
        if self.slowed_in_a_row >= MOST_SLOWED * self.parallel:
            self._fail(UnavailableError("Fortnox asks for a slower pace, again and again (429).",
                                        "Another program may be using up the company's allowance; "
                                        "run again later."))  # fmt: skip

    def _lost(
        self, task: Task, why: str, left_at: datetime | None, answer: Answer | None = None
    ) -> None:
        """It left, and whether it was carried out is not known: looked for before anything else."""
        self.queue.note(
            task.action,
            Event(task.action.action, task.step, "unknown",
                  status=answer.status if answer else None,
                  answer=without_personal(answer.body) if answer else None, note=why),
        )  # fmt: skip
        self.queue.progress[task.action.action].sent_at[task.step] = left_at or self.clock.now()
        self.tries[task.action.action, task.step] += 1
        self.queue.look_later(Task(task.action, task.step, lookup=True))
        self.lost_in_a_row += 1
        if self.lost_in_a_row >= MOST_LOST:
            self._fail(
                UnavailableError(
                    f"{NAMES[target(task.action.target).system]} left {MOST_LOST} requests in a "
                    "row without a usable answer.",
                    "Run again later; what was sent is looked for before anything is sent again.",
                )
            )

    def _useful(self) -> None:
        """The server carried a write out, or refused it in its own words."""
        self.lost_in_a_row = self.not_sent_in_a_row = self.slowed_in_a_row = 0

    def _fail(self, error: QliroFortnoxError) -> None:
        self.queue.report.failure = self.queue.report.failure or error
