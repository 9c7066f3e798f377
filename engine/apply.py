"""Carries out a saved plan, if the world still is as it was when the plan was made.

Reads the plan file's data, fetches what is new and plans again; what differs makes the plan stale.
Writes what delivery writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .plan.payout_rows import still_known
from .plan.saved import of_its_own_merchant, still_good
from .scope import Scope
from .session import RunReport, Session, carry_out, plan, recover, sync


def apply(session: Session, saved: Mapping[str, Any]) -> RunReport:
    """Recover, sync, plan the same payouts and orders again, and deliver what the saved plan holds.

    Raises StalePlanError, naming what moved, before anything is sent.
    """
    of_its_own_merchant(saved, session.merchant.name)
    payouts, orders = tuple(saved["payouts"]), tuple(saved["orders"])
    recover(session)
    findings = sync(session, Scope(payouts, orders))
    known = still_known(session.store, session.program, payouts)
    made = plan(session, findings, Scope(tuple(known), orders))
    good = still_good(session.store, saved, made, session.merchant.name)
    return carry_out(session, good, findings, follow=False)
