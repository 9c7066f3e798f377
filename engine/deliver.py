"""Carries actions out, exactly once, at the pace that the API allows.

Reads actions and the ledger; writes an event before and after each request: the intent with its
exact bytes, then the answer. A request whose outcome is not known is never repeated before the
target was asked, after the settle delay, whether the document is there.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine import seek
from engine.answers import created, differences, refusal, shown, unwrapped, without_personal
from engine.catalogue import NAMES, ApiError, Catalogue, look_up, sentence
from engine.clock import Clock
from engine.errors import AccessError, QliroFortnoxError, UnavailableError
from engine.ledger import Action, Event, Progress, owned_numbers, read_progress, record
from engine.seek import Seen
from engine.store import Store
from engine.targets import Request, target
from engine.transport.access import access_error
from engine.transport.http import Answer, Api, Lost, NotSent

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
# An intent is written down before its request waits for its turn; one whose turn comes later than
# this many seconds is not sent. What a crash left behind left no later than this after its intent.
LEAVES_WITHIN = 30.0
# The longest pause, in seconds, between attempts to reach the server.
LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class Delivery:
    """What became of the actions: ids by outcome; ``stopped`` when told to end early.

    ``unknown`` are those that are to be looked for in a later run; ``later`` those that the target
    put off or has not finished yet, with its reason. ``failure`` is why nothing more could be sent:
    a server that does not answer, or refuses us altogether.
    """

    done: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    undecided: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    later: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    stopped: bool = False
    failure: QliroFortnoxError | None = None

    def add(self, later: Delivery) -> None:
        """Count what was delivered afterwards in."""
        self.done += later.done
        self.adopted += later.adopted
        self.refused |= later.refused
        self.undecided |= later.undecided
        self.unknown += later.unknown
        self.later |= later.later
        self.requests += later.requests
        self.stopped = later.stopped
        self.failure = later.failure


@dataclass(frozen=True, slots=True)
class _Task:
    """A step to be sent, or with ``lookup`` to be looked for. ``refusal`` is why the target refused
    it, when the look-up is to tell whether it had been carried out already."""

    action: Action
    step: str
    lookup: bool = False
    refusal: str = ""


def _is_read(action: Action, step: str) -> bool:
    """Whether a step is looked at and never sent."""
    return step == "confirm" or (step != "create" and target(action.target).polls(step))


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
) -> Delivery:
    """Deliver each action's remaining steps, in order; actions on one invoice one after the other.

    ``apis`` by the system that a target is of, ``fortnox`` or ``qliro``. ``settle_delay`` in
    seconds; ``parallel`` requests at a time at most, the limiter of each API paces them. Setting
    ``stop`` ends cleanly after the requests in flight. With ``create`` False no document is
    created: those that were begun are looked for and finished, and one that is not there is left to
    be planned anew. An AccessError or UnavailableError is the report's ``failure``; what came
    before it stands in the ledger and in the report.
    """
    courier = _Courier(
        store, run, apis, clock, catalogue, settle_delay, parallel, stop, on_progress, create
    )
    courier.load(list(actions))
    courier.work()
    return courier.report


class _Courier:
    """Open deliveries. Requests run in threads; every write to the store is the caller's own."""

    def __init__(
        self,
        store: Store,
        run: str,
        apis: Mapping[str, Api],
        clock: Clock,
        catalogue: Catalogue,
        settle_delay: float,
        parallel: int,
        stop: threading.Event,
        on_progress: Callable[[int, int], None] | None,
        create: bool,
    ) -> None:
        self.store, self.run, self.apis, self.clock = store, run, apis, clock
        self.catalogue = catalogue
        self.settle_delay, self.stop, self.on_progress = settle_delay, stop, on_progress
        self.parallel, self.create = parallel, create
        self.report = Delivery()
        self.progress: dict[str, Progress] = {}
        self.owned: dict[str, dict[str, str]] = {}
        self.queues: dict[str, deque[Action]] = {}
        self.ready: deque[_Task] = deque()
        self.later: list[tuple[datetime, int, _Task]] = []
        self.flying: dict[Future[Answer | Seen], _Task] = {}
        self.total = self.finished = self.counter = 0
        self.lost_in_a_row = self.not_sent_in_a_row = self.slowed_in_a_row = 0
        self.tries: Counter[tuple[str, str]] = Counter()
        self.looks: Counter[tuple[str, str]] = Counter()
        self.shown: dict[str, dict[str, Any]] = {}  # documents as the target last showed them
        self.noted: list[Event] = []

    # -- what is to be done ---------------------------------------------------------------------

    def load(self, actions: list[Action]) -> None:
        """Queue the actions; those that touch the same invoice wait for one another."""
        self.progress = read_progress(self.store, [action.payout for action in actions])
        for action in actions:
            name = action.target
            if name not in self.owned:
                self.owned[name] = owned_numbers(self.store, name)
            if action.adopted:  # nobody else's, from here on
                self.owned[name].setdefault(action.adopted, action.action)
        self.total = len(actions)
        for action in actions:
            self.progress.setdefault(action.action, Progress())
            key = action.consumed_of or action.action
            self.queues.setdefault(key, deque()).append(action)
        for key in list(self.queues):
            self._begin_next(key)

    def _begin_next(self, key: str) -> None:
        """Begin the actions of a queue until one has something to send or to look for."""
        queue = self.queues[key]
        while queue and not self._begin(queue[0]):
            self._count(queue.popleft())

    def _begin(self, action: Action) -> bool:
        """Put the action's next step where it belongs: to be sent, or to be looked for first.

        False when there is nothing to be done.
        """
        progress = self.progress[action.action]
        if action.adopted and progress.number is None:
            note = "found in the target before anything was sent"
            self._note(
                action,
                Event(action.action, "create", "adopted", number=action.adopted, note=note),
            )
            self.report.adopted.append(action.action)
        for step in action.steps:
            if progress.finished(step):
                continue
            if progress.events.get(step) == "undecided":
                self.report.undecided[action.action] = progress.note or "a person decides"
                return False
            if progress.in_flight(step):  # since an earlier run, that knew no better when it left
                if step in progress.sent_at:
                    progress.sent_at[step] += timedelta(seconds=LEAVES_WITHIN)
                self._look_later(_Task(action, step, lookup=True))
            elif step == "create" and not self.create:
                return False
            else:
                self.ready.append(_Task(action, step, lookup=_is_read(action, step)))
            return True
        self.report.done.append(action.action)
        return False

    def _end(self, action: Action) -> None:
        """The action goes no further in this run; the next on the same invoice may."""
        key = action.consumed_of or action.action
        self._count(self.queues[key].popleft())
        self._begin_next(key)

    def _count(self, _action: Action) -> None:
        self.finished += 1
        if self.on_progress:
            self.on_progress(self.finished, self.total)

    def _look_later(self, task: _Task) -> None:
        """Look for a step no sooner than the settle delay after its request left."""
        left = self.progress[task.action.action].sent_at.get(task.step, self.clock.now())
        self._at(left + timedelta(seconds=self.settle_delay), task)

    def _at(self, due: datetime, task: _Task) -> None:
        self.counter += 1
        heapq.heappush(self.later, (due, self.counter, task))

    def _again(self, task: _Task, tries: int) -> None:
        """After a pause that grows with the number of tries."""
        pause = min(LONGEST_PAUSE, 2.0 ** (tries - 1))
        self._at(self.clock.now() + timedelta(seconds=pause), task)

    # -- the loop -------------------------------------------------------------------------------

    def work(self) -> None:
        """Send what is ready, look for what is due, until nothing is left or told to stop."""
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="deliver") as pool:
            self._write_down()
            while True:
                halted = self.stop.is_set() or self.report.failure is not None
                if not halted:
                    self._launch(pool)
                if self.flying:
                    for future in wait(self.flying, return_when=FIRST_COMPLETED).done:
                        self._land(self.flying.pop(future), future)
                    self._write_down()
                elif halted or not (self.ready or self.later):
                    break
                elif not self.ready:
                    self._wait_until(self.later[0][0])
        self._write_down()
        left = [*self.ready, *(task for _, _, task in self.later)]
        self.report.stopped = self.stop.is_set() and bool(left)
        self.report.unknown += [task.action.action for task in left if task.lookup]

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        while self.later and self.later[0][0] <= self.clock.now():
            self.ready.appendleft(heapq.heappop(self.later)[2])
        leaving: list[tuple[_Task, Request | None]] = []
        while self.ready and len(self.flying) + len(leaving) < self.parallel:
            task = self.ready.popleft()
            self.report.requests += 1
            request = None if task.lookup else self._request(task)
            if request is not None:
                id_, path = task.action.action, shown(request)
                self._note(
                    task.action,
                    Event(id_, task.step, "sending", request.method, path, request.body),
                )
            leaving.append((task, request))
        self._write_down()  # the intents are durable before anything leaves
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

    def _request(self, task: _Task) -> Request:
        action, aim = task.action, target(task.action.target)
        if task.step == "create":
            return aim.create(action.document, action.action)
        number = self.progress[action.action].number
        if number is None:
            raise RuntimeError(f"{action.action} has no number before {task.step}")
        return aim.follow(task.step, number, action.document)

    def _send(self, system: str, request: Request, leave_by: datetime) -> Answer:
        body = request.body.encode() if request.body is not None else None
        return self.apis[system].send(
            request.method, request.path, request.query, body, leave_by=leave_by
        )

    def _look(self, task: _Task) -> Seen:
        """The reads that tell whether a step was carried out."""
        aim, progress = target(task.action.target), self.progress[task.action.action]
        api = self.apis[aim.system]
        if task.step != "create":
            return seek.read(api, aim, progress.number or "")
        return seek.created(
            api, task.action, progress.sent_at["create"], self.owned[task.action.target]
        )

    # -- answers ----------------------------------------------------------------------------------

    def _land(self, task: _Task, future: Future[Answer | Seen]) -> None:
        try:
            answer = future.result()
        except NotSent as error:
            self._not_sent(task, str(error))
        except Lost as error:
            self._lost(task, str(error), error.left_at)
        except AccessError as error:
            self._hold(task, error.message)
            self._fail(error)
        except UnavailableError as error:  # only a look-up retries by itself and gives up
            self._hold(task, error.message)
            self._fail(error)
        else:
            if isinstance(answer, Seen):
                self._looked(task, answer)
            else:
                self._answered(task, answer)

    def _answered(self, task: _Task, answer: Answer) -> None:
        aim = target(task.action.target)
        if 200 <= answer.status < 300:
            if task.step == "create":
                made = created(answer.body, aim, task.action.document)
                number, document = made or (None, None)
                good = made is not None
            else:
                number, document = None, unwrapped(answer.body, aim)
                good = document is not None and (
                    aim.repeatable(task.step) or aim.carried_out(task.step, document)
                )
            if good:
                self._useful()
                self.shown[task.action.action] = document or {}
                self._done(task, "done", number, answer)
                self._next(task.action)
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

    def _refused(self, task: _Task, answer: Answer, error: ApiError) -> None:
        """A definite no: nothing was done. Without access nothing else can succeed either."""
        aim = target(task.action.target)
        entry = look_up(error, self.catalogue)
        text = sentence(error, entry)
        no_access = access_error(aim.system, answer.status, answer.body)
        fatal = no_access is not None or entry.fatal
        put_off = entry.retry == "later" and entry.known and aim.system == "qliro"
        self._note(
            task.action,
            Event(task.action.action, task.step, "not-sent" if fatal or put_off else "refused",
                  status=answer.status, answer=without_personal(answer.body), note=text),
        )  # fmt: skip
        if fatal:  # not the document's fault: it is sent when there is access again
            self._fail(no_access or AccessError(text))
        elif put_off:
            self.report.later[task.action.action] = text
            self._end(task.action)
        elif task.step != "create" or error.code in aim.calls["create"].get("already", ()):
            # Somebody else may have done it already.
            self.ready.appendleft(_Task(task.action, task.step, lookup=True, refusal=text))
        else:
            self.report.refused[task.action.action] = text
            self._end(task.action)

    def _looked(self, task: _Task, seen: Seen) -> None:
        """Decide from what the target showed: adopt, send again, or leave it to a person."""
        aim = target(task.action.target)
        documents = seen.documents
        if documents is None:
            self._unseen(task, seen.answer)
        elif task.step != "create":
            self._looked_at_step(task, seen.answer, next(iter(documents.values())))
        else:
            owned = self.owned[task.action.target]
            found = [number for number in documents if number not in owned]
            if not found and task.refusal:
                self._leave(task, task.refusal)
            elif not found:
                self._absent(task)
            elif len(found) > 1 + self._twins(task.action):
                numbers = ", ".join(found)
                self._undecided(task, f"several documents could be it: {numbers}")
            else:
                self._done(task, "found", found[0], seen.answer)
                self.shown[task.action.action] = documents[found[0]]
                for step in task.action.then:
                    if step != "confirm" and aim.carried_out(step, documents[found[0]]):
                        self._note(task.action, Event(task.action.action, step, "found",
                                                      status=seen.answer.status))  # fmt: skip
                self._next(task.action)

    def _looked_at_step(self, task: _Task, answer: Answer, document: dict[str, Any]) -> None:
        """Whether the document shows what was to be done with it."""
        aim = target(task.action.target)
        if task.step == "confirm":
            self._confirm(task, document, answer)
        elif aim.carried_out(task.step, document):
            self._done(task, "found", None, answer)
            self._next(task.action)
        elif aim.polls(task.step):
            self._polled(task, aim.failed(task.step, document))
        elif task.refusal:
            self._leave(task, task.refusal)
        else:
            self._absent(task)

    def _twins(self, action: Action) -> int:
        """How many other actions of unknown outcome would look the same in the target."""
        return sum(
            other.action != action.action
            and other.target == action.target
            and other.identity == action.identity
            and self.progress[other.action].in_flight("create")
            for queue in self.queues.values()
            for other in queue
        )

    def _unseen(self, task: _Task, answer: Answer) -> None:
        """A look-up that can't be read: asked again, in this run or a later one, unless the target
        itself says no. What else waits for the same invoice waits on."""
        system = target(task.action.target).system
        if answer.status != 200 and (error := refusal(answer, system)) is not None:
            text = sentence(error, look_up(error, self.catalogue))
            if task.refusal:
                self._leave(task, task.refusal)
            else:
                self._undecided(task, f"it could not be looked for: {text}")
            return
        key = (task.action.action, task.step)
        self.looks[key] += 1
        if self.looks[key] < MOST_LOOKS:
            self._again(task, self.looks[key])
        else:
            self.report.unknown.append(task.action.action)

    def _confirm(self, task: _Task, document: dict[str, Any], answer: Answer | None) -> None:
        """Go on when the target's document says what it must; else a person looks at it."""
        wrong = differences(
            document, task.action.facts.get("confirm") or {}, task.action.document
        )
        if wrong:
            number = self.progress[task.action.action].number
            self._undecided(task, f"{number} stands and is left as it is: {wrong}")
        else:
            self._note(task.action, Event(task.action.action, "confirm", "done",
                                          status=answer.status if answer else None))  # fmt: skip
            self._next(task.action)

    def _polled(self, task: _Task, failure: str) -> None:
        """The target works by itself: asked again a few times, then in a later run."""
        if failure:
            self._note(task.action, Event(task.action.action, task.step, "refused", note=failure))
            self._leave(task, failure)
            return
        key = (task.action.action, task.step)
        self.looks[key] += 1
        if self.looks[key] < MOST_POLLS:
            self._again(task, self.looks[key])
        else:
            self.report.later[task.action.action] = "it is received, and not finished yet"
            self._end(task.action)

    # -- outcomes -------------------------------------------------------------------------------

    def _done(self, task: _Task, event: str, number: str | None, answer: Answer) -> None:
        body = None if task.lookup else without_personal(answer.body)
        self._note(
            task.action,
            Event(task.action.action, task.step, event, status=answer.status, answer=body,
                  number=number),
        )  # fmt: skip

    def _next(self, action: Action) -> None:
        progress = self.progress[action.action]
        step = next((step for step in action.steps if not progress.finished(step)), None)
        if step is None:
            self.report.done.append(action.action)
            self._end(action)
        elif step == "confirm" and self.shown.get(action.action):
            self._confirm(_Task(action, step), self.shown[action.action], None)
        else:
            self.ready.appendleft(_Task(action, step, lookup=_is_read(action, step)))

    def _absent(self, task: _Task) -> None:
        """Provably not there: sent again, or with ``create`` False planned anew."""
        self._note(task.action, Event(task.action.action, task.step, "absent"))
        if task.step == "create" and not self.create:
            self._end(task.action)
        elif self.tries[task.action.action, task.step] >= MOST_TRIES:
            why = f"it was sent {MOST_TRIES} times without a usable answer"
            name = NAMES[target(task.action.target).system]
            self._leave(task, f"{why}, and {name} does not have it; the next run tries again")
        else:
            self.ready.append(_Task(task.action, task.step))

    def _undecided(self, task: _Task, why: str) -> None:
        self._note(task.action, Event(task.action.action, task.step, "undecided", note=why))
        self.report.undecided[task.action.action] = why
        self._end(task.action)

    def _leave(self, task: _Task, why: str) -> None:
        """Not carried out, and no more to be done about it in this run."""
        self.report.refused[task.action.action] = why
        self._end(task.action)

    def _not_sent(self, task: _Task, why: str) -> None:
        """Certainly not carried out: it is simply sent again, after a pause."""
        self._withdraw(task, why)
        self.not_sent_in_a_row += 1
        if self.not_sent_in_a_row >= MOST_NOT_SENT * self.parallel:
            self._hold(task, why)
            name = NAMES[target(task.action.target).system]
            self._fail(UnavailableError(f"{name} can't be reached: {why}.", "Run again later."))
        else:
            self._again(task, 1 + self.not_sent_in_a_row // self.parallel)

    def _slowed(self, task: _Task) -> None:
        """429: certainly not carried out; the limiter holds everything back for a while."""
        self._withdraw(task, "the server asked for a slower pace (429)", 429)
        self.ready.append(task)
        self.slowed_in_a_row += 1
        if self.slowed_in_a_row >= MOST_SLOWED * self.parallel:
            self._fail(UnavailableError("Fortnox asks for a slower pace, again and again (429).",
                                        "Another program may be using up the company's allowance; "
                                        "run again later."))  # fmt: skip

    def _withdraw(self, task: _Task, why: str, status: int | None = None) -> None:
        self._note(task.action, Event(task.action.action, task.step, "not-sent", status=status,
                                      note=why))  # fmt: skip

    def _lost(
        self, task: _Task, why: str, left_at: datetime | None, answer: Answer | None = None
    ) -> None:
        """It left, and whether it was carried out is not known: looked for before anything else."""
        self._note(
            task.action,
            Event(task.action.action, task.step, "unknown",
                  status=answer.status if answer else None,
                  answer=without_personal(answer.body) if answer else None, note=why),
        )  # fmt: skip
        self.progress[task.action.action].sent_at[task.step] = left_at or self.clock.now()
        self.tries[task.action.action, task.step] += 1
        self._look_later(_Task(task.action, task.step, lookup=True))
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

    def _hold(self, task: _Task, why: str) -> None:
        """What failed with everything else: a write was not sent, a look-up is still to be made."""
        if task.lookup:
            self.ready.appendleft(task)
        elif self.progress[task.action.action].events.get(task.step) == "sending":
            self._withdraw(task, why)

    def _fail(self, error: QliroFortnoxError) -> None:
        self.report.failure = self.report.failure or error

    def _note(self, action: Action, event: Event) -> None:
        """Take an event down; it is durable after ``_write_down``."""
        self.noted.append(event)
        progress = self.progress[action.action]
        progress.events[event.step] = event.event
        if event.number is not None:
            progress.number = event.number
            self.owned[action.target][event.number] = action.action
        if event.event == "sending":
            progress.sent_at[event.step] = self.clock.now()

    def _write_down(self) -> None:
        if self.noted:
            record(self.store, self.run, self.clock.now(), *self.noted)
            self.noted.clear()
