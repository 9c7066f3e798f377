"""Answers as they came, each to the table that the length of its body puts it in.

Writes ``raw.answer_short`` and ``raw.answer_long``; the view ``raw.answer`` reads both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .database import Store

SHORT, LONG = "raw.answer_short", "raw.answer_long"
# Where all answers lay in databases of earlier versions.
ONE_TABLE = "raw.answer"
# Bodies of so many characters are long: lists and settlements. 2,048 shorter ones are 16 MB.
LONG_FROM = 8192


def append_answers(store: Store, rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
    """Add answers in their order; each gets the next place (``seq``) among all."""
    values = [tuple(row) for row in rows]
    body = list(columns).index("body")
    if all(len(row[body]) < LONG_FROM for row in values):  # by the table's own default
        store.append(SHORT, values, columns)
        return
    places = sorted(place for (place,) in store.tuples(PLACES, [len(values)]))
    placed = [(place, *row) for place, row in zip(places, values, strict=True)]
    for table, is_long in ((SHORT, False), (LONG, True)):
        of = [row for row in placed if (len(row[body + 1]) >= LONG_FROM) is is_long]
        store.append(table, of, ("seq", *columns))


PLACES = "SELECT nextval('raw.answer_seq') FROM range(?)"
