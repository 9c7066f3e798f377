"""An amount that can get more than two decimals: such an item is parked when it comes.

Money is exact here: a third decimal is refused, not rounded away. Products with a rate, shares in
percent and quotients have more than two.

**Anti-pattern**

    Amount: "{{ line.gross * line.FxRate }}"
    Debit: "{{ payout.TotalAmount * 25 / 125 }}"

**Best practice**

    Amount: "{{ (line.gross * line.FxRate) | round(2) }}"

Round once, at the end, and book what the parts are off by on the account for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import Finding
from ..decimal_places import ENDLESS, decimals
from .subject import Value

CODE, SEVERITY = "unrounded-money", "warning"


def check(value: Value) -> Iterator[Finding]:
    if value.schema.get("format") != "money":
        return
    node = value.expression.node
    found = decimals(node, value.view)
    if found > 2:
        many = "any number of" if found >= ENDLESS else str(found)
        text = f"it may have {many} decimals, and an amount has two."
        yield value.expression.finding(CODE, text, "Write | round(2).", node, SEVERITY)
