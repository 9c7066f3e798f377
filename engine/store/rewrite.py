"""A merchant's database written anew into a file of its own, which then takes the old one's place.

So a database of an earlier layout is brought over, its old file kept beside; so ``compact`` gives
back what is free in it, and ``prune`` leaves out what need not be kept. Every row is written over
and counted and compared by its hash before anything is replaced: a cut at any moment leaves the
one file or the other, whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import UsageError
from .answers import LONG, LONG_FROM, ONE_TABLE, SHORT
from .driver import duckdb
from .files import private_files, sync_folder
from .opening import is_full, lay_out
from .statements import sql
from .tables import Tables, columns_of, finish_making, is_staged, lacking, quoted

MEMORY_LIMIT = "1GB"


class Part(NamedTuple):
    """What of an old table goes into which new one: ``columns`` are expressions by name, ``joined``
    where these ask other tables, for many rows come out of a join in another order."""

    old: str
    new: str
    columns: Mapping[str, str]
    where: str = "true"
    joined: bool = False


def is_of_earlier_layout(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether its answers lie in one table still, their bodies as they came."""
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'raw' AND table_name = 'answer'"
    )
    return found.fetchone() is not None


def bring_over(path: Path) -> Path:
    """Write a database of an earlier layout as this version lays it out; gives where the old file
    is kept. The caller has its lock, and nothing is in its log.

    Raises UsageError where there is no room for it; nothing was changed then.
    """
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    kept = path.with_name(f"{path.stem}.before-{moment:%Y%m%dT%H%M%SZ}.duckdb")
    while kept.exists() and not kept.samefile(path):  # of another that was put back since
        kept = kept.with_name(f"{kept.stem}-.duckdb")
    rewrite(path, kept)
    return kept


def rewrite(
    path: Path,
    kept: Path | None = None,
    pruned: Mapping[str, Part] | None = None,
    note: tuple[str, Sequence[Any]] | None = None,
) -> None:
    """Write all of a database into a new file, which takes its place once every row was compared;
    the old one stays under the name ``kept``, if it has one. Of the tables in ``pruned`` goes over
    what their parts say; ``note`` is a statement, with its parameters, that says so.

    Raises UsageError where there is no room for it; nothing was changed then.
    """
    anew = path.with_suffix(".anew")
    with private_files(), _thrown_away(anew):
        try:
            _write(path, anew, pruned or {}, note)
            with anew.open("rb") as file:
                os.fsync(file.fileno())
            if kept is not None:
                _keep(path, kept)
        except (duckdb.Error, OSError) as error:
            if isinstance(error, duckdb.Error) and not is_full(error):
                raise
            raise UsageError(
                f"{path} can't be written anew beside itself ({error}). Nothing was changed.",
                "Free as much room there as it takes, and try again.",
            ) from None
        anew.replace(path)
        sync_folder(path.parent)


@contextmanager
def _thrown_away(anew: Path) -> Iterator[None]:
    """Half a database is none: what a cut left is thrown away before and after."""
    files = (anew, anew.with_name(f"{anew.name}.wal"))
    for left in files:
        left.unlink(missing_ok=True)
    try:
        yield
    finally:
        for left in files:
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _keep(path: Path, kept: Path) -> None:
    """The same file under another name; a copy where the disk knows no second names."""
    if kept.exists():
        return  # by a try that was cut off
    try:
        os.link(path, kept)
    except OSError:
        half = kept.with_suffix(".half")
        shutil.copyfile(path, half)
        half.replace(kept)
    kept.chmod(0o600)
    sync_folder(kept.parent)


def _write(
    path: Path, anew: Path, pruned: Mapping[str, Part], note: tuple[str, Sequence[Any]] | None
) -> None:
    lay_out(anew)
    with duckdb.connect(str(anew)) as connection:
        connection.execute("SET TimeZone = 'Europe/Stockholm'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        attached = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{attached}' AS earlier (READ_ONLY)")
        _go_on_counting(connection)
        connection.execute(sql("schema"))
        earlier = columns_of(connection, "earlier")
        now = _widened(connection, earlier)
        for part in _parts(earlier, now, pruned):
            _copy(connection, part)
        if lacking(earlier, now):
            connection.execute("DELETE FROM raw.staged")  # all is staged anew
        connection.execute(sql("schema"))  # what it says of rows of earlier versions
        finish_making(connection)
        if note is not None:
            connection.execute(*note)
        connection.execute("DETACH earlier")
        connection.execute("CHECKPOINT")


