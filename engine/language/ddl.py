"""The columns of the tables of a merchant's database, read from the statements that make them.

Reads the SQL of ``engine/store/sql/schema.sql``; asks no database, for lint is to start fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(r'CREATE TABLE IF NOT EXISTS (\w+)\."?(\w+)"?\s*\(')
_COLUMN = re.compile(r'\s*"?(?P<name>\w+)"?\s+(?P<type>[A-Z]+(?: WITH TIME ZONE)?\S*)')


class Column(NamedTuple):
    """A column as it is declared: its type's first word (``DECIMAL``, ``VARCHAR[]``), and whether
    a row may lack it."""

    type: str
    optional: bool


def tables(sql: str) -> dict[str, dict[str, Column]]:
    """Table (``qliro.order``) → column → how it is declared, of all that ``sql`` creates."""
    text = _COMMENT.sub("", sql)
    found = {}
    for match in _TABLE.finditer(text):
        columns = {}
        for part in _parts(text, match.end()):
            one = _COLUMN.match(part)
            if one:
                type_ = one["type"].partition("(")[0]
                columns[one["name"]] = Column(type_, "NOT NULL" not in part)
        found[f"{match[1]}.{match[2]}"] = columns
    return found


def _parts(text: str, begin: int) -> Iterator[str]:
    """What stands between the commas of the parenthesis that opens before ``begin``."""
    depth, start = 1, begin
    for at in range(begin, len(text)):
        sign = text[at]
        depth += (sign == "(") - (sign == ")")
        if not depth or (sign == "," and depth == 1):
            yield text[start:at]
            start = at + 1
        if not depth:
            return
