"""Asks Qliro for settlement batches, and for the lines of each that is new or may have changed.

Writes ``raw.answer``; remembers in ``raw.cursor`` the period that was listed, the day to which
older days were listed again and, for each batch, what its row looked like when its lines were
fetched. When that was, the answers tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from .. import json_text
from ..clock import today
from ..store.database import Store
from ..transport.endpoints import SETTLEMENT_BATCHES, SETTLEMENTS_BY_BATCH
from .ask import Extraction, ask, ask_all
from .dates import stockholm_date
from .distances import BATCH_AT, day_began
from .raw import Call, Kept, Report, cursor, cursors, move_cursor, why

# GetSettlementBatches refuses more than 60 days (PERIOD_LIMIT_EXCEEDED) or 61 (PERIOD_INVALID).
LONGEST_WINDOW = timedelta(days=59)
# A batch with pending lines is looked at again for so long; the public documents set no end.
PENDING_FOR = timedelta(days=60)
# Payouts asked for by name are looked for no further back than this.
OLDEST = timedelta(days=3 * 366)
LISTED = "qliro.listed"
AGAIN = "qliro.listed_again"
FETCHED = "qliro.batch."
MISSING = "missing"  # in place of the row's digest: its lines are still to be fetched


@dataclass(frozen=True, slots=True)
class _Row:
    """A batch as the list shows it."""

    id: int
    names: frozenset[str]  # under which a person may ask for it
    day: date | None
    digest: str


def sync_settlements(
    extraction: Extraction,
    *,
    payouts_from: date,
    overlap_days: int = 7,
    named: Collection[str] = (),
) -> Report:
    """Batches from where the last sync ended, less the overlap, to yesterday, and once more those
    of the declared ages; then their lines.

    Lines are fetched of batches dated ``payouts_from`` or later that are new or whose row changed,
    and of those that lie within the overlap or had pending lines: once a day, or by every sync
    while their payout disagrees with Qliro's own figures. ``named`` adds earlier ones, by ``Id``,
    ``BatchId`` or ``AcquirerName/BatchId/CurrencyCode``. Dates are in Europe/Stockholm.

    Raises UnavailableError and AccessError; what came before is kept, and the next sync goes on.
    """
    report = Report()
    store, overlap = extraction.store, timedelta(days=overlap_days)
    yesterday = today(extraction.api.clock) - timedelta(days=1)
    listed = _period(cursor(store, LISTED))
    fetched = cursors(store, FETCHED)
    first = payouts_from - overlap
    if listed and listed[0] <= first:
        first = max(first, listed[1] - overlap)
    recent = first
    first = min([first, *_open_days(fetched.values(), yesterday - PENDING_FOR)])

    rows, through = _list(extraction, report, first, yesterday)
    if through is not None:
        rows = _older(extraction, report, payouts_from, first) | rows
    read = _read_since(store, day_began(extraction.api.clock.now())) - _disagreeing(store)
    wanted = [
        row
        for row in rows.values()
        if (row.day is None or row.day >= payouts_from)
        and (
            not _same(fetched.get(str(row.id)), row)
            or (
                row.id not in read
                and (row.day is None or row.day >= recent or _has_pending(fetched[str(row.id)]))
            )
        )
    ]
    if named:
        wanted += _find(extraction, report, set(named), rows, first)
    _lines(extraction, report, wanted)
    if through is not None and first <= through:
        since = min(first, listed[0]) if listed else first
        move_cursor(store, LISTED, f"{since}/{through}", extraction.api.clock.now())
    return report


def _older(extraction: Extraction, report: Report, first: date, before: date) -> dict[int, _Row]:
    """The batches from first to the day before ``before`` that reached an age at which they are
    listed again since that was last done: each once, however long no sync was made."""
    store, day = extraction.store, today(extraction.api.clock)
    done = date.fromisoformat(cursor(store, AGAIN) or day.isoformat())
    rows: dict[int, _Row] = {}
    whole = True
    for age in BATCH_AT:
        start = max(first, done - age + timedelta(days=1))
        end = min(before - timedelta(days=1), day - age)
        if done < day and start <= end:
            found, through = _list(extraction, report, start, end)
            rows |= found
            whole = whole and through is not None
    if whole and cursor(store, AGAIN) != day.isoformat():
        move_cursor(store, AGAIN, day.isoformat(), extraction.api.clock.now())
    return rows


def _list(
    extraction: Extraction, report: Report, first: date, last: date
) -> tuple[dict[int, _Row], date | None]:
    """The batches dated first to last, and the last day listed; None when a day between failed."""
    rows: dict[int, _Row] = {}
    through: date | None = last
    windows = list(_windows(first, last))
    for done, window in enumerate(windows, start=1):
        kept = _listed(extraction, report, *window)
        extraction.on_progress("settlement batches", done, len(windows))
        if _code(kept) == "PERIOD_NOT_SETTLED" and window[1] == last:
            # Qliro's today is not ours yet: the last day is left for the next sync.
            earlier = last - timedelta(days=1)
            through = earlier if through else None
            if window[0] > earlier:
                continue
            kept = _listed(extraction, report, window[0], earlier)
        where = f"Qliro settlement batches {window[0]} to {window[1]}"
        if kept.status != 200 or kept.content is None:
            report.find(where, "batches-not-read", why(kept), "The next sync asks again.")
            through = None
            continue
        if kept.problem:
            report.find(where, "batch-not-read", f"{kept.problem}.", "The next sync asks again.")
            through = None
        rows |= {row.id: row for row in map(_row, kept.items()) if row is not None}
    return rows, through


def _listed(extraction: Extraction, report: Report, first: date, last: date) -> Kept:
    report.answers += 1
    query = (("FromBatchDate", f"{first:%Y/%m/%d}"), ("ToBatchDate", f"{last:%Y/%m/%d}"))
    return ask(extraction, Call(SETTLEMENT_BATCHES, query))


def _windows(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(first + LONGEST_WINDOW, last)
        yield first, end
        first = end + timedelta(days=1)


def _find(
    extraction: Extraction, report: Report, named: set[str], rows: dict[int, _Row], first: date
) -> list[_Row]:
    """The batches that were asked for by name: among those listed, then ever further back."""
    found: dict[int, _Row] = {}
    oldest = today(extraction.api.clock) - OLDEST
    while True:
        for row in rows.values():
            if row.names & named:
                found[row.id] = row
        missing = named - {name for row in found.values() for name in row.names}
        last = first - timedelta(days=1)
        if not missing or last < oldest:
            break
        first = last - LONGEST_WINDOW
        rows, _ = _list(extraction, report, first, last)
    for name in sorted(missing):
        report.find(f"payout {name}", "payout-not-found", f"Qliro lists none since {oldest}.")
    return list(found.values())


def _read_since(store: Store, since: datetime) -> set[int]:
    """The batches whose lines were read since then."""
    return {row["id"] for row in store.rows(READ_SINCE, [since])}


READ_SINCE = """
SELECT DISTINCT TRY_CAST(regexp_extract(query, '(?i)(?:^|&)id=([0-9]+)', 1) AS BIGINT) AS id
FROM raw.answer
WHERE endpoint = 'settlements_by_batch' AND noted_at >= ? AND status = 200 AND problem IS NULL
"""


def _disagreeing(store: Store) -> set[int]:
    """The batches of payouts whose lines did not add up when they were last planned."""
    return {row["id"] for row in store.rows(DISAGREEING)}


DISAGREEING = """
SELECT TRY_CAST(unnest(string_split(batches, ', ')) AS BIGINT) AS id
FROM ledger.payout_state
WHERE NOT holds
"""


def _lines(extraction: Extraction, report: Report, wanted: list[_Row]) -> None:
    rows = list({row.id: row for row in wanted}.values())
    calls = (Call(SETTLEMENTS_BY_BATCH, (("Id", str(row.id)),)) for row in rows)
    answers = ask_all(extraction, calls)
    for done, (row, kept) in enumerate(zip(rows, answers, strict=True), start=1):
        report.answers += 1
        extraction.on_progress("settlement lines", done, len(rows))
        where = f"Qliro settlement batch {row.id}"
        if kept.status != 200 or kept.content is None:
            report.find(where, "lines-not-read", why(kept), "The next sync asks again.")
            _remember(extraction, row, MISSING, 0)
            continue
        if kept.problem:
            said = "The payout waits; the next sync asks again."
            report.find(where, "line-not-read", f"{kept.problem}.", said)
            _remember(extraction, row, MISSING, 0)
            continue
        pending = len(kept.content.get("PendingSettlements") or ())
        _remember(extraction, row, row.digest, pending)


def _remember(extraction: Extraction, row: _Row, digest: str, pending: int) -> None:
    value = f"{digest} {row.day} {pending}"
    move_cursor(extraction.store, f"{FETCHED}{row.id}", value, extraction.api.clock.now())


def _row(item: Any) -> _Row | None:
    if not isinstance(item, dict) or not str(item.get("Id")).isdecimal():
        return None
    id, batch = str(item["Id"]), str(item.get("BatchId") or "")
    key = f"{item.get('AcquirerName')}/{batch}/{item.get('CurrencyCode')}"
    day = stockholm_date(item.get("BatchDate"))
    return _Row(int(id), frozenset({id, key, batch} - {""}), day, json_text.digest(item))


def _period(value: str | None) -> tuple[date, date] | None:
    if value is None:
        return None
    first, _, last = value.partition("/")
    return date.fromisoformat(first), date.fromisoformat(last)


def _same(value: str | None, row: _Row) -> bool:
    return value is not None and value.split()[0] == row.digest


def _has_pending(value: str) -> bool:
    return value.split()[2] != "0"


def _open_days(values: Iterable[str], oldest: date) -> Iterator[date]:
    """The days of batches that must be listed again: lines missing, or pending not too long."""
    for digest, day, pending in (value.split() for value in values):
        if day != "None":
            found = date.fromisoformat(day)
            if digest == MISSING or (pending != "0" and found >= oldest):
                yield found


def _code(kept: Kept) -> str | None:
    return kept.error.get("ErrorCode") if kept.status == 400 else None
