"""What an overlay changes of its set, for people and for ``--json``: each value before and after.

Reads the changes that were noted when the overlay was laid; gives lines, and data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import Place
from ..language.laid import Change

LONGEST = 88  # characters of a value in a line; --json has it whole


def data(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Each change: what the set has there, and where; what the overlay has, where and why."""
    return [
        {
            "operation": one.operation,
            "key": str(one),
            "before": one.before,
            "before_origin": _origin(one.before_place),
            "after": one.after,
            "origin": _origin(one.place),
            "because": one.because,
        }
        for one in changes
    ]


def lines(changes: Sequence[Change]) -> Iterator[str]:
    """The same as text, one change after the other."""
    if not changes:
        yield "The overlay changes nothing."
        return
    many = "1 value" if len(changes) == 1 else f"{len(changes)} values"
    yield f"The overlay says {many} otherwise than the set:"
    for one in changes:
        yield f"  {one.operation:<8}  {one}  ({_origin(one.place)})"
        if one.before_place:
            yield f"    set      {_shown(one.before)}  ({_origin(one.before_place)})"
        if one.operation != "removed" and one.path:
            yield f"    overlay  {_shown(one.after)}"
        if one.because:
            yield f"    because  {one.because}"


def _origin(place: Place | None) -> str | None:
    return f"{place.path}:{place.line}" if place else None


def _shown(value: Any) -> str:
    from .. import json_text  # noqa: PLC0415  only where something is shown

    text = value if isinstance(value, str) else json_text.encode(value)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
