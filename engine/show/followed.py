"""Shows what follows from a plan once its documents stand: marked, for none of it is posted yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..personal import called
from ..plan.model import Outcome
from ..store.ledger import Action
from ..suppose.rounds import Followed, Stands
from .page import Page, Text, blank, listed

AS_IF = "as if {}"


class Following:
    """What follows, by case; numbers that are only supposed are marked in what it gives."""

    def __init__(self, followed: Followed) -> None:
        self.followed = followed
        self.outcomes = {one.action: one for one in followed.outcomes if one.action}
        self.replaced = {(one.mapping, one.source) for one in followed.outcomes}

    def of(self, case: str) -> list[Action]:
        """The actions of a payout or an order."""
        return [self._marked(one) for one in self.followed.actions if one.payout == case]

    def left_open(self, case: str, open_: list[Outcome]) -> list[Outcome]:
        """Of the outcomes that a plan leaves open those that stay so, as they are told then."""
        mine = [one for one in self.followed.outcomes
                if one.payout == case and one.state in ("waiting", "parked")]  # fmt: skip
        return [*(one for one in open_ if (one.mapping, one.source) not in self.replaced), *mine]

    def why(self, action: Action) -> str:
        """As if what stood it comes about."""
        outcome = self.outcomes.get(action.action)
        after = self.followed.after(outcome) if outcome else []
        return f"as if {listed(one.called for one in after)} stood" if after else ""

    def unknown(self, case: str, actions: list[Action]) -> Page:
        """Sentences about documents of which it can't be told what follows."""
        return [
            Text(f"{called(one.mapping, one.source)}: what follows from it can't be "
                 f"shown: {self.followed.unknown[one.action]}.", indent=2, hang=2)
            for one in actions
            if one.payout == case and one.action in self.followed.unknown
        ]  # fmt: skip

    def diff(self, action: Action, shown: Callable[[Action], Page]) -> Page:
        """A document that follows, and as if what stood."""
        why = self.why(action)
        told = f"follows, {why}" if why else "follows"
        first, *rest = shown(action)
        return [first, Text(told, indent=4, style="yellow"), *rest, blank()]

    def _marked(self, action: Action) -> Action:
        marked = marks(action.document, self.followed.stands)
        return replace(action, document=marked,
                       consumed_of=marks(action.consumed_of, self.followed.stands))  # fmt: skip


def marks(value: Any, stands: Mapping[str, Stands]) -> Any:
    """A value with supposed numbers marked as such."""
    if isinstance(value, dict):
        return {name: marks(one, stands) for name, one in value.items()}
    if isinstance(value, list):
        return [marks(one, stands) for one in value]
    known = stands.get(str(value)) if isinstance(value, str | int) else None
    return AS_IF.format(value) if known is not None and known.is_supposed else value
