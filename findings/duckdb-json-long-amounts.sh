#!/usr/bin/env bash
# DuckDB 2.0.0: an amount of nineteen digits read out of JSON by its path.
#
# json_extract_string, ->> and a cast of json_extract to DECIMAL(30,2) all go through a double: of
# 12345678901234567.89 they give ...568.0, and say nothing. from_json with a declared DECIMAL reads the digits
# as they stand, also of the same text. Amounts of a shop are shorter; ids and sums over years need not be.
# The product reads JSON by from_json with declared types alone (engine/store/sql/stage_*.sql).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet duckdb==2.0.0
env/bin/python - <<'PYTHON'
from decimal import Decimal

import duckdb

BODY = '{"a": 12345678901234567.89}'
print("duckdb", duckdb.__version__)
by_path, arrow, cast, declared = duckdb.sql(f"""
    SELECT json_extract_string('{BODY}', '$.a'),
           '{BODY}'::JSON ->> '$.a',
           json_extract('{BODY}', '$.a')::DECIMAL(30, 2),
           from_json('{BODY}', '{{"a": "DECIMAL(30,2)"}}').a
""").fetchall()[0]
print("by path", by_path, arrow, cast, "declared", declared)
assert by_path == arrow == "12345678901234568.0"
assert cast == Decimal("12345678901234568.00")
assert declared == Decimal("12345678901234567.89")
PYTHON
