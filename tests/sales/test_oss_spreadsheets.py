"""CSV as spreadsheets write it: a first line that names the separator, decimal commas."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_oss import findings, rows_of


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;\r"])
def test_a_first_line_that_names_the_separator_is_none_of_the_table(
    tmp_path: Path, first: str
) -> None:
    rows = rows_of(tmp_path, f"{first}\ncountry;rate;account\nFI;25,5;3106\n")
    assert [(row["country"], str(row["rate"]), row["account"]) for row in rows] == [
        ("FI", "25.5", 3106)
    ]
    (told,) = findings(tmp_path, f"{first}\ncountry;rate;account\nFI;25,5;31\n")
    assert told.startswith("oss.csv:3:3: ")


def test_the_separator_that_is_named_counts_whatever_else_stands_in_the_header(
    tmp_path: Path,
) -> None:
    rows = rows_of(tmp_path, "sep=|\ncountry|rate|account\nDE|19|3106\n")
    assert rows == [{"country": "DE", "rate": 19, "account": 3106}]


@pytest.mark.parametrize("torn", ["25,5", "25,5%"])
def test_a_decimal_comma_without_quotes_is_told_where_it_stands(tmp_path: Path, torn: str) -> None:
    told = findings(tmp_path, f"country,rate,account\nDE,19,3107\nFI,{torn},3106\n")
    (wrong,) = [one for one in told if "too-many-cells" in one]
    assert wrong.startswith("oss.csv:3:2: ")
    assert f'If {torn} is one number: write it in quotes ("{torn}") or with a point' in wrong
    assert [one for one in told if "unknown" in one] == []


def test_in_quotes_or_between_semicolons_it_is_a_number(tmp_path: Path) -> None:
    for text in ('country,rate,account\nFI,"25,5",3106\n', "country;rate;account\nFI;25,5;3106\n"):
        assert str(rows_of(tmp_path, text)[0]["rate"]) == "25.5"


def test_in_the_fields_form_more_cells_than_columns_are_told_as_before(tmp_path: Path) -> None:
    (told,) = findings(tmp_path, "country code,default account number\nFI,3106,5\n")
    assert "3 cells, and the header has 2 columns." in told
