"""What is left to do of a run's actions, in what order, and what became of each.

Reads actions and the ledger, writes every event down there: an event counts here as soon as it is
noted, and is durable after ``write_down``.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..clock import Clock
from ..errors import QliroFortnoxError
from ..language.targets import Request, target
from ..store.database import Store
from ..store.ledger import Action, Event, Progress, owned_numbers, read_progress, record
from ..transport.answers import differences, shown, without_personal
from ..transport.http import Answer

# An intent is written down before its request waits for its turn; one whose turn comes later than
# this many seconds is not sent. What a crash left behind left no later than this after its intent,
# nor after the next run got the lock that the dead one held.
LEAVES_WITHIN = 30.0
# The longest pause, in seconds, between attempts to reach the server.
LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class Delivery:
    """What became of the actions: ids by outcome; ``stopped`` when told to end early.

    ``unknown`` are those that are to be looked for in a later run, ``unclear`` why that could not
    be told of some of them; ``later`` those that the target put off or has not finished yet, with
    its reason; ``spared`` those that were sent without fields that the target refused, which and
    why. ``failure`` is why nothing more could be sent:
    a server that does not answer, or refuses us altogether.
    """

    done: list[str] = field(default_factory=list)
    adopted: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    undecided: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    unclear: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    spared: dict[str, str] = field(default_factory=dict)
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
        self.unclear |= later.unclear
        self.later |= later.later
        self.spared |= later.spared
        self.requests += later.requests
        self.stopped = later.stopped
        self.failure = later.failure


@dataclass(frozen=True, slots=True)
class Task:
    """A step to be sent, or with ``lookup`` to be looked for. ``refusal`` is why the target refused
    it, when the look-up is to tell whether it had been carried out already. ``without`` are fields
    of the document that the target refused, and that are left out."""

    action: Action
    step: str
    lookup: bool = False
    refusal: str = ""
    without: tuple[str, ...] = ()


def is_read(action: Action, step: str) -> bool:
    """Whether a step is looked at and never sent."""
    return step == "confirm" or (step != "create" and target(action.target).polls(step))


class Queue:
    """Open actions, each behind those that touch the same invoice. Changed by one thread alone."""

    def __init__(
        self,
        store: Store,
        run: str,
        clock: Clock,
        settle_delay: float,
        on_progress: Callable[[int, int], None] | None,
        create: bool,
        locked_at: datetime | None = None,
    ) -> None:
        self.store, self.run, self.clock = store, run, clock
        self.settle_delay, self.on_progress, self.create = settle_delay, on_progress, create
        self.locked_at = locked_at
        self.report = Delivery()
        self.actions: Sequence[Action] = ()
        # Of actions that were begun, in this run or before, and have not ended.
        self.begun: dict[str, Action] = {}
        self.progress: dict[str, Progress] = {}
        self.owned: dict[str, dict[str, str]] = {}  # by target and number the action
        self.owned_before: set[str] = set()  # targets of which it is all that are owned
        self.queues: dict[str, list[int]] = {}  # places; short lists: a deque holds 64
        self.looks: deque[Task] = deque()  # to be looked for, before anything is sent
        self.follows: deque[Task] = deque()  # steps of documents that stand
        self.ready: deque[Task | int] = deque()  # documents to be created; places of new ones
        self.intended: deque[tuple[Task, Request]] = deque()  # written down and not sent yet
        self.later: list[tuple[datetime, int, Task]] = []
        self.total = self.finished = self.counter = 0
        self.shown: dict[str, dict[str, Any]] = {}  # documents as the target last showed them
        self.noted: list[Event] = []

    # -- what is to be done ---------------------------------------------------------------------

    def load(self, actions: Sequence[Action]) -> None:
        """Queue the actions; those that touch the same invoice wait for one another. What is new is
        read again when its turn comes, so that many need not be held at once."""
        self.actions, self.total = actions, len(actions)
        known = read_progress(self.store, {action.payout for action in actions})
        for place, action in enumerate(actions):
            owned = self.owned.setdefault(action.target, {})
            if action.adopted:  # nobody else's, from here on
                owned.setdefault(action.adopted, action.action)
            if action.action in known:
                self._hold(action, known[action.action])
            key = action.consumed_of or action.action
            self.queues.setdefault(key, []).append(place)
        for key in list(self.queues):
            self._begin_next(key)

    def _hold(self, action: Action, progress: Progress) -> Progress:
        self.begun[action.action] = action
        return self.progress.setdefault(action.action, progress)

    def _begin_next(self, key: str) -> None:
        """Begin the actions of a queue until one has something to send or to look for."""
        queue = self.queues[key]
        while queue and not self._begin(queue[0]):
            self._end(self.actions[queue.pop(0)])
        if not queue:
            del self.queues[key]

    def _begin(self, place: int) -> bool:
        """Put the action's next step where it belongs: to be sent, or to be looked for first.

        False when there is nothing to be done.
        """
        action = self.actions[place]
        if action.action not in self.progress and not action.adopted:
            if self.create:
                self.ready.append(place)
            return self.create
        progress = self._hold(action, Progress())
        if action.adopted and progress.number is None:
            note = "found in the target before anything was sent"
            self.note(
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
                    progress.sent_at[step] = self._left_by(progress.sent_at[step])
                self.look_later(Task(action, step, lookup=True))
            elif step == "create" and not self.create:
                return False
            else:
                self.put(Task(action, step, lookup=is_read(action, step)))
            return True
        self.report.done.append(action.action)
        return False

    def end(self, action: Action) -> None:
        """The action goes no further in this run; the next on the same invoice may."""
        key = action.consumed_of or action.action
        self.queues[key].pop(0)
        self._end(action)
        self._begin_next(key)

    def _end(self, action: Action) -> None:
        self.shown.pop(action.action, None)
        self.begun.pop(action.action, None)
        self.progress.pop(action.action, None)
        self.finished += 1
        if self.on_progress:
            self.on_progress(self.finished, self.total)

    def _left_by(self, intent: datetime) -> datetime:
        """When a request had left, if it ever did, of which only the intent is known."""
        latest = intent + timedelta(seconds=LEAVES_WITHIN)
        if self.locked_at is not None and intent < self.locked_at:  # of a run that is no more
            return min(latest, self.locked_at)
        return latest

    def look_later(self, task: Task) -> None:
        """Look for a step no sooner than the settle delay after its request left."""
        left = self.progress[task.action.action].sent_at.get(task.step, self.clock.now())
        self._at(left + timedelta(seconds=self.settle_delay), task)

    def _at(self, due: datetime, task: Task) -> None:
        self.counter += 1
        heapq.heappush(self.later, (due, self.counter, task))

    def wake(self) -> None:
        """What has waited long enough."""
        while self.later and self.later[0][0] <= self.clock.now():
            self.put(heapq.heappop(self.later)[2])

    def put(self, task: Task) -> None:
        """To be done as soon as may be. What is looked for comes first, then what is to be done
        with documents that stand, then new ones; else what was put first."""
        if task.lookup:
            self._know_owned(task)
            self.looks.append(task)
        elif task.step != "create" or task.without:
            self.follows.append(task)
        else:
            self.ready.append(task)

    def _know_owned(self, task: Task) -> None:
        """Read which documents are owned, before the first that may be one of them is looked for:
        after years they are many, and commonly none is."""
        name = task.action.target
        if task.step == "create" and name not in self.owned_before:
            self.owned_before.add(name)
            self.owned[name] = {**self.owned[name], **owned_numbers(self.store, name)}

    def intend(self, most: int) -> None:
        """Write down the intents of the next writes, so many at most, with all that was noted."""
        while len(self.intended) < most and (self.follows or self.ready):
            task = self.follows.popleft() if self.follows else self._next_ready()
            request = self._request(task)
            self.note(
                task.action,
                Event(task.action.action, task.step, "sending", request.method, shown(request),
                      request.body),
            )  # fmt: skip
            self.intended.append((task, request))
        self.write_down()

    def _next_ready(self) -> Task:
        """The next document to be created; a new one begins with that."""
        task = self.ready.popleft()
        if isinstance(task, int):
            task = Task(self.actions[task], "create")
            self._hold(task.action, Progress())
        return task

    def _request(self, task: Task) -> Request:
        action, aim = task.action, target(task.action.target)
        if task.step == "create":
            return aim.create(action.document, action.action, task.without)
        number = self.progress[action.action].number
        if number is None:
            raise RuntimeError(f"{action.action} has no number before {task.step}")
        return aim.follow(task.step, number, action.document)

    def call_off(self, why: str) -> None:
        """Nothing that was only intended is sent any more: it waits for its turn again."""
        while self.intended:
            task, _ = self.intended.pop()
            self.withdraw(task, why)
            (self.ready if task.step == "create" else self.follows).appendleft(task)

    def has_left(self) -> bool:
        """Whether something is still to be sent or looked for."""
        return bool(self.looks or self.follows or self.ready or self.later)

    def unseen(self) -> list[str]:
        """The actions that are still to be looked for."""
        every = [*self.looks, *(task for _, _, task in self.later)]
        return [task.action.action for task in every if task.lookup]

    def again(self, task: Task, tries: int) -> None:
        """The same after a pause that grows with the number of tries."""
        pause = min(LONGEST_PAUSE, 2.0 ** (tries - 1))
        self._at(self.clock.now() + timedelta(seconds=pause), task)

    def twins(self, action: Action) -> int:
        """How many other actions of unknown outcome would look the same in the target."""
        unsent = {task.action.action for task, _ in self.intended}
        return sum(
            other.action != action.action
            and other.target == action.target
            and other.identity == action.identity
            and self.progress[other.action].in_flight("create")
            and other.action not in unsent
            for other in self.begun.values()
        )

    # -- what became of it ----------------------------------------------------------------------

    def done(self, task: Task, event: str, number: str | None, answer: Answer) -> None:
        """The step is carried out, and the document has this number."""
        body = None if task.lookup else without_personal(answer.body)
        self.note(
            task.action,
            Event(task.action.action, task.step, event, status=answer.status, answer=body,
                  number=number),
        )  # fmt: skip

    def go_on(self, action: Action) -> None:
        """To the action's next step; the last one ends it."""
        progress = self.progress[action.action]
        step = next((step for step in action.steps if not progress.finished(step)), None)
        if step is None:
            self.report.done.append(action.action)
            self.end(action)
        elif step == "confirm" and self.shown.get(action.action):
            self.confirm(Task(action, step), self.shown[action.action], None)
        else:
            self.put(Task(action, step, lookup=is_read(action, step)))

    def confirm(self, task: Task, document: dict[str, Any], answer: Answer | None) -> None:
        """Go on when the target's document says what it must; else a person looks at it. One that
        somebody cancelled is over: it is not looked at again."""
        aim = target(task.action.target)
        if aim.cancelled(document):
            why = f"{aim.told(self.progress[task.action.action].number)} is cancelled"
            self.note(task.action, Event(task.action.action, "confirm", "refused", note=why))
            self.leave(task, why)
            return
        wrong = differences(document, task.action.facts.get("confirm") or {}, task.action.document)
        if wrong:
            named = aim.told(self.progress[task.action.action].number)
            self.undecided(task, f"{named} stands and is left as it is: {wrong}")
        else:
            self.note(task.action, Event(task.action.action, "confirm", "done",
                                         status=answer.status if answer else None))  # fmt: skip
            self.go_on(task.action)

    def undecided(self, task: Task, why: str) -> None:
        """Only a person can tell."""
        self.note(task.action, Event(task.action.action, task.step, "undecided", note=why))
        self.report.undecided[task.action.action] = why
        self.end(task.action)

    def leave(self, task: Task, why: str) -> None:
        """Not carried out, and no more to be done about it in this run."""
        self.report.refused[task.action.action] = why
        self.end(task.action)

    def withdraw(self, task: Task, why: str, status: int | None = None) -> None:
        """Certainly not carried out."""
        self.note(task.action, Event(task.action.action, task.step, "not-sent", status=status,
                                     note=why))  # fmt: skip

    def hold(self, task: Task, why: str) -> None:
        """What failed with everything else: a write was not sent, a look-up is still to be made."""
        if task.lookup:
            self.put(task)
        elif self.progress[task.action.action].events.get(task.step) == "sending":
            self.withdraw(task, why)

    def note(self, action: Action, event: Event) -> None:
        """Take an event down; it is durable after ``write_down``."""
        self.noted.append(event)
        progress = self.progress[action.action]
        progress.events[event.step] = event.event
        if event.number is not None:
            progress.number = event.number
            self.owned[action.target][event.number] = action.action
        if event.event == "sending":
            progress.sent_at[event.step] = self.clock.now()

    def write_down(self) -> None:
        """What was noted is in the ledger."""
        if self.noted:
            record(self.store, self.run, self.clock.now(), *self.noted)
            self.noted.clear()
