"""Shows which invoice field would match what share of the lines, the chosen one marked.

Reads the shares that ``engine.report.references`` measured, gives a page and the same as data.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..report.references import Share
from .page import Column, Page, Table, Text, blank


def page(merchant: str, shares: list[Share], warning: str | None) -> Page:
    """A table, the best first, then whether the chosen field is it."""
    if not any(one.lines for one in shares):
        return [Text(f"No lines to look at yet. Begin with: qliro-fortnox sync {merchant}")]
    rows = [
        [one.field, one.identifier, f"{one.percent} %", f"{one.matched} of {one.lines}",
         ("chosen", "bold") if one.chosen else ""]
        for one in shares
    ]  # fmt: skip
    columns = [
        Column("Invoice field"), Column("Holds Qliro's"), Column("Matches", True),
        Column("Lines", True), Column(""),
    ]  # fmt: skip
    verdict = warning or "No other field would match clearly more than the chosen one."
    return [Table(columns, rows), blank(), Text(verdict, style="yellow" if warning else "")]


def data(shares: list[Share], warning: str | None) -> dict[str, Any]:
    """The same for ``--json``."""
    return {
        "fields": [{**asdict(one), "percent": one.percent} for one in shares],
        "warning": warning,
    }
