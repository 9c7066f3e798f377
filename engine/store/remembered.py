"""A database that nobody changes meanwhile, asked the same again and again: each answer is kept.

Reads through another store's connection. What is asked may be of temp tables that were made on the
way: an answer is kept by what those were made of, and they are made in the database only when
something is asked of them that is not known yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from .database import Parameters, Store
from .driver import duckdb

_MADE = re.compile(r"\s*CREATE OR REPLACE TEMP TABLE (\w+)")
_CHANGED = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
MOST_KEPT = 20_000  # answers; beyond that all are asked for anew


@lru_cache(maxsize=1000)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


class Answer(NamedTuple):
    """The names of the columns, and the rows."""

    names: list[str]
    rows: list[tuple[Any, ...]]


class Kept(Protocol):
    """Answers that outlast the process, by what was asked: of a database with the same content."""

    def get(self, asked: Any) -> Answer | None:
        """The answer that is kept."""

    def keep(self, asked: Any, answer: Answer) -> None:
        """Keep one that was asked for now."""


class Remembered(Store):
    """The same database as another store's. ``begin`` before each round of questions: a round makes
    the temp tables that it asks of itself. ``kept`` are answers of earlier processes."""

    def __init__(self, store: Store, kept: Kept | None = None) -> None:
        super().__init__(store.connection, store.path)
        self._store, self._kept = store, kept
        self._answers: dict[Any, Answer] = {}
        self._made: dict[str, Any] = {}  # temp tables of this round, and what they were made of
        self._left: list[Callable[[], None]] = []  # statements that were not carried out yet

    def begin(self) -> None:
        """A new round: of the temp tables of the last one nothing will be asked."""
        self._made.clear()
        self._left.clear()

    def execute(self, statement: str, parameters: Parameters = ()) -> None:
        """Carried out when something is asked of what it makes; what makes more than temp tables is
        carried out now, and nothing that was known before holds."""
        of = (statement, repr(parameters), self._named(statement))
        if made := _MADE.match(statement):
            self._made[made[1]] = of
        elif (changed := _CHANGED.match(statement)) and changed[1] in self._made:
            self._made[changed[1]] = (self._made[changed[1]], of)
        else:
            self._carry_out()
            self._store.execute(statement, parameters)
            self._changed()
            return
        self._left.append(lambda: self._store.execute(statement, parameters))

    def append(self, table: str, rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
        """The same of rows."""
        values = [tuple(row) for row in rows]
        if table in self._made:
            self._made[table] = (self._made[table], repr(values), tuple(columns))
            self._left.append(lambda: self._store.append(table, values, columns))
            return
        self._carry_out()
        self._store.append(table, values, columns)
        self._changed()

    def _changed(self) -> None:
        """Nothing that was known before holds."""
        self._answers.clear()
        self._kept = None

    def types(self, relation: str) -> dict[str, str]:
        """The same for as long as the database is open."""
        return self._store.types(relation)

    def rows(self, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """As of any store."""
        found = self._known(query, parameters)
        return [dict(zip(found.names, row, strict=True)) for row in found.rows]

    def each(self, query: str, parameters: Parameters = ()) -> Iterator[dict[str, Any]]:
        """As of any store; what is remembered is held whole."""
        yield from self.rows(query, parameters)

    def tuples(self, query: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """As of any store."""
        return list(self._known(query, parameters).rows)

    def value(self, query: str, parameters: Parameters = ()) -> Any:
        """As of any store."""
        found = self._known(query, parameters).rows
        return found[0][0] if found else None

    def _known(self, query: str, parameters: Parameters) -> Answer:
        key = (query, repr(parameters), self._named(query))
        if key not in self._answers:
            if len(self._answers) == MOST_KEPT:
                self._answers.clear()
            self._answers[key] = self._found(key, query, parameters)
        return self._answers[key]

    def _asked(self, query: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        """Whatever else is asked is asked of the database, and not kept."""
        self._carry_out()
        return self._store._asked(query, parameters)

    def _found(self, key: Any, query: str, parameters: Parameters) -> Answer:
        kept = self._kept.get(key) if self._kept is not None else None
        if kept is not None:
            return kept
        cursor = self._asked(query, parameters)
        names = [column[0] for column in cursor.description or ()]
        answer = Answer(names, cursor.fetchall())
        if self._kept is not None:
            self._kept.keep(key, answer)
        return answer

    def _named(self, text: str) -> tuple[Any, ...]:
        """The temp tables whose names are in a text, with what they were made of."""
        if not self._made:
            return ()
        words = _words(text)
        return tuple((name, of) for name, of in self._made.items() if name in words)

    def _carry_out(self) -> None:
        """What was left until now, in its order."""
        left, self._left = self._left, []
        for one in left:
            one()
