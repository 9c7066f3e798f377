"""What a bank statement says, as frozen shapes: balances and booked entries.

Amounts are of the account's currency, above zero what came in. Nothing here is kept as it is: of
entries that are no payouts only day and amount ever leave this room.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Part:
    """A transaction of a batch: ``amount`` with its sign, None where the bank does not tell it in
    the entry's currency."""

    amount: Decimal | None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A booked entry. ``texts`` are all references and texts that the bank gives with it, those of
    the ``parts`` of a batch too; ``reversal`` marks one that takes an earlier one back, its amount
    as it was booked; ``reference`` is the bank's own number of it. ``ordinal`` counts entries alike
    of a day."""

    day: date
    amount: Decimal
    currency: str
    texts: tuple[str, ...] = ()
    reference: str = ""
    reversal: bool = False
    ordinal: int = 1
    parts: tuple[Part, ...] = ()

    @property
    def parts_total(self) -> Decimal | None:
        """What the parts of a batch come to; None where one of them has no amount."""
        amounts = [one.amount for one in self.parts if one.amount is not None]
        return sum(amounts, ZERO) if len(amounts) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of one account and period. ``problems`` are sentences on what does not add up."""

    id: str
    account: str
    currency: str
    first: date | None
    last: date | None
    opening: Decimal | None
    closing: Decimal | None
    entries: tuple[Entry, ...]
    problems: tuple[str, ...] = ()


def numbered(entries: list[Entry]) -> tuple[Entry, ...]:
    """The entries, those that are alike in all that tells entries apart counted from 1."""
    seen: dict[tuple[object, ...], int] = {}
    found = []
    for one in entries:
        key = (one.day, one.amount, one.currency, one.reference)
        seen[key] = seen.get(key, 0) + 1
        found.append(replace(one, ordinal=seen[key]))
    return tuple(found)


def balance_problem(opening: Decimal | None, closing: Decimal | None, entries: list[Entry]) -> str:
    """Why opening balance and entries are not the closing balance; empty when they are, or when
    a balance is not told."""
    if opening is None or closing is None:
        return ""
    total = sum((one.amount for one in entries), ZERO)
    if opening + total == closing:
        return ""
    return (
        f"its opening balance {opening} and its booked entries {total} come to {opening + total}, "
        f"its closing balance is {closing}"
    )
