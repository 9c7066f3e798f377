"""Whose payment is it? Gives payments that others made to the lines that could be theirs.

Pure: reads what each line could claim, gives each line a payment or the reason why it gets none.
A payment goes to a line only when there are enough for all lines that could claim it; they are
paired oldest first. Which of equal payments is whose then decides no amount on any account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..language.program import Rendered
from ..ordering import in_order

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Option:
    """A payment that a line could claim, by number, and what the mapping then gives for the line:
    ``document`` is the invoice that it stands on."""

    payment: Row
    document: str
    inputs: dict[str, Any]
    rendered: Rendered

    @property
    def number(self) -> str:
        return str(self.payment["number"])

    @property
    def told(self) -> str:
        """The payment in words."""
        return told(self.payment)


@dataclass(slots=True)
class Claim:
    """A line with the payments that it could claim, those of one invoice together, each with the
    oldest first. ``like`` is the same of rows that Qliro has listed twice. ``day`` is the first on
    which a payment may have been made; ``stale`` are sentences about payments that lie before it.
    """

    line: str
    payout: str
    like: object
    day: date | None = None
    options: list[Option] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def age(payment: Mapping[str, Any]) -> tuple[date, str]:
    """What payments are sorted by: the oldest first, and of one day the lowest number."""
    return payment["PaymentDate"] or date.min, in_order(str(payment["number"]))


def told(payment: Mapping[str, Any], where: str = "") -> str:
    """A payment in words, ``where`` it stands too; what an answer did not say is called unknown."""
    amount, day = payment["Amount"], payment["PaymentDate"]
    of = "an unknown amount" if amount is None else f"{amount:.2f}"
    return f"payment {payment['number']} of {of}{where} on {day or 'an unknown day'}"


def allot(claims: Sequence[Claim]) -> tuple[dict[str, Option], dict[str, str]]:
    """The payment of each line that gets one, and why each of the others gets none.

    ``claims`` in the order of their lines, the oldest first.
    """
    given: dict[str, Option] = {}
    refused = {one.line: "; ".join(one.stale) for one in claims if one.stale and not one.options}
    for group in _together([one for one in claims if one.options]):
        # Of a row that is listed twice it decides nothing which of the two gets the payment.
        first = list({claim.like: claim for claim in group[::-1]}.values())[::-1]
        pairs = _paired(group) or _paired(first)
        refused |= {one.line: _contested(one, group) for one in group if one.line not in pairs}
        given |= pairs
    return given, refused


def _paired(group: Sequence[Claim]) -> dict[str, Option]:
    """The oldest line with the oldest payment, and so on; nothing where they are too few."""
    taken: set[str] = set()
    pairs: dict[str, Option] = {}
    for claim in sorted(group, key=lambda one: one.day or date.min):
        free = next((one for one in claim.options if one.number not in taken), None)
        if free is None:
            return {}
        taken.add(free.number)
        pairs[claim.line] = free
    return pairs


def _together(claims: Sequence[Claim]) -> list[list[Claim]]:
    """The claims in groups that share a payment, if only by way of others; each in their order."""
    group_of: dict[str, list[int]] = {}  # by payment the places of the claims that share it
    for place, claim in enumerate(claims):
        numbers = {one.number for one in claim.options}
        met = {id(of): of for one in numbers if (of := group_of.get(one)) is not None}
        largest = max(met.values(), key=len, default=[])
        for group in met.values():
            if group is not largest:  # few are added to many: else it grows with their square
                largest.extend(group)
                numbers.update(one.number for at in group for one in claims[at].options)
        largest.append(place)
        group_of.update(dict.fromkeys(numbers, largest))
    groups = {id(group): sorted(group) for group in group_of.values()}
    return [[claims[place] for place in group] for group in sorted(groups.values())]


def _contested(claim: Claim, group: Sequence[Claim]) -> str:
    payments = list({one.number: one.told for other in group for one in other.options}.values())
    lines = " and ".join(f"{other.line} (payout {other.payout})" for other in group)
    few = "it is only one" if len(payments) == 1 else f"they are only {len(payments)}"
    return "; ".join([
        f"{' and '.join(payments)} could be of each of the lines {lines}, and {few}", *claim.stale,
    ])  # fmt: skip
