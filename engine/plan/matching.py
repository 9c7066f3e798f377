"""Turns a declared match into SQL and runs it over the lines that ask for a document.

Reads the lines given and the staged documents; writes the temp tables ``demand``, ``candidate``
and ``matched``. What a list of the API does not show has to be searched for first: those keys come
back as needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ..errors import ItemError
from ..extract.raw import cursor
from ..language.expressions import Expression
from ..language.program import CompiledMapping, CompiledMatch, CompiledRequire
from ..language.sql import to_sql, to_sql_condition
from ..match import candidates
from ..match.choice import Choice
from ..match.evidence import Against, Pairs
from ..match.lookup import Found, look_up
from ..match.near import near
from ..ordering import sql_order
from ..store.database import Store
from . import reached
from .entities import ENTITIES
from .model import Need, Row

# Fields of an invoice that its list leaves out (the list items of Fortnox's OpenAPI document);
# the last is reached through the order.
NOT_LISTED = ("YourOrderNumber", "OurReference", "YourReference", "OrderReference")

MONEY, LARGE = Decimal("0.0001"), Decimal(10**14)


def line_choices(
    store: Store,
    mapping: CompiledMapping,
    settings: Mapping[str, Any],
    lines: Mapping[str, Row],
    *,
    packed: bool = False,
) -> tuple[dict[str, Choice], Mapping[str, Row], list[Need]]:
    """The choice of each line, the documents by number, and what must be searched for first.

    ``lines`` by id in their order, the oldest first, with derived columns. With ``packed`` the
    documents are held as bytes, and the temp tables are let go.
    """
    match = next(iter(mapping.match.values()))
    query = match_query(mapping, match, settings)
    load_demand(store, lines, query.columns("l"))
    candidates.find(store, query)
    reached.count(store, match)
    found = candidates.documents(store, query, packed=packed)
    left_open = [name for name, state in match.outcome.items() if state == "park"]
    choices = candidates.settle(store, query, lines, found, match.tolerance, left_open)
    lost = [line for line, choice in choices.items() if choice.outcome in ("none", "wait")]
    alone = [line for line in lost if not choices[line].losers]
    for line, told in near(store, query, alone).items():
        choices[line] = replace(choices[line], reason=f"{choices[line].reason}; {told}")
    needs = list(_searches(store, query, lost))
    if packed:
        candidates.forget(store)
    return choices, found, needs


def lookups(
    store: Store,
    mapping: CompiledMapping,
    match: CompiledMatch,
    settings: Mapping[str, Any],
    sources: Mapping[str, Row],
    *,
    loaded: bool = False,
) -> tuple[dict[str, Found], dict[str, Row], list[Need]]:
    """What each source refers to where nothing is consumed of it, the documents by key, and what
    must be read or searched for before it is known that a source refers to nothing.

    ``sources`` by id, with derived columns; they are ``loaded`` when another match of the mapping
    was looked up for the very same before.
    """
    query = match_query(mapping, match, settings)
    if not loaded:
        others = (match_query(mapping, one, settings) for one in mapping.match.values()
                  if one is not match)  # fmt: skip
        asked = [name for one in (query, *others) for name in one.columns("l")]
        load_demand(store, sources, dict.fromkeys(asked), ENTITIES[mapping.spec.entity].relation)
    candidates.find(store, query)
    reached.count(store, match)
    found = {str(key): row for key, row in candidates.documents(store, query).items()}
    chosen = look_up(store, query, sources, found)
    unread = _unread(store, query, match.entity)
    if unread:
        for row in unread:
            chosen[row["line"]] = Found("none", reason="a page of Fortnox is to be read first")
        numbers = sorted({str(row["document"]) for row in unread})
        return chosen, found, [Need(ENTITIES[match.entity].need, one) for one in numbers]
    lost = [source for source, one in chosen.items() if one.outcome == "none"]
    if match.outcome.get("none") != "go":
        for source, told in near(store, query, lost).items():
            chosen[source] = replace(chosen[source], near=told)
    return chosen, found, _unseen(store, match.entity, query, lost)


def _unread(store: Store, query: candidates.Query, entity: str) -> list[Row]:
    """Sources with candidates that may name another order in a field that only their page shows,
    and whose page was not read."""
    against = query.against
    if against is None or not set(against.fields) & set(NOT_LISTED):
        return []
    entire = ENTITIES[entity].relation
    return store.rows(
        f'SELECT DISTINCT l.line, i."{query.key}" AS document FROM candidate AS c '
        "JOIN demand AS l ON l.rowid = c.line JOIN document AS i ON i.rowid = c.document "
        f'JOIN {entire} AS whole ON whole."{query.key}" = i."{query.key}" '
        "WHERE whole.unread AND NOT whole.Cancelled ORDER BY ALL"
    )


def _unseen(store: Store, entity: str, query: candidates.Query, lost: list[str]) -> list[Need]:
    """What has to be read before a field that no list shows is known to hold nothing.

    Invoices are searched for by most of those fields. Orders can't be: each is read once, but for
    those that this program made.
    """
    if not lost or not any(step.field in NOT_LISTED for step in query.steps):
        return []
    if entity == "fortnox.order":
        return [Need("order_detail", row["DocumentNumber"]) for row in store.rows(UNREAD_ORDERS)]
    if entity != "fortnox.invoice" or not store.rows(UNREAD_INVOICES):
        return []
    newest = newest_invoice(store)
    needs = dict.fromkeys(_searches(store, query, lost))
    return [one for one in needs if cursor(store, searched(one.field, one.key)) != newest]


UNREAD_ORDERS = f"""
SELECT DocumentNumber FROM fortnox.order_view
WHERE unread AND NOT Cancelled AND OrderId IS NULL
ORDER BY {sql_order("DocumentNumber")}
"""
UNREAD_INVOICES = "SELECT 1 FROM fortnox.invoice_view WHERE unread AND NOT Cancelled LIMIT 1"


def searched(field: str, key: str) -> str:
    """The cursor of a search: up to which invoice ``key`` has been looked for in ``field``."""
    return f"searched.{field}.{key}"


def newest_invoice(store: Store) -> str:
    """The last answer that told of an invoice."""
    return str(store.value("SELECT coalesce(max(raw_seq), 0) FROM fortnox.invoice"))


def match_query(
    mapping: CompiledMapping, match: CompiledMatch, settings: Mapping[str, Any]
) -> candidates.Query:
    """The declared match as SQL fragments over ``l`` (the source) and ``i`` (the document)."""
    entity = ENTITIES[match.entity]
    view, key = entity.relation, entity.id
    alias = mapping.spec.alias

    def sql(expression: Expression | None) -> str:
        if expression is None:  # nothing is consumed: every candidate is as good as the other
            return "0"
        return to_sql(expression, {alias: "l", "it": "i"}, settings)

    steps = tuple(
        candidates.Step(
            step.spec.name,
            step.field or "",
            reached.keys(
                step.spec,
                tuple(_once(sql(one) for one in step.spec.keys))
                or tuple(f"({sql(one)})::VARCHAR" for one in step.spec.own),
            ),
            own=bool(step.spec.own),
        )
        for step in match.steps
    )

    def because(require: CompiledRequire) -> Callable[[Row, Row], str]:
        def told(line: Row, it: Row) -> str:
            try:
                return require.because({alias: line, "it": it})
            except ItemError as error:  # what it would name is not there: that is the reason
                return error.told()

        return told

    require = tuple(
        candidates.Requirement(
            reached.asked(
                one.spec, to_sql_condition(one.spec.that, {alias: "l", "it": "i"}, settings)
            ),
            one.spec.otherwise,
            because(one),
        )
        for one in match.require
    )
    order = tuple(
        sql_order(sql(one.value)) if one.is_text else sql(one.value) for one in match.order
    )
    against = _against(mapping, match, sql) if match.against else None
    return candidates.Query(
        view, key, steps, require, sql(match.of), sql(match.amount), order, against, entity.kind
    )


def _against(
    mapping: CompiledMapping, match: CompiledMatch, sql: Callable[[Expression | None], str]
) -> Against:
    """What must not contradict a candidate; what a shop's ids are told by is asked of all rows of
    the source's entity, as they are staged."""
    given = match.against
    assert given is not None  # noqa: S101 — told apart by the caller
    spec, entity = given.spec, mapping.spec.entity
    staged = ENTITIES[entity].relation if entity in ENTITIES else entity
    pairs = Pairs(
        staged,
        ENTITIES[match.entity].relation,
        given.pairs_field,
        tuple(sql(one) for one in spec.pairs_keys),
        sql(spec.pairs_that),
    )
    return Against(
        match.entity,
        sql(spec.order),
        tuple(sql(one) for one in spec.names),
        sql(spec.source) if spec.source else None,
        given.fields,
        given.digits,
        given.prefix,
        pairs,
        tuple(n for n, step in enumerate(match.steps, start=1) if not step.spec.refutable),
    )


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def load_demand(
    store: Store, lines: Mapping[str, Row], asked: Iterable[str], view: str = "qliro.line_view"
) -> None:
    """The lines, or other sources, as the temp table ``demand``: their ids as ``line`` and the
    columns asked for, typed as their values are, or as the ``view`` that they are of types them."""
    columns = ["line", *(name for name in asked if name != "line")]
    base = {name: kind for name, kind in store.types(view).items() if name in columns}
    seen = {name: _Seen() for name in columns if name not in ("line", *base)}
    if seen:
        for row in lines.values():
            for name, one in seen.items():
                one.add(row[name])
    types = {"line": "VARCHAR", **base, **{name: one.type() for name, one in seen.items()}}
    declared = ", ".join(f'"{name}" {types[name]}' for name in columns)
    store.execute(f"CREATE OR REPLACE TEMP TABLE demand ({declared})")
    rows = ([line, *(row[name] for name in columns[1:])] for line, row in lines.items())
    store.append("demand", rows, columns)


