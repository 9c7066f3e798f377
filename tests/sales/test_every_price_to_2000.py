"""Every price to 2,000.00, öre and kronor, rounded on either side or both, with what shops tell
beside it: no line gets another rate than it was sold at.

The rule stands here once more in whole numbers, for all of the prices; the compiled one is held
against it at those where rates are hard to tell apart, and here and there among the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import pytest

from .kit import LINES, given, plain

RATES = (25, 12, 6)  # in force in Sweden
MOST = 2000_00
Pair = tuple[int, int]  # a price with and one without VAT, in öre


def half_up(number: int, by: int) -> int:
    return (2 * number + by) // (2 * by)


def pairs(rate: int, unit: int, step: int = 1, most: int = MOST) -> Iterator[Pair]:
    """What a shop makes of prices at a rate: it rounds the one without VAT, or the one with it, or
    has a price of tenths of an öre and rounds both."""
    for price in range(unit, most + 1, unit * step):
        yield price, half_up(price * 100, (100 + rate) * unit) * unit
        yield half_up(price * (100 + rate), 100 * unit) * unit, price
    for tenths in range(7, most * 10, 17 * unit * step):
        yield half_up(tenths * (100 + rate), 1000 * unit) * unit, half_up(tenths, 10 * unit) * unit


def fit(pair: Pair, unit: int) -> int:
    """The rates that both prices fit, as bits: 25, 12, 6 and 0 %."""
    including, excluding = pair
    off = 200 * (including - excluding)
    return (
        (abs(off - 50 * excluding) <= 225 * unit)
        | (abs(off - 24 * excluding) <= 212 * unit) << 1
        | (abs(off - 12 * excluding) <= 206 * unit) << 2
        | (off == 0) << 3
    )


@cache
def decided(bits: int, told: str | None) -> int | None:
    fits = [rate for place, rate in enumerate((*RATES, 0)) if bits & 1 << place]
    number = None if told is None else Decimal(told)
    if number and number in RATES and number in fits:
        return int(number)
    return fits[0] if len(fits) == 1 else None


def tellings(rate: int) -> tuple[str | None, ...]:
    """Right, nothing, 0, blended, a hundred times, worked out of prices that are an öre off."""
    return str(rate), None, "0", "17.35", str(rate * 100), f"{rate}.03", f"{max(rate - 1, 0)}.97"


@pytest.mark.parametrize("unit", [1, 100])
def test_no_price_gets_another_rate_than_it_was_sold_at(unit: int) -> None:
    left, all_of_them = 0, 0
    for rate in (*RATES, 0):
        found: dict[int, int] = {}
        for pair in pairs(rate, unit):
            if pair != (0, 0):  # what costs nothing has the standard rate
                bits = fit(pair, unit)
                found[bits] = found.get(bits, 0) + 1
        for bits, count in found.items():
            assert {decided(bits, told) for told in tellings(rate)} <= {rate, None}
            if rate:
                assert decided(bits, str(rate)) == rate
            left += count if decided(bits, None) is None else 0
            all_of_them += count
    # Without a told rate few are left to a person: they cost less than a tenth, or ten, kronor.
    assert left / all_of_them < (0.0002 if unit == 1 else 0.02)


def some(unit: int) -> Iterator[tuple[int, Pair]]:
    """All low prices, where rates can't be told apart, and some of the others."""
    for rate in (*RATES, 0):
        for pair in (*pairs(rate, unit, 1, 40 * unit), *pairs(rate, unit, 1009 // unit + 13)):
            if pair != (0, 0):
                yield rate, pair


@pytest.mark.parametrize("unit", [1, 100])
def test_the_mapping_decides_as_the_rule_does(unit: int) -> None:
    compiled, count = plain(), 0
    row = given(compiled, LINES[0], whole_prices=unit == 100)
    for rate, (including, excluding) in some(unit):
        row["PricePerItemIncVat"] = Decimal(including).scaleb(-2)
        row["PricePerItemExVat"] = Decimal(excluding).scaleb(-2)
        told = tellings(rate)[count % 7]
        row["VatRate"] = None if told is None else Decimal(told)
        expected = decided(fit((including, excluding), unit), told)
        assert compiled.derive(LINES[0], row)["rate"] == expected, row
        count += 1
    assert count > 500
