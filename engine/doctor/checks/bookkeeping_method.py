"""The bookkeeping method: invoices are booked when they are written (fakturametoden).

Reads Fortnox's financial years.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..context import Context
from ..result import Result, error, in_fortnox, ok, warning

MENU = in_fortnox("Inställningar", "Bokföring", "Räkenskapsår")


def run(context: Context) -> Iterator[Result]:
    method = context.books.accounting_method
    if method == "CASH":
        yield error(
            "The company keeps its books by the cash method (kontantmetoden).",
            "Payouts settle booked invoices, which that method does not have: every run refuses.",
            "Change to fakturametoden in Fortnox, if the company may and wants to; else book "
            "payouts by hand.",
            MENU,
        )
    elif method != "ACCRUAL":
        yield warning(
            "Fortnox does not tell the bookkeeping method.",
            "Payouts settle booked invoices, which the cash method (kontantmetoden) does not have.",
            "See that the financial year says fakturametoden.",
            MENU,
        )
    else:
        yield ok("The company books by the invoice method (fakturametoden).")
