"""What the proof of the books says, as plain typed data; nothing here prints, reads or decides.

Amounts are kronor of the books, debit above zero. Every item's amounts add up to its account's
closing balance, to the öre: what is not known is an item too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

ZERO = Decimal(0)
Role = Literal["interim", "dispute", "suspense", "fees_pending", "fees_owed", "debt"]
ItemKind = Literal[
    "open",  # Qliro has paid it out, the transfer has moved it, and no document books it yet
    "ignored",  # the same, set aside by a person, and not booked here by hand
    "ahead",  # booked, and its payout is not transferred yet
    "held",  # what is there to stay until somebody decides: a dispute, pending fees, a debt
    "before",  # from before this program took over (payouts_from)
    "missing",  # we booked it, and the file has no such voucher
    "otherwise",  # we booked it, and the file's voucher has another amount here
    "others",  # booked by others, and by nothing that is known
    "earlier",  # booked by others before the first year that was looked at
    "carried",  # the year does not open with what the one before closed with
    "file",  # the file's own closing balance is not its opening balance and its rows
]
EXPLAINED: tuple[ItemKind, ...] = ("open", "ignored", "ahead", "held", "before")
ChangeKind = Literal["missing", "otherwise", "corrected", "reversed"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a voucher of others may belong to, and what speaks for it. Never a booking."""

    of: Literal["line", "payout", "document"]
    line: str = ""
    payout: str = ""
    order: str = ""
    reference: str = ""
    document: str = ""
    account: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """A part of an account's closing balance: this order, that payout, a voucher of others.

    ``why`` is the state's reason as the last run left it, or what a person said; ``document`` is
    ours, ``voucher`` the file's; ``ours`` is what we booked where the file has it otherwise.
    ``accepted`` says who answers for it and why, where a person does.
    """

    kind: ItemKind
    amount: Decimal
    day: date | None = None
    payout: str = ""
    line: str = ""
    order: str = ""
    reference: str = ""
    state: str = ""
    why: str = ""
    document: str = ""
    voucher: str = ""
    text: str = ""
    ours: Decimal | None = None
    suggestions: tuple[Suggestion, ...] = ()
    accepted: str = ""

    @property
    def explained(self) -> bool:
        """Whether it is known that it has to be there, or a person answers for it."""
        return self.kind in EXPLAINED or bool(self.accepted)


@dataclass(frozen=True, slots=True)
class Settled:
    """A voucher of others that books what a person set aside, or clears what was held; together
    they leave nothing on the account. ``evidence`` says why they are taken for one another."""

    voucher: str
    day: date
    text: str
    amount: Decimal
    items: tuple[Item, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """An account's year: opening + ours + others = closing, and the closing balance by item."""

    number: str
    name: str
    role: Role
    opening: Decimal
    ours: Decimal
    others: Decimal
    closing: Decimal
    items: tuple[Item, ...] = ()
    settled: tuple[Settled, ...] = ()

    @property
    def unexplained(self) -> tuple[Item, ...]:
        """The items that make up the difference."""
        return tuple(one for one in self.items if not one.explained)

    @property
    def difference(self) -> Decimal:
        """What is on the account beside what has to be there."""
        return sum((one.amount for one in self.unexplained), ZERO)

    @property
    def holds(self) -> bool:
        """Whether every krona of it is explained."""
        return not self.unexplained

    @property
    def is_used(self) -> bool:
        """Whether there is anything to tell of it."""
        return bool(self.items or self.settled or self.opening or self.ours or self.others)


@dataclass(frozen=True, slots=True)
class Change:
    """A document of ours that the file lacks, has otherwise, or that a person corrected or
    reversed. ``accounts`` is (account, what we booked, what the file has) where they differ.

    ``by`` is the sign of who did it, where the file tells it; ``mended`` names the voucher that
    puts a reversed one back; ``accepted`` says who answers for it and why.
    """

    kind: ChangeKind
    document: str
    voucher: str
    payout: str
    day: date
    found_day: date | None = None
    accounts: tuple[tuple[str, Decimal, Decimal], ...] = ()
    reversed_by: str = ""
    mended: str = ""
    by: str = ""
    matters: bool = True
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """The proof of a financial year. ``asked_at`` is when Fortnox was asked, None of a file that
    somebody exported on the day ``made``; ``odd`` are sentences on what in the file itself could
    not be read or does not add up. ``later`` documents of ours came after it; ``years`` were
    read."""

    first: date
    last: date
    source: str
    asked_at: datetime | None
    made: date | None
    accounts: tuple[Account, ...]
    changes: tuple[Change, ...] = ()
    odd: tuple[str, ...] = ()
    vouchers_of_ours: int = 0
    later: int = 0
    years: int = 1

    @property
    def attention(self) -> int:
        """How many things need a person: unexplained items, changes that matter, odd vouchers."""
        unexplained = sum(len(one.unexplained) for one in self.accounts)
        # What is missing or otherwise on an account stands among its items already.
        beside = sum(
            one.matters
            for one in self.changes
            if one.kind == "reversed" or not self._told_of(one)
        )
        return unexplained + beside + len(self.odd)

    def _told_of(self, change: Change) -> bool:
        return any(
            item.document == change.document and item.kind in ("missing", "otherwise")
            for account in self.accounts
            for item in account.items
        )
