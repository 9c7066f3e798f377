"""Payments of ours that somebody took away in Fortnox: an invoice that is open again tells of them.

Reads the invoices that were listed anew, and asks Fortnox for the payment that had settled each;
writes into the ledger that what became of it is for a person to decide, and opens its payout.
"""

from __future__ import annotations

from datetime import datetime

from ..extract.ask import Extraction, ask_all
from ..extract.raw import Call
from ..language.targets import target
from ..ordering import sql_order
from ..store.database import Store
from ..store.ledger import Event, record

PAYMENT = "fortnox.invoice_payment"

SUSPECTS = f"""
-- Payments that stand, on invoices that were read since and are not settled by them.
WITH suspect AS MATERIALIZED (
    SELECT DISTINCT
        l.payout, l.delivery AS action, l.number, l.document, i.Balance, i.Currency, i.as_of
    FROM fortnox.invoice AS i
    JOIN ledger.line_state AS l ON l.document = i.DocumentNumber
    WHERE i.raw_seq > $staged AND NOT i.Cancelled AND sign(i.Balance) = sign(i.Total)
      AND i.Balance <> 0 AND l.state = 'posted' AND l.number IS NOT NULL
)
SELECT s.*
FROM suspect AS s
WHERE s.action IN (SELECT action FROM ledger.action WHERE target = $target)
  AND s.as_of > (SELECT max(noted_at) FROM ledger.event AS e WHERE e.action = s.action)
ORDER BY {sql_order('s.action')}
"""
STEPS = "SELECT step FROM ledger.event WHERE action = ? GROUP BY step ORDER BY min(seq)"
REOPENED = """
-- The last proof of a payout once more, not closed: it is planned again.
INSERT INTO ledger.proof BY NAME
SELECT * REPLACE ($at AS noted_at, $run AS run, false AS closed)
FROM ledger.proof
WHERE payout = $payout
ORDER BY rowid DESC
LIMIT 1
"""


def note_gone(extraction: Extraction, run: str, staged: int) -> int:
    """Look for payments of which an answer after ``staged`` tells that they may have gone; how many
    have. Raises UnavailableError and AccessError."""
    store, now = extraction.store, extraction.api.clock.now()
    suspects = store.rows(SUSPECTS, {"staged": staged, "target": PAYMENT})
    calls = [Call(f"/3/invoicepayments/{one['number']}") for one in suspects]
    gone = [
        (one["payout"], one["action"],
         f"{target(PAYMENT).told(one['number'])} is not in Fortnox any more, and invoice "
         f"{one['document']} is open by {one['Balance']:.2f} {one['Currency']}: somebody took it "
         "away. Retry it, or enter it there again and name its number")
        for one, kept in zip(suspects, ask_all(extraction, calls), strict=True)
        if kept.status == 404
    ]  # fmt: skip
    with store.transaction():
        for payout, action, why in gone:
            _reopen(store, run, now, payout, action, why)
    return len(gone)


def _reopen(store: Store, run: str, now: datetime, payout: str, action: str, why: str) -> None:
    steps = [row["step"] for row in store.rows(STEPS, [action])]
    record(store, run, now, *(Event(action, step, "undecided", note=why) for step in steps))
    store.execute(REOPENED, {"at": now, "run": run, "payout": payout})
