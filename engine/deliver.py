"""Carries actions out, exactly once, at the pace that the API allows.

Reads actions and the ledger; writes an event before and after each request: the intent with its
exact bytes, then the answer. A request whose outcome is not known is never repeated before the
target was asked, after the settle delay, whether the document is there.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine import json_text
from engine.catalogue import ApiError, Catalogue, look_up, read_error, sentence
from engine.clock import STOCKHOLM, Clock
from engine.errors import AccessError, QliroFortnoxError, UnavailableError
from engine.ledger import Action, Event, Progress, owned_numbers, read_progress, record
from engine.store import Store
from engine.targets import Request, Target, target
from engine.transport.access import access_error
from engine.transport.http import Answer, Api, Lost, NotSent

# A server that leaves this many requests in a row unanswered gets no more of them in this run.
MOST_LOST = 5
# How often in a row a connection may fail to be made.
MOST_NOT_SENT = 4
# Answers may name the customer; nothing here needs that.
PERSONAL = ("InvoiceCustomerName", "InvoiceCustomerNumber", "CustomerName")


@dataclass(slots=True)
class Delivery:
    """What became of the actions: ids by outcome; ``stopped`` when told to end early."""

    done: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    undecided: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    requests: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class _Task:
    action: Action
    step: str
    lookup: bool = False


def deliver(
    store: Store,
    run: str,
    actions: Iterable[Action],
    api: Api,
    clock: Clock,
    catalogue: Catalogue,
    *,
    settle_delay: float,
    parallel: int,
    stop: threading.Event,
    on_progress: Callable[[int, int], None] | None = None,
) -> Delivery:
    """Deliver each action's remaining steps, in order; actions on one invoice one after the other.

    ``settle_delay`` in seconds; ``parallel`` requests at a time at most, the limiter of ``api``
    paces them. Setting ``stop`` ends cleanly after the requests in flight. Raises AccessError and
    UnavailableError, after the answers in flight have been written down.
    """
    courier = _Courier(store, run, api, clock, catalogue, settle_delay, stop, on_progress)
    courier.load(list(actions))
    courier.work(parallel)
    if courier.failure is not None:
        raise courier.failure
    return courier.report


class _Courier:
    """Open deliveries. Requests run in threads; every write to the store is made by the caller's."""

    def __init__(
        self,
        store: Store,
        run: str,
        api: Api,
        clock: Clock,
        catalogue: Catalogue,
        settle_delay: float,
        stop: threading.Event,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        self.store, self.run, self.api, self.clock = store, run, api, clock
        self.catalogue = catalogue
        self.settle_delay, self.stop, self.on_progress = settle_delay, stop, on_progress
        self.report = Delivery()
        self.failure: QliroFortnoxError | None = None
        self.progress: dict[str, Progress] = {}
        self.owned: dict[str, dict[str, str]] = {}
        self.queues: dict[str, deque[Action]] = {}
        self.ready: deque[_Task] = deque()
        self.later: list[tuple[datetime, int, _Task]] = []
        self.flying: dict[Future[Answer], _Task] = {}
        self.total = self.finished = self.counter = 0
        self.lost_in_a_row = self.not_sent_in_a_row = 0
        self.noted: list[Event] = []

    # -- what is to be done ---------------------------------------------------------------------

    def load(self, actions: list[Action]) -> None:
        """Queue the actions; those that touch the same invoice wait for one another."""
        self.progress = read_progress(self.store)
        for name in {action.target for action in actions}:
            self.owned[name] = owned_numbers(self.store, name)
        self.total = len(actions)
        for action in actions:
            self.progress.setdefault(action.action, Progress())
            key = action.consumed_of or action.action
            self.queues.setdefault(key, deque()).append(action)
        for queue in self.queues.values():
            self._begin(queue[0])

    def _begin(self, action: Action) -> None:
        """Put the action's next step where it belongs: to be sent, or to be looked for first."""
        progress = self.progress[action.action]
        if action.adopted and progress.number is None:
            self._note(action, Event(action.action, "create", "adopted", number=action.adopted,
                                     note="found in the target before anything was sent"))  # fmt: skip
            self.report.adopted.append(action.action)
        for step in action.steps:
            if progress.finished(step):
                continue
            if progress.in_flight(step):
                self._look_later(_Task(action, step, lookup=True))
            else:
                self.ready.append(_Task(action, step))
            return
        self.report.done.append(action.action)
        self._end(action)

    def _end(self, action: Action) -> None:
        """The action goes no further in this run; the next on the same invoice may."""
        self.finished += 1
        if self.on_progress:
            self.on_progress(self.finished, self.total)
        queue = self.queues[action.consumed_of or action.action]
        queue.popleft()
        if queue:
            self._begin(queue[0])

    def _look_later(self, task: _Task) -> None:
        sent_at = self.progress[task.action.action].sent_at.get(task.step, self.clock.now())
        self.counter += 1
        due = sent_at + timedelta(seconds=self.settle_delay)
        heapq.heappush(self.later, (due, self.counter, task))

    # -- the loop -------------------------------------------------------------------------------

    def work(self, parallel: int) -> None:
        """Send what is ready, look for what is due, until nothing is left or told to stop."""
        with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="deliver") as pool:
            self._write_down()
            while True:
                halted = self.stop.is_set() or self.failure is not None
                if not halted:
                    self._launch(pool, parallel)
                if self.flying:
                    for future in wait(self.flying, return_when=FIRST_COMPLETED).done:
                        self._land(self.flying.pop(future), future)
                    self._write_down()
                elif halted or not (self.ready or self.later):
                    break
                elif not self.ready:
                    self._wait_until(self.later[0][0])
        self._write_down()
        self.report.stopped = self.stop.is_set() and bool(self.ready or self.later)
        self.report.unknown = [task.action.action for _, _, task in self.later]

    def _launch(self, pool: ThreadPoolExecutor, parallel: int) -> None:
        while self.later and self.later[0][0] <= self.clock.now() and len(self.flying) < parallel:
            task = heapq.heappop(self.later)[2]
            self.ready.appendleft(task)
        leaving: list[tuple[_Task, Request | None]] = []
        while self.ready and len(self.flying) + len(leaving) < parallel:
            task = self.ready.popleft()
            self.report.requests += 1
            request = None if task.lookup else self._request(task)
            if request is not None:
                id_, path = task.action.action, _shown(request)
                self._note(
                    task.action,
                    Event(id_, task.step, "sending", request.method, path, request.body),
                )
            leaving.append((task, request))
        self._write_down()  # the intents are durable before anything leaves
        for task, request in leaving:
            if request is None:
                self.flying[pool.submit(self._ask, task)] = task
            else:
                body = request.body.encode() if request.body is not None else None
                sending = pool.submit(
                    self.api.send, request.method, request.path, request.query, body
                )
                self.flying[sending] = task

    def _wait_until(self, due: datetime) -> None:
        while not self.stop.is_set():
            left = (due - self.clock.now()).total_seconds()
            if left <= 0:
                return
            self.clock.sleep(min(left, 0.5))

    # -- requests and answers -------------------------------------------------------------------

    def _request(self, task: _Task) -> Request:
        aim = target(task.action.target)
        if task.step == "create":
            return aim.create(task.action.document)
        number = self.progress[task.action.action].number
        if number is None:
            raise RuntimeError(f"{task.action.action} has no number before {task.step}")
        return aim.follow(task.step, number)

    def _ask(self, task: _Task) -> Answer:
        """The read that tells whether a lost step was carried out."""
        aim = target(task.action.target)
        if task.step != "create":
            number = self.progress[task.action.action].number or ""
            request = aim.read(number)
        else:
            sent = self.progress[task.action.action].sent_at["create"]
            since = (sent - timedelta(minutes=10)).astimezone(STOCKHOLM)
            request = aim.find(task.action.identity["ask"], f"{since:%Y-%m-%d %H:%M}")
        return self.api.read(request.method, request.path, request.query)

    def _land(self, task: _Task, future: Future[Answer]) -> None:
        try:
            answer = future.result()
        except NotSent as error:
            self._not_sent(task, str(error))
        except Lost as error:
            self._lost(task, str(error))
        except AccessError as error:
            if not task.lookup:
                self._note(task.action, Event(task.action.action, task.step, "not-sent",
                                              note=error.message))  # fmt: skip
            self._fail(error, task)
        except UnavailableError as error:  # only a look-up retries by itself and gives up
            self._fail(error, task)
        else:
            self.lost_in_a_row = self.not_sent_in_a_row = 0
            if task.lookup:
                self._looked(task, answer)
            else:
                self._answered(task, answer)

    def _answered(self, task: _Task, answer: Answer) -> None:
        aim = target(task.action.target)
        event = Event(task.action.action, task.step, "unknown", status=answer.status,
                      answer=_without_personal(answer.body))  # fmt: skip
        if 200 <= answer.status < 300:
            document = _unwrapped(answer.body, aim)
            if document is None or not _carried_out(document, aim, task.step):
                self._note(task.action, event)
                self._look_later(_Task(task.action, task.step, lookup=True))
                return
            number = aim.number(document) if task.step == "create" else None
            self._done(task, "done", number, answer)
        elif answer.status == 429:
            self._not_sent(task, "the server asked for a slower pace (429)", answer)
        elif answer.status < 500 and (error := _refusal(answer)) is not None:
            self._refused(task, answer, error)
        else:
            self._note(task.action, event)
            self._look_later(_Task(task.action, task.step, lookup=True))
            self._count_lost()

    def _refused(self, task: _Task, answer: Answer, error: ApiError) -> None:
        """A definite no: nothing was done. Without access nothing else can succeed either."""
        entry = look_up(error, self.catalogue)
        text = sentence(error, entry)
        self._note(
            task.action,
            Event(task.action.action, task.step, "refused", status=answer.status,
                  answer=_without_personal(answer.body), note=text),
        )  # fmt: skip
        no_access = access_error("fortnox", answer.status, answer.body)
        if no_access is not None or entry.fatal:
            self._fail(no_access or AccessError(text))
        self.report.refused[task.action.action] = text
        self._end(task.action)

    def _looked(self, task: _Task, answer: Answer) -> None:
        """Decide from what the target showed: adopt, send again, or leave it to a person."""
        aim = target(task.action.target)
        if task.step != "create":
            document = _unwrapped(answer.body, aim) if answer.status == 200 else None
            if document is None:
                self._undecided(task, f"the document could not be read ({answer.status})")
            elif _carried_out(document, aim, task.step):
                self._done(task, "found", None, answer)
            else:
                self._absent(task)
            return
        try:
            found = self._matching(task.action, aim, answer)
        except (QliroFortnoxError, NotSent, Lost) as error:
            self._fail(UnavailableError(f"A look-up failed: {error}"), task)
            return
        if found is None:
            self._undecided(task, f"the list could not be read ({answer.status})")
        elif not found:
            self._absent(task)
        elif len(found) > 1 + self._twins(task.action):
            numbers = ", ".join(found)
            self._undecided(task, f"several documents could be it: {numbers}")
        else:
            self._done(task, "found", found[0], answer)

    def _matching(self, action: Action, aim: Target, answer: Answer) -> list[str] | None:
        """Numbers of the documents that agree and that no other action owns, in their order."""
        listed = _listed(answer.body, aim) if answer.status == 200 else None
        if listed is None:
            return None
        agree = action.identity["agree"]
        found = []
        for item in listed:
            number = aim.number(item)
            if number in self.owned[action.target] or not _agrees(item, agree, partly=True):
                continue
            document: dict[str, Any] | None = item
            if aim.calls["find"]["detail"]:
                request = aim.read(number)
                detail = self.api.read(request.method, request.path, request.query)
                document = _unwrapped(detail.body, aim) if detail.status == 200 else None
            if document is not None and _agrees(document, agree, partly=False):
                found.append(number)
        return found

    def _twins(self, action: Action) -> int:
        """How many other actions of unknown outcome would look the same in the target."""
        return sum(
            1
            for _, _, task in self.later
            if task.step == "create" and task.action.identity == action.identity
        )

    # -- outcomes -------------------------------------------------------------------------------

    def _done(self, task: _Task, event: str, number: str | None, answer: Answer) -> None:
        if number is not None:
            self.owned[task.action.target][number] = task.action.action
        body = None if task.lookup else _without_personal(answer.body)
        self._note(
            task.action,
            Event(task.action.action, task.step, event, status=answer.status, answer=body,
                  number=number),
        )  # fmt: skip
        self._next(task.action)

    def _next(self, action: Action) -> None:
        progress = self.progress[action.action]
        step = next((step for step in action.steps if not progress.finished(step)), None)
        if step is None:
            self.report.done.append(action.action)
            self._end(action)
        else:
            self.ready.appendleft(_Task(action, step))

    def _absent(self, task: _Task) -> None:
        self._note(task.action, Event(task.action.action, task.step, "absent"))
        self.ready.append(_Task(task.action, task.step))

    def _undecided(self, task: _Task, why: str) -> None:
        self._note(task.action, Event(task.action.action, task.step, "undecided", note=why))
        self.report.undecided[task.action.action] = why
        self._end(task.action)

    def _not_sent(self, task: _Task, why: str, answer: Answer | None = None) -> None:
        """Certainly not carried out: it may simply be sent again."""
        if task.lookup:
            self._look_later(task)
        else:
            status = answer.status if answer else None
            self._note(task.action, Event(task.action.action, task.step, "not-sent",
                                          status=status, note=why))  # fmt: skip
            self.ready.append(task)
        self.not_sent_in_a_row += 1
        if self.not_sent_in_a_row >= MOST_NOT_SENT:
            self._fail(UnavailableError(f"Fortnox can't be reached: {why}.", "Run again later."))

    def _lost(self, task: _Task, why: str) -> None:
        if not task.lookup:
            self._note(task.action, Event(task.action.action, task.step, "unknown", note=why))
        self._look_later(_Task(task.action, task.step, lookup=True))
        self._count_lost()

    def _count_lost(self) -> None:
        self.lost_in_a_row += 1
        if self.lost_in_a_row >= MOST_LOST:
            self._fail(
                UnavailableError(
                    f"Fortnox left {MOST_LOST} requests in a row without a usable answer.",
                    "Run again later; what was sent is looked for before anything is sent again.",
                )
            )

    def _fail(self, error: QliroFortnoxError, task: _Task | None = None) -> None:
        self.failure = self.failure or error
        if task is not None and task.lookup:
            self._look_later(task)

    def _note(self, action: Action, event: Event) -> None:
        """Take an event down; it is durable after ``_write_down``."""
        self.noted.append(event)
        progress = self.progress[action.action]
        progress.events[event.step] = event.event
        progress.number = event.number or progress.number
        if event.event == "sending":
            progress.sent_at[event.step] = self.clock.now()

    def _write_down(self) -> None:
        if self.noted:
            record(self.store, self.run, self.clock.now(), *self.noted)
            self.noted.clear()


