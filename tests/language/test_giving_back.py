"""What the refunds of a capture give back, by VAT rate: each rule alone, and all of them together.

Sums are by rate, in kronor with VAT; a refund is told by what came back of it, or by its amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.giving_back import given_back

Row = dict[str, Any]
CENT = Decimal("0.01")


def row(reference: str, price: object, rate: int | None, n: int = 1, **more: Any) -> Row:
    value = Decimal(str(price))
    return {
        "MerchantReference": reference, "PricePerItemIncVat": value, "Quantity": Decimal(n),
        "item": f"{reference} {value:.4f}", "gross": value * n, "rate": rate, "kind": "goods",
        "mixed": False,
    } | more  # fmt: skip


def discount(reference: str, price: object, rate: int | None, **more: Any) -> Row:
    return row(reference, price, rate, kind="discount", mixed=rate is None) | more


def back(amount: object, *returned: Row, charged: Sequence[Row] = ()) -> Row:
    return {"Amount": Decimal(str(amount)), "returned": list(returned), "charged": list(charged),
            "amounts": []}  # fmt: skip


def by_amount(amount: object, rate: int | None = None, *more: Row) -> Row:
    line = discount("Refund", amount, rate, mixed=False)
    return back(amount) | {"amounts": [line, *more]}


def told(sold: list[Row], *refunds: Row, split: Sequence[tuple[int, str]] = ()) -> list[list[Row]]:
    numbered = [one | {"refund": str(n), "ordinal": n} for n, one in enumerate(refunds)]
    shares = [{"group": rate, "share": Decimal(share)} for rate, share in split]
    parts = given_back(sold, list(reversed(numbered)), shares)
    result = [[part for part in parts if part["refund"] == one["refund"]] for one in numbered]
    for one, made in zip(refunds, result, strict=True):
        assert sum(part["amount"] for part in made) == one["Amount"]
    return result


def by_rate(parts: list[Row]) -> dict[Any, str]:
    sums: dict[Any, Decimal] = {}
    for part in parts:
        sums[part["rate"]] = sums.get(part["rate"], Decimal(0)) + part["amount"]
    return {rate: str(amount.quantize(CENT)) for rate, amount in sums.items() if amount}


def rules(parts: list[Row]) -> list[str]:
    return [part["rule"] for part in parts]


SHIRT, BOOK, SALE = row("SHIRT", 399, 25), row("BOOK", 100, 6), discount("SALE", -50, 25)
ALL = [SHIRT, BOOK, SALE]


# -- what a line is -------------------------------------------------------------------------------


def test_a_line_has_the_rate_that_it_was_sold_at_whatever_it_says() -> None:
    (parts,) = told(ALL[:2], back(399, SHIRT | {"rate": 12}))
    assert by_rate(parts) == {25: "399.00"}
    assert (rules(parts), parts[0]["like"]) == (["sold"], SHIRT)


def test_of_several_lines_of_one_reference_and_price_the_place_decides() -> None:
    twins = [row("X", 100, 25), row("X", 100, 6, 2)]
    (one,), (other,), rest = told(twins, *(back(100, row("X", 100, said)) for said in (6, 25, 0)))
    assert (one["rate"], other["rate"]) == (25, 6)
    assert by_rate(rest) == {6: "100.00"}
    (both,) = told(twins, back(300, row("X", 100, 6), row("X", 100, 25, 2)))
    assert [(part["rate"], part["quantity"]) for part in both] == [(25, 1), (6, 2)]
    (one_line,) = told(twins, back(300, row("X", 100, None, 3)))
    assert [(part["rate"], part["quantity"]) for part in one_line] == [(25, 1), (6, 2)]


def test_twins_of_one_rate_come_back_as_one_line() -> None:
    (parts,) = told([row("X", 100, 25), row("X", 100, 25)], back(200, row("X", 100, 25, 2)))
    assert [(part["rule"], part["quantity"]) for part in parts] == [("sold", 2)]


def test_at_another_price_the_reference_decides_where_it_has_one_rate() -> None:
    sold = [BOOK, row("SHIRT", 399, 25), row("SHIRT", 350, 25), row("X", 100, 25), row("X", 90, 6)]
    (parts,) = told(sold, back(99, row("SHIRT", 99, 12)))
    assert (by_rate(parts), rules(parts)) == ({25: "99.00"}, ["sold"])
    (parts,) = told(sold, back(50, row("X", 50, 12)))
    assert (by_rate(parts), rules(parts)) == ({12: "50.00"}, ["never sold"])


def test_a_book_in_three_parts_is_never_more_than_the_book() -> None:
    thirds = ("33.33", "33.33", "33.34")
    parts = told([BOOK], *(back(price, row("BOOK", price, 6)) for price in thirds))
    assert [by_rate(one) for one in parts] == [{6: "33.33"}, {6: "33.33"}, {6: "33.34"}]


def test_a_fee_that_is_charged_has_its_own_rate_and_adds_to_what_is_left() -> None:
    fee = row("FEE", 49, 25, kind="fee")
    same = row("BOOK", 100, 25, kind="fee")  # the reference of what was sold at 6 %
    first, rest = told([SHIRT], back(350, SHIRT, charged=[fee]), by_amount(49))
    assert [(p["rule"], p["amount"], p["rate"]) for p in first] == [
        ("sold", 399, 25), ("charged", -49, 25),
    ]  # fmt: skip
    assert (by_rate(rest), rules(rest)) == ({25: "49.00"}, ["left"])
    (parts,) = told([SHIRT, BOOK], back(299, SHIRT, charged=[same]))
    assert [(p["rule"], p["amount"], p["rate"]) for p in parts][1] == ("charged", -100, 25)


# -- discounts that a refund does not list --------------------------------------------------------


def test_the_share_of_a_discount_is_taken_where_it_makes_the_amount_to_the_ore() -> None:
    (whole,) = told(ALL, back(449, SHIRT, BOOK))
    assert by_rate(whole) == {25: "349.00", 6: "100.00"}
    assert rules(whole) == ["sold", "sold", "share"]
    (part,) = told(ALL, back(349, SHIRT))
    assert (by_rate(part), rules(part)) == ({25: "349.00"}, ["sold", "share"])
    (not_taken,) = told(ALL, back(399, SHIRT))
    assert (by_rate(not_taken), rules(not_taken)) == ({25: "399.00"}, ["sold"])
    (an_ore,) = told(ALL, back("349.01", SHIRT))
    assert rules(an_ore) == ["sold", "less"]


def test_a_discount_of_a_rate_that_no_goods_have_lies_on_all_of_them() -> None:
    sold = [row("A", 100, 6), row("B", 300, 12), discount("SALE", -40, 25)]
    (parts,) = told(sold, back(90, row("A", 100, 6)))
    assert by_rate(parts) == {6: "100.00", 25: "-10.00"}


def test_a_discount_over_several_rates_lies_on_the_goods_of_each() -> None:
    sold = [row("A", 200, 25, 2), row("B", 100, 6), discount("SALE", -50, None)]
    split = [(25, "-40"), (6, "-10")]
    one, book, rest = told(sold, back(180, row("A", 200, 25)), back(90, row("B", 100, 6)),
                           back(180, row("A", 200, 25)), split=split)  # fmt: skip
    assert [by_rate(one), by_rate(book), by_rate(rest)] == [
        {25: "180.00"}, {6: "90.00"}, {25: "180.00"},
    ]  # fmt: skip
    (listed,) = told(sold, back(450, row("A", 200, 25, 2), row("B", 100, 6), sold[2]), split=split)
    assert by_rate(listed) == {25: "360.00", 6: "90.00"}


def test_shares_in_thirds_go_on_from_what_is_left_of_the_discount() -> None:
    sold = [row("A", 133, 25, 3), discount("SALE", -50, 25), BOOK]
    thirds = ("116.33", "116.33", "116.34")
    parts = told(sold, *(back(price, row("A", 133, 25)) for price in thirds))
    assert [rules(one) for one in parts] == [["sold", "share"]] * 3
    assert [by_rate(one) for one in parts] == [{25: "116.33"}, {25: "116.33"}, {25: "116.34"}]


def test_what_is_less_is_taken_off_the_goods_and_what_is_more_is_of_what_is_left() -> None:
    (less,) = told(ALL[:2], back(450, SHIRT, BOOK))
    assert by_rate(less) == {25: "359.82", 6: "90.18"}
    (more,) = told(ALL[:2], back(420, SHIRT))
    assert (by_rate(more), rules(more)) == ({25: "399.00", 6: "21.00"}, ["sold", "more"])


# -- all that is left, and amounts ----------------------------------------------------------------


def test_all_by_amount_is_what_was_sold_line_by_line() -> None:
    (parts,) = told(ALL, by_amount(449))
    assert [(part["rule"], part["like"]) for part in parts] == [("sold", one) for one in ALL]


def test_all_that_is_left_goes_back_by_rate_also_what_is_below_zero() -> None:
    """The shirt whole, without its discount; 30.00 by amount; the rest."""
    shirt, some, rest = told(ALL, back(399, SHIRT), by_amount(30, 25), by_amount(20, 25))
    assert (by_rate(shirt), by_rate(some)) == ({25: "399.00"}, {6: "30.00"})
    assert (by_rate(rest), set(rules(rest))) == ({25: "-50.00", 6: "70.00"}, {"left"})
    shirt, rest = told(ALL, back(399, SHIRT), back(50, BOOK))  # its lines do not say it either
    assert (by_rate(rest), set(rules(rest))) == ({25: "-50.00", 6: "100.00"}, {"left"})


def test_all_that_is_left_stays_as_it_is_listed_where_that_is_the_same() -> None:
    _some, rest = told(ALL[:2], back(399, SHIRT), back(100, BOOK))
    assert (rules(rest), rest[0]["like"]) == (["sold"], BOOK)


def test_an_amount_goes_as_far_as_it_fits_and_then_over_what_is_left() -> None:
    sold = [row("A", 500, 25), row("B", 212, 6)]
    (one,) = told(sold, by_amount(500, 25))
    assert (by_rate(one), rules(one)) == ({25: "500.00"}, ["amount"])
    first, second, third = told(sold, by_amount(400, 25), by_amount(150, 25), by_amount(162, 25))
    assert (by_rate(first), rules(first)) == ({25: "400.00"}, ["amount"])
    assert (by_rate(second), rules(second)) == ({25: "100.00", 6: "50.00"}, ["amount", "moved"])
    assert (by_rate(third), rules(third)) == ({6: "162.00"}, ["moved"])


@pytest.mark.parametrize(("rate", "rule"), [(None, "amount"), (0, "amount"), (12, "moved")])
def test_an_amount_that_fits_no_rate_goes_over_all_of_them(rate: int | None, rule: str) -> None:
    """One of a rate that nothing was sold at is told of."""
    (parts,) = told([row("A", 300, 25), row("B", 100, 6)], by_amount(80, rate))
    assert (by_rate(parts), rules(parts)) == ({25: "60.00", 6: "20.00"}, [rule, rule])


def test_several_amounts_go_each_its_way() -> None:
    sold = [row("A", 300, 25), row("B", 100, 6)]
    two = by_amount(80, 25) | {"Amount": Decimal(90)}
    two["amounts"].append(discount("Refund", 10, 6))
    (parts,) = told(sold, two)
    assert by_rate(parts) == {25: "80.00", 6: "10.00"}
    (parts,) = told(sold, two | {"Amount": Decimal(100)})  # they are not what was refunded
    assert by_rate(parts) == {25: "75.00", 6: "25.00"}


def test_rounding_bears_no_amount_and_comes_back_with_all() -> None:
    sold = [row("A", "99.60", 25), row("ORE", "0.40", 0, kind="rounding")]
    some, rest = told(sold, by_amount(50), by_amount(50))
    assert by_rate(some) == {25: "50.00"}
    assert by_rate(rest) == {25: "49.60", 0: "0.40"}


def test_what_is_not_known_has_no_rate() -> None:
    (nothing_sold,) = told([], by_amount(50, 25))
    assert by_rate(nothing_sold) == {None: "50.00"}
    (rate_not_known,) = told([SHIRT, row("B", 100, None)], by_amount(50, 25))
    assert by_rate(rate_not_known) == {None: "50.00"}
    _odd, later, item = told(
        [SHIRT, BOOK], back(10, row("Z", 10, None)), by_amount(50, 25), back(100, BOOK)
    )
    assert (by_rate(later), by_rate(item)) == ({None: "50.00"}, {6: "100.00"})


def test_a_capture_of_which_no_lines_are_known_gives_back_what_its_refund_says() -> None:
    (parts,) = told([], back(90, SHIRT | {"gross": Decimal(100)}))
    assert (by_rate(parts), rules(parts)) == ({25: "90.00"}, ["never sold", "less"])


def test_what_is_more_than_was_left_is_told_all_the_same() -> None:
    """A person has parked it: what comes after it still sums up."""
    over, later = told([SHIRT], by_amount(500, 25), by_amount(10, 25))
    assert by_rate(over) == {25: "500.00"}
    assert by_rate(later) in ({25: "10.00"}, {None: "10.00"})


# -- all of it together ---------------------------------------------------------------------------

RATES = (25, 12, 6)
prices = st.decimals("0.05", "900", places=2)


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Row], list[tuple[int, str]], list[Row]]:
    """A capture and refunds of it: items, with and without their discount, amounts, fees; the last
    gives back whatever is left."""
    sold = [row(f"A{n}", draw(prices), draw(st.sampled_from(RATES)), draw(st.integers(1, 3)))
            for n in range(draw(st.integers(1, 4)))]  # fmt: skip
    goods = sum(one["gross"] for one in sold)
    split: list[tuple[int, str]] = []
    cut = (goods * draw(st.integers(0, 60)) / 100).quantize(CENT, ROUND_HALF_UP)
    if cut:
        rates = list(dict.fromkeys(one["rate"] for one in sold))
        if draw(st.booleans()) and len(rates) > 1:
            sold.append(discount("SALE", -cut, None))
            share = (cut / len(rates)).quantize(CENT)
            shares = [share] * (len(rates) - 1)
            split = [(rate, str(-one)) for rate, one in
                     zip(rates, [*shares, cut - sum(shares)], strict=True)]  # fmt: skip
        else:
            sold.append(discount("SALE", -cut, draw(st.sampled_from(rates))))
    left, at_hand = goods - cut, {one["item"]: int(one["Quantity"]) for one in sold}
    refunds: list[Row] = []
    for _ in range(draw(st.integers(0, 5))):
        how = draw(st.sampled_from(["items", "items less", "amount", "fee"]))
        item = draw(st.sampled_from([one for one in sold if one["kind"] == "goods"]))
        if how == "amount":
            amount = (left * draw(st.integers(1, 99)) / 100).quantize(CENT)
            made = by_amount(amount, draw(st.sampled_from([*RATES, None])))
        else:
            n = min(at_hand[item["item"]], draw(st.integers(1, 3)))
            if not n:
                continue
            amount = gross = item["PricePerItemIncVat"] * n
            charged = []
            if how == "items less":
                amount = (gross * draw(st.integers(20, 99)) / 100).quantize(CENT)
            elif how == "fee":
                charged = [row("FEE", (gross / 10).quantize(CENT), draw(st.sampled_from(RATES)))]
                amount -= charged[0]["gross"]
            if amount > left or amount <= 0:
                continue
            at_hand[item["item"]] -= n
            listed = item | {"Quantity": Decimal(n), "gross": gross,
                             "rate": draw(st.sampled_from([*RATES, 0, None]))}  # fmt: skip
            made = back(amount, listed, charged=charged)
        if made["Amount"] > 0:
            refunds.append(made)
            left -= made["Amount"]
    if left > 0:
        refunds.append(by_amount(left, draw(st.sampled_from([*RATES, None]))))
    return sold, split, refunds


@settings(max_examples=300, deadline=None)
@given(lives())
def test_when_all_is_refunded_each_rate_has_back_what_was_sold_at_it(
    life: tuple[list[Row], list[tuple[int, str]], list[Row]],
) -> None:
    """Never another rate, to the öre; no amount at a rate where nothing is left; of an amount and
    of the rest nothing of the wrong sign."""
    sold, split, refunds = life
    left: dict[Any, Decimal] = {}
    for one in sold:
        if not one["mixed"]:
            left[one["rate"]] = left.get(one["rate"], Decimal(0)) + one["gross"]
    for rate, share in split:
        left[rate] = left.get(rate, Decimal(0)) + Decimal(share)
    for refund, parts in zip(refunds, told(sold, *refunds, split=split), strict=True):
        for one in refund["charged"]:
            left[one["rate"]] = left.get(one["rate"], Decimal(0)) + one["gross"]
        for part in parts:
            rate, rule = part["rate"], part["rule"]
            assert rate in left
            if rule in ("amount", "moved", "more"):
                assert 0 < part["amount"] <= left[rate]
            if rule in ("less", "share"):
                assert part["amount"] < 0
            left[rate] -= part["amount"] if rule != "charged" else Decimal(0)
    assert set(left.values()) <= {Decimal(0)}
