"""Keeps each answer as it came, append-only: what was asked, when, what came, and whether it reads.

Writes ``raw.answer`` and ``raw.cursor``. A private buyer's personal number is replaced before
anything is stored; an answer that repeats the last one to the same call is noted without its body.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, cast
from urllib.parse import unquote

from .. import json_text
from ..errors import Finding, Place
from ..store.answers import append_answers
from ..store.database import Store
from ..transport.endpoints import Endpoint, classify
from ..transport.http import Answer, Query
from . import rows as long_lists
from .lines import LISTS, lost
from .readable import unread
from .redact import redacted
from .told_before import ToldBefore

Progress = Callable[[str, int, int | None], None]
COLUMNS = [
    "noted_at",
    "origin",
    "source",
    "endpoint",
    "method",
    "path",
    "query",
    "status",
    "body",
    "digest",
    "problem",
]
BATCH = "settlements_by_batch"
# How the problem of such an answer begins: it is kept, and never staged (stage_orders.sql).
OTHER_ORDER = "the answer is about another order"
# And how that of an answer about a batch ends whose lines are all there, but for a list of more.
OTHER_LIST = "is a list of lines with an unknown status"


def silent(stage: str, done: int, total: int | None) -> None:
    """The progress of who does not want to know."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it is asked and as it is remembered."""

    path: str
    query: Query = ()
    method: str = "GET"

    @property
    def query_text(self) -> str:
        """``name=value&…``, sorted; a sign that parts pairs is written %26 within one."""
        return "&".join(sorted(f"{_quoted(n, '=')}={_quoted(v)}" for n, v in self.query))

    def __str__(self) -> str:
        return f"{self.path}?{self.query_text}" if self.query else self.path


def _quoted(text: str, also: str = "") -> str:
    for sign in ("%", "&", *also):
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def query_pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of a ``query_text``. In one that an earlier version kept, a piece without ``=`` is
    of the value before it, which had an ampersand."""
    pairs: list[tuple[str, str]] = []
    for piece in text.split("&") if text else ():
        name, sign, value = piece.partition("=")
        if sign or not pairs:
            pairs.append((_PARTING.sub(_sign, name), _PARTING.sub(_sign, value)))
        else:
            before, earlier = pairs[-1]
            pairs[-1] = (before, f"{earlier}&{_PARTING.sub(_sign, piece)}")
    return pairs


_PARTING = re.compile(r"%(25|26|3D)")


def _sign(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is in the store: its content decoded, or the reason why it can't be read.

    ``content`` is the decoded body of a readable answer with status 200, else None. ``problem``
    beside a content means that a part of it can't be read; ``error`` is the body of a refusal.
    """

    call: Call
    endpoint: Endpoint
    status: int
    content: Any
    problem: str | None
    digest: str
    error: dict[str, Any]

    def items(self) -> list[Any]:
        """The entries of the list that the answer holds; empty when it can't be read."""
        found = self.content.get(self.endpoint.key) if isinstance(self.content, dict) else None
        return found if isinstance(found, list) else []

    def document(self) -> dict[str, Any] | None:
        """The one document that the answer holds; None when it, or a part of it, can't be read."""
        if not isinstance(self.content, dict) or self.problem:
            return None
        found = self.content.get(self.endpoint.key)
        return cast("dict[str, Any]", found) if isinstance(found, dict) else None


@dataclass(slots=True)
class Report:
    """What an extraction brought: how many answers, how many of them told something when they were
    staged, and what was wrong with which."""

    answers: int = 0
    told: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count another report's answers and findings in."""
        self.answers += other.answers
        self.told += other.told
        self.findings += other.findings

    def find(self, where: str, code: str, message: str, remedy: str = "", line: int = 0) -> None:
        """Note something that a person should know of; the rest goes on."""
        self.findings.append(Finding(Place(where, line), code, message, remedy))


