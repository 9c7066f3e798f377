"""The command ``diff``: what a change of mappings, tables or settings alters, on stored history."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import Exit, UsageError
from ..show.output import Output
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
    from ..show.differences import Compared

WORKING = "working"


@click.command(epilog=EXIT_CODES)
@click.argument("merchant", type=MerchantName(), required=False, metavar="[MERCHANT]")
@option("--from", "before", required=True, metavar="VERSION", help="The version before.")
@option("--to", "after", default=WORKING, metavar="VERSION",
              help="The version after; `working` is the files as they stand.")  # fmt: skip
@option("--markdown", "markdown", type=FILE, help="Write it for a comment on a change.")
@option("--html", "html_file", type=FILE, help="Write it as a page that needs nothing else.")
@option("--all", "everything", is_flag=True,
        help="Every merchant of the folder, each in a process of its own.")  # fmt: skip
@option("--jobs", type=click.IntRange(1, 64), default=4, metavar="N",
        help="With --all: so many merchants at the same time.")  # fmt: skip
@option("--history", type=FOLDER, metavar="FOLDER",
        help="History that `export --parquet` wrote, in place of the database.")  # fmt: skip
@option("--on", "address", metavar="ADDRESS",
        help="With --all and --history: on the workers of this Dask scheduler.")  # fmt: skip
@in_folder
@shared
def diff(
    out: Output, merchant: str | None, merchants: Path, before: str, after: str,
    markdown: Path | None, html_file: Path | None, everything: bool, jobs: int,
    history: Path | None, address: str | None,
) -> int:  # fmt: skip
    """Show what a change alters. All stored history is decided under both versions.

    VERSION is a git revision, a mapping set by its name, a release of it, `working`, `live` (what
    was posted), or a path with a slash: of a merchant's file, a set, an overlay, or a checkout that
    holds the merchant's file. What differs is told field by field under the rule that made it.
    Nothing is sent, no secret is needed. The exit code is 0 where nothing differs and 3 where
    something does.

    With --all for every merchant of the folder, those with differences first: one that fails is
    told and stops no other, and the exit code is the gravest: 1 before 2, before 75, before 3.
    With --on each merchant is a task of a Dask cluster, which runs already.
    """
    if (merchant is None) != everything:
        both = "or --all, not both" if everything else "or say --all for all"
        raise UsageError("Diff for whom?", f"Name a merchant, {both}.")
    if address is not None and not (everything and history):
        what = "A cluster compares exported histories, of all merchants of a folder."
        raise UsageError(what, "Say --all and --history with --on.")
    refuse_idle_jobs(everything=everything)
    if merchant is None:
        if address is None or history is None:
            found = _in_processes(out, merchants, jobs, before, after, history)
        else:
            found = _on_cluster(out, merchants, address, before, after, history)
        return _told(out, found, before, after, markdown, html_file)
    from ..show import difference
    from ..workbench.diff.judged import judged
    from ..workbench.history import exported_history
    from . import opening

    mine = opening.opened(out, merchant, merchants, needs_secrets=False)
    opened = exported_history(history, mine.name) if history else opening.to_read(out, mine)
    with opened as store:
        report = judged(store, mine, before, after)
    if markdown is not None:
        markdown.write_text(difference.markdown(report), "utf-8")
    if html_file is not None:
        html_file.write_text(difference.html_page(report), "utf-8")
    out.page(difference.page(report))
    out.data(difference.data(report))
    return Exit.ATTENTION if report.differing else Exit.OK


def _told(
    out: Output, found: list[Compared], before: str, after: str, markdown: Path | None,
    html_file: Path | None,
) -> int:  # fmt: skip
    from ..show import differences
    from .processes import gravest

    code = gravest(one.exit_code for one in found)
    if markdown is not None:
        markdown.write_text(differences.markdown(before, after, found), "utf-8")
    if html_file is not None:
        html_file.write_text(differences.html_page(before, after, found), "utf-8")
    out.page(differences.page(before, after, found))
    out.data(differences.data(before, after, int(code), found))
    return code


def _in_processes(
    out: Output, folder: Path, at_once: int, before: str, after: str, history: Path | None
) -> list[Compared]:
    """Each merchant compared by this very command in a process of its own."""
    from ..show.differences import Compared

    more = ["--history", str(history)] if history else []
    with tempfile.TemporaryDirectory() as scratch:
        def written(name: str, form: str) -> Path:
            return Path(scratch) / f"{name}.{form}"

        jobs = [
            (one.stem, [
                "diff", str(one), "--from", before, "--to", after, "--json", "--quiet",
                "--markdown", str(written(one.stem, "md")), "--html",
                str(written(one.stem, "html")), *more,
            ])
            for one in files_in(folder)
        ]  # fmt: skip
        return [
            Compared(one.name, one.code, one.seconds, one.told,
                     *[_text(written(one.name, form)) for form in ("md", "html")])
            for one in carried_out(out, "diff", jobs, at_once)
        ]  # fmt: skip


def _on_cluster(
    out: Output, folder: Path, address: str, before: str, after: str, history: Path
) -> list[Compared]:
    """Each merchant compared by a task of Dask; paths as the workers find them."""
    from .cluster import Asked, on_cluster
    from .opening import stopping

    sides = [_absolute(before), _absolute(after)]
    asked = [Asked(one.stem, str(one.absolute()), str(history.absolute()), *sides)
             for one in files_in(folder)]  # fmt: skip
    stop = threading.Event()

    def on_end(one: Compared) -> None:
        word = one.result if isinstance(one.result, str) else one.result[0]
        out.note(f"{one.name}: {word} after {one.seconds:.0f} s.")

    with stopping(out, stop):
        return on_cluster(address, asked, stop, on_end, out.note)


def _absolute(version: str) -> str:
    """A version that is a path, as it is found from anywhere."""
    is_path = ("/" in version or version.startswith(".")) and Path(version).exists()
    return os.path.join(os.getcwd(), version) if is_path else version


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""
