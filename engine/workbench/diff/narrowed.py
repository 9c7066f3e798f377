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
from itertools import chain, islice
from typing import Protocol

from ...plan.model import OrderCase, Plan, Row
from ...plan.order_rows import Rows
from ...plan.states import CLOSED
from ...scope import Scope
from ...store.books import read_books
from ...store.database import Store
from ...store.history import Moment
from ...store.ledger import Action
from ..versions import Version
from .compare import Key, otherwise, told
from .reached import Reached
from .rendering import Heard, rendered_again
from .report import Report
from .shapes import Shapes

BATCH = 10_000  # orders that are planned at a time, under both versions: half a GiB
MANY = 20_000  # orders that are worth other processes: each takes a second to begin
Pair = tuple[Plan, Plan]
Derived = dict[str, list[Row]]  # rows by entity


class Planned(Protocol):
    """What plans a scope of what is stored; the rest is as ``make_plan`` has it."""

    def __call__(
        self, version: Version, scope: Scope, /, *, traced: bool, derived: Derived | None = None
    ) -> Plan: ...


@dataclass(slots=True)
class Part:
    """What was found of a portion of orders. ``bound`` are those that need what others may need too
    (``keys``): they are planned together. With ``is_seen`` others may see what differs, and nothing
    else is told."""

    report: Report = field(default_factory=lambda: Report("", "", "", []))
    documents: int = 0
    problems: list[str] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    bound: set[int] = field(default_factory=set)
    is_seen: bool = False


# Portions of orders in their order, None with one that can't be judged elsewhere.
Judged = Iterator[tuple[Sequence[int], Part | None]]
Elsewhere = Callable[[Sequence[int]], Judged]


