"""All of stored history under two versions, held against each other as it is planned.

Reads a merchant's database by ``engine.store.history``; gives a ``Difference`` for each source and
mapping of which the versions tell something else, and keeps no more of the rest than it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ...plan.model import Outcome, Plan
from ...scope import ALL, Scope
from ...stage.staging import stage
from ...store.database import Store
from ...store.history import moments, past, present
from ..replay import Decided, Replayed, in_scope, open_of, planned
from .compare import Difference, Key, Told, both, difference, is_the_same, otherwise, sides, told
from .narrowed import Judged, Narrowing, Pair, Part, Planned
from .report import Report

KNOWN = 100_000  # documents that other processes are told were posted: 30 MiB in each


@dataclass(slots=True)
class History:
    """Held over one comparison; many orders are judged ``elsewhere``, where the change reaches
    nothing that was decided at some moment. ``documents`` were made under a version, ``problems``
    are told under the later one alone; both are known when all differences are."""

    store: Store
    narrowing: Narrowing
    scope: Scope = ALL
    elsewhere: Callable[[Decided, Sequence[int]], Judged] | None = None
    documents: int = 0
    problems: list[str] = field(default_factory=list)
    then: tuple[dict[Key, Told], dict[Key, Told]] = field(default_factory=lambda: ({}, {}))
    made: set[Key] = field(default_factory=set)

    def differences(self) -> Iterator[Difference | Report]:
        """Each of them, or several summed up: what was decided at some moment first, then what is
        open now."""
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
                plan = self.planned(at, again=moment.follows)
                for pair in self.narrowing.plans(at, asked, plan):
                    for mine, one in zip(made, pair, strict=True):
                        mine.take(posted, moment, one)
                self._take([mine.plan() for mine in made])
        elsewhere = None
        if self.elsewhere is not None and not any(self.then) and len(posted.keys) <= KNOWN:
            elsewhere = partial(self.elsewhere, posted)
        with present(self.store) as now:
            later: list[Difference | Report] = []
            plan = self.planned(now, again=False)
            for part in self.narrowing.parts(now, self.scope, plan, elsewhere):
                found: Iterator[Difference | Report] = (
                    self._summed(part) if isinstance(part, Part) else self.now(part, posted)
                )
                if self.then[0] or self.then[1]:
                    later += list(found)  # what is told of now comes behind
                else:
                    yield from found
        for key in dict.fromkeys([*self.then[0], *self.then[1]]):
            found_then = difference(key, self.then[0].get(key), self.then[1].get(key))
            if found_then is not None:
                yield found_then
        yield from later
        self.documents += len(self.made)

    @staticmethod
    def planned(store: Store, *, again: bool) -> Planned:
        """What plans of that database."""
        return partial(planned, store, again=again)

    def _take(self, plans: list[Plan]) -> None:
        """What was decided at a moment. Of what is the same under both versions it is no longer
        told how it came to be."""
        of_it = [sides(plan) for plan in plans]
        for known, mine, plan in zip(self.then, of_it, plans, strict=True):
            known.update(mine)
            self.made.update((one.mapping, one.source) for one in plan.actions)
        for key, one in of_it[0].items():
            other = of_it[1].get(key)
            if other is not None and one.side == other.side:
                slim = replace(one, side=replace(one.side, trace={}))
                self.then[0][key] = self.then[1][key] = slim

    def _summed(self, part: Part) -> Iterator[Report]:
        """What differs of what is open now, summed up in another process."""
        self.documents += part.documents
        self.problems += part.problems
        yield part.report

    def now(self, pair: Pair, posted: Decided) -> Iterator[Difference]:
        """What differs of what is open now; a further document of what was decided at a moment
        stands in its place."""
        self.problems += [one for one in pair[1].problems if one not in pair[0].problems]
        plans = _open(pair, posted)
        self.documents += len(
            {(one.mapping, one.source) for plan in plans for one in plan.actions} - self.made
        )
        for key, *made in both(*plans) if any(self.then) else otherwise(*plans):
            if key in self.then[0] or key in self.then[1]:
                for known, one in zip(self.then, map(told, made), strict=True):
                    if one is not None:
                        known[key] = one
            elif not is_the_same(*made):
                yield from filter(None, [difference(key, *map(told, made))])


def _open(pair: Pair, posted: Decided) -> Pair:
    """Of both plans what was not decided at a moment."""
    if not posted.keys:
        return pair
    before, after = pair
    old = open_of(before, posted)
    new = old if after.outcomes is before.outcomes else open_of(after, posted)
    return _ahead(before, old), _ahead(after, new)


def _ahead(plan: Plan, outcomes: list[Outcome]) -> Plan:
    actions = {one.action for one in outcomes}
    return replace(plan, outcomes=outcomes,
                   actions=[one for one in plan.actions if one.action in actions])  # fmt: skip
