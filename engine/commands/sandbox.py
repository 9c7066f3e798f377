"""The commands ``sandbox serve`` and ``demo``: a double of both systems, and a show with it."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import UsageError
from ..show.output import Output
from . import command
from .command import DAY, EXIT_CODES, FILE, FOLDER, option, refuse_idle, shared


@click.group(epilog=EXIT_CODES)
def sandbox() -> None:
    """A double of Qliro and Fortnox, to try things on."""


@sandbox.command(epilog=EXIT_CODES)
@option("--port", type=click.IntRange(0, 65535), default=8765, metavar="N",
              help="The port; 0 takes a free one.")  # fmt: skip
@option("--seed", default=1, metavar="N", help="Another number makes another history.")
@option("--trouble", "troubles", multiple=True, metavar="NAME",
              help="Only this oddity instead of a month; several times for several.")  # fmt: skip
@option("--orders", is_flag=True,
              help="Orders of a shop without another connector instead of a month.")  # fmt: skip
@option("--until", type=DAY,
              help="The day on which the history ends.  [default: today]")  # fmt: skip
@option("--window", type=click.FloatRange(0.001), default=5.0, metavar="SECONDS",
              help="Fortnox allows 25 requests in this time.")  # fmt: skip
@option("--journal", type=FILE,
              help="Begin with the writes kept in this file; keep them at the end.")  # fmt: skip
@shared
def serve(out: Output, **options: Any) -> None:
    """Serve a seeded shop on this machine. A month of payouts, until Ctrl-C or SIGTERM."""
    from ..demo.serve import serve as serve_world

    if options["orders"] and options["troubles"]:
        raise UsageError("Troubles are of a shop's payouts.", "Leave --orders or --trouble out.")
    command.interrupt_on_term()
    serve_world(out, **options)


@click.command(epilog=EXIT_CODES)
@option("--folder", type=FOLDER, default=Path(".demo"), metavar="FOLDER",
              help="Where the demo keeps its merchant and its state.")  # fmt: skip
@option("--seed", default=1, metavar="N", help="Another number makes another month.")
@option("--sandbox-only", is_flag=True,
              help="Serve the sandbox as the last demo left it, to go on with.")  # fmt: skip
@shared
def demo(out: Output, folder: Path, seed: int, sandbox_only: bool) -> None:
    """Watch a month of payouts and the life of an order. Two shops, in a folder of their own."""
    from ..demo.month import demonstrate, serve_again

    command.interrupt_on_term()
    if sandbox_only:
        refuse_idle("seed", "The last demo has its seed.", "Leave --seed or --sandbox-only out.")
        serve_again(out, folder)
    else:
        demonstrate(out, folder, seed)
