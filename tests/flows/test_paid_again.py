"""A payout that Qliro took back and paid again: the ways to decide, each with what it books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from shop import OpenShop, Shop

from engine.sandbox.history import Sale, new_sale, settle

BANK, INTERIM = 1930, 1581


def lived(one: Shop, *, one_by_one: bool) -> Sale:
    """Paid, taken back, paid again, each in a batch of its own."""
    sale = new_sale(one.world, Decimal("500.00"))
    for action in ("Debit", "Credit", "Debit"):
        settle(one.world, [replace(sale.line, action=action)])
        one.later(days=1)
        if one_by_one:
            one.run()
    one.run()
    return sale


def test_where_the_first_is_booked_the_other_two_are_set_aside(shop: OpenShop) -> None:
    one = shop()
    lived(one, one_by_one=True)
    first, back, again = one.lines()
    assert [line["state"] for line in (first, back, again)] == ["posted", "parked", "parked"]
    says = again["reason"]
    right = says.index(f"The first is booked (payment {first['number']}) and stays so")
    assert says[:right].count(back["line"]) == 1
    assert right < says.index("--retry") < says.index("--invoice") < says.index("--suspense")
    assert f"set this line and line {back['line']} aside. --ignore books nothing" in says
    assert f"together they leave 0.00 on {INTERIM}" in says
    assert f"Line {again['line']} of batch" in back["reason"]
    assert "that one says how to decide" in back["reason"]

    for line in (back, again):
        one.resolve(line["line"], "ignore", "", "Qliro paid it again")
    one.run()
    assert one.states() == ["posted", "ignored", "ignored"]
    assert len(one.payments()) == 1
    assert one.account(INTERIM) == 0
    assert one.change(BANK) == Decimal("500.00")
    assert [payout["closed"] for payout in one.payouts()] == [True, True, True]


def test_where_nothing_is_booked_the_last_is_and_the_first_two_are_set_aside(
    shop: OpenShop,
) -> None:
    one = shop()
    sale = lived(one, one_by_one=False)
    first, back, again = one.lines()
    assert [line["state"] for line in (first, back, again)] == ["parked"] * 3
    assert "--retry books this line on its invoice. Of the other two" in again["reason"]
    one.resolve(again["line"], "retry")
    for line in (first, back):
        one.resolve(line["line"], "ignore", "", "Qliro took it back")
    one.run()
    assert one.states() == ["ignored", "ignored", "posted"]
    assert sale.invoice is not None
    assert one.balance(sale.invoice) == 0
    assert one.account(INTERIM) == 0
    assert one.change(BANK) == Decimal("500.00")


@pytest.mark.parametrize("way", ["suspense"])
def test_the_other_ways_book_what_they_say(shop: OpenShop, way: str) -> None:
    one = shop()
    lived(one, one_by_one=True)
    _, back, again = one.lines()
    for line in (back, again):
        one.resolve(line["line"], way, "", "until Qliro has said")
    one.run()
    assert one.states() == ["posted"] * 3
    assert one.account(INTERIM) == 0


def test_a_batch_that_is_listed_again_is_told_as_before(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("500.00"))
    for _ in range(2):
        settle(one.world, [sale.line])
        one.later(days=1)
        one.run()
    assert "is already paid" in one.reasons()[1]
    one.resolve(one.lines()[1]["line"], "ignore", "", "listed twice")
    one.run()
    assert one.change(BANK) == Decimal("500.00"), "its money came once"
