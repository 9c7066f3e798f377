"""What an answer, a silence or a look-up means for the step that was sent or looked for.

Reads what came back of a request; notes events in the queue, puts what is still to be done of the
action back into it, and ends the delivery when a server does not answer or refuses us altogether.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Any

from ..error_catalogue import NAMES, ApiError, Catalogue, look_up, sentence
from ..errors import AccessError, QliroFortnoxError, UnavailableError
from ..language.targets import target
from ..store.ledger import Event
from ..transport.answers import created, refusal, unwrapped, without_personal
from ..transport.http import Answer, Lost, NotSent
from ..transport.refusals import access_error
from .queue import Queue, Task
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


class Landing:
    """What came back so far of a delivery whose requests go out ``parallel`` at a time."""

    def __init__(self, queue: Queue, catalogue: Catalogue, parallel: int) -> None:
        self.queue, self.catalogue, self.parallel = queue, catalogue, parallel
        self.clock = queue.clock
        self.lost_in_a_row = self.not_sent_in_a_row = self.slowed_in_a_row = 0
        self.tries: Counter[tuple[str, str]] = Counter()
        self.looks: Counter[tuple[str, str]] = Counter()

    # -- answers ----------------------------------------------------------------------------------

    def land(self, task: Task, future: Future[Answer | Seen]) -> None:
        """Take down what became of a request that has ended."""
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
            self.queue.put(Task(task.action, task.step, without=spared))
        elif put_off:
            self.queue.report.later[task.action.action] = text
            self.queue.end(task.action)
        elif task.step != "create" or error.code in aim.calls["create"].get("already", ()):
            # Somebody else may have done it already.
            self.queue.put(Task(task.action, task.step, lookup=True, refusal=text))
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
            self.queue.put(Task(task.action, task.step))

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
        self.queue.put(task)
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
