"""Dates as the two APIs write them, with zone and without, read as days in Stockholm.

The same rule stands in ``engine/store/sql/stage_begin.sql`` as the macro ``stockholm_date``; a test
holds the two together.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from ..clock import STOCKHOLM

# Days of other years are none: documents are of our time, and 0001-01-01 stands for no day.
FIRST_YEAR, LAST_YEAR = 1900, 2199
_DAY = re.compile(r"0*([0-9]{4})-([0-9]{1,2})-([0-9]{1,2}) *")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
    r"(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])"
)


def stockholm_date(value: Any) -> date | None:
    """``2021/01/15``, ``2021-01-15``, ``2021-01-15T23:30:00`` or the same with a zone; else None.

    A time without a zone is Stockholm's (Qliro documents none), and not looked at. Years that
    documents are not of give None.
    """
    if not isinstance(value, str):
        return None
    text = value.strip(" ")
    text, tail, day = text[:10].replace("/", "-") + text[10:], text[10:], None
    with suppress(ValueError, OverflowError):
        if text.endswith(("Z", "z")) or "+" in tail or "-" in tail:
            if _MOMENT.fullmatch(text):
                day = datetime.fromisoformat(text).astimezone(STOCKHOLM).date()
        elif tail[:1] in ("", "T", " ") and (found := _DAY.fullmatch(text[:10])):
            day = date(*map(int, found.groups()))
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


def swedish_minute(moment: datetime) -> str:
    """A moment as Fortnox's ``lastmodified`` wants it, never later than the moment itself.

    Swedish local time without a zone (woo-fortnox-hub) names an hour twice each autumn; such a
    moment is moved back to the hour before, so that nothing falls between.
    """
    local = moment.astimezone(STOCKHOLM)
    while local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        moment -= timedelta(hours=1)
        local = moment.astimezone(STOCKHOLM)
    return f"{local:%Y-%m-%d %H:%M}"