@dataclass(slots=True)
class Narrowing:
    """Held over a comparison of two versions, ``traced`` where more than the change itself is to be
    told of how differences came to be.

    ``apart`` counts the orders that were planned apart from all others, ``again`` those of them of
    which rendering again did not tell enough, ``together`` those with others, ``whole`` how often
    neither would do.
    """

    reached: Reached
    versions: tuple[Version, Version]
    batch: int = BATCH
    traced: bool = True
    apart: int = 0
    again: int = 0
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
        for one in self.parts(store, scope, planned, None):
            if not isinstance(one, Part):
                yield one

    def parts(
        self, store: Store, scope: Scope, planned: Planned, elsewhere: Elsewhere | None
    ) -> Iterator[Pair | Part]:
        """The same; of many orders portions are judged ``elsewhere``."""
        if not self.reached.mappings:
            return
        if self.reached.every or scope.is_period:
            yield self._whole(scope, planned)
            return
        done: set[int] = set()
        for one, orders in self._of_orders(store, scope, planned, elsewhere):
            if one.is_seen if isinstance(one, Part) else self.is_seen(store, one, scope):
                yield _without(self._whole(scope, planned), done)
                return
            done |= orders
            yield one

    def apart_from_others(
        self, store: Store, orders: Sequence[int], scope: Scope, planned: Planned, left: Part
    ) -> Iterator[tuple[Pair, set[int]]]:
        """Plans of those of these orders that can be planned apart from all others, each with the
        orders that it is of; the others are told to ``left``."""
        for pair, portion in self._portions(store, orders, scope, planned):
            needed = self._needed(store, pair, portion)
            left.keys |= needed.keys()
            bound = set(chain.from_iterable(needed.values()))
            left.bound |= bound
            mine = set(portion) - bound
            self.apart += len(mine)
            if mine:
                yield _of(pair, mine), mine

    def is_seen(self, store: Store, pair: Pair, scope: Scope) -> bool:
        """Whether others than these orders may see what differs."""
        return _is_seen(store, pair, self.versions, scope)

    def _whole(self, scope: Scope, planned: Planned) -> Pair:
        self.whole += 1
        before, after = self.versions
        return (
            planned(before, scope, traced=self.traced), planned(after, scope, traced=self.traced),
        )  # fmt: skip

    def _of_orders(
        self, store: Store, scope: Scope, planned: Planned, elsewhere: Elsewhere | None
    ) -> Iterator[tuple[Pair | Part, set[int]]]:
        """Plans of the orders that may come out otherwise, each with the orders that it is of."""
        among = _orders(store, scope)
        some = among if self.reached.any_order else sorted(self.shapes.orders(store, among))
        done: set[int] = set()
        bound: set[int] = set()
        keys: set[Key] = set()
        if elsewhere is not None and len(some) >= MANY:
            left: list[int] = []
            for orders, one in elsewhere(some):
                if one is None:
                    left += orders
                    continue
                mine = set(orders) - one.bound
                self.apart += len(mine)
                done |= mine
                bound |= one.bound
                keys |= one.keys
                yield one, mine
            some = left
        here = Part()
        for pair, mine in self.apart_from_others(store, some, scope, planned, here):
            done |= mine
            yield pair, mine
        bound |= here.bound
        keys |= here.keys
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

    def _portions(
        self, store: Store, orders: Sequence[int], scope: Scope, planned: Planned
    ) -> Iterator[tuple[Pair, Collection[int]]]:
        """Plans of some orders at a time: where documents alone may be otherwise those are rendered
        again, and what hangs on more is planned twice; so is what differs, if it is traced."""
        for start in range(0, len(orders), self.batch):
            left: Collection[int] = orders[start : start + self.batch]
            if self.reached.rendered is not None:
                pair, odd = self._rendered(store, left, scope, planned)
                if self.traced:
                    odd |= {_order(one.payout) for one in _otherwise(*pair)}
                rest = set(left) - odd
                if rest:
                    yield pair, rest
                left = set(left) - rest
            if left:
                self.again += len(left)
                yield self._planned(sorted(left), scope, planned), left

    def _rendered(
        self, store: Store, orders: Iterable[int], scope: Scope, planned: Planned
    ) -> tuple[Pair, set[int]]:
        """Both plans, the later one made of the earlier one; and the orders of which that can't
        tell what becomes of them."""
        before, after = self.versions
        rows: Derived = {}
        heard = Heard(self.reached.rendered or ())
        plan = planned(heard.version(before), _narrow(scope, orders), derived=rows, traced=False)
        same = {entity: of for entity, of in rows.items() if entity not in self.reached.columns}
        otherwise: Derived = {}
        if len(same) < len(rows):
            anew = Rows(store, after.program, read_books(store), plan.orders, dict(same))
            otherwise |= {entity: anew.of(entity) for entity in rows.keys() - same.keys()}
        self.derived = rows, {**same, **otherwise}
        fields = self.reached.fields
        again, odd = rendered_again(store, plan, heard, after, (rows, otherwise), fields)
        return (plan, again), odd

    def _planned(self, orders: Iterable[int], scope: Scope, planned: Planned) -> Pair:
        """Both plans; rows that are the same under both versions are derived once."""
        narrow = _narrow(scope, orders)
        before, after = self.versions
        rows: Derived = {}
        made = planned(before, narrow, derived=rows, traced=self.traced)
        same = {entity: of for entity, of in rows.items() if entity not in self.reached.columns}
        self.derived = rows, same
        return made, planned(after, narrow, derived=same, traced=self.traced)

    # What is made for others ---------------------------------------------------------------------
    def _needed(self, store: Store, pair: Pair, orders: Collection[int]) -> dict[Key, set[int]]:
        """What is still to be made for these orders that others may need too, by mapping and key,
        each with the orders of these that need it."""
        found: dict[Key, set[int]] = {}
        sides = zip(pair, self.versions, self.derived, strict=True)
        for plan, version, rows in islice(sides, 1 if _tell_the_same(*pair) else 2):
            mappings = version.program.mappings
            makers = {name for name, one in mappings.items() if one.spec.made_for}
            needs = {need for one in mappings.values() for need in one.spec.needs} & makers
            begun = {one.action for one in plan.actions}
            there = {(one.mapping, one.source): one.action is not None and one.action not in begun
                     and one.state in CLOSED for one in plan.outcomes if one.mapping in makers}
            for name in makers if False in there.values() else needs:
                for key, order in _keys(store, version, name, orders, rows):
                    if not there.get((name, key), name not in needs):
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