def _shown(request: Request) -> str:
    query = "&".join(f"{key}={value}" for key, value in request.query)
    return f"{request.path}?{query}" if query else request.path


def _unwrapped(body: str, aim: Target) -> dict[str, Any] | None:
    """The document of an answer, or None when the answer is not one that can be trusted."""
    try:
        document = json_text.decode(body)[aim.wrapper]
        aim.number(document)
    except (ValueError, KeyError, TypeError):
        return None
    return dict(document)


def _listed(body: str, aim: Target) -> list[dict[str, Any]] | None:
    try:
        items = json_text.decode(body)[aim.calls["find"]["list"]]
        return [dict(item) for item in items if aim.number(item)]
    except (ValueError, KeyError, TypeError):
        return None


def _carried_out(document: dict[str, Any], aim: Target, step: str) -> bool:
    if step == "create":
        return True
    return str(document.get(aim.done_field(step))).lower() == "true"


def _agrees(document: dict[str, Any], agree: dict[str, Any], *, partly: bool) -> bool:
    """Whether the fields agree; ``partly`` forgives fields that a list leaves out."""
    for name, wanted in agree.items():
        if partly and name not in document:
            continue
        if not same(document.get(name), wanted):
            return False
    return True


def same(left: Any, right: Any) -> bool:
    """Equal as the API means it: 95 = 95.00, and a number may come as its text."""
    if left == right:
        return True
    return left is not None and right is not None and str(left) == str(right)


def _refusal(answer: Answer) -> ApiError | None:
    """The error that the API itself gives in its answer; a proxy's page is none."""
    try:
        json_text.decode(answer.body)
    except ValueError:
        return None
    error = read_error("fortnox", answer.status, answer.body)
    return error if error.code or error.message else None


def _without_personal(body: str) -> str:
    """The answer as kept in the ledger: as it came, less the customer's name and number."""
    try:
        value = json_text.decode(body)
    except ValueError:
        return body
    if isinstance(value, dict):
        for inner in value.values():
            if isinstance(inner, dict):
                for name in PERSONAL:
                    inner.pop(name, None)
    return json_text.encode(value)
