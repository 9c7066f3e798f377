"""Tells how far long work has come: a moving line on a terminal, a line for each stage elsewhere.

Reads the calls of the stages (name, done, total), writes to stderr; results are never mixed in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .output import Output

OnProgress = Callable[[str, int, int | None], None]
# Stages whose names do not say by themselves what is going on.
WORDS = {
    "stage": "reading what came",
    "plan": "planning",
    "deliver": "posting to Fortnox",
    "recover": "what an earlier run left open",
    "pushes": "pushes that had come",
    "settlement batches": "settlement batches from Qliro",
    "settlement lines": "settlement lines from Qliro",
    "orders": "orders from Qliro",
    "registers": "registers from Fortnox",
    "invoices": "invoices from Fortnox",
    "invoice payments": "invoice payments from Fortnox",
    "documents": "single documents from Fortnox",
    "searches": "searches in Fortnox",
    "check": "checks",
}


@contextmanager
def progress(out: Output) -> Iterator[OnProgress]:
    """What the stages call while they work; silent when quiet."""
    if out.quiet:
        yield lambda stage, done, total: None
    elif sys.stderr.isatty() and out.log is None:
        with _moving() as told:
            yield told
    else:
        yield _stages(out)


def _stages(out: Output) -> OnProgress:
    """One line for each stage when it begins or, with a total, when it ends; verbose tells all."""
    told: set[str] = set()

    def on_progress(stage: str, done: int, total: int | None) -> None:
        text = WORDS.get(stage, stage)
        if out.verbose:
            out.note(f"{text} {done}/{total}" if total is not None else text)
        elif total is not None and done == total and total > 0:
            out.note(f"{text}: {total}")
        elif total is None and stage not in told:
            told.add(stage)
            out.note(f"{text} …")

    return on_progress


@contextmanager
def _moving() -> Iterator[OnProgress]:
    from rich.console import Console  # noqa: PLC0415  slow to load, only a terminal needs it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def on_progress(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bars.update(task, visible=False)
                tasks[stage] = bars.add_task(WORDS.get(stage, stage), total=total)
            bars.update(tasks[stage], completed=done, total=total, visible=True)

        yield on_progress
