"""A payout's line that comes days or weeks before its invoice: it waits, is told, and is paid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from order_shop import OrderShop

from engine.sandbox.lives import lifecycle

from .test_never_doubled import an_invoice
from .test_own_document import balances, sold, the_line

Open = Callable[..., OrderShop]
ACCOUNTS = [{"region": "domestic", "rate": 25, "account": 3001}]
DAY = 86400


@pytest.mark.parametrize("dates", ["transaction", "payout"])
def test_an_invoice_that_is_made_weeks_after_its_payout_is_paid_on_the_day_of_the_money(
    order_shop: Open, dates: str
) -> None:
    """Nothing fits the sale until a person names its account; a payout may be dated before it."""
    shop = order_shop(sales_accounts=[], **{"dates.payment": dates})
    order = sold(shop, "300.00")
    shop.run()
    taken = lifecycle.capture(shop.world, order)
    day = shop.world.today()
    (batch,) = lifecycle.pay_out(shop.world, [order])
    for days in (3, 5, 10):
        shop.clock.advance(days * DAY)
        report = shop.run()
        state, reason = the_line(shop, "300.00")
        assert state == "waiting"
        assert reason.startswith(f"the document of its capture {order.id}/{taken.id} waits (")
        assert "no row of sales_accounts fits SE with 25 % VAT" in reason
        assert report.exit_code == 3  # its order is parked
    shop.settings({"sales_accounts": ACCOUNTS})
    shop.run(), shop.run()
    assert (the_line(shop, "300.00")[0], balances(shop)) == ("posted", [0])
    (payment,) = shop.payments()
    assert payment.day == (day if dates == "transaction" else max(day, batch.day))
    before = shop.posted
    assert (shop.run().exit_code, shop.posted) == (0, before)


def test_another_connectors_invoice_that_comes_weeks_later_is_paid_no_sooner_than_it_is_dated(
    order_shop: Open,
) -> None:
    """It is told as waiting, after ``alert_after_days`` by the exit code too."""
    off = {f"flows.{name}": False for name in ("orders", "invoices", "refunds")}
    shop = order_shop(**off)
    order = sold(shop, "300.00")
    shop.known.clear()
    lifecycle.capture(shop.world, order)
    lifecycle.pay_out(shop.world, [order])
    codes = []
    for days in (3, 5, 15):
        shop.clock.advance(days * DAY)
        codes.append(int(shop.run().exit_code))
        assert the_line(shop, "300.00") == ("waiting", "no invoice carries its reference")
    assert codes == [0, 0, 3]
    an_invoice(shop, 901, "300.00", external1=order.reference)
    late = shop.world.today() - timedelta(days=1)
    shop.world.invoices[901] = replace(shop.world.invoices[901], day=late)
    report = shop.run()
    assert (report.exit_code, the_line(shop, "300.00")[0], shop.balance(901)) == (0, "posted", 0)
    (payment,) = shop.payments()
    assert payment.day == late
