"""How the sandbox's Qliro writes enums, moments and errors, by the world's conventions.

It reads and writes nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from ..world.exchange import Response, answered
from ..world.world import STOCKHOLM, Conventions

UNKNOWN_ENUM: Final = 7


def refused(status: int, code: str, message: str) -> Response:
    """An error as Qliro words it; the reference is made from the error itself."""
    reference = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{code} {message}"))
    body = {"ErrorCode": code, "ErrorMessage": message, "ErrorReference": reference}
    return answered(body, status)


def enum(name: str, names: Sequence[str], conventions: Conventions, ordinal: int) -> str | int:
    """An enum as this Qliro writes it: its name, its place among the names, or both in turn."""
    integers = conventions.enums == "integers" or (conventions.enums == "mixed" and ordinal % 2)
    if not integers:
        return name
    return names.index(name) if name in names else UNKNOWN_ENUM


def stamp(moment: datetime | date, conventions: Conventions, ordinal: int) -> str:
    """A moment or a day as this Qliro writes it: naive in Swedish time, or in UTC with a zone."""
    zoned = conventions.timestamps == "zoned" or (conventions.timestamps == "mixed" and ordinal % 2)
    if not isinstance(moment, datetime):
        return f"{moment.isoformat()}T00:00:00" + ("+00:00" if zoned else "")
    if zoned:
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return moment.astimezone(STOCKHOLM).replace(tzinfo=None).isoformat(timespec="milliseconds")
