"""A database beside a merchant's that holds more than is true: documents as if they stood.

Reads a merchant's database, writes nothing to it. ``seen`` has all that the merchant's has, every
payout and order open to be looked at again, and beside that what is written to ``added``: actions
with their events, answers with what they are staged to. A document that was added takes the place
of the merchant's own of the same number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .. import json_text
from .database import Parameters, Store, beside
from .driver import duckdb
from .history import ALL_SCHEMAS, IN_ORDER, REOPENED, make_views
from .remembered import Kept, Remembered
from .statements import sql
from .tables import VIEWS

# Tables to which rows are added, and the column that names the document of a row in each where
# those that were added stand in place of others.
GROWING = ("raw.answer_short", "raw.answer_long", "raw.cursor", "ledger.action", "ledger.event")
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
# States of which answers are kept at a time.
MOST_KNOWN = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is supposed: ``digest`` is of all that is written by ``carry_out``."""

    digest: str
    carry_out: Callable[[], None]


class Supposed:
    """``now`` is read like a merchant's database; what was supposed shows there. Steps are written
    to ``added``, each when something is asked that is not known yet. ``emptied`` takes what was
    written away again: the same steps, written once more, must get the same numbers. ``kept`` has
    answers of earlier processes, by the digest of all that is supposed."""

    def __init__(
        self, seen: Store, added: Store, emptied: Callable[[], None], *, remembers: bool = False,
        kept: Callable[[str], Kept] | None = None,
    ) -> None:  # fmt: skip
        self.seen, self.added, self.remembers, self.kept = seen, added, remembers, kept
        self._emptied = emptied
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
            if len(self._known) == MOST_KNOWN:
                self._known.clear()
            kept = self.kept(json_text.digest(of)) if self.kept else None
            self._known[of] = Remembered(_Late(self, self._steps), kept)
        known = self._known[of]
        known.begin()
        return known

    def forget(self) -> None:
        """Nothing is supposed any more."""
        self._steps = ()

    def suppose(self, step: Step) -> None:
        """One step more."""
        self._steps = (*self._steps, step)

    def carry_out(self) -> None:
        """Write all that is supposed."""
        self.write(self._steps)

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
        self._emptied()
        self._written = ()


class _Late(Store):
    """What is seen once these steps are written, which is when it is asked."""

    def __init__(self, where: Supposed, steps: tuple[Step, ...]) -> None:
        super().__init__(where.seen.connection, None)
        self._where, self._steps = where, steps

    def types(self, relation: str) -> dict[str, str]:
        """The same whatever is supposed."""
        return self._where.seen.types(relation)

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
        last = {
            "raw.answer_seq": _newest(store),
            "ledger.event_seq": store.value("SELECT coalesce(max(seq), 0) FROM ledger.event"),
        }
        for schema in ("raw", "ledger"):
            added.execute(f"CREATE SCHEMA {schema}")
        for part in ("schema", *VIEWS):  # what is added is staged there
            added.execute(sql(part))
        shown = {**REOPENED, **{table: _not_added(own, table) for table in REPLACED}}
        more = {table: _more(own, table) for table in (*GROWING, *REPLACED)}
        make_views(seen, name, store, ALL_SCHEMAS, shown, more)

        def emptied() -> None:
            for table in (*GROWING, *REPLACED):
                added.execute(f"DELETE FROM {_quoted(table)}")
            added.execute("DELETE FROM raw.staged")
            added.append("raw.staged", [[last["raw.answer_seq"]]], ["seq"])
            restart(added, last)

        made = Supposed(seen, added, emptied, remembers=remembers)
        made.empty()
        yield made


def restart(store: Store, last: Mapping[str, int]) -> None:
    """Sequences go on after these numbers, or after 1."""
    for name, number in last.items():
        store.value(f"SELECT setval('{name}', {max(int(number), 1)})")


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
