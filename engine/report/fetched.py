"""What a reference stands for that no line, payout or order of the ledger goes by.

Reads what was fetched of Qliro and Fortnox, and writes nothing.
"""

from __future__ import annotations

from ..errors import UsageError
from ..ordering import sql_order
from ..store.database import Store

KINDS = (
    "Give a payout, line, order, transaction, invoice, payment, voucher, article or customer "
    "number, or a reference; `status` lists what there is."
)

STANDS_FOR = """
-- What has a history here and is meant by another number of Qliro's: the order of any of its
-- transactions, the payout of a batch by its BatchId.
SELECT s.OrderId AS ref
FROM qliro.transaction AS t
JOIN ledger.order_state AS s ON s.OrderId = t.OrderId::VARCHAR
WHERE t.PaymentTransactionId::VARCHAR = $ref
UNION ALL
SELECT p.payout
FROM qliro.settlement_batch AS b
JOIN ledger.payout_state AS p ON list_contains(string_split(p.batches, ', '), b.Id::VARCHAR)
WHERE b.BatchId = $ref
LIMIT 1
"""

FETCHED = f"""
-- What carries this reference without a history: of Qliro what no run has planned, of Fortnox what
-- no document here is. ``look`` is what to ask for instead.
SELECT * FROM (
    SELECT 1 AS place, 'Payout ' || Id AS named, 'Qliro' AS of, NULL AS look
    FROM qliro.settlement_batch WHERE $ref IN (Id::VARCHAR, BatchId)
    UNION ALL
    SELECT 2, 'Order ' || OrderId, 'Qliro', NULL
    FROM qliro."order" WHERE $ref IN (OrderId::VARCHAR, MerchantReference)
    UNION ALL
    SELECT 3, 'Line ' || line || ' of payout ' || Id, 'Qliro', NULL
    FROM qliro.settlement_line
    WHERE $ref IN (line, OrderId::VARCHAR, PaymentTransactionId::VARCHAR, MerchantOrderReference)
    UNION ALL
    SELECT 4, 'Transaction ' || PaymentTransactionId || ' of order ' || OrderId, 'Qliro', NULL
    FROM qliro.transaction WHERE PaymentTransactionId::VARCHAR = $ref
    UNION ALL
    SELECT 5, 'Order ' || DocumentNumber, 'Fortnox', NULL
    FROM fortnox."order"
    WHERE $ref IN (DocumentNumber, ExternalInvoiceReference1, ExternalInvoiceReference2)
    UNION ALL
    SELECT 6, 'Payment ' || Number || ' of invoice ' || InvoiceNumber, 'Fortnox', InvoiceNumber
    FROM fortnox.invoice_payment WHERE Number = $ref
    UNION ALL
    SELECT 7, 'Customer ' || CustomerNumber, 'Fortnox', NULL
    FROM fortnox.customer WHERE CustomerNumber = $ref
    UNION ALL
    SELECT 8, 'Article ' || ArticleNumber, 'Fortnox', NULL
    FROM fortnox.article WHERE ArticleNumber = $ref
)
ORDER BY place, {sql_order('named')}
LIMIT 1
"""


def stands_for(store: Store, ref: str) -> str | None:
    """The order or payout with a history that is meant by another of Qliro's numbers."""
    meant: str | None = store.value(STANDS_FOR, {"ref": ref})
    return meant


def only_fetched(store: Store, ref: str) -> UsageError:
    """What to say of a reference that has no history here: that it is known, or that it is not."""
    found = next(iter(store.rows(FETCHED, {"ref": ref})), None)
    if found is None:
        return UsageError(f"Nothing here carries {ref!r}.", KINDS)
    if found["of"] == "Qliro":
        return UsageError(
            f"{found['named']} was fetched from Qliro, and nothing is planned of it.",
            "`plan` shows what would become of it, and `run` keeps that; what is older than "
            "payouts_from or orders_from stays with whatever booked it then.",
        )
    look = f"`explain {found['look']}` tells of that invoice." if found["look"] else \
        "Look at it in Fortnox."  # fmt: skip
    return UsageError(f"{found['named']} is in Fortnox, and nothing here made it.", look)
