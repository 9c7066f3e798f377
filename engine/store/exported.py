"""A merchant's history as Parquet on storage that others read too, and read back from there.

Writes and reads ``<folder>/<table>/merchant=<name>/history.parquet``, a file for each table that
history is made of (``raw_answer_short``, ``ledger_event``, …), with the types of ``schema.sql``
and a column ``place``, the order of writing. ``<folder>/_exports/<name>.json`` is written last and
says what is there: without it, or where it says something else, nothing is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any

from ..errors import NothingYetError, UsageError
from .database import OPEN_FILES, Store, is_current, prepared
from .driver import duckdb
from .files import private_files, sync_folder, write_private
from .history import IN_ORDER, OWN
from .tables import make_current

ABOUT = "_exports"
# Rows that are written and read at once, and their bytes at most: bodies of answers are long.
AT_ONCE, BYTES_AT_ONCE = 20_000, 32_000_000


@dataclass(frozen=True, slots=True)
class Export:
    """What was exported: ``rows`` of each table. ``schema`` is the digest of their columns;
    ``exported_at`` is ISO 8601."""

    merchant: str
    program: str
    exported_at: str
    schema: str
    rows: Mapping[str, int]


def export_history(
    store: Store, merchant: str, folder: Path, now: datetime, program: str
) -> Export:
    """Write what ``store``, open to read, holds of a merchant's history; what was exported of it
    before is replaced. Files are their owner's alone.

    Raises UsageError where the database is of an earlier version, or the folder can't be written.
    """
    if not is_current(store):
        raise UsageError(
            f"The database of {merchant} is as an earlier version left it.",
            "Run `qliro-fortnox sync` once, which brings it up, and export then.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = _about(folder, merchant)
        about.parent.mkdir(exist_ok=True, mode=0o700)
        about.unlink(missing_ok=True)
        with _beside_files(folder, store) as (made, name):
            made.execute(WITH_NULLS)
            made.execute(IN_TURN)
            tables = _tables(made)
            rows = {
                table: _write(made, name, table, columns, _file(folder, table, merchant))
                for table, columns in tables.items()
            }
            told = Export(merchant, program, now.astimezone(UTC).isoformat(), _digest(tables), rows)
        text = json.dumps(asdict(told), indent=2, ensure_ascii=False)
        write_private(about, f"{text}\n".encode())
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} can't be written ({error.strerror}).",
            "Free some room there, or name another folder.",
        ) from None
    return told


# A column that happens to hold no null would be written as one that can't: files of two merchants
# would differ in their schemas, and not all readers take them together.
WITH_NULLS = "SET disabled_optimizers = 'statistics_propagation'"
# One thread writes rows as they stand and holds one group of them; of two each holds its own,
# and so does who keeps several in order.
IN_TURN = "SET threads = 1; SET preserve_insertion_order = false"
Columns = Mapping[str, str]


def _tables(store: Store) -> dict[str, Columns]:
    """The tables of history and their columns with types, as this version declares them."""
    found: dict[str, dict[str, str]] = {}
    for row in store.rows(COLUMNS, [list(OWN)]):
        found.setdefault(row["name"], {})[row["column_name"]] = row["data_type"]
    return dict(found)


COLUMNS = """
SELECT c.schema_name || '.' || c.table_name AS name, c.column_name, c.data_type
FROM duckdb_columns() AS c
JOIN duckdb_tables() AS t USING (database_name, schema_name, table_name)
WHERE c.database_name = current_database() AND c.schema_name IN ('raw', 'ledger')
  AND NOT list_contains(?, c.schema_name || '.' || c.table_name)
ORDER BY name, c.column_index
"""


def _digest(tables: Mapping[str, Columns]) -> str:
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def _write(store: Store, name: str, table: str, columns: Columns, file: Path) -> int:
    """One table, whole or not at all; how many rows it has."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = file.with_suffix(".half")
    typed = [f'CAST("{one}" AS {type_}) AS "{one}"' for one, type_ in columns.items()]
    store.execute(
        f"COPY (SELECT CAST(rowid AS BIGINT) AS place, {', '.join(typed)} FROM {name}.{table}) "
        f"TO '{_quoted(half)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {AT_ONCE}, "
        f"ROW_GROUP_SIZE_BYTES {BYTES_AT_ONCE})"
    )
    with half.open("rb") as written:
        os.fsync(written.fileno())
    half.chmod(0o600)
    half.replace(file)
    sync_folder(file.parent)
    return int(store.value(f"SELECT count(*) FROM read_parquet('{_quoted(file)}')"))


