"""The report as HTML: one self-contained page, or a folder of linked pages for many lines.

Takes a gathered report and a stream of its lines in the order of payouts; writes files, each whole
or not at all. Everything from data is escaped by the templates; no page asks for another file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ...report.payouts.booked import summed
from ...report.payouts.gather import added
from ...report.payouts.model import Line, Payout, Period, Report
from . import texts
from .whole import written
from .words import Words

if TYPE_CHECKING:
    from .drawn import Chart

TEMPLATES = Path(__file__).with_name("templates")
MOST_LINES = 2000  # on a page; with more a report is a folder
MOST_CASES = 100  # items that a first page tells with their commands


def pieces(
    report: Report, lines: Iterable[Line], words: Words, charts: Sequence[Chart],
    elsewhere: str = "",
) -> Iterator[str]:  # fmt: skip
    """The page piece by piece; without lines where ``elsewhere`` says where they are."""
    of = _grouped(lines)
    places = {one.key: place for place, one in enumerate(report.payouts, 1)}
    return _template("report.html.j2").generate(
        **_given(report, words, charts),
        lines_of=None if elsewhere else of,
        elsewhere=elsewhere,
        link=lambda one: "#payouts" if elsewhere else f"#p-{places[one.key]}",
    )


def folder(
    report: Report, lines: Iterable[Line], words: Words, charts: Sequence[Chart], into: Path
) -> list[Path]:
    """Write the first page, ``index.html``, and the pages of each payout; their paths."""
    into.mkdir(parents=True, exist_ok=True)
    written_paths = [into / "index.html"]
    template = _template("payout.html.j2")
    given = _given(report, words, charts)
    names = _file_names(report.payouts)
    of = _grouped(lines)

    def name(payout: Payout, page: int) -> str:
        return names[payout.key] + (f"-{page}" if page > 1 else "") + ".html"

    for payout in report.payouts:
        mine = iter(of(payout))
        pages = max(1, -(-payout.rows // MOST_LINES))
        for page in range(1, pages + 1):
            path = into / name(payout, page)
            some = islice(mine, MOST_LINES) if page < pages else mine
            stream = template.generate(**given, payout=payout, lines=some, page=page, pages=pages,
                                       name=name)  # fmt: skip
            written(path, stream)
            written_paths.append(path)
    first = _template("report.html.j2").generate(
        **given, lines_of=None, elsewhere="", link=lambda one: name(one, 1)
    )
    written(written_paths[0], first)
    return written_paths


@dataclass(frozen=True, slots=True)
class Linked:
    """A merchant's report and where its page is, from the page that sums up."""

    report: Report
    link: str


def of_all(
    path: Path, reports: Sequence[Linked], failed: Sequence[tuple[str, str]], period: Period,
    words: Words,
) -> Path:  # fmt: skip
    """Write the page that sums up the reports of several merchants; ``failed`` are those without
    one, and why."""
    page = _template("all.html.j2").generate(
        w=words, t=words.of, texts=texts, reports=reports, failed=failed,
        totals=added(part for one in reports for part in one.report.totals),
        period=texts.period(words, period), style=_style(),
    )  # fmt: skip
    return written(path, page)


def _style() -> Markup:
    return Markup((TEMPLATES / "style.css").read_text("utf-8"))  # noqa: S704  our own file


def _given(report: Report, words: Words, charts: Sequence[Chart]) -> dict[str, Any]:
    return {
        "report": report,
        "w": words,
        "t": words.of,
        "texts": texts,
        "style": _style(),
        "charts": charts,
        "accounts": summed(chain.from_iterable(one.accounts for one in report.payouts)),
        "most": MOST_CASES,
    }


def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(name)


def _grouped(lines: Iterable[Line]) -> Callable[[Payout], Iterator[Line]]:
    """Gives the lines of each payout in turn, from a stream in the order of payouts."""
    groups = groupby(lines, key=lambda line: line.payout)
    waiting: list[tuple[str, Iterator[Line]]] = []

    def of(payout: Payout) -> Iterator[Line]:
        if not waiting:
            waiting.extend(islice(groups, 1))
        if waiting and waiting[0][0] == payout.key:
            return waiting.pop()[1]
        return iter(())

    return partial(of)


def _file_names(payouts: Sequence[Payout]) -> dict[str, str]:
    """A file's name for each payout, without what a file system or an address takes amiss."""
    found: dict[str, str] = {}
    for payout in payouts:
        plain = "payout-" + re.sub(r"[^A-Za-z0-9]+", "-", payout.key).strip("-").lower()
        name, number = plain, 2
        while name in found.values():
            name, number = f"{plain}_{number}", number + 1
        found[payout.key] = name
    return found
