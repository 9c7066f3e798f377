"""A database that nobody changes meanwhile, asked the same again and again: each answer is kept.

Reads through another store's connection. What is asked may be of temp tables that were made on the
way: an answer is kept by what those were made of, and they are made in the database only when
something is asked of them that is not known yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from .database import Parameters, Store

_MADE = re.compile(r"\s*CREATE OR REPLACE TEMP TABLE (\w+)")
_CHANGED = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
MOST_KEPT = 20_000  # answers; beyond that all are asked for anew


class _Answer(NamedTuple):
    names: list[str]
    rows: list[tuple[Any, ...]]


class Remembered(Store):
    """The same database as another store's. ``begin`` before each round of questions: a round makes
    the temp tables that it asks of itself."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.connection, store.path)
        self._store = store
        self._answers: dict[Any, _Answer] = {}
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
            self._answers.clear()
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
        self._answers.clear()

    def rows(self, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """As of any store."""
        found = self._known(query, parameters)
        return [dict(zip(found.names, row, strict=True)) for row in found.rows]

    def tuples(self, query: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """As of any store."""
        return list(self._known(query, parameters).rows)

    def value(self, query: str, parameters: Parameters = ()) -> Any:
        """As of any store."""
        found = self._known(query, parameters).rows
        return found[0][0] if found else None

    def _known(self, query: str, parameters: Parameters) -> _Answer:
        key = (query, repr(parameters), self._named(query))
        if key not in self._answers:
            self._carry_out()
            if len(self._answers) == MOST_KEPT:
                self._answers.clear()
            cursor = self._store._asked(query, parameters)
            names = [column[0] for column in cursor.description or ()]
            self._answers[key] = _Answer(names, cursor.fetchall())
        return self._answers[key]

    def _named(self, text: str) -> tuple[Any, ...]:
        """The temp tables whose names are in a text, with what they were made of."""
        words = frozenset(re.findall(r"\w+", text))
        return tuple((name, of) for name, of in self._made.items() if name in words)

    def _carry_out(self) -> None:
        """What was left until now, in its order."""
        left, self._left = self._left, []
        for one in left:
            one()
