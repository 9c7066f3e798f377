"""Leaves out of a merchant's database what need not be kept any more, and gives back its room.

Reads the database, writes it anew (``rewrite``). What goes are the bodies of old answers and the
traces of old outcomes; every row stays, and the ledger whole: what was intended, sent and answered.
Nothing goes of what is open, nor of what a register or an open document was last read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from .. import json_text
from ..errors import BusyError, NothingYetError
from .answers import LONG, SHORT
from .database import Store, opened_copy, settled, writing
from .history import PRUNED
from .lock import locked
from .opening import is_half_staged
from .readers_copy import renew_copy
from .rewrite import Part, rewrite
from .tables import columns_of

OUTCOME = "ledger.outcome"
LONGEST_YEAR = 18  # months that a financial year may have


@dataclass(frozen=True, slots=True)
class Room:
    """What a database took and takes, in bytes."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Old:
    """What there is to leave out: of answers that were fetched and outcomes that were noted before
    ``until`` the bodies and traces, how many and how many characters."""

    until: date
    answers: int
    traces: int
    characters: int


def kept_from(today: date, years: int, ended: Iterable[date]) -> date:
    """The first day of which all is kept: of a financial year to the end of the calendar year that
    is so many ``years`` after the one in which it ended. ``ended`` are the last days of those that
    are known; of others it is not known when they ended, and the longest there may be is assumed.
    """
    unknown = date(today.year - years - LONGEST_YEAR // 12 - 1, 12 - LONGEST_YEAR % 12 + 1, 1)
    known = (one + timedelta(days=1) for one in ended if one.year + years < today.year)
    return max([unknown, *known])


def old(store: Store, today: date, keep_raw: Mapping[str, int], home: str) -> Old:
    """What of this database need not be kept by these settings. Where anything was sold to another
    country it is kept as long as the One Stop Shop asks."""
    years = keep_raw["years"]
    if store.value(ABROAD, [home]):
        years = max(years, keep_raw["oss_years"])
    ended = [row["ToDate"] for row in store.rows(ENDED)]
    until = kept_from(today, years, ended)
    answers = _answers(store, until)
    (bodies,) = store.rows(COUNT.format(what="body", table="raw.answer", old=answers))
    (traces,) = store.rows(COUNT.format(what="trace", table=OUTCOME, old=_outcomes(until)))
    return Old(until, bodies["many"], traces["many"], bodies["size"] + traces["size"])


ENDED = "SELECT DISTINCT ToDate FROM fortnox.financial_year WHERE ToDate IS NOT NULL"
ABROAD = """
SELECT EXISTS (FROM qliro.order_sum WHERE DeliveryCountry <> $1)
    OR EXISTS (FROM qliro.settlement_line WHERE CountryCode <> $1)
"""
COUNT = """
SELECT count(*) AS many, coalesce(sum(length({what})), 0)::BIGINT AS size
FROM {table} WHERE length({what}) > 2 AND {old}
"""


def prune(database: Path, merchant: str, now: datetime, today: date,
          keep_raw: Mapping[str, int], home: str) -> tuple[Old, Room]:  # fmt: skip
    """Leave out what is old; the database is written anew if anything is.

    Raises NothingYetError without a database, BusyError while a run is under way, UsageError where
    there is no room; nothing was changed then.
    """
    with locked_and_settled(database, merchant):
        size = database.stat().st_size
        with opened_copy(database) as store:
            found = old(store, today, keep_raw, home)
            if not found.answers + found.traces:
                return found, Room(size, size)
            answers = _answers(store, found.until, "earlier.")
            columns = columns_of(store.connection)
        parts = {
            table: Part(
                table, table, _without(columns[table], column, condition, empty), joined=True
            )
            for table, column, condition, empty in (
                (SHORT, "body", answers, "''"),
                (LONG, "body", answers, "''"),
                (OUTCOME, "trace", _outcomes(found.until, "earlier."), "'{}'"),
            )
        }
        detail = json_text.encode({"until": found.until, "answers": found.answers,
                                   "traces": found.traces})  # fmt: skip
        rewrite(database, pruned=parts, note=(NOTE, ["prune", now, PRUNED, detail]))
        renew_copy(database)
        return found, Room(size, database.stat().st_size)


NOTE = "INSERT INTO ledger.run (run, noted_at, event, detail) VALUES (?, ?, ?, ?)"


@contextmanager
def locked_and_settled(database: Path, merchant: str) -> Iterator[None]:
    """The file for this process alone, with all in it that was committed. Raises NothingYetError,
    and BusyError where a stage was cut."""
    if not database.exists():
        raise NothingYetError(
            f"{merchant} has no database in {database.parent} yet.",
            "Run `qliro-fortnox sync` first.",
        )
    with writing(database.parent, merchant) as store:  # one of an earlier version is brought over
        if is_half_staged(store.connection):
            raise BusyError(
                f"A run of {merchant} was cut off before all was staged that it had fetched. "
                "Nothing was changed.",
                "Run it again: it goes on where it was.",
            )
    with locked(database.with_suffix(".lock"), merchant):
        settled(database, merchant)
        yield


def compact(database: Path, merchant: str) -> Room:
    """Write the database anew without what is free in it. Raises as ``prune`` does."""
    with locked_and_settled(database, merchant):
        size = database.stat().st_size
        rewrite(database)
        renew_copy(database)
        return Room(size, database.stat().st_size)


def _without(columns: Iterable[str], column: str, old: str, empty: str) -> dict[str, str]:
    """The columns, one of them empty in rows that are old."""
    return {
        name: f'CASE WHEN {old} THEN {empty} ELSE "{name}" END' if name == column else f'"{name}"'
        for name in columns
    }


# -- what is old and not open ---------------------------------------------------------------------


def _outcomes(until: date, of: str = "") -> str:
    """The condition on a row of ``ledger.outcome``. ``of`` is the database with a point."""
    return f"""(
        noted_at < CAST(DATE '{until}' AS TIMESTAMPTZ)
        AND source NOT IN (SELECT source FROM {of}ledger.line_state WHERE state IN ({OPEN}))
        AND source NOT IN (SELECT line FROM {of}ledger.line_state WHERE state IN ({OPEN}))
        AND source NOT IN (SELECT source FROM {of}ledger.order_item WHERE state IN ({OPEN}))
        AND payout NOT IN (SELECT payout FROM {of}ledger.payout_state WHERE NOT closed)
        AND payout NOT IN (
            SELECT 'order ' || OrderId FROM {of}ledger.order_state WHERE NOT closed
        )
    )"""


OPEN = "'waiting', 'parked', 'planned'"


def _answers(store: Store, until: date, of: str = "") -> str:
    """The condition on a row of answers: old, staged, and nothing that is open was read from it,
    nor does a later answer repeat it."""
    needed = " UNION ALL ".join(_needed(store, of))
    return f"""(
        noted_at < CAST(DATE '{until}' AS TIMESTAMPTZ)
        AND seq <= (SELECT coalesce(max(seq), 0) FROM {of}raw.staged)
        AND seq NOT IN ({needed})
        AND digest NOT IN (
            SELECT digest FROM {of}raw.answer_short
            WHERE body = '' AND noted_at >= CAST(DATE '{until}' AS TIMESTAMPTZ)
        )
    )"""


def _needed(store: Store, of: str) -> Iterator[str]:
    """The answers that rows of staged tables came from, but for those of which nothing is open."""
    for table, columns in columns_of(store.connection).items():
        schema, _, name = table.partition(".")
        for column in ("raw_seq", "card_seq"):
            if column in columns:
                yield (
                    f'SELECT coalesce("{column}", 0) FROM {of}{schema}."{name}" AS t '
                    f"WHERE NOT {CLOSED.get(table, 'false').format(of=of)}"
                )


_BATCH = """t.Id::VARCHAR IN (
    SELECT unnest(string_split(batches, ', ')) FROM {of}ledger.payout_state WHERE closed
)"""
_ORDER = "t.OrderId::VARCHAR IN (SELECT OrderId FROM {of}ledger.order_state WHERE closed)"
_INVOICE = """t.DocumentNumber IN (
    SELECT DocumentNumber FROM {of}fortnox.invoice WHERE Cancelled OR Booked AND Balance = 0
)"""
_MADE = """t.DocumentNumber IN (
    SELECT DocumentNumber FROM {of}fortnox."order" WHERE Cancelled
    UNION ALL
    SELECT DocumentNumber FROM {of}fortnox.order_detail WHERE InvoiceReference <> ''
)"""
_PAID = "t.Number IN (SELECT Number FROM {of}fortnox.invoice_payment WHERE Booked)"
# Of which rows nothing is open. Those of tables that do not stand here are registers.
CLOSED = {
    "qliro.settlement_batch": _BATCH,
    "qliro.settlement_summary": _BATCH,
    "qliro.settlement_line": _BATCH,
    "qliro.order": _ORDER,
    "qliro.item_action": _ORDER,
    "qliro.transaction": _ORDER,
    "fortnox.invoice": _INVOICE,
    "fortnox.invoice_detail": _INVOICE,
    "fortnox.invoice_row": _INVOICE,
    "fortnox.order": _MADE,
    "fortnox.order_detail": _MADE,
    "fortnox.order_row": _MADE,
    "fortnox.invoice_payment": _PAID,
    "fortnox.invoice_payment_detail": _PAID,
    "fortnox.voucher": "true",
    "fortnox.voucher_row": "true",
}
