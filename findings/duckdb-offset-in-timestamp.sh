#!/usr/bin/env bash
# DuckDB 1.3.2 and 2.0.0: what a time with an offset becomes as TIMESTAMP.
#
# Up to 1.3, a text such as 2026-11-01T00:30:00+02:00 cast to TIMESTAMP became the same moment in UTC
# (22:30 on the evening before). From 1.4 on the offset is read and thrown away (00:30), in from_json with a
# declared TIMESTAMP too. Nothing is raised: stored queries go on and give other hours, and near midnight
# other days. TIMESTAMPTZ means the same moment in all of them.
# The product casts what may carry an offset to TIMESTAMPTZ alone (engine/store/sql/stage_begin.sql).
set -euo pipefail
cd "$(mktemp -d)"
for version in 1.3.2 2.0.0; do
  python3 -m venv "env-$version"
  "env-$version/bin/pip" install --quiet duckdb==$version
  "env-$version/bin/python" - <<'PYTHON'
import duckdb

OFTEN = "2026-11-01T00:30:00+02:00"
cast, listed, moment = duckdb.sql(f"""
    SELECT CAST('{OFTEN}' AS TIMESTAMP)::VARCHAR,
           from_json('{{"at": "{OFTEN}"}}', '{{"at": "TIMESTAMP"}}').at::VARCHAR,
           epoch(CAST('{OFTEN}' AS TIMESTAMPTZ))::BIGINT
""").fetchall()[0]
print("duckdb", duckdb.__version__, "TIMESTAMP", cast, "from_json", listed, "TIMESTAMPTZ", moment)
wanted = "2026-10-31 22:30:00" if duckdb.__version__ == "1.3.2" else "2026-11-01 00:30:00"
assert (cast, listed, moment) == (wanted, wanted, 1793485800), wanted
PYTHON
done
