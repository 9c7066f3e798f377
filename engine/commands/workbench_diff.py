"""The command ``diff``: what a change of mappings, tables or settings alters, on stored history."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path

import click

from ..errors import Exit
from ..show.output import Output
from .command import EXIT_CODES, FILE, of_merchant, option

WORKING = "working"


@click.command(epilog=EXIT_CODES)
@of_merchant
@option("--from", "before", required=True, metavar="VERSION", help="The version before.")
@option("--to", "after", default=WORKING, metavar="VERSION",
              help="The version after; `working` is the files as they stand.")  # fmt: skip
@option("--markdown", "markdown", type=FILE, help="Write it for a comment on a change.")
@option("--html", "html_file", type=FILE, help="Write it as a page that needs nothing else.")
def diff(
    out: Output, merchant: str, merchants: Path, before: str, after: str,
    markdown: Path | None, html_file: Path | None,
) -> int:  # fmt: skip
    """Show what a change alters. All stored history is decided under both versions.

    VERSION is a git revision, a mapping set by its name, `working`, `live` (what was posted), or a
    path with a slash: of a merchant's file, a set, an overlay, or a checkout that holds the
    merchant's file. What differs is told field by field under the rule that made it. Nothing is
    sent, no secret is needed. The exit code is 0 where nothing differs and 3 where something does.
    """
    from ..show import difference
    from ..workbench.diff.judged import judged
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found) as store:
        report = judged(store, found, before, after)
    if markdown is not None:
        markdown.write_text(difference.markdown(report), "utf-8")
    if html_file is not None:
        html_file.write_text(difference.html_page(report), "utf-8")
    out.page(difference.page(report))
    out.data(difference.data(report))
    return Exit.ATTENTION if report.differing else Exit.OK
