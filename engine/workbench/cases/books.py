"""The merchant's books in a case: all that is asked for is there and open, but for what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

KNOWN = ("locked_until", "closed_years", "lacks", "rounds")
LACKS = ("accounts", "articles", "series", "currencies", "terms")


@dataclass(frozen=True, slots=True)
class CaseBooks:
    """``locked_until`` is the last locked day; ``lacks`` what is not there, by kind; ``rounds`` the
    currencies whose totals are rounded to whole units."""

    locked_until: date | None
    closed_years: frozenset[int]
    lacks: Mapping[str, frozenset[str]]
    rounding: frozenset[str]
    # By kind all that there is, where a case gives the register whole.
    registers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def next_open_day(self, day: date | None) -> date | None:
        if day is None or self.locked_until is None or day > self.locked_until:
            return day
        return self.locked_until + timedelta(days=1)

    def is_open(self, day: date | None) -> bool:
        locked = self.locked_until is not None and day is not None and day <= self.locked_until
        return day is not None and not locked and not self.in_closed_year(day)

    def financial_year(self, day: date | None) -> int | None:
        return None if day is None else day.year

    def in_closed_year(self, day: date | None) -> bool:
        return day is not None and day.year in self.closed_years

    def takes_vouchers(self, series: str | None, _day: date | None) -> bool:
        return self._has("series", series)

    def has_account(self, number: int | None, _day: date | None) -> bool:
        return self._has("accounts", number)

    def has_article(self, number: str | None) -> bool:
        return self._has("articles", number)

    def has_currency(self, code: str | None) -> bool:
        return self._has("currencies", code)

    def has_terms(self, code: str | None) -> bool:
        return self._has("terms", code)

    def rounds(self, currency: str | None) -> bool:
        return currency in self.rounding

    def _has(self, kind: str, name: str | int | None) -> bool:
        if name is None or str(name) in self.lacks.get(kind, ()):
            return False
        return kind not in self.registers or str(name) in self.registers[kind]


# What a case of flows may give whole, as what the servers hold: its kind here, and its name.
REGISTERS = {
    "fortnox.accounts": ("accounts", "Number"), "fortnox.articles": ("articles", "ArticleNumber"),
    "fortnox.voucher_series": ("series", "Code"), "fortnox.currencies": ("currencies", "Code"),
    "fortnox.terms_of_payment": ("terms", "Code"),
}  # fmt: skip


def books_of(
    given: Mapping[str, Any], held: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> CaseBooks:
    """The books of a case, whose days were checked when it was read. Of what the servers hold
    (``held``) a register is whole where it is given."""
    locked = given.get("locked_until")
    return CaseBooks(
        date.fromisoformat(locked) if locked else None,
        frozenset(given.get("closed_years", ())),
        {kind: frozenset(map(str, names)) for kind, names in given.get("lacks", {}).items()},
        frozenset(given.get("rounds", ())),
        {
            kind: frozenset(str(row[key]) for row in held[name])
            for name, (kind, key) in REGISTERS.items() if name in (held or {})
        } if held else {},
    )  # fmt: skip
