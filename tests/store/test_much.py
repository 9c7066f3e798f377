"""Many answers go through the memory that is declared, and stay in their order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import few_rows
import pytest

from engine.store import database as stores
from engine.store.exported import export_history
from engine.store.rewrite import Part, rewrite
from engine.store.tables import columns_of

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ANSWERS = """
INSERT INTO raw.answer_short
SELECT
    i, now(), 'x', 'qliro', 'order', 'GET', '/v2/orders/' || i, '', 200,
    repeat(sha256('' || i), {length}), sha256('' || i), NULL
FROM range(1, {many} + 1) AS t(i)
"""


def filled(folder: Path, many: int, length: int) -> Path:
    """A database of so many answers."""
    with stores.writing(folder, "shop") as store:
        store.execute(ANSWERS.format(many=many, length=length))
    return folder / "shop.duckdb"


def test_of_many_answers_those_that_other_tables_name_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a join can't hold in memory it gives in another order."""
    path = filled(tmp_path, 300_000, 1)
    with stores.opened_copy(path) as store:
        columns = {name: f'"{name}"' for name in columns_of(store.connection)["raw.answer_short"]}
    named = "digest NOT IN (SELECT digest FROM earlier.raw.answer_short WHERE seq % 2 = 0)"
    columns["body"] = f"CASE WHEN {named} THEN '' ELSE body END"
    monkeypatch.setattr("engine.store.rewrite.MEMORY_LIMIT", "60MB")
    part = Part("raw.answer_short", "raw.answer_short", columns, joined=True)
    rewrite(path, pruned={"raw.answer_short": part})
    with stores.opened_copy(path) as store:
        told = store.tuples("SELECT seq, body = '' FROM raw.answer_short ORDER BY rowid")
    assert told == [(seq, seq % 2 == 1) for seq in range(1, 300_001)]


def test_many_answers_are_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, 50_000, 50)
    monkeypatch.setattr(stores, "_configure", few_rows._configure)  # in all threads
    monkeypatch.setattr(stores, "MEMORY_LIMIT", "120MB")
    with stores.reading(tmp_path, "shop") as store:
        export_history(store, "shop", tmp_path / "exported", NOW, "0.2.0")
    file = tmp_path / "exported/raw_answer_short/merchant=shop/history.parquet"
    asked = "SELECT count(*), count(*) FILTER (file_row_number <> place) FROM read_parquet(?)"
    assert duckdb.execute(asked, [str(file)]).fetchall() == [(50_000, 0)]