def _file(folder: Path, table: str, merchant: str) -> Path:
    return folder / table.replace(".", "_") / f"merchant={merchant}" / "history.parquet"


def _about(folder: Path, merchant: str) -> Path:
    return folder / ABOUT / f"{merchant}.json"


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("'", "''")


# -- read back -----------------------------------------------------------------------------------


@contextmanager
def exported(folder: Path, merchant: str) -> Iterator[Store]:
    """A database of what was exported of a merchant, still to be staged; it ends with the block.

    Raises NothingYetError where nothing was exported of it, UsageError where no export lies there
    at all, or one that is of another version or not what was written.
    """
    told = _read(folder, merchant)
    with _beside_files(folder) as (store, _):
        tables = _tables(store)
        if _digest(tables) != told.schema:
            raise UsageError(
                f"The history of {merchant} in {folder} was exported by version {told.program}, "
                "whose tables are others.",
                "Export it again.",
            )
        for table, columns in tables.items():
            _fill(store, table, columns, _file(folder, table, merchant), told)
        if _read(folder, merchant) != told:
            raise _other(folder, merchant)
        yield store


def _fill(store: Store, table: str, columns: Columns, file: Path, told: Export) -> None:
    if not file.is_file():
        raise _other(file, told.merchant)
    names = ", ".join(f'"{one}"' for one in columns)
    source = f"read_parquet('{_quoted(file)}', hive_partitioning = false)"
    store.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source}")
    there = int(store.value(f"SELECT count(*) FROM {table}"))
    if there != told.rows.get(table):
        raise _other(file, told.merchant)
    if table in IN_ORDER and there:  # runs noted the places of what they wrote
        places = store.value(f"SELECT count(*) FROM {source} WHERE file_row_number <> place")
        if places:
            raise _other(file, told.merchant)


def _read(folder: Path, merchant: str) -> Export:
    try:
        told: dict[str, Any] = json.loads(_about(folder, merchant).read_text("utf-8"))
        return Export(**told)
    except FileNotFoundError:
        raise _missing(folder, merchant) from None
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{_about(folder, merchant)} can't be read ({error}).", "Export the history again."
        ) from None


def _missing(folder: Path, merchant: str) -> UsageError:
    """Why there is no history of a merchant: a folder of none at all is another than was meant, and
    what is half written is no merchant of which nothing is stored."""
    export = f"Export it: qliro-fortnox export {merchant} --parquet {folder}"
    if not (folder / ABOUT).is_dir():
        return UsageError(f"{folder} is no folder of exported histories.", export)
    if any(folder.glob(f"*/merchant={escape(merchant)}/*")):
        what = f"The history of {merchant} in {folder} is being written, or was left half written."
        return UsageError(what, "Compare again, or export it again.")
    return NothingYetError(f"There is no history of {merchant} in {folder}.", export)


def _other(what: Path, merchant: str) -> UsageError:
    return UsageError(
        f"{what} is not what was exported of {merchant}: it is cut, or was written meanwhile.",
        "Compare again, or export the history again.",
    )


@contextmanager
def _beside_files(folder: Path, store: Store | None = None) -> Iterator[tuple[Store, str]]:
    """An empty database on disk whose SQL reads and writes the files of ``folder`` too, thrown away
    again; and by what name the store's can be read from it, which is open to read."""
    with private_files(), tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "beside.duckdb"
        connection, name = duckdb.connect(str(path)), "merchant"
        try:
            make_current(connection)
            if store is not None:
                opened = str(store.rows(OPEN_FILES)[0]["path"]).replace("'", "''")
                connection.execute(f"ATTACH '{opened}' AS {name} (READ_ONLY)")
            within = f"{folder.resolve()}/".replace("'", "''")
            connection.execute(f"SET allowed_directories = ['{within}']")
            yield prepared(connection, path), name
        finally:
            connection.close()
