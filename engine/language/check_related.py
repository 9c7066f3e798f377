"""Checks the rows that belong to a source or to an entity's row, and what SQL has to do.

Reads the parsed set, reports findings: unknown entities and columns, joins that the database can't
carry out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..errors import Finding
from ..yamlfile import Path_, nearest
from . import scope, sql
from .code import Code
from .emit import Emitter
from .expressions import Expression, Report
from .kinds import Type
from .source import Source
from .spec import MappingSet, Related


def check(
    mapping_set: MappingSet,
    source: Source,
    related: Mapping[str, Related],
    names: Mapping[str, Code],
    row_of: Callable[[Related], Type],
    report: Report,
) -> None:
    """The joins of ``related``, of which ``row_of`` gives the type of the rows."""
    for alias, one in related.items():
        row = row_of(one)
        for name, expression in one.on.items():
            column(source, row, name, ("related", alias, "on", name), report, key=True)
            as_sql(mapping_set, expression, names, report)
        if one.when:
            as_sql(mapping_set, one.when, {**names, "it": Code("v_it", row)}, report)


def column(
    source: Source, row: Type, name: str, path: Path_, report: Report, *, key: bool = False
) -> None:
    """A column that the rows do not have is a finding."""
    if row.fields is not None and name not in row.fields:
        text = f"{row} has no {name!r}."
        report(source.finding(path, "unknown-key", text, nearest(name, row.fields), key=key))


def as_sql(
    mapping_set: MappingSet, expression: Expression, names: Mapping[str, Code], report: Report
) -> None:
    """Checked as an expression and, when that is well, as one that SQL can do."""
    before: list[Finding] = []
    Emitter(before.append, dict(names), scope.signatures(mapping_set)).emit(expression)
    for finding in before or sql.findings(expression, names):
        report(finding)
