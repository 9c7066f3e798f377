"""Dates as the two APIs write them, with zone and without, read as days in Stockholm.

The same rules stand in ``engine/sql/stage_*.sql`` as the macro ``stockholm_date``.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from engine.clock import STOCKHOLM


def stockholm_date(value: Any) -> date | None:
    """``2021/01/15``, ``2021-01-15``, ``2021-01-15T23:30:00`` or the same with a zone; else None.

    A time without a zone is Stockholm's (Qliro documents none).
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip().replace("/", "-"))
        return (moment.astimezone(STOCKHOLM) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None


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
