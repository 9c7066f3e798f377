"""Chargebacks: a voucher to the dispute account, reversed when it is won, or left to a person."""

from __future__ import annotations

from decimal import Decimal

from shop import OpenShop, Posted, rows_of

from engine.sandbox.history import new_sale, pay, transaction_line
from engine.sandbox.trouble import captured, made

BANK, FEE, DISPUTE = 1930, 6570, 1589


def test_a_chargeback_becomes_a_voucher_to_the_dispute_account(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("chargeback")
    one.run()
    (voucher,) = one.vouchers("D")
    assert rows_of(voucher) == {DISPUTE: Decimal("799.00"), 1582: Decimal("-799.00")}
    (line,) = one.lines()
    assert voucher.description == f"Qliro tvist {trouble.references[0]} {line['line']}"
    assert one.payments() == []
    assert one.change(BANK) == Decimal("-799.00")
    assert one.interims() == {}


def test_a_dispute_that_is_won_is_reversed_by_its_opposite(shop: OpenShop) -> None:
    one = shop()
    one.trouble("chargeback_won")
    one.run()
    lost, won = one.vouchers("D")
    assert {account: -amount for account, amount in rows_of(lost).items()} == rows_of(won)
    assert "tvist vunnen" in won.description
    assert one.change(DISPUTE) == 0
    assert one.states() == ["posted", "posted"]


def test_a_dispute_that_is_won_in_a_later_payout_comes_back_to_the_bank(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("chargeback")
    one.run()
    one.later(days=5)
    order = one.world.qliro_orders[trouble.orders[0]]
    day = captured(one.world)
    won = transaction_line(one.world, order, Decimal("799.00"), day=day, type="Chargeback")
    made(one.world, "won", [won])
    one.run()
    assert one.states() == ["posted", "posted"]
    assert (one.change(DISPUTE), one.change(BANK)) == (0, 0)
    assert one.interims() == {}


def test_the_fee_of_a_chargeback_goes_into_the_fee_voucher(shop: OpenShop) -> None:
    one = shop()
    one.trouble("chargeback_with_fee")
    one.run()
    (voucher,) = one.vouchers("Q")
    assert rows_of(voucher) == {FEE: Decimal("250.00"), 1582: Decimal("-250.00")}
    assert one.change(BANK) == Decimal("-1049.00")
    assert one.interims() == {}


def test_a_chargeback_is_left_to_a_person_when_the_merchant_says_so(shop: OpenShop) -> None:
    one = shop(chargeback="park")
    one.trouble("chargeback")
    one.run()
    assert one.states() == ["parked"]
    assert one.reasons() == ["chargebacks are to be booked by a person"]
    assert one.vouchers("D") == []
    assert one.interims() == one.open_lines() == {1582: Decimal("799.00")}


def test_a_refund_with_credit_invoice_is_no_dispute(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("100.00"), method="CREDITCARDS")
    assert sale.invoice is not None
    pay(one.world, sale.invoice, Decimal("100.00"), 1582, day=sale.invoice.day)
    refund = transaction_line(
        one.world, sale.order, Decimal("100.00"), day=captured(one.world), refund=True
    )
    made(one.world, "refund", [refund])
    one.run()
    assert one.states() == ["waiting"]
    assert one.posted == Posted(0, 1)
