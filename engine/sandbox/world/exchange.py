"""One HTTP exchange as the sandbox sees it: what was asked, what is answered, and JSON with money.

It reads and writes nothing; both doubles, the server and the in-process transport speak in these.
Money leaves as JSON numbers with exact decimals and comes in as ``Decimal``, never as a float.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

JSON: Final = "application/json; charset=utf-8"
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived: ``headers`` by lower-case name, ``query`` still encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; ``effect`` names what the request changed, None when it changed nothing.

    ``location`` is where a redirect leads.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    effect: str | None = None
    location: str = ""


def dated(moment: datetime) -> str:
    """A moment as the header ``Date`` tells it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parameters(query: str) -> dict[str, list[str]]:
    """The query's parameters by name; a repeated name keeps all its values, blanks included."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found


def encoded(content: object) -> bytes:
    """``content`` as JSON bytes; a ``Decimal`` becomes a JSON number with all its digits."""
    return _ENCODER.encode(content)


def decoded(body: bytes) -> Any:
    """JSON bytes as Python values, fractions as ``Decimal``; ``ValueError`` if it isn't JSON."""
    return _DECODER.decode(body)


def answered(content: object, status: int = 200, effect: str | None = None) -> Response:
    """A JSON answer."""
    return Response(status, encoded(content), effect=effect)
