"""JSON in and out with exact decimals: the one way that documents and traces become text.

``Decimal`` is written as a number with its own digits and read back as ``Decimal``; dates are
written as ISO text.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any) -> str:
    """Compact JSON, keys in their own order."""
    return _ENCODER.encode(value).decode()


def canonical(value: Any) -> str:
    """Compact JSON with sorted keys: equal values give equal texts."""
    return _SORTED.encode(value).decode()


def decode(text: str | bytes) -> Any:
    """The value; raises ValueError (msgspec.DecodeError) when the text is not JSON."""
    return _DECODER.decode(text)


def digest(value: Any) -> str:
    """The first 16 hex digits of the SHA-256 of the canonical text: an id by content."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]
