"""A database is laid out in small blocks, also one that an earlier build made."""

from __future__ import annotations

from pathlib import Path

import duckdb

from engine.store.database import writing
from engine.store.opening import BLOCK


def test_a_new_database_has_small_blocks_and_takes_little_room(tmp_path: Path) -> None:
    with writing(tmp_path, "m") as store:
        store.execute("INSERT INTO raw.staged (seq) VALUES (1)")
    path = tmp_path / "m.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        told = connection.execute("SELECT block_size FROM pragma_database_size()").fetchone()
    assert told == (BLOCK,)
    assert path.stat().st_size < 1_000_000


def test_one_of_other_blocks_is_gone_on_with(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "m.duckdb")):
        pass
    for number in range(3):
        with writing(tmp_path, "m") as store:
            store.execute("INSERT INTO raw.staged (seq) VALUES (1)")
            assert store.value("SELECT count(*) FROM raw.staged") == number + 1
