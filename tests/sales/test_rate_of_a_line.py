"""The VAT rate of a line: its two prices decide, as far as they were rounded; a told rate is a
witness that is heard only where it fits."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language import filters

from .kit import LINES, line, mappings, plain, program

DAYS = [date(2024, 1, 1) + timedelta(n) for n in range(3 * 366 - 2)]
COUNTRIES = sorted({row.when["country"] for row in mappings().tables["vat_rates"].rows})


def rates(country: str, day: date) -> list[Any]:
    found = plain().tables["vat_rates"].find((country, day))
    return [rate for rate in found.values() if rate is not None]


def priced(including: Any, excluding: Any, told: Any = None, **columns: Any) -> dict[str, Any]:
    """A line at these prices; ``whole_prices`` says that its whole order has no öre."""
    return line(
        PricePerItemIncVat=Decimal(including), PricePerItemExVat=Decimal(excluding),
        VatRate=None if told is None else Decimal(told), **columns,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("including", "excluding", "told", "wanted"),
    [
        ("125.00", "100.00", "25", 25),
        ("125.00", "100.00", None, 25),
        ("125.00", "100.00", "0", 25),  # some shops send 0 for any rate
        ("125.00", "100.00", "2500", 25),  # or a hundred times the percentage
        ("49.00", "39.20", "24.99", 25),  # or work it out of prices that are rounded
        ("49.00", "39.20", "25.01", 25),
        ("18.00", "14.40", "24.14", 25),
        ("106.00", "100.00", "18.67", 6),
        ("112.00", "100.00", "25", 12),  # in force, and contradicts both prices
        ("100.00", "100.00", "25", 0),
        ("100.00", "100.00", "0", 0),
        ("100.00", "100.00", None, 0),
        ("10.00", "8.00", None, 25),
        # An öre is too little to tell 25 from 12 by: the told rate decides, if it is one of them.
        ("0.05", "0.04", "25", 25),
        ("0.05", "0.04", "12", 12),
        ("0.05", "0.04", "0", None),
        ("0.05", "0.04", None, None),
        ("0.05", "0.04", "24.14", None),
        ("0.01", "0.01", "0", None),  # 0 only where nothing else fits
        ("130.00", "100.00", "30", None),  # both prices agree on a rate that is not in force
    ],
)
def test_two_prices_decide_and_a_told_rate_is_heard_where_it_fits(
    including: str, excluding: str, told: str | None, wanted: Any
) -> None:
    for entity in LINES[:2]:
        found = priced(including, excluding, told, entity=entity)
        assert found["rate"] == wanted
    if told is not None and wanted == Decimal(told):
        assert type(found["rate"]) is int  # a whole number fits Fortnox's field


WHOLE = {"whole_prices": True}


@pytest.mark.parametrize(
    ("including", "excluding", "told", "wanted"),
    [
        ("79", "63", None, 25), ("79", "63", "0", 25), ("499", "399", None, 25),
        ("8", "7", "25", 25), ("5", "4", "12", 12), ("26", "25", "0", 6),
        ("3", "3", "0", None), ("3", "3", None, None),
        ("100", "100", "0", 0), ("79", "63", "25.4", 25),
    ],
)  # fmt: skip
def test_a_shop_without_oere_may_miss_its_rate_by_half_a_krona_on_either_side(
    including: str, excluding: str, told: str | None, wanted: Any
) -> None:
    assert priced(including, excluding, told, **WHOLE)["rate"] == wanted
    assert priced(including, excluding, told, **WHOLE, Currency="NOK")["rate"] == wanted


def test_only_where_every_price_of_the_order_is_whole_and_the_currency_has_such_shops() -> None:
    assert priced("79", "63")["rate"] is None  # another line of its order has öre
    assert priced("79", "63", whole_prices=None)["rate"] is None
    assert priced("79", "63", **WHOLE, Currency="EUR")["rate"] is None
    assert priced("79.00", "63.40", **WHOLE)["rate"] is None  # a fee with öre, among whole prices
    assert priced("10", "8")["rate"] == 25
    # Never a second try with another unit: 10 and 8 fit 25 % to the öre, and 12 % to the krona.
    found = priced("10", "8", **WHOLE)
    assert found["rate"] is None
    assert found["no_account"] == (
        "HAT: more than one VAT rate in force in SE on 2026-11-02 fits its prices 10 with and 8"
        " without VAT (told: nothing; tried: 25, 12, 6, 0; both rounded to 1)"
    )


def test_the_currencies_whose_shops_may_leave_out_oere_are_declared() -> None:
    units = plain().tables["price_units"]
    assert [units.find((one, True))["unit"] for one in ("SEK", "NOK", "DKK", "EUR", None)] == [
        1, 1, 1, Decimal("0.01"), Decimal("0.01"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "wanted"), [(None, 25), ("0", 25), ("6", 6), ("24.14", 25), ("2500", 25)]
)
def test_what_costs_nothing_has_the_told_rate_or_the_standard_one(
    told: str | None, wanted: int
) -> None:
    for kind in ("Product", "Shipping", "Discount"):
        assert priced("0.00", "0.00", told, Type=kind)["rate"] == wanted


def test_what_costs_nothing_abroad_without_vat_stays_without() -> None:
    """The row for exports is one for 0 %: a free parcel must not need another."""
    assert priced("0", "0", "0", DeliveryCountry="NO")["rate"] == 0
    assert priced("0", "0", None, DeliveryCountry="NO")["rate"] == 25


def test_oere_that_a_shop_adds_have_no_vat_whatever_is_told() -> None:
    added = {"Type": "Fee", "MerchantReference": "rounding"}
    rows = [{"type": "Fee", "reference": "rounding", "kind": "rounding"}]
    for vat_included in (True, False):
        compiled = program(line_kinds=rows, vat_included=vat_included)
        for told in (None, "0", "25"):
            found = priced("0.50", "0.40", told, compiled=compiled, **added)
            assert (found["rate"], found["account"], found["vat"]) == (0, 3740, 0)
            assert found["price"] == Decimal("0.50")


def test_where_no_rates_are_known_the_told_one_is_taken_if_it_fits_and_told_of() -> None:
    of_2019 = {"OrderDate": date(2019, 3, 1)}
    found = priced("125.00", "100.00", "25", **of_2019)
    assert found["rate"] == 25
    assert found["doubt"] == (
        "no VAT rates are known of SE on 2019-03-01: 25 % is taken as Qliro tells it"
    )
    assert priced("125.00", "100.00", "24.5", **of_2019)["rate"] is None
    assert priced("125.00", "100.00", None, **of_2019)["rate"] is None
    untaxed = priced("125.00", "125.00", "0", DeliveryCountry="US")
    assert (untaxed["rate"], untaxed["doubt"]) == (0, "")  # as its prices say
    assert priced("125.00", "100.00", "25")["doubt"] == ""


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
    assert priced(including, excluding, DeliveryCountry="FI")["rate"] == wanted
    assert priced(including, excluding, "25", DeliveryCountry="FI")["rate"] == wanted


def test_with_the_home_countrys_vat_the_rates_are_those_of_home() -> None:
    compiled = program(oss=False)
    assert line(compiled, DeliveryCountry="DE")["rate"] == 25
    assert line(DeliveryCountry="DE")["rate"] is None


def test_a_price_fits_a_rate_within_half_a_unit_of_both() -> None:
    fitting = filters.FILTERS["fitting"].run
    oere = Decimal("0.01")
    assert fitting([25, None, 25, 12], Decimal("1.25"), Decimal("1.00"), oere) == [25]
    assert fitting([25], Decimal("1.26"), Decimal("1.00"), oere) == [25]
    assert fitting([25], Decimal("1.27"), Decimal("1.00"), oere) == []
    assert fitting([25], Decimal("-1.25"), Decimal("1.00"), oere) == []
    assert fitting([0], Decimal("1.01"), Decimal("1.00"), oere) == []
    assert fitting([0], Decimal("1.00"), Decimal("1.00"), oere) == [0]
    # The limit is included: 0.5 × (1 + 1.06) = 1.03, and 25.47 × 1.06 is 26.9982.
    assert fitting([6], Decimal("28.0282"), Decimal("25.47"), 1) == [6]
    assert fitting([6], Decimal("28.0283"), Decimal("25.47"), 1) == []


def rounded(value: Decimal, unit: Decimal) -> Decimal:
    return (value / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit


@given(
    st.sampled_from(COUNTRIES),
    st.sampled_from(DAYS),
    st.integers(0, 5),
    st.decimals("0.0001", "20000", places=4),
    st.booleans(),
    st.sampled_from([None, "told", "0", "blended", "hundredfold", "an öre off"]),
)
def test_a_price_of_a_rate_in_force_gives_that_rate_or_none_and_never_another(
    country: str, day: date, which: int, excluding: Decimal, by_gross: bool, said: str | None
) -> None:
    known = [*rates(country, day), 0]
    rate = Decimal(known[which % len(known)])
    factor = 1 + rate / 100
    gross, net = (excluding, excluding / factor) if by_gross else (excluding * factor, excluding)
    gross, net = rounded(gross, Decimal("0.01")), rounded(net, Decimal("0.01"))
    told = {
        None: None, "told": rate, "0": Decimal(0), "blended": Decimal("17.35"),
        "hundredfold": rate * 100, "an öre off": rate + Decimal("0.03"),
    }[said]  # fmt: skip
    found = priced(gross, net, told, DeliveryCountry=country, OrderDate=day)
    if gross == 0 and net == 0:
        untaxed = told == 0 and country == "NO"  # an export
        assert found["rate"] == (rate if said == "told" and rate else 0 if untaxed else known[0])
    else:
        assert found["rate"] in (rate, None)
    if net >= 20 and len(known) < 5:
        assert found["rate"] is not None or rate == 0
