"""Öre rounding (öresavrundning): whether Fortnox rounds invoices to kronor, and what is done then.

Reads the newest invoices in the books' currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ..context import Context
from ..result import Result, in_fortnox, ok, warning

MENU = in_fortnox("Inställningar", "Fakturering", "Öresavrundning")
READ = 10
# The most that rounding to kronor changes.
HALF = Decimal("0.50")


def run(context: Context) -> Iterator[Result]:
    own = context.settings["accounting_currency"]
    listed = [one for one in context.recent("/3/invoices") if one.get("Currency") == own][:READ]
    numbers = [str(one.get("DocumentNumber")) for one in listed]
    rounded = [
        number
        for number in numbers
        if Decimal(str(context.document("/3/invoices", number).get("RoundOff") or 0)) != 0
    ]
    if not rounded:
        yield ok(
            f"None of the {len(numbers)} newest invoices is rounded to kronor."
            if numbers
            else "There is no recent invoice that could be rounded to kronor."
        )
        return
    settings = context.settings["rounding"]
    what = f"Fortnox rounds invoices to kronor: {', '.join(rounded)}."
    if settings["policy"] == "park" or settings["tolerance"] < HALF:
        yield warning(
            what,
            f"Qliro pays the exact amount, and with rounding.tolerance {settings['tolerance']} and "
            f"rounding.policy {settings['policy']} every such line is parked.",
            "Switch öresavrundning off, or set rounding.tolerance to 0.50 or more and "
            "rounding.policy to post.",
            f"{MENU}; {context.place('rounding')}",
        )
    elif context.on("orders", "invoices", "refunds"):
        yield warning(
            what,
            "Its total is up to 0.50 beside what Qliro captured; each payment then posts the "
            "difference to the rounding account.",
            "Switch öresavrundning off, and totals are what was captured.",
            MENU,
        )
    else:
        yield ok(f"{what} The difference, up to 0.50, is posted to the rounding account.")
