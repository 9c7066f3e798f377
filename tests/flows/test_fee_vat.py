"""VAT on fees: held against the rate that the line tells, to the öre; a fee that contradicts itself
is left to a person, alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from shop import OpenShop, Shop, rows_of, write_offs

from engine.sandbox.history import fee_line, lump_fee_line, new_sale, payout_day, settle
from engine.sandbox.world.world import Line

BANK, FEE, VAT, PENDING, INTERIM = 1930, 6570, 2641, 1790, 1581
D = Decimal


def fee(of: Line, amount: str, net: str | None, rate: str | None = "25", **fields: Any) -> Line:
    """A fee as Qliro tells it: amount, amount without VAT, rate."""
    return replace(
        fee_line(of, D(amount)),
        excluding_vat=None if net is None else D(net),
        vat_rate=None if rate is None else D(rate),
        **fields,
    )


def charged(one: Shop, amount: str, net: str | None, rate: str | None = "25") -> None:
    """A sale of 500.00 with this fee, and one of 100.00 with a fee of 5.00 that is right."""
    first, second = new_sale(one.world, D("500.00")), new_sale(one.world, D("100.00"))
    settle(one.world, [
        first.line, fee(first.line, amount, net, rate),
        second.line, fee(second.line, "5.00", "4.00"),
    ])  # fmt: skip
    one.run()


def lump(one: Shop, amount: str, net: str, rate: str | None = "25") -> None:
    sale = new_sale(one.world, D("500.00"))
    bare = lump_fee_line(one.world, D(amount), day=payout_day(one.world))
    told = replace(bare, excluding_vat=D(net), vat_rate=None if rate is None else D(rate))
    settle(one.world, [sale.line, told])
    one.run()


def fees(one: Shop) -> list[tuple[str, str]]:
    return [(line["state"], line["code"]) for line in one.lines(Type="Fee")]


# -- what is right ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "net", "rate", "booked"),
    [
        ("1.01", "0.81", "25", ["0.81", "0.20"]),
        ("1.01", "0.808", "25", ["0.81", "0.20"]),
        ("5.97", "4.776", "25", ["4.78", "1.19"]),
        ("0.14", "0.13", "12", ["0.13", "0.01"]),
        ("0.14", "0.12", "12", ["0.12", "0.02"]),
        ("10.00", "9.43", "6", ["9.43", "0.57"]),
        ("5.00", "4.00", None, ["4.00", "1.00"]),
        ("5.00", "4.10", "0", ["4.10", "0.90"]),
        ("5.00", "5.00", "0", ["5.00"]),
        ("5.00", None, "25", ["5.00"]),
        ("-5.00", "-4.00", "25", ["-4.00", "-1.00"]),
        ("-1.01", "-0.808", "25", ["-0.81", "-0.20"]),
    ],
)
def test_a_fee_whose_vat_is_that_of_its_rate_is_written_off(
    shop: OpenShop, amount: str, net: str | None, rate: str | None, booked: list[str]
) -> None:
    """A rate of 0 or null tells nothing; the amount without VAT is rounded, VAT is the rest."""
    one = shop()
    charged(one, amount, net, rate)
    payment = one.payments()[0]
    assert [off for _, off in write_offs(payment)] == [D(part) for part in booked]
    assert payment.amount == 500 - D(amount)
    assert one.interims() == {}


@pytest.mark.parametrize("mode", ["write_off", "voucher"])
def test_a_lump_of_100_fees_of_1_01_is_right(shop: OpenShop, mode: str) -> None:
    """Each was rounded by itself: 81.00 without VAT, where 101.00 less 25 % would be 80.80."""
    one = shop(**{"fees.mode": mode})
    lump(one, "101.00", "81.00")
    (voucher,) = one.vouchers("Q")
    assert rows_of(voucher) == {FEE: D("81.00"), VAT: D("20.00"), 1580: D("-101.00")}


# -- what contradicts itself -----------------------------------------------------------------------

WRONG = [
    ("5.00", "3.99", "25"),  # an öre too much
    ("5.00", "4.01", "25"),
    ("5.00", "5.00", "25"),  # no VAT, and 25 % told
    ("5.00", "4.00", "2500"),
    ("5.00", "4.00", "12"),
    ("5.00", "6.00", "0"),  # VAT below zero, and nothing told
    ("5.00", "6.00", None),
    ("5.00", "-6.00", None),
    ("-5.00", "-6.00", None),
]


@pytest.mark.parametrize(("amount", "net", "rate"), WRONG)
def test_a_fee_that_contradicts_itself_is_parked_alone_and_its_sale_paid_gross(
    shop: OpenShop, amount: str, net: str, rate: str | None
) -> None:
    one = shop()
    charged(one, amount, net, rate)
    assert one.states(Type="Fee") == ["parked", "posted"]
    assert [(paid.amount, write_offs(paid)) for paid in one.payments()] == [
        (D("500.00"), []), (D("95.00"), [(FEE, D("4.00")), (VAT, D("1.00"))]),
    ]  # fmt: skip
    assert one.vouchers("Q") == []
    assert one.interims() == one.open_lines() == {INTERIM: D(amount)}


@pytest.mark.parametrize("mode", ["write_off", "voucher"])
def test_where_amounts_come_signed_the_amount_without_vat_may_come_bare(
    shop: OpenShop, mode: str
) -> None:
    """A fee of -12.50 with 10.00 without VAT: 10.00 and 2.50, not -10.00 and 22.50."""
    one = shop(**{"conventions.amounts": "signed", "fees.mode": mode})
    one.trouble("signed_amounts")
    one.run()
    assert set(one.states()) == {"posted"}
    assert (one.change(FEE), one.change(VAT)) == (D("10.00"), D("2.50"))
    assert one.interims() == {}


def test_the_sentence_tells_the_figures_and_the_ways_out(shop: OpenShop) -> None:
    one = shop()
    charged(one, "5.00", "4.10")
    (reason,) = one.reasons(state="parked")
    assert reason == (
        "its VAT would be 0.90 (its amount of 5.00 less 4.10 without VAT), and a VatRate of 25 % "
        "makes it 1.00. It is left to you; its line and other fees go on. Ask Qliro which is "
        "right: --retry books it as it came, in the fee voucher where its line is paid already; "
        "--ignore books nothing, once you have booked it by hand"
    )


def test_in_one_voucher_for_each_payout_the_others_go_on_without_it(shop: OpenShop) -> None:
    one = shop(**{"fees.mode": "voucher"})
    charged(one, "5.00", "3.00")
    (voucher,) = one.vouchers("Q")
    assert rows_of(voucher) == {FEE: D("4.00"), VAT: D("1.00"), INTERIM: D("-5.00")}
    assert one.states(Type="Fee") == ["parked", "posted"]
    assert one.interims() == one.open_lines() == {INTERIM: D("5.00")}


def test_a_fee_that_is_not_booked_as_cost_need_not_be_right(shop: OpenShop) -> None:
    one = shop(**{"fees.mode": "none"})
    charged(one, "5.00", "3.00")
    assert set(one.states()) == {"posted"}
    assert one.change(PENDING) == D("10.00")
    assert one.interims() == {}


@pytest.mark.parametrize(("amount", "net"), [("101.00", "79.00"), ("101.00", "101.00")])
def test_a_lump_beyond_the_tolerance_is_parked(shop: OpenShop, amount: str, net: str) -> None:
    one = shop()
    lump(one, amount, net)
    assert one.states() == ["posted", "parked"]
    assert one.vouchers("Q") == []


def test_how_far_a_lump_may_be_off_is_the_merchants(shop: OpenShop) -> None:
    one = shop(**{"fees.vat_tolerance": 0.19})
    lump(one, "101.00", "81.00")
    assert fees(one)[0][0] == "parked"
    one.settings({"fees.vat_tolerance": 0.20})
    one.run()
    assert fees(one)[0][0] == "posted"


@pytest.mark.parametrize("mode", ["write_off", "voucher"])
def test_booked_as_it_came_when_a_person_says_so(shop: OpenShop, mode: str) -> None:
    """The sale was paid gross already, so the fee goes into a voucher and nothing is paid again."""
    one = shop(**{"fees.mode": mode})
    charged(one, "5.00", "3.00")
    payments = len(one.payments())
    (line,) = one.lines(state="parked")
    one.resolve(line["line"], "retry")
    one.run()
    assert set(one.states()) == {"posted"}
    assert len(one.payments()) == payments
    assert rows_of(one.vouchers("Q")[-1]) == {FEE: D("3.00"), VAT: D("2.00"), INTERIM: D("-5.00")}
    assert one.interims() == {}
    assert all(payout["closed"] for payout in one.payouts())


def test_booked_by_hand_when_a_person_says_so(shop: OpenShop) -> None:
    one = shop()
    charged(one, "5.00", "3.00")
    (line,) = one.lines(state="parked")
    one.resolve(line["line"], "ignore", reason="A 17")
    one.run()
    assert sorted(one.states()) == ["ignored", "posted", "posted", "posted"]
    assert one.vouchers("Q") == []
    assert one.posted.payments == 2


def test_what_is_decided_of_the_sale_is_not_decided_of_its_fee(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, D("500.00"), invoiced=False)
    settle(one.world, [sale.line, fee(sale.line, "5.00", "3.00")])
    one.run()
    assert one.states() == ["waiting", "parked"]
    one.resolve(one.lines()[0]["line"], "retry")
    one.run()
    assert one.states() == ["waiting", "parked"]


# -- fractions of an öre ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Transaction", "Chargeback", "Fee"])
def test_an_amount_with_fractions_is_parked_with_its_payout_and_not_rounded(
    shop: OpenShop, kind: str
) -> None:
    """Such an amount is no money that a bank could pay: the payout's proof does not hold."""
    one = shop()
    sale, other = new_sale(one.world, D("500.00")), new_sale(one.world, D("100.00"))
    settle(one.world, [replace(sale.line, amount=D("50.004"), type=kind), other.line])
    one.run()
    assert set(one.states()) == {"parked"}
    assert "has an amount finer than an öre, 50.004" in one.reasons()[0]
    assert one.posted.payments == one.posted.vouchers == 0
