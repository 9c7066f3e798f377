"""Chooses among candidates and consumes balances: pure, deterministic, first exact then the rest.

Reads demands (lines with an amount) and their candidates; gives a choice for each demand, with the
reason in words and every loser with its own. An invoice's *balance* is consumed, not the invoice:
several captures may pay one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document found for a line. ``state`` is ok, skip, wait or park, with ``because`` in words.

    ``balance`` is what may still be consumed of it; ``rank`` orders candidates, the least first.
    """

    document: str
    step: int
    step_name: str
    state: str
    because: str
    balance: Decimal
    rank: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """A line that wants a document to take ``amount`` of; ``rank`` orders lines."""

    line: str
    amount: Decimal
    rank: tuple[Any, ...]
    candidates: Sequence[Candidate]
    called: str = "document"  # what a candidate is, in sentences


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: ``outcome`` is exact, near, less, more, spent, none, several, wait or park.

    ``rest`` is what the document does not take of the amount (more), ``difference`` what it takes
    beyond it to be settled (near). ``losers`` are (document, step, reason) of all not chosen, and
    ``rivals`` those of them that are what they must be, and were found at the same step.
    """

    line: str
    outcome: str
    document: str | None = None
    step: str = ""
    rest: Decimal = ZERO
    difference: Decimal = ZERO
    reason: str = ""
    losers: tuple[tuple[str, str, str], ...] = ()
    rivals: tuple[str, ...] = ()
    called: str = "document"

    @property
    def named(self) -> str:
        """The document in sentences: invoice 1001."""
        return f"{self.called} {self.document}"


@dataclass(slots=True)
class _Open:
    """A demand under way: the candidates at its deciding step, and who lost before that."""

    demand: Demand
    usable: list[Candidate]
    losers: list[tuple[str, str, str]] = field(default_factory=list)


def choose(
    demands: Sequence[Demand], tolerance: Decimal, left_open: Collection[str] = ()
) -> dict[str, Choice]:
    """A choice for each demand. Exactly equal balances win, and pair oldest with oldest first.

    ``left_open`` are the outcomes that nothing is posted of: they take nothing of a balance.
    """
    choices: dict[str, Choice] = {}
    balances: dict[str, Decimal] = {}
    undecided: list[_Open] = []
    for demand in sorted(demands, key=lambda one: one.rank):
        for candidate in demand.candidates:
            balances.setdefault(candidate.document, candidate.balance)
        opened = _open(demand)
        if isinstance(opened, Choice):
            choices[demand.line] = opened
        else:
            undecided.append(opened)
    takers: dict[str, str] = {}
    left: list[_Open] = []
    for one in undecided:
        exact = _exact(one, balances)
        if exact is None:
            left.append(one)
        else:
            choices[one.demand.line] = _take(one, exact, "exact", balances, takers)
    for one in left:
        choices[one.demand.line] = _settle(one, balances, takers, tolerance, left_open)
    return choices


def _open(demand: Demand) -> _Open | Choice:
    """Find the first step with a candidate that is not out of the question; it decides."""
    if not demand.candidates:
        reason = f"no {demand.called} carries its reference"
        return Choice(demand.line, "none", reason=reason, called=demand.called)
    losers = [
        (one.document, one.step_name, one.because)
        for one in demand.candidates
        if one.state == "skip"
    ]
    rest = [one for one in demand.candidates if one.state != "skip"]
    if not rest:
        return Choice(
            demand.line, "none", reason=none_fits(demand.called, losers), losers=tuple(losers),
            called=demand.called,
        )  # fmt: skip
    deciding = min(one.step for one in rest)
    at_step: dict[str, Candidate] = {}
    for one in sorted(rest, key=lambda one: (one.step, one.rank)):
        if one.step == deciding:
            at_step.setdefault(one.document, one)
    for one in rest:
        if one.document not in at_step:
            name = next(iter(at_step.values())).step_name
            losers.append((one.document, one.step_name, f"the step {name!r} comes first"))
    usable = [one for one in at_step.values() if one.state == "ok"]
    if usable:
        losers += [
            (one.document, one.step_name, one.because)
            for one in at_step.values()
            if one.state != "ok"
        ]
        return _Open(demand, usable, losers)
    blocked = sorted(at_step.values(), key=lambda one: (one.state != "park", one.rank))
    state = blocked[0].state
    reason = _listed(demand.called, ((one.document, one.because) for one in blocked))
    losers += [(one.document, one.step_name, one.because) for one in blocked]
    return Choice(demand.line, state, blocked[0].document, blocked[0].step_name,
                  reason=reason, losers=tuple(losers), called=demand.called)  # fmt: skip


def none_fits(called: str, losers: Iterable[tuple[str, str, str]]) -> str:
    """Why none of the (document, step, reason) that were found is what is wanted."""
    found = _listed(called, ((document, because) for document, _, because in losers))
    return f"no {called} fits ({found})"


def _listed(called: str, found: Iterable[tuple[str, str]]) -> str:
    """Each document once with what is wrong with it, whatever steps have found it."""
    told = (f"{called} {document}: {because}" for document, because in found)
    return "; ".join(dict.fromkeys(told))


def _exact(one: _Open, balances: Mapping[str, Decimal]) -> Candidate | None:
    equal = [c for c in one.usable if balances[c.document] == one.demand.amount]
    return min(equal, key=lambda candidate: candidate.rank) if equal else None


def _settle(
    one: _Open,
    balances: dict[str, Decimal],
    takers: dict[str, str],
    tolerance: Decimal,
    left_open: Collection[str],
) -> Choice:
    amount = one.demand.amount
    exact = _exact(one, balances)
    if exact is not None:
        return _take(one, exact, "exact", balances, takers)
    open_ = [c for c in one.usable if balances[c.document] * amount > 0]
    if not open_:
        first = min(one.usable, key=lambda candidate: candidate.rank)
        taker = takers.get(first.document)
        why = f"line {taker} of this run takes its balance" if taker else "its balance is 0"
        losers = [(c.document, c.step_name, "its balance is 0") for c in one.usable if c != first]
        return Choice(
            one.demand.line, "spent", first.document, first.step_name,
            reason=f"{one.demand.called} {first.document} is already paid: {why}",
            losers=(*one.losers, *losers), rivals=_rivals(one, first), called=one.demand.called,
        )  # fmt: skip
    if len(open_) > 1:
        listed = ", ".join(f"{c.document} (balance {balances[c.document]:.2f})" for c in open_)
        closed = [c for c in one.usable if c not in open_]
        spent = [(c.document, c.step_name, "its balance is 0") for c in closed]
        return Choice(
            one.demand.line, "several",
            reason=f"several {one.demand.called}s carry its reference and none is exactly it: "
            f"{listed}",
            called=one.demand.called,
            losers=(
                *one.losers, *spent, *((c.document, c.step_name, "one of several") for c in open_)
            ),
        )  # fmt: skip
    candidate = open_[0]
    difference = balances[candidate.document] - amount
    if abs(difference) <= tolerance:
        outcome = "near"
    else:
        outcome = "less" if abs(amount) < abs(balances[candidate.document]) else "more"
    if outcome in left_open:
        return _take(one, candidate, outcome, dict(balances), {})
    return _take(one, candidate, outcome, balances, takers)


def _rivals(one: _Open, chosen: Candidate) -> tuple[str, ...]:
    others = sorted((c for c in one.usable if c != chosen), key=lambda candidate: candidate.rank)
    return tuple(c.document for c in others)


def _take(
    one: _Open,
    candidate: Candidate,
    outcome: str,
    balances: dict[str, Decimal],
    takers: dict[str, str],
) -> Choice:
    amount, balance = one.demand.amount, balances[candidate.document]
    losers = list(one.losers)
    for other in one.usable:
        if other != candidate:
            why = "an equally good one that is younger"
            if balances[other.document] != amount:
                why = f"its balance is {balances[other.document]:.2f}, the line is {amount:.2f}"
            losers.append((other.document, other.step_name, why))
    rest = amount - balance if outcome == "more" else ZERO
    difference = balance - amount if outcome == "near" else ZERO
    balances[candidate.document] = ZERO if outcome in ("near", "more") else balance - amount
    takers.setdefault(candidate.document, one.demand.line)
    reason = {
        "exact": f"its balance is exactly {amount:.2f}",
        "near": f"its balance {balance:.2f} differs by {difference:.2f}, within the tolerance",
        "less": f"the line pays {amount:.2f} of its balance {balance:.2f}",
        "more": f"the line is {amount:.2f}, its balance only {balance:.2f}",
    }[outcome]
    return Choice(
        one.demand.line, outcome, candidate.document, candidate.step_name, rest, difference,
        reason, tuple(losers), _rivals(one, candidate), one.demand.called,
    )  # fmt: skip
