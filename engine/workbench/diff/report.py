"""What a change alters, summed up: by the rule behind it, by account and month, by what becomes.

Reads differences as they come, keeps counts, the largest and three examples of each rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ...store.database import Store
from ...store.history import moments
from .blame import Blame
from .changes import Change
from .compare import Difference, Key, Side
from .documents import ZERO, Bucket, Field, moved, size

EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference as it is told under a rule: the fields that the rule made, how much it moves."""

    difference: Difference
    fields: tuple[Field, ...]
    amount: Decimal
    posted: str


@dataclass(slots=True)
class Group:
    """The differences that one rule makes (several, where it can't be told which of them)."""

    changes: tuple[Change, ...]
    kinds: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    sources: list[Key] = field(default_factory=list)
    posted: int = 0
    largest: Shown | None = None
    examples: list[Shown] = field(default_factory=list)

    def take(self, one: Shown) -> None:
        self.kinds[one.difference.kind] += 1
        names = {f"{f.name}.{f.column}" if f.column else f.name for f in one.fields}
        self.fields.update(names)
        self.sources.append((one.difference.mapping, one.difference.source))
        self.posted += bool(one.posted)
        if self.largest is None or one.amount > self.largest.amount:
            self.largest = one
        if len(self.examples) < EXAMPLES:
            self.examples.append(one)

    def add(self, later: Group) -> None:
        """Take in what the same rule makes further on."""
        self.kinds += later.kinds
        self.fields += later.fields
        self.sources += later.sources
        self.posted += later.posted
        amount = later.largest.amount if later.largest else ZERO
        if self.largest is None or amount > self.largest.amount:
            self.largest = later.largest
        self.examples = [*self.examples, *later.examples][:EXAMPLES]


@dataclass(slots=True)
class Report:
    """All of it. ``documents`` were held against each other, ``differing`` of them differ;
    ``outcomes`` counts from which state to which. With ``live`` one side is what was posted, by
    rules and settings that may not be known any more."""

    merchant: str
    before: str
    after: str
    changes: list[Change]
    documents: int = 0
    differing: int = 0
    posted: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    accounts: dict[Bucket, Decimal] = field(default_factory=dict)
    groups: dict[tuple[Any, ...], Group] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    live: bool = False  # one side is what was posted

    def add(self, later: Report) -> None:
        """Take in the differences of what comes further on, summed up elsewhere."""
        self.differing += later.differing
        self.posted += later.posted
        self.kinds += later.kinds
        self.outcomes += later.outcomes
        for bucket, amount in later.accounts.items():
            self.accounts[bucket] = self.accounts.get(bucket, ZERO) + amount
        for key, group in later.groups.items():
            if key in self.groups:
                self.groups[key].add(group)
            else:
                self.groups[key] = group

    @property
    def ordered(self) -> list[Group]:
        """The rules, that of most differences first."""
        return sorted(self.groups.values(), key=lambda one: -len(one.sources))


def posted(store: Store) -> Mapping[Key, str]:
    """The number of what was posted, by mapping and source."""
    of = {row["action"]: row for row in store.rows(POSTED)}
    return {
        (row["mapping"], row["source"]): str(row["number"] or "")
        for one in moments(store)
        for action in one.actions
        if (row := of.get(action)) is not None
    }


POSTED = """
SELECT i.action, i.mapping, i.source, s.number
FROM ledger.intent AS i
LEFT JOIN ledger.step AS s ON s.action = i.action AND s.step = 'create'
"""


def take(
    report: Report, blame: Blame, found: Iterable[Difference | Report], known: Mapping[Key, str]
) -> None:
    """Count the differences, each under the rules behind it; some are summed up already."""
    by_case: dict[str, tuple[Change, ...]] = {}
    for one in found:
        if isinstance(one, Report):
            report.add(one)
            continue
        report.differing += 1
        report.kinds[one.kind] += 1
        number = known.get((one.mapping, one.source), "")
        report.posted += (one.mapping, one.source) in known
        states = tuple([side.state if side else "" for side in (one.before, one.after)])
        if states[0] != states[1]:
            report.outcomes[states] += 1  # type: ignore[index]
        changed = moved(one.target, *_documents(one), one.fields) if one.target else {}
        for bucket, amount in changed.items():
            report.accounts[bucket] = report.accounts.get(bucket, ZERO) + amount
        for changes, fields in _by_rule(blame, one, by_case).items():
            by_case.setdefault(one.case, changes)
            key = tuple([change.key for change in changes])
            group = report.groups.setdefault(key, Group(changes))
            group.take(Shown(one, fields, size(changed), number))
    report.accounts = {key: value for key, value in report.accounts.items() if value}


def _documents(one: Difference) -> tuple[Any, Any]:
    return tuple([side.document if side else None for side in (one.before, one.after)])  # type: ignore[return-value]


def _by_rule(
    blame: Blame, one: Difference, by_case: Mapping[str, tuple[Change, ...]]
) -> dict[tuple[Change, ...], tuple[Field, ...]]:
    if one.kind == "document":
        found: dict[tuple[Change, ...], tuple[Field, ...]] = {}
        for differs in one.fields:
            changes = blame.of_field(one, differs)
            found[changes] = (*found.get(changes, ()), differs)
        return found
    changes = blame.of_match(one) if one.kind == "match" else blame.of_outcome(one)
    return {changes or by_case.get(one.case, ()): ()}


def states(side: Side | None) -> str:
    """What becomes of a source, in a word."""
    return side.state if side else "nothing"
