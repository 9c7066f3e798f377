"""The merchant's database: one DuckDB file, one writer, and a copy for readers while it is busy.

Reads and writes ``<state>/<merchant>.duckdb``; holds ``<merchant>.lock`` while writing and leaves
``<merchant>.last.duckdb``, the state after the last finished run, for ``status`` and ``explain``.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import NothingYetError, UsageError
from .driver import duckdb
from .files import private_files
from .freed import GIVEN_BACK_SOON, MANY, MEMORY_LIMIT, give_back, limit
from .lock import locked
from .opening import (
    COPY,
    connect_to_read,
    connect_to_write,
    damaged,
    is_damage,
    is_half_staged,
    left_in_log,
    unreadable,
)
from .readers_copy import last_same, renew_copy
from .rewrite import bring_over, is_of_earlier_layout
from .tables import create, has, is_made_current, make_current

# So many rows of values are held at a time on their way into a table.
PORTION = 1000
# What people read: there in every database that was ever made ready.
MADE_READY = "ledger.interim_state"
# By position, or by name for a statement with $names.
Parameters = Sequence[Any] | Mapping[str, Any]
# Statements by their text; those that a run makes up itself don't pile up.
_PARSED: dict[str, list[duckdb.Statement]] = {}
PARSED_AT_MOST = 1000
STREAMED_AT_ONCE = 2000


class Store:
    """An open database. All writes go through here, on one connection, from one thread."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        self.connection = connection
        self.path = path
        # Where the file is kept that this database was written over from, as it was opened.
        self.before: Path | None = None
        self.is_ours = False  # made for a run, and not only to be read
        self._inside = False
        self._types: dict[str, dict[str, str]] = {}

    def execute(self, statement: str, parameters: Parameters = ()) -> None:
        """Carry out one statement, or several without parameters; nothing comes back."""
        for one in self._parsed(statement):
            self.connection.execute(one, parameters)

    def rows(self, query: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """All rows of a query as dicts. Fetched at once: a write inside a fetch loop ends it."""
        cursor = self._asked(query, parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def each(self, query: str, parameters: Parameters = ()) -> Iterator[dict[str, Any]]:
        """The same one after the other, few of them held at a time. Nothing else may be asked of
        the store before the last has come: that would end it."""
        cursor = self._asked(query, parameters)
        names = [column[0] for column in cursor.description or ()]
        portions = 0
        while portion := cursor.fetchmany(PORTION):
            for row in portion:
                yield dict(zip(names, row, strict=True))
            portions += 1
        if portions >= MANY:
            give_back(self)

    def tuples(self, query: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """The same without the names of their columns."""
        return self._asked(query, parameters).fetchall()

    def stream(self, query: str, parameters: Parameters = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, without all of them in memory, on a cursor of its own:
        other queries may be asked meanwhile. What is not committed yet is not in it."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(query, parameters)
            while rows := cursor.fetchmany(STREAMED_AT_ONCE):
                yield from rows
        finally:
            cursor.close()

    def types(self, relation: str) -> dict[str, str]:
        """The columns of a table or view with their types; a view takes long to look up, and stays
        as it is."""
        if relation not in self._types:
            found = self.rows(f"DESCRIBE {relation}")
            self._types[relation] = {row["column_name"]: row["column_type"] for row in found}
        return self._types[relation]

    def has(self, relation: str) -> bool:
        """Whether there is such a table or view; a database of an earlier version may lack it."""
        return has(self.connection, relation)

    def value(self, query: str, parameters: Parameters = ()) -> Any:
        """The first column of the first row, or None."""
        rows = self._asked(query, parameters).fetchall()
        return rows[0][0] if rows else None

    def _asked(self, query: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        (one,) = self._parsed(query)
        return self.connection.execute(one, parameters)

    def _parsed(self, text: str) -> list[duckdb.Statement]:
        """The statements of a text, parsed once for a process: for few rows DuckDB takes as long to
        parse a statement as to carry it out."""
        if text not in _PARSED:
            if len(_PARSED) == PARSED_AT_MOST:
                _PARSED.clear()
            _PARSED[text] = self.connection.extract_statements(text)
        return _PARSED[text]

    def append(self, table: str, rows: Iterable[Sequence[Any]], columns: Sequence[str]) -> None:
        """Add rows of values in the order of ``columns``; the table's defaults fill the rest. All
        or none of them."""
        coming = map(tuple, rows)
        values = list(itertools.islice(coming, PORTION))
        if len(values) == 1:  # what an appender takes to begin is more than the row
            names = ", ".join(f'"{name}"' for name in columns)
            marks = ", ".join("?" * len(columns))
            self.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values[0])
        elif len(values) < PORTION:
            self._append(table, values, columns)
        else:
            portions = 0
            with self.transaction():
                while values:
                    self._append(table, values, columns)
                    values = list(itertools.islice(coming, PORTION))
                    portions += 1
            if portions >= MANY:
                give_back(self)

    def _append(self, table: str, values: list[tuple[Any, ...]], columns: Sequence[str]) -> None:
        if values:
            appender = self.connection.appender(table, columns=list(columns))
            appender.append_rows(values)
            appender.flush()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another transaction it joins that one."""
        if self._inside:
            yield
            return
        self.connection.execute("BEGIN")
        self._inside = True
        try:
            yield
        except BaseException:
            self._inside = False
            with suppress(duckdb.Error):  # the error that led here is the one to tell
                self.connection.execute("ROLLBACK")
            raise
        self._inside = False
        self.connection.execute("COMMIT")


def in_memory() -> Store:
    """A database that ends with the process, for tests, checks and replays."""
    return prepared(duckdb.connect(":memory:"), None)


@contextmanager
def writing(folder: Path, merchant: str) -> Iterator[Store]:
    """The merchant's database, for this process alone; the readers' copy is renewed at the end.

    Raises BusyError, naming the other process, when a run of the merchant is under way, and
    UsageError where the folder cannot be one.
    """
    path = folder / f"{merchant}.duckdb"
    with private_files():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            what = f"{folder} cannot hold the database: a file stands where its folder should."
            raise UsageError(what, "Move the file away, or name another folder in state.") from None
        with locked(folder / f"{merchant}.lock", merchant):
            same = last_same(path)
            connection, before = _connected(path, merchant)
            whole, unwritten = True, None
            try:
                path.chmod(0o600)
                store = prepared(connection, path)
                store.before = before
                yield store
                give_back(store)
            except duckdb.Error as error:
                whole = not is_damage(error)
                if whole:
                    raise
                raise damaged(path) from None
            finally:
                # What is damaged or half staged must not take the place of a state that is not.
                fit, unwritten = _finish(connection, path)
                if fit and whole:
                    renew_copy(path, same)
            if unwritten is not None:  # where another error led here, that is told
                raise damaged(path) if is_damage(unwritten) else left_in_log(path, unwritten)


def _connected(path: Path, merchant: str) -> tuple[duckdb.DuckDBPyConnection, Path | None]:
    """A connection that writes, once a database of an earlier layout has been brought over; and
    where its old file is kept then."""
    connection = connect_to_write(path, merchant)
    if is_made_current(connection) or not is_of_earlier_layout(connection):
        return connection, None
    try:
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    kept = bring_over(path)
    return connect_to_write(path, merchant), kept


@contextmanager
def reading(folder: Path, merchant: str) -> Iterator[Store]:
    """The merchant's state for reading: live, or as the last finished run left it.

    Raises NothingYetError when the merchant has no database yet.
    """
    path, copy = folder / f"{merchant}.duckdb", folder / f"{merchant}.last.duckdb"
    none = NothingYetError(
        f"{merchant} has no database in {folder} yet.", "Run `qliro-fortnox sync` first."
    )
    if not path.exists():
        raise none
    connection, opened = connect_to_read(path, copy, merchant)
    with _to_be_read(connection, opened, path) as store:
        if not has(connection, MADE_READY):
            raise none  # the first run ended, or its disk was full, before that
        yield store


@contextmanager
def _to_be_read(connection: duckdb.DuckDBPyConnection, opened: Path, path: Path) -> Iterator[Store]:
    """A connection that only reads, set up and closed; what is damaged is told of by name."""
    try:
        _configure(connection)
        _harden(connection)
        connection.execute("SET lock_configuration = true")
        yield Store(connection, path)
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        if opened.suffixes == COPY:
            with suppress(OSError):  # where it can't be removed it is as it was
                opened.unlink(missing_ok=True)
        raise damaged(opened) from None
    finally:
        connection.close()


def settled(path: Path, merchant: str) -> None:
    """Bring what the log beside a database holds into it, as its next writer would; the caller has
    its lock. Raises UsageError where it is damaged."""
    with private_files():
        connection = connect_to_write(path, merchant)
        try:
            connection.execute("CHECKPOINT")
        except duckdb.Error as error:
            if not is_damage(error):
                raise
            raise damaged(path) from None
        finally:
            connection.close()


@contextmanager
def opened_copy(path: Path) -> Iterator[Store]:
    """A copy of a database, to be looked at. Raises UsageError where it can't be read."""
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as error:
        raise (damaged(path) if is_damage(error) else unreadable(path)) from None
    with _to_be_read(connection, path, path) as store:
        yield store


def opened_to_read(store: Store) -> Path | None:
    """The file of a database that is open to be read alone, so that other processes may read it at
    the same time (``opened_copy``); None of one that is written, or has none."""
    if store.value("SELECT current_setting('access_mode')") != "read_only":
        return None
    return Path(store.rows(OPEN_FILES)[0]["path"])


def is_current(store: Store) -> bool:
    """Whether this version made its tables and views; true of a database in memory."""
    return store.path is None or is_made_current(store.connection)


@contextmanager
def made_current(store: Store) -> Iterator[Store]:
    """A database of an earlier version as this one has it: a copy of what is open to read, made
    ready and thrown away again. Its answers are still to be staged anew. Raises UsageError where
    there is no room for it.
    """
    paths = [Path(row["path"]) for row in store.rows(OPEN_FILES)]
    with private_files(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.duckdb"
        for beside in ("", ".wal"):
            try:
                shutil.copyfile(f"{paths[0]}{beside}", f"{path}{beside}")
            except FileNotFoundError:
                continue
            except OSError as refused:
                raise UsageError(
                    f"No copy of the database can be made in {folder} ({refused.strerror}).",
                    "Free some room there, or name another folder in TMPDIR.",
                ) from None
        connection, _ = _connected(path, path.stem)
        try:
            yield prepared(connection, path)
        finally:
            connection.close()


@contextmanager
def beside(store: Store) -> Iterator[tuple[Store, str]]:
    """An empty database in memory from which the store's can be read, and by what name; it ends
    with the block. Nothing of the store's own is changed."""
    if store.value("SELECT current_setting('access_mode')") == "read_only":
        connection, name = duckdb.connect(":memory:"), "merchant"
        try:
            _configure(connection)
            connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
            path = str(store.rows(OPEN_FILES)[0]["path"]).replace("'", "''")
            connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
            _harden(connection)
            yield Store(connection, None), name
        finally:
            connection.close()
        return
    made = f"beside_{next(_NUMBERS)}"
    connection, name = store.connection.cursor(), str(store.value("SELECT current_database()"))
    try:
        _configure(connection)
        connection.execute(f"ATTACH ':memory:' AS {made}")
        connection.execute(f"USE {made}")
        yield Store(connection, None), name
    finally:
        with suppress(duckdb.Error):  # the error that led here is the one to tell
            connection.execute(f'USE "{name}"')
            connection.execute(f"DETACH {made}")
        connection.close()


_NUMBERS = itertools.count()
OPEN_FILES = "SELECT path FROM duckdb_databases() WHERE NOT internal AND path IS NOT NULL"


def _configure(connection: duckdb.DuckDBPyConnection) -> None:
    """What reading needs too: the books' zone, and no progress bar amid what a program reads."""
    connection.execute("SET TimeZone = 'Europe/Stockholm'")
    connection.execute("SET enable_progress_bar = false")


def prepared(connection: duckdb.DuckDBPyConnection, path: Path | None) -> Store:
    """Hardened, with the tables and views of this version."""
    _configure(connection)
    connection.execute(limit(path))
    connection.execute(GIVEN_BACK_SOON)
    if path is None:
        create(connection)
    else:
        make_current(connection)
    _harden(connection)
    store = Store(connection, path)
    store.is_ours = True
    return store


def _harden(connection: duckdb.DuckDBPyConnection) -> None:
    """No SQL reaches another file, the network or an extension, nor can change that again."""
    for name in (
        "autoinstall_known_extensions",
        "autoload_known_extensions",
        "enable_external_access",
    ):
        connection.execute(f"SET {name} = false")


def _finish(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[bool, duckdb.Error | None]:
    """Close, whatever state it was left in: what was committed is in the file, or in the log beside
    it, the rest is not. Whether readers may have a copy of the file: all is in it, it is whole, as
    far as that was looked at, and staged to an end. Second why not all is in it."""
    try:
        with suppress(duckdb.Error):  # there is none to take back, or the next statement says it
            connection.execute("ROLLBACK")
        with suppress(duckdb.OutOfMemoryException):  # more is held than that: it stays as it is
            connection.execute(limit(path))
        connection.execute("CHECKPOINT")
        return not is_half_staged(connection), None
    except duckdb.InterruptException:  # told to end meanwhile
        raise
    except duckdb.Error as error:
        return False, error
    finally:
        connection.close()
