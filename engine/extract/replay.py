"""``sync --from FILE``: saved traffic in place of the network, one exchange a line.

Reads JSON lines of request, status and body in the APIs' own shapes and writes ``raw.answer``, as
if the answers had just come. A line that can't be read is reported with its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import parse_qsl, urlsplit

import msgspec

from .. import json_text
from ..clock import STOCKHOLM, Clock
from ..errors import UsageError
from ..store.database import Store
from ..transport.endpoints import UNKNOWN
from ..transport.http import Answer
from .raw import Call, Progress, Report, keep, silent
from .readable import missing

UNREADABLE, LACKS = "unreadable-answer", "missing-field"
# Findings whose place is a line of the file.
OF_A_LINE = ("bad-line", "unknown-call", "future", UNREADABLE, LACKS)
AHEAD = timedelta(days=1)  # another machine's clock, or a zone that was left out
FUTURE = (
    "The answer counts as given now, or nothing that is fetched until then could change it. Mend "
    "the line, if it is older than others."
)
UNUSED = (
    "What can be read of it is used where that leaves no doubt, the rest is not. Mend the line, or "
    "fetch it again."
)
UNKNOWN_VALUE = "It counts as not known. Mend the line where it was cut short, or fetch it again."
LEFT_OUT = (
    "The line is left out. Write it as `export` does: an object with request (method, path, "
    "query), status, at and body."
)
# Answers are stored in portions of so many bytes.
PORTION = 16_000_000


class _Request(msgspec.Struct):
    method: str = "GET"
    path: str = ""
    url: str = ""
    query: str | dict[str, str | int | list[str | int]] | None = None


class _Exchange(msgspec.Struct):
    """A line. ``body`` is the JSON itself, or a text that holds the body as it came."""

    request: _Request
    status: int = 200
    body: msgspec.Raw = msgspec.Raw(b'""')
    at: str | None = None
    problem: str | None = None  # why ``body`` is not what came, where that can't be seen of it


def ingest(
    store: Store, path: Path, clock: Clock, *, key: bytes, on_progress: Progress = silent
) -> Report:
    """Store every exchange of the file. An answer is as old as its ``at`` says, else of now.

    Raises UsageError when there is no such file.
    """
    report = Report()
    origin = f"file:{path.name}"
    portion: list[tuple[Call, Answer, int]] = []
    size = 0

    def store_portion() -> None:
        kept = keep(store, ((call, answer) for call, answer, _ in portion), origin=origin, key=key)
        for one, (_, _, number) in zip(kept, portion, strict=True):
            asked = f"{one.call.method} {one.call}"
            lacks = missing(one.endpoint.name, one.content) if _is_object(one.content) else None
            if one.endpoint.name == UNKNOWN:
                message = f"{asked} is no call that this program knows."
                remedy = "It is kept, not used. Mend its path if it is one of Qliro's or Fortnox's."
                report.find(str(path), "unknown-call", message, remedy, number)
            elif one.problem:
                report.find(str(path), UNREADABLE, _sentence(asked, one.problem), UNUSED, number)
            elif lacks:
                report.find(str(path), LACKS, _sentence(asked, lacks), UNKNOWN_VALUE, number)
        report.answers += len(kept)
        on_progress("answers", report.answers, None)
        portion.clear()

    for number, line in _lines(path):
        try:
            call, answer = _exchange(line, clock.now())
        except (msgspec.MsgspecError, ValueError) as error:
            report.find(str(path), "bad-line", _told(error), LEFT_OUT, number)
            continue
        if answer.sent_at > clock.now() + AHEAD:
            when = f"at, {answer.sent_at.isoformat()}, lies in the future."
            report.find(str(path), "future", when, FUTURE, number)
            answer = replace(answer, sent_at=clock.now())
        portion.append((call, answer, number))
        size += len(line)
        if size >= PORTION:
            store_portion()
            size = 0
    store_portion()
    report.findings.sort(key=lambda finding: finding.place.line)
    return report


def _is_object(content: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(content, dict)


def _sentence(asked: str, problem: str) -> str:
    return f"in the answer to {asked}, {problem}."


_LACKS = re.compile(r"Object missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")
_OTHER = re.compile(r"Expected `(.+)`, got `(.+?)`(?: - at `\$\.?(.*)`)?$")
_KINDS = {
    "int": "a whole number", "str": "a text", "float": "a number", "bool": "true or false",
    "null": "nothing", "array": "a list", "object": "an object",
}  # fmt: skip


def _told(error: Exception) -> str:
    """Why a line is none, in plain words."""
    text = str(error)
    if found := _LACKS.match(text):
        return f"{found[2] or 'the line'} has no {found[1]}."
    if found := _OTHER.match(text):
        wanted = " or ".join(dict.fromkeys(_KINDS.get(one, one) for one in found[1].split(" | ")))
        return f"{found[3] or 'the line'} is {_KINDS.get(found[2], found[2])}, not {wanted}."
    if isinstance(error, msgspec.DecodeError):
        return f"the line is not whole JSON ({text.removeprefix('JSON is malformed: ')})."
    if text.startswith("Invalid isoformat string"):
        return f"at is no moment like 2026-11-20T10:00:00+01:00: {text.partition(': ')[2]}."
    return f"{text}."


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from None


def _exchange(line: bytes, now: datetime) -> tuple[Call, Answer]:
    given = json_text.decode_as(line.removeprefix(b"\xef\xbb\xbf"), _Exchange)
    address = urlsplit(given.request.url or given.request.path)
    if not address.path:
        raise ValueError("the request has neither path nor url")
    query = [*parse_qsl(address.query, keep_blank_values=True), *_pairs(given.request.query)]
    body = bytes(given.body)
    text = json_text.decode_as(body, str) if body.startswith(b'"') else body.decode()
    call = Call(address.path, tuple(query), given.request.method.upper())
    return call, Answer(given.status, text, _moment(given.at) or now, given.problem)


def _pairs(
    query: str | dict[str, str | int | list[str | int]] | None,
) -> Iterator[tuple[str, str]]:
    if isinstance(query, str):
        yield from parse_qsl(query, keep_blank_values=True)
    for name, value in query.items() if isinstance(query, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            yield name, str(one)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=STOCKHOLM)).astimezone(UTC)
