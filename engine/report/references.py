"""Tells which invoice field would match the lines, and warns when the chosen one is not best.

Reads recent lines and invoices as staged; for fields that no list shows it asks Fortnox about a
sample of the lines. Writes only raw answers. This is the check that nobody else makes: the field
that is written and the field that is searched must agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..extract.ask import Extraction
from ..ordering import in_order
from ..plan.lookups import fetch_needs
from ..plan.matching import NOT_LISTED
from ..plan.model import Need
from ..stage.staging import stage
from ..store.database import Store

# The fields that may hold a payment reference, as the merchant file's schema offers them.
FIELDS = (
    "ExternalInvoiceReference1", "ExternalInvoiceReference2", "OurReference", "YourReference",
    "YourOrderNumber", "DocumentNumber", "OCR", "OrderReference",
)  # fmt: skip
# A point or two is chance; less than this is no reason to change what works.
CLEARLY = 3  # percentage points
IDENTIFIERS = {"MerchantReference": "MerchantOrderReference", "OrderId": "OrderId"}

# The newest sales and refunds; a line without the identifier cannot be matched by it.
RECENT = """
CREATE OR REPLACE TEMP TABLE recent AS
SELECT line, OrderId::VARCHAR AS OrderId, MerchantOrderReference
FROM qliro.line_view
WHERE Status = 'Accepted' AND Type = 'Transaction' AND NOT vanished
ORDER BY BatchDate DESC, line
LIMIT ?
"""
# Lines whose identifier, bare or with the prefix, stands in the field of at least one invoice.
MATCHED = """
SELECT count(DISTINCT r.line)
FROM recent AS r
JOIN fortnox.invoice_view AS i
    ON NOT i.Cancelled AND i."{field}" IN (r."{identifier}", ? || r."{identifier}")
WHERE r."{identifier}" <> ''
"""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of ``lines`` a field would match when it holds that identifier."""

    field: str
    identifier: str
    matched: int
    lines: int
    chosen: bool

    @property
    def percent(self) -> int:
        return round(100 * self.matched / self.lines) if self.lines else 0


def references(
    store: Store,
    settings: Mapping[str, Any],
    to_fortnox: Extraction | None = None,
    *,
    most: int = 1000,
    sample: int = 25,
) -> list[Share]:
    """The share that each field would match, the best first.

    ``most`` newest lines are looked at for the fields that lists show; for the others a
    ``sample`` of them, by asking Fortnox (``to_fortnox``), or not at all without it.
    """
    chosen = settings["payout_reference_field"]
    wanted = "MerchantReference" if settings["use_merchant_reference"] else "OrderId"
    shares = []
    for unlisted in (False, True):
        store.execute(RECENT, [sample if unlisted else most])
        if unlisted and to_fortnox is not None:
            _look_up(store, to_fortnox, settings["payment_reference_prefix"])
        lines = int(store.value("SELECT count(*) FROM recent"))
        for field in FIELDS:
            if (field in NOT_LISTED) != unlisted or (unlisted and to_fortnox is None):
                continue
            for identifier, column in IDENTIFIERS.items():
                query = MATCHED.format(field=field, identifier=column)
                matched = int(store.value(query, [settings["payment_reference_prefix"]]))
                is_chosen = field == chosen and identifier == wanted
                if matched or is_chosen:
                    shares.append(Share(field, identifier, matched, lines, is_chosen))
    return sorted(shares, key=lambda one: (-one.percent, not one.chosen, one.field))


def warning(shares: list[Share]) -> str | None:
    """A sentence when another field, or the other identifier, would match clearly more."""
    mine = next((one for one in shares if one.chosen), None)
    best = shares[0] if shares else None
    if mine is None or best is None or best.percent < mine.percent + CLEARLY:
        return None
    tick = "tick" if best.identifier == "MerchantReference" else "untick"
    identifier = (
        "" if best.identifier == mine.identifier else (f" and {tick} use_merchant_reference")
    )
    return (
        f"{best.field} with the {best.identifier} would match {best.percent} % of the lines, "
        f"the chosen {mine.field} with the {mine.identifier} {mine.percent} %. "
        f"Set payout_reference_field: {best.field}{identifier}."
    )


def _look_up(store: Store, to_fortnox: Extraction, prefix: str) -> None:
    """Read the invoices that carry a sampled line's identifier in a field that no list shows."""
    rows = store.rows("SELECT OrderId, MerchantOrderReference FROM recent")
    keys = {row[column] for row in rows for column in IDENTIFIERS.values() if row[column]}
    keys |= {prefix + key for key in keys}
    for field in NOT_LISTED:
        fetch_needs(to_fortnox, [Need("search", key, field) for key in sorted(keys, key=in_order)])
        stage(store)
