#!/usr/bin/env bash
# DuckDB 2.0.0: the rowid of rows that were added in the transaction that is still open.
#
# Rows that are not committed yet have rowids beyond 2^55; with the commit the same rows are 0, 1, 2. So a
# journal that keeps max(rowid) of its own table in the transaction that fills it keeps a number that no row
# has afterwards, and that every later row lies below. Nothing is raised.
# The product counts the rows that it adds (engine/plan/record.py).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet duckdb==2.0.0
env/bin/python - <<'PYTHON'
import duckdb

books = duckdb.connect()
books.execute("CREATE TABLE voucher (text VARCHAR)")
books.execute("BEGIN")
books.execute("INSERT INTO voucher VALUES ('sale'), ('fee'), ('transfer')")
asked = "SELECT list(rowid ORDER BY rowid) FROM voucher"
before = books.execute(asked).fetchone()[0]
books.execute("COMMIT")
after = books.execute(asked).fetchone()[0]
print("duckdb", duckdb.__version__, "before COMMIT", before, "after", after)
assert min(before) > 2**54 and after == [0, 1, 2], "this has changed"
PYTHON
