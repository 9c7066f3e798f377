"""The books' calendar: which days are open, and what a closed day moves to."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from shop import OpenShop

from engine.store.books import Books, read_books

LAST = (1, date(2025, 1, 1), date(2025, 12, 31))
THIS = (2, date(2026, 1, 1), date(2026, 12, 31))
BROKEN = (3, date(2027, 5, 1), date(2028, 4, 30))
OPEN = Books((LAST, THIS, BROKEN), None)
LOCKED = Books((LAST, THIS, BROKEN), date(2026, 3, 31))


def test_a_day_is_in_the_year_that_holds_it_first_and_last_day_included() -> None:
    assert [OPEN.financial_year(day) for day in (LAST[1], LAST[2], THIS[1])] == [1, 1, 2]
    assert OPEN.financial_year(date(2027, 4, 30)) is None
    assert OPEN.financial_year(None) is None


def test_the_locked_day_itself_is_closed_and_the_day_after_is_open() -> None:
    assert not LOCKED.is_open(date(2026, 3, 31))
    assert LOCKED.is_open(date(2026, 4, 1))


def test_a_day_in_no_year_is_closed() -> None:
    assert not OPEN.is_open(date(2027, 1, 1))
    assert not OPEN.is_open(None)


def test_the_next_open_day_is_after_the_lock_or_the_first_of_the_next_year() -> None:
    assert LOCKED.next_open_day(date(2026, 2, 1)) == date(2026, 4, 1)
    assert OPEN.next_open_day(date(2027, 1, 15)) == BROKEN[1]
    assert OPEN.next_open_day(date(2030, 1, 1)) is None


def test_a_lock_to_the_end_of_a_year_leads_into_the_next() -> None:
    books = Books((LAST, THIS, BROKEN), THIS[2])
    assert books.next_open_day(date(2026, 7, 1)) == BROKEN[1]


def test_a_year_is_closed_when_it_is_locked_to_its_end_or_not_there() -> None:
    assert not LOCKED.in_closed_year(date(2026, 2, 1))
    assert LOCKED.in_closed_year(date(2025, 12, 31))
    assert OPEN.in_closed_year(date(2024, 12, 31))
    assert not OPEN.in_closed_year(date(2025, 6, 1))


DAYS = st.dates(date(2024, 6, 1), date(2029, 1, 1))


@given(DAYS, st.none() | DAYS)
def test_the_next_open_day_is_open_is_not_earlier_and_has_no_open_day_before_it(
    day: date, locked: date | None
) -> None:
    books = Books((LAST, THIS, BROKEN), locked)
    found = books.next_open_day(day)
    if found is None:
        assert not any(books.is_open(day + timedelta(days=n)) for n in range(0, 2000, 7))
        return
    assert found >= day
    assert books.is_open(found)
    assert not any(books.is_open(day + timedelta(days=n)) for n in range((found - day).days))


@given(DAYS, DAYS)
def test_an_open_day_stays_as_it_is(day: date, locked: date) -> None:
    books = Books((LAST, THIS, BROKEN), locked)
    assert (books.next_open_day(day) == day) == books.is_open(day)


def test_the_books_are_those_that_fortnox_has(shop: OpenShop) -> None:
    one = shop()
    one.world.locked_until = date(2026, 9, 30)
    one.plan()
    books = read_books(one.store)
    assert [year[1:] for year in books.years] == [LAST[1:], THIS[1:]]
    assert books.locked_until == date(2026, 9, 30)
    assert books.accounting_method == "ACCRUAL"
    assert books.takes_vouchers("T", date(2026, 11, 1))
    assert not books.takes_vouchers("A", date(2026, 11, 1))
    assert books.has_account(1581, date(2026, 11, 1))
    assert not books.has_account(1599, date(2026, 11, 1))
