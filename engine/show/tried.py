"""Shows what becomes of an item: its documents as they would be sent, each value with its rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..json_text import encode
from ..personal import known_as
from ..workbench.trying import Tried, Verdict
from .page import Page, Text, blank, heading, listed


def page(ref: str, found: Sequence[Tried]) -> Page:
    """The documents as a page."""
    if not found:
        return [Text(f"No mapping of the flows that are on makes anything of {ref}.")]
    parts: Page = []
    for one in found:
        parts.append(heading(f"{one.mapping} {known_as(one.source)}: {one.state}"))
        parts.append(Text(_said(one), 2, hang=2))
        if one.place:
            parts.append(Text(f"by {one.place}", 2))
        if one.document and one.values:
            for value in one.values:
                parts.append(Text(f"{value.field}: {encode(value.value)}", 4, hang=4))
                parts.append(Text(f"{value.rule}  ({value.place})".strip(), 8, style="dim"))
        elif one.document:
            parts += [Text(f"{name}: {encode(value)}", 4, hang=4)
                      for name, value in one.document.items()]  # fmt: skip
        parts += [blank(), *_checks(one.checks), blank()]
    return parts


def _said(one: Tried) -> str:
    then = f" As decided {one.at[:16].replace('T', ' ')}, when it was posted." if one.posted else ""
    if one.as_if:
        then += f" As if {listed(one.as_if)} stood, which this plan makes."
    if one.unknown:
        then += f" What follows from it can't be shown: {one.unknown}."
    return f"{one.reason[:1].upper()}{one.reason[1:]}.{then}" if one.reason else then.strip()


def _checks(checks: Sequence[Verdict]) -> Page:
    if not checks:
        return []
    failing = [one for one in checks if one.holds is False]
    holding = sum(one.holds is True for one in checks)
    told: Page = [Text(f"{holding} of {len(checks)} checks hold.", 2)]
    told += [Text(f"{one.id or 'check'} does not hold ({one.place})", 4) for one in failing]
    return told


def data(ref: str, found: Sequence[Tried]) -> dict[str, Any]:
    """The same for machines."""
    return {"ref": ref, "documents": [asdict(one) for one in found]}
