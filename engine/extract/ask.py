"""Asks for many things at once, at the allowed pace, and keeps every answer in the order asked.

Reads over an ``Api`` from several threads; writes ``raw.answer`` from the calling thread alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from ..errors import QliroFortnoxError
from ..store.database import Store
from ..transport.http import Answer, Api
from .raw import Call, Kept, Progress, keep, silent
from .told_before import ToldBefore

# What so many calls were answered before is looked up at once.
AHEAD = 500


@dataclass(frozen=True, slots=True)
class Extraction:
    """Whom to ask and where to keep what comes.

    ``key`` makes the hashes of personal numbers; ``workers`` requests are under way at once.
    ``fresh`` names the registers and streams that this run has asked for already.
    """

    api: Api
    store: Store
    key: bytes
    on_progress: Progress = silent
    workers: int = 4
    fresh: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came of a call: all answers, also those that were asked again, and the error at last."""

    call: Call
    answers: tuple[Answer, ...]
    error: QliroFortnoxError | None


def ask(extraction: Extraction, call: Call) -> Kept:
    """The answer to one call, kept. Raises UnavailableError and AccessError after keeping it."""
    (kept,) = _kept(extraction, [_asked(extraction.api, call)])
    return kept


def ask_all(extraction: Extraction, calls: Iterable[Call]) -> Iterator[Kept]:
    """The answers to many calls, in their order, each kept before it is given; those that have come
    meanwhile are kept together.

    Raises UnavailableError and AccessError at the first call that fails, after keeping what came
    before; requests under way are awaited, others are not made.
    """
    waiting, ahead = iter(calls), deque[Call]()
    with ThreadPoolExecutor(extraction.workers) as pool:
        under_way: deque[Future[_Asked]] = deque()
        told = ToldBefore(extraction.store)

        def fill() -> None:
            while len(under_way) < 2 * extraction.workers:
                if not ahead:
                    ahead.extend(islice(waiting, AHEAD))
                    told.look_up(ahead)
                if not ahead:
                    break
                under_way.append(pool.submit(_asked, extraction.api, ahead.popleft()))

        try:
            fill()
            while under_way:
                asked = [under_way.popleft().result()]
                while under_way and under_way[0].done():
                    asked.append(under_way.popleft().result())
                fill()
                yield from _kept(extraction, asked, told)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _asked(api: Api, call: Call) -> _Asked:
    answers: list[Answer] = []
    try:
        api.read(call.method, call.path, call.query, answers.append)
    except QliroFortnoxError as error:
        return _Asked(call, tuple(answers), error)
    return _Asked(call, tuple(answers), None)


def _kept(
    extraction: Extraction, asked: Sequence[_Asked], told: ToldBefore | None = None
) -> Iterator[Kept]:
    """Keep all that was answered; then give the last answer to each call, or raise its error."""
    kept = iter(
        keep(
            extraction.store,
            ((one.call, answer) for one in asked for answer in one.answers),
            origin="network",
            key=extraction.key,
            told=told,
        )
    )
    for one in asked:
        own = list(islice(kept, len(one.answers)))
        if one.error is not None:
            raise one.error
        yield own[-1]
