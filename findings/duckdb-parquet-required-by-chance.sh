#!/usr/bin/env bash
# DuckDB 2.0.0: Parquet files of the same query, whose columns may be null in one and not in the other.
#
# COPY writes a column as required when the rows at hand have no null in it, as the table's statistics tell,
# though it is declared so that it may be null; a CAST or TRY_CAST changes nothing. So the files of two
# customers have two schemas, and pyarrow refuses to put the tables together. Without the optimizer's
# propagation of statistics every column may be null.
# The product writes its exports so (engine/store/exported.py).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet duckdb==2.0.0 pyarrow==26.0.1
env/bin/python - <<'PYTHON'
import duckdb
import pyarrow
import pyarrow.parquet

print("duckdb", duckdb.__version__, "pyarrow", pyarrow.__version__)
duckdb.sql("CREATE TABLE t (who VARCHAR, cost_centre VARCHAR)")
duckdb.sql("INSERT INTO t VALUES ('anna', 'NORD'), ('bo', NULL)")
duckdb.sql("CREATE TABLE one AS SELECT * FROM t WHERE who = 'anna'")
duckdb.sql("COPY (SELECT CAST(cost_centre AS VARCHAR) AS c FROM one) TO 'one.parquet'")
duckdb.sql("COPY (SELECT CAST(cost_centre AS VARCHAR) AS c FROM t) TO 'all.parquet'")
tables = [pyarrow.parquet.read_table(f"{name}.parquet") for name in ("one", "all")]
print("may be null:", [table.schema.field(0).nullable for table in tables])
try:
    pyarrow.concat_tables(tables)
except pyarrow.ArrowInvalid as error:
    print("pyarrow:", str(error).splitlines()[0])
else:
    raise AssertionError("pyarrow puts them together")
duckdb.sql("SET disabled_optimizers = 'statistics_propagation'")
duckdb.sql("COPY (SELECT cost_centre AS c FROM one) TO 'one.parquet'")
schema = pyarrow.parquet.read_schema("one.parquet")
print("without statistics:", schema.field(0).nullable)
assert [table.schema.field(0).nullable for table in tables] == [False, True]
assert schema.field(0).nullable
PYTHON
