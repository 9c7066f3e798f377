"""When what was read is read again although nothing tells of it: the one table of distances.

``docs/scheduling.md`` tells it to people. What tells of something earlier (a push, a settlement
line, a changed header, a plan that lacks something) is not bound by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from ..clock import STOCKHOLM

# An order at Qliro, so long after it was secured, where the merchant's file does not say otherwise
# (sync.recheck): with the first request twelve in 90 days. Most of what happens to an order untold
# happens early; goods come back for some weeks.
ORDER_AT: Sequence[timedelta] = (
    timedelta(minutes=15),
    timedelta(hours=1, minutes=15),
    timedelta(hours=5, minutes=15),
    *(timedelta(days=days, hours=5, minutes=15) for days in (1, 3, 7, 14, 25, 40, 60, 85)),
)
# A settlement batch, so many days after its date, beyond the overlap: nothing tells of its header
# but the list of its day.
BATCH_AT = tuple(timedelta(days=days) for days in (14, 30, 60, 120, 240, 365))
# So long after it was made an order may change untold: goods come back, a person works in a portal.
YOUNG = timedelta(days=90)
# One of which an amount is still reserved after that.
RESERVED = timedelta(days=25)


def order_ages(hours: Sequence[Decimal | int] | None) -> Sequence[timedelta]:
    """The ages, in hours, at which an order is looked at again, the smallest first; those of the
    table where a merchant says nothing."""
    if hours is None:
        return ORDER_AT
    return [timedelta(seconds=int(one * 3600)) for one in sorted(set(hours))]


def day_began(now: datetime) -> datetime:
    """When the day in Stockholm began. What is read once a day is read when it was not read since:
    a run at the same time every night is not a second too early every other night."""
    day: date = now.astimezone(STOCKHOLM).date()
    return datetime.combine(day, time(), STOCKHOLM).astimezone(UTC)
