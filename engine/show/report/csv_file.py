"""The report's lines as CSV: as Swedish Excel opens it, or plain for programs.

For Excel: UTF-8 with a byte order mark, semicolons, decimal comma, no grouping, a plain minus.
Plain: commas, decimal point, no mark. A text that a spreadsheet would take for a formula begins
with an apostrophe in both.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

from ...report.payouts.model import Line
from .rows import LINE_COLUMNS, Value, line_cells, shown
from .whole import in_place
from .words import Words

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(path: Path, lines: Iterable[Line], words: Words, *, plain: bool) -> Path:
    """Write the lines."""
    encoding = "utf-8" if plain else "utf-8-sig"
    with in_place(path) as half, half.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter="," if plain else ";", lineterminator="\r\n")
        writer.writerow([words.of(one.title) for one in LINE_COLUMNS])
        for line in lines:
            writer.writerow([cell(one, plain=plain) for one in line_cells(words, line)])
    return path


def cell(value: Value, *, plain: bool) -> str:
    """A cell as text."""
    match value:
        case None:
            return ""
        case Decimal():
            number = f"{shown(value):f}"
            return number if plain else number.replace(".", ",")
        case date():
            return value.isoformat()
    return f"'{value}" if value.startswith(FORMULA) else value
