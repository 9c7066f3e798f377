"""What calls were answered before, looked up for many at once: a look goes over all answers.

Reads ``raw.answer``. An answer that says the same as the one given before it is kept without its
body (``raw.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from ..store.database import Store
from ..transport.endpoints import classify

if TYPE_CHECKING:
    from .raw import Call


class ToldBefore:
    """Of some calls, the answer with status 200 that was given last: when, and its digest, which is
    empty where it can't be read.

    It knows what was there when a call was looked up, and what it was told of since (``note``).
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[tuple[str, str], tuple[datetime, str] | None] = {}

    def look_up(self, calls: Iterable[Call]) -> None:
        """Look up those of the calls whose answers may repeat, unless that was done before."""
        wanted = {(one.path, one.query_text) for one in calls
                  if classify(one.method, one.path).repeats}  # fmt: skip
        wanted -= self._last.keys()
        if not wanted:
            return
        self._last.update(dict.fromkeys(wanted))
        paths, queries = zip(*wanted, strict=True)
        told = {"paths": list(paths), "queries": list(queries)}
        for row in self._store.rows(LAST, told):
            self._last[row["path"], row["query"]] = row["last_at"], row["last"]

    def last(self, call: Call) -> tuple[datetime, str] | None:
        """When it was answered last, and the digest; None where it never was. The call must have
        been looked up."""
        return self._last[call.path, call.query_text]

    def note(self, call: Call, at: datetime, digest: str) -> None:
        """An answer with status 200 is kept now; of two given at once the one kept later counts."""
        key = call.path, call.query_text
        if key in self._last:
            last = self._last[key]
            if last is None or last[0] <= at:
                self._last[key] = at, digest


LAST = """
SELECT
    path,
    query,
    max(noted_at) AS last_at,
    arg_max(CASE WHEN problem IS NULL THEN digest ELSE '' END, (noted_at, seq)) AS last
FROM raw.answer
JOIN (SELECT unnest($paths) AS path, unnest($queries) AS query) AS wanted USING (path, query)
WHERE status = 200
GROUP BY ALL
"""
