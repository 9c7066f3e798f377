"""All of stored history under two versions, held against each other as it is planned.

Reads a merchant's database by ``engine.store.history``; gives a ``Difference`` for each source and
mapping of which the versions tell something else, and keeps no more of the rest than it must.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from ...plan.model import Plan
from ...scope import ALL, Scope
from ...stage.staging import stage
from ...store.database import Store
from ...store.history import moments, past, present
from ..replay import Decided, Replayed, in_scope, open_of, planned
from .compare import Difference, Key, Told, difference, sides
from .narrowed import Narrowing, Planned


@dataclass(slots=True)
class History:
    """Held over one comparison, ``traced`` where more than the change itself is to be told of how
    things came to be. ``documents`` were made under a version, ``problems`` are told
    under the later one alone; both are known when all differences are."""

    store: Store
    narrowing: Narrowing
    scope: Scope = ALL
    traced: bool = True
    documents: int = 0
    problems: list[str] = field(default_factory=list)
    then: tuple[dict[Key, Told], dict[Key, Told]] = field(default_factory=lambda: ({}, {}))
    made: set[Key] = field(default_factory=set)

    def differences(self) -> Iterator[Difference]:
        """Each of them: what was decided at some moment first, then what is open now."""
        every = moments(self.store)
        posted = Decided(self.store, every)
        concerned = [one for one in every if in_scope(one, self.scope)
                     and self.narrowing.concerns(self.store, one)]  # fmt: skip
        with past(self.store) as before:
            for moment in concerned:
                at = before.move_to(moment)
                stage(at)
                made = Replayed(), Replayed()
                asked = Scope(moment.payouts, moment.orders)
                plan = self._planned(at, again=moment.follows)
                for pair in self.narrowing.plans(at, asked, plan):
                    for mine, one in zip(made, pair, strict=True):
                        mine.take(posted, moment, one)
                self._take([mine.plan() for mine in made])
        with present(self.store) as now:
            later = []
            for pair in self.narrowing.plans(now, self.scope, self._planned(now, again=False)):
                found = self._now([_open(plan, posted) for plan in pair])
                if self.then[0] or self.then[1]:
                    later += list(found)  # what is told of now comes behind
                else:
                    yield from found
                self.problems += [one for one in pair[1].problems if one not in pair[0].problems]
        for key in dict.fromkeys([*self.then[0], *self.then[1]]):
            found_then = difference(key, self.then[0].get(key), self.then[1].get(key))
            if found_then is not None:
                yield found_then
        yield from later
        self.documents += len(self.made)

    def _planned(self, store: Store, *, again: bool) -> Planned:
        return partial(planned, store, again=again, traced=self.traced)

    def _take(self, plans: list[Plan]) -> None:
        """What was decided at a moment. Of what is the same under both versions it is no longer
        told how it came to be."""
        told = [sides(plan) for plan in plans]
        for known, mine, plan in zip(self.then, told, plans, strict=True):
            known.update(mine)
            self.made.update((one.mapping, one.source) for one in plan.actions)
        for key, one in told[0].items():
            other = told[1].get(key)
            if other is not None and one.side == other.side:
                slim = replace(one, side=replace(one.side, trace={}))
                self.then[0][key] = self.then[1][key] = slim

    def _now(self, plans: list[Plan]) -> Iterator[Difference]:
        """What differs of what is open now; a further document of what was decided at a moment
        stands in its place."""
        told = [sides(plan) for plan in plans]
        self.documents += len(
            {(one.mapping, one.source) for plan in plans for one in plan.actions} - self.made
        )
        for key in dict.fromkeys([*told[0], *told[1]]):
            both = told[0].get(key), told[1].get(key)
            if key in self.then[0] or key in self.then[1]:
                for known, one in zip(self.then, both, strict=True):
                    if one is not None:
                        known[key] = one
            elif (differs := difference(key, *both)) is not None:
                yield differs


def _open(plan: Plan, posted: Decided) -> Plan:
    found = open_of(plan, posted)
    ahead = {one.action for one in found}
    return replace(plan, outcomes=found, actions=[one for one in plan.actions
                                                  if one.action in ahead])  # fmt: skip
