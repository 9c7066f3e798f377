"""Which days are open, which years are closed, which series and accounts there are."""

from __future__ import annotations

from datetime import date

import pytest

from engine.store.books import Books, read_books
from engine.store.database import in_memory

YEARS = (
    (1, date(2024, 1, 1), date(2024, 12, 31)),
    (2, date(2025, 1, 1), date(2025, 12, 31)),
    (4, date(2027, 1, 1), date(2027, 12, 31)),
)
BOOKS = Books(YEARS, date(2025, 3, 31))


@pytest.mark.parametrize(
    ("day", "is_open", "next_day"),
    [
        (date(2025, 4, 1), True, date(2025, 4, 1)),
        (date(2025, 3, 31), False, date(2025, 4, 1)),  # the last locked day
        (date(2024, 6, 1), False, date(2025, 4, 1)),  # a year that is locked whole
        (date(2026, 6, 1), False, date(2027, 1, 1)),  # a year that Fortnox does not have
        (date(2028, 1, 1), False, None),  # nothing after it
    ],
)
def test_a_day_is_open_or_the_next_one_is(day: date, is_open: bool, next_day: date | None) -> None:
    assert BOOKS.is_open(day) is is_open
    assert BOOKS.next_open_day(day) == next_day


def test_a_year_is_closed_when_it_is_locked_whole_or_not_there() -> None:
    assert BOOKS.in_closed_year(date(2024, 6, 1))
    assert not BOOKS.in_closed_year(date(2025, 1, 15))  # locked in part: its invoices can be paid
    assert BOOKS.in_closed_year(date(2026, 6, 1))


def test_no_day_is_no_open_day() -> None:
    assert not BOOKS.is_open(None)
    assert BOOKS.next_open_day(None) is None
    assert BOOKS.financial_year(None) is None


def test_a_series_must_be_manual_in_the_year_of_the_day() -> None:
    books = Books(YEARS, None, series=frozenset({("T", 2)}))
    assert books.takes_vouchers("T", date(2025, 5, 1))
    assert not books.takes_vouchers("T", date(2024, 5, 1))
    assert not books.takes_vouchers("X", date(2025, 5, 1))


def test_a_register_that_was_not_fetched_forbids_nothing() -> None:
    assert BOOKS.takes_vouchers("T", date(2025, 5, 1))
    assert BOOKS.has_account(1580, date(2025, 5, 1))


def test_the_registers_are_read_as_staged() -> None:
    store = in_memory()
    store.append("fortnox.financial_year", [(2, date(2025, 1, 1), date(2025, 12, 31), "ACCRUAL", 1),
                                            (1, date(2024, 1, 1), date(2024, 12, 31), "CASH", 1)],
                 ("Id", "FromDate", "ToDate", "AccountingMethod", "raw_seq"))  # fmt: skip
    store.append("fortnox.account", [(1580, True, 2, 1), (1590, False, 2, 1)],
                 ("Number", "Active", "Year", "raw_seq"))  # fmt: skip
    store.append("fortnox.voucher_series", [("T", True, 2, 1), ("A", False, 2, 1)],
                 ("Code", "Manual", "Year", "raw_seq"))  # fmt: skip
    books = read_books(store)
    assert books.accounting_method == "ACCRUAL"
    assert books.has_account(1580, None)
    assert not books.has_account(1590, None)
    assert books.takes_vouchers("T", date(2025, 5, 1))
    assert books.takes_vouchers("T", date(2024, 5, 1))  # Fortnox lists the current year's alone
    assert not books.takes_vouchers("A", date(2025, 5, 1))
