"""Traces of documents of many lines: a long list of lines is told by their ids alone.

The voucher of a payout is made of all its lines, and a trace that repeated them would be as long as
the payout itself, several times. Whoever needs the lines' columns reads them where they are staged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..store.database import Store

# A list of more lines than this is told by ids.
MOST_WHOLE = 200

LINES = "SELECT * FROM qliro.line_view WHERE line IN (SELECT unnest(?::VARCHAR[]))"


def are_many(lines: int) -> bool:
    """Whether so many lines are told by their ids alone."""
    return lines > MOST_WHOLE


def is_long(value: Any) -> bool:
    """Whether it is a long list of lines."""
    return isinstance(value, list) and are_many(len(value)) and all(
        isinstance(one, Mapping) and "line" in one for one in value
    )  # fmt: skip


def short(value: Any) -> Any:
    """What a trace keeps of a value: of a long list of lines ``[{"line": id}, …]``."""
    return [{"line": one["line"]} for one in value] if is_long(value) else value


def is_short(value: Any) -> bool:
    """Whether this is such a list as a trace keeps it."""
    return isinstance(value, list) and bool(value) and all(
        isinstance(one, dict) and one.keys() == {"line"} for one in value
    )  # fmt: skip


def as_staged(store: Store, value: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of such a list as they are staged now, in its order; one that is no longer there
    stays as it is told."""
    ids = [one["line"] for one in value]
    staged = {row["line"]: row for row in store.rows(LINES, [ids])}
    return [staged.get(one, {"line": one}) for one in ids]
