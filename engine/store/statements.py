"""The SQL of the house: a file for each statement, or for those that belong together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "sql"
# A view of the house, as its file declares it.
_VIEW = r"^CREATE OR REPLACE VIEW {name} AS\n(.*?);$"
_VIEWS = "views"


def sql(name: str) -> str:
    """The text of ``engine/store/sql/<name>.sql``."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def narrowed(view: str, relations: Mapping[str, str]) -> str:
    """The query of a view of ``views.sql``, in parentheses, with queries in place of relations that
    it reads: the same rows from less, where these hold all that matters for what is asked.

    A view that sums up all that was ever done can't be asked for few of it cheaply: DuckDB takes
    no list of keys through a GROUP BY. Raises KeyError for a relation that the view does not read.
    """
    names = "|".join(map(re.escape, relations))
    found: set[str] = set()

    def narrow(at: re.Match[str]) -> str:
        found.add(at[2])
        return f"{at[1]} ({relations[at[2]]})"

    query = re.sub(rf"\b(FROM|JOIN) ({names})(?![\w.])", narrow, _query(view))
    if found != set(relations):
        raise KeyError(f"{view} does not read {', '.join(sorted(set(relations) - found))}")
    return f"({query})"


@cache
def _query(view: str) -> str:
    found = re.search(_VIEW.format(name=re.escape(view)), sql(_VIEWS), re.DOTALL | re.MULTILINE)
    if found is None:
        raise KeyError(f"{_VIEWS}.sql declares no view {view}")
    return found[1]
