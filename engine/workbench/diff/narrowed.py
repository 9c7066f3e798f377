"""Plans no more of history than a change could alter: nothing that it can't reach, and of orders
those alone that may come out otherwise, some at a time.

What an order becomes may hang on others: a customer that is made once for several, a document that
two of them find, a line of a payout that waits for its order. So orders are planned apart from
others only where what they need is there already and nobody sees what becomes of them; those that
need the same customer made are planned together; and where a line or another order may see it, all
of it is planned as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Protocol

from ...plan.model import CLOSED, OrderCase, Plan, Row
from ...plan.order_rows import Rows
from ...scope import Scope
from ...store.books import read_books
from ...store.database import Store
from ...store.history import Moment
from ..versions import Version
from .compare import Key, sides
from .reached import Reached
from .shapes import Shapes

BATCH = 10_000  # orders that are planned at a time, under both versions: half a GiB
Pair = tuple[Plan, Plan]
Derived = dict[str, list[Row]]  # rows by entity


class Planned(Protocol):
    """What plans a scope of what is stored; ``derived`` as ``make_plan`` has it."""

    def __call__(
        self, version: Version, scope: Scope, /, *, derived: Derived | None = None
    ) -> Plan: ...


@dataclass(slots=True)
class Narrowing:
    """Held over a comparison of two versions; ``apart`` counts the orders that were planned apart
    from all others, ``together`` those with others, ``whole`` how often neither would do."""

    reached: Reached
    versions: tuple[Version, Version]
    batch: int = BATCH
    apart: int = 0
    together: int = 0
    whole: int = 0
    shapes: Shapes = field(init=False)
    derived: tuple[Derived, Derived] = field(default_factory=lambda: ({}, {}))

    def __post_init__(self) -> None:
        self.shapes = Shapes(self.reached, self.versions)

    def concerns(self, store: Store, moment: Moment) -> bool:
        """Whether anything was decided then that the change could reach."""
        if not self.reached.mappings or self.reached.every:
            return bool(self.reached.mappings)
        return bool(moment.orders and _orders(store, Scope((), moment.orders)))

    def plans(self, store: Store, scope: Scope, planned: Planned) -> Iterator[Pair]:
        """What of the scope may come out otherwise, under both versions, each source once."""
        if not self.reached.mappings:
            return
        if self.reached.every or scope.is_period:
            yield self._whole(scope, planned)
            return
        done: set[int] = set()
        for pair, orders in self._of_orders(store, scope, planned):
            if _is_seen(store, pair, self.versions, scope):
                yield _without(self._whole(scope, planned), done)
                return
            done |= orders
            yield pair

    def _whole(self, scope: Scope, planned: Planned) -> Pair:
        self.whole += 1
        before, after = self.versions
        return planned(before, scope), planned(after, scope)

    def _of_orders(
        self, store: Store, scope: Scope, planned: Planned
    ) -> Iterator[tuple[Pair, set[int]]]:
        """Plans of the orders that may come out otherwise, each with the orders that it is of."""
        among = _orders(store, scope)
        some = among if self.reached.any_order else sorted(self.shapes.orders(store, among))
        done: set[int] = set()
        bound: set[int] = set()
        keys: set[Key] = set()
        for start in range(0, len(some), self.batch):
            portion = some[start : start + self.batch]
            pair = self._planned(portion, scope, planned)
            needed = self._needed(store, pair, portion)
            keys |= needed.keys()
            left = set(chain.from_iterable(needed.values()))
            bound |= left
            mine = set(portion) - left
            self.apart += len(mine)
            done |= mine
            if mine:
                yield _of(pair, mine), mine
        if not bound:
            return
        while True:
            bound |= self._needing(store, keys, among)
            pair = self._planned(sorted(bound), scope, planned)
            more = self._needed(store, pair, bound).keys() - keys
            if not more:
                break
            keys |= more
        self.together += len(bound - done)
        yield _of(pair, bound - done), bound - done

    def _planned(self, orders: Iterable[int], scope: Scope, planned: Planned) -> Pair:
        """Both plans; rows that are the same under both versions are derived once."""
        narrow = replace(scope, payouts=(), orders=tuple(map(str, orders)))
        before, after = self.versions
        rows: Derived = {}
        made = planned(before, narrow, derived=rows)
        same = {entity: of for entity, of in rows.items() if entity not in self.reached.columns}
        self.derived = rows, same
        return made, planned(after, narrow, derived=same)

    # What is made for others ---------------------------------------------------------------------
    def _needed(self, store: Store, pair: Pair, orders: Collection[int]) -> dict[Key, set[int]]:
        """What is still to be made for these orders that others may need too, by mapping and key,
        each with the orders of these that need it."""
        found: dict[Key, set[int]] = {}
        for plan, version, rows in zip(pair, self.versions, self.derived, strict=True):
            mappings = version.program.mappings
            makers = {name for name, one in mappings.items() if one.spec.made_for}
            needs = {need for one in mappings.values() for need in one.spec.needs} & makers
            begun = {one.action for one in plan.actions}
            told = {(one.mapping, one.source): one.action is not None and one.action not in begun
                    and one.state in CLOSED for one in plan.outcomes if one.mapping in makers}
            for name in makers if False in told.values() else needs:
                for key, order in _keys(store, version, name, orders, rows):
                    if not told.get((name, key), name not in needs):
                        found.setdefault((name, key), set()).add(order)
        return found

    def _needing(self, store: Store, keys: Collection[Key], among: Sequence[int]) -> set[int]:
        """The orders that need any of these."""
        found: set[int] = set()
        for start in range(0, len(among), self.batch):
            portion = among[start : start + self.batch]
            for version in self.versions:
                for name in {mapping for mapping, _ in keys} & version.program.mappings.keys():
                    found |= {order for key, order in _keys(store, version, name, portion, {})
                              if (name, key) in keys}  # fmt: skip
        return found


def _keys(
    store: Store, version: Version, name: str, orders: Collection[int], derived: Derived
) -> Iterator[tuple[str, int]]:
    """What a mapping's document of each row would be the only one of, and the row's order."""
    mapping = version.program.mappings[name]
    rows = Rows(store, version.program, read_books(store), [*map(str, orders)], derived)
    wanted = set(orders)
    for row in rows.of(mapping.spec.entity):
        if row["OrderId"] in wanted and (key := mapping.per({mapping.spec.alias: row})) is not None:
            yield str(key), row["OrderId"]


def _orders(store: Store, scope: Scope) -> list[int]:
    if scope.orders is None:
        return [row["OrderId"] for row in store.rows(ALL_ORDERS)]
    return [row["OrderId"] for row in store.rows(NAMED, [list(scope.orders)])]


ALL_ORDERS = 'SELECT OrderId FROM qliro."order" ORDER BY OrderId'
NAMED = """
SELECT OrderId
FROM qliro."order"
WHERE OrderId::VARCHAR IN (SELECT unnest($1::VARCHAR[]))
   OR MerchantReference IN (SELECT unnest($1::VARCHAR[]))
