"""Shows in ``status`` what the books and the bank last said: a sentence each, and JSON.

Reads the kept proofs of the books and the payouts at the bank; nothing is shown before either was
ever held against.
"""

# ruff: noqa: PLC0415  loaded where there is something to be shown

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .page import Page, Text, blank, count, moment

if TYPE_CHECKING:
    from ..report.bank.model import Bank
    from ..report.books.kept import Kept

NOTHING_READ = "The payouts are not held against the bank: no statement was read yet."


def page(merchant: str, bank: Bank | None, proofs: Sequence[Kept]) -> Page:
    """A sentence for the bank, and one for each year of the books."""
    parts: Page = []
    if bank is not None and bank.held_against:
        from .bank import told_of

        parts.append(Text(told_of(bank), style="red" if bank.attention else ""))
        if bank.attention:
            parts.append(Text(f"See:  qliro-fortnox bank {merchant}", indent=2))
    for one in proofs:
        parts.append(_books(merchant, one))
    return [blank(), *parts] if parts else []


def _books(merchant: str, kept: Kept) -> Text:
    from .books import year_name

    when = f"The books of {year_name(kept.books)}, by the SIE file of {moment(kept.noted_at)}"
    if not kept.books.attention:
        return Text(f"{when}: nothing is unexplained.")
    needs = "needs" if kept.books.attention == 1 else "need"
    what = f"{count(kept.books.attention, 'item')} {needs} a person"
    return Text(f"{when}: {what}: qliro-fortnox books {merchant}", style="red")


def data(bank: Bank | None, proofs: Sequence[Kept]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "bank": _bank(bank),
        "books": [
            {
                "first": one.books.first,
                "last": one.books.last,
                "noted_at": one.noted_at,
                "attention": one.books.attention,
            }
            for one in proofs
        ],
    }


def _bank(bank: Bank | None) -> dict[str, Any]:
    if bank is None:
        return {"held_against": False, "attention": 0, "proof": NOTHING_READ, "payouts": []}
    from .bank import proof

    return {
        "held_against": bank.held_against,
        "attention": bank.attention,
        "proof": proof(bank),
        "payouts": [
            {
                "payout": one.payout,
                "state": one.state,
                "day": one.entry.day if one.entry else None,
                "again": len(one.again),
            }
            for one in (bank.payouts if bank.held_against else ())
        ],
    }
