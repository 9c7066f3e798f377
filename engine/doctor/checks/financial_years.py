"""The financial years: this one, the next before it begins, and that of the first payout.

Reads Fortnox's register of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..context import Context
from ..result import Result, error, in_fortnox, ok, warning

# How long before its first day the next year should be there.
AHEAD = timedelta(days=60)
MENU = in_fortnox("Inställningar", "Bokföring", "Räkenskapsår")
WHY = "Fortnox books nothing on a day without a financial year (Räkenskapsår saknas)."


def run(context: Context) -> Iterator[Result]:
    books, today = context.books, context.today
    wanted = {today: "today", context.settings["payouts_from"]: "payouts_from"}
    if context.on("orders", "invoices", "refunds") and context.settings["orders_from"]:
        wanted.setdefault(context.settings["orders_from"], "orders_from")
    missing = {day: name for day, name in wanted.items() if books.financial_year(day) is None}
    for day, name in missing.items():
        called = f"({name}) " if name != "today" else ""
        yield error(
            f"Fortnox has no financial year for {day} {called}".strip() + ".",
            WHY,
            f"Create the year that holds {day}"
            + ("." if name == "today" else f", or choose a later {name}."),
            MENU if name == "today" else f"{MENU}; {context.place(name)}",
        )
    ends = next((last for _, first, last in books.years if first <= today <= last), None)
    if ends is None:
        return
    after = ends + timedelta(days=1)
    if books.financial_year(after) is None and after - today <= AHEAD:
        yield warning(
            f"The financial year ends on {ends}, and the next one is not there yet.",
            WHY,
            f"Create the year from {after} before it begins; then look at its voucher series too.",
            MENU,
        )
    elif not missing:
        far = "" if books.financial_year(after) else f"; the next is to be created before {after}"
        yield ok(f"Fortnox has the financial years that are booked in, to {ends}{far}.")
