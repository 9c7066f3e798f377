"""A database beside a merchant's that holds more than is true: documents as if they stood.

Reads a merchant's database, writes nothing to it. ``seen`` has all that the merchant's has, every
payout and order open to be looked at again, and beside that what is written to ``added``: actions
with their events, answers with what they are staged to. A document that was added takes the place
of the merchant's own of the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from .database import Parameters, Store, beside
from .history import ALL_SCHEMAS, IN_ORDER, REOPENED, make_views
from .remembered import Remembered
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
class Step:
    """Something that is supposed: ``digest`` is of all that is written by ``carry_out``."""

    digest: str
    carry_out: Callable[[], None]


class Supposed:
    """``now`` is read like a merchant's database; what was supposed shows there. Steps are written
    to ``added``, each when something is asked that is not known yet."""

    def __init__(self, seen: Store, added: Store, *, remembers: bool = False) -> None:
        self.seen, self.added, self.remembers = seen, added, remembers
        self._steps: tuple[Step, ...] = ()
        self._written: tuple[str, ...] = ()
        self._known: dict[tuple[str, ...], Remembered] = {}

    @property
    def now(self) -> Store:
        """With all that is supposed. Where it remembers, what was asked of the same before is not
        asked of the database again."""
        if not self.remembers:
            self.write(self._steps)
            return self.seen
        of = tuple(one.digest for one in self._steps)
        if of not in self._known:
            self._known[of] = Remembered(_Late(self, self._steps))
        known = self._known[of]
        known.begin()
        return known

    def forget(self) -> None:
        """Nothing is supposed any more."""
        self._steps = ()

    def suppose(self, step: Step) -> None:
        """One step more."""
        self._steps = (*self._steps, step)

    def write(self, steps: Sequence[Step]) -> None:
        """Carry out what is not written yet; what these do not begin with goes first."""
        of = tuple(one.digest for one in steps)
        if of == self._written:
            return
        if of[: len(self._written)] != self._written:
            self.empty()
        for one in steps[len(self._written) :]:
            one.carry_out()
            self._written = (*self._written, one.digest)

    def empty(self) -> None:
        """Nothing is written."""
        for table in (*GROWING, *REPLACED):
            self.added.execute(f"DELETE FROM {_quoted(table)}")
        self.added.execute("DELETE FROM raw.staged")
        self.added.append("raw.staged", [[_newest(self.seen)]], ["seq"])
        self._written = ()


class _Late(Store):
    """What is seen once these steps are written, which is when it is asked."""

    def __init__(self, where: Supposed, steps: tuple[Step, ...]) -> None:
        super().__init__(where.seen.connection, None)
        self._where, self._steps = where, steps

    def execute(self, statement: str, parameters: Parameters = ()) -> None:
        self._where.write(self._steps)
        super().execute(statement, parameters)

    def append(self, table: str, rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
        self._where.write(self._steps)
        super().append(table, rows, columns)

    def _asked(self, query: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        self._where.write(self._steps)
        return super()._asked(query, parameters)


@contextmanager
def supposed(store: Store, *, remembers: bool = False) -> Iterator[Supposed]:
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
        made = Supposed(seen, added, remembers=remembers)
        made.empty()
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
