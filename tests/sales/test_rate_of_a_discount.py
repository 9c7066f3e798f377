"""The VAT rate of a discount: one that something of its order was sold at, or a split over them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .kit import LINES, line, program


def at(rate: int, gross: Any, kind: str = "Product") -> dict[str, Any]:
    """Goods (or shipping) sold at a rate, worth so much."""
    gross = Decimal(gross)
    return {
        "PricePerItemIncVat": gross, "PricePerItemExVat": round(gross * 100 / (100 + rate), 2),
        "VatRate": Decimal(rate), "Type": kind,
    }  # fmt: skip


def discount(
    including: Any, excluding: Any, *bought: dict[str, Any], told: Any = None, **columns: Any
) -> dict[str, Any]:
    """What is derived of one discount on what was bought."""
    return line(
        bought=bought, Type="Discount", MerchantReference="SALE", Quantity=Decimal(1),
        PricePerItemIncVat=Decimal(including), PricePerItemExVat=Decimal(excluding),
        VatRate=None if told is None else Decimal(told), **columns,
    )  # fmt: skip


def test_where_all_was_sold_at_one_rate_the_discount_has_that() -> None:
    for told in (None, 0, 12, "24.14", 2500):
        assert discount("-0.72", "-0.58", at(25, 18), told=told)["rate"] == 25
    assert discount("-33.33", "-26.66", at(25, 499), told="25.02")["rate"] == 25
    # 0.05 and 0.04 fit 12 % too, at which nothing was sold.
    assert discount("-0.05", "-0.04", at(25, 18), told=12)["rate"] == 25
    found = discount("-50.00", "-44.64", at(25, 399))
    assert (found["rate"], found["mixed"]) == (None, False)  # 12 %, which nothing was sold at


def test_a_told_rate_is_taken_where_something_was_sold_at_it_and_it_fits() -> None:
    both = (at(25, 50), at(6, "21.20"))
    assert discount("-0.05", "-0.04", *both, told=25)["rate"] == 25
    assert discount("-10.60", "-10.00", *both, told=6)["rate"] == 6
    found = discount("-7.12", "-6.00", *both, told=25)  # contradicts both prices
    assert (found["rate"], found["mixed"]) == (None, True)


@pytest.mark.parametrize("told", [None, 0, "18.67"])
def test_a_discount_whose_split_over_the_goods_comes_out_is_split(told: Any) -> None:
    for entity in LINES[:2]:
        found = discount("-7.12", "-6.00", at(25, 50), at(6, "21.20"), told=told, entity=entity)
        assert (found["rate"], found["mixed"], found["account"], found["no_account"]) == (
            None, True, None, "",
        )  # fmt: skip
        assert (found["gross"], found["net"]) == (Decimal("-7.12"), Decimal("-6.00"))


def test_a_discount_that_one_sold_rate_alone_fits_has_that_though_it_could_be_split() -> None:
    assert discount("-50.00", "-40.00", at(25, 399), at(6, 100))["rate"] == 25


def test_a_discount_of_mixed_goods_is_not_of_a_rate_between_them_that_nothing_was_sold_at() -> None:
    """16.95 and 15.14 fit 12 %."""
    found = discount("-16.95", "-15.14", at(6, 220), at(25, 119), told=12)
    assert (found["rate"], found["mixed"]) == (None, True)


def test_shipping_is_sold_too_and_what_was_free_is_not() -> None:
    assert discount("-10.00", "-8.00", at(6, 100), at(25, 49, "Shipping"))["rate"] == 25
    assert discount("-0.05", "-0.04", at(12, 100), at(25, 0, "Shipping"))["rate"] == 12
    assert discount("-0.05", "-0.04", at(12, 100), at(25, 49, "Fee"))["rate"] == 12


def test_a_split_over_goods_of_one_rate_is_that_rate() -> None:
    """Its shipping has another, and an öre does not tell them apart."""
    found = discount("-0.05", "-0.04", at(12, 100), at(25, 49, "Shipping"))
    assert (found["rate"], found["mixed"]) == (12, False)


def test_a_discount_without_vat_where_nothing_was_sold_without_is_told_of() -> None:
    found = discount("-100.00", "-100.00", at(25, 399), told=0)
    assert (found["rate"], found["mixed"]) == (0, False)
    assert found["doubt"] == (
        "the discount SALE has no VAT, and nothing was sold without: if it is a gift card, give it "
        "a row in line_kinds"
    )
    assert discount("-100.00", "-100.00", at(0, 399), told=0)["doubt"] == ""
    cards = [{"type": "Discount", "reference": "sale", "kind": "credit_voucher"}]
    known = discount("-100.00", "-100.00", at(25, 399), told=0, compiled=program(line_kinds=cards))
    assert (known["rate"], known["doubt"]) == (0, "")


def test_between_the_rates_that_were_sold_it_is_mixed_and_outside_left_to_a_person() -> None:
    goods = (at(25, 400), at(6, 100))
    assert discount("-45.00", "-40.00", *goods)["mixed"]  # 12.5 %
    for prices in (("-60.00", "-40.00"), ("-41.00", "-40.00"), ("-50.00", "40.00")):
        found = discount(*prices, *goods)
        assert (found["rate"], found["mixed"]) == (None, False)
    assert discount("-60.00", "-40.00", *goods, told=25)["no_account"] == (
        "SALE: its prices -60.00 with and -40.00 without VAT fit no VAT rate that something of its"
        " order was sold at (told: 25; tried: 25, 6; both rounded to 0.01)"
    )


def test_a_split_whose_vat_is_not_the_discounts_is_not_sent() -> None:
    """Between the rates, and given on the goods of 6 % for the most part: its VAT is 10.00, that
    of a split over all of them 20.56."""
    goods = (at(25, 400), at(6, 100))
    found = discount("-120.00", "-110.00", *goods)
    assert (found["rate"], found["mixed"]) == (None, True)
    assert found["no_account"] == (
        "SALE: split over the VAT rates 25, 6 its prices -120.00 with and -110.00 without VAT would"
        " have VAT of -20.56, not -10.00"
    )
    near = discount("-4.80", "-4.40", *goods)  # 0.82 and 0.40
    assert (near["mixed"], near["no_account"]) == (True, "")
    left = discount("-120.00", "-110.00", *goods,
                    compiled=program(discounts={"mixed_vat": "park"}))  # fmt: skip
    assert left["no_account"] == ""  # it is left to a person all the same, and never split


def test_whole_kronor_are_judged_by_the_krona() -> None:
    whole = {"whole_prices": True}
    assert discount("-50", "-40", at(25, 400), told=25, **whole)["rate"] == 25
    assert discount("-8", "-7", at(25, 400), told=0, **whole)["rate"] == 25
    found = discount("-20", "-17", at(25, 100), at(6, 106), told=0, **whole)
    assert found["mixed"]  # 7.77 + 9.71 = 17.48


def test_what_it_was_given_on_is_decided_first() -> None:
    found = discount("-10.00", "-8.00", at(25, 100), {"PricePerItemIncVat": Decimal(130)})
    assert (found["rate"], found["mixed"]) == (None, False)
    assert found["no_account"] == "SALE: what it was given on has no VAT rate"


def test_a_discount_on_nothing_is_left_to_a_person() -> None:
    found = discount("-10.00", "-8.00")
    assert (found["rate"], found["mixed"]) == (None, False)
    assert found["no_account"] == "SALE: nothing was sold that it could be given on"
