"""Databases for tests: of a dozen rows, hundreds of them, each made in an instant.

``in_memory`` stands in for the engine's own in all tests. Tables and views are created once in a
process, in a file of which each database is a copy; the tests of ``writing`` create them anew.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from functools import cache
from pathlib import Path

import duckdb

from engine.store import database as stores
from engine.store.database import Store

MEMORY = Path("/dev/shm")  # noqa: S108  the databases live for a second each
_configure, _connect = stores._configure, stores.connect_to_write
real_in_memory = stores.in_memory
_numbers = itertools.count()


def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes with the process; in memory, where that is to be had."""
    return tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None)


@cache
def ready() -> tempfile.TemporaryDirectory[str]:
    """The folder with the database that all others are copies of."""
    made = folder()
    with stores.writing(Path(made.name), "ready"):
        pass
    return made


def place(path: Path) -> None:
    """An empty database in a file, as a run leaves one that it had nothing to do in."""
    path.write_bytes((Path(ready().name) / "ready.duckdb").read_bytes())


def connect(path: Path, merchant: str) -> duckdb.DuckDBPyConnection:
    """Open the merchant's database; a new one is made ready by copying."""
    if not path.exists():
        place(path)
    return _connect(path, merchant)


def in_memory() -> Store:
    """An empty database that ends with the process."""
    path = Path(ready().name) / f"{next(_numbers)}.duckdb"
    place(path)
    connection = duckdb.connect(str(path))
    path.unlink()
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    stores._configure(connection)
    connection.execute(f"SET memory_limit = '{stores.MEMORY_LIMIT}'")
    stores._harden(connection)
    return Store(connection, None)


def in_one_thread(connection: duckdb.DuckDBPyConnection) -> None:
    """As the engine sets a connection up, in one thread: the tests run beside each other, a process
    to a core. The benchmarks use all cores."""
    _configure(connection)
    connection.execute("SET threads = 1")


def plainly(store: Store) -> Store:
    """Without the search for the best of all query plans, which takes longer here than any query.
    Commands started as processes, the stages' tests and the benchmarks have it looked for."""
    store.execute("PRAGMA disable_optimizer")
    return store


def in_one_thread_and_plainly(connection: duckdb.DuckDBPyConnection) -> None:
    """Both of it, for commands that are called in this process."""
    in_one_thread(connection)
    connection.execute("PRAGMA disable_optimizer")
