"""What a database holds, and what it has freed: its allocator keeps that unless it is told.

Of what a long result took, or many new rows, most would stay with the process as long as it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .database import Store

# What DuckDB holds at most; what a statement needs beyond it lies in a folder beside the database
# as long as it runs. Python's own rows are not in it. Of a database beyond so many bytes more: what
# is written to a table goes into the file with all of the table's last rows, and for 2,000 long
# answers at once. A database that can't write its file is of no use until it is opened again.
MEMORY_LIMIT, OF_LARGE, LARGE = "256MB", "1GB", 150_000_000
# What is freed goes back as soon as so much of it has come together.
GIVEN_BACK_SOON = "SET allocator_flush_threshold = '4MB'"
MANY = 2  # portions of rows, of what is long


def limit(path: Path | None) -> str:
    """The statement that sets what DuckDB holds at most of the database in that file."""
    return f"SET memory_limit = '{OF_LARGE if _size(path) > LARGE else MEMORY_LIMIT}'"


def _size(path: Path | None) -> int:
    files = (path, path.with_name(f"{path.name}.wal")) if path else ()
    return sum(one.stat().st_size for one in files if one.exists())


def merge_seldom(store: Store) -> None:
    """Do without merging row groups in this run, where that would take more memory than all else:
    for a few new rows the database unpacks up to 122,880 that it had written down. Where many have
    come together by the way they are merged once more, and in a small database always."""
    if _size(store.path) > SMALL and store.value(GROUPS) < APART:
        merge_later(store)


def merge_later(store: Store) -> None:
    """Leave the rows that this run writes in groups of their own, for a later run to merge."""
    store.connection.execute("SET max_vacuum_tasks = 0")


# Each run writes to this table: none has more groups that were left for later.
SMALL = 30_000_000  # bytes
GROUPS = "SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('raw.cursor')"
APART = 100


def use_few_threads(store: Store) -> None:
    """Let one thread answer what is asked of a small database: what several tell each other of few
    rows takes a tenth more of the processor, and nothing ends sooner."""
    if _size(store.path) <= LARGE:
        store.connection.execute("SET threads = 1")


def give_back(store: Store) -> None:
    """Return to the system what is freed, which DuckDB does when its limit is set; nothing where
    the store is only read."""
    if store.is_ours:
        store.connection.execute(limit(store.path))


def tidy(store: Store) -> None:
    """Bring what the log holds into the file now, while little else is held: for that the database
    unpacks what it had written down of the same tables before. Not within a transaction."""
    if store.is_ours:
        give_back(store)
        store.connection.execute("CHECKPOINT")
        give_back(store)
