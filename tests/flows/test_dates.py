"""On which day a payment is booked, and what closed books do to it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from shop import OpenShop, Shop

from engine.sandbox.history import new_invoice, new_sale, payout_day
from engine.sandbox.trouble import made

PAID = date(2026, 11, 13)


def days(one: Shop) -> list[date]:
    return [payment.day for payment in one.payments()]


def test_payments_fees_and_transfer_are_booked_on_the_day_of_the_payout(shop: OpenShop) -> None:
    one = shop()
    one.trouble("lump_fee_without_order")
    one.run()
    assert days(one) == [PAID]
    assert {voucher.day for voucher in one.vouchers()} == {PAID}


def test_a_payment_is_booked_on_the_day_of_the_transaction_when_the_merchant_says_so(
    shop: OpenShop,
) -> None:
    one = shop(**{"dates.payment": "transaction"})
    one.trouble("clean_sale")
    one.run()
    assert days(one) == [PAID - timedelta(days=2)]
    assert one.vouchers()[0].day == PAID


def later_invoice(one: Shop) -> None:
    """A sale whose invoice is dated the day after the payout."""
    sale = new_sale(one.world, Decimal("100.00"), invoiced=False)
    new_invoice(one.world, Decimal("100.00"), day=PAID + timedelta(days=1),
                reference=sale.order.reference)  # fmt: skip
    made(one.world, "later", [sale.line])


def test_a_payment_before_the_invoice_date_is_booked_on_the_invoice_date(shop: OpenShop) -> None:
    one = shop()
    later_invoice(one)
    one.run()
    assert days(one) == [PAID + timedelta(days=1)]
    assert one.vouchers()[0].day == PAID
    assert one.interims() == {}


def test_a_payment_before_the_invoice_date_is_parked_when_the_merchant_says_so(
    shop: OpenShop,
) -> None:
    one = shop(**{"dates.before_invoice_date": "park"})
    later_invoice(one)
    one.run()
    assert one.reasons() == ["the payment date 2026-11-13 lies before the invoice date 2026-11-14"]
    assert one.states() == ["parked"]
    assert one.payments() == []


def test_the_day_of_the_payout_in_a_locked_period_parks_line_and_transfer(shop: OpenShop) -> None:
    one = shop()
    one.trouble("locked_period")
    one.run()
    assert one.states() == ["parked"]
    assert one.posted.vouchers == one.posted.payments == 0
    assert "locked period" in one.reasons()[0]
    assert "locked period" in one.payouts()[0]["transfer_reason"]
    assert one.interims() == {}


def test_the_day_of_the_payout_in_a_locked_period_moves_to_the_next_open_day(
    shop: OpenShop,
) -> None:
    one = shop(**{"dates.closed": "next_open_day"})
    one.trouble("locked_period")
    one.run()
    assert one.world.locked_until is not None
    after = one.world.locked_until + timedelta(days=1)
    assert days(one) == [after]
    assert one.vouchers()[0].day == after
    assert one.states() == ["posted"]
    assert one.interims() == {}


def test_when_the_period_is_opened_again_the_parked_payout_is_posted(shop: OpenShop) -> None:
    one = shop()
    one.trouble("locked_period")
    one.run()
    one.world.locked_until = None
    one.later(days=1)
    one.run()
    assert one.states() == ["posted"]
    assert one.payouts()[0]["closed"]


def test_an_invoice_in_a_closed_year_is_parked_whatever_the_setting(shop: OpenShop) -> None:
    one = shop(**{"dates.closed": "next_open_day", "sync.invoice_lookback_days": 400})
    trouble = one.trouble("invoice_in_closed_year")
    one.run()
    assert one.states() == ["parked"]
    assert one.reasons() == [f"invoice {trouble.invoices[0]} of 2025-12-20 lies in a closed year"]
    assert one.payments() == []


@pytest.mark.parametrize("closed", ["park", "next_open_day"])
def test_a_year_that_fortnox_does_not_have_parks_the_line(shop: OpenShop, closed: str) -> None:
    one = shop(payouts_from="2024-12-01", **{"dates.closed": closed})
    one.trouble("missing_financial_year")
    one.run()
    assert one.states() == ["parked"]
    assert one.payments() == []
    assert "lies in a closed year" in one.reasons()[0]


def test_a_new_year_that_is_not_set_up_yet_parks_until_it_is(shop: OpenShop) -> None:
    one = shop()
    del one.world.years[2]
    one.trouble("clean_sale")
    one.run()
    assert one.states() == ["parked"]
    assert payout_day(one.world) == PAID
