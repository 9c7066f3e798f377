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
    trace: Mapping[str, Any] = field(default_factory=dict, compare=False)


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
    for key, ours, theirs in otherwise(before, after):
        if (found := difference(key, told(ours), told(theirs))) is not None:
            yield found


@dataclass(frozen=True, slots=True)
class Told:
    """What a plan tells of a source under a mapping; ``case`` is its payout or order."""

    side: Side
    case: str
    target: str


# An outcome and its action, as far as it has one.
Made = tuple[Outcome, Action | None]


def both(before: Plan, after: Plan) -> Iterator[tuple[Key, Made | None, Made | None]]:
    """What two plans have of each source, in the order in which they tell of them; of several
    documents under one mapping the last."""
    old = _by_key(before)
    new = _by_key(after)
    for key, ours in old.items():
        yield key, ours, new.get(key)
    for key, theirs in new.items():
        if key not in old:
            yield key, None, theirs


def otherwise(before: Plan, after: Plan) -> Iterator[tuple[Key, Made | None, Made | None]]:
    """The same, but for what the later plan took over from the earlier one."""
    if before.outcomes is not after.outcomes:
        for key, ours, theirs in both(before, after):
            if not is_the_same(ours, theirs):
                yield key, ours, theirs
        return
    pairs = {one.action: (one, other)
             for one, other in zip(before.actions, after.actions, strict=True)}  # fmt: skip
    changed: dict[str | None, tuple[Action, Action]] = {
        action: pair for action, pair in pairs.items() if pair[0] is not pair[1]
    }
    if changed:
        for key, one in {(one.mapping, one.source): one for one in before.outcomes}.items():
            if (pair := changed.get(one.action)) is not None:
                yield key, (one, pair[0]), (one, pair[1])


def is_the_same(ours: Made | None, theirs: Made | None) -> bool:
    """Whether one plan took this over from the other: then nothing of it is looked at."""
    return (
        ours is not None and theirs is not None
        and ours[0] is theirs[0] and ours[1] is theirs[1]
    )  # fmt: skip


def _by_key(plan: Plan) -> dict[Key, Made]:
    actions: dict[str | None, Action] = {one.action: one for one in plan.actions}
    return {(one.mapping, one.source): (one, actions.get(one.action)) for one in plan.outcomes}


def told(made: Made | None) -> Told | None:
    """What becomes of a source, of which a plan has this."""
    if made is None:
        return None
    one, action = made
    return Told(_side(one, action), one.payout, action.target if action else "")


def sides(plan: Plan) -> dict[Key, Told]:
    """What a plan tells of each source; of several documents under one mapping the last."""
    found = {key: told(made) for key, made in _by_key(plan).items()}
    return {key: one for key, one in found.items() if one is not None}


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
