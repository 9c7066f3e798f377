"""How much of an invoice a line pays: all, a part, more than there is, or nearly all of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from shop import OpenShop, Shop, rows_of, write_offs

from engine.sandbox.history import fee_line, new_credit_invoice, new_sale, transaction_line
from engine.sandbox.trouble import captured as captured_on
from engine.sandbox.trouble import made

BANK, ROUNDING, SUSPENSE = 1930, 3740, 2999


def owed(one: Shop, line: str, invoice: str, fee: str = "") -> int:
    """A line over one amount, its invoice over another; gives the invoice's number."""
    sale = new_sale(one.world, Decimal(invoice))
    assert sale.invoice is not None
    paid = replace(sale.line, amount=Decimal(line))
    fees = [fee_line(paid, Decimal(fee))] if fee else []
    made(one.world, "owed", [paid, *fees])
    return sale.invoice.number


# -- part payment ---------------------------------------------------------------------------------


def test_a_part_payment_leaves_the_rest_of_the_invoice_open(shop: OpenShop) -> None:
    one = shop()
    number = owed(one, "400.00", "1000.00", "5.00")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("395.00")
    assert one.balance(number) == Decimal("600.00")
    assert one.change(BANK) == Decimal("395.00")
    assert one.interims() == {}


def test_a_part_payment_is_parked_when_the_merchant_says_so(shop: OpenShop) -> None:
    one = shop(part_payment="park")
    number = owed(one, "400.00", "1000.00")
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["code"]) == ("parked", "part-payment")
    assert line["reason"] == f"invoice {number}: the line pays 400.00 of its balance 1000.00"
    assert one.payments() == []
    assert one.interims() == one.open_lines() == {1581: Decimal("-400.00")}


@pytest.mark.parametrize("policy", ["pay", "park"])
def test_two_captures_that_pay_an_invoice_together(shop: OpenShop, policy: str) -> None:
    one = shop(part_payment=policy)
    trouble = one.trouble("two_captures_one_invoice")
    one.run()
    if policy == "pay":
        assert [payment.amount for payment in one.payments()] == [Decimal(640), Decimal(360)]
        assert one.balance(trouble.invoices[0]) == 0
    else:
        assert one.states() == ["parked", "parked"]
        assert one.payments() == []


def test_an_invoice_whose_balance_was_taken_in_part_takes_the_next_capture_in_a_later_payout(
    shop: OpenShop,
) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("1000.00"))
    assert sale.invoice is not None
    first = replace(sale.line, amount=Decimal("640.00"))
    made(one.world, "first", [first])
    one.run()
    assert one.balance(sale.invoice) == Decimal("360.00")
    one.later(days=2)
    day = captured_on(one.world)
    second = transaction_line(one.world, sale.order, Decimal("360.00"), day=day)
    made(one.world, "second", [second])
    one.run()
    assert one.states() == ["posted", "posted"]
    assert one.balance(sale.invoice) == 0


# -- overpayment ----------------------------------------------------------------------------------


def test_an_overpayment_is_parked_with_both_amounts(shop: OpenShop) -> None:
    one = shop()
    number = owed(one, "500.00", "450.00")
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["code"]) == ("parked", "overpayment")
    assert line["reason"] == f"invoice {number}: the line is 500.00, its balance only 450.00"
    assert one.payments() == []
    assert one.interims() == {1581: Decimal("-500.00")}


def test_the_rest_of_an_overpayment_goes_to_suspense_when_the_merchant_says_so(
    shop: OpenShop,
) -> None:
    one = shop(overpayment="suspense")
    number = owed(one, "500.00", "450.00", "5.00")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("445.00")
    assert one.balance(number) == 0
    (voucher,) = one.vouchers("D")
    assert rows_of(voucher) == {1581: Decimal("50.00"), SUSPENSE: Decimal("-50.00")}
    assert voucher.description.startswith("Qliro överbetalning 10001")
    assert one.change(BANK) == Decimal("495.00")
    assert one.interims() == {}
    assert set(one.states()) == {"posted"}
    posted = one.posted
    one.run()
    assert one.posted == posted


