"""A database asked the same again and again answers as if it were asked each time."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from engine.store.database import Store, in_memory
from engine.store.remembered import Remembered


@pytest.fixture
def asked() -> Iterator[tuple[Remembered, list[str]]]:
    """A remembered database, and the statements that reach it."""
    reached: list[str] = []

    class Counted(Store):
        def _parsed(self, text: str) -> list[duckdb.Statement]:
            reached.append(text)
            return super()._parsed(text)

    store = in_memory()
    yield Remembered(Counted(store.connection, None)), reached
    store.connection.close()


def matched(store: Remembered, amounts: list[int]) -> list[tuple[int]]:
    """A round: rows, a table made of them, one that is changed, and what comes of it."""
    store.begin()
    store.execute("CREATE OR REPLACE TEMP TABLE demand (amount INTEGER)")
    store.append("demand", [(one,) for one in amounts], ["amount"])
    store.execute("CREATE OR REPLACE TEMP TABLE doubled AS SELECT 2 * amount AS a FROM demand")
    store.execute("DELETE FROM doubled WHERE a > 100")
    return store.tuples("SELECT a FROM doubled ORDER BY a")


def test_the_same_round_is_answered_without_the_database(
    asked: tuple[Remembered, list[str]],
) -> None:
    store, reached = asked
    assert matched(store, [1, 2, 60]) == [(2,), (4,)]
    reached.clear()
    assert matched(store, [1, 2, 60]) == [(2,), (4,)]
    assert reached == []


def test_rows_that_come_one_after_the_other_are_of_its_own_tables_too(
    asked: tuple[Remembered, list[str]],
) -> None:
    store, reached = asked
    matched(store, [1])
    matched(store, [3])
    matched(store, [1])  # though [3] was made last
    each = "SELECT a AS first FROM doubled"
    assert list(store.each(each)) == [{"first": 2}]
    reached.clear()
    assert list(store.each(each)) == [{"first": 2}]
    assert reached == []


def test_other_rows_give_other_answers_and_the_first_ones_again(
    asked: tuple[Remembered, list[str]],
) -> None:
    store, _ = asked
    assert matched(store, [1]) == [(2,)]
    assert matched(store, [3]) == [(6,)]
    assert matched(store, [1]) == [(2,)]
    assert store.value("SELECT max(a) FROM doubled") == 2  # though [3] was made last


def test_what_is_asked_late_of_a_known_round_is_asked_of_its_own_tables(
    asked: tuple[Remembered, list[str]],
) -> None:
    store, reached = asked
    matched(store, [1, 2]), matched(store, [5])
    reached.clear()
    matched(store, [1, 2])
    assert store.rows("SELECT count(*) AS n FROM demand") == [{"n": 2}]
    assert len(reached) == 3 + 1  # two tables are made and one of them changed, then one is asked


def test_a_write_to_what_is_no_temp_table_makes_all_be_asked_anew(
    asked: tuple[Remembered, list[str]],
) -> None:
    store, _ = asked
    store.execute("CREATE TABLE kept (n INTEGER)")
    assert store.value("SELECT count(*) FROM kept") == 0
    store.append("kept", [(1,)], ["n"])
    assert store.value("SELECT count(*) FROM kept") == 1
    store.execute("DELETE FROM kept")
    assert store.value("SELECT count(*) FROM kept") == 0


def test_parameters_that_compare_equal_are_told_apart(
    asked: tuple[Remembered, list[str]],
) -> None:
    store, _ = asked
    assert [store.value("SELECT typeof(?)", [one]) for one in (1, True)] == ["INTEGER", "BOOLEAN"]


def test_who_changes_a_row_changes_no_answer(asked: tuple[Remembered, list[str]]) -> None:
    store, _ = asked
    store.rows("SELECT 1 AS n")[0]["n"] = 2
    assert store.rows("SELECT 1 AS n") == [{"n": 1}]
