"""Names the document whose reference is nearly a line's: other blanks, or zeros in front of it.

Reads the temp tables ``demand`` and ``document`` that a match has filled; writes nothing. Such a
document is never chosen: a person sees what keeps the two apart.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.match.candidates import Query, Step, where_searched
from engine.ordering import sql_order
from engine.store import Store


def near(store: Store, query: Query, lines: Collection[str]) -> dict[str, str]:
    """Of those of the ``lines`` for which there is such a document, a clause that names it: by the
    first of the declared steps, of one step the document with the lowest number."""
    asked = [
        _asked(query, number, step, key)
        for number, step in enumerate(query.steps, start=1)
        for key in step.keys
        if step.field and not step.own
    ]
    if not lines or not asked:
        return {}
    union = "\nUNION ALL\n".join(asked)
    rows = store.rows(
        f"WITH lost AS (SELECT * FROM demand WHERE list_contains(?, line))\n"
        f"SELECT * FROM (\n{union}\n) ORDER BY line, step DESC, {sql_order('document')} DESC",
        [list(lines)],
    )
    return {
        row["line"]: f"{query.called} {row['document']} carries “{row['value']}” in its "
        f"{row['field']}, near to “{row['key']}” but for blanks or zeros in front: if it is "
        "meant, correct it there"
        for row in rows
    }


def _asked(query: Query, number: int, step: Step, key: str) -> str:
    """The pairs of one key of one step that are alike but for that, and not the same."""
    key, value = f"({key})::VARCHAR", f"({where_searched(query, step)})::VARCHAR"
    return (
        f"SELECT l.line, {number} AS step, i.\"{query.key}\"::VARCHAR AS document, "
        f"'{step.field}' AS field, {value} AS value, {key} AS key\n"
        f"FROM lost AS l JOIN document AS i ON {_bare(key)} = {_bare(value)}\n"
        f"WHERE {_bare(key)} <> '' AND {key} <> {value}"
    )


def _bare(text: str) -> str:
    """SQL of a reference without its blanks and without zeros in front."""
    return f"ltrim(regexp_replace({text}, '[\\s\\x{{00A0}}]', '', 'g'), '0')"
