"""Finds documents in Fortnox that carry references of this program's orders and were not made here.

Another connector that makes orders or invoices too would double them; the run says so. Reads the
staged orders of Qliro and documents of Fortnox and the ledger; writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ordering import sql_order
from ..store.database import Store
from ..store.narrow import invoices

MOST_NAMED = 5  # documents that the warning names

# Of both kinds those that stand, by the field that carries the reference. An invoice that somebody
# made of an order of ours is no stranger, nor is a credit invoice.
STRANGERS = f"""
WITH ours AS (
    SELECT s.number, a.target = 'fortnox.order' AS is_order
    FROM ledger.step AS s
    JOIN ledger.action AS a ON a.action = s.action
    WHERE s.number IS NOT NULL
      AND a.target IN ('fortnox.order', 'fortnox.invoice', 'fortnox.order_invoice')
),
standing AS (
    SELECT 'order' AS kind, DocumentNumber, "{{field}}" AS reference
    FROM fortnox.order_view
    WHERE NOT Cancelled AND DocumentNumber NOT IN (SELECT number FROM ours WHERE is_order)
    UNION ALL
    SELECT 'invoice', DocumentNumber, "{{field}}"
    FROM {invoices("SELECT DocumentNumber FROM fortnox.invoice", ())}
    WHERE NOT Cancelled
      AND Total > 0
      AND DocumentNumber NOT IN (SELECT number FROM ours WHERE NOT is_order)
      AND DocumentNumber NOT IN (
          SELECT d.InvoiceReference
          FROM fortnox.order_detail AS d
          JOIN ours ON is_order AND ours.number = d.DocumentNumber
          WHERE d.InvoiceReference IS NOT NULL
      )
),
carried AS (
    SELECT CASE WHEN $merchant THEN o.MerchantReference ELSE o.OrderId::VARCHAR END AS reference
    FROM qliro."order" AS o
    JOIN qliro.order_sum AS h ON h.OrderId = o.OrderId
    WHERE h.OrderDate >= $first
)
SELECT DISTINCT kind, DocumentNumber
FROM standing
WHERE reference IN (
    SELECT reference FROM carried UNION ALL SELECT $prefix || reference FROM carried
)
ORDER BY kind DESC, {{order}}
"""


def strangers(store: Store, settings: Mapping[str, Any]) -> list[str]:
    """The warning, if there is anything to warn of."""
    if settings["orders_from"] is None:
        return []
    found = store.rows(
        STRANGERS.format(
            field=settings["payout_reference_field"], order=sql_order("DocumentNumber")
        ),
        {
            "merchant": settings["use_merchant_reference"],
            "prefix": settings["payment_reference_prefix"],
            "first": settings["orders_from"],
        },
    )
    if not found:
        return []
    named = ", ".join(f"{row['kind']} {row['DocumentNumber']}" for row in found[:MOST_NAMED])
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return [
        f"documents in Fortnox that this program did not make carry references of its orders: "
        f"{named}{more}. If another connector makes orders or invoices too, only one of them may"
    ]
