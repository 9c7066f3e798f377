"""This machine's clock beside that of the servers, and its idea of Stockholm's time.

Reads the time that Qliro and Fortnox put on their answers, and the zone database.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ...clock import STOCKHOLM
from ..context import Context
from ..result import Result, error, ok, warning

# A sync reads what changed from ten minutes before its last; beyond that something is missed.
MOST = timedelta(minutes=10)
LITTLE = timedelta(minutes=1)
NTP = "Let the machine keep its time by NTP (timedatectl set-ntp true)."
HERE = "this machine"


def run(context: Context) -> Iterator[Result]:
    skews = context.skews
    worst = max(skews.items(), key=lambda one: abs(one[1]), default=None)
    if worst is not None and abs(worst[1]) > LITTLE:
        server, skew = worst
        minutes = abs(skew).total_seconds() / 60
        days = minutes / 60 / 24
        by = f"{days:.0f} days" if days >= 2 else f"{round(minutes, 1):g} minutes"
        told = error if abs(skew) > MOST else warning
        yield told(
            f"This machine's clock is {by} {'ahead of' if skew > timedelta() else 'behind'} that "
            f"of {server}.",
            "What changed in Fortnox meanwhile can be missed, tokens end at the wrong time, and "
            "around midnight things are dated on the wrong day.",
            NTP,
            HERE,
        )
    elif (now := context.clock.now()).astimezone(STOCKHOLM).utcoffset() != stockholm_offset(now):
        yield warning(
            "The zone database of this machine does not know Stockholm's time as the EU sets it.",
            "All days are counted there: what happens around midnight gets the wrong date.",
            "Renew the package tzdata.",
            HERE,
        )
    elif worst is None:
        yield warning(
            "No server told its time, so this machine's clock was compared with nothing.",
            "A clock that is wrong misses changes and dates things on the wrong day.",
            NTP,
            HERE,
        )
    else:
        yield ok("The clock is that of the servers, and days are counted in Europe/Stockholm.")


def stockholm_offset(moment: datetime) -> timedelta:
    """Stockholm's offset by directive 2000/84/EC: summer time from the last Sunday of March to the
    last of October, 01:00 UTC."""
    begins, ends = (
        datetime.combine(_last_sunday(moment.year, month), datetime.min.time(), UTC)
        + timedelta(hours=1)
        for month in (3, 10)
    )
    return timedelta(hours=2 if begins <= moment < ends else 1)


def _last_sunday(year: int, month: int) -> datetime:
    last = max(week[calendar.SUNDAY] for week in calendar.monthcalendar(year, month))
    return datetime(year, month, last)  # noqa: DTZ001  a day
