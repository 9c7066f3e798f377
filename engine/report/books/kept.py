"""Keeps the last proof of each financial year, for ``status`` and the reports.

Reads and writes ``ledger.books``, append-only; of the SIE file itself nothing is kept but what
stands on the proved accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ... import json_text
from ...store.database import Store
from .model import Books

COLUMNS = ("noted_at", "first", "last", "holds", "detail")


@dataclass(frozen=True, slots=True)
class Kept:
    """A proof and when it was made."""

    noted_at: datetime
    books: Books


def keep(store: Store, now: datetime, books: Books) -> None:
    """Write a proof down."""
    row = (now, books.first, books.last, not books.attention, json_text.encode(books))
    store.append("ledger.books", [row], COLUMNS)


LAST = """
-- The last proof of each financial year, the newest year first.
SELECT noted_at, detail
FROM ledger.books
QUALIFY row_number() OVER (PARTITION BY "first", "last" ORDER BY rowid DESC) = 1
ORDER BY "last" DESC
"""


def last_proofs(store: Store) -> Sequence[Kept]:
    """The last proof of each year, the newest year first; none where a database of an earlier
    version is read."""
    if not store.has("ledger.books"):
        return ()
    return [
        Kept(row["noted_at"], json_text.decode_as(row["detail"], Books)) for row in store.rows(LAST)
    ]
