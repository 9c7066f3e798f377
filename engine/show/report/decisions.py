"""The sheet To decide: its columns, and the rows that come back filled in.

Written by the Excel report and read by ``resolve --from``, so that what is asked and what is
understood is declared once. Titles are texts of the catalogue, read in either language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...report.payouts.model import ToDecide
from . import texts
from .rows import Column, Value
from .words import Words, _


@dataclass(frozen=True, slots=True)
class DecisionColumn:
    """A column of the sheet. ``filled_in`` ones are a person's."""

    key: str
    column: Column
    filled_in: bool = False
    hidden: bool = False


COLUMNS: Sequence[DecisionColumn] = (
    DecisionColumn("ref", Column(_("Item"), 19)),
    DecisionColumn("what", Column(_("What"), 13)),
    DecisionColumn("payout", Column(_("Payout"), 11)),
    DecisionColumn("day", Column(_("Date"), 11)),
    DecisionColumn("order", Column(_("Order"), 11)),
    DecisionColumn("reference", Column(_("Reference"), 16)),
    DecisionColumn("amount", Column(_("Amount"), 12)),
    DecisionColumn("currency", Column(_("Currency"), 8)),
    DecisionColumn("state", Column(_("State"), 15)),
    DecisionColumn("why", Column(_("Why"), 55)),
    DecisionColumn("candidates", Column(_("Invoices that were looked at"), 22)),
    DecisionColumn("decision", Column(_("Decision"), 24), filled_in=True),
    DecisionColumn("number", Column(_("Number in Fortnox"), 14), filled_in=True),
    DecisionColumn("reason", Column(_("Reason"), 34), filled_in=True),
    DecisionColumn("name", Column(_("Name"), 18), filled_in=True),
    DecisionColumn("stamp", Column(_("Stamp"), 14), hidden=True),
)


def cells(words: Words, item: ToDecide) -> list[Value]:
    """The cells of an item; those that a person fills in are empty."""
    given: dict[str, Value] = {
        "ref": item.ref,
        "what": texts.kind(words, item),
        "payout": item.payout,
        "day": item.day,
        "order": item.order,
        "reference": item.reference,
        "amount": item.amount,
        "currency": item.currency,
        "state": texts.state(words, item.state),
        "why": str(texts.why(words, item.code, item.why)),
        "candidates": ", ".join(one.invoice for one in item.candidates),
        "stamp": item.stamp,
    }
    return [given.get(one.key) for one in COLUMNS]
