"""Whose payment is it: what others entered on an invoice is a line's, or is left to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from shop import OpenShop, Shop, rows_of

from engine.sandbox.history import (
    Sale,
    fee_line,
    new_credit_invoice,
    new_invoice,
    new_sale,
    pay,
    payout_day,
    settle,
    transaction_line,
)
from engine.sandbox.world.world import Line

ACCOUNT = 1581
D = Decimal


def day_of(one: Shop, before: int = 0) -> date:
    """The day of the sales, or so many days before."""
    return payout_day(one.world) - timedelta(days=2 + before)


def paid_by_hand(one: Shop, sale: Sale, amount: str, before: int, account: int = ACCOUNT) -> None:
    """Somebody entered a payment in Fortnox, so many days before the sales."""
    assert sale.invoice is not None
    invoice = one.world.invoices[sale.invoice.number]
    pay(one.world, invoice, D(amount), account, day=day_of(one, before))


def captured_twice(one: Shop, apart: int = 0) -> list[Line]:
    """Two captures of 400.00 of one order, so many days apart, and one invoice of 800.00."""
    sale = new_sale(one.world, D("400.00"), day=day_of(one, apart), invoiced=False)
    invoice = new_invoice(one.world, D("800.00"), day=day_of(one, apart),
                          reference=sale.order.reference)  # fmt: skip
    one.world.invoices[invoice.number] = invoice
    second = transaction_line(one.world, sale.order, D("400.00"), day=day_of(one))
    return [sale.line, second]


def by_hand(one: Shop, amount: str, before: int) -> None:
    """A payment on the only invoice."""
    (number,) = one.world.invoices
    pay(one.world, one.world.invoices[number], D(amount), ACCOUNT, day=day_of(one, before))


# -- how old ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "state"), [(10, "adopted"), (11, "parked")])
def test_a_payment_is_adopted_from_ten_days_before_the_lines_transaction(
    shop: OpenShop, before: int, state: str
) -> None:
    one = shop()
    sale = new_sale(one.world, D("250.00"), day=day_of(one, 0))
    assert sale.invoice is not None
    one.world.invoices[sale.invoice.number] = replace(sale.invoice, day=day_of(one, 20))
    paid_by_hand(one, sale, "250.00", before)
    settle(one.world, [sale.line])
    one.run()
    assert one.states() == [state]
    assert one.payments() == []


def test_one_that_is_too_old_is_named_with_the_setting_and_adopted_when_that_is_raised(
    shop: OpenShop,
) -> None:
    one = shop()
    sale = new_sale(one.world, D("250.00"))
    paid_by_hand(one, sale, "250.00", 14)
    settle(one.world, [sale.line])
    one.run()
    (reason,) = one.reasons()
    assert f"payment 1 of 250.00 on {day_of(one, 14)} lies more than 10 days (adopt.days)" in reason
    assert f"before this line's transaction of {day_of(one)}" in reason
    one.settings({"adopt.days": 14})
    one.run()
    assert one.states() == ["adopted"]
    assert one.payments() == []


def test_without_a_completion_the_payouts_day_counts(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, D("250.00"))
    paid_by_hand(one, sale, "250.00", 9)
    settle(one.world, [replace(sale.line, extra={"TransactionCompletedDate": None})])
    one.run()
    (reason,) = one.reasons()
    assert f"before this line's transaction of {payout_day(one.world)}" in reason


# -- as many as could claim them -------------------------------------------------------------------


@pytest.mark.parametrize("apart", [0, 7])
def test_two_captures_of_400_and_two_payments_by_hand_on_one_invoice_are_both_adopted(
    shop: OpenShop, apart: int
) -> None:
    one = shop()
    lines = captured_twice(one, apart)
    for before in (apart, 0):
        by_hand(one, "400.00", before)
    settle(one.world, lines)
    one.run()
    assert [(line["state"], line["number"]) for line in one.lines()] == [
        ("adopted", "1"), ("adopted", "2"),
    ]  # fmt: skip
    assert one.payments() == []


def test_the_second_of_them_settled_a_week_later_finds_the_second_payment(shop: OpenShop) -> None:
    one = shop()
    first, second = captured_twice(one, 7)
    for before in (7, 0):
        by_hand(one, "400.00", before)
    settle(one.world, [first], day=payout_day(one.world) - timedelta(days=7))
    one.run()
    settle(one.world, [second])
    one.later(days=1)
    one.run()
    assert sorted((line["state"], line["number"]) for line in one.lines()) == [
        ("adopted", "1"), ("adopted", "2"),
    ]  # fmt: skip


def test_one_payment_that_could_be_of_either_of_two_lines_is_of_neither(shop: OpenShop) -> None:
    one = shop()
    lines = captured_twice(one)
    by_hand(one, "400.00", 0)
    by_hand(one, "150.00", 0)
    by_hand(one, "250.00", 0)
    settle(one.world, lines)
    one.run()
    first, second = one.lines()
    assert (first["state"], second["state"]) == ("parked", "parked")
    for line in (first, second):
        assert "payment 1 of 400.00" in line["reason"]
        assert first["line"] in line["reason"]
        assert second["line"] in line["reason"]
    one.resolve(second["line"], "ignore", reason="the payments of 150.00 and 250.00 are its")
    one.run()
    assert sorted(one.states()) == ["adopted", "ignored"]


def test_a_line_that_the_balance_still_takes_is_no_claim(shop: OpenShop) -> None:
    one = shop()
    lines = captured_twice(one)
    by_hand(one, "400.00", 1)
    settle(one.world, lines)
    one.run()
    assert sorted(one.states()) == ["adopted", "posted"]
    assert [payment.amount for payment in one.payments()] == [D("400.00")]
    assert {invoice.balance for invoice in one.world.invoices.values()} == {D(0)}


def test_a_payment_on_another_account_is_no_such_payment(shop: OpenShop) -> None:
    one = shop()
    lines = captured_twice(one)
    by_hand(one, "400.00", 0)
    (invoice,) = one.world.invoices.values()
    pay(one.world, invoice, D("400.00"), 1930, day=day_of(one))
    settle(one.world, lines)
    one.run()
    assert one.states() == ["parked", "parked"]


# -- its amount, with what was written off ---------------------------------------------------------


def test_a_payment_of_the_whole_amount_leaves_the_fee_to_the_voucher(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, D("250.00"))
    paid_by_hand(one, sale, "250.00", 0)
    settle(one.world, [sale.line, fee_line(sale.line, D("5.00"))])
    one.run()
    assert sorted((line["Type"], line["state"]) for line in one.lines()) == [
        ("Fee", "posted"), ("Transaction", "adopted"),
    ]  # fmt: skip
    (fees,) = one.vouchers("Q")
    assert rows_of(fees) == {6570: D("4.00"), 2641: D("1.00"), ACCOUNT: D("-5.00")}
    assert one.account(ACCOUNT) == 0


def test_a_payment_of_another_amount_is_parked_and_named(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, D("250.00"))
    paid_by_hand(one, sale, "249.00", 0)
    by_hand(one, "1.00", 0)
    settle(one.world, [sale.line])
    one.run()
    assert one.states() == ["parked"]
    assert "payment 1 of 249.00 on account 1581" in one.reasons()[0]


# -- lines that cancel each other ------------------------------------------------------------------


def refunded(one: Shop, before: int | None = 14) -> tuple[Sale, Line]:
    """A sale of 500.00, paid by hand so long ago, and its refund with a credit invoice."""
    sale = new_sale(one.world, D("500.00"), day=day_of(one, 14))
    assert sale.invoice is not None
    if before is not None:
        paid_by_hand(one, sale, "500.00", before)
    new_credit_invoice(one.world, one.world.invoices[sale.invoice.number], D("-500.00"),
                       day=day_of(one))  # fmt: skip
    back = transaction_line(one.world, sale.order, D("500.00"), day=day_of(one), refund=True)
    return sale, back


@pytest.mark.parametrize("before", [14, 0])
def test_a_refund_and_its_taking_back_are_matched_with_nothing(shop: OpenShop, before: int) -> None:
    """Whatever the age of the payment: what was taken back is no sale that was paid by hand."""
    one = shop(**{"adopt.days": 30})
    _, back = refunded(one, before)
    settle(one.world, [back, replace(back, action="Debit")])
    one.run()
    assert one.states() == ["parked", "parked"]
    assert one.payments() == []
    first, second = one.lines()
    for line, other in ((first, second), (second, first)):
        assert f"line {other['line']} of batch 70001" in line["reason"]
        assert "cancels this one" in line["reason"]
    assert one.interims() == one.open_lines() == {}
    for line in (first, second):
        one.resolve(line["line"], "ignore", reason="it failed at the bank")
    one.run()
    assert one.states() == ["ignored", "ignored"]
    assert one.interims() == {}
    assert [payout["closed"] for payout in one.payouts()] == [True]


def test_a_refund_that_is_posted_stays_and_its_taking_back_later_names_it(shop: OpenShop) -> None:
    one = shop()
    _, back = refunded(one)
    settle(one.world, [back])
    one.run()
    assert one.states() == ["posted"]
    settle(one.world, [replace(back, action="Debit")])
    one.later(days=1)
    one.run()
    first, second = one.lines()
    assert (first["state"], second["state"]) == ("posted", "parked")
    assert f"line {first['line']} of batch 70001" in second["reason"]
    assert f"(payment {first['number']})" in second["reason"]
    for way in ("--ignore", "--invoice NUMBER", "--suspense"):
        assert way in second["reason"]
    assert one.interims() == one.open_lines() == {ACCOUNT: D("-500.00")}
    one.resolve(second["line"], "suspense", reason="until the customer has been asked")
    one.run()
    assert one.states() == ["posted", "posted"]
    assert one.interims() == {}
    (voucher,) = one.vouchers("D")
    assert rows_of(voucher) == {ACCOUNT: D("500.00"), 2999: D("-500.00")}


def test_a_person_may_say_which_invoice_the_taking_back_is_of(shop: OpenShop) -> None:
    one = shop()
    sale, back = refunded(one)
    again = new_invoice(one.world, D("500.00"), day=day_of(one))
    settle(one.world, [back])
    one.run()
    settle(one.world, [replace(back, action="Debit")])
    one.later(days=1)
    one.run()
    one.resolve(one.lines()[1]["line"], "invoice", again.number)
    one.run()
    assert one.states() == ["posted", "posted"]
    assert one.balance(again) == 0
    assert sale.invoice is not None
    assert one.interims() == {}


def test_a_fee_of_a_refund_that_was_taken_back_waits_with_it(shop: OpenShop) -> None:
    one = shop()
    _, back = refunded(one)
    settle(one.world, [back, replace(back, action="Debit"), fee_line(back, D("5.00"))])
    one.run()
    assert one.states() == ["parked", "parked", "parked"]
    assert one.interims() == one.open_lines()


def test_taken_back_and_refunded_again_the_third_line_is_matched(shop: OpenShop) -> None:
    one = shop()
    _, back = refunded(one)
    for n, line in enumerate([back, replace(back, action="Debit"), back]):
        settle(one.world, [line], day=payout_day(one.world) - timedelta(days=2 - n))
    one.run()
    third = one.lines()[2]
    assert third["state"] == "parked"
    assert "and this line pays it again" in third["reason"]
    one.resolve(third["line"], "retry")
    one.run()
    assert one.states() == ["parked", "parked", "posted"]


@pytest.mark.parametrize(
    ("convention", "spoken"),
    [
        ({"amounts": "signed"}, {"signed_amounts": True}),
        ({"debit": "refund"}, {"debit_is_sale": False}),
    ],
)
def test_by_whatever_convention_they_cancel_each_other(
    shop: OpenShop, convention: dict[str, str], spoken: dict[str, Any]
) -> None:
    one = shop(**{f"conventions.{key}": value for key, value in convention.items()})
    one.world.conventions = replace(one.world.conventions, **spoken)
    _, back = refunded(one)
    settle(one.world, [back, replace(back, action="Debit")])
    one.run()
    assert one.states() == ["parked", "parked"]
    assert all("cancels this one" in reason for reason in one.reasons())


@pytest.mark.parametrize("changes", [{"Type": "Chargeback"}, {"amount": "200.00"}])
def test_a_chargeback_and_another_amount_of_a_transaction_cancel_nothing(
    shop: OpenShop, changes: dict[str, Any]
) -> None:
    one = shop()
    sale = new_sale(one.world, D("500.00"))
    other = replace(sale.line, action="Credit")
    if "Type" in changes:
        other = replace(other, type="Chargeback")
    else:
        other = replace(other, amount=D(changes["amount"]))
    settle(one.world, [sale.line, other])
    one.run()
    assert one.states()[0] == "posted"
    assert not any("cancels" in reason for reason in one.reasons())
