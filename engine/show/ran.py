"""Shows what a run did: what was posted, what was refused or left open, and where to look next.

Reads the run's report, gives a page and the same as data. How the payouts stand is ``status``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..opened import RunReport
from ..plan.states import CLOSED
from .failure import finding_data
from .page import SHOWN_STATES, STYLES, Page, Text, count, listed, state_name
from .synced import problems


def page(merchant: str, report: RunReport) -> Page:
    """In a few lines: documents posted, lines by state, what needs a person."""
    delivery, new = report.delivery, _posted(report)
    parts: Page = problems(report.findings.findings)
    parts += [Text(one, style=STYLES["parked"]) for one in report.plan.problems]
    parts += [Text(f"Warning: {one}", style="yellow") for one in report.plan.warnings]
    told = f"Posted {count(len(new), 'document')} with {count(delivery.requests, 'request')}"
    parts.append(
        Text(f"{told}; adopted {len(delivery.adopted)}." if delivery.adopted else f"{told}.")
    )
    parts += [Text(f"Refused: {why}", style=STYLES["parked"]) for why in delivery.refused.values()]
    if delivery.unknown:
        parts.append(
            Text(
                f"{count(len(delivery.unknown), 'answer')} was lost; the next run looks whether "
                "the document is there before it sends anything again.",
                style=STYLES["waiting"],
            )
        )
    if delivery.stopped:
        parts.append(Text("Stopped before the end; the next run goes on from here."))
    counts = Counter(one.state for one in report.plan.line_states().values())
    told = _counted(counts)
    if told:
        parts.append(Text(f"Lines of open payouts: {told}."))
    elif not report.plan.payouts and report.plan.scope.payouts is None:
        parts.append(Text("No payout is open."))
    told = _counted(_states_of_orders(report))
    if told:
        parts.append(Text(f"Documents of open orders: {told}."))
    return [*parts, *_needs_a_person(merchant, report)]


def _counted(states: Mapping[str, int]) -> str:
    return listed(f"{states[one]} {state_name(one)}" for one in SHOWN_STATES if states[one])


def _needs_a_person(merchant: str, report: RunReport) -> Page:
    """How much, and where it is told: what could not even be planned is told by the run alone."""
    above = len(report.plan.problems)
    told = ((report.attention - above, f": qliro-fortnox status {merchant}"),
            (above, ", as told above."))  # fmt: skip
    return [
        Text(f"{n} {'item needs' if n == 1 else 'items need'} a person{where}", style="bold")
        for n, where in told
        if n
    ]


def _posted(report: RunReport) -> list[str]:
    """The actions that were done, without those whose document stood already."""
    adopted = set(report.delivery.adopted)
    return [one for one in report.delivery.done if one not in adopted]


def _states_of_orders(report: RunReport) -> Counter[str]:
    cases = {one.case for one in report.plan.orders.values()}
    return Counter(one.state for one in report.plan.outcomes if one.payout in cases)


def data(report: RunReport) -> dict[str, Any]:
    """The same for ``--json``."""
    delivery = report.delivery
    counts = Counter(one.state for one in report.plan.line_states().values())
    return {
        "exit_code": int(report.exit_code),
        "posted": _posted(report),
        "adopted": delivery.adopted,
        "refused": delivery.refused,
        "undecided": delivery.undecided,
        "unknown": delivery.unknown,
        "requests": delivery.requests,
        "stopped": delivery.stopped,
        "lines": dict(sorted(counts.items())),
        "later": delivery.later,
        "orders": dict(sorted(_states_of_orders(report).items())),
        "attention": report.attention,
        "oldest_open_line": _oldest(report),
        "calls": {api: dict(calls) for api, calls in report.calls.items()},
        "problems": report.plan.problems,
        "warnings": report.plan.warnings,
        "findings": [finding_data(one) for one in report.findings.findings],
    }


def _oldest(report: RunReport) -> str | None:
    """The day of the oldest payout with a line that is open."""
    payouts = report.plan.payouts
    days = [payouts[one.payout].date for one in report.plan.line_states().values()
            if one.state not in CLOSED and one.payout in payouts]  # fmt: skip
    return min(days).isoformat() if days else None
