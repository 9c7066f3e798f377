"""Which orders a change can reach, told from what is staged of them: one of each shape is derived.

Orders of which the columns say the same that the change is read with (``Reached.reads``) come out
the same: of those one is derived under both versions, whatever their number. Reads staged tables,
writes temp tables alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...language.declared_filters import Refused
from ...language.tables import holds
from ...plan.entities import ENTITIES
from ...plan.order_rows import Rows
from ...store.books import read_books
from ...store.database import Store
from ..versions import Version
from .reached import ANY_COLUMN, ORDER, Call, Reached

PORTION = 100_000  # orders whose shapes are compared at a time
# What tells the rows of an order apart, in whose order they are read.
IN_ORDER = ("position", "PaymentTransactionId")
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Held over a comparison of two versions."""

    reached: Reached
    sides: tuple[Version, Version]

    def orders(self, store: Store, among: Collection[int]) -> set[int]:
        """Of these orders those that may come out otherwise."""
        found: set[int] = set()
        ids = sorted(among)
        for start in range(0, len(ids), PORTION):
            portion = ids[start : start + PORTION]
            store.execute(self._grouped(store), [portion, portion[0], portion[-1]])
            ones = [row["one"] for row in store.rows("SELECT DISTINCT one FROM shape")]
            differing = sorted(self._differing(store, ones))
            rows = store.rows(OF_SHAPES, [differing])
            found.update(row["OrderId"] for row in rows)
        store.execute("DROP TABLE IF EXISTS shape")
        return found

    def _grouped(self, store: Store) -> str:
        """SQL of a temp table: each order with ``one`` of its shape."""
        joined, keys = [], []
        for number, (entity, columns) in enumerate(sorted(self.reached.reads.items())):
            one, types = ENTITIES[entity], store.types(ENTITIES[entity].relation)
            asked = types if ANY_COLUMN in columns else columns & types.keys()
            said = ", ".join(f'"{name}"' for name in sorted(asked)) or "1"
            by = ", ".join(f'"{name}"' for name in IN_ORDER if name in types) or f'"{one.id}"'
            joined.append(
                "LEFT JOIN (SELECT OrderId, "
                f"list(md5_number(to_json(row({said}))) ORDER BY {by}) AS said "
                f"FROM {one.relation} WHERE OrderId BETWEEN $2 AND $3 GROUP BY OrderId) "
                f"AS e{number} ON e{number}.OrderId = o.OrderId"
            )
            keys.append(f"e{number}.said")
        return (
            "CREATE OR REPLACE TEMP TABLE shape AS "
            f"SELECT o.OrderId, min(o.OrderId) OVER (PARTITION BY {', '.join(keys) or '1'}) AS one "
            f"FROM (SELECT unnest($1::BIGINT[]) AS OrderId) AS o {' '.join(joined)}"
        )

    def _differing(self, store: Store, ones: Sequence[int]) -> set[int]:
        """Of these orders those of which a column comes out otherwise, or can't be told; or whose
        look-up may hit a row that changed."""
        books = read_books(store)
        old, new = (Rows(store, side.program, books, [*map(str, ones)]) for side in self.sides)
        found: set[int] = set()
        for entity, columns in self.reached.columns.items():
            for before, after in zip(old.of(entity), new.of(entity), strict=True):
                if before["problem"] or after["problem"] or any(
                    before.get(name) != after.get(name) for name in columns
                ):
                    found.add(before["OrderId"])
        if self.reached.calls:
            by_order = {row["OrderId"]: row for row in old.of(ORDER)}
        for entity in {call.entity for call in self.reached.calls}:
            calls = [call for call in self.reached.calls if call.entity == entity]
            for row in old.of(entity):
                order = by_order.get(row["OrderId"])
                if row["problem"] or order is None or order["problem"] or any(
                    self._may_hit(call, row, order) for call in calls
                ):
                    found.add(row["OrderId"])
        return found

    def _may_hit(self, call: Call, row: Row, order: Row) -> bool:
        given = dict(call.literals)
        for at, (entity, column) in call.columns.items():
            given[at] = (row if entity == call.entity else order).get(column)
        return any(_may_hold(conditions, given) for conditions in self.reached.rows[call.table])


OF_SHAPES = "SELECT OrderId FROM shape WHERE one IN (SELECT unnest(?::BIGINT[]))"


def _may_hold(conditions: Mapping[int, Any], given: Mapping[int, Any]) -> bool:
    """Whether those of a row's conditions hold that are on what is known."""
    known = {at: one for at, one in conditions.items() if at in given}
    try:
        return all(holds({0: one}, (given[at],)) for at, one in known.items())
    except Refused:
        return True

