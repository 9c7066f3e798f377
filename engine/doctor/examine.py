"""What can be known before a merchant goes to work: every check in turn, and what each found.

Reads the merchant's file, mappings and state, and asks both APIs by GET; what they answer is kept
in memory alone, nothing is written to either, and no run is held up. A check that cannot be made
is itself a result, and the others go on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from ..clock import Clock
from ..errors import FileError, QliroFortnoxError
from ..merchant.load import Merchant
from ..store.database import Store
from .checks import CHECKS, Check
from .context import Context, OnProgress, opened, silent
from .result import Result, warning


def examine(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    *,
    state: Store | None = None,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    on_progress: OnProgress = silent,
    checks: Sequence[Check] = CHECKS,
) -> list[Result]:
    """All that the checks found, in their order: at least one result each.

    ``merchant`` may have been loaded without its secrets: one that is missing is a result.
    ``transport`` stands in for the network; ``state`` is the merchant's database where the caller
    has it open, else it is opened to read while it is needed; ``free`` tells the bytes that are
    left where a folder lies; ``checks`` may be some of them.
    """
    results: list[Result] = []
    with opened(merchant, clock, transport, state, free) as context:
        for done, check in enumerate(checks, start=1):
            results += _made(check, context)
            on_progress("check", done, len(checks))
    return results


def _made(check: Check, context: Context) -> Iterator[Result]:
    try:
        found = list(check.run(context))
    except FileError as error:  # the check of that file tells all of it
        what = error.findings[0].message
        found = [
            warning(
                f"This could not be checked: {what}",
                "What is not checked may stop a run later.",
                error.findings[0].remedy or "Mend that, and run doctor again.",
                error.findings[0].place,
            )
        ]
    except QliroFortnoxError as error:
        found = [
            warning(
                f"This could not be checked: {error.message}",
                "What is not checked may stop a run later.",
                error.remedy or "Mend that, and run doctor again.",
            )
        ]
    except (ArithmeticError, LookupError, TypeError, ValueError) as odd:  # an answer as nobody knew
        found = [
            warning(
                "This could not be checked: an answer is not as it should be "
                f"({type(odd).__name__}).",
                "What is not checked may stop a run later.",
                "Report it, with the name of the check; the others are not touched by it.",
            )
        ]
    for one in found:
        yield one.of(check.name)
