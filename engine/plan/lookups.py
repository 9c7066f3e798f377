"""Reads what planning found missing: single documents with their rows, payments, references.

Reads the plan's needs and what was asked before; writes raw answers. As few calls as can be: where
fewer invoices are new than references are wanted, those invoices are read instead of searched for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from ..extract import fortnox
from ..extract.ask import Extraction, ask_all
from ..extract.fortnox import VOUCHERS
from ..extract.raw import Call, Report, cursor, move_cursor
from ..language.targets import target
from ..ordering import in_order
from ..store.database import Store
from .matching import newest_invoice, searched
from .model import Need

# An invoice of which the page itself has not been read since it was last listed.
UNREAD = """
SELECT i.DocumentNumber
FROM fortnox.invoice AS i
LEFT JOIN fortnox.invoice_detail AS d ON d.DocumentNumber = i.DocumentNumber
WHERE NOT i.Cancelled AND (d.raw_seq IS NULL OR d.raw_seq < i.raw_seq)
"""


def read_again(
    extraction: Extraction,
    registers: Sequence[str],
    needs: Collection[Need],
    payouts_from: date,
    report: Report,
) -> bool:
    """Registers that a plan lacked something of, or stands on, and the vouchers beside which one is
    to be made; each once in a run. Whether there are vouchers that were not known."""
    fortnox.read_registers(extraction, report, registers)
    wanted = [one for one in _keys(needs, "vouchers") if f"{VOUCHERS}{one}" not in extraction.fresh]
    return bool(fortnox.read_vouchers(extraction, report, wanted, payouts_from))


def fetch_needs(extraction: Extraction, needs: Collection[Need]) -> bool:
    """Read what is needed and not known yet; False when there was nothing new to ask."""
    payments = _keys(needs, "payment")
    vouchers = _keys(needs, "voucher")
    orders = _keys(needs, "order_detail")
    invoices = _keys(needs, "invoice")
    # One that Fortnox does not have any more is not asked for again and again.
    cards = fortnox.fetch_customers(extraction, _keys(needs, "customer"))
    asked = bool(payments or vouchers or orders or invoices or cards)
    fortnox.fetch_payments(extraction, payments)
    fortnox.fetch_orders(extraction, orders)
    fortnox.fetch_invoices(extraction, invoices)
    _fetch_vouchers(extraction, vouchers)
    searches: dict[str, set[str]] = {}
    for need in needs:
        if need.kind == "search":
            searches.setdefault(need.field, set()).add(need.key)
    for field, keys in sorted(searches.items()):
        asked = _search(extraction, field, sorted(keys, key=in_order)) or asked
    return asked


def _keys(needs: Collection[Need], kind: str) -> list[str]:
    return sorted({need.key for need in needs if need.kind == kind}, key=in_order)


def _fetch_vouchers(extraction: Extraction, numbers: Collection[str]) -> None:
    """Whole vouchers, for their rows."""
    asked = (target("fortnox.voucher").read(number) for number in numbers)
    calls = (Call(request.path, request.query) for request in asked)
    for done, _ in enumerate(ask_all(extraction, calls), start=1):
        extraction.on_progress("vouchers", done, len(numbers))


def _search(extraction: Extraction, field: str, keys: list[str]) -> bool:
    """Find the invoices whose ``field`` may be one of the keys, and read their pages."""
    store = extraction.store
    if field == "OrderReference":
        return _by_order(extraction, keys)
    fresh = [key for key in keys if not _is_old(store, field, key)]
    unread = {row["DocumentNumber"] for row in store.rows(UNREAD)}
    if not unread or not keys:
        return False
    if len(unread) <= len(fresh) or not fresh:
        wanted: Iterable[str] = sorted(unread, key=in_order)
    else:
        found = fortnox.search_invoices(extraction, field, fresh)
        hits = {str(item.get("DocumentNumber")) for items in found.values() for item in items}
        wanted = sorted(hits & unread, key=in_order)
        _mark(store, extraction, field, list(found))
    fortnox.fetch_invoices(extraction, wanted)
    return bool(wanted)


def _by_order(extraction: Extraction, keys: list[str]) -> bool:
    """An invoice's OrderReference cannot be searched; the order tells its invoice."""
    fresh = [key for key in keys if not _is_old(extraction.store, "OrderReference", key)]
    unread: set[str] = set()
    orders = fortnox.fetch_orders(extraction, [key for key in fresh if key.isdigit()], unread)
    absent = [key for key in fresh if key not in orders and key not in unread]
    _mark(extraction.store, extraction, "OrderReference", absent)
    numbers = {str(order.get("InvoiceReference") or "0") for order in orders.values()} - {"0"}
    known = {row["DocumentNumber"] for row in extraction.store.rows(UNREAD)}
    fortnox.fetch_invoices(extraction, sorted(numbers & known, key=in_order))
    return bool(numbers & known)


def _is_old(store: Store, field: str, key: str) -> bool:
    """Whether the key was searched for, and no invoice has changed since."""
    return cursor(store, searched(field, key)) == newest_invoice(store)


def _mark(store: Store, extraction: Extraction, field: str, keys: list[str]) -> None:
    newest, now = newest_invoice(store), extraction.api.clock.now()
    for key in keys:
        move_cursor(store, searched(field, key), newest, now)
