"""The command ``report``: the payout report as HTML, Excel, CSV or PDF."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..clock import SystemClock
from ..errors import Exit, QliroFortnoxError, UsageError
from ..show.output import Output
from ..show.page import Text
from .command import EXIT_CODES, MerchantName, in_folder, option, refuse_idle_jobs, shared

if TYPE_CHECKING:
    from ..merchant.load import Merchant
    from ..report.payouts.model import Period, Report
    from ..show.report.words import Language
    from ..show.report.write import Form
    from ..store.database import Store


@click.command(epilog=EXIT_CODES)
@click.argument("merchant", type=MerchantName(), required=False, metavar="[MERCHANT]")
@in_folder
@shared
@option("--all", "everything", is_flag=True,
        help="Every merchant of the folder, with a first page that sums up.")  # fmt: skip
@option("--jobs", type=click.IntRange(1, 64), default=4, metavar="N",
        help="With --all: so many merchants at the same time.")  # fmt: skip
@option("--payout", "payouts", multiple=True, metavar="KEY",
        help="Of this payout; may be given several times.")  # fmt: skip
@option("--month", metavar="2026-11", help="Of the payouts of this month.")
@option("--year", metavar="2026", help="Of the payouts of this year.")
@option("--language", type=click.Choice(["sv", "en"]), default="sv", help="Swedish or English.")
@option("--out", "target", type=click.Path(path_type=Path), required=True,
        metavar="FOLDER|FILE",
        help="A file, by its ending .html, .pdf, .xlsx or .csv, or a folder, which gets linked "
             "pages.")  # fmt: skip
@option("--csv", "csv_form", type=click.Choice(["excel", "plain"]),
        help="CSV as Swedish Excel opens it (the default), or plain for programs.")  # fmt: skip
def report(
    out: Output, merchant: str | None, merchants: Path, everything: bool, jobs: int,
    payouts: tuple[str, ...], month: str | None, year: str | None, language: Any, target: Path,
    csv_form: str | None,
) -> int:  # fmt: skip
    """Write the payout report: what came in, what it was for, what it cost, what is left and why.

    Without --payout, --month or --year it is of all payouts. Nothing is asked of Qliro or Fortnox,
    and a run may be under way meanwhile. Exit code 3 when something needs a person.
    """
    from ..show.report import write

    if (merchant is None) != everything:
        both = "or --all, not both" if everything else "or say --all for all"
        raise UsageError("Report for whom?", f"Name a merchant, {both}.")
    refuse_idle_jobs(everything=everything)
    period = chosen(payouts, month, year)
    form = write.form_of(target)
    if csv_form and form != "csv":
        raise UsageError("--csv is for a file that ends in .csv.", "Name one or leave --csv out.")
    if merchant is None:
        if payouts:
            raise UsageError("Payouts are those of one merchant.", "Name it in place of --all.")
        if form != "folder":
            raise UsageError("The reports of all merchants are a folder.", "Name one in --out.")
        of = ["--month", month] if month else ["--year", year] if year else []
        return _all(out, merchants, jobs, period, of, language, target)
    made, files = _one(out, merchant, merchants, period, language, form, target,
                       plain_csv=csv_form == "plain")  # fmt: skip
    out.page(write.page(made, files))
    out.data(write.data(made, files))
    return Exit.ATTENTION if made.urgent else Exit.OK


def _one(
    out: Output, merchant: str, merchants: Path, period: Period, language: Language, form: Form,
    target: Path, *, plain_csv: bool,
) -> tuple[Report, Sequence[Path]]:  # fmt: skip
    """Gather and write the report of a merchant."""
    from ..report.payouts.gather import gather
    from ..show.report import write
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found) as store:
        made = gather(store, merchant, found.settings, SystemClock().now(), period)
        return made, write.write(store, made, language, form, target, plain_csv=plain_csv)


def _all(
    out: Output, merchants: Path, at_once: int, period: Period, of: Sequence[str],
    language: Language, target: Path,
) -> int:  # fmt: skip
    """Each merchant's report in a folder of its own, by a process of its own, and the page that
    sums up. One that can't be written stops no other."""
    from .. import json_text
    from ..report.payouts.model import Report
    from ..show.report import html, write
    from ..show.report.words import words
    from .all_merchants import carried_out, files_in
    from .processes import gravest

    target.mkdir(parents=True, exist_ok=True)  # where that can't be, no report need be begun
    jobs = [
        (one.stem, ["report", str(one), *of, "--language", language, "--out",
                    str(target / one.stem), "--json", *(["--quiet"] if out.quiet else [])])
        for one in files_in(merchants)
    ]  # fmt: skip
    made: list[html.Linked] = []
    failed: list[tuple[str, str]] = []
    told = []
    codes: list[int] = []  # of those without a report
    for one in carried_out(out, "report", jobs, at_once):
        if "files" not in one.told:
            failed.append((one.name, one.error or f"it ended with exit code {one.code}"))
            codes.append(one.code or Exit.FAILED)
            continue
        report = json_text.as_type(one.told, Report)
        made.append(html.Linked(report, f"{one.name}/index.html"))
        out.page(write.page(report, [Path(file) for file in one.told["files"]]))
        told.append(one.told)
    first = html.of_all(target / "index.html", made, failed, period, words(language))
    out.page([Text(f"All of them: {first}.")])
    without = [{"merchant": name, "message": why} for name, why in failed]
    out.data({"merchants": told, "failed": without, "file": str(first)})
    if failed:
        return gravest(codes)
    return Exit.ATTENTION if any(one.report.urgent for one in made) else Exit.OK


def after_run(
    out: Output, merchant: str, found: Merchant, store: Store, now: datetime
) -> None:
    """Write the reports that the merchant's file asks for, of each month that has changed since.

    What can't be written is noted: the run itself has done its work.
    """
    from ..show.report.monthly import monthly

    if found.reports_folder is None:
        return
    try:
        files = monthly(store, merchant, found.settings, now, found.reports_folder / found.name)
    except (QliroFortnoxError, OSError) as error:
        out.note(f"The payout report was not written: {error}")
        return
    for file in files:
        out.note(f"Report: {file}")


def chosen(payouts: tuple[str, ...], month: str | None, year: str | None) -> Period:
    """The period that is asked for. Raises UsageError where it is no month or year, or several."""
    from ..report.payouts.gather import month_of, year_of
    from ..report.payouts.model import Period

    if sum(map(bool, (payouts, month, year))) > 1:
        raise UsageError("One of --payout, --month and --year.", "Leave the others out.")
    try:
        if month:
            return Period(month, *month_of(month))
        if year:
            return Period(year, *year_of(year))
    except ValueError:
        named, written = ("--month", "2026-11") if month else ("--year", "2026")
        what = f"{month or year} is no {named[2:]}."
        raise UsageError(what, f"Write {named} {written}.") from None
    return Period(payouts=payouts)
