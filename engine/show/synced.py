"""Shows what a sync brought, and which answers could not be read.

Reads the report of an extraction, gives a page and the same as data.
"""

from __future__ import annotations

from typing import Any

from ..errors import Finding
from ..extract.raw import Report
from ..extract.replay import OF_A_LINE
from .failure import finding_data
from .page import Page, Text, blank, count


def page(merchant: str, report: Report) -> Page:
    """How many answers, and each thing that a person should know of."""
    parts: Page = [Text(f"{count(report.answers, 'answer')} kept and read.")]
    parts += problems(report.findings)
    parts.append(Text(f"See what would be posted: qliro-fortnox plan {merchant}"))
    return parts


def problems(findings: list[Finding]) -> Page:
    """What could not be read; it is kept as it came, and the rest went on."""
    if not findings:
        return []
    head = f"{count(len(findings), 'thing')} could not be read; the rest went on:"
    told = [Text(_line(one), indent=2, style="yellow") for one in findings]
    return [Text(head, style="yellow"), *told, blank()]


def _line(finding: Finding) -> str:
    place = finding.place
    of = "line" if finding.code in OF_A_LINE else "entry"
    where = f"{place.path}, {of} {place.line}" if place.line else place.path
    return f"{where}: {finding.message} {finding.remedy}".rstrip()


def data(report: Report) -> dict[str, Any]:
    """The same for ``--json``."""
    return {"answers": report.answers, "findings": [finding_data(one) for one in report.findings]}
