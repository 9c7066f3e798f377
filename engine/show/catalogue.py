"""Shows the error catalogue: what an error of Fortnox or Qliro means and what to do about it.

Reads the entries, gives a page and the same as data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..error_catalogue import NAMES, Catalogue, Entry
from ..errors import UsageError
from ..yamlfile import nearest
from .page import Column, Page, Table, Text, blank, heading

# A longer name of an error is cut in the list of all.
LONGEST = 40
AGAIN = {"never": "never", "later": "later, by itself", "after_fix": "after the cause is mended"}


def chosen(catalogue: Catalogue, code: str) -> list[Entry]:
    """The entries of a code, or of an HTTP status. Raises UsageError naming the nearest code."""
    found = [one for one in catalogue if one.code.lower() == code.lower()]
    if not found and code.isdigit():
        found = [one for one in catalogue if int(code) in one.status]
    if not found:
        codes = {one.code for one in catalogue if one.code}
        near = nearest(code, codes)
        remedy = near if near.startswith("Did") else "`qliro-fortnox errors` lists them all."
        raise UsageError(f"The catalogue has no error {code!r}; it would be shown whole.", remedy)
    return found


def table(entries: Iterable[Entry]) -> Page:
    """All of them, one a line."""
    rows = [[_source(one), _cut(_named(one)), one.means] for one in entries]
    return [
        Table((Column("From"), Column("Error"), Column("Means")), rows),
        blank(),
        Text("More on one: qliro-fortnox errors CODE"),
    ]


def page(entries: Iterable[Entry]) -> Page:
    """Some of them, in full."""
    parts: Page = []
    for one in entries:
        parts += [blank()] if parts else []
        stops = " Nothing else that is asked can succeed." if one.fatal else ""
        parts += [
            heading(f"{_source(one)} {_named(one)}"),
            Text(f"means   {one.means}{stops}", 2, hang=8),
            Text(f"why     {one.cause}", 2, hang=8),
            Text(f"remedy  {one.remedy}", 2, hang=8),
            Text(f"again   {AGAIN[one.retry]}", 2, hang=8),
            Text(f"who     {one.who}", 2, hang=8),
        ]
    return parts


def data(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The same for ``--json``."""
    return [
        {
            "source": one.source, "code": one.code, "message": one.message,
            "status": list(one.status), "means": one.means, "cause": one.cause,
            "remedy": one.remedy, "retry": one.retry, "who": one.who, "fatal": one.fatal,
        }
        for one in entries
    ]  # fmt: skip


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _source(entry: Entry) -> str:
    return "any server" if entry.source == "http" else NAMES[entry.source]


def _named(entry: Entry) -> str:
    parts = [entry.code] if entry.code else []
    if entry.message:
        parts.append(f"“{entry.message}”")
    if entry.status:
        parts.append(f"HTTP {', '.join(map(str, entry.status))}")
    return ", ".join(parts)
