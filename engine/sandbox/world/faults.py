"""Declared troubles of the wire: which request goes wrong, how, and whether it took effect.

A fault is planned on the world and used up as requests come; it reads a request and writes only
its own count. ``answer`` carries faults out, the transport and the server make them felt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from .exchange import Request
from .world import World

KINDS: Final = {
    "drop_before": "connection closed, nothing done",
    "drop_after": "done, but the connection is closed without an answer",
    "timeout_before": "no answer in time, nothing done",
    "timeout_after": "done, but no answer in time",
    "kill_before": "the caller is killed before anything is done",
    "kill_after": "done, then the caller is killed before it reads the answer",
    "500_before": "HTTP 500, nothing done",
    "500_after": "done, but HTTP 500",
    "truncated": "done, but only half of the JSON arrives",
    "429": "HTTP 429 with an empty body, nothing done",
    "html": "done, but HTTP 200 with an HTML page",
    "empty": "done, but HTTP 200 with an empty body",
    "late_effect": "no answer in time; done only ``seconds`` later on the world's clock",
    "not_json_error": "HTTP 400 with a body that is not JSON, nothing done",
}
LOST: Final = frozenset(
    {
        "drop_before",
        "drop_after",
        "timeout_before",
        "timeout_after",
        "kill_before",
        "kill_after",
        "late_effect",
    }
)
WITHOUT_EFFECT: Final = frozenset(
    {
        "drop_before",
        "timeout_before",
        "kill_before",
        "500_before",
        "429",
        "not_json_error",
        "late_effect",
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A trouble for ``times`` requests, beginning with the ``nth`` that matches.

    ``method`` and ``path`` (a regular expression, searched) narrow which requests count; without
    them all to either API do. ``seconds`` is how late a ``late_effect`` comes on the world's clock;
    ``hold`` for how long, at most, a connection without an answer is kept open over the socket.
    """

    kind: str
    nth: int = 1
    times: int = 1
    method: str | None = None
    path: str = ""
    seconds: float = 60.0
    hold: float = 30.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        re.compile(self.path)


@dataclass(slots=True)
class Planned:
    """A fault with the number of matching requests that it has seen."""

    fault: Fault
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of a response: the caller gets none, for this fault."""

    fault: Fault


def plan(world: World, *faults: Fault) -> None:
    """Adds faults to the world's plan."""
    with world.lock:
        world.faults.extend(Planned(fault) for fault in faults)


def clear(world: World) -> None:
    """Forgets all planned faults."""
    with world.lock:
        world.faults.clear()


def fault_for(world: World, request: Request) -> Fault | None:
    """The fault that strikes this request; each matching plan counts it, the first due wins."""
    struck: Fault | None = None
    for planned in world.faults:
        fault = planned.fault
        if fault.method not in (None, request.method):
            continue
        if fault.path and not re.search(fault.path, request.path):
            continue
        planned.seen += 1
        if struck is None and fault.nth <= planned.seen < fault.nth + fault.times:
            struck = fault
    return struck


def fault_from(fields: Mapping[str, object]) -> Fault:
    """A fault from JSON, by the names of ``Fault``; ``ValueError`` if it is none."""
    unknown = sorted(set(fields) - set(Fault.__dataclass_fields__))
    if unknown:
        raise ValueError(f"unknown keys of a fault: {', '.join(unknown)}")
    return msgspec.convert(fields, Fault)
