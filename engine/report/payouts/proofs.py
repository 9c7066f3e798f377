"""The three proofs of the first page: Qliro's figures, the books, the bank. None is green unheld.

Reads the payouts as gathered, the last proof of the books of each year, and the payouts at the
bank; writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from ...clock import STOCKHOLM
from ...store.database import Store
from ...store.ledger import FINISHED
from ..bank.model import AT_BANK, Bank
from ..books.kept import Kept, last_proofs
from . import queries
from .model import Payout, Period, Proof, Verdict


def proofs(
    store: Store, payouts: Sequence[Payout], period: Period, bank: Bank
) -> tuple[Proof, ...]:
    """Qliro's figures = the lines; interim accounts = open lines, by the books; payouts = bank."""
    return (_qliro(payouts), _books(store, payouts, period), _bank(payouts, period, bank))


def _qliro(payouts: Sequence[Payout]) -> Proof:
    failing: tuple[tuple[str, Decimal | None], ...] = tuple(
        (one.key, None if one.paid_out is None else one.sums.net - one.paid_out)
        for one in payouts
        if not one.holds
    )
    verdict: Verdict = "fails" if failing else "holds" if payouts else "unproved"
    return Proof("qliro", verdict, len(payouts), failing=failing)


def _books(store: Store, payouts: Sequence[Payout], period: Period) -> Proof:
    days = [one.day for one in payouts]
    if not days:
        return Proof("books", "unproved")
    first, last = period.first or min(days), min(period.last or max(days), max(days))
    found = [one for one in last_proofs(store) if one.books.last >= first
             and one.books.first <= last]  # fmt: skip
    if not found or not all(any(_within(day, one) for one in found) for day in days):
        return Proof("books", "unproved", since=None)
    as_of = min(_looked(one) for one in found)
    failing: dict[str, Decimal | None] = {}
    for one in found:
        for account in one.books.accounts:
            if not account.holds:
                failing[account.number] = account.difference
    accepted = tuple(dict.fromkeys(
        (account.number, item.amount, item.accepted)
        for one in found for account in one.books.accounts for item in account.items
        if item.accepted
    ))  # fmt: skip
    if failing or any(one.books.attention for one in found):
        return Proof("books", "fails", as_of=as_of, failing=tuple(failing.items()),
                     accepted=accepted)  # fmt: skip
    keys = {"payouts": [one.key for one in payouts], "finished": list(FINISHED)}
    booked: datetime | None = store.value(queries.LAST_BOOKED, keys)
    if booked is not None and any(_before(one, booked) for one in found if one.books.last >= last):
        return Proof("books", "unproved", as_of=as_of, since=as_of)
    accounts = sum(len(one.books.accounts) for one in found)
    return Proof("books", "holds", accounts, as_of, accepted=accepted)


def _bank(payouts: Sequence[Payout], period: Period, bank: Bank) -> Proof:
    """It holds when every payout is at the bank or has nothing to come; what the statements do not
    reach is unproved. Entries of Qliro's that are no payout's fail it, by their day."""
    shown = {one.key for one in payouts}
    told = [one for one in bank.payouts if one.payout in shown]
    if not told or not bank.held_against:
        return Proof("bank", "unproved")
    as_of = max(one.last for one in bank.reach)
    failing: dict[str, Decimal | None] = {}
    for one in told:
        if one.wrong:
            other = one.state == "other_amount" and one.entry is not None
            failing[one.payout] = one.entry.amount - one.amount if other and one.entry else None
    if not period.payouts:
        first, last = period.first or date.min, period.last or date.max
        failing |= {
            one.day.isoformat(): one.amount for one in bank.unknown if first <= one.day <= last
        }
    if failing:
        return Proof("bank", "fails", as_of=as_of, failing=tuple(failing.items()))
    whole = len(told) == len(payouts) and not bank.odd
    if not whole or not all(one.state in (*AT_BANK, "no_money") for one in told):
        return Proof("bank", "unproved", as_of=as_of, since=as_of)
    return Proof("bank", "holds", len(told), as_of)


def _within(day: date, kept: Kept) -> bool:
    return kept.books.first <= day <= kept.books.last


def _looked(kept: Kept) -> date:
    asked = kept.books.asked_at
    return asked.astimezone(STOCKHOLM).date() if asked else kept.books.made or kept.books.first


def _before(kept: Kept, booked: datetime) -> bool:
    """Whether the file may lack what was booked at that moment; one of the very day may."""
    asked = kept.books.asked_at
    return asked < booked if asked else _looked(kept) <= booked.astimezone(STOCKHOLM).date()
