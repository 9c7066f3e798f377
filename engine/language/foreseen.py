"""What Fortnox will make of the rows of a document: the filter ``foreseen``.

Reads rows as they are to be sent, gives total, VAT and what rounding to kronor adds. Prices and
quantities are rounded to two decimals (recorded answers of the real API), VAT is worked out once
for each rate, everything half away from zero.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from .kinds import DECIMAL, TEXT, record

half_up = Context(prec=38, rounding=ROUND_HALF_UP).quantize
OERE, KRONA, NONE = Decimal("0.01"), Decimal(1), Decimal(0)
# Not a rate: what stands in its place for rows whose rate is not known.
UNKNOWN = object()
COLUMNS = ("quantity", "price", "vat", "vat_code")
MADE = record(
    {"Total": DECIMAL, "VAT": DECIMAL, "RoundOff": DECIMAL, "unknown": TEXT}, "what is foreseen"
)


def foreseen(rows: Any, included: Any, taxed: Any, whole: Any) -> dict[str, Any]:
    """What Fortnox will make of rows with the columns `quantity`, `price`, `vat` (percent) and
    `vat_code`: `Total`, `VAT`, and the `RoundOff` that is in the total. The arguments: whether
    prices hold VAT, whether the customer's card has VAT at all, whether totals are rounded to whole
    kronor. Where a row has a code, or no rate, `VAT` is null, `Total` too where prices are without
    VAT, and `unknown` says why."""
    amounts: dict[Any, Decimal] = {}
    why = None
    for row in rows:
        rate, quantity, amount = row["vat"], row["quantity"], half_up(row["price"], OERE)
        if type(quantity) is int:
            amount = quantity * amount  # in öre as the price is
        else:
            amount = half_up(half_up(quantity, OERE) * amount, OERE)
        if rate is None or row["vat_code"] is not None:
            code, rate = row["vat_code"], UNKNOWN
            why = f"a row has the VAT code {code}" if code is not None else "a row has no VAT rate"
        amounts[rate] = amounts[rate] + amount if rate in amounts else amount
    exact = sum(amounts.values(), NONE)
    vat: Decimal | None = None
    if why is None:
        vat = NONE
        if taxed:
            for rate, amount in amounts.items():
                if rate:
                    vat += half_up(amount * rate / (100 + rate if included else 100), OERE)
        if not included:
            exact += vat
    elif not included:
        return {"Total": None, "VAT": None, "RoundOff": None, "unknown": why}
    total = half_up(half_up(exact, KRONA), OERE) if whole else exact
    return {"Total": total, "VAT": vat, "RoundOff": total - exact, "unknown": why}
