"""The reports that a run writes by itself: of each month whose payouts have changed since.

Reads when payouts, the books' proof and the bank's statements were last noted, and when the files
were written; writes each file whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...report.payouts.gather import gather, month_of
from ...report.payouts.model import Period
from ...store.database import Store
from .html import MOST_LINES
from .write import Form, write

MONTHS = """
-- The months of payouts, and when something was last noted of them.
SELECT strftime(BatchDate, '%Y-%m') AS month, max(noted_at) AS noted_at
FROM ledger.payout_state
GROUP BY month
ORDER BY month
"""
PROVED = """
SELECT max(noted_at) FROM (
    SELECT noted_at FROM ledger.books UNION ALL SELECT noted_at FROM ledger.bank_statement
)
"""


def monthly(
    store: Store, merchant: str, settings: Mapping[str, Any], now: datetime, into: Path
) -> Sequence[Path]:
    """Write ``<month>.<form>`` in a folder for each month that has changed; what was written."""
    asked = settings["reports"]
    proved: datetime | None = store.value(PROVED)
    found: list[Path] = []
    for row in store.rows(MONTHS):
        month = row["month"]
        changed = max(row["noted_at"], proved) if proved else row["noted_at"]
        old = [form for form in asked["formats"] if not _is_newer(into, month, form, changed)]
        if not old:
            continue
        report = gather(store, merchant, settings, now, Period(month, *month_of(month)))
        for name in old:
            form: Form = "folder" if name == "html" and report.rows > MOST_LINES else name
            target = into / (month if form == "folder" else f"{month}.{name}")
            found.append(write(store, report, asked["language"], form, target)[0])
    return found


def _is_newer(into: Path, month: str, form: str, changed: datetime) -> bool:
    """Whether a month's report was written after that moment."""
    for path in (into / f"{month}.{form}", *([into / month / "index.html"] * (form == "html"))):
        try:
            written_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:
            continue
        if written_at > changed:
            return True
    return False
