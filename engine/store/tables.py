"""The tables and views of a merchant's database: made, and brought up from an earlier version.

Reads the statements of ``sql/``; all DDL is here. What is staged is derived from raw answers, so
its tables may be widened and filled anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

from .driver import duckdb
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
    earlier = columns_of(connection)
    for schema, view in connection.execute(STAGED_VIEWS).fetchall():
        connection.execute(f'DROP VIEW {schema}."{view}"')
    _create(connection, statements[:1])
    if earlier:
        _widen(connection, earlier)
    finish_making(connection)
    connection.execute("CHECKPOINT")


def finish_making(connection: duckdb.DuckDBPyConnection) -> None:
    """What comes after the tables: the views, and a note of the version that made all this."""
    statements = _statements()
    _create(connection, statements[1:])
    made = _digest(statements)
    if _made_by(connection) != made:
        connection.execute("INSERT INTO raw.made_by VALUES (?)", [made])


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


# Views are made anew at each start: what was one in an earlier version may be a table now.
STAGED_VIEWS = """
SELECT schema_name, view_name FROM duckdb_views() WHERE schema_name IN ('qliro', 'fortnox')
"""

Tables = Mapping[str, Mapping[str, str]]  # by schema and name the types of the columns, in order


def columns_of(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> Tables:
    """All tables of the database at hand, or of one that is attached."""
    found: dict[str, dict[str, str]] = {}
    for table, name, data_type in connection.execute(COLUMNS, [database]).fetchall():
        found.setdefault(table, {})[name] = data_type
    return dict(found)


COLUMNS = """
SELECT c.schema_name || '.' || c.table_name, c.column_name, c.data_type
FROM duckdb_columns() AS c
JOIN duckdb_tables() AS t USING (database_name, schema_name, table_name)
WHERE c.database_name = coalesce(?, current_database())
  AND c.schema_name IN ('raw', 'qliro', 'fortnox', 'ledger')
ORDER BY 1, c.column_index
"""


def is_staged(table: str) -> bool:
    """Whether it is derived from raw answers."""
    return table.startswith(("qliro.", "fortnox."))


def lacking(earlier: Tables, now: Tables) -> dict[str, dict[str, str]]:
    """The columns of staged tables that an earlier database has not, or of another type."""
    return {
        table: new
        for table, columns in now.items()
        if is_staged(table)
        and (new := {k: v for k, v in columns.items() if earlier.get(table, {}).get(k) != v})
    }


def quoted(table: str) -> str:
    """Its name in SQL: one is called order."""
    schema, _, name = table.partition(".")
    return f'{schema}."{name}"'


def _widen(connection: duckdb.DuckDBPyConnection, earlier: Tables) -> None:
    """Give the staged tables of an earlier version the columns that they lack.

    All of it is derived from ``raw.answer``, so the next stage derives it anew.
    """
    with duckdb.connect(":memory:") as declared:
        declared.execute(sql("schema"))
        wanted = columns_of(declared)
    for table, columns in lacking(columns_of(connection), wanted).items():
        for name, data_type in columns.items():
            connection.execute(f'ALTER TABLE {quoted(table)} ADD COLUMN "{name}" {data_type}')
    if lacking(earlier, wanted):
        connection.execute("DELETE FROM raw.staged")
