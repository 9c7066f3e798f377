"""The command ``record``: a test case from what a merchant has stored."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path

import click

from ..show.output import Output
from .command import EXIT_CODES, FILE, of_merchant, option


@click.command(epilog=EXIT_CODES)
@of_merchant
@click.argument("ref")
@option("--mapping", metavar="NAME", help="Only what this mapping made, or would make, of it.")
@option("--flow", is_flag=True,
        help="One case of all of it, with what Qliro and Fortnox held.")  # fmt: skip
@option("--out", "file", type=FILE, help="Write to this file.  [default: stdout]")
def record(
    out: Output, merchant: str, merchants: Path, ref: str, mapping: str | None, flow: bool,
    file: Path | None,
) -> None:  # fmt: skip
    """Make a test case of something that is stored. Names and addresses are replaced, each alike.

    REF is an order, capture, refund, line, payout or document. The case holds the rows that its
    mapping was given and what comes of them, whole; where only a run decides what becomes of it,
    all that Qliro and Fortnox held of it then. It passes as it is written. Put it into a folder
    `tests` of your set or overlay and take out what does not matter.
    """
    from ..workbench import record as recording
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found) as store:
        made = recording.record(store, found, ref, mapping, flow=flow)
    for note in made.notes:
        out.note(note)
    if file is not None:
        file.write_text(made.text, "utf-8")
        out.note(f"{', '.join(made.cases)}: in {file}.")
    elif not out.json:
        for line in made.text.splitlines():
            out.line(line)
    out.data({"cases": list(made.cases), "notes": list(made.notes), "text": made.text})
