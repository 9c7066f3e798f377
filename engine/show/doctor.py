"""Shows what `doctor` found as a list to work through: errors, then warnings, then what is well.

Reads results, gives a page and the same as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from ..doctor.result import Result, worst_first
from .page import Page, Text, blank, count, heading, listed

STYLES = {"error": "red", "warning": "yellow", "ok": "green"}


def page(merchant: str, results: Sequence[Result], *, whole: bool = False) -> Page:
    """The list; what is well as one line, or with ``whole`` each for itself."""
    held = worst_first(results)
    parts: Page = []
    number = 0
    for severity in ("error", "warning"):
        if found := _together(held[severity]):
            parts.append(heading(f"{count(len(found), severity).capitalize()}:"))
            for one, checks in found:
                number += 1
                parts += _told(number, one, checks)
            parts.append(blank())
    parts += _well(held["ok"], whole=whole)
    if number:
        parts.append(Text(f"Work through it, then again: qliro-fortnox doctor {merchant}"))
    return parts


def _together(results: Iterable[Result]) -> list[tuple[Result, list[str]]]:
    """Each thing once, with the checks that found it: one that is down stops many."""
    found: dict[tuple[str, ...], tuple[Result, list[str]]] = {}
    for one in results:
        key = (one.severity, one.what, one.why, one.remedy, one.where)
        found.setdefault(key, (one, []))[1].append(one.check)
    return list(found.values())


def _told(number: int, one: Result, checks: Sequence[str]) -> Page:
    names = ", ".join(dict.fromkeys(checks))
    parts: Page = [Text(f"{number}. {one.what} [{names}]", style=STYLES[one.severity], hang=3)]
    for title, text in (("Why", one.why), ("Do", one.remedy), ("Where", one.where)):
        if text:
            parts.append(Text(f"{title}: {text}", indent=3, hang=len(title) + 2))
    return parts


def _well(results: Sequence[Result], *, whole: bool) -> Page:
    if not results:
        return []
    if whole:
        return [
            heading("Ok:"),
            *(Text(f"{one.what} [{one.check}]", indent=3, style=STYLES["ok"]) for one in results),
            blank(),
        ]
    names = listed(dict.fromkeys(one.check for one in results))
    return [Text(f"Ok: {names}.", style=STYLES["ok"], hang=4)]


def data(merchant: str, results: Sequence[Result]) -> dict[str, Any]:
    """The same for ``--json``."""
    held = worst_first(results)
    return {
        "merchant": merchant,
        "ok": not held["error"] and not held["warning"],
        "errors": len(held["error"]),
        "warnings": len(held["warning"]),
        "results": [asdict(one) for one in results],
    }
