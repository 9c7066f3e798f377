#!/usr/bin/env bash
# DuckDB 2.0.0: turning an API's numeric code into its name by a list.
#
# Qliro's document declares enums as numbers with their names beside them, so that name[code + 1] seems the
# way to read them. Two things meet there: a cast of text to INTEGER rounds a fraction instead of failing
# (TRY_CAST gives no null), and a list index below zero counts from the end. So -3 becomes "Success" and
# 2.6 too, although neither is a code that the document knows.
# The product takes only the codes that the document lists for one (engine/store/sql/stage_orders.sql).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet duckdb==2.0.0
env/bin/python - <<'PYTHON'
import duckdb

print("duckdb", duckdb.__version__)
rows = duckdb.sql("""
    SELECT code, (['Created', 'InProcess', 'OnHold', 'Success', 'Error'])[TRY_CAST(code AS INTEGER) + 1]
    FROM (VALUES ('3'), ('-3'), ('2.6'), ('3e0'), ('9'), ('x')) AS t(code)
""").fetchall()
for code, name in rows:
    print(f"{code:>4} -> {name}")
assert dict(rows) == {
    "3": "Success", "-3": "Success", "2.6": "Success", "3e0": "Success", "9": None, "x": None,
}, rows
PYTHON
