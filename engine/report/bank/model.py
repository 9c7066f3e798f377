"""What is known of payouts at the bank, as plain typed data; nothing here prints or reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

State = Literal[
    "arrived",  # of its amount, within the days that the merchant's file allows
    "late",  # of its amount, after them
    "together",  # several payouts as one entry of their sum
    "other_amount",  # an entry that looks like Qliro's, of another amount
    "taken_back",  # it arrived and the bank reversed it
    "missing",  # statements cover its days, and nothing came
    "awaited",  # its days have not passed yet, or no statement reaches that far
    "not_held",  # no statement covers its days
    "no_money",  # nothing is to come: a payout of 0.00, or a debt
]
# What a person has to look at.
WRONG: tuple[State, ...] = ("other_amount", "taken_back", "missing")
# What came to the bank.
AT_BANK: tuple[State, ...] = ("arrived", "late", "together")


@dataclass(frozen=True, slots=True)
class BankEntry:
    """An entry as it is kept. ``text`` stands only where it looks like one of Qliro's."""

    entry: str
    account: str
    day: date
    amount: Decimal
    currency: str
    looks: bool = False
    text: str = ""
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class PayoutAtBank:
    """A payout and what the bank says of it. ``amount`` is what Qliro says is paid out, in
    ``currency``; ``days`` from its date to the entry's; ``again`` entries of the same amount that
    no payout asks for."""

    payout: str
    day: date
    amount: Decimal
    currency: str
    state: State
    entry: BankEntry | None = None
    days: int | None = None
    evidence: tuple[str, ...] = ()
    again: tuple[BankEntry, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether a person has to look at it."""
        return self.state in WRONG or bool(self.again)


@dataclass(frozen=True, slots=True)
class Reach:
    """The days of an account that statements cover without a gap."""

    account: str
    currency: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Bank:
    """All payouts at the bank, entries that look like Qliro's and are no payout's, what the
    statements cover, and what in them does not add up."""

    payouts: tuple[PayoutAtBank, ...]
    unknown: tuple[BankEntry, ...] = ()
    reach: tuple[Reach, ...] = ()
    odd: tuple[str, ...] = ()

    @property
    def attention(self) -> int:
        """How many things need a person."""
        return sum(one.wrong for one in self.payouts) + len(self.unknown) + len(self.odd)

    @property
    def held_against(self) -> bool:
        """Whether there is any statement at all."""
        return bool(self.reach)
