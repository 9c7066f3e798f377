"""The commands ``oss import`` and ``oss export``: the sales accounts as CSV, in and out.

Shows row by row what an import changes, before it is written; gives the same as data.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..show.output import Output
from ..show.page import Page, Text, count
from .command import EXIT_CODES, of_merchant, option

FILE = click.Path(dir_okay=False, path_type=Path)
KEY = "sales_accounts"


@click.group(epilog=EXIT_CODES)
def oss() -> None:
    """The sales accounts by country and VAT rate, as CSV."""


@oss.command(name="import", epilog=EXIT_CODES)
@of_merchant
@click.argument("file", type=FILE)
@option("--dry-run", is_flag=True, help="Only show what would change.")
def import_(out: Output, merchant: str, merchants: Path, file: Path, dry_run: bool) -> None:
    """Take the sales accounts from a CSV file. All else in the merchant's file stays as it is.

    FILE has the columns country, rate, kind, buyer, region, account, vat_code, vat_account, or the
    field's own: Country Code, Default Account Number, an account for each VAT rate, Shipping
    Account, Fee Account, Credit Voucher Account. The rows take the place of those that stand in the
    file.
    """
    from ..doctor.oss_gaps import never_fitting
    from ..mappings import load_mappings
    from ..merchant import rewrite
    from ..merchant.load import of_file
    from ..merchant.oss import read_csv
    from ..show import failure
    from ..yamlfile import parse
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    rows, warnings = read_csv(file, found.settings)
    changed = changes(found.settings[KEY], rows)
    with found.path.open(encoding="utf-8", newline="") as stream:
        before = stream.read()
    text = rewrite.with_rows(before, found.path, KEY, rows)
    taken = of_file(parse(text, str(found.path)), found.path, os.environ, needs_secrets=False)
    _, program = load_mappings(taken)
    for warning in [*warnings, *never_fitting(taken, program)]:
        out.note(failure.finding_line(warning))
    out.page(page(changed, found.path, dry_run=dry_run))
    writes = bool(changed) and not dry_run
    if writes:
        rewrite.write(found.path, text)
    out.data({"changes": changed, "rows": len(rows), "written": writes})


@oss.command(name="export", epilog=EXIT_CODES)
@of_merchant
@click.argument("file", type=FILE, required=False)
def export(out: Output, merchant: str, merchants: Path, file: Path | None) -> None:
    """Write the sales accounts as CSV, to FILE or to stdout. `oss import` reads it again."""
    from ..merchant.oss import as_csv
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    rows = found.settings[KEY]
    if file is None:
        if out.json:
            out.data({"rows": rows})
        else:
            out.page([Text(as_csv(rows).rstrip("\n"))])
        return
    file.write_text(as_csv(rows), encoding="utf-8")
    out.note(f"{count(len(rows), 'row')} in {file}.")
    out.data({"file": str(file), "rows": len(rows)})


def changes(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """The rows that go and those that come, in their order; the first that fits decides."""
    import difflib

    from ..merchant.oss import row_text

    told = difflib.ndiff([row_text(row) for row in before], [row_text(row) for row in after])
    names = {"-": "removed", "+": "added"}
    return [{"change": names[one[0]], "row": one[2:]} for one in told if one[0] in names]


def page(changed: Sequence[Mapping[str, str]], path: Path, *, dry_run: bool) -> Page:
    """What changes, row by row, and whether it is written."""
    if not changed:
        return [Text(f"The rows are those of {path} already.")]
    styles = {"removed": ("- ", "red"), "added": ("+ ", "green")}
    parts: Page = []
    for one in changed:
        sign, style = styles[one["change"]]
        parts.append(Text(f"{sign}{one['row']}", style=style))
    what = "would change; nothing was written" if dry_run else "changed"
    parts.append(Text(f"{count(len(changed), 'row')} of {KEY} in {path} {what}."))
    return parts
