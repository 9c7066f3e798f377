"""Whether the answers that are still to be staged say anything at all: most of an idle run do not.

Reads ``raw.answer``. An answer says nothing that repeats the one before it to the same call, and
one that is the list of what changed, and is empty: no table is other for it. An order is as new as
the answer that repeats it.
"""

from __future__ import annotations

from typing import Any

from .. import json_text
from ..store.database import Store
from ..transport.endpoints import ENDPOINTS

# Lists of what changed since, or lies in a period: one entry is one row. Registers are replaced as
# a whole, and what a batch no longer lists has vanished: of those an empty list says a lot.
CHANGES = ("settlement_batches", "invoices", "orders", "customers", "articles",
           "invoice_payments", "vouchers")  # fmt: skip
KEYS = {one.name: one.key for one in ENDPOINTS if one.name in CHANGES}
# What is looked at: more, or longer ones, say something.
MOST, LONGEST = 200, 1_000

NEW = f"""
-- The answers that are to be staged, without the bodies of long ones.
SELECT
    endpoint,
    status,
    problem,
    strlen(body) AS bytes,
    CASE WHEN strlen(body) <= {LONGEST} THEN body END AS body,
    noted_at < (SELECT max(noted_at) FROM raw.answer WHERE seq <= $staged AND status = 200) AS late
FROM raw.answer
WHERE seq > $staged AND seq <= $newest
LIMIT {MOST + 1}
"""


def says_nothing(store: Store, staged: int, newest: int) -> bool:
    """Whether none of the answers after ``staged`` up to ``newest`` says anything."""
    if not staged or newest - staged > MOST:
        return False
    return all(map(_is_empty, store.rows(NEW, {"staged": staged, "newest": newest})))


def _is_empty(row: dict[str, Any]) -> bool:
    if row["status"] != 200 or row["problem"] is not None or row["late"]:
        return False
    if not row["bytes"]:
        return bool(row["endpoint"] != "order")
    if row["endpoint"] not in KEYS or row["body"] is None:
        return False
    content = json_text.decode(row["body"])
    return isinstance(content, dict) and content.get(KEYS[row["endpoint"]]) == []
