"""Writes docs/columns.md: every column of every entity that a mapping may name.

Reads the tables' own DDL with its comments, what the views add, and the entity files of the set
that comes with the program; ``python -m engine.manual.pages`` writes the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..doctor.lint import whole_set
from ..language.catalogue import ADDED, ID_COLUMNS, catalogue_from_ddl
from ..language.kinds import Type
from ..language.spec import EntitySpec
from ..merchant.mapping_sets import DEFAULT, folder_of
from ..store.statements import sql

_HEAD = """\
# Columns of the entities

<!-- Written by `python -m engine.manual.pages` from engine/store/sql/schema.sql, the catalogue and
the entity files of mappings/qliro-fortnox/. -->

What a mapping may name of a row, in `source`, `related`, `match` and the entity files. A column
whose name begins with a capital is the API's own field of that name; those in small letters are
worked out here. Money has four decimals, so that a third is seen before it is refused; days are
days in Stockholm. `derived` are the columns that the entity files of the set `qliro-fortnox` add:
another set may have others.

"""
_TABLE = re.compile(r'CREATE TABLE IF NOT EXISTS (\w+)\."?(\w+)"? \((.*?)\n\);', re.DOTALL)
_COLUMN = re.compile(r'\s*"?(\w+)"?\s+[A-Z]+')


def page() -> str:
    """The text of docs/columns.md."""
    mapping_set = whole_set(folder_of(DEFAULT, Path()), None)
    schema = sql("schema")
    types, told = catalogue_from_ddl(schema), _told(schema)
    return _HEAD + "\n".join(
        _section(entity, types[entity], told.get(entity, {}), mapping_set.entities.get(entity))
        for entity in ID_COLUMNS
    )


def _told(schema: str) -> dict[str, dict[str, str]]:
    """What each column of an entity holds: the comment at the end of its line; in their order."""
    found: dict[str, dict[str, str]] = {}
    for home, table, body in _TABLE.findall(schema):
        columns = found.setdefault(f"{home}.{table}", {})
        for line in body.splitlines():
            code, _, comment = line.partition("--")
            names = [m[1] for part in code.split(", ") if (m := _COLUMN.match(part))]
            columns |= dict.fromkeys(names, "")
            if names:
                columns[names[-1]] = comment.strip()
    for entity, added in ADDED.items():
        columns = found.setdefault(entity, {})
        columns |= {name: text or columns.get(name, "") for name, (_, text) in added.items()}
    return found


def _section(
    entity: str, types: Mapping[str, Type], told: Mapping[str, str], spec: EntitySpec | None
) -> str:
    rows = [
        (f"`{name}`", types[name].kind, _sentence(told[name]))
        for name in told
        if name not in _INNER
    ]
    head = f"A row is named by `{ID_COLUMNS[entity]}`."
    if spec is not None:
        head += f" The set calls it `{spec.alias}`."
    return f"## {entity}\n\n{head}\n\n{_table([*rows, *_derived(spec)])}"


# How rows are kept; no mapping has a use for them.
_INNER = ("raw_seq", "as_of", "card_seq", "listed_from")


def _derived(spec: EntitySpec | None) -> Iterator[tuple[str, str, str]]:
    if spec is not None:
        for name in spec.derive:
            place = spec.source.place(("derive", name), key=True)
            yield f"`{name}`", "derived", _comment_above(Path(place.path), place.line)


def _comment_above(file: Path, line: int) -> str:
    """The comment that ends right above a line, as one text."""
    found: list[str] = []
    for above in reversed(file.read_text("utf-8").splitlines()[: line - 1]):
        if not above.strip().startswith("#"):
            break
        found.insert(0, above.strip().lstrip("# "))
    return " ".join(found)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('…') else '.'}" if text else ""


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(["| column | type | what it is |", "| --- | --- | --- |", *lines, ""])
