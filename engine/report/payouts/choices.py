"""What a person can decide of an open item: the ways that ``resolve`` takes, and what each books.

Pure: an item's row in, choices out. A test holds them against what ``resolve`` refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..resolve import ONLY_IGNORED
from .model import Choice, ChoiceKind

RECEIVABLE = ""  # Fortnox itself chooses the account
NUMBER, NAME, REASON = "NUMBER", "NAME", "REASON"
OPTIONS: Mapping[ChoiceKind, str] = {
    "invoice": f"--invoice {NUMBER}",
    "ignore": f"--ignore --reason '{REASON}'",
    "suspense": f"--suspense --reason '{REASON}'",
    "retry": "--retry",
    "there": f"--retry --number {NUMBER}",
}


def kinds_of_line(line: Mapping[str, Any]) -> tuple[ChoiceKind, ...]:
    """The ways to decide a settlement line, the likeliest first. ``line`` has code and Type."""
    if line["code"] == "undecided":
        return ("there", "retry")
    if line["code"] in ONLY_IGNORED:
        return ("ignore",)
    if line["Type"] == "Transaction":
        return ("invoice", "suspense", "ignore", "retry")
    if line["Type"] == "Fee":
        return ("ignore", "retry")
    return ("suspense", "ignore", "retry")


def kinds_of_item(item: Mapping[str, Any]) -> tuple[ChoiceKind, ...]:
    """The ways to decide what is parked of an order, a capture or a refund."""
    if item["code"] == "undecided":
        return ("there", "retry")
    if "/" in item["source"]:
        return ("invoice", "ignore", "retry")
    return ("ignore", "retry")


def kinds_of_transfer(payout: Mapping[str, Any], *, undecided: bool) -> tuple[ChoiceKind, ...]:
    """The ways to decide a transfer: only where it is not known whether it was sent."""
    return ("there", "retry") if undecided else ()


def choices(
    merchant: str,
    ref: str,
    kinds: tuple[ChoiceKind, ...],
    interim: int | None = None,
    value: Decimal | None = None,
    suspense: int | None = None,
) -> tuple[Choice, ...]:
    """Each way with its command, and with what it books where that is known: of a line worth
    ``value`` kronor on ``interim``, before its fees."""
    return tuple(
        Choice(kind, _books(kind, interim, value, suspense),
               f"resolve {merchant} {ref} {OPTIONS[kind]} --by {NAME}")
        for kind in kinds
    )  # fmt: skip


def _books(
    kind: ChoiceKind, interim: int | None, value: Decimal | None, suspense: int | None
) -> tuple[tuple[str, Decimal], ...]:
    if not value or interim is None:
        return ()
    if kind == "invoice":
        return ((str(interim), value), (RECEIVABLE, -value))
    if kind == "suspense" and suspense is not None:
        return ((str(interim), value), (str(suspense), -value))
    return ()
