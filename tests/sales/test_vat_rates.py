"""The dated VAT rates of each country."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from .kit import mappings, plain

DAYS = [date(2024, 1, 1) + timedelta(n) for n in range(3 * 366 - 2)]
TABLE = mappings().tables["vat_rates"]
COUNTRIES = sorted({row.when["country"] for row in TABLE.rows})
EU = sorted(
    row.when["country"]
    for row in mappings().tables["countries"].rows
    if row.then["eu"].node.value is True  # type: ignore[attr-defined]
)


def rates(country: str, day: date) -> list[Any]:
    found = plain().tables["vat_rates"].find((country, day))
    return [rate for rate in found.values() if rate is not None]


def test_every_country_of_the_eu_and_norway_has_a_standard_rate_on_each_day() -> None:
    assert len(EU) == 27
    assert set(COUNTRIES) == {*EU, "NO"}
    for country in COUNTRIES:
        for day in (*DAYS, date(2027, 1, 1)):
            first, *reduced = rates(country, day)  # two rows that hold would be an error
            assert 15 <= first <= 27, (country, day)
            assert all(0 < rate < first for rate in reduced), (country, day)
            assert reduced == sorted(reduced, reverse=True), (country, day)


def test_no_two_rows_hold_on_one_day_and_none_is_left_between_them() -> None:
    for country in COUNTRIES:
        periods = sorted(
            (row.when["day"]["min"], row.when["day"].get("max", "9999-12-31"))
            for row in TABLE.rows
            if row.when["country"] == country
        )
        assert periods[0][0] == "2024-01-01"
        assert periods[-1][1] == "9999-12-31"
        for (_, end), (begin, _) in pairwise(periods):
            assert date.fromisoformat(end) + timedelta(1) == date.fromisoformat(begin), country


@pytest.mark.parametrize(
    ("country", "day", "wanted"),
    [
        ("FI", date(2024, 8, 31), 24), ("FI", date(2024, 9, 1), Decimal("25.5")),
        ("SK", date(2024, 12, 31), 20), ("SK", date(2025, 1, 1), 23),
        ("EE", date(2025, 6, 30), 22), ("EE", date(2025, 7, 1), 24),
        ("RO", date(2025, 7, 31), 19), ("RO", date(2025, 8, 1), 21),
        ("SE", date(2026, 4, 1), 25), ("NO", date(2026, 11, 2), 25), ("DE", date(2026, 7, 1), 19),
    ],
)  # fmt: skip
def test_a_standard_rate_changes_on_its_day(country: str, day: date, wanted: Decimal) -> None:
    assert rates(country, day)[0] == wanted


def test_swedish_food_may_have_either_reduced_rate_on_each_side_of_its_change() -> None:
    for day in (date(2026, 3, 31), date(2026, 4, 1)):
        assert {12, 6} <= set(rates("SE", day))
