"""A merchant's history to judge changes on, from a folder of exported histories, staged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..stage.staging import stage
from ..store.database import Store
from ..store.exported import exported


@contextmanager
def exported_history(folder: Path, merchant: str) -> Iterator[Store]:
    """What was exported of a merchant, as its own database would tell it. Raises NothingYetError
    and UsageError as ``engine.store.exported``."""
    with exported(folder, merchant) as store:
        stage(store)
        yield store
