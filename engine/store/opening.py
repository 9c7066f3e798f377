"""Opens the file of a merchant's database, or says in a sentence why it can't be and what to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..errors import BusyError, QliroFortnoxError, UsageError
from .driver import duckdb

# What the name of the copy for readers ends with.
COPY = [".last", ".duckdb"]
BLOCK = 65_536  # bytes


def connect_to_write(path: Path, merchant: str) -> duckdb.DuckDBPyConnection:
    """A connection that writes. Raises BusyError when another program has the file open, UsageError
    when it can't be read or is damaged."""
    if path.exists() and not path.stat().st_size:  # DuckDB would begin anew, and forget all
        raise unreadable(path)
    try:
        if not path.exists():
            lay_out(path)
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        if _is_locked(error):
            raise BusyError(
                f"Another program has the database of {merchant} open ({path}).",
                "Close it and run again.",
            ) from None
        if is_full(error):
            raise
        raise (damaged(path) if is_damage(error) else unreadable(path)) from None


def lay_out(path: Path) -> None:
    """Make an empty database of small blocks. Each column of each table takes parts of some: with
    DuckDB's own of 256 kB a merchant of few orders would take three times the room."""
    with duckdb.connect(":memory:") as connection:
        attached = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{attached}' AS laid_out (BLOCK_SIZE {BLOCK})")


def connect_to_read(
    path: Path, copy: Path, merchant: str
) -> tuple[duckdb.DuckDBPyConnection, Path]:
    """The copy when it is as new as the database: a reader of that stands in no run's way. A copy
    that can't be read is passed over. Second which of them it is. Raises as to write."""
    if _newest(copy) >= max(_newest(path), _newest(path.with_name(f"{path.name}.wal"))):
        with suppress(duckdb.Error):
            connection = duckdb.connect(str(copy), read_only=True)
            if not is_half_staged(connection):
                return connection, copy
            connection.close()
    under_way, remedy = "is under way", "Ask again when it has ended"
    try:
        connection = duckdb.connect(str(path), read_only=True)
        if not is_half_staged(connection):
            return connection, path
        connection.close()
        under_way, remedy = "was cut off", "Run it again: it goes on where it was"
    except duckdb.Error as error:
        if not _is_locked(error):
            raise (damaged(path) if is_damage(error) else unreadable(path)) from None
    if not copy.exists():
        raise BusyError(f"The first run of {merchant} {under_way}.", f"{remedy}.")
    with suppress(duckdb.Error):
        connection = duckdb.connect(str(copy), read_only=True)
        if not is_half_staged(connection):
            return connection, copy
        connection.close()
    raise BusyError(
        f"A run of {merchant} {under_way}, and the copy for readers can't be read ({copy}).",
        f"{remedy}, and makes the copy anew.",
    )


def is_half_staged(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a stage was cut between two of its portions: tables show some things as they are, and
    others as they were."""
    try:
        last = connection.execute(LAST_STAGED).fetchone()
    except (duckdb.BinderException, duckdb.CatalogException):  # of an earlier version
        return False
    return last is not None and last[0] is False


LAST_STAGED = "SELECT is_whole FROM raw.staged ORDER BY rowid DESC LIMIT 1"


def _newest(path: Path) -> int:
    """When the file was last written, in nanoseconds; 0 when there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _is_locked(error: duckdb.Error) -> bool:
    return "could not set lock" in str(error).lower()


def is_full(error: duckdb.Error) -> bool:
    """Whether the disk has no room left."""
    return "No space left" in str(error) or "quota exceeded" in str(error)


def is_damage(error: duckdb.Error) -> bool:
    """Whether what is in the file is not what was written to it: DuckDB keeps a sum of each block,
    and finds parts of it missing."""
    signs = ("Corrupt database file", "Could not read", "Failure while replay")
    return not is_full(error) and any(sign in str(error) for sign in signs)


def left_in_log(path: Path, error: duckdb.Error) -> QliroFortnoxError:
    """That what was committed could not be brought into the file: of no harm to what was done, and
    to be mended, for every further run would end so."""
    why = "the disk is full" if is_full(error) else str(error).splitlines()[0].rstrip(".")
    return QliroFortnoxError(
        f"What was done is written down in {path}.wal, and could not be brought into the database "
        f"beside it: {why}. Nothing is lost, and `status` and reports read both.",
        "Free memory or disk space and run again.",
    )


def unreadable(path: Path) -> UsageError:
    """That it is no database of ours, with the way to another."""
    return UsageError(f"{path} is not a database that this version can read.", _restored(path))


def damaged(path: Path) -> UsageError:
    """That what is in it was changed by no program of ours, with the way to another."""
    if path.suffixes == COPY:
        return UsageError(
            f"{path}, the copy for readers, is damaged; nothing is lost.",
            "It was removed: ask again. The next run makes it anew.",
        )
    return UsageError(
        f"{path} is damaged: what is in it is not what was written to it.", _restored(path)
    )


def _restored(path: Path) -> str:
    copy = path.with_suffix("".join(COPY))
    left = f" ({copy} is as the last finished run left it)" if copy.exists() else ""
    return f"Restore it from a backup{left}, or move it away and sync again."