def keep(
    store: Store,
    answers: Iterable[tuple[Call, Answer]],
    *,
    origin: str,
    key: bytes,
    told: ToldBefore | None = None,
) -> list[Kept]:
    """Store answers in their order and give them back decoded.

    ``key`` makes the hashes of personal numbers. Many answers go in one transaction. ``told`` knows
    what their calls were answered before, where that was looked up.
    """
    answers = list(answers)
    told = told or ToldBefore(store)
    told.look_up(call for call, _ in answers)
    rows: list[list[Any]] = []
    bodies: list[str] = []
    kept: list[Kept] = []
    for call, answer in answers:
        endpoint = classify(call.method, call.path)
        body = redacted(answer.body, key, contacts=endpoint.contacts)
        digest = _digest(body)
        content, problem = _read(endpoint, answer, body)
        if endpoint.name == "order" and content is not None:
            problem = _other_order(call, content) or problem
        if endpoint.name == BATCH and content is not None and problem is None:
            id = dict(call.query).get("Id", "")
            problem = lost(store, id, content, partial(_unstaged, store, rows, bodies, call))
        repeated = False
        if endpoint.repeats and answer.status == 200 and problem is None:
            repeated = _repeats(store, rows, bodies, call, answer, digest, told)
        if answer.status == 200:
            told.note(call, answer.sent_at, digest if problem is None else "")
        bodies.append(body)
        rows.append(
            [
                answer.sent_at,
                origin,
                endpoint.source,
                endpoint.name,
                call.method,
                call.path,
                call.query_text,
                answer.status,
                "" if repeated else body,
                digest,
                problem,
            ]
        )
        error = {} if answer.status == 200 else _object(body)
        kept.append(Kept(call, endpoint, answer.status, content, problem, digest, error))
    append_answers(store, rows, COLUMNS)
    return kept


def cursor(store: Store, stream: str) -> str | None:
    """The last value of a stream, or None before its first."""
    return cursors(store, stream).get("")


def cursors(store: Store, prefix: str) -> dict[str, str]:
    """The last value of each stream whose name begins with ``prefix``, by the rest of its name."""
    rows = store.rows(
        "SELECT stream, arg_max(value, rowid) AS value FROM raw.cursor "
        "WHERE starts_with(stream, ?) GROUP BY stream",
        [prefix],
    )
    return {row["stream"].removeprefix(prefix): row["value"] for row in rows}


def move_cursor(store: Store, stream: str, value: str, at: datetime) -> None:
    """Remember how far a stream has been read; unchanged values are not written again."""
    if cursor(store, stream) != value:
        store.append("raw.cursor", [[stream, value, at]], ["stream", "value", "noted_at"])


def why(kept: Kept) -> str:
    """Why an answer of Qliro is of no use, in a sentence."""
    if kept.problem:
        return f"{kept.problem[0].upper()}{kept.problem[1:]} (status {kept.status})."
    said = " ".join(str(kept.error[k]) for k in ("ErrorCode", "ErrorMessage") if kept.error.get(k))
    return f"Status {kept.status}: {said.rstrip('.')}." if said else f"Status {kept.status}."


def _repeats(
    store: Store,
    rows: Sequence[list[Any]],
    bodies: Sequence[str],
    call: Call,
    answer: Answer,
    digest: str,
    told: ToldBefore,
) -> bool:
    """Whether the answer that was given to the same call before it said the same, and was read.

    One that was given after it, and is kept without a body as a repeat, gets its body back where
    this one comes between: what it repeats is no longer the one before it.
    """
    query, at = call.query_text, answer.sent_at
    newest = told.last(call)
    if newest is None or newest[0] <= at:
        return newest is not None and newest[1] == digest
    (before,) = store.rows(BESIDE, {"path": call.path, "query": query, "at": at})
    last_at, last = before["last_at"], before["last"]
    for row in rows:
        is_before = row[5:8] == [call.path, query, 200] and row[0] <= at
        if is_before and (last_at is None or row[0] >= last_at):
            last_at, last = row[0], row[9] if row[10] is None else ""
    if last == digest:
        return True
    if before["next"] is not None:
        append_answers(store, store.tuples(BODY_BACK, [before["next"]]), COLUMNS)
    for place, row in enumerate(rows):
        if row[5:8] == [call.path, query, 200] and row[0] > at:
            row[8] = bodies[place]
    return False


BESIDE = """
-- Of the answers to a call the one that was given last before a moment, and the next after it.
SELECT
    max(noted_at) FILTER (WHERE noted_at <= $at) AS last_at,
    arg_max(CASE WHEN problem IS NULL THEN digest ELSE '' END, (noted_at, seq))
        FILTER (WHERE noted_at <= $at) AS last,
    arg_min(seq, (noted_at, seq)) FILTER (WHERE noted_at > $at) AS next
FROM raw.answer
WHERE path = $path AND query = $query AND status = 200
"""
BODY_BACK = """
-- A repeat once more, with the body that it repeats.
SELECT
    again.* EXCLUDE (seq) REPLACE (
        (
            SELECT any_value(whole.body) FROM raw.answer AS whole
            WHERE whole.path = again.path AND whole.query = again.query
              AND whole.digest = again.digest AND whole.body <> ''
        ) AS body
    )
FROM raw.answer AS again
WHERE again.seq = ? AND again.body = '' AND again.digest <> sha256('')
"""