def _narrow(scope: Scope, orders: Iterable[int]) -> Scope:
    return replace(scope, payouts=(), orders=None, ids=tuple(orders))


def _order(case: str) -> int:
    return int(case.removeprefix(OrderCase.named("")))


def _of(pair: Pair, orders: Collection[int]) -> Pair:
    """What the plans tell of these orders: one that is named like another came along with it."""
    cases = {OrderCase.named(one) for one in orders}
    return _kept(pair, lambda case: case in cases)


def _tell_the_same(before: Plan, after: Plan) -> bool:
    """Whether the later plan was made of the earlier one, and documents alone may differ."""
    return before.outcomes is after.outcomes


def _otherwise(before: Plan, after: Plan) -> Iterator[Action]:
    """The actions of the earlier plan that are others in the later one, made of it."""
    pairs = zip(before.actions, after.actions, strict=True)
    return (one for one, other in pairs if one is not other)


def _without(pair: Pair, orders: Collection[int]) -> Pair:
    """The plans without what they tell of these orders."""
    cases = {OrderCase.named(one) for one in orders}
    return _kept(pair, lambda case: case not in cases)


def _kept(pair: Pair, wanted: Callable[[str], bool]) -> Pair:
    outcomes = {id(plan.outcomes): [one for one in plan.outcomes if wanted(one.payout)]
                for plan in (pair if not _tell_the_same(*pair) else pair[:1])}  # fmt: skip
    before, after = (
        replace(
            plan, outcomes=outcomes[id(plan.outcomes)],
            actions=[one for one in plan.actions if wanted(one.payout)],
        )
        for plan in pair
    )  # fmt: skip
    return before, after


# Who sees what becomes of an order ----------------------------------------------------------------
def _is_seen(store: Store, pair: Pair, versions: Sequence[Version], scope: Scope) -> bool:
    """Whether others than these orders may see what differs: another order, of a document that one
    of these would take for its own; a line, of an order of which something else becomes."""
    adopted = {(one.mapping, one.source) for plan in pair for one in plan.actions
               if one.adopted is not None}  # fmt: skip
    cases: set[str] = set()
    for key, ours, theirs in otherwise(*pair):
        if ours is not None and theirs is not None and ours[0] is theirs[0]:
            if key in adopted or ours[0].state == "adopted":
                return True
            continue  # documents alone differ
        found = [one for one in (told(ours), told(theirs)) if one is not None]
        if len(found) == 2 and found[0].side == found[1].side:
            continue
        if key in adopted or any(one.side.state == "adopted" for one in found):
            return True
        became = {(one.side.state, one.side.code, one.side.reason) for one in found}
        if len(found) < 2 or len(became) > 1:
            cases |= {one.case for one in found}
    pays = any("payouts" in one.flows for one in versions) and scope.payouts != ()
    orders = [int(case.rpartition(" ")[2]) for case in cases]
    return bool(orders) and pays and store.value(SETTLED, [orders]) is not None


# Whether a line settles a transaction of one of these orders.
SETTLED = """
SELECT 1
FROM qliro.settlement_line AS l
LEFT JOIN qliro.transaction AS t ON t.PaymentTransactionId = l.PaymentTransactionId
WHERE l.OrderId IN (SELECT unnest($1::BIGINT[])) OR t.OrderId IN (SELECT unnest($1::BIGINT[]))
LIMIT 1
"""