def _go_on_counting(connection: duckdb.DuckDBPyConnection) -> None:
    """The sequences, from where they stood."""
    for name in ("raw.answer_seq", "ledger.event_seq"):
        schema, _, sequence = name.partition(".")
        found = connection.execute(LAST, [schema, sequence]).fetchone()
        last = found[0] if found and found[0] is not None else 0
        connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(f"CREATE SEQUENCE {name} START {last + 1}")


LAST = """
SELECT last_value FROM duckdb_sequences()
WHERE database_name = 'earlier' AND schema_name = ? AND sequence_name = ?
"""


def _widened(connection: duckdb.DuckDBPyConnection, earlier: Tables) -> Tables:
    """The tables of this version, and what another version keeps beside them: nothing that was
    fetched or done is left because this one does not know it."""
    now = columns_of(connection)
    for table, columns in earlier.items():
        if is_staged(table) or table == ONE_TABLE:
            continue
        if table not in now:
            made = ", ".join(f'"{name}" {data_type}' for name, data_type in columns.items())
            connection.execute(f"CREATE TABLE {quoted(table)} ({made})")
            continue
        for name in columns.keys() - now[table].keys():
            connection.execute(f'ALTER TABLE {quoted(table)} ADD COLUMN "{name}" {columns[name]}')
    return columns_of(connection)


def _parts(earlier: Tables, now: Tables, pruned: Mapping[str, Part]) -> Iterator[Part]:
    """What goes where. Of what was staged goes what this version has still; all else goes whole."""
    for old, columns in earlier.items():
        if old == ONE_TABLE:
            same = {name: f'"{name}"' for name in columns}
            yield Part(old, SHORT, same, f"length(body) < {LONG_FROM}")
            yield Part(old, LONG, same, f"length(body) >= {LONG_FROM}")
        elif old in pruned:
            yield pruned[old]
        elif old in now or not is_staged(old):
            kept = [name for name in columns if not is_staged(old) or name in now[old]]
            yield Part(old, old, {name: _as_now(name, columns, now[old]) for name in kept})


def _as_now(name: str, earlier: Mapping[str, str], now: Mapping[str, str]) -> str:
    same = earlier[name] == now[name]
    return f'"{name}"' if same else f'CAST("{name}" AS {now[name]})'


def _copy(connection: duckdb.DuckDBPyConnection, part: Part) -> None:
    """The rows of a part in the order of writing; compared with what they were made of."""
    names = ", ".join(f'"{name}"' for name in part.columns)
    taken = ", ".join(f'{expression} AS "{name}"' for name, expression in part.columns.items())
    source, to = f"FROM earlier.{quoted(part.old)} WHERE {part.where}", quoted(part.new)
    order = "ORDER BY rowid" if part.joined else ""
    connection.execute(INSERT.format(to=to, names=names, taken=taken, source=f"{source} {order}"))
    sums = [
        connection.execute(SUM.format(names=names, rows=rows)).fetchone()
        for rows in (f"SELECT rowid AS place, {taken} {source}",
                     f"SELECT rowid AS place, {names} FROM {to}")
    ]  # fmt: skip
    if sums[0] != sums[1]:
        raise UsageError(
            f"{part.new} could not be written over as it was (rows and sums {sums}). Nothing was "
            "changed.",
            "That is a defect of this program or of the disk: keep the file and report it.",
        )


INSERT = "INSERT INTO {to} ({names}) SELECT {taken} {source}"
# How many, and a sum of all with their places among each other: the order of writing decides which
# of several holds. As text: of several values hash() makes a sum, in which exchanges cancel out.
SUM = """
SELECT count(*), bit_xor(hash(concat(row, ' ', turn)))
FROM (
    SELECT row, row_number() OVER (ORDER BY place) AS turn
    FROM (SELECT place, hash({names}) AS row FROM ({rows}))
)
"""
