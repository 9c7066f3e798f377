"""What the mapping may ask of the books: which days are open, which accounts and series there are.

Reads the staged registers (financial years, locked period, accounts, series); writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from .database import Store
from .narrow import steps

Answer = TypeVar("Answer")
Given = ParamSpec("Given")
Asked = dict[tuple[Any, ...], Any]  # by question and what was given: the answer
# The registers of Fortnox that the questions are answered from.
YEARS, LOCKED = "/3/financialyears", "/3/settings/lockedperiod"
ACCOUNTS, SERIES = "/3/accounts", "/3/voucherseries"
CURRENCIES, TERMS = "/3/currencies", "/3/termsofpayments"


def question(
    answer: Callable[Concatenate[Books, Given], Answer],
) -> Callable[Concatenate[Books, Given], Answer]:
    """What mappings may ask: whatever is asked is worked out once, and noted in ``asked``."""
    name = answer.__name__

    @wraps(answer)
    def ask(self: Books, /, *given: Given.args, **named: Given.kwargs) -> Answer:
        key = (name, *given, *named.values())
        try:
            known: Answer = self.asked[key]
        except KeyError:
            known = self.asked[key] = answer(self, *given, **named)
        return known

    return ask


@dataclass(frozen=True, slots=True)
class Books:
    """The financial years (id, first day, last day) in order, and the last locked day."""

    years: tuple[tuple[int, date, date], ...]
    locked_until: date | None
    accounting_method: str | None = None
    accounts: frozenset[int] | None = None  # the active ones; None when the register is not there
    series: frozenset[tuple[str, int]] | None = None  # (code, year id) of those for manual vouchers
    articles: frozenset[str] = frozenset()  # those of Fortnox, and those made since it was read
    currencies: frozenset[str] | None = None
    terms: frozenset[str] | None = None
    rounded: frozenset[str] = frozenset()  # currencies in which totals were seen rounded to kronor
    # Registers that were asked for something that they do not have: they may have it by now.
    lacked: set[str] = field(default_factory=set, compare=False)
    # All that was asked, with the answers: an explanation has them again when the registers have
    # long changed.
    asked: Asked = field(default_factory=dict, compare=False)

    @question
    def financial_year(self, day: date | None) -> int | None:
        """The id of the financial year that holds the day; None when Fortnox has none."""
        if day is None:
            return None
        found = next((id_ for id_, first, last in self.years if first <= day <= last), None)
        return found if found is not None else self._lacks(YEARS, None)

    @question
    def is_open(self, day: date | None) -> bool:
        """Whether something may be booked on the day: in a year, and not in the locked period."""
        if day is None or self.financial_year(day) is None:
            return False
        return not self._is_locked(day)

    def _is_locked(self, day: date) -> bool:
        locked = self.locked_until is not None and day <= self.locked_until
        return self._lacks(LOCKED, True) if locked else False

    def _lacks(self, register: str, answer: Answer) -> Answer:
        """The answer, which is what it is because of something that the register lacks."""
        self.lacked.add(register)
        return answer

    @question
    def next_open_day(self, day: date | None) -> date | None:
        """The day itself when it is open, else the first open day after it, else None."""
        if day is None:
            return None
        if self.locked_until is not None and self._is_locked(day):
            day = self.locked_until + timedelta(days=1)
        if self.financial_year(day) is not None:
            return day
        return next((first for _, first, _ in self.years if first >= day), None)

    @question
    def in_closed_year(self, day: date | None) -> bool:
        """Whether the day's whole financial year is locked, or no longer in Fortnox."""
        for _, first, last in self.years:
            if day is not None and first <= day <= last:
                return self._is_locked(last)
        return self._lacks(YEARS, True)

    @question
    def takes_vouchers(self, series: str | None, day: date | None) -> bool:
        """Whether the series is there and marked for manual vouchers (Manuell kontering)."""
        if self.series is None:
            return True
        year = self.financial_year(day)
        takes = series is not None and year is not None and (series, year) in self.series
        return takes or self._lacks(SERIES, False)

    @question
    def has_account(self, number: int | None, day: date | None) -> bool:
        """Whether the account is in the chart and active."""
        return self.accounts is None or number in self.accounts or self._lacks(ACCOUNTS, False)

    @question
    def has_article(self, number: str | None) -> bool:
        """Whether the article is in Fortnox."""
        return number in self.articles

    @question
    def has_currency(self, code: str | None) -> bool:
        """Whether the company has the currency; its own needs no entry."""
        return self.currencies is None or code in self.currencies or self._lacks(CURRENCIES, False)

    @question
    def has_terms(self, code: str | None) -> bool:
        """Whether the company has the terms of payment."""
        return self.terms is None or code in self.terms or self._lacks(TERMS, False)

    @question
    def rounds(self, currency: str | None) -> bool:
        """Whether a recent document in the currency was rounded to whole kronor."""
        return currency in self.rounded


