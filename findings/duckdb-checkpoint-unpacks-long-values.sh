#!/usr/bin/env bash
# DuckDB 2.0.0: a table of 2,000 long values takes one short row more, and can't be written to its file any more.
#
# 2,000 JSON answers of 310 kB lie in a file of about 60 MB. A process with memory_limit 256MB adds one row of
# five letters: CHECKPOINT unpacks all values of the table's last row group (122,880 rows; here the whole table,
# 620 MB), finds no room and raises FatalException. From then on every statement of that process is refused, a
# SELECT too, until the database is opened again. What was committed is not lost: it stands in the log beside the
# file. So a limit that was enough for years ends a run at its last statement, by what earlier runs have kept.
# The product gives a large database 1 GB, copies nothing for readers where a checkpoint failed, and goes on from
# the log in its next run.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet duckdb==2.0.0
env/bin/python - <<'PYTHON'
import os

import duckdb

ROW = """'{"Amount": ' || (1000 + (l * 7919 + s * 104729) % 900000) || '.00, "MerchantReference": "W'
    || (s * 1000 + l) || '", "Currency": "SEK", "PaymentMethodName": "QLIRO_INVOICE"},'"""
with duckdb.connect("answers.duckdb") as kept:
    kept.execute("CREATE TABLE answer (seq BIGINT, body VARCHAR)")
    for first in range(0, 2000, 100):
        kept.execute(
            f"INSERT INTO answer SELECT s, (SELECT string_agg({ROW}, '') FROM range(2800) AS lines(l)) "
            f"FROM range({first}, {first + 100}) AS answers(s)"
        )
    (count, size) = kept.execute("SELECT count(*), sum(strlen(body)) // 1000000 FROM answer").fetchall()[0]
file = os.path.getsize("answers.duckdb") // 1_000_000

limited = duckdb.connect("answers.duckdb", config={"memory_limit": "256MB"})
limited.execute("INSERT INTO answer VALUES (-1, 'short')")
seen = []
for statement in ("CHECKPOINT", "SELECT 42"):
    try:
        limited.execute(statement).fetchall()
        seen.append("done")
    except duckdb.Error as error:
        seen.append(type(error).__name__)
limited.close()
with duckdb.connect("answers.duckdb") as again:
    after = again.execute("SELECT count(*) FROM answer").fetchall()[0][0]
print(f"duckdb {duckdb.__version__}: {count} values of {size} MB in a file of {file} MB, one row of 5 bytes more:",
      f"CHECKPOINT {seen[0]}, SELECT 42 {seen[1]}; rows when opened again: {after}")
assert seen == ["FatalException", "FatalException"] and after == 2001, "this has changed"
PYTHON
