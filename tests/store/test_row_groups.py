"""When a run merges the rows that it writes with those that are written down already."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.store import freed
from engine.store.database import Store, writing
from engine.store.freed import GROUPS, merge_later, merge_seldom


def a_run(store: Store, value: str) -> None:
    """What every run does: it writes a little down; its database is closed by ``writing``."""
    merge_seldom(store)
    store.append("raw.cursor", [["s", value, "2026-01-02"]], ["stream", "value", "noted_at"])


def test_of_a_small_database_each_run_merges(tmp_path: Path) -> None:
    for number in range(5):
        with writing(tmp_path, "m") as store:
            a_run(store, f"{number}")
    with writing(tmp_path, "m") as store:
        assert store.value(GROUPS) == 1


def test_of_others_many_runs_come_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freed, "SMALL", 0)
    monkeypatch.setattr(freed, "APART", 4)
    groups = []
    for number in range(9):
        with writing(tmp_path, "m") as store:
            groups.append(store.value(GROUPS))
            a_run(store, f"{number}")
    assert groups == [0, 1, 2, 3, 4, 1, 2, 3, 4]
    with writing(tmp_path, "m") as store:
        rows = store.tuples("SELECT value FROM raw.cursor ORDER BY rowid")
    assert rows == [(f"{number}",) for number in range(9)]


def test_what_a_large_run_writes_is_left_to_the_next(tmp_path: Path) -> None:
    for number in range(2):
        with writing(tmp_path, "m") as store:
            merge_later(store)
            a_run(store, f"{number}")
    with writing(tmp_path, "m") as store:
        assert store.value(GROUPS) == 2
        a_run(store, "then")
    with writing(tmp_path, "m") as store:
        assert store.value(GROUPS) == 1
