"""JSON in and out with exact decimals: the one way that documents and traces become text.

``Decimal`` is written as a number with its own digits and read back as ``Decimal``; dates are
written as ISO text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
# Lists and objects within each other. An answer of Qliro or Fortnox has six, a plan eight.
DEEPEST = 100
TOO_DEEP = f"it is nested over {DEEPEST} levels"



def _plain(value: Any) -> Any:
    """A mapping of another kind as a dict: msgspec knows no others."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain)
_SORTED = msgspec.json.Encoder(decimal_format="number", enc_hook=_plain, order="sorted")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any) -> str:
    """Compact JSON, keys in their own order."""
    return _ENCODER.encode(value).decode()


def canonical(value: Any) -> str:
    """Compact JSON with sorted keys: equal values give equal texts."""
    return _SORTED.encode(value).decode()


class NotRead(msgspec.DecodeError):
    """JSON that nothing here reads: nested past any sense, or a number without end."""


def decode(text: str | bytes) -> Any:
    """The value; raises ValueError (msgspec.DecodeError) when the text is not JSON, is nested over
    DEEPEST levels, or has a number that no figure comes near."""
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise NotRead(TOO_DEEP) from None
    except ArithmeticError:
        raise NotRead("a number in it is larger than can be read") from None
    if _opens(text) > DEEPEST and _is_deep(value):
        raise NotRead(TOO_DEEP)
    return value


def decode_as(text: str | bytes | msgspec.Raw, type: type[T]) -> T:
    """What the text says of a msgspec type; raises ValueError (msgspec.DecodeError) likewise."""
    try:
        return msgspec.json.decode(text, type=type)
    except RecursionError:  # within what the type does not name
        raise NotRead(TOO_DEEP) from None


def as_type(value: Any, type: type[T]) -> T:
    """What a value that was read says of a msgspec type; raises ValueError where it does not."""
    return msgspec.convert(value, type)


def _opens(text: str | bytes) -> int:
    """How many lists and objects it has at most: nearly all have too few to be deep."""
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")


def _is_deep(value: Any) -> bool:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            return True
        level = [
            child
            for one in level
            if type(one) is dict or type(one) is list
            for child in (one.values() if type(one) is dict else one)
            if type(child) is dict or type(child) is list
        ]
    return False


def texts_in(value: Any) -> Iterator[str]:
    """All texts and whole numbers within a value, as texts."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield str(value)


def digest(value: Any) -> str:
    """The first 16 hex digits of the SHA-256 of the canonical text: an id by content."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]
