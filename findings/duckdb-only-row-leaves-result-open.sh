#!/usr/bin/env bash
# DuckDB 2.0.0: fetching the only row of a result does not end it.
#
# After execute(…).fetchone() of a query that has one row, another execute() on the same connection is fine,
# while sql() and read_parquet() are refused with ResourceInUseException: the result counts as unfinished until
# a fetch gives None. So a helper that asks for one value makes the relations of whoever shares the connection
# fail, the module's own connection (duckdb.execute, duckdb.sql) too, and only if it was called before.
# The product asks by execute() alone; its tests have connections of their own.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet duckdb==2.0.0
env/bin/python - <<'PYTHON'
import duckdb

books = duckdb.connect()
assert books.execute("SELECT sum(n) FROM range(3) AS t(n)").fetchone() == (3,)
assert books.execute("SELECT 42").fetchone() == (42,)
try:
    books.sql("SELECT 42").fetchall()
    refused = "not refused"
except duckdb.Error as error:
    refused = type(error).__name__
asked = books.execute("SELECT 42")
assert (asked.fetchone(), asked.fetchone()) == ((42,), None)
told = books.sql("SELECT 42").fetchall()
print("duckdb", duckdb.__version__, "sql() after the only row:", refused, "- after the None behind it:", told)
assert refused == "ResourceInUseException" and told == [(42,)], "this has changed"
PYTHON