def read_books(store: Store) -> Books:
    """The calendar as last fetched. A year without both of its days is none: that is told, and it
    is asked for again."""
    years = store.rows(DATED_YEARS)
    spans = tuple((year["Id"], year["FromDate"], year["ToDate"]) for year in years)
    accounts = store.rows("SELECT Number, Active FROM fortnox.account")
    series = store.rows("SELECT Code, Manual, Year FROM fortnox.voucher_series")
    currencies = store.rows("SELECT Code FROM fortnox.currency")
    terms = store.rows("SELECT Code FROM fortnox.terms_of_payment")
    return Books(
        spans,
        store.value("SELECT max(EndDate) FROM fortnox.locked_period"),
        years[-1]["AccountingMethod"] if years else None,
        frozenset(row["Number"] for row in accounts if row["Active"]) if accounts else None,
        frozenset(_manual(series, spans)) if series else None,
        frozenset(row["number"] for row in store.rows(ARTICLES)),
        frozenset(row["Code"] for row in currencies) if currencies else None,
        frozenset(row["Code"] for row in terms) if terms else None,
        _rounded(store),
    )


DATED_YEARS = """
SELECT Id, FromDate, ToDate, AccountingMethod
FROM fortnox.financial_year
WHERE FromDate IS NOT NULL AND ToDate IS NOT NULL
ORDER BY FromDate, Id
"""

ARTICLES = f"""
SELECT ArticleNumber AS number FROM fortnox.article
UNION
SELECT number
FROM {steps("SELECT action FROM ledger.action WHERE target = 'fortnox.article'")}
WHERE event IN ('done', 'found', 'adopted')
"""


# Documents in whose totals Fortnox says what rounding to whole kronor added, by currency.
ROUNDED = """
WITH told AS (
    SELECT i.Currency, i.InvoiceDate AS day, d.RoundOff
    FROM fortnox.invoice_detail AS d
    JOIN fortnox.invoice AS i ON i.DocumentNumber = d.DocumentNumber
    WHERE d.RoundOff IS NOT NULL
    UNION ALL
    SELECT o.Currency, o.OrderDate, d.RoundOff
    FROM fortnox.order_detail AS d
    JOIN fortnox."order" AS o ON o.DocumentNumber = d.DocumentNumber
    WHERE d.RoundOff IS NOT NULL
    UNION ALL
    SELECT
        d ->> 'Currency',
        TRY_CAST(coalesce(d ->> 'InvoiceDate', d ->> 'OrderDate') AS DATE),
        TRY_CAST(d ->> 'RoundOff' AS DECIMAL(18, 4))
    FROM (
        SELECT unnest([TRY(answer -> 'Invoice'), TRY(answer -> 'Order')]) AS d
        FROM ledger.event
        WHERE seq > ? AND event = 'done' AND contains(answer, '"RoundOff"')
    )
)
SELECT DISTINCT Currency
FROM (SELECT *, max(day) OVER () AS newest FROM told)
WHERE RoundOff <> 0 AND day >= newest - ?
"""
# A company may switch öresavrundning on or off: older documents than this tell nothing of it.
RECENT_DAYS = 60
# Of what this program wrote itself, so many events are looked at.
RECENT_EVENTS = 1000


def _rounded(store: Store) -> frozenset[str]:
    newest = store.value("SELECT coalesce(max(seq), 0) FROM ledger.event")
    rows = store.rows(ROUNDED, [newest - RECENT_EVENTS, RECENT_DAYS])
    return frozenset(row["Currency"] for row in rows if row["Currency"])


def _manual(
    series: list[dict[str, Any]], years: tuple[tuple[int, date, date], ...]
) -> Iterator[tuple[str, int]]:
    """Manual series by year. A year that the register does not speak of has those of the others:
    Fortnox lists the series of the current year."""
    told = {row["Year"] for row in series}
    for row in series:
        if row["Manual"]:
            yield row["Code"], row["Year"]
            yield from ((row["Code"], id_) for id_, _, _ in years if id_ not in told)
