"""Writes what is stored as the JSON lines that ``sync --from`` reads, pseudonymised on request.

Reads ``raw.answer``. So a reported problem can be run again from a file, by someone who must not
know the buyers: see ``engine/extract/pseudonym.py`` for what is replaced and what stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC

from .. import json_text
from ..store.database import Store
from ..transport.http import NOT_UTF_8
from .pseudonym import Pseudonyms, known_ids, references
from .raw import query_pairs

STORED = """
-- What was answered, in the order it came. Repeats, kept without their body, add nothing, but that
-- an order is so still: the last of those that follow each other is told, with the body again.
SELECT
    a.noted_at, a.method, a.path, a.query, a.status, a.problem,
    coalesce(told.body, a.body) AS body
FROM raw.answer AS a
LEFT JOIN (
    SELECT repeat.seq, first.body
    FROM repeat
    JOIN raw.answer AS first ON first.seq = repeat.told_by
    WHERE repeat.seq BETWEEN $first AND $last
) AS told ON told.seq = a.seq
WHERE a.seq BETWEEN $first AND $last
  AND (told.seq IS NOT NULL OR NOT (a.body = '' AND a.digest <> sha256('')))
ORDER BY a.seq
"""
REPEATS = """
-- The last repeats of orders, each with the answer that has the body.
CREATE OR REPLACE TEMP TABLE repeat AS
SELECT seq, told_by
FROM (
    SELECT
        seq,
        body = '' AND digest <> sha256('') AS repeated,
        digest IS DISTINCT FROM lead(digest) OVER (PARTITION BY path ORDER BY noted_at, seq)
            AS last,
        max(seq) FILTER (WHERE body <> '') OVER (PARTITION BY path, digest) AS told_by
    FROM raw.answer
    WHERE endpoint = 'order' AND status = 200 AND problem IS NULL
)
WHERE repeated AND last
"""
AT_ONCE = 50


def export(
    store: Store,
    *,
    pseudonymise: bool = False,
    key: bytes = b"",
    prefix: str = "",
    words: Collection[str] = (),
    postcodes: Collection[str] = (),
) -> Iterator[str]:
    """Lines without a line break: request, status, body, time.

    Pseudonymised, names, addresses and numbers are replaced consistently under ``key``, wherever
    they stand; ``prefix`` is the Payment Reference Prefix, which stays, and ``words`` those of the
    merchant's own voucher texts, which stay too, so that matching gives the same result after
    import. ``postcodes`` are what postcodes of territories of their own begin with.
    """
    replace = None
    if pseudonymise:
        replace = Pseudonyms(
            key, known_ids(store), prefix, words, references(store), postcodes
        )
        _make_known(store, replace)
    bounds = store.rows("SELECT min(seq) AS first, max(seq) AS last FROM raw.answer")[0]
    if bounds["first"] is None:
        return
    store.execute(REPEATS)
    for first in range(bounds["first"], bounds["last"] + 1, AT_ONCE):
        for row in store.rows(STORED, {"first": first, "last": first + AT_ONCE - 1}):
            path, query, body = row["path"], query_pairs(row["query"]), row["body"]
            if replace:
                path, query, body = replace.path(path), replace.query(query), replace.body(body)
            request: dict[str, object] = {"method": row["method"], "path": path}
            if query:
                request["query"] = _by_name(query)
            at = row["noted_at"].astimezone(UTC).isoformat()
            told = {"request": request, "status": row["status"], "at": at}
            if row["problem"] == NOT_UTF_8:  # what can't be seen of the body itself
                told["problem"] = row["problem"]
            yield f'{json_text.encode(told)[:-1]},"body":{_as_it_came(body)}}}'


def _make_known(store: Store, names: Pseudonyms) -> None:
    """Show it every body once: a name may stand in texts that come before it."""
    bounds = store.rows("SELECT min(seq) AS first, max(seq) AS last FROM raw.answer")[0]
    first, last = bounds["first"] or 0, bounds["last"] or -1
    for start in range(first, last + 1, AT_ONCE):
        for row in store.rows(BODIES, [start, start + AT_ONCE - 1]):
            with suppress(ValueError):
                names.know(json_text.decode(row["body"]))


BODIES = "SELECT body FROM raw.answer WHERE seq BETWEEN ? AND ? AND body <> ''"


def _by_name(query: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    named: dict[str, list[str]] = {}
    for name, value in query:
        named.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in named.items()}


def _as_it_came(body: str) -> str:
    """The body itself if it is JSON on one line, else as a text that holds it."""
    if body[:1] in "{[" and body[-1:] in "}]" and "\n" not in body and "\r" not in body:
        try:
            json_text.decode(body)
        except ValueError:
            return json_text.encode(body)
        return body
    return json_text.encode(body)
