"""Makes ready for going live: the preflight, a push through the public address, a dry run.

Reads the merchant and asks both APIs; writes what a sync writes, and posts nothing. Whoever calls
shows what is found, and a person decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from ..access.activation import PUSH_FED
from ..access.company import booked_company
from ..extract.raw import Report
from ..opened import Session
from ..plan.model import Plan
from ..session import plan, sync
from ..webhooks.self_test import try_push
from .examine import examine
from .result import Result

OnProgress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found. ``pushed`` is whether a push was sent and arrived, None where no flow feeds
    on pushes; ``plan`` is what the first run would post, None where errors stand before it, and
    ``company`` where."""

    results: list[Result]
    pushed: bool | None = None
    plan: Plan | None = None
    company: str = ""
    findings: Report = field(default_factory=Report)

    @property
    def errors(self) -> int:
        """How many of the results are errors."""
        return sum(one.severity == "error" for one in self.results)


def prepare(session: Session, transport: httpx.BaseTransport | None = None) -> Preflight:
    """The preflight without errors, then a test push, then a dry run; each only after the other.

    ``transport`` stands in for the network. Raises FileError and UsageError when no push arrives,
    AccessError and UnavailableError.
    """
    merchant = session.merchant
    results = examine(
        merchant, session.clock, transport, state=session.store, on_progress=session.tell
    )
    found = Preflight(results)
    if found.errors:
        return found
    pushed = None
    if any(merchant.settings["flows"][one] for one in PUSH_FED):
        try_push(merchant, session.clock, transport)
        pushed = True
    findings = sync(session)
    made = plan(session, findings)
    company = booked_company(session.store)
    return Preflight(results, pushed, made, f"{company}" if company else "", findings)
