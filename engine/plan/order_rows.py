"""The rows that planning of orders reads: which orders are open, and what belongs to each of them.

Reads the views of staged tables and derives each row's columns once; writes nothing. A row that
can't be derived keeps its problem.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

from ..errors import ItemError
from ..language.program import Books, CompiledMapping, CompiledRelated, NotYet, Program
from ..scope import Scope
from ..store.database import Store
from .entities import ENTITIES
from .found import Portion, Staged, columns_of
from .model import OrderCase, Row


def open_orders(store: Store, orders_from: date, scope: Scope) -> dict[str, OrderCase]:
    """Orders from ``orders_from`` on that are not closed, or have changed since they were.

    Those that the scope names, or whose day lies in its period, come whatever their date.
    """
    if scope.orders == () or scope.ids == ():
        return {}
    given: dict[str, Any] = {}
    which = "true"
    if scope.orders is not None:
        which, given = BY_NAME, {"names": list(scope.orders)}
    elif scope.ids is not None:
        ids = list(scope.ids)
        which, given = BY_ID, {"ids": ids, "first": min(ids), "last": max(ids)}
    asked = bool(given) or scope.is_period
    given["since"] = scope.since or (date.min if asked else orders_from)
    given |= {"until": scope.until or date.max, "asked": asked}
    rows = store.rows(OPEN.format(which=which), given)
    return {
        str(row["OrderId"]): OrderCase(str(row["OrderId"]), row["OrderDate"], row["digest"])
        for row in rows
    }


# What an order looks like as far as its documents go; another text means that it has changed.
OPEN = """
WITH noted AS (
    SELECT split_part(line, '/', 1) AS OrderId, max(noted_at) AS noted_at
    FROM ledger.resolved
    GROUP BY ALL
),
made AS (
    SELECT OrderId, max(raw_seq) AS raw_seq
    FROM fortnox.order_view
    WHERE OrderId IS NOT NULL
    GROUP BY OrderId
),
seen AS (
    SELECT
        o.OrderId,
        h.OrderDate,
        o.MerchantReference,
        concat_ws('|', o.raw_seq, made.raw_seq, noted.noted_at) AS digest
    FROM qliro."order" AS o
    JOIN qliro.order_sum AS h ON h.OrderId = o.OrderId
    LEFT JOIN made ON made.OrderId = o.OrderId
    LEFT JOIN noted ON noted.OrderId = o.OrderId::VARCHAR
)
SELECT s.OrderId, s.OrderDate, s.digest
FROM seen AS s
LEFT JOIN ledger.order_state AS c ON c.OrderId = s.OrderId::VARCHAR
WHERE {which}
  AND (s.OrderDate IS NULL OR s.OrderDate BETWEEN $since AND $until)
  AND ($asked OR c.closed IS NULL OR NOT c.closed OR c.digest <> s.digest)
