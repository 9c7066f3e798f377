"""The report's pictures, drawn in a process of their own.

Takes a report and what the store tells of its days, ages and fees; gives pictures. What draws them
holds over a hundred MiB until its process ends, so that is another than the one that writes lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ...report.payouts import pictured
from ...report.payouts.model import CurrencySums, Report
from ...store.database import Store
from ...workers import Workers, may_start
from .words import Language, Words, words

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture: its title and its SVG, which tells itself to screen readers."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to draw: sums by currency, days of interim accounts, ages, fees."""

    totals: Sequence[CurrencySums]
    days: Sequence[pictured.Day]
    ages: Sequence[pictured.Age]
    shares: Sequence[pictured.Share]


def pictures(store: Store, report: Report, language: Language) -> Sequence[Chart]:
    """The report's charts; none where what draws them is not installed, as its page says then.

    Raises StoppedError when the process that draws was ended from outside.
    """
    if not can_draw():
        return ()
    keys = [one.key for one in report.payouts]
    shown = Shown(
        report.totals, pictured.days(store, keys), pictured.ages(report.to_decide),
        pictured.shares(store, keys),
    )  # fmt: skip
    with Workers(int(may_start()), words, language) as workers:
        (drawn,) = workers.each(_drawn, [shown])
    return drawn


def can_draw() -> bool:
    """Whether what draws the charts is installed."""
    return all(find_spec(name) is not None for name in ("altair", "vl_convert"))


def _drawn(said: Words, shown: Shown) -> Sequence[Chart]:
    from .charts import charts  # noqa: PLC0415  an extra

    return charts(shown, said)
