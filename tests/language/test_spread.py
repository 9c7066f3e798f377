"""The filter ``spread``: an amount over groups, to the öre and without a rest."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.declared_filters import Refused
from engine.language.list_filters import spread

CENTS = st.integers(1, 10**7).map(lambda n: Decimal(n) / 100)
RATES = st.sampled_from([Decimal(25), Decimal(12), Decimal(6)])


@given(st.lists(st.tuples(CENTS, RATES), min_size=1, max_size=8), CENTS)
def test_the_shares_are_whole_ore_and_sum_to_the_amount(
    rows: list[tuple[Decimal, Decimal]], total: Decimal
) -> None:
    weights, rates = [one for one, _ in rows], [rate for _, rate in rows]
    shares = spread(weights, total, rates)
    assert [one["group"] for one in shares] == list(dict.fromkeys(rates))
    assert sum(one["share"] for one in shares) == total.quantize(Decimal("0.01"))
    whole = sum(weights)
    for one in shares:
        exact = total * sum(w for w, r in rows if r == one["group"]) / whole
        assert abs(one["share"] - exact) <= Decimal("0.01")


def test_a_third_each_leaves_no_rest() -> None:
    shares = spread([Decimal(1)] * 3, Decimal("-100"), [25, 12, 6])
    assert [one["share"] for one in shares] == [
        Decimal("-33.33"), Decimal("-33.34"), Decimal("-33.33"),
    ]  # fmt: skip


def test_nothing_to_spread_over_is_refused() -> None:
    with pytest.raises(Refused, match="sum is not 0"):
        spread([], Decimal(1), [])
