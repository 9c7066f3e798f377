"""The locked period: nothing is booked on a day in it.

Reads Fortnox's locked period.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..context import Context
from ..result import Result, error, in_fortnox, ok, warning

MENU = in_fortnox("Inställningar", "Bokföring", "Låst period")
# A payout is dated some days before it is booked, a captured order too.
LATE = timedelta(days=7)


def run(context: Context) -> Iterator[Result]:
    books, today = context.books, context.today
    locked, moves = books.locked_until, context.settings["dates"]["closed"] == "next_open_day"
    place = context.place("dates", "closed")
    if locked is None or locked < today - LATE:
        yield ok(f"The books are open from {locked + timedelta(days=1)}." if locked else
                 "No period is locked.")  # fmt: skip
    elif locked >= today:
        yield error(
            f"The books are locked to {locked}, which is not over yet.",
            "Fortnox books nothing dated today"
            + (": all waits for the first open day." if moves else ": all is parked."),
            "Unlock the period, or wait.",
            MENU,
        )
    elif moves:
        yield ok(
            f"The books are locked to {locked}; what is dated there is booked on the next day."
        )
    else:
        yield warning(
            f"The books are locked to {locked}, a few days ago.",
            "Payouts dated so late are parked, for dates.closed is park.",
            "Lock later, or set dates.closed to next_open_day.",
            f"{MENU}; {place}",
        )
