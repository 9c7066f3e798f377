"""Writes what is stored as the JSON lines that ``sync --from`` reads, pseudonymised on request.

Reads ``raw.answer``. So a reported problem can be run again from a file, by someone who must not
know the buyers: see ``engine/extract/pseudonym.py`` for what is replaced and what stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC

import msgspec

from engine import json_text
from engine.extract.pseudonym import Pseudonyms, known_ids, references
from engine.store import Store

STORED = """
-- What was answered, in the order it came; repeats, kept without their body, add nothing.
SELECT noted_at, method, path, query, status, body
FROM raw.answer
WHERE seq BETWEEN ? AND ?
  AND NOT (body = '' AND digest <> sha256(''))
ORDER BY seq
"""
AT_ONCE = 50


def export(
    store: Store,
    *,
    pseudonymise: bool = False,
    key: bytes = b"",
    prefix: str = "",
    words: Collection[str] = (),
) -> Iterator[str]:
    """Lines without a line break: request, status, body, time.

    Pseudonymised, names, addresses and references are replaced consistently under ``key``;
    ``prefix`` is the Payment Reference Prefix, which stays, and ``words`` those of the merchant's
    own voucher texts, which stay too, so that matching gives the same result after import.
    """
    replace = None
    if pseudonymise:
        replace = Pseudonyms(key, known_ids(store), prefix, words, references(store))
    bounds = store.rows("SELECT min(seq) AS first, max(seq) AS last FROM raw.answer")[0]
    if bounds["first"] is None:
        return
    for first in range(bounds["first"], bounds["last"] + 1, AT_ONCE):
        for row in store.rows(STORED, [first, first + AT_ONCE - 1]):
            path, query, body = row["path"], row["query"], row["body"]
            if replace:
                path, query, body = replace.path(path), replace.query(query), replace.body(body)
            request: dict[str, object] = {"method": row["method"], "path": path}
            if query:
                request["query"] = _pairs(query)
            at = row["noted_at"].astimezone(UTC).isoformat()
            head = json_text.encode({"request": request, "status": row["status"], "at": at})
            yield f'{head[:-1]},"body":{_as_it_came(body)}}}'


def _pairs(query: str) -> dict[str, str | list[str]]:
    pairs: dict[str, str | list[str]] = {}
    for name, _, value in (pair.partition("=") for pair in query.split("&")):
        before = pairs.get(name)
        if before is None:
            pairs[name] = value
        else:
            pairs[name] = [*(before if isinstance(before, list) else [before]), value]
    return pairs


def _as_it_came(body: str) -> str:
    """The body itself if it is JSON on one line, else as a text that holds it."""
    if body[:1] in "{[" and body[-1:] in "}]" and "\n" not in body and "\r" not in body:
        try:
            json_text.decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return json_text.encode(body)
        return body
    return json_text.encode(body)
