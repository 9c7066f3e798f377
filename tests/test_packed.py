"""Long lists that are held as bytes read as lists do."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine import json_text, packed
from engine.packed import Packed, PackedMap, PackedRow, SeenRow

ROWS = [{"line": f"l{one}", "Amount": Decimal(one) / 4, "day": date(2026, 1, 1 + one)}
        for one in range(11)]  # fmt: skip


@pytest.fixture(autouse=True, params=[1, 3, 11, 64])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of few rows and of many."""
    monkeypatch.setattr(packed, "AT_ONCE", request.param)


def test_a_packed_list_reads_as_the_list() -> None:
    every = Packed(ROWS[:6])
    every.extend(ROWS[6:])
    assert list(every) == ROWS == [every[one] for one in range(11)]
    assert (every[-1], every[2:5], len(every), bool(every), bool(Packed())) == (
        ROWS[-1], ROWS[2:5], 11, True, False
    )  # fmt: skip
    assert every == ROWS
    assert every != ROWS[1:]
    with pytest.raises(IndexError):
        every[11]


def test_long_elements_are_packed_each_by_itself() -> None:
    every = Packed(ROWS, at_once=1)
    assert (list(every), every[7], every[2:5], len(every)) == (ROWS, ROWS[7], ROWS[2:5], 11)


def test_what_is_looked_at_out_of_order_is_what_was_put_there() -> None:
    every = Packed(ROWS)
    assert [every[one] for one in (10, 0, 5, 5, 9, 1, 8, 2, 7)] == [
        ROWS[one] for one in (10, 0, 5, 5, 9, 1, 8, 2, 7)
    ]


def test_rows_by_key_share_what_all_have_and_are_the_askers_own() -> None:
    books = object()
    rows: PackedMap[str] = PackedMap({"books": books})
    for row in ROWS:
        rows[row["line"]] = {**row, "books": books}
    rows["l3"]["Amount"] = None
    assert rows["l3"] == {**ROWS[3], "books": books}
    assert rows["l3"]["books"] is books
    rows["l3"] = {"line": "other"}
    del rows["l0"]
    assert (rows["l3"]["line"], "l0" in rows, len(rows)) == ("other", False, 10)
    assert list(rows) == [f"l{one}" for one in range(1, 11)]


def test_a_row_of_a_packed_list_reads_is_written_and_leaves_as_the_row() -> None:
    held: Packed[Mapping[str, Any]] = Packed(ROWS)
    told = [PackedRow(held, place) for place in range(len(ROWS))]
    assert [dict(one) for one in told] == ROWS
    assert (told[2]["line"], told[2].get("none"), len(told[2])) == ("l2", None, 3)
    assert json_text.encode(told) == json_text.encode(ROWS)
    assert json_text.canonical(told[4]) == json_text.canonical(ROWS[4])
    assert type(pickle.loads(pickle.dumps(told[2]))) is dict  # noqa: S301  our own


def test_a_row_that_holds_what_was_looked_at_reads_and_leaves_as_the_whole_row() -> None:
    every = Packed(ROWS)
    rows = [SeenRow(every, place) for place in range(len(every))]
    assert [one["line"] for one in rows] == [one["line"] for one in ROWS]
    assert rows[2]["Amount"] is rows[2]["Amount"]
    assert (rows == ROWS, "day" in rows[3], "none" in rows[3]) == (True, True, False)
    with pytest.raises(KeyError, match="none"):
        rows[3]["none"]
    assert json_text.encode(rows) == json_text.encode(ROWS)
    assert pickle.loads(pickle.dumps(rows)) == ROWS  # noqa: S301  our own


def test_what_is_no_json_is_still_refused() -> None:
    with pytest.raises(TypeError):
        json_text.encode({"one": object()})
