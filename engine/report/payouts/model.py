"""What the payout report says, as plain typed data; nothing here prints, reads or decides.

Amounts of payouts and lines are in the payout's currency, from the merchant's view: what a sale
brings is above zero, what a refund or a fee takes is below. Amounts on accounts are kronor of the
books. Lines are not held here: ``gather.lines`` streams them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

ZERO = Decimal(0)
Verdict = Literal["holds", "fails", "unproved"]
ProofOf = Literal["qliro", "books", "bank"]
ItemKind = Literal["line", "transfer", "order"]
ChoiceKind = Literal["invoice", "ignore", "suspense", "retry", "there"]


@dataclass(frozen=True, slots=True)
class Document:
    """A document in Fortnox as people call it: ``called`` payment or voucher, its number there, and
    of a payment the voucher that Fortnox made of it (``B 17``; empty where it was not told)."""

    called: str
    number: str
    voucher: str = ""
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A settlement line, with the fee that belongs to it where that stands as the line does.

    ``net`` is gross and fee; ``vat`` is the part of the fee that is VAT, with the fee's sign.
    ``outside`` are Pending and Rejected lines, ``vanished`` what Qliro lists no more: shown, and in
    no sum.
    """

    line: str
    payout: str
    day: date | None
    kind: str
    order: str
    reference: str
    method: str
    invoice: str
    gross: Decimal
    fee: Decimal
    vat: Decimal
    state: str
    code: str
    why: str
    documents: tuple[Document, ...] = ()
    vanished: bool = False
    said: str = ""
    who: str = ""
    currency: str = ""

    @property
    def net(self) -> Decimal:
        """What of it is paid out."""
        return self.gross + self.fee

    @property
    def outside(self) -> bool:
        """Whether it is in no sum."""
        return self.state == "outside" or self.vanished


@dataclass(frozen=True, slots=True)
class Sums:
    """What lines come to. ``other`` is what is neither sale, refund nor fee: chargebacks."""

    sold: Decimal = ZERO
    given_back: Decimal = ZERO
    fees: Decimal = ZERO
    vat: Decimal = ZERO
    other: Decimal = ZERO
    lines: int = 0

    @property
    def net(self) -> Decimal:
        """What the lines add up to."""
        return self.sold + self.given_back + self.fees + self.other

    def __add__(self, more: Sums) -> Sums:
        return Sums(
            self.sold + more.sold, self.given_back + more.given_back, self.fees + more.fees,
            self.vat + more.vat, self.other + more.other, self.lines + more.lines,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AccountTotal:
    """What the documents of a payout book on an account. ``number`` is empty for the receivable,
    which Fortnox itself chooses; ``role`` is what the merchant's file uses it for."""

    number: str
    name: str
    role: str
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class Transfer:
    """A voucher that moves the payout from the interim accounts to the bank: (account, amount),
    debit above zero."""

    voucher: str
    day: date
    rows: tuple[tuple[str, Decimal], ...]
    adopted: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that Qliro states beside what the lines give."""

    name: str
    stated: Decimal | None
    counted: Decimal | None


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout with its sums. ``paid_out`` is Qliro's figure, net of fees as the merchant's
    conventions have it; ``states`` counts lines."""

    key: str
    day: date
    batches: str
    currency: str
    paid_out: Decimal | None
    holds: bool
    proof: str
    figures: tuple[Figure, ...]
    closed: bool
    transfer_state: str
    transfer_why: str
    sums: Sums
    rows: int
    states: tuple[tuple[str, int], ...]
    transfers: tuple[Transfer, ...] = ()
    accounts: tuple[AccountTotal, ...] = ()
    bank: str = ""  # what the bank's statements say of it (bank.model.State), empty without any
    bank_day: date | None = None
    foreign: int = 0  # payments in another currency, whose receivable Fortnox converts

    @property
    def debit(self) -> Decimal:
        """All that is booked in debit."""
        return sum((one.debit for one in self.accounts), ZERO)

    @property
    def credit(self) -> Decimal:
        """All that is booked in credit."""
        return sum((one.credit for one in self.accounts), ZERO)


@dataclass(frozen=True, slots=True)
class CurrencySums:
    """The first page's figures of a currency."""

    currency: str
    payouts: int
    paid_out: Decimal
    sums: Sums


@dataclass(frozen=True, slots=True)
class Proof:
    """One of the three proofs. ``unproved`` is never shown as if it held; ``since`` is the day
    after which nothing was held against the books or the bank, None where nothing ever was.

    ``failing`` names what does not hold: payouts, or accounts with their difference. ``accepted``
    are differences that a person answers for: account, amount, who and why.
    """

    of: ProofOf
    verdict: Verdict
    counted: int = 0
    as_of: date | None = None
    since: date | None = None
    failing: tuple[tuple[str, Decimal | None], ...] = ()
    accepted: tuple[tuple[str, Decimal, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person may decide of an item. ``books`` is (account, amount) where it is known what
    the next run books; ``command`` is what carries it out, without the program's name."""

    kind: ChoiceKind
    books: tuple[tuple[str, Decimal], ...]
    command: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice that was looked at and not chosen, and why."""

    invoice: str
    why: str


@dataclass(frozen=True, slots=True)
class ToDecide:
    """What is open: ``urgent`` where it needs a person, else it waits by itself.

    ``ref`` is what ``resolve`` takes; ``stamp`` tells its state, so that a decision made on an
    older one is refused. ``day`` is the payout's, or the order's; ``age`` counts days from it.
    """

    kind: ItemKind
    ref: str
    what: str
    payout: str
    day: date | None
    age: int
    order: str
    reference: str
    amount: Decimal | None
    currency: str
    state: str
    code: str
    why: str
    choices: tuple[Choice, ...]
    candidates: tuple[Candidate, ...] = ()
    stamp: str = ""
    urgent: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """An interim account: what the documents leave on it, and what the open lines demand."""

    account: str
    held: Decimal
    must: Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """The payouts that a report is of: some by key, or all dated from ``first`` to ``last``."""

    name: str = ""
    first: date | None = None
    last: date | None = None
    payouts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A payout report. ``as_of`` is when the last run looked, ``made_at`` when it was written."""

    merchant: str
    name: str
    period: Period
    as_of: datetime | None
    made_at: datetime
    books_currency: str
    payouts: tuple[Payout, ...]
    totals: tuple[CurrencySums, ...]
    proofs: tuple[Proof, ...]
    to_decide: tuple[ToDecide, ...]
    interim: tuple[Held, ...]

    @property
    def rows(self) -> int:
        """How many rows its lines take."""
        return sum(one.rows for one in self.payouts)

    @property
    def urgent(self) -> int:
        """How many items need a person."""
        return sum(one.urgent for one in self.to_decide)
