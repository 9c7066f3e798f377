"""Two plans of the same history, source by source: what comes out otherwise.

Reads plans that were made anew (``engine.workbench.replay``), gives a ``Difference`` for each
source and mapping of which they tell something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...plan.model import Outcome, Plan
from ...store.ledger import Action
from .documents import Document, Field, differing

Key = tuple[str, str]  # mapping and source
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """What becomes of a source under one version; ``document`` None where it gets none."""

    state: str
    code: str
    reason: str
    document: Document | None = None
    then: tuple[str, ...] = ()
    confirm: Any = None
    matched: str = ""  # the document that it refers to, or why none
    trace: Row = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """A source of which two versions make something else. ``kind`` is one of KINDS."""

    mapping: str
    source: str
    case: str
    target: str
    kind: str
    before: Side | None
    after: Side | None
    fields: tuple[Field, ...] = ()
    rematched: bool = False


# In the order in which they are told.
KINDS = ("document", "made", "not made", "outcome", "reason", "match")


def compared(before: Plan, after: Plan) -> Iterator[Difference]:
    """All differences, in the order in which the plans tell of the sources."""
    old, new = sides(before), sides(after)
    for key in [*old, *(key for key in new if key not in old)]:
        ours, theirs = old.get(key), new.get(key)
        found = difference(key, ours, theirs)
        if found is not None:
            yield found


@dataclass(frozen=True, slots=True)
class Told:
    """What a plan tells of a source under a mapping; ``case`` is its payout or order."""

    side: Side
    case: str
    target: str


def sides(plan: Plan) -> dict[Key, Told]:
    """What a plan tells of each source; of several documents under one mapping the last."""
    actions: dict[str, Action] = {one.action: one for one in plan.actions}
    told: dict[Key, Told] = {}
    for one in plan.outcomes:
        action = actions.get(one.action or "")
        told[one.mapping, one.source] = Told(_side(one, action), one.payout,
                                              action.target if action else "")  # fmt: skip
    return told


def _side(one: Outcome, action: Action | None) -> Side:
    match = one.trace.get("match") or {}
    matched = str(match.get("document") or match.get("outcome") or "")
    if action is None:
        return Side(one.state, one.code, one.reason, matched=matched, trace=one.trace)
    document = action.document or None
    return Side(one.state, one.code, one.reason, document, action.then,
                action.facts.get("confirm"), matched or str(action.consumed_of or ""),
                one.trace)  # fmt: skip


def difference(key: Key, ours: Told | None, theirs: Told | None) -> Difference | None:
    """What two versions tell otherwise of a source; None where nothing is."""
    old, new = ours.side if ours else None, theirs.side if theirs else None
    if old == new:
        return None
    some = theirs or ours
    assert some is not None  # noqa: S101  one of them has it
    target = (theirs.target if theirs else "") or (ours.target if ours else "")
    had, has = old.document if old else None, new.document if new else None
    rematched = old is not None and new is not None and old.matched != new.matched
    fields: tuple[Field, ...] = ()
    if had is not None and has is not None and old is not None and new is not None:
        fields = (*differing(had, has), *_beside(old, new))
        if fields:
            kind = "document"
        elif rematched:
            kind = "match"
        elif old.state != new.state:
            kind = "outcome"
        else:
            return None  # the sentence alone: it names what the other version supposed
    elif has is not None:
        kind = "made"
    elif had is not None:
        kind = "not made"
    elif old is None or new is None or (old.state, old.code) != (new.state, new.code):
        kind = "outcome"
    else:
        kind = "match" if rematched else "reason"
    return Difference(*key, some.case, target, kind, old, new, fields, rematched)


def _beside(old: Side, new: Side) -> Iterator[Field]:
    """What is done with a document beside its fields."""
    if old.then != new.then:
        yield Field("then", "then", "", list(old.then), list(new.then))
    if old.confirm != new.confirm:
        yield Field("confirm", "confirm", "", old.confirm, new.confirm)
