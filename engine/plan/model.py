"""What a plan is made of: outcomes, actions, proofs, and what is still to be fetched.

Frozen rows that flow from planning to the ledger, to a plan file, and to what people read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, overload

from ..packed import Packed, PackedRow
from ..scope import ALL, Scope
from ..store.books import Books
from ..store.ledger import Action
from .long_traces import is_short
from .proof import Proof
from .states import STATES

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a source entity under a mapping.

    ``state`` is one of STATES; ``code`` is stable and ``reason`` a sentence; ``covers`` are the
    lines that it accounts for; ``trace`` says which rule, which inputs, which candidates.
    """

    mapping: str
    source: str
    payout: str
    state: str
    code: str
    reason: str
    covers: tuple[str, ...] = ()
    action: str | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)


class PackedOutcomes(Sequence[Outcome]):
    """Many outcomes, held as bytes, each another object at each look; its trace is unpacked only
    where something of it is asked for."""

    def __init__(self) -> None:
        self._rows: Packed[tuple[Any, ...]] = Packed()
        self._traces: Packed[Mapping[str, Any]] = Packed()
        self._long: Packed[Mapping[str, Any]] = Packed(at_once=1)  # those that name many lines

    def append(self, one: Outcome) -> None:
        """Add an outcome at the end."""
        is_long = any(map(is_short, one.trace.get("inputs", {}).values()))
        traces = self._long if is_long else self._traces
        place = len(traces) if one.trace else None
        if one.trace:
            traces.append(one.trace)
        self._rows.append(
            (one.mapping, one.source, one.payout, one.state, one.code, one.reason, one.covers,
             one.action, is_long, place)
        )  # fmt: skip

    def extend(self, every: Iterable[Outcome]) -> None:
        """Add outcomes likewise."""
        for one in every:
            self.append(one)

    def _outcome(self, row: tuple[Any, ...]) -> Outcome:
        *told, is_long, place = row
        trace: Mapping[str, Any] = {}
        if place is not None:
            trace = PackedRow(self._long if is_long else self._traces, place)
        mapping, source, payout, state, code, reason, covers, action = told
        return Outcome(mapping, source, payout, state, code, reason, covers, action, trace)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Outcome]:
        return map(self._outcome, self._rows)

    @overload
    def __getitem__(self, index: int) -> Outcome: ...
    @overload
    def __getitem__(self, index: slice) -> list[Outcome]: ...
    def __getitem__(self, index: int | slice) -> Outcome | list[Outcome]:
        if isinstance(index, slice):
            return [self._outcome(row) for row in self._rows[index]]
        return self._outcome(self._rows[index])


class LineStates(Mapping[str, Outcome]):
    """The outcome that decides each line, by where it stands among all: the least finished of those
    that cover the line, of equals the first."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = outcomes
        self._ranks: dict[str, int] = {}  # how finished first, then the place
        for place, outcome in enumerate(outcomes):
            rank = STATES.index(outcome.state) * len(outcomes) + place
            for line in outcome.covers:
                self._ranks[line] = min(rank, self._ranks.get(line, rank))

    def __getitem__(self, line: str) -> Outcome:
        return self._outcomes[self._ranks[line] % len(self._outcomes)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ranks)

    def __len__(self) -> int:
        return len(self._ranks)


@dataclass(frozen=True, slots=True)
class Payout:
    """One payout with everything that planning knows of it. ``lines`` are all of its lines."""

    key: str
    row: Row
    batches: tuple[Row, ...]
    lines: Sequence[Row]
    digest: str

    @property
    def date(self) -> date:
        """The day that the money was transferred."""
        day: date = self.row["BatchDate"]
        return day

    @property
    def accepted(self) -> list[Row]:
        """The lines that count: accepted by Qliro and still in its answer."""
        return list(self.each_accepted())

    def each_accepted(self) -> Iterator[Row]:
        """The same one after the other: many of them are not all held at once."""
        return (line for line in self.lines if self.counts(line))

    @staticmethod
    def counts(line: Row) -> bool:
        """Whether a line is one of these."""
        return line["Status"] == "Accepted" and not line["vanished"]


@dataclass(frozen=True, slots=True)
class OrderCase:
    """A Qliro order as planning sees it; ``digest`` tells when it has changed."""

    key: str
    day: date | None
    digest: str

    @property
    def case(self) -> str:
        """What its outcomes and actions stand under, beside the payouts."""
        return self.named(self.key)

    @staticmethod
    def named(key: str | int) -> str:
        """The case of an OrderId."""
        return f"order {key}"


@dataclass(frozen=True, slots=True)
class Need:
    """Something to be read from a server before the plan can be final."""

    kind: str  # payment, voucher, search, vouchers (those of a series and year that changed) …
    key: str
    field: str = ""


@dataclass(slots=True)
class Plan:
    """All of it. ``digest`` is of settings and mappings; ``unread`` what must be fetched first;
    ``books`` know what was asked of the registers."""

    digest: str
    payouts: dict[str, Payout] = field(default_factory=dict)
    orders: dict[str, OrderCase] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    outcomes: list[Outcome] | PackedOutcomes = field(default_factory=list)
    actions: list[Action] | Packed[Action] = field(default_factory=list)
    unread: list[Need] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # what could not even be planned
    movers: frozenset[str] = frozenset()  # mappings that transfer money to the bank
    scope: Scope = ALL
    books: Books | None = None

    def add(self, of_orders: Plan) -> None:
        """Put what becomes of orders behind what becomes of payouts."""
        self.orders = of_orders.orders
        for name in ("outcomes", "actions", "unread", "warnings", "problems"):
            getattr(self, name).extend(getattr(of_orders, name))

    def day_of(self, case: str) -> date | None:
        """Since when a payout or an order may have been waiting."""
        if case in self.payouts:
            return self.payouts[case].date
        order = self.orders.get(case.removeprefix("order "))
        return order.day if order else None

    def line_states(self) -> LineStates:
        """The outcome that decides each line: the least finished of those that cover it."""
        return LineStates(self.outcomes)
