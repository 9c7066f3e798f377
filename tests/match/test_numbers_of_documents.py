"""What of a document's field is asked first of its candidates: the number that it begins with."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from engine.match.evidence import _number


def told(asked: str, text: str | None) -> Any:
    """The only row of a query, by a connection of its own."""
    with duckdb.connect() as connection:
        return connection.execute(asked, [text]).fetchone()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4900001", 4900001),
        ("4900001/7700002", 4900001),
        ("Q-4900001", 4900001),
        ("Q- 4900001/7700002 ", 4900001),
        (" 4900001 ", 4900001),
        ("\u00a04900001", 4900001),  # a blank that a page or a spreadsheet leaves
        ("04900001", 4900001),
        ("ORD-4900001", None),
        ("Ö-4900001", None),
        ("4900001-B", None),
        ("Q-", None),
        ("", None),
        (None, None),
    ],
)
def test_a_field_names_an_order_by_a_number_behind_the_prefix_or_not(
    text: str | None, number: int | None
) -> None:
    asked = f'SELECT {_number("field", "Q-")} FROM (SELECT ?::VARCHAR AS field) AS i'
    assert told(asked, text) == (number,)


@pytest.mark.parametrize(
    ("prefix", "text", "number"),
    [
        ("", "4900001/7700002", 4900001),
        ("", "Q-4900001", None),
        ("9-", "9-4900001", 4900001),
        ("9-", "4900001", 4900001),
        ("9-", "9-B", None),
        ("Ö", "Ö4900001", 4900001),
        ("Ö", "Ö\u00a04900001", 4900001),
        ("Ö", "Öster", None),
        ("Q", "R4900001", None),
    ],
)
def test_any_prefix_is_taken_off(prefix: str, text: str, number: int | None) -> None:
    asked = f"SELECT {_number('field', prefix)} FROM (SELECT ?::VARCHAR AS field) AS i"
    assert told(asked, text) == (number,)
