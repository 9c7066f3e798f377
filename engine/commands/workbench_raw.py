"""The command ``raw``: an answer of Qliro or Fortnox as it came."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path

import click

from ..show.output import Output
from .command import EXIT_CODES, of_merchant


@click.command(epilog=EXIT_CODES)
@of_merchant
@click.argument("answer", type=click.IntRange(1))
@click.argument("path", required=False)
def raw(out: Output, merchant: str, merchants: Path, answer: int, path: str | None) -> None:
    """Show an answer of Qliro or Fortnox as it came. What names somebody is starred.

    ANSWER is the number by which `explain` names it. With PATH only what stands there:
    OrderItemActions[3], PaymentTransactions[*].Amount.
    """
    from ..show import answer as view
    from ..workbench import answer as answers
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    with opening.to_read(out, found) as store:
        told = answers.answer(store, found, answer, path)
    out.page(view.page(told))
    out.data(view.data(told))
