"""Names the document whose reference is nearly a line's: other blanks, or zeros in front of it.

Reads the temp table ``demand`` that a match has filled, and all documents; writes nothing. Such a
document is never chosen: a person sees what keeps the two apart.
"""

from __future__ import annotations

from collections.abc import Collection

from ..ordering import sql_order
from ..store.database import Store
from .candidates import Query, Step, where_searched
from .sought import referred


def near(store: Store, query: Query, lines: Collection[str]) -> dict[str, str]:
    """Of those of the ``lines`` for which there is such a document, a clause that names it: by the
    first of the declared steps, of one step the document with the lowest number.

    One of the two has a blank or a zero in front, so that few of many documents are looked at: all
    of them only for keys that have one.
    """
    keys = [
        (number, step, f"({key})::VARCHAR")
        for number, step in enumerate(query.steps, start=1)
        for key in step.keys
        if step.field not in ("", query.key) and not step.own
    ]
    if not lines or not keys:
        return {}
    lost = "WITH lost AS (SELECT * FROM demand WHERE list_contains(?, line))\n"
    odd = " OR ".join(f"coalesce({_odd(key)}, false)" for _, _, key in keys)
    among_all = store.value(f"{lost}SELECT bool_or({odd}) FROM lost AS l", [list(lines)])
    fields = list(dict.fromkeys(step.field for _, step, _ in keys))
    every = referred(store, query.documents, fields) or "document"
    asked = [_asked(query, *one, every, among_all=bool(among_all)) for one in keys]
    union = "\nUNION ALL\n".join(asked)
    rows = store.rows(
        f"{lost}SELECT * FROM (\n{union}\n) ORDER BY line, step DESC, {sql_order('document')} DESC",
        [list(lines)],
    )
    return {
        row["line"]: f"{query.called} {row['document']} carries “{row['value']}” in its "
        f"{row['field']}, near to “{row['key']}” but for blanks or zeros in front: if it is "
        "meant, correct it there"
        for row in rows
    }


def _asked(
    query: Query, number: int, step: Step, key: str, every: str, *, among_all: bool
) -> str:
    """The pairs of one key of one step that are alike but for that, and not the same, of ``every``
    document."""
    value = where_searched(query, step)
    narrow = "" if among_all else f" AND {_odd(value)}"
    return (
        f"SELECT l.line, {number} AS step, i.\"{query.key}\"::VARCHAR AS document, "
        f"'{step.field}' AS field, {value} AS value, {key} AS key\n"
        f"FROM lost AS l JOIN {every} AS i ON {_bare(key)} = {_bare(value)}{narrow}\n"
        f"WHERE {_bare(key)} <> '' AND {key} <> {value}"
    )


def _odd(text: str) -> str:
    """SQL of whether it begins with a zero, or with a sign before that, or has a blank."""
    return f"({text} < '1' OR contains({text}, ' ') OR contains({text}, chr(160)))"


def _bare(text: str) -> str:
    """SQL of a reference without its blanks and without zeros in front."""
    return f"ltrim(regexp_replace({text}, '[ \\x{{00A0}}]', '', 'g'), '0')"
