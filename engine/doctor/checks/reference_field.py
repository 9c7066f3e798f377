"""The payout reference field: whether the newest lines find invoices by it, or would by another.

Reads Qliro's newest lines and Fortnox's recent invoices; for fields that no list shows, a few
searches more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ...report.references import Share, references
from ...report.references import warning as advice
from ..context import Context
from ..result import Result, error, ok, warning

# Invoices are written so long before their payout, mostly.
BEFORE = timedelta(days=45)
# What is matched so well needs no look at fields that are dear to ask for; below half is no match.
WELL, HALF = 90, 50
SAMPLE = 5


def run(context: Context) -> Iterator[Result]:
    place = context.place("payout_reference_field")
    if not context.on("payouts") or not any(one.accepted for one in context.payouts.values()):
        yield ok("There are no recent settlement lines to look for invoices of.")
        return
    context.invoices_since(min(one.date for one in context.payouts.values()) - BEFORE)
    shares = references(context.store, context.settings)
    if _chosen(shares) < WELL:
        shares = references(context.store, context.settings, context.to_fortnox, sample=SAMPLE)
    percent, field = _chosen(shares), context.settings["payout_reference_field"]
    if better := advice(shares):
        # What this program writes itself is found; older invoices of others may not be.
        told = error if percent < HALF and not context.on("invoices") else warning
        yield told(
            better.partition(" Set ")[0],
            "“No invoice found” is the commonest fault of all: lines that find none wait for ever.",
            f"Set {better.partition(' Set ')[2]} Or let the connector that writes the invoices "
            "use the chosen field.",
            place,
        )
    elif percent < HALF and not context.on("invoices"):
        yield warning(
            f"{field} would match {percent} % of the newest lines, and no other field more.",
            "Lines that find no invoice wait until there is one.",
            "See which field holds the shop's order number on an invoice in Fortnox, and that the "
            "invoices of what was paid out are there and booked.",
            f"Fortnox: Fakturor; {place}",
        )
    else:
        yield ok(f"{field} would match {percent} % of the newest lines.")


def _chosen(shares: list[Share]) -> int:
    return next((one.percent for one in shares if one.chosen), 0)