def _unstaged(
    store: Store, rows: Sequence[list[Any]], bodies: Sequence[str], call: Call
) -> Any | None:
    """What was told of a batch last, and is not staged yet, decoded: whole, or else as it first
    came; None when nothing was."""
    query = call.query_text
    told = [(row["body"], row["problem"]) for row in store.rows(UNSTAGED, [query])]
    told += [
        (body, row[10])
        for row, body in zip(rows, bodies, strict=True)
        if (row[3], row[6], row[7]) == (BATCH, query, 200)
    ]
    whole = [body for body, problem in told if problem is None]
    decoded = map(_object, [*whole[-1:], *(body for body, _ in told)])
    return next(filter(None, decoded), None)


UNSTAGED = """
-- Answers about a batch that are not staged yet; those without a body repeat what stands before.
SELECT body, problem
FROM raw.answer
WHERE endpoint = 'settlements_by_batch' AND query = ? AND status = 200 AND body <> ''
  AND seq > (SELECT coalesce(max(seq), 0) FROM raw.staged)
ORDER BY seq
"""


def _digest(body: str) -> str:
    """The SHA-256 of a body; of a long one without a copy of all of it."""
    found = hashlib.sha256()
    for start in range(0, len(body), long_lists.LONG):
        found.update(body[start : start + long_lists.LONG].encode())
    return found.hexdigest()


def _read(endpoint: Endpoint, answer: Answer, body: str) -> tuple[Any, str | None]:
    """The decoded body, and what can't be read of it."""
    if answer.status != 200:
        return None, answer.problem
    try:
        content = long_lists.decode(body, LISTS if endpoint.name == BATCH else ())
    except json_text.NotRead as error:
        return None, f"the body can't be read: {error}"
    except ValueError:
        return None, "the body is not whole JSON" if body.strip() else "the body is empty"
    if misfit := _misfit(endpoint, content):
        return None, misfit
    problem = answer.problem
    empty = endpoint.name != BATCH and isinstance(content, dict) and content.get(endpoint.key) == []
    if problem is None and isinstance(content, dict) and not empty:
        problem = unread(endpoint.name, content)
    if endpoint.name == BATCH:
        problem = problem or _unreadable_lines(content)
    return content, problem


def _other_order(call: Call, content: dict[str, Any]) -> str | None:
    """Qliro reads the end of the path as an id or as a reference: its answer must be either."""
    asked = unquote(call.path.rstrip("/").rpartition("/")[2])
    id, reference = str(content.get("OrderId")), content.get("MerchantReference")
    if asked == id or asked.casefold() == str(reference).strip().casefold():
        return None
    return f"{OTHER_ORDER} than {asked}: OrderId {id}, reference {reference}"


def _object(body: str) -> dict[str, Any]:
    try:
        content = json_text.decode(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _misfit(endpoint: Endpoint, content: Any) -> str | None:
    """Why the content can't be an answer of the endpoint."""
    if endpoint.key is None:
        return None
    if not isinstance(content, dict):
        return "the body is not a JSON object"
    if endpoint.key not in content:
        return f"the body has no {endpoint.key}"
    found = content[endpoint.key]
    if endpoint.is_list and found is not None:
        is_list = isinstance(found, list | long_lists.Rows)
        return None if is_list else f"{endpoint.key} is no list"
    return f"{endpoint.key} is null" if found is None else None


def _unreadable_lines(content: dict[str, Any]) -> str | None:
    """What would be lost of a batch's lines if nobody said so. A list of another name comes last:
    its lines count for nothing, and the others are whole beside it."""
    for name in LISTS:
        for position, row in enumerate(content.get(name) or (), start=1):
            if row.get("Amount") is None:
                return f"row {position} of {name} has no Amount"
            amount = Decimal(row["Amount"])
            if amount != amount.quantize(Decimal("0.0001")):
                return f"row {position} of {name} has an Amount with more than four decimals"
    for name, found in content.items():
        if name.endswith("Settlements") and found and name not in LISTS:
            return f"{name} {OTHER_LIST}"
    return None
