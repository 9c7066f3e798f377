"""What the mapping may ask of the books' calendar: which days are open, which year a day is in.

Reads the staged registers ``fortnox.financial_year`` and ``fortnox.locked_period``; writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from engine.store import Store


@dataclass(frozen=True, slots=True)
class Books:
    """The financial years (id, first day, last day) in order, and the last locked day."""

    years: tuple[tuple[int, date, date], ...]
    locked_until: date | None
    accounting_method: str | None = None

    def financial_year(self, day: date | None) -> int | None:
        """The id of the financial year that holds the day; None when Fortnox has none."""
        if day is None:
            return None
        return next((id_ for id_, first, last in self.years if first <= day <= last), None)

    def is_open(self, day: date | None) -> bool:
        """Whether something may be booked on the day: in a year, and not in the locked period."""
        if day is None or self.financial_year(day) is None:
            return False
        return self.locked_until is None or day > self.locked_until

    def next_open_day(self, day: date | None) -> date | None:
        """The day itself when it is open, else the first open day after it, else None."""
        if day is None:
            return None
        if self.locked_until is not None and day <= self.locked_until:
            day = self.locked_until + timedelta(days=1)
        if self.financial_year(day) is not None:
            return day
        return next((first for _, first, _ in self.years if first >= day), None)

    def in_closed_year(self, day: date | None) -> bool:
        """Whether the day's whole financial year is locked, or no longer in Fortnox."""
        for _, first, last in self.years:
            if day is not None and first <= day <= last:
                return self.locked_until is not None and last <= self.locked_until
        return True


def read_books(store: Store) -> Books:
    """The calendar as last fetched."""
    years = store.rows("SELECT Id, FromDate, ToDate, AccountingMethod FROM fortnox.financial_year")
    years.sort(key=lambda year: year["FromDate"])
    return Books(
        tuple((year["Id"], year["FromDate"], year["ToDate"]) for year in years),
        store.value("SELECT max(EndDate) FROM fortnox.locked_period"),
        years[-1]["AccountingMethod"] if years else None,
    )
