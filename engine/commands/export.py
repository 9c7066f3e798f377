"""The command ``export``: what was fetched as JSON lines, or a merchant's history as Parquet."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..clock import SystemClock
from ..errors import UsageError
from ..show.output import Output
from . import command
from .all_merchants import carried_out, files_in
from .command import (
    EXIT_CODES,
    FILE,
    FOLDER,
    MerchantName,
    in_folder,
    option,
    refuse_idle_jobs,
    shared,
)

if TYPE_CHECKING:
    from ..show.page import Cell
    from .processes import Ended


@click.command(epilog=EXIT_CODES)
@click.argument("merchant", type=MerchantName(), required=False, metavar="[MERCHANT]")
@option("--pseudonymise", is_flag=True,
              help="Replace what names people and businesses; each alike everywhere.")  # fmt: skip
@option("--out", "file", type=FILE, help="Write to this file (mode 0600).  [default: stdout]")
@option("--parquet", type=FOLDER, metavar="FOLDER",
        help="Write the history that `diff --history` reads, as Parquet.")  # fmt: skip
@option("--all", "everything", is_flag=True,
        help="With --parquet: every merchant of the folder.")  # fmt: skip
@option("--jobs", type=click.IntRange(1, 64), default=4, metavar="N",
        help="With --all: so many merchants at the same time.")  # fmt: skip
@in_folder
@shared
def export(
    out: Output, merchant: str | None, merchants: Path, pseudonymise: bool, file: Path | None,
    parquet: Path | None, everything: bool, jobs: int,
) -> int:  # fmt: skip
    """Write out what was fetched. The JSON lines are what `sync --from` reads, anywhere.

    With --parquet all that history is made of, what was posted and why among it, as
    FOLDER/TABLE/merchant=NAME/history.parquet, each file its owner's alone. Buyers are in it as
    they are in the database, for documents are made of them; secrets and personal numbers are in
    neither.
    """
    if (merchant is None) != everything:
        both = "or --all, not both" if everything else "or say --all for all"
        raise UsageError("Export whose?", f"Name a merchant, {both}.")
    refuse_idle_jobs(everything=everything)
    if parquet is None and everything:
        raise UsageError("JSON lines are of one merchant.", "Say --parquet, or name a merchant.")
    if parquet is not None and (pseudonymise or file):
        raise UsageError(
            "Documents are made of buyers: a history without them would be another.",
            "--pseudonymise and --out are for JSON lines.",
        )
    if merchant is None:
        assert parquet is not None  # noqa: S101  refused above
        return _all(out, merchants, jobs, parquet)
    if parquet is not None:
        return _history(out, merchant, merchants, parquet)
    return _lines(out, merchant, merchants, file, pseudonymise=pseudonymise)


def _lines(
    out: Output, merchant: str, merchants: Path, file: Path | None, *, pseudonymise: bool
) -> int:
    from ..mappings import load_mappings
    from ..stage.traffic import exported, write
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    mapping_set, _ = load_mappings(found)
    with opening.to_read(out, found) as store:
        lines = exported(found, store, mapping_set, pseudonymise=pseudonymise)
        if file is None:
            for line in lines:
                out.line(line)
            return 0
        written = write(file, lines)
    out.note(f"{written} answers in {file}.")
    out.data({"file": str(file), "answers": written})
    return 0


def _history(out: Output, merchant: str, merchants: Path, folder: Path) -> int:
    from ..show.page import Text, count
    from ..store.exported import export_history
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found) as store:
        told = export_history(store, found.name, folder, SystemClock().now(), command.VERSION)
    answers = count(sum(told.rows[one] for one in ANSWERS), "answer")
    documents = count(told.rows["ledger.action"], "document")
    out.page([Text(f"Exported {found.name} into {folder}: {answers}, {documents}.")])
    out.data({"folder": str(folder), "merchant": found.name, "rows": dict(told.rows)})
    return 0


def _all(out: Output, merchants: Path, at_once: int, folder: Path) -> int:
    from ..show.page import Column, Table
    from .processes import gravest

    jobs = [
        (one.stem, ["export", str(one), "--parquet", str(folder), "--json", "--quiet"])
        for one in files_in(merchants)
    ]
    ended = carried_out(out, "export", jobs, at_once)
    code = gravest(0 if one.has_nothing else one.code for one in ended)
    columns = [Column("Merchant"), Column("Answers", right=True), Column("Documents", right=True),
               Column("Why")]  # fmt: skip
    out.page([Table(columns, [_row(one) for one in ended])])
    out.data({
        "exit_code": int(code), "folder": str(folder),
        "merchants": {one.name: {"exit_code": one.code, "result": one.told} for one in ended},
    })  # fmt: skip
    return code


def _row(one: Ended) -> list[Cell]:
    if one.error:
        why = "nothing stored" if one.has_nothing else one.error.partition("\n")[0]
        return [one.name, "", "", why]
    rows = one.told["rows"]
    answers = sum(rows[one] for one in ANSWERS)
    return [one.name, str(answers), str(rows["ledger.action"]), ""]


# Where answers lie, by the length of their bodies.
ANSWERS = ("raw.answer_short", "raw.answer_long")
