"""The report's pictures as SVG with a title and a description, by Altair and vl-convert.

Takes figures and a language; the same input gives the same bytes. Numbers become floats only to be
drawn: what is written beside them is written exactly.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import altair as alt
import vl_convert
from markupsafe import Markup

from ...report.payouts.model import CurrencySums
from ...report.payouts.pictured import Age, Day, Share
from . import texts
from .drawn import Chart, Shown
from .words import Words, _

WIDTH = 400
INK, DIM, GOOD, BAD, BLUE, AMBER = "#1c2430", "#56606e", "#14633a", "#9b1c1c", "#0b4f8a", "#b26a00"
CONFIG = {
    "font": "system-ui, Segoe UI, Roboto, Arial, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelColor": INK, "titleColor": DIM, "gridColor": "#e4e8ee", "domainColor": DIM,
             "labelFontSize": 12, "titleFontSize": 12},
    "legend": {"labelColor": INK, "titleColor": DIM, "labelFontSize": 12, "orient": "top",
               "columnPadding": 24},
    "header": {"labelColor": INK, "labelFontSize": 12, "titleColor": DIM},
    "background": "white",
}  # fmt: skip
LARGEST = 400  # days or groups that a picture shows


def charts(shown: Shown, words: Words) -> list[Chart]:
    """The pictures that there is something to show in."""
    return list(_charts(shown, words))


def _charts(shown: Shown, words: Words) -> Iterator[Chart]:
    for one in shown.totals:
        yield _waterfall(one, words)
    if shown.days:
        yield _interim(shown.days, words)
    if any(one.parked or one.waiting for one in shown.ages):
        yield _ages(shown.ages, words)
    if any(one.sold for one in shown.shares):
        yield _shares(shown.shares, words)


def _waterfall(one: CurrencySums, words: Words) -> Chart:
    """From sold to paid out."""
    steps = [
        (_("Sold"), one.sums.sold), (_("Given back"), one.sums.given_back),
        (_("Other"), one.sums.other), (_("Fees"), one.sums.fees),
        (_("Unexplained"), one.paid_out - one.sums.net),
    ]  # fmt: skip
    rows: list[dict[str, Any]] = []
    so_far = Decimal(0)
    for name, amount in steps:
        if amount or name == "Sold":
            rows.append(_bar(words.of(name), so_far, so_far + amount,
                             "up" if amount >= 0 else "down", words.amount(amount)))  # fmt: skip
            so_far += amount
    rows.append(_bar(words.of(_("Paid out")), Decimal(0), one.paid_out, "sum",
                     words.amount(one.paid_out)))  # fmt: skip
    base = _chart(rows).encode(
        x=alt.X("name:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelLimit=90))
    )
    bars = base.mark_bar(size=46).encode(
        y=alt.Y("start:Q", title=one.currency, axis=_amounts()),
        y2="end:Q",
        color=alt.Color("kind:N", legend=None, scale=alt.Scale(
            domain=["up", "down", "sum"], range=[GOOD, BAD, INK])),
    )  # fmt: skip
    labels = base.mark_text(dy=-7, color=INK, fontSize=12).encode(y="top:Q", text="told:N")
    title = words.say(_("From sold to paid out, %(currency)s"), currency=one.currency)
    return _drawn(title, [f"{row['name']}: {row['told']}" for row in rows],
                  (bars + labels).properties(width=WIDTH, height=240), words)  # fmt: skip


def _bar(name: str, start: Decimal, end: Decimal, kind: str, told: str) -> dict[str, Any]:
    return {"name": name, "start": float(start), "end": float(end), "kind": kind, "told": told,
            "top": float(max(start, end))}  # fmt: skip


def _interim(days: Sequence[Day], words: Words) -> Chart:
    """The interim accounts day by day against what they must hold."""
    held, must = words.of(_("holds")), words.of(_("must hold"))
    shown = days[-LARGEST:]
    rows = [
        {"account": one.account, "day": one.day.isoformat(), "what": name, "amount": float(amount)}
        for one in shown
        for name, amount in ((held, one.held), (must, one.must))
    ]
    chart = (
        _chart(rows)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("day:T", timeUnit="utcyearmonthdate", title=None,
                    axis=alt.Axis(format="%d/%m", labelOverlap=True, labelSeparation=8)),
            y=alt.Y("amount:Q", title=None, axis=_amounts(3)),
            color=alt.Color("what:N", title=None,
                            scale=alt.Scale(domain=[held, must], range=[BLUE, AMBER])),
            strokeDash=alt.StrokeDash("what:N", title=None, scale=alt.Scale(
                domain=[held, must], range=[[1, 0], [5, 4]])),
            row=alt.Row("account:N", title=words.of(_("Account"))),
        )
        .properties(width=WIDTH - 40, height=80)
    )  # fmt: skip
    last: dict[str, Day] = {one.account: one for one in days}
    told = [
        words.say(_("%(account)s: holds %(held)s, must hold %(must)s"), account=one.account,
                  held=words.amount(one.held), must=words.amount(one.must))
        for one in last.values()
    ]  # fmt: skip
    return _drawn(words.of(_("Interim accounts day by day")), told, chart, words)


def _ages(ages: Sequence[Age], words: Words) -> Chart:
    """The age of what is open."""
    parked, waiting = words.of(texts.STATES["parked"]), words.of(texts.STATES["waiting"])
    rows = [
        {"age": _age(one, words), "what": name, "items": number}
        for one in ages
        for name, number in ((parked, one.parked), (waiting, one.waiting))
    ]
    chart = _chart(rows).mark_bar(size=40).encode(
        x=alt.X("age:N", sort=None, title=words.of(_("days")), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("items:Q", title=words.of(_("items")), axis=alt.Axis(format="d", tickMinStep=1)),
        color=alt.Color("what:N", title=None, scale=alt.Scale(domain=[parked, waiting],
                                                              range=[BAD, AMBER])),
    ).properties(width=WIDTH, height=180)  # fmt: skip
    told = [f"{row['age']} {words.of(_('days'))}, {row['what']}: {row['items']}"
            for row in rows if row["items"]]  # fmt: skip
    return _drawn(words.of(_("Age of what is open")), told, chart, words)


def _age(one: Age, words: Words) -> str:
    return f"{one.first}–{one.last}" if one.last is not None else f"≥ {one.first}"


def _shares(shares: Sequence[Share], words: Words) -> Chart:
    """Fees as share of sales, by month and payment method; of several currencies each by itself."""
    rows: list[dict[str, Any]] = []
    several = len({one.currency for one in shares}) > 1
    for one in shares[-LARGEST:]:
        if one.sold:
            share = (-100 * one.fees / one.sold).quantize(Decimal("0.01"), ROUND_HALF_UP)
            month = f"{one.month:%Y-%m}"
            method = one.method or words.of(_("no method"))
            method += f" ({one.currency})" if several else ""
            rows.append({"month": month, "method": method, "share": float(share),
                         "told": f"{words.amount(share)} %"})  # fmt: skip
    height = 22 * len({row["method"] for row in rows}) + 20
    base = _chart(rows).encode(
        y=alt.Y("method:N", title=None, axis=alt.Axis(labelLimit=220)),
        x=alt.X("share:Q", title=words.of(_("% of what was sold")),
                axis=alt.Axis(format=",.1f", tickCount=5)),
    )  # fmt: skip
    labels = base.mark_text(align="left", dx=4, color=INK, fontSize=12).encode(text="told:N")
    chart = (base.mark_bar(color=BLUE) + labels).properties(width=WIDTH - 190, height=height)
    faceted = chart.facet(row=alt.Row("month:N", title=None))
    told = [f"{row['month']} {row['method']}: {row['told']}" for row in rows]
    return _drawn(words.of(_("Fees as share of sales, by month and payment method")), told,
                  faceted, words)  # fmt: skip


def _chart(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    return alt.Chart({"values": rows})


def _amounts(ticks: int = 5) -> alt.Axis:
    return alt.Axis(format=",.0f", tickCount=ticks)


def _drawn(title: str, told: Sequence[str], chart: Any, words: Words) -> Chart:
    """The picture with its title and description."""
    spec = json.loads(chart.to_json())
    spec["config"] = CONFIG
    spec.pop("$schema", None)
    numbers: Literal["sv-SE", "en-GB"] = "sv-SE" if words.language == "sv" else "en-GB"
    svg = vl_convert.vegalite_to_svg(spec, format_locale=numbers)
    head, _bracket, body = svg.partition(">")
    name = re.sub(r"[^a-z]+", "-", title.lower())
    # Each mark has a role and a label of its own in Vega's SVG; here the description says all.
    body = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", body)
    label = (
        f'<title id="t-{name}">{html.escape(title)}</title>'
        f'<desc id="d-{name}">{html.escape("; ".join(told))}</desc>'
    )
    head += f' role="img" aria-labelledby="t-{name} d-{name}"'
    body = re.sub(r"\bclip(\d+)\b", rf"clip-{name}-\1", body)  # ids are of the whole page
    return Chart(title, Markup(f"{head}>{label}{body}"))  # noqa: S704  our own SVG, texts escaped
