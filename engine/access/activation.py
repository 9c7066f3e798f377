"""Whether a merchant is live: who made it so, and when, or what is missing.

Reads and writes ``ledger.activation``, append-only; the last row holds. A merchant whose file says
``test`` or ``sandbox`` needs no activation, and ends one that it had when it was live. A ``test``
posts nothing to the company that was live: Fortnox has one address for both.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..clock import STOCKHOLM
from ..merchant.load import Merchant
from ..store.database import Store
from ..webhooks.silence import silence
from .company import booked_company

# The flows that feed on Qliro's pushes.
PUSH_FED = ("orders", "invoices", "refunds")

LAST = "SELECT * FROM ledger.activation ORDER BY rowid DESC LIMIT 1"
EVER_LIVE = """
SELECT tenant FROM ledger.activation WHERE active AND environment = 'live'
"""
COLUMNS = ("noted_at", "who", "active", "environment", "tenant", "company", "reason")
# Who ended an activation by changing the file.
THE_FILE = "the merchant's file"


def last(store: Store) -> dict[str, Any] | None:
    """The last word on it, if there is any; a database of an earlier version has none."""
    if not store.has("ledger.activation"):
        return None
    rows = store.rows(LAST)
    return rows[0] if rows else None


def obstacle(store: Store, merchant: Merchant) -> str:
    """Why nothing may be written for the merchant, in a sentence; empty when something may."""
    if merchant.settings["environment"] == "test":
        return _was_live(store, merchant)
    if merchant.settings["environment"] != "live":
        return ""
    found = last(store)
    if found is None:
        return f"{merchant.name} is live and has not been activated"
    if not found["active"]:
        why = f", {found['reason']}" if found["reason"] else ""
        return f"{merchant.name} was deactivated by {found['who']} on {_moment(found)}{why}"
    company = booked_company(store)
    if company is None or company.tenant != found["tenant"]:
        return f"{merchant.name} was activated for {found['company']}, which is not its company now"
    return ""


def _was_live(store: Store, merchant: Merchant) -> str:
    company = booked_company(store) if last(store) else None
    if company is None or company.tenant not in {row["tenant"] for row in store.rows(EVER_LIVE)}:
        return ""
    return (
        f"{merchant.name} is test, and its database holds the books of a company that was live, "
        f"{company}"
    )


def told(store: Store, merchant: Merchant) -> str:
    """The same for who looks: since when it is live and who made it so, or what is missing; empty
    where there is nothing to tell."""
    if why := obstacle(store, merchant):
        return f"{why}: nothing is posted."
    if merchant.settings["environment"] != "live":
        return ""
    found = last(store) or {}
    return f"Live since {_moment(found)}, activated by {found['who']}."


def live_since(store: Store, merchant: Merchant) -> datetime | None:
    """When it was made live; None when it is not."""
    if merchant.settings["environment"] != "live" or obstacle(store, merchant):
        return None
    found = last(store)
    moment: datetime | None = found["noted_at"] if found else None
    return moment


def silence_of(store: Store, merchant: Merchant, now: datetime) -> str:
    """Why Qliro's pushes seem to have stopped, for a live merchant with a flow that feeds on them;
    else empty."""
    flows = merchant.settings["flows"]
    since = live_since(store, merchant) if any(flows[one] for one in PUSH_FED) else None
    return silence(store, since, now) if since else ""


def activate(store: Store, merchant: Merchant, who: str, now: datetime) -> None:
    """``who`` makes the merchant live, for the company whose books its database holds."""
    _record(store, merchant, who, now, "", active=True)


def deactivate(store: Store, merchant: Merchant, who: str, now: datetime, reason: str = "") -> bool:
    """``who`` stops it; whether it was live until now."""
    found = last(store)
    if found is None or not found["active"]:
        return False
    _record(store, merchant, who, now, reason, active=False)
    return True


def end_with_environment(store: Store, merchant: Merchant, now: datetime) -> None:
    """A merchant that is no longer ``live`` has to be activated anew when it is again."""
    environment = merchant.settings["environment"]
    if environment != "live":
        deactivate(store, merchant, THE_FILE, now, f"environment became {environment}")


def _record(
    store: Store, merchant: Merchant, who: str, now: datetime, reason: str, *, active: bool
) -> None:
    company = booked_company(store)
    row = (
        now,
        who,
        active,
        merchant.settings["environment"],
        company.tenant if company else None,
        str(company) if company else None,
        reason,
    )
    store.append("ledger.activation", [row], COLUMNS)


def _moment(found: dict[str, Any]) -> str:
    return f"{found['noted_at'].astimezone(STOCKHOLM):%Y-%m-%d %H:%M}"
