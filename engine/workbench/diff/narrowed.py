"""Replays no more of history than a change could alter: none of what it can't reach, and of orders
those alone that may come out otherwise.

What an order becomes may hang on others: a customer that is made once for several, a document that
two of them find, a line that waits for its order. So orders are planned by themselves only as long
as nothing comes of it that others see: where more differs than what their documents say, all that
was decided with them is planned as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ...plan.model import CLOSED, Plan
from ...plan.order_rows import Rows
from ...scope import Scope
from ...store.books import read_books
from ...store.database import Store
from ...store.history import Moment
from ..replay import Planned
from ..versions import Version
from .compare import sides
from .reached import Reached
from .shapes import Shapes

ALL_ORDERS = 'SELECT OrderId FROM qliro."order"'
NAMED = """
SELECT OrderId FROM qliro."order"
WHERE list_contains($1, OrderId::VARCHAR) OR list_contains($1, MerchantReference)
"""


@dataclass(slots=True)
class Narrowing:
    """Held over a comparison of two versions; ``looked_at`` are the orders that were planned by
    themselves, ``whole`` counts how often that did not do."""

    reached: Reached
    versions: tuple[Version, Version]
    looked_at: int = 0
    whole: int = 0
    shapes: Shapes = field(init=False)

    def __post_init__(self) -> None:
        self.shapes = Shapes(self.reached, self.versions)

    def concerns(self, moment: Moment) -> bool:
        """Whether there is anything in it that the change could reach."""
        return bool(self.reached.mappings) and (self.reached.every or bool(moment.orders))

    def plans(
        self, store: Store, versions: Sequence[Version], scope: Scope, planned: Planned
    ) -> list[Plan]:
        """What of the scope may come out otherwise, under each version."""
        if not self.reached.mappings:
            return [Plan("") for _ in versions]
        if not self.reached.every and not scope.is_period:
            orders = self.shapes.orders(store, _orders(store, scope))
            if not orders:
                return [Plan("") for _ in versions]
            narrow = replace(scope, payouts=(), orders=tuple(map(str, sorted(orders))))
            found = [planned(version, narrow) for version in versions]
            if all(map(self._by_itself, found, versions, [store] * len(found))) and _same(*found):
                self.looked_at += len(orders)
                return found
        self.whole += 1
        return [planned(version, scope) for version in versions]

    def _by_itself(self, plan: Plan, version: Version, store: Store) -> bool:
        """Whether nothing is to be made for these orders that others may need too: customers that
        they need are there."""
        mappings = version.program.mappings
        begun = {one.action for one in plan.actions}
        settled = set()
        for one in plan.outcomes:
            if mappings[one.mapping].spec.made_for:
                if one.action is None or one.action in begun or one.state not in CLOSED:
                    return False
                settled.add((one.mapping, one.source))
        makers = {need for one in mappings.values() for need in one.spec.needs
                  if need in mappings and mappings[need].spec.made_for}  # fmt: skip
        if not makers:
            return True
        rows = Rows(store, version.program, read_books(store), plan.orders)
        for name in makers:
            spec = mappings[name].spec
            for row in rows.of(spec.entity):
                key = mappings[name].per({spec.alias: row})
                if key is not None and (name, str(key)) not in settled:
                    return False
        return True


def _orders(store: Store, scope: Scope) -> list[int]:
    if scope.orders is None:
        return [row["OrderId"] for row in store.rows(ALL_ORDERS)]
    return [row["OrderId"] for row in store.rows(NAMED, [list(scope.orders)])]


def _same(before: Plan, after: Plan) -> bool:
    """Whether no more differs than what documents that are to be made say."""
    old, new = sides(before), sides(after)
    if old.keys() != new.keys():
        return False
    adopted = {(one.mapping, one.source) for plan in (before, after) for one in plan.actions
               if one.adopted is not None}  # fmt: skip
    for key, one in old.items():
        ours, theirs = one.side, new[key].side
        if ours == theirs:
            continue
        of_both = [(side.state, side.code, side.reason, side.matched, side.document is None)
                   for side in (ours, theirs)]  # fmt: skip
        if of_both[0] != of_both[1] or key in adopted:
            return False
    return True
