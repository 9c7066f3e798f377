"""A push of Qliro's: what is read of its body, and the line that is kept of it.

Reads the body that a caller sent, which may hold anything, and lines of the inbox. Kept are the
order, what is said of it and when: enough to know whom to ask, and nothing about people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

CHECKOUT, ORDER_MANAGEMENT, UPSELL = "checkout-status", "order-management", "upsell"
# The last step of an address; pushes about upsell come to the one for checkout status.
ADDRESSES = (CHECKOUT, ORDER_MANAGEMENT)
# The status of a push of our own, which proves that the public address leads here.
SELF_TEST = "QliroFortnoxTrial"
# Ids are Long in Qliro's document.
LARGEST = 2**63 - 1
_WORD = re.compile(r"[A-Za-z0-9_]{1,40}")
_TIME = re.compile(r"[0-9T:.+Z -]{1,40}")


@dataclass(frozen=True, slots=True)
class Push:
    """What one push said. ``kind`` is one of ``checkout-status``, ``order-management``, ``upsell``.

    ``timestamp`` is Qliro's text, with or without a zone; ``received_at`` is ours, in UTC.
    """

    received_at: datetime
    kind: str
    order_id: int
    status: str | None = None
    payment_type: str | None = None
    payment_transaction_id: int | None = None
    timestamp: str | None = None


class _Body(msgspec.Struct, rename="pascal"):
    """The fields that are looked at; all others are skipped unread."""

    order_id: int | str
    status: Any = None
    payment_type: Any = None
    payment_transaction_id: Any = None
    timestamp: Any = None
    notification_type: Any = None


_BODY = msgspec.json.Decoder(_Body)
_LINE = msgspec.json.Decoder(Push)


def read_push(body: bytes, address: str, received_at: datetime) -> Push:
    """The push of a body that came to ``address``, one of ``ADDRESSES``.

    Raises ValueError, which quotes nothing, when it is not a JSON object with an OrderId.
    """
    try:
        sent = _BODY.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ValueError("not JSON with an OrderId") from None
    order_id = _id(sent.order_id)
    if order_id is None:
        raise ValueError("no OrderId")
    is_upsell = address == CHECKOUT and sent.notification_type == "UpsellStatus"
    return Push(
        received_at,
        UPSELL if is_upsell else address,
        order_id,
        _fitting(_WORD, sent.status),
        _fitting(_WORD, sent.payment_type),
        _id(sent.payment_transaction_id),
        _fitting(_TIME, sent.timestamp),
    )


def line_of(push: Push) -> bytes:
    """The line of the inbox, with its end."""
    return msgspec.json.encode(push) + b"\n"


def read_line(line: bytes) -> Push | None:
    """The push of a line of the inbox; None when the line is not one, as after a disk's fault."""
    try:
        return _LINE.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _id(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    is_id = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST
    return value if is_id else None


def _fitting(pattern: re.Pattern[str], value: Any) -> str | None:
    """Words and times as Qliro writes them; anything else might be about somebody."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None
