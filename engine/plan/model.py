"""What a plan is made of: outcomes, actions, proofs, and what is still to be fetched.

Frozen rows that flow from planning to the ledger, to a plan file, and to what people read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..scope import ALL, Scope
from ..store.ledger import Action
from .proof import Proof

Row = dict[str, Any]

# The states of a line, the least finished first; a line has that of its least finished outcome.
STATES = ("parked", "waiting", "planned", "ignored", "adopted", "posted", "done")
# Of what is in one of these nothing is open; what needed no document is done.
CLOSED = ("ignored", "adopted", "posted", "done")


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


@dataclass(frozen=True, slots=True)
class Payout:
    """One payout with everything that planning knows of it. ``lines`` are all of its lines."""

    key: str
    row: Row
    batches: tuple[Row, ...]
    lines: tuple[Row, ...]
    digest: str

    @property
    def date(self) -> date:
        """The day that the money was transferred."""
        day: date = self.row["BatchDate"]
        return day

    @property
    def accepted(self) -> list[Row]:
        """The lines that count: accepted by Qliro and still in its answer."""
        return [
            line for line in self.lines if line["Status"] == "Accepted" and not line["vanished"]
        ]


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
    """All of it. ``digest`` is of settings and mappings; ``unread`` what must be fetched first."""

    digest: str
    payouts: dict[str, Payout] = field(default_factory=dict)
    orders: dict[str, OrderCase] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    unread: list[Need] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # what could not even be planned
    movers: frozenset[str] = frozenset()  # mappings that transfer money to the bank
    scope: Scope = ALL

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

    def line_states(self) -> dict[str, Outcome]:
        """The outcome that decides each line: the least finished of those that cover it."""
        states: dict[str, Outcome] = {}
        for outcome in self.outcomes:
            for line in outcome.covers:
                known = states.get(line)
                if known is None or STATES.index(outcome.state) < STATES.index(known.state):
                    states[line] = outcome
        return states
