"""Asks Fortnox for what changed since the last sync: documents, vouchers, customers, registers.

Writes ``raw.answer``, and in ``raw.cursor`` for each stream the moment from which the next sync
asks, which of its entries may be anybody's, and when each register was read. What lists leave out
(a document's own references, a payment's account) is fetched on demand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from .. import json_text
from ..store.database import Store
from .ask import Extraction, ask, ask_all
from .dates import stockholm_date, swedish_minute
from .distances import day_began
from .raw import Call, Kept, Report, cursor, cursors, move_cursor
from .readable import Unidentified, unidentified

# The longest page (sdk ApiConstants.MaxLimit), and a bound for lists that never end.
LIMIT = 500
MOST_PAGES = 20_000
# What changed while the last sync was reading its pages is read again.
OVERLAP = timedelta(minutes=10)
YEARS = "/3/financialyears"
REGISTERS = (
    "/3/companyinformation",
    YEARS,
    "/3/settings/lockedperiod",
    "/3/accounts",
    "/3/voucherseries",
    "/3/modesofpayments",
    "/3/currencies",
)
# What documents name, and payouts alone do not: asked for where a flow writes documents.
DOCUMENT_REGISTERS = ("/3/termsofpayments", "/3/costcenters", "/3/projects")
VOUCHERS = "vouchers "  # before series and year, in the name of a stream
# Lists whose entries have pages of their own, and how many odd entries are read by them in a run.
WITH_PAGES = ("/3/invoices", "/3/orders", "/3/customers", "/3/articles", "/3/invoicepayments")
MOST_ODD = 100
ODD = "fortnox-odd."  # before the name of a stream, in raw.cursor
NONE_ODD = "[]"
READ = "fortnox-read."  # before the name of a register, or of a stream that is read like one
NOT_READ = "list-not-read"
# Before anything that a company in Fortnox can hold.
EVER = "1990-01-01 00:00"


@dataclass(frozen=True, slots=True)
class _Stream:
    """A list that is read by ``lastmodified``; ``since`` is where the first sync begins."""

    name: str
    path: str
    since: str
    query: tuple[tuple[str, str], ...] = ()


def sync_fortnox(
    extraction: Extraction,
    *,
    payouts_from: date,
    invoice_lookback_days: int = 180,
    series: Collection[str] = (),
    orders_from: date | None = None,
    documents: bool = False,
) -> Report:
    """Registers; invoices and payments changed since the last sync; vouchers of ``series``.

    Registers and vouchers are read once a day (Europe/Stockholm), and when Fortnox has refused
    something since; what a plan needs of them it asks for itself. The first sync begins
    ``invoice_lookback_days`` before ``payouts_from``, for vouchers at ``payouts_from``. With
    ``documents`` come all customers and articles too, the registers that a document names, and
    orders; invoices and orders then begin before ``orders_from`` where that is earlier. A stream's
    cursor moves only when all its pages were read; it stays where it was when some of their
    entries could not be.

    Raises UnavailableError and AccessError; what came before is kept, and the next sync goes on.
    """
    report = Report()
    start = extraction.api.clock.now() - OVERLAP
    known = _known_today(extraction)
    registers = (*REGISTERS, *DOCUMENT_REGISTERS) if documents else REGISTERS
    found = read_registers(extraction, report, [one for one in registers if one not in known])
    if YEARS in found:
        years = _years(found[YEARS], payouts_from)
    else:
        years = _staged_years(extraction.store, payouts_from)
    first = min(payouts_from, orders_from or payouts_from) if documents else payouts_from
    since = f"{first - timedelta(days=invoice_lookback_days)} 00:00"
    streams = [
        _Stream("invoices", "/3/invoices", since),
        *(_document_streams(since) if documents else ()),
        _Stream("invoice payments", "/3/invoicepayments", since),
    ]
    for stream in streams:
        _sync(extraction, report, stream, start)
    vouchers = [f"{code} {year}" for code in sorted(series) for year in years]
    wanted = [one for one in vouchers if f"{VOUCHERS}{one}" not in known]
    read_vouchers(extraction, report, wanted, payouts_from)
    return report


def read_registers(
    extraction: Extraction, report: Report, paths: Sequence[str]
) -> dict[str, list[Kept]]:
    """The pages of each of these registers; that they were read, and when, is written down."""
    found: dict[str, list[Kept]] = {}
    known = _known_today(extraction) if paths else set()
    for done, path in enumerate(paths, start=1):
        told, asked_at = Report(), extraction.api.clock.now()
        found[path] = pages(extraction, told, path)
        _note_read(extraction, path, told, asked_at, known)
        report.add(told)
        extraction.on_progress("registers", done, len(paths))
    return found


def read_vouchers(
    extraction: Extraction, report: Report, names: Sequence[str], payouts_from: date
) -> int:
    """The vouchers that changed since they were read last, of ``SERIES YEAR``; gives how many."""
    changed, known = 0, _known_today(extraction) if names else set()
    for name in names:
        code, _, year = name.rpartition(" ")
        stream = _Stream(
            f"{VOUCHERS}{name}",
            f"/3/vouchers/sublist/{quote(code, safe='')}",
            f"{payouts_from} 00:00",
            (("financialyear", year),),
        )
        told, asked_at = Report(), extraction.api.clock.now()
        changed += _sync(extraction, told, stream, asked_at - OVERLAP)
        _note_read(extraction, stream.name, told, asked_at, known)
        report.add(told)
    return changed


def _note_read(
    extraction: Extraction, name: str, told: Report, asked_at: datetime, known: Collection[str]
) -> None:
    """It was asked for in this run; and read, where all of it could be. Once a day is enough."""
    if not told.findings and name not in known:
        move_cursor(extraction.store, f"{READ}{name}", asked_at.isoformat(), asked_at)
    extraction.fresh.add(name)


def _known_today(extraction: Extraction) -> set[str]:
    """What was read today, and since Fortnox last refused a document."""
    now = extraction.api.clock.now()
    today = day_began(now)
    since = max(today, _last_refused(extraction.store, today) or today)
    read = cursors(extraction.store, READ).items()
    return {name for name, value in read if since <= datetime.fromisoformat(value) <= now}


def _last_refused(store: Store, since: datetime) -> datetime | None:
    """When Fortnox last refused a document since then."""
    refused = dict(store.tuples(REFUSED, [since]))
    ours = store.tuples(OF_FORTNOX, [[*refused]]) if refused else []
    return max((refused[action] for (action,) in ours), default=None)


# Apart from what the actions were: to join all that there ever were takes a hundred times as long.
REFUSED = """
SELECT action, max(noted_at) FROM ledger.event
WHERE event = 'refused' AND noted_at >= ?
GROUP BY action
"""
OF_FORTNOX = """
SELECT DISTINCT action FROM ledger.action
WHERE action IN (SELECT unnest(?::VARCHAR[])) AND starts_with(target, 'fortnox.')
"""


def pages(
    extraction: Extraction, report: Report, path: str, query: tuple[tuple[str, str], ...] = ()
) -> list[Kept]:
    """All pages of a list, each kept; one that can't be read is reported and left out."""
    return list(_pages(extraction, report, path, query))


