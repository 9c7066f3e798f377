"""Writes a gathered report in the form that is asked for, and tells where it is.

Reads the lines as a stream; writes files, each whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...errors import UsageError
from ...report.payouts.gather import lines
from ...report.payouts.model import Line, Report
from ...store.database import Store
from ..page import Page, Text, amount, count
from . import csv_file, drawn, html, pdf
from .whole import written
from .words import Language, Words, _, words

if TYPE_CHECKING:
    from .drawn import Chart

Form = Literal["html", "folder", "xlsx", "csv", "pdf"]
ENDINGS: dict[str, Form] = {".html": "html", ".pdf": "pdf", ".xlsx": "xlsx", ".csv": "csv"}


def form_of(target: Path) -> Form:
    """The form that a path asks for by its ending. Raises UsageError for another ending."""
    if target.is_dir() or not (target.suffix or target.exists()):
        return "folder"
    form = ENDINGS.get(target.suffix.lower())
    if form is None:
        known = ", ".join(ENDINGS)
        raise UsageError(
            f"{target.name} does not say in which form the report is to be.",
            f"End it in one of {known}, or name a folder.",
        )
    return form


def write(
    store: Store,
    report: Report,
    language: Language,
    form: Form,
    target: Path,
    *,
    plain_csv: bool = False,
) -> Sequence[Path]:
    """Write the report; the paths of what was written, the one to open first.

    Raises UsageError where the form does not take as many lines, or needs what is not installed.
    """
    said = words(language)
    stream = lines(store, [one.key for one in report.payouts])
    match form:
        case "folder":
            return html.folder(
                report, stream, said, drawn.pictures(store, report, language), target
            )
        case "csv":
            return [csv_file.write(target, stream, said, plain=plain_csv)]
        case "xlsx":
            return [_excel(target, report, stream, said)]
        case "pdf":
            return [_pdf(target, report, stream, said, drawn.pictures(store, report, language))]
    if report.rows > html.MOST_LINES:
        raise UsageError(
            f"{report.rows} lines are too many for one page.",
            f"Name a folder: --out {target.with_suffix('')}; or --month.",
        )
    charts = drawn.pictures(store, report, language)
    return [written(target, html.pieces(report, stream, said, charts))]


def _excel(target: Path, report: Report, stream: Iterator[Line], said: Words) -> Path:
    try:
        from . import excel  # noqa: PLC0415  an extra
    except ImportError as error:
        raise UsageError(
            f"Excel needs what is not installed ({error}).",
            "pip install 'qliro-fortnox[report]'. HTML and CSV work without.",
        ) from None
    return excel.write(target, report, stream, said)


def _pdf(
    target: Path, report: Report, stream: Iterator[Line], said: Words, charts: Sequence[Chart]
) -> Path:
    elsewhere = "" if report.rows <= html.MOST_LINES else said.count(
        _("The %(number)s line is in the Excel and HTML reports: too many to print."),
        _("The %(number)s lines are in the Excel and HTML reports: too many to print."),
        report.rows,
    )  # fmt: skip
    shown = iter(()) if elsewhere else stream
    return pdf.write(target, "".join(html.pieces(report, shown, said, charts, elsewhere)))


def page(report: Report, files: Sequence[Path]) -> Page:
    """What the command says."""
    urgent = sum(one.urgent for one in report.to_decide)
    told: Page = [
        Text(
            f"{report.name}: {count(one.payouts, 'payout')}, {amount(one.paid_out)} "
            f"{one.currency} paid out."
        )
        for one in report.totals
    ]
    if not report.payouts:
        of = f" of {report.period.name}" if report.period.name else ""
        told.append(Text(f"{report.name}: no payout{of} is known here."))
    if urgent:
        needs = "needs" if urgent == 1 else "need"
        told.append(Text(f"{count(urgent, 'item')} {needs} a person.", style="bold"))
    more = f", and {count(len(files) - 1, 'file')} beside it" if len(files) > 1 else ""
    told.append(Text(f"Written: {files[0]}{more}."))
    if files[0].suffix in (".html", ".pdf") and not drawn.can_draw():
        told.append(Text("It has no pictures: what draws them is an extra of the package, "
                         "pip install 'qliro-fortnox[report]'."))  # fmt: skip
    return told


def data(report: Report, files: Sequence[Path]) -> dict[str, Any]:
    """The same for programs: all of the report but its lines."""
    return {**asdict(report), "files": [str(one) for one in files]}
