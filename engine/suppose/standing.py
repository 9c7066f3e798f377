"""Orders and invoices as a page of Fortnox shows them, out of what is staged of them.

Reads staged tables and the ledger; gives for each number the fields that staging reads of a page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..store.database import Store

Page = dict[str, Any]

ORDERS = """
SELECT o.* EXCLUDE (raw_seq, as_of), d.* EXCLUDE (DocumentNumber, raw_seq), sent.included
FROM fortnox."order" AS o
LEFT JOIN fortnox.order_detail AS d ON d.DocumentNumber = o.DocumentNumber
LEFT JOIN (
    -- Whether its prices hold VAT shows in what was sent alone.
    SELECT s.number, max(a.document ->> 'VATIncluded') = 'true' AS included
    FROM ledger.step AS s
    JOIN ledger.intent AS a ON a.action = s.action AND a.target = 'fortnox.order'
    WHERE s.step = 'create' AND s.event IN ('done', 'found')
    GROUP BY s.number
) AS sent ON sent.number = o.DocumentNumber
WHERE list_contains(?, o.DocumentNumber)
"""
ORDER_ROWS = """
SELECT * EXCLUDE (raw_seq) FROM fortnox.order_row
WHERE list_contains(?, DocumentNumber)
ORDER BY position
"""
INVOICES = """
SELECT i.* EXCLUDE (raw_seq, as_of), d.* EXCLUDE (DocumentNumber, raw_seq)
FROM fortnox.invoice AS i
LEFT JOIN fortnox.invoice_detail AS d ON d.DocumentNumber = i.DocumentNumber
WHERE list_contains(?, i.DocumentNumber)
"""
INVOICE_ROWS = """
SELECT * EXCLUDE (raw_seq) FROM fortnox.invoice_row
WHERE list_contains(?, DocumentNumber)
ORDER BY position
"""


def orders(store: Store, numbers: Iterable[str]) -> dict[str, Page]:
    """Orders by number, with ``OrderRows`` and, of those that this program made, VATIncluded."""
    found = _pages(store, ORDERS, ORDER_ROWS, "OrderRows", numbers)
    for page in found.values():
        page["VATIncluded"] = page.pop("included")
    return found


def invoices(store: Store, numbers: Iterable[str]) -> dict[str, Page]:
    """Invoices by number, with ``InvoiceRows``."""
    return _pages(store, INVOICES, INVOICE_ROWS, "InvoiceRows", numbers)


def _pages(
    store: Store, heads: str, rows: str, name: str, numbers: Iterable[str]
) -> dict[str, Page]:
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    pages = {row["DocumentNumber"]: {**row, name: []} for row in store.rows(heads, [wanted])}
    for row in store.rows(rows, [wanted]):
        if row["DocumentNumber"] in pages:
            pages[row.pop("DocumentNumber")][name].append(row)
    return pages
