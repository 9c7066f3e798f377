"""Turns a declared match into SQL and runs it over the lines that ask for a document.

Reads the lines given and the staged documents; writes the temp tables ``demand``, ``candidate``
and ``matched``. What a list of the API does not show has to be searched for first: those keys come
back as needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.language.compile import CompiledMapping
from engine.match import candidates
from engine.match.choice import Choice
from engine.plan.model import Need, Row
from engine.store import Store

# The view that holds an entity's documents, and the column that names one.
VIEWS = {"fortnox.invoice": ("fortnox.invoice_view", "DocumentNumber")}
# Fields of an invoice that its list leaves out (the list items of Fortnox's OpenAPI document);
# the last is reached through the order.
NOT_LISTED = ("YourOrderNumber", "OurReference", "YourReference", "OrderReference")


def line_choices(
    store: Store, mapping: CompiledMapping, lines: Mapping[str, Row]
) -> tuple[dict[str, Choice], dict[str, Row], list[Need]]:
    """The choice of each line, the documents by number, and what must be searched for first.

    ``lines`` by id in their order, the oldest first, with derived columns.
    """
    query = match_query(mapping)
    load_demand(store, lines.values())
    candidates.find(store, query)
    found = candidates.documents(store, query)
    choices = candidates.settle(store, query, lines, found, mapping.tolerance())
    needs = [
        need
        for line, choice in choices.items()
        if choice.outcome in ("none", "wait")
        for need in _searches(mapping, lines[line])
    ]
    return choices, found, needs


def match_query(mapping: CompiledMapping) -> candidates.Query:
    """The declared match as SQL fragments over ``l`` (the line) and ``i`` (the document)."""
    match = next(iter(mapping.spec.match.values()))
    view, key = VIEWS[match.entity]
    steps = tuple(
        candidates.Step(
            step.name,
            str(mapping.constant(step.field)) if step.field else "",
            tuple(_once(mapping.sql(one) for one in step.keys))
            or tuple(f"({mapping.sql(one)})::VARCHAR" for one in step.own),
            own=bool(step.own),
        )
        for step in match.steps
    )
    require = tuple(
        candidates.Requirement(
            mapping.sql(one.that), one.otherwise,
            lambda line, it, one=one: mapping.because(one, line, it),  # type: ignore[misc]
        )
        for one in match.require
    )  # fmt: skip
    if match.consume is None:
        raise ValueError(f"{mapping.spec.name}: a match needs consume")
    return candidates.Query(
        view, key, steps, require, mapping.sql(match.consume.of), mapping.sql(match.consume.amount),
        tuple(mapping.sql(one) for one in match.order),
    )  # fmt: skip


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def load_demand(store: Store, lines: Iterable[Row]) -> None:
    """The lines as the temp table ``demand``, each column with the type of its values."""
    rows = list(lines)
    columns = list(rows[0])
    base = {row["column_name"]: row["column_type"] for row in store.rows("DESCRIBE qliro.line_view")}
    types = {
        name: base.get(name) or _type_of(row[name] for row in rows) for name in columns
    }
    declared = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    store.execute(f"CREATE OR REPLACE TEMP TABLE demand ({declared})")
    store.append("demand", ([row[name] for name in columns] for row in rows), columns)


def _type_of(values: Iterable[Any]) -> str:
    for value in values:
        if isinstance(value, bool):
            return "BOOLEAN"
        if isinstance(value, (int, Decimal)):
            return "DECIMAL(30, 12)"
        if isinstance(value, datetime):
            return "TIMESTAMPTZ"
        if isinstance(value, date):
            return "DATE"
        if isinstance(value, str):
            return "VARCHAR"
    return "VARCHAR"


def _searches(mapping: CompiledMapping, line: Row) -> Iterable[Need]:
    match = next(iter(mapping.spec.match.values()))
    for step in match.steps:
        field = mapping.constant(step.field) if step.field else None
        if field in NOT_LISTED:
            for key in mapping.keys(step, line):
                yield Need("search", key, str(field))