def test_a_refund_larger_than_its_credit_invoice_goes_to_suspense_the_other_way(
    shop: OpenShop,
) -> None:
    one = shop(overpayment="suspense")
    day = captured_on(one.world)
    sale = new_sale(one.world, Decimal("500.00"), day=day)
    assert sale.invoice is not None
    credit = new_credit_invoice(one.world, sale.invoice, Decimal("-100.00"), day=day)
    refund = transaction_line(one.world, sale.order, Decimal("130.00"), day=day, refund=True)
    made(one.world, "refund", [refund])
    one.run()
    assert one.payments()[0].amount == Decimal("-100.00")
    assert one.balance(credit) == 0
    assert rows_of(one.vouchers("D")[0]) == {1581: Decimal("-30.00"), SUSPENSE: Decimal("30.00")}
    assert one.interims() == {}


# -- rounding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "difference"), [("199.60", "0.40"), ("200.40", "-0.40"), ("199.00", "1.00"),
                             ("201.00", "-1.00"), ("199.99", "0.01")]
)  # fmt: skip
def test_a_difference_within_the_tolerance_settles_the_invoice_and_goes_to_rounding(
    shop: OpenShop, line: str, difference: str
) -> None:
    one = shop()
    number = owed(one, line, "200.00")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal(line)
    assert write_offs(payment) == [(ROUNDING, Decimal(difference))]
    assert one.balance(number) == 0
    assert one.change(ROUNDING) == Decimal(difference)
    assert one.change(BANK) == Decimal(line)
    assert one.interims() == {}


def test_a_refund_is_rounded_too(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("refund_rounding_within_tolerance")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("-199.70")
    assert write_offs(payment) == [(ROUNDING, Decimal("-0.30"))]
    assert one.balance(trouble.invoices[0]) == 0


def test_fee_and_rounding_are_write_offs_of_one_payment(shop: OpenShop) -> None:
    one = shop()
    number = owed(one, "199.50", "200.00", "5.00")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("194.50")
    assert sum(amount for _, amount in write_offs(payment)) == Decimal("5.50")
    assert one.balance(number) == 0


def test_one_oere_beyond_the_tolerance_is_an_overpayment(shop: OpenShop) -> None:
    one = shop()
    owed(one, "201.01", "200.00")
    one.run()
    assert [(line["state"], line["code"]) for line in one.lines()] == [("parked", "overpayment")]


def test_one_oere_below_the_tolerance_is_a_part_payment(shop: OpenShop) -> None:
    one = shop()
    number = owed(one, "198.99", "200.00")
    one.run()
    assert one.states() == ["posted"]
    assert one.balance(number) == Decimal("1.01")
    assert one.change(ROUNDING) == 0


def test_a_tolerance_of_nothing_rounds_nothing(shop: OpenShop) -> None:
    one = shop(**{"rounding.tolerance": 0})
    number = owed(one, "199.99", "200.00")
    one.run()
    assert one.balance(number) == Decimal("0.01")
    assert one.change(ROUNDING) == 0


def test_rounding_is_left_to_a_person_when_the_merchant_says_so(shop: OpenShop) -> None:
    one = shop(**{"rounding.policy": "park"})
    number = owed(one, "199.60", "200.00")
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["code"]) == ("parked", "rounding")
    assert line["reason"] == (
        f"invoice {number}: its balance 200.00 differs by 0.40, within the tolerance"
    )
    assert one.payments() == []


def test_a_line_of_nothing_is_accounted_for_by_the_transfer(shop: OpenShop) -> None:
    one = shop()
    one.trouble("zero_amount_line")
    one.run()
    clean, free = one.lines()
    assert (clean["mapping"], free["mapping"]) == ("payment", "transfer")
    assert free["state"] == "posted"
    assert one.payouts()[0]["closed"]
