"""Lays out tables for what is no terminal: as Rich would, without the time that loading it takes.

Only what is plain: nothing is wrapped or coloured there, and each sign takes one place. Whatever
else a table holds is left to Rich.
"""

from __future__ import annotations

from .page import Cell, Table

GAP = "  "
# Signs that take one place: those of Latin letters, and what our sentences and figures have beside.
LAST_LATIN = "\u024f"
OURS = frozenset("–—…≠−≥≤→✓")
WIDEST = 9_000


def lines(table: Table) -> list[str] | None:
    """The lines of the table, unindented; None where it is not plain."""
    titles = [column.title for column in table.columns]
    rows = [[_text(cell) for cell in row] for row in table.rows]
    shown = [titles, *rows] if table.titles else rows
    if not rows or not titles or not all(_is_plain(text) for row in shown for text in row):
        return None
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    if sum(widths) > WIDEST:
        return None
    return [
        GAP.join(
            text.rjust(width) if column.right else text.ljust(width)
            for text, width, column in zip(row, widths, table.columns, strict=True)
        )
        for row in shown
    ]


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _is_plain(text: str) -> bool:
    return text == text.strip() and all(
        (one <= LAST_LATIN and one.isprintable()) or one in OURS for one in text
    )
