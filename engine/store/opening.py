"""Opens the file of a merchant's database, or says in a sentence why it can't be and what to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import duckdb

from ..errors import BusyError, UsageError

# What the name of the copy for readers ends with.
COPY = [".last", ".duckdb"]


def connect_to_write(path: Path, merchant: str) -> duckdb.DuckDBPyConnection:
    """A connection that writes. Raises BusyError when another program has the file open, UsageError
    when it can't be read or is damaged."""
    if path.exists() and not path.stat().st_size:  # DuckDB would begin anew, and forget all
        raise unreadable(path)
    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        if _is_locked(error):
            raise BusyError(
                f"Another program has the database of {merchant} open ({path}).",
                "Close it and run again.",
            ) from None
        if _is_full(error):
            raise
        raise (damaged(path) if is_damage(error) else unreadable(path)) from None


def connect_to_read(
    path: Path, copy: Path, merchant: str
) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """The copy when it is as new as the database: a reader of that stands in no run's way. A copy
    that can't be read is passed over. Second which of them it is. Raises as to write."""
    if _newest(copy) >= max(_newest(path), _newest(path.with_name(f"{path.name}.wal"))):
        with suppress(duckdb.Error):
            return duckdb.connect(str(copy), read_only=True), copy
    try:
        return duckdb.connect(str(path), read_only=True), path
    except duckdb.Error as error:
        if not _is_locked(error):
            raise (damaged(path) if is_damage(error) else unreadable(path)) from None
    if not copy.exists():
        raise BusyError(
            f"The first run of {merchant} is under way.", "Ask again when it has ended."
        )
    try:
        return duckdb.connect(str(copy), read_only=True), copy
    except duckdb.Error:
        raise BusyError(
            f"A run of {merchant} is under way, and the copy for readers can't be read ({copy}).",
            "Ask again when it has ended: it makes the copy anew.",
        ) from None


def _newest(path: Path) -> int:
    """When the file was last written, in nanoseconds; 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _is_locked(error: duckdb.Error) -> bool:
    return "could not set lock" in str(error).lower()


def _is_full(error: duckdb.Error) -> bool:
    return "No space left" in str(error) or "quota exceeded" in str(error)


def is_damage(error: duckdb.Error) -> bool:
    """Whether what is in the file is not what was written to it: DuckDB keeps a sum of each block,
    and finds parts of it missing."""
    signs = ("Corrupt database file", "Could not read", "Failure while replay")
    return not _is_full(error) and any(sign in str(error) for sign in signs)


def unreadable(path: Path) -> UsageError:
    """That it is no database of ours, with the way to another."""
    return UsageError(f"{path} is not a database that this version can read.", _restored(path))


def damaged(path: Path) -> UsageError:
    """That what is in it was changed by no program of ours, with the way to another."""
    if path.suffixes == COPY:
        return UsageError(
            f"{path}, the copy for readers, is damaged; nothing is lost.",
            "Delete it: the next run makes it anew.",
        )
    return UsageError(
        f"{path} is damaged: what is in it is not what was written to it.", _restored(path)
    )


def _restored(path: Path) -> str:
    copy = path.with_suffix("".join(COPY))
    left = f" ({copy} is as the last finished run left it)" if copy.exists() else ""
    return f"Restore it from a backup{left}, or move it away and sync again."
