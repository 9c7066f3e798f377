"""The tables and views of a merchant's database: made, and brought up from an earlier version.

Reads the statements of ``sql/``; all DDL is here. What is staged is derived from raw answers, so
its tables may be widened and filled anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import duckdb

from .statements import sql

# The files of views, each after those that it uses.
VIEWS = ("views", "views_orders")


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """All of them, in a database that is empty."""
    _create(connection, _statements())


def make_current(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing, and call states as this version does, followed by a checkpoint;
    nothing where this version has been before."""
    statements = _statements()
    made = _digest(statements)
    if _made_by(connection) == made:
        return
    earlier = _staged_columns(connection)
    for schema, view in connection.execute(STAGED_VIEWS).fetchall():
        connection.execute(f'DROP VIEW {schema}."{view}"')
    _create(connection, statements[:1])
    if earlier:
        _widen(connection, earlier)
    _create(connection, statements[1:])
    connection.execute("INSERT INTO raw.made_by VALUES (?)", [made])
    connection.execute("CHECKPOINT")


def is_made_current(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether this version made the tables and views."""
    return _made_by(connection) == _digest(_statements())


def _statements() -> list[str]:
    return [sql(name) for name in ("schema", *VIEWS)]


def _digest(statements: Iterable[str]) -> str:
    return sha256("".join(statements).encode()).hexdigest()


def _create(connection: duckdb.DuckDBPyConnection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _made_by(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Digest of the statements that last made the tables and views; None of an older database."""
    if not has(connection, "raw.made_by"):
        return None
    found = connection.execute("SELECT digest FROM raw.made_by ORDER BY rowid DESC LIMIT 1")
    row = found.fetchone()
    return row[0] if row else None


def has(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Whether there is such a table or view, by asking for it: DuckDB's list of tables counts the
    rows of each."""
    try:
        connection.execute(f"SELECT 1 FROM {relation} LIMIT 0")
    except duckdb.CatalogException:
        return False
    return True


# The columns of the tables that a stage fills.
STAGED_COLUMNS = """
SELECT c.schema_name, c.table_name, c.column_name, c.data_type
FROM duckdb_columns() AS c
JOIN duckdb_tables() AS t
    ON t.schema_name = c.schema_name AND t.table_name = c.table_name
WHERE c.schema_name IN ('qliro', 'fortnox')
ORDER BY ALL
"""

# Views are made anew at each start: what was one in an earlier version may be a table now.
STAGED_VIEWS = """
SELECT schema_name, view_name FROM duckdb_views() WHERE schema_name IN ('qliro', 'fortnox')
"""


def _staged_columns(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, ...]]:
    return set(connection.execute(STAGED_COLUMNS).fetchall())


def _widen(connection: duckdb.DuckDBPyConnection, earlier: set[tuple[str, ...]]) -> None:
    """Give the staged tables of an earlier version the columns that they lack.

    All of it is derived from ``raw.answer``, so the next stage derives it anew.
    """
    with duckdb.connect(":memory:") as declared:
        declared.execute(sql("schema"))
        wanted = _staged_columns(declared)
    for schema, table, name, data_type in sorted(wanted - _staged_columns(connection)):
        connection.execute(f'ALTER TABLE {schema}."{table}" ADD COLUMN "{name}" {data_type}')
    if wanted - earlier:
        connection.execute("DELETE FROM raw.staged")