class _Seen:
    """What the values of a column are, looked at one after the other."""

    def __init__(self) -> None:
        self.first: Any = None
        self.is_short = True

    def add(self, value: Any) -> None:
        if value is None:
            return
        if self.first is None:
            self.first = value
        if self.is_short and not isinstance(self.first, str | bool | date):
            number = Decimal(value)
            self.is_short = abs(number) < LARGE and number == number.quantize(MONEY)

    def type(self) -> str:
        """As which the database is to hold them."""
        if self.first is None or isinstance(self.first, str):
            return "VARCHAR"
        if isinstance(self.first, bool):
            return "BOOLEAN"
        if isinstance(self.first, datetime):
            return "TIMESTAMPTZ"
        if isinstance(self.first, date):
            return "DATE"
        # Money as the documents have it, where it is no finer: 18 digits compare faster.
        return "DECIMAL(18, 4)" if self.is_short else "DECIMAL(30, 12)"


def _searches(store: Store, query: candidates.Query, lines: list[str]) -> Iterable[Need]:
    """The keys of lost lines in fields that no list shows."""
    for step in query.steps:
        if step.field in NOT_LISTED and lines:
            for key in step.keys:
                rows = store.rows(
                    f"SELECT DISTINCT ({key}) AS key FROM demand AS l "
                    f"WHERE list_contains(?, l.line) AND ({key}) <> '' ORDER BY 1",
                    [lines],
                )
                yield from (Need("search", row["key"], step.field) for row in rows)
