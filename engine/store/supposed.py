"""A database beside a merchant's that holds more than is true: documents as if they stood.

Reads a merchant's database, writes nothing to it. ``seen`` has all that the merchant's has, every
payout and order open to be looked at again, and beside that what was written to ``added``: actions
with their events, answers with what they are staged to. A document that was added takes the place
of the merchant's own of the same number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .database import Store, beside
from .history import ALL_SCHEMAS, IN_ORDER, REOPENED, make_views
from .statements import sql

# Tables to which rows are added, and the column that names the document of a row in each where
# those that were added stand in place of others.
GROWING = ("raw.answer", "raw.cursor", "ledger.action", "ledger.event")
REPLACED = {
    "fortnox.customer": "CustomerNumber",
    "fortnox.article": "ArticleNumber",
    "fortnox.order": "DocumentNumber",
    "fortnox.order_detail": "DocumentNumber",
    "fortnox.order_row": "DocumentNumber",
    "fortnox.invoice": "DocumentNumber",
    "fortnox.invoice_detail": "DocumentNumber",
    "fortnox.invoice_row": "DocumentNumber",
}
# Row ids are the order of writing: what is added comes after all that was written before.
LATER = 1 << 50


@dataclass(frozen=True, slots=True)
class Supposed:
    """``seen`` is read like a merchant's database; what is ``added`` shows there at once."""

    seen: Store
    added: Store

    def forget(self) -> None:
        """Nothing is added any more: ``seen`` holds what is true again."""
        for table in (*GROWING, *REPLACED):
            self.added.execute(f"DELETE FROM {_quoted(table)}")
        self.added.execute("DELETE FROM raw.staged")
        self.added.append("raw.staged", [[_newest(self.seen)]], ["seq"])


@contextmanager
def supposed(store: Store) -> Iterator[Supposed]:
    """A database to suppose in, with nothing added yet; it goes when the block ends."""
    with beside(store) as (seen, name), beside(seen) as (added, _):
        own = f"{added.value('SELECT current_database()')}"
        events = store.value("SELECT coalesce(max(seq), 0) FROM ledger.event")
        for schema, sequence, last in (
            ("raw", "answer_seq", _newest(store)),
            ("ledger", "event_seq", events),
        ):
            added.execute(f"CREATE SCHEMA {schema}")
            added.execute(f"CREATE SEQUENCE {schema}.{sequence} START {int(last) + 1}")
        added.execute(sql("schema"))
        shown = {**REOPENED, **{table: _not_added(own, table) for table in REPLACED}}
        more = {table: _more(own, table) for table in (*GROWING, *REPLACED)}
        make_views(seen, name, store, ALL_SCHEMAS, shown, more)
        made = Supposed(seen, added)
        made.forget()
        yield made


def _newest(store: Store) -> int:
    return int(store.value("SELECT coalesce(max(seq), 0) FROM raw.answer"))


def _quoted(table: str) -> str:
    schema, _, name = table.partition(".")
    return f'{schema}."{name}"'


def _not_added(own: str, table: str) -> str:
    key = REPLACED[table]
    return f'"{key}" NOT IN (SELECT "{key}" FROM "{own}".{_quoted(table)})'


def _more(own: str, table: str) -> str:
    of_rows = f"rowid + {LATER} AS rowid, " if table in IN_ORDER else ""
    return f'UNION ALL BY NAME SELECT {of_rows}* FROM "{own}".{_quoted(table)}'
