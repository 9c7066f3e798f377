"""The dated VAT rates of each country, and finding the rate of a price that tells none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language import filters

from .kit import line, mappings, plain, program

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


# Finding the rate of a price -------------------------------------------------------------------
def rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


@given(
    st.sampled_from(COUNTRIES),
    st.sampled_from(DAYS),
    st.integers(0, 5),
    st.decimals("0.0001", "20000", places=4),
    st.booleans(),
    st.sampled_from(["Product", "Discount"]),
)
def test_a_price_of_a_rate_in_force_gives_that_rate_or_none_and_never_another(
    country: str, day: date, which: int, excluding: Decimal, by_gross: bool, kind: str
) -> None:
    known = [*rates(country, day), 0]
    rate = Decimal(known[which % len(known)])
    factor = 1 + rate / 100
    gross, net = (excluding, excluding / factor) if by_gross else (excluding * factor, excluding)
    sign = -1 if kind == "Discount" else 1
    found = line(
        DeliveryCountry=country, OrderDate=day, Type=kind,
        PricePerItemIncVat=sign * rounded(gross), PricePerItemExVat=sign * rounded(net),
    )  # fmt: skip
    if rounded(gross) == 0 and rounded(net) == 0:
        assert found["rate"] == known[0]  # what costs nothing
    else:
        assert found["rate"] in (rate, None)
    assert not found["mixed"]
    if rounded(net) >= Decimal("20") and len(known) < 5:
        assert found["rate"] is not None or rate == 0


@pytest.mark.parametrize(
    ("including", "excluding", "wanted"),
    [
        ("19.99", "15.93", Decimal("25.5")),  # rounded by the sender
        ("125.50", "100.00", Decimal("25.5")),
        ("125.00", "100.00", None),  # Sweden's rate, which Finland does not have
        ("0.01", "0.01", None),  # any rate
        ("100.00", "100.00", 0),
        ("0.00", "0.00", Decimal("25.5")),
    ],
)
def test_finnish_prices(including: str, excluding: str, wanted: Decimal | None) -> None:
    found = line(
        DeliveryCountry="FI", PricePerItemIncVat=Decimal(including),
        PricePerItemExVat=Decimal(excluding),
    )  # fmt: skip
    assert found["rate"] == wanted


def test_the_rate_that_qliro_tells_is_taken_though_the_country_has_none_such() -> None:
    found = line(DeliveryCountry="FI", VatRate=Decimal("25.0000"))
    assert found["rate"] == 25
    assert type(found["rate"]) is int  # as a whole number fits Fortnox's field


def test_a_zero_beside_prices_that_differ_is_read_as_not_told() -> None:
    assert line(VatRate=Decimal("0.0000"))["rate"] == 25
    same = {"PricePerItemIncVat": Decimal(80), "PricePerItemExVat": Decimal(80)}
    assert line(VatRate=Decimal("0.0000"), **same)["rate"] == 0


def test_a_discount_over_goods_of_several_rates_is_told_as_mixed() -> None:
    prices = {"PricePerItemIncVat": Decimal("-237.00"), "PricePerItemExVat": Decimal("-200.00")}
    found = line(Type="Discount", **prices)
    assert (found["rate"], found["mixed"], found["account"], found["no_account"]) == (
        None, True, None, "",
    )  # fmt: skip
    assert line(Type="Product", **prices)["mixed"] is False


def test_with_the_home_countrys_vat_the_rates_are_those_of_home() -> None:
    compiled = program(oss=False)
    assert line(compiled, DeliveryCountry="DE")["rate"] == 25
    assert line(DeliveryCountry="DE")["rate"] is None


def test_a_price_fits_a_rate_within_half_an_oere_of_both() -> None:
    fitting = filters.FILTERS["fitting"].run
    assert fitting([25, None, 25, 12], Decimal("1.25"), Decimal("1.00")) == [25]
    assert fitting([25], Decimal("1.26"), Decimal("1.00")) == [25]
    assert fitting([25], Decimal("1.27"), Decimal("1.00")) == []
    assert fitting([25], Decimal("-1.25"), Decimal("1.00")) == []
