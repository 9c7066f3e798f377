"""Texts and dates that come again in the rows of a table are held once.

A database gives each row objects of its own: of a hundred thousand lines each has its currency, its
status and its day for itself, which is a fifth of what they take in memory.
"""

from __future__ import annotations

from datetime import date
from typing import Any

Row = dict[str, Any]
# A column with more values than this has one for nearly each row.
MOST = 64


class Once:
    """Called with row after row of one table; the values by column that came so far."""

    def __init__(self) -> None:
        self.columns: dict[str, dict[Any, Any]] = {}

    def __call__(self, row: Row) -> Row:
        """The same row, changed in place: equal texts and equal dates are the same objects."""
        for name, value in row.items():
            if type(value) is str or type(value) is date:
                known = self.columns.setdefault(name, {})
                if value in known:
                    row[name] = known[value]
                elif len(known) < MOST:
                    known[value] = value
        return row
