"""Shows one raw answer: which call it is to, and its body, a value a line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from ..workbench.answer import Answer, decoded
from .page import Page, Text, blank, heading, moment


def page(one: Answer) -> Page:
    """The answer as a page."""
    query = f"?{one.query}" if one.query else ""
    parts: Page = [
        heading(f"Answer {one.number} of {one.system}, {moment(one.noted_at)}"),
        Text(f"{one.method} {one.path}{query}: {one.status} ({one.origin})", 2, hang=2),
    ]
    if one.same_as is not None:
        parts.append(Text(f"It is the same as answer {one.same_as}.", 2))
    if one.problem:
        parts.append(Text(f"It could not be read: {one.problem}", 2, hang=2))
    if one.path_in:
        parts.append(Text(f"{one.path_in}:", 2))
    return [*parts, blank(), *(Text(line, hang=8) for line in _lines(one.body))]


def _lines(body: str) -> list[str]:
    if not body:
        return ["It has no body."]
    try:
        return msgspec.json.format(body, indent=2).splitlines()
    except msgspec.DecodeError:
        return body.splitlines()


def data(one: Answer) -> dict[str, Any]:
    """The same for machines."""
    return {**asdict(one), "body": decoded(one)}
