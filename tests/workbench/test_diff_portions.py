"""What other processes find of portions of orders is what this one finds of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import diff as orders_of_a_shop
from engine.store.database import reading
from engine.workbench.diff import narrowed, portions
from engine.workbench.diff.judged import diff

ORDERS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shop")
    orders_of_a_shop.prepare(made, ORDERS)
    return made


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowed, "MANY", 1)
    monkeypatch.setattr(portions, "PORTION", 25)


def test_the_report_is_the_same(folder: Path) -> None:
    before = orders_of_a_shop.version(folder, "before", {})
    after = orders_of_a_shop.version(folder, "anything", {}, orders_of_a_shop.ANYTHING)
    with reading(folder, "bench") as store:
        here, there = (diff(store, before, after, processes=number) for number in (0, 2))
    assert here.differing == ORDERS
    assert there == here


def test_a_row_of_a_table_shows_as_the_same_documents(folder: Path) -> None:
    before = orders_of_a_shop.version(folder, "before", {})
    after = orders_of_a_shop.version(folder, "row", orders_of_a_shop.ROW)
    with reading(folder, "bench") as store:
        here, there = (diff(store, before, after, processes=number) for number in (0, 2))
    assert here.accounts
    assert there == here


def test_where_another_run_has_written_meanwhile_all_is_compared_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = orders_of_a_shop.version(folder, "before", {})
    after = orders_of_a_shop.version(folder, "row", orders_of_a_shop.ROW)
    monkeypatch.setattr(portions, "note_moment", lambda _store: {"answers": 0})
    with reading(folder, "bench") as store:
        here, there = (diff(store, before, after, processes=number) for number in (0, 2))
    assert there == here
