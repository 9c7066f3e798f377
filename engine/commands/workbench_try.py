"""The command ``try``: an item through the mappings as they stand on disk."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..show.output import Output
from .command import EXIT_CODES, of_merchant, option

if TYPE_CHECKING:
    from ..language.kept import Kept
    from ..merchant.load import Merchant
    from ..workbench.trying import Item

EVERY = 0.03  # seconds between two looks at the files


@click.command("try", epilog=EXIT_CODES)
@of_merchant
@click.argument("ref")
@option("--watch", is_flag=True, help="Again at every save, until stopped with Ctrl-C.")
def try_(out: Output, merchant: str, merchants: Path, ref: str, watch: bool) -> None:
    """Show what the mappings on disk make of an order, capture, refund, line or payout.

    Asks no server and posts nothing. Each document as it would be sent, each value with the rule
    that gives it, the checks, and what it would wait for. What was posted is decided as of then:
    with what Qliro and Fortnox held when it was posted.

    With --watch a broken file is told, and the next save is looked at again.
    """
    from ..language.kept import Kept
    from ..workbench.trying import item
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found) as store, item(store, ref) as one:
        if not watch:
            _show(out, found, one)
            return
        seen: dict[Path, int] = {}
        kept = Kept()
        while True:
            now = _saved(found)
            if now != seen:
                seen = now
                found = _again(out, found, one, kept)
                gc.collect()  # nobody waits for it now
            time.sleep(EVERY)


def _show(out: Output, merchant: Merchant, one: Item, kept: Kept | None = None) -> None:
    from ..show import tried as view
    from ..workbench.trying import tried
    from ..workbench.versions import working

    documents = tried(one, working(merchant, kept=kept))
    out.page(view.page(one.ref, documents))
    out.data(view.data(one.ref, documents))


def _again(out: Output, merchant: Merchant, one: Item, kept: Kept) -> Merchant:
    """Once more after a save, of the merchant's own file too; what is wrong with a file is told,
    and it goes on. Gives the merchant as its file has it now."""
    from ..errors import QliroFortnoxError
    from ..garbage import without_garbage_collection
    from ..merchant.load import load_merchant
    from ..show.page import Text

    try:
        with without_garbage_collection():
            merchant = load_merchant(merchant.path, os.environ, needs_secrets=False)
            _show(out, merchant, one, kept)
    except QliroFortnoxError as error:
        out.page([Text(line) for line in str(error).splitlines()])
    return merchant


def _saved(merchant: Merchant) -> dict[Path, int]:
    """When the merchant's file and each file of its mappings were saved last."""
    folders = [merchant.mapping_folder, *filter(None, [merchant.overlay_folder])]
    times: dict[Path, int] = {}
    files = (one for folder in folders for kind in ("yaml", "yml")
             for one in folder.rglob(f"*.{kind}"))  # fmt: skip
    for path in (merchant.path, *files):
        try:
            times[path] = path.stat().st_mtime_ns
        except OSError:  # an editor is putting another in its place
            continue
    return times
