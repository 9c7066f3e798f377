"""A merchant's history under two versions, each by the name that people give it.

Reads the merchant's database and what the names stand for; a git revision or a release is unpacked
into a folder that ends with the comparison.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ...errors import UsageError
from ...merchant.load import Merchant
from ...scope import ALL, Scope
from ...store.database import Store
from ..versions import Version
from .blame import Blame
from .changes import between
from .history import History
from .live import LIVE, diff_live
from .named import version
from .narrowed import Narrowing
from .portions import portions_of
from .reached import reached_by
from .report import Report, posted, take


def judged(store: Store, merchant: Merchant, before: str, after: str) -> Report:
    """What ``after`` makes otherwise than ``before``, of all that is stored.

    Raises UsageError where a name is no version, and FileError where its mappings are wrong.
    """
    if before == after == LIVE:
        what = "What was posted is not held against itself."
        raise UsageError(what, "Name a version beside live: --to working")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        sides = [
            None if name == LIVE else version(name, merchant, folder / str(at), store)
            for at, name in enumerate((before, after))
        ]
        if sides[0] is not None and sides[1] is not None:
            return diff(store, sides[0], sides[1])
        (one,) = [side for side in sides if side is not None]
        return diff_live(store, merchant, one, is_live_after=after == LIVE)


def diff(
    store: Store, before: Version, after: Version, scope: Scope = ALL, processes: int | None = None
) -> Report:
    """What ``after`` makes otherwise than ``before`` of a merchant's stored history; many orders in
    so many other processes, one for each core unless it is said."""
    changes = between(before, after)
    report = Report(after.merchant.name, before.name, after.name, changes)
    if not changes:
        return report
    # Which of several changes made a difference is told by what decided; one is behind them all.
    narrowing = Narrowing(
        reached_by(changes, before, after), (before, after), traced=len(changes) > 1
    )
    elsewhere = portions_of(store, narrowing, changes, scope, processes)
    history = History(store, narrowing, scope, elsewhere)
    take(report, Blame((before, after), changes), history.differences(), posted(store))
    report.documents, report.problems = history.documents, history.problems
    return report
