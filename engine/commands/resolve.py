"""The command ``resolve``: a person's decision on what is parked, or a whole sheet of them."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path

import click

from ..clock import SystemClock
from ..errors import UsageError
from ..show.output import Output
from .command import EXIT_CODES, FILE, of_merchant, option


@click.command(epilog=EXIT_CODES)
@of_merchant
@click.argument("ref", required=False)
@option("--invoice", metavar="NUMBER", help="This invoice is the right one.")
@option("--ignore", is_flag=True, help="Book nothing; --reason says where it was booked.")
@option("--suspense", is_flag=True, help="Book it on the suspense account.")
@option("--retry", is_flag=True, help="Try again; or, with --number, it stands in Fortnox.")
@option("--number", metavar="NUMBER", help="With --retry: the document's number in Fortnox.")
@option("--reason", metavar="TEXT", help="Why; kept. Needed by --ignore and --suspense.")
@option("--by", metavar="NAME", help="Who decides; kept.")
@option("--from", "file", type=FILE, metavar="FILE.xlsx|.csv",
        help="All decisions of the sheet To decide, filled in: all of them or none.")  # fmt: skip
def resolve(
    out: Output, merchant: str, merchants: Path, ref: str | None, invoice: str | None,
    ignore: bool, suspense: bool, retry: bool, number: str | None, reason: str | None,
    by: str | None, file: Path | None,
) -> None:  # fmt: skip
    """Decide on a line that is parked. The next run carries it out; who and why is kept.

    With --from, decide as the sheet To decide of an Excel report says that came back: every row is
    checked first, and the sheet is refused whole, with row and column, when one is impossible or
    the report is older than the item's state.
    """
    from ..report.resolve import decided
    from ..report.resolve import resolve as decide
    from ..show.page import Text
    from . import opening

    given = {"invoice": bool(invoice), "ignore": ignore, "suspense": suspense, "retry": retry}
    kinds = [kind for kind, chosen in given.items() if chosen]
    if file is not None:
        if ref or kinds or number or reason or by:
            raise UsageError("The sheet itself says what is decided.", "Give --from alone.")
        _from_sheet(out, merchant, merchants, file)
        return
    if ref is None:
        raise UsageError("Decide on what?", "Name a line (status lists them), or give --from.")
    if len(kinds) != 1:
        raise UsageError("Decide one thing.", "One of --invoice, --ignore, --suspense, --retry.")
    if number and not retry:
        what = "--number is the document of which the answer was lost."
        raise UsageError(what, "Say --retry with it; the right invoice is named by --invoice.")
    if by is None:
        raise UsageError("Who decides?", "Give a name: --by NAME. It is kept.")
    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    if suspense and found.settings["accounts"].get("suspense") is None:
        raise UsageError("The merchant's file names no suspense account.",
                         "Name it in accounts.suspense first.")  # fmt: skip
    with opening.to_write(found) as store:
        detail = invoice or number or ""
        line = decide(store, SystemClock().now(), by, ref, kinds[0], detail, reason or "")
    what = f"{kinds[0]} {detail}".strip()
    out.page([Text(f"{decided(line)}: {what}, decided by {by}."),
              Text(f"The next run carries it out: qliro-fortnox run {merchant}")])  # fmt: skip
    out.data({"line": line["line"], "kind": kinds[0], "detail": detail, "by": by})


def _from_sheet(out: Output, merchant: str, merchants: Path, file: Path) -> None:
    from ..report.payouts.decided import take_down
    from ..show.page import Text, count
    from ..show.report.returned import read
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    decisions = read(file)
    if not decisions:
        raise UsageError(f"Nothing is decided in {file}.", "Fill in the column Decision (Beslut).")
    with opening.to_write(found) as store:
        taken = take_down(store, found.settings, SystemClock().now(), decisions)
    told = [
        Text(f"{one.ref}: {one.kind} {one.detail}".rstrip() + f", decided by {one.who}.")
        for one in taken
    ]
    out.page([*told, Text(f"{count(len(taken), 'decision')} taken down. The next run carries them "
                          f"out: qliro-fortnox run {merchant}")])  # fmt: skip
    out.data({"taken": [{"line": one.ref, "kind": one.kind, "detail": one.detail, "by": one.who}
                        for one in taken]})  # fmt: skip