ORDER BY OrderId
"""


def _of(pair: Pair, orders: Collection[int]) -> Pair:
    """What the plans tell of these orders: one that is named like another came along with it."""
    cases = {OrderCase.named(one) for one in orders}
    before, after = (_kept(plan, lambda case: case in cases) for plan in pair)
    return before, after


def _without(pair: Pair, orders: Collection[int]) -> Pair:
    """The plans without what they tell of these orders."""
    cases = {OrderCase.named(one) for one in orders}
    before, after = (_kept(plan, lambda case: case not in cases) for plan in pair)
    return before, after


def _kept(plan: Plan, wanted: Callable[[str], bool]) -> Plan:
    return replace(
        plan, outcomes=[one for one in plan.outcomes if wanted(one.payout)],
        actions=[one for one in plan.actions if wanted(one.payout)],
    )  # fmt: skip


# Who sees what becomes of an order ----------------------------------------------------------------
def _is_seen(store: Store, pair: Pair, versions: Sequence[Version], scope: Scope) -> bool:
    """Whether others than these orders may see what differs: another order, of a document that one
    of these would take for its own; a line, of an order of which something else becomes."""
    old, new = map(sides, pair)
    adopted = {(one.mapping, one.source) for plan in pair for one in plan.actions
               if one.adopted is not None}  # fmt: skip
    otherwise: set[str] = set()
    for key in old.keys() | new.keys():
        told = [one for of in (old, new) if (one := of.get(key)) is not None]
        if len(told) == 2 and told[0].side == told[1].side:
            continue
        if key in adopted or any(one.side.state == "adopted" for one in told):
            return True
        became = {(one.side.state, one.side.code, one.side.reason) for one in told}
        if len(told) < 2 or len(became) > 1:
            otherwise |= {one.case for one in told}
    pays = any("payouts" in one.flows for one in versions) and scope.payouts != ()
    orders = [int(case.rpartition(" ")[2]) for case in otherwise]
    return bool(orders) and pays and store.value(SETTLED, [orders]) is not None


# Whether a line settles a transaction of one of these orders.
SETTLED = """
SELECT 1
FROM qliro.settlement_line AS l
LEFT JOIN qliro.transaction AS t ON t.PaymentTransactionId = l.PaymentTransactionId
WHERE l.OrderId IN (SELECT unnest($1::BIGINT[])) OR t.OrderId IN (SELECT unnest($1::BIGINT[]))
LIMIT 1
"""