def fetch_invoices(extraction: Extraction, numbers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Whole invoices by DocumentNumber, with the references that lists leave out; kept raw too.

    Amounts are Decimal. A number that Fortnox does not know is missing from the result.
    """
    return _fetch(extraction, "/3/invoices/", numbers)


def fetch_orders(
    extraction: Extraction, numbers: Iterable[str], unread: set[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Whole orders by DocumentNumber, with their ``InvoiceReference``; else as fetch_invoices.

    ``unread`` gathers the numbers whose answer says neither that there is such an order nor that
    there is none.
    """
    return _fetch(extraction, "/3/orders/", numbers, unread)


def fetch_customers(extraction: Extraction, numbers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Customers' cards by CustomerNumber, with their VATType; else as fetch_invoices."""
    return _fetch(extraction, "/3/customers/", numbers)


def fetch_payments(extraction: Extraction, numbers: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Whole invoice payments by Number, with account and write-offs; else as fetch_invoices."""
    return _fetch(extraction, "/3/invoicepayments/", numbers)


def search_invoices(
    extraction: Extraction, field: str, values: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """Invoices by one of Fortnox's own filters, one call a value: what the lists show of them.

    ``field`` is an invoice's field (``YourOrderNumber``). Fortnox matches parts of a text, takes
    one such filter at a time (developer pages), and shows most of these fields only in the
    document itself: the caller fetches and compares. A search whose answer can't be read is
    missing from the result.
    """
    wanted = list(dict.fromkeys(value for value in values if value))
    calls = (
        Call("/3/invoices", ((field.lower(), value), ("limit", str(LIMIT)))) for value in wanted
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for done, (value, kept) in enumerate(
        zip(wanted, ask_all(extraction, calls), strict=True), start=1
    ):
        report = Report()
        read = [kept] if _readable(kept, report) else []
        if (_meta(kept, "@TotalPages") or 1) > 1:
            read += _further(extraction, report, kept)
        if not report.findings:
            found[value] = [i for page in read for i in page.items() if isinstance(i, dict)]
        extraction.on_progress("searches", done, len(wanted))
    return found


def _fetch(
    extraction: Extraction, path: str, numbers: Iterable[str], unread: set[str] | None = None
) -> dict[str, dict[str, Any]]:
    wanted = list(dict.fromkeys(str(number) for number in numbers if str(number)))
    calls = (Call(path + quote(number, safe="")) for number in wanted)
    found: dict[str, dict[str, Any]] = {}
    for done, (number, kept) in enumerate(
        zip(wanted, ask_all(extraction, calls), strict=True), start=1
    ):
        document = kept.document()
        if document is not None:
            found[number] = document
        elif unread is not None and kept.status == 200:
            unread.add(number)
        extraction.on_progress("documents", done, len(wanted))
    return found


def _document_streams(since: str) -> Iterator[_Stream]:
    """An order's customer and articles may be older than any order."""
    yield _Stream("customers", "/3/customers", EVER)
    yield _Stream("articles", "/3/articles", EVER)
    yield _Stream("orders", "/3/orders", since)


def _sync(extraction: Extraction, report: Report, stream: _Stream, start: datetime) -> int:
    """All changed entries of a stream, and how many. The cursor moves if every page was read."""
    name = f"fortnox.{stream.name}"
    begun, _, reached = (cursor(extraction.store, name) or "").partition("/")
    # An earlier start than ever before (payouts_from was moved back) means reading it all again.
    since = reached if reached and begun <= stream.since else stream.since
    query = (*stream.query, ("lastmodified", since))
    told, done = Report(), 0
    odd: list[Unidentified] = []
    for page in _pages(extraction, told, stream.path, query):
        done += len(page.items())
        extraction.on_progress(stream.name, done, _meta(page, "@TotalResources"))
        if page.problem:
            odd += unidentified(page.endpoint, page.content)
    report.add(told)
    if any(one.code == NOT_READ for one in told.findings):
        return done
    # What stands there is known, but for entries that can't be read: they are asked for again.
    reached = since if told.findings else swedish_minute(start)
    value, now = f"{min(begun or stream.since, stream.since)}/{reached}", extraction.api.clock.now()
    move_cursor(extraction.store, name, value, now)
    left = json_text.encode(_by_pages(extraction, stream, odd))
    if left != (cursor(extraction.store, f"{ODD}{stream.name}") or NONE_ODD):
        move_cursor(extraction.store, f"{ODD}{stream.name}", left, now)
    return done


def _by_pages(
    extraction: Extraction, stream: _Stream, odd: list[Unidentified]
) -> list[tuple[str, str | None]]:
    """Of the entries of a list that might be anybody's those that their own pages don't tell of:
    what can't be read, and the invoice that a payment is on."""
    numbers = [one.number for one in odd if one.number] if stream.path in WITH_PAGES else []
    found = _fetch(extraction, f"{stream.path}/", numbers[:MOST_ODD])
    return [(one.told, one.invoice) for one in odd if one.number not in found]


def odd_entries(store: Store) -> dict[str, list[tuple[str, str | None]]]:
    """By stream the entries of its list that might be anybody's, as they were read last: what can't
    be read, and the invoice that a payment is on."""
    return {name: json_text.decode(value) for name, value in cursors(store, ODD).items()}


def _pages(
    extraction: Extraction, report: Report, path: str, query: tuple[tuple[str, str], ...]
) -> Iterator[Kept]:
    """The pages of a list, each kept; a page that can't be read is reported and left out."""
    first = ask(extraction, Call(path, (*query, ("limit", str(LIMIT)), ("page", "1"))))
    if _readable(first, report):
        yield first
        yield from _further(extraction, report, first)


def _further(extraction: Extraction, report: Report, first: Kept) -> Iterator[Kept]:
    """The pages after the first, until the last, an empty one, or one that repeats the one before.

    Some registers ignore ``page`` and give the first one again (gotait/fortnox-mcp). Pages shift
    when documents change meanwhile: the next sync reads those again, for its cursor is earlier.
    """
    total = _meta(first, "@TotalPages") or 1
    query = tuple(pair for pair in first.call.query if pair[0] != "page")
    numbers = range(2, min(total, MOST_PAGES) + 1)
    calls = (Call(first.call.path, (*query, ("page", str(number)))) for number in numbers)
    last = first.items()
    for page in ask_all(extraction, calls):
        if not _readable(page, report):
            continue
        if not page.items() or page.items() == last:
            break
        last = page.items()
        yield page


def _readable(page: Kept, report: Report) -> bool:
    report.answers += 1
    if page.status == 200 and page.content is not None:
        if page.problem:
            where = f"Fortnox {page.call}"
            report.find(where, "entry-not-read", f"{page.problem}.", "The next sync asks again.")
        return True
    said = page.problem or f"status {page.status} {page.error.get('ErrorInformation', '')}".strip()
    report.find(f"Fortnox {page.call}", NOT_READ, f"{said}.", "The next sync asks again.")
    return False


def _meta(page: Kept, name: str) -> int | None:
    """A number of ``MetaInformation``, which registers without pages lack."""
    meta = page.content.get("MetaInformation") if isinstance(page.content, dict) else None
    value = str(meta.get(name)) if isinstance(meta, dict) else ""
    return int(value) if value.isdecimal() else None


def _years(pages: list[Kept], payouts_from: date) -> list[int]:
    """Ids of the financial years that end on or after the first payout."""
    found = []
    for item in (item for page in pages for item in page.items()):
        if isinstance(item, dict) and str(item.get("Id")).isdecimal():
            ends = stockholm_date(item.get("ToDate"))
            if ends is None or ends >= payouts_from:
                found.append(int(item["Id"]))
    return sorted(found)


def _staged_years(store: Store, payouts_from: date) -> list[int]:
    """Likewise, as they were read last."""
    rows = store.rows("SELECT Id, ToDate FROM fortnox.financial_year")
    return sorted(row["Id"] for row in rows if not row["ToDate"] or row["ToDate"] >= payouts_from)