ORDER BY s.OrderDate, s.OrderId
"""
BY_NAME = """(
    s.OrderId::VARCHAR IN (SELECT unnest($names::VARCHAR[]))
    OR s.MerchantReference IN (SELECT unnest($names::VARCHAR[]))
)"""
# Between them: what lies outside is not even unpacked.
BY_ID = """s.OrderId BETWEEN $first AND $last AND s.OrderId IN (SELECT unnest($ids::BIGINT[]))"""


def unread_orders(store: Store, orders: Collection[str]) -> list[str]:
    """Sentences about those of the orders whose last answer could not be read."""
    rows = store.rows(
        'SELECT OrderId, problem FROM qliro."order" '
        "WHERE problem IS NOT NULL AND OrderId::VARCHAR IN (SELECT unnest(?::VARCHAR[])) "
        "ORDER BY OrderId",
        [list(orders)],
    )
    return [
        f"Qliro order {row['OrderId']} can't be read: {row['problem']}. Nothing is made of it; "
        "every run asks again."
        for row in rows
    ]


def unknown_orders(store: Store, scope: Scope) -> list[str]:
    """Sentences about orders that are named and not known here."""
    rows = store.rows(
        'SELECT OrderId::VARCHAR AS id, MerchantReference AS reference FROM qliro."order" '
        "WHERE OrderId::VARCHAR IN (SELECT unnest($1::VARCHAR[])) "
        "OR MerchantReference IN (SELECT unnest($1::VARCHAR[]))",
        [list(scope.orders or ())],
    )
    known = {row["id"] for row in rows} | {row["reference"] for row in rows}
    return [
        f"No order {name} is known here: `sync --order {name}` asks Qliro for it."
        for name in scope.orders or ()
        if name not in known
    ]


class Rows:
    """The rows of some orders by entity, each read and derived once, when it is first asked for:
    from a database, or from a portion that was read of one."""

    def __init__(
        self,
        found_in: Store | Portion,
        program: Program,
        books: Books,
        orders: Collection[str | int],
        derived: dict[str, list[Row]] | None = None,
    ) -> None:
        self.program, self.books = program, books
        self.source: Staged | Portion
        if isinstance(found_in, Portion):
            self.source = found_in
        else:
            self.source = Staged(found_in, sorted(int(key) for key in orders))
        self.loaded = {} if derived is None else derived
        self.joined: dict[tuple[str, tuple[str, ...]], dict[Any, list[Row]]] = {}
        self.sources: dict[str, dict[Any, str | None]] = {}

    def of(self, name: str) -> list[Row]:
        """The rows of an entity that belong to the orders, with derived columns."""
        if name not in self.loaded:
            rows = self.loaded[name] = []
            late: list[tuple[Row, tuple[Any, ...]]] = []
            rows.extend(self._derived(name, late))
            like: dict[tuple[Any, ...], list[Any]] = {}
            for row, key in late:
                try:
                    self._derive_late(name, row, key, like)
                except Spoiled as problem:
                    row["problem"] = str(problem)
                except ItemError as error:
                    row["problem"] = error.told()
        return self.loaded[name]

    def _derived(self, name: str, late: list[tuple[Row, tuple[Any, ...]]]) -> Iterator[Row]:
        """Derived columns say the same where the columns that they are made of do: the same article
        at the same price is derived once, and the row copied. Rows that ask for others are ``late``
        ones: what needs those others is derived when all rows are there, for each row."""
        entity = self.program.entities.get(name)
        columns = columns_of(self.program, name, self.source.types(ENTITIES[name].relation))
        like: dict[tuple[Any, ...], tuple[Row, bool]] = {}

        def made(values: tuple[Any, ...]) -> tuple[Row, bool]:
            """A row, and whether it is late."""
            key = values[: columns.alike]
            if columns.alike and key in like:
                known, is_late = like[key]
                row = known.copy()
                columns.fill(row, values)
                return row, is_late
            row, is_late = columns.row(values), False
            if entity is None:
                return row, False
            try:
                entity.derive(row, self.books, row, _not_yet)
            except NotYet:
                is_late = True
            except ItemError as error:
                row["problem"] = row["problem"] or error.told()
                return row, False
            like[key] = row, is_late
            return row, is_late

        for found, shapes in self.source.found(name, columns):
            same: dict[int, tuple[Row, bool]] = {}
            for values in found:
                known = same.get(values[-1]) if shapes else None
                if known:
                    row, is_late = known[0].copy(), known[1]
                    row.update(zip(columns.own, values, strict=False))
                else:
                    whole = (*shapes[values[-1]], *values[:-1]) if shapes else values
                    row, is_late = made(whole)
                    if shapes and row["problem"] is None:
                        same[values[-1]] = row, is_late
                if is_late:
                    late.append((row, (shapes[values[-1]] if shapes else values)[: columns.alike]))
                yield row

    def _derive_late(
        self, name: str, row: Row, key: tuple[Any, ...], like: dict[tuple[Any, ...], list[Any]]
    ) -> None:
        """What needs the rows that belong to it; where one of those can't be read, nor can it. Says
        the same where the row does (``key``) and they do, and is derived once for all of those."""
        entity = self.program.entities[name]
        if not key or entity.seen is None:
            entity.derive(row, self.books, row, partial(self.belonging, name, row))
            return
        others = {alias: self.belonging(name, row, alias) for alias in entity.seen}
        shape = (
            key,
            *(
                tuple([tuple([one[column] for column in columns]) for one in others[alias]])
                for alias, columns in entity.seen.items()
            ),
        )
        known = like.get(shape)
        if known is None:
            entity.derive(row, self.books, row, others.__getitem__)
            like[shape] = [row[column] for column in entity.late]
        else:
            row.update(zip(entity.late, known, strict=True))

    def related(self, mapping: CompiledMapping, alias: str, inputs: Mapping[str, Any]) -> list[Row]:
        """The rows that belong to a source, as the mapping declares it."""
        related = mapping.related[alias]
        return _chosen(related, inputs, self._joined(related, inputs))

    def belonging(self, name: str, row: Row, alias: str) -> list[Row]:
        """The rows that belong to an entity's row, as its file declares it. Raises Spoiled where
        one can't be read: it is not known then whether it does."""
        spec = self.program.mapping_set.entities[name]
        related, inputs = self.program.entities[name].related[alias], {spec.alias: row}
        found = self._joined(related, inputs)
        for one in found:
            if one["problem"]:
                raise Spoiled(one["problem"])
        return _chosen(related, inputs, found)

    def _joined(self, related: CompiledRelated, inputs: Mapping[str, Any]) -> list[Row]:
        """The rows with its columns; whether each belongs to it is not asked yet."""
        if related.never:
            return []
        index = self.joined.get((related.entity, related.columns))
        if index is None:
            index = {}
            one = related.columns[0] if len(related.columns) == 1 else None
            for row in self.of(related.entity):
                key = (row[one],) if one else tuple(row[column] for column in related.columns)
                if None not in key:
                    index.setdefault(key, []).append(row)
            self.joined[related.entity, related.columns] = index
        return index.get(related.key(inputs), [])

    def source_of(self, need: str, row: Row) -> str | None:
        """The source that a needed mapping has in this row: by its own key, or its entity's id."""
        mapping = self.program.mappings.get(need)
        if mapping is None:  # its flow is off
            return None
        column = ENTITIES[mapping.spec.entity].id
        value = row.get(column)
        if mapping.spec.per is None:
            return None if value is None else str(value)
        keys = self.sources.get(need)
        if keys is None:
            keys = self.sources[need] = {}
            for other in self.of(mapping.spec.entity):
                if other[column] not in keys:
                    key = mapping.per({mapping.spec.alias: other})
                    keys[other[column]] = None if key is None else str(key)
        return keys.get(value)


class Spoiled(NotYet):
    """A row that may be needed can't be read; the text says why."""


def _not_yet(_alias: str) -> list[Row]:
    raise NotYet


def _chosen(related: CompiledRelated, inputs: Mapping[str, Any], rows: list[Row]) -> list[Row]:
    """Those of the rows for which the condition holds."""
    if related.when is None:
        return list(rows)
    asked, chosen = dict(inputs), []
    for row in rows:
        asked["it"] = row
        if related.when(asked):
            chosen.append(row)
    return chosen
