"""Carries out a saved plan, if the world still is as it was when the plan was made.

Reads the plan file's data, fetches what is new and plans again; what differs makes the plan stale.
Writes what delivery writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.plan.payouts import still_known
from engine.plan.saved import of_its_own_merchant, still_good
from engine.session import RunReport, Session, carry_out, plan, recover, sync


def apply(session: Session, saved: Mapping[str, Any]) -> RunReport:
    """Recover, sync, plan the same payouts again, and deliver what the saved plan holds.

    Raises StalePlanError, naming what moved, before anything is sent.
    """
    of_its_own_merchant(saved, session.merchant.name)
    payouts = list(saved["payouts"])
    recover(session)
    findings = sync(session, payouts)
    made = plan(session, findings, still_known(session.store, session.program, payouts))
    good = still_good(session.store, saved, made, session.merchant.name)
    return carry_out(session, good, findings, follow=False)
