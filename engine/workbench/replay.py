"""All of stored history under a version: each document decided as of the moment when it was.

Reads a merchant's database by ``engine.store.history``, writes nothing to it, asks no server. What
was posted is decided with what Qliro and Fortnox held then, and with all that stood then, this
program's own documents among it; what was not, with what they hold now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..error_catalogue import installed
from ..merchant.settings import convention_choices
from ..plan.build import make_plan
from ..plan.model import OrderCase, Outcome, Payout, Plan, Row
from ..plan.proof import Proof
from ..scope import ALL, Scope
from ..stage.staging import stage
from ..store.books import read_books
from ..store.database import Store
from ..store.history import Moment, moments, past, present
from ..store.ledger import Action
from .versions import Version


def replay(store: Store, version: Version, scope: Scope = ALL) -> Plan:
    """All that the version would make of what a merchant's database holds."""
    (made,) = replay_each(store, [version], scope)
    return made


def replay_each(store: Store, versions: Sequence[Version], scope: Scope = ALL) -> list[Plan]:
    """The same under several versions, in one pass over history."""
    every = moments(store)
    posted = Decided(store, every)
    made = [Replayed() for _ in versions]
    with past(store) as before:
        for moment in every:
            if not in_scope(moment, scope):
                continue
            then = before.move_to(moment)
            stage(then)
            for version, mine in zip(versions, made, strict=True):
                mine.take(posted, moment, as_of(then, moment, version))
    with present(store) as now:
        return [
            _joined(as_of_now(now, version, scope), posted, mine)
            for version, mine in zip(versions, made, strict=True)
        ]


def in_scope(moment: Moment, scope: Scope) -> bool:
    """Whether a moment is one of what the scope names."""
    return (
        scope.payouts is None or bool(set(scope.payouts) & set(moment.payouts))
    ) or (scope.orders is None or bool(set(scope.orders) & set(moment.orders)))


class Decided:
    """What history posted: the mapping and source of each action, and by moment which were."""

    def __init__(self, store: Store, every: Iterable[Moment]) -> None:
        of = {row["action"]: (row["mapping"], row["source"]) for row in store.rows(INTENDED)}
        self.by_action = {action: of[action] for one in every for action in one.actions}
        self.keys = frozenset(self.by_action.values())


INTENDED = "SELECT action, mapping, source FROM ledger.intent"


class Replayed:
    """Outcomes and actions as they were decided at the moments gone through so far."""

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str, str], Outcome] = {}
        self.actions: dict[str, Action] = {}
        self.payouts: dict[str, Payout] = {}
        self.orders: dict[str, OrderCase] = {}
        self.proofs: dict[str, Proof] = {}

    def take(self, posted: Decided, moment: Moment, made: Plan) -> None:
        """Of a moment's plan what becomes of the sources of what was posted then: under the mapping
        that posted it, or where that one passes it over, under others that never did."""
        outcomes: dict[str, list[Outcome]] = {}
        for one in made.outcomes:
            outcomes.setdefault(one.source, []).append(one)
        actions = {one.action: one for one in made.actions}
        for action in moment.actions:
            mapping, source = posted.by_action[action]
            found = [one for one in outcomes.get(source, ()) if one.mapping == mapping]
            if not found:
                found = [one for one in outcomes.get(source, ())
                         if (one.mapping, source) not in posted.keys]  # fmt: skip
            for one in found:
                self.outcomes[one.mapping, source, one.action or action] = one
                if one.action in actions:
                    self.actions[one.action] = actions[one.action]
        self.payouts |= made.payouts
        self.orders |= made.orders
        self.proofs |= made.proofs


    def plan(self) -> Plan:
        """What was taken so far, as a plan."""
        return Plan("", outcomes=[*self.outcomes.values()], actions=[*self.actions.values()])


def _joined(now: Plan, posted: Decided, then: Replayed) -> Plan:
    """What was decided then, and of all else what is made of it now."""
    open_ = open_of(now, posted)
    ahead = {one.action for one in open_}
    return replace(
        now,
        outcomes=[*then.outcomes.values(), *open_],
        actions=[*then.actions.values(), *(one for one in now.actions if one.action in ahead)],
        payouts=then.payouts | now.payouts,
        orders=then.orders | now.orders,
        proofs=then.proofs | now.proofs,
    )


def open_of(now: Plan, posted: Decided) -> list[Outcome]:
    """Of a plan as of now what was not decided at a moment."""
    return [one for one in now.outcomes if (one.mapping, one.source) not in posted.keys
            or (one.action not in posted.by_action and one.action is not None)]  # fmt: skip


def as_of(then: Store, moment: Moment, version: Version) -> Plan:
    """What a version makes of what was decided at a moment; ``then`` is staged as of it."""
    return planned(then, version, Scope(moment.payouts, moment.orders), again=moment.follows)


def as_of_now(store: Store, version: Version, scope: Scope = ALL) -> Plan:
    """What a version makes of what is open now, as ``plan`` would tell it."""
    return planned(store, version, scope, again=False)


def planned(
    store: Store,
    version: Version,
    scope: Scope,
    *,
    again: bool,
    traced: bool = True,
    derived: dict[str, list[Row]] | None = None,
) -> Plan:
    """What a version makes of what a staged database holds; the rest is as ``make_plan`` has it."""
    return make_plan(
        store, version.program, version.settings, read_books(store), convention_choices(),
        installed(), flows=version.flows, scope=scope, again=again, traced=traced, derived=derived,
    )  # fmt: skip
