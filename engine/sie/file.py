"""What a SIE 4 file says, as frozen shapes: years, accounts, balances, vouchers with their rows.

Amounts are kronor of the books' currency, debit above zero and credit below, on every account:
a liability's closing balance and an income's result are negative (SIE-4B 5.9). Account numbers are
text: some programs have an account FEL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

ZERO = Decimal(0)
# The dimensions that the format itself numbers.
COST_CENTRE, PROJECT = "1", "6"

RowKind = Literal["TRANS", "BTRANS", "RTRANS"]
BalanceKind = Literal["IB", "UB", "RES", "OIB", "OUB", "PSALDO"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a voucher as the file has it; ``objects`` are (dimension, code).

    BTRANS was struck by a correction, RTRANS added by one; the TRANS after it is the same row, for
    readers that know no corrections. ``day`` is None where the row has none: the voucher's then.
    """

    kind: RowKind
    account: str
    amount: Decimal
    objects: tuple[tuple[str, str], ...] = ()
    day: date | None = None
    text: str = ""
    quantity: Decimal | None = None
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher of the file's own year; only its day is sure to be there. ``line`` is its place."""

    series: str
    number: str
    day: date
    text: str = ""
    registered: date | None = None
    sign: str = ""
    rows: tuple[Row, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def booked(self) -> tuple[Row, ...]:
        """The rows that count: every TRANS, and an RTRANS that no TRANS repeats."""
        counted: list[Row] = []
        for index, row in enumerate(self.rows):
            following = self.rows[index + 1] if index + 1 < len(self.rows) else None
            told_again = (
                following is not None
                and following.kind == "TRANS"
                and (following.account, following.amount) == (row.account, row.amount)
            )
            if row.kind == "TRANS" or (row.kind == "RTRANS" and not told_again):
                counted.append(row)
        return tuple(counted)

    @property
    def struck(self) -> tuple[Row, ...]:
        """The rows that a correction took away."""
        return tuple(row for row in self.rows if row.kind == "BTRANS")

    @property
    def added(self) -> tuple[Row, ...]:
        """The rows that a correction put in."""
        return tuple(row for row in self.rows if row.kind == "RTRANS")

    @property
    def name(self) -> str:
        """As people write it: A 17."""
        return f"{self.series} {self.number}".strip() or f"without a number, line {self.line}"

    def on(self, account: str) -> Decimal:
        """What it adds to an account."""
        return sum((row.amount for row in self.booked if row.account == account), ZERO)

    def by_account(self) -> dict[str, Decimal]:
        """What it adds to each of its accounts."""
        sums: dict[str, Decimal] = {}
        for row in self.booked:
            sums[row.account] = sums.get(row.account, ZERO) + row.amount
        return sums

    @property
    def off(self) -> Decimal:
        """By how much debit exceeds credit; 0 in every voucher that is one."""
        return sum((row.amount for row in self.booked), ZERO)


@dataclass(frozen=True, slots=True)
class Year:
    """A financial year: 0 is the file's own, -1 the one before."""

    index: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart; ``kind`` is T, S, K or I (asset, liability, cost, income)."""

    number: str
    name: str = ""
    kind: str = ""
    tax_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """What objects are of, such as cost centres; ``above`` is the dimension that it is part of."""

    number: str
    name: str
    above: str = ""


@dataclass(frozen=True, slots=True)
class Object:
    """A cost centre, a project, or another object of a dimension."""

    dimension: str
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """Opening (IB) or closing (UB) balance or result (RES) of an account and year; of an object
    (OIB, OUB), or of a month, yyyymm (PSALDO)."""

    kind: BalanceKind
    year: int
    account: str
    amount: Decimal
    quantity: Decimal | None = None
    objects: tuple[tuple[str, str], ...] = ()
    month: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that the reader could not take, or that does not add up, and where."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class SieFile:
    """A file, whole. ``others`` are the items that this reader has no shape for, as label and
    fields; ``problems`` what it could not take, by line."""

    program: str = ""
    made: date | None = None
    type: str = ""
    company: str = ""
    organisation_number: str = ""
    file_number: str = ""
    through: date | None = None
    currency: str = "SEK"
    years: tuple[Year, ...] = ()
    accounts: tuple[Account, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    objects: tuple[Object, ...] = ()
    balances: tuple[Balance, ...] = ()
    vouchers: tuple[Voucher, ...] = ()
    others: tuple[tuple[str, tuple[str, ...]], ...] = ()
    problems: tuple[Problem, ...] = ()

    def year(self, index: int = 0) -> Year | None:
        """A financial year by its number in the file; None where it names none."""
        return next((one for one in self.years if one.index == index), None)

    def balance(self, kind: BalanceKind, account: str, year: int = 0) -> Decimal:
        """A balance of an account, all objects together; 0 where the file names none."""
        found = (
            one.amount
            for one in self.balances
            if (one.kind, one.account, one.year) == (kind, account, year)
        )
        return sum(found, ZERO)
