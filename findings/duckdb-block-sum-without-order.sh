#!/usr/bin/env bash
# DuckDB 2.0.0: two databases with other content whose blocks have the same sum.
#
# Each block of a database file begins with a sum of its content, eight bytes. The sum does not depend on the
# order of the words of eight bytes: a column of 1, 2, 3 and one of 3, 2, 1 are stored in blocks of the same sum.
# So the sums can't tell which blocks of a file have changed, for a backup or a copy that takes only those.
# The product compares the blocks themselves (engine/store/readers_copy.py).
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install --quiet duckdb==2.0.0
env/bin/python - <<'PYTHON'
from pathlib import Path

import duckdb

HEADERS, BLOCK, SUM = 3 * 4096, 262_144, 8


def blocks(name: str, rows: str) -> list[bytes]:
    """The blocks of a new database with one column of these numbers."""
    with duckdb.connect(f"{name}.duckdb") as database:
        database.execute("PRAGMA force_compression = 'uncompressed'")
        database.execute(f"CREATE TABLE t AS SELECT {rows} AS n FROM range(30000) r(i)")
        database.execute("CHECKPOINT")
    content = Path(f"{name}.duckdb").read_bytes()[HEADERS:]
    return [content[at : at + BLOCK] for at in range(0, len(content), BLOCK)]


print("duckdb", duckdb.__version__)
rising, falling = blocks("rising", "i::BIGINT"), blocks("falling", "29999 - i::BIGINT")
other = [number for number, (one, two) in enumerate(zip(rising, falling)) if one[SUM:] != two[SUM:]]
alike = [number for number in other if rising[number][:SUM] == falling[number][:SUM]]
print("blocks of other content:", other, "- of them with the same sum:", alike)
for name in ("rising", "falling"):
    print(name, duckdb.connect(f"{name}.duckdb", read_only=True).execute("SELECT n FROM t LIMIT 3").fetchall())
assert alike
PYTHON
