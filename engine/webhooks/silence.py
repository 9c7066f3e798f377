"""Whether Qliro's pushes have fallen silent: payouts show orders that none of them announced.

Reads the drained pushes and the settlement lines; writes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..clock import STOCKHOLM
from ..store.database import Store

# Qliro sends a push again at once when it was not taken, so a day without any is long.
SILENT_AFTER = timedelta(days=1)

LAST_PUSH = "SELECT max(received_at) FROM raw.push"
UNANNOUNCED = """
-- Orders that were captured on a day after the last push, and that no push ever told of.
SELECT count(DISTINCT l.OrderId) AS orders, min(l.OrderId) AS example
FROM qliro.settlement_line AS l
JOIN qliro.settlement_batch AS b ON b.Id = l.Id
WHERE l.Status = 'Accepted' AND NOT l.vanished AND l.Action = 'Debit' AND l.OrderId IS NOT NULL
  AND coalesce(l.TransactionCompletedDate, b.BatchDate) > ?::DATE
  AND l.OrderId NOT IN (SELECT OrderId FROM raw.push)
"""


def silence(store: Store, since: datetime, now: datetime) -> str:
    """A sentence when pushes should have come since the last one, or since the merchant is live
    (``since``); else empty."""
    heard = store.value(LAST_PUSH)
    last = max(heard, since) if heard is not None else since
    if now - last < SILENT_AFTER:
        return ""
    row = store.rows(UNANNOUNCED, [last.astimezone(STOCKHOLM).date()])[0]
    if not row["orders"]:
        return ""
    orders = f"order {row['example']}" if row["orders"] == 1 else (
        f"{row['orders']} orders, {row['example']} among them,"
    )  # fmt: skip
    moment = f"{last.astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"
    return (
        f"Qliro's pushes have fallen silent: none has come since {moment}, but payouts show "
        f"{orders} that none announced. Check that the receiver runs and is reached, and that "
        "orders are made with its addresses (`webhooks --help` says how)."
    )
