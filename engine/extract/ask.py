"""Asks for many things at once, at the allowed pace, and keeps every answer in the order asked.

Reads over an ``Api`` from several threads; writes ``raw.answer`` from the calling thread alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from ..errors import QliroFortnoxError
from ..store.database import Store
from ..transport.http import Answer, Api
from .raw import Call, Kept, Progress, keep, silent


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
    return _kept(extraction, _asked(extraction.api, call))


def ask_all(extraction: Extraction, calls: Iterable[Call]) -> Iterator[Kept]:
    """The answers to many calls, in their order, each kept before it is given.

    Raises UnavailableError and AccessError at the first call that fails, after keeping what came
    before; requests under way are awaited, others are not made.
    """
    waiting = iter(calls)
    with ThreadPoolExecutor(extraction.workers) as pool:
        under_way: deque[Future[_Asked]] = deque()

        def fill() -> None:
            room = 2 * extraction.workers - len(under_way)
            for call in islice(waiting, max(room, 0)):
                under_way.append(pool.submit(_asked, extraction.api, call))

        try:
            fill()
            while under_way:
                asked = under_way.popleft().result()
                fill()
                yield _kept(extraction, asked)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _asked(api: Api, call: Call) -> _Asked:
    answers: list[Answer] = []
    try:
        api.read(call.method, call.path, call.query, answers.append)
    except QliroFortnoxError as error:
        return _Asked(call, tuple(answers), error)
    return _Asked(call, tuple(answers), None)


def _kept(extraction: Extraction, asked: _Asked) -> Kept:
    kept = keep(
        extraction.store,
        ((asked.call, answer) for answer in asked.answers),
        origin="network",
        key=extraction.key,
    )
    if asked.error is not None:
        raise asked.error
    return kept[-1]
