"""Ways in which money was once booked twice or lost, each found by a review and each closed.

Settings that change between runs, lines that come late or vanish, lists that cannot be read: what
was delivered is known by its lines, whatever it was delivered under.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from shop import Shop

from engine.errors import Exit, UsageError
from engine.sandbox.history import Sale, fee_line, new_invoice, new_sale, pay, settle
from engine.sandbox.world.faults import Fault, plan

OpenShop = Callable[..., Shop]
D = Decimal


def sale(opened: Shop, amount: str = "100.00", **options: Any) -> Sale:
    return new_sale(opened.world, D(amount), **options)


def invoice(opened: Shop, amount: str, of: Sale, **options: Any) -> int:
    options = {"reference": of.order.reference, "modified": opened.world.now(), **options}
    made = new_invoice(opened.world, D(amount), day=of.line.settled - timedelta(days=2), **options)
    return made.number


def test_a_changed_key_of_payouts_transfers_nothing_again(shop: OpenShop) -> None:
    opened = shop()
    paid, waiting = sale(opened), sale(opened, "50.00", invoiced=False)
    settle(opened.world, [paid.line, fee_line(paid.line, D("5")), waiting.line])
    opened.run()
    bank = opened.change(1930)
    opened.settings({"payouts.key": "AcquirerName + BatchId + CurrencyCode"})
    opened.run()
    assert opened.change(1930) == bank
    assert len(opened.vouchers("T")) == 1
    assert len(opened.payments()) == 1


def test_the_rest_of_an_overpayment_follows_its_payment_and_never_goes_alone(
    shop: OpenShop,
) -> None:
    opened = shop(overpayment="suspense")
    sold = sale(opened, "120.00", invoiced=False)
    number = invoice(opened, "100.00", sold)
    settle(opened.world, [sold.line])
    plan(opened.world, Fault("500_before", times=3, method="POST", path="^/3/invoicepayments"))
    opened.run()
    opened.later(seconds=600)
    opened.run()
    assert [one.amount for one in opened.payments(number)] == [D("100.00")]
    assert opened.change(2999) == D("-20.00")
    assert opened.states() == ["posted"]
    assert opened.interims() == {}


def test_a_fee_in_the_fee_voucher_is_not_written_off_again_when_its_line_comes(
    shop: OpenShop,
) -> None:
    opened = shop()
    other, late = sale(opened), sale(opened)
    appears = opened.world.now() + timedelta(days=1)
    fee = fee_line(late.line, D("5"))
    settle(opened.world, [other.line, fee, replace(late.line, appears=appears)])
    opened.run()
    assert len(opened.vouchers("Q")) == 1
    opened.later(days=2)
    opened.run()
    assert all(one.write_offs == () for one in opened.payments())
    assert opened.interims() == {}


@pytest.mark.parametrize("first", ["voucher", "none"])
def test_a_changed_fee_mode_books_no_fee_again(shop: OpenShop, first: str) -> None:
    opened = shop(**{"fees.mode": first, "accounts.fees_pending": 1790})
    sold = sale(opened, invoiced=False)
    settle(opened.world, [sold.line, fee_line(sold.line, D("5"))])
    opened.run()
    opened.settings({"fees.mode": "write_off"})
    invoice(opened, "100.00", sold)
    opened.later(days=1)
    opened.run()
    booked = opened.change(6570) + opened.change(2641) + opened.change(1790)
    assert booked == D("5.00")
    assert opened.interims() == {}


def test_a_transferred_line_that_vanishes_is_parked_and_keeps_the_payout_open(
    shop: OpenShop,
) -> None:
    opened = shop()
    paid, waiting = sale(opened), sale(opened, "50.00", invoiced=False)
    gone = replace(waiting.line, vanishes=opened.world.now() + timedelta(days=1))
    settle(opened.world, [paid.line, gone])
    opened.run()
    opened.later(days=2)
    report = opened.run()
    assert report.exit_code == Exit.ATTENTION
    assert [one["code"] for one in opened.lines() if one["vanished"]] == ["vanished"]
    assert not opened.payouts()[0]["closed"]
    opened.resolve(opened.lines(vanished=True)[0]["line"], "ignore", reason="Qliro took it back")
    opened.run()
    assert opened.states(vanished=True) == ["ignored"]


def test_a_batch_relisted_under_an_earlier_date_moves_no_money_again(shop: OpenShop) -> None:
    opened = shop()
    sold = sale(opened, invoiced=False)
    invoice(opened, "300.00", sold)
    settle(opened.world, [sold.line])
    opened.run()
    before = opened.posted
    again = replace(sold.line, settled=sold.line.settled - timedelta(days=1))
    settle(opened.world, [again], day=sold.line.settled - timedelta(days=1))
    opened.later(days=1)
    opened.run()
    assert opened.posted == before


@pytest.mark.parametrize("path", ["^/3/vouchers/sublist/T", "^/3/invoicepayments$"])
def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one(
    shop: OpenShop, path: str
) -> None:
    opened = shop()
    sold = sale(opened, invoiced=False)
    invoice(opened, "300.00", sold)
    settle(opened.world, [sold.line])
    opened.run()
    before = opened.posted
    opened.lose_the_database()
    plan(opened.world, Fault("truncated", method="GET", path=path))
    opened.run()
    assert opened.posted == before
    opened.later(seconds=900)
    opened.run()
    assert opened.posted == before
    assert set(opened.states()) == {"adopted"}


def test_a_payment_whose_page_cannot_be_read_is_waited_for(shop: OpenShop) -> None:
    opened = shop()
    sold = sale(opened, invoiced=False)
    invoice(opened, "300.00", sold)
    settle(opened.world, [sold.line])
    opened.run()
    before = opened.posted
    opened.lose_the_database()
    plan(opened.world, Fault("truncated", times=9, method="GET", path=r"^/3/invoicepayments/\d+"))
    opened.run()
    assert opened.posted == before
    assert opened.states() == ["waiting"]


def test_an_earlier_capture_that_another_system_booked_is_not_this_ones_payment(
    shop: OpenShop,
) -> None:
    opened = shop()
    second = sale(opened, invoiced=False)
    number = invoice(opened, "200.00", second)
    day = second.line.settled - timedelta(days=2)
    pay(opened.world, opened.world.invoices[number], D("100.00"), 1581, day=day)
    settle(opened.world, [second.line])
    opened.run()
    assert opened.states() == ["posted"]
    assert opened.balance(number) == 0


def test_a_chosen_invoice_that_does_not_fit_pays_no_other(shop: OpenShop) -> None:
    opened = shop()
    sold = sale(opened, invoiced=False)
    foreign = invoice(opened, "100.00", sold, reference="elsewhere", currency="EUR")
    settle(opened.world, [sold.line])
    opened.run()
    with pytest.raises(UsageError, match="Invoice 99999 is not known here"):
        opened.resolve(sold.order.reference, "invoice", 99999)
    opened.resolve(sold.order.reference, "invoice", foreign)
    invoice(opened, "100.00", sold)
    opened.later(days=1)
    opened.run()
    assert opened.payments() == []
    assert f"{foreign}: it is in EUR, the line in SEK" in opened.reasons()[0]


def test_a_person_may_think_again_after_the_payout_was_closed(shop: OpenShop) -> None:
    opened = shop()
    sold = sale(opened, invoiced=False)
    settle(opened.world, [sold.line])
    opened.run()
    opened.resolve(sold.order.reference, "ignore", reason="by hand")
    opened.run()
    assert opened.payouts()[0]["closed"]
    number = invoice(opened, "100.00", sold)
    opened.resolve(sold.order.reference, "retry")
    opened.later(days=1)
    opened.run()
    assert opened.states() == ["posted"]
    assert opened.balance(number) == 0


def test_an_interim_account_that_does_not_hold_its_lines_asks_for_attention(
    shop: OpenShop,
) -> None:
    opened = shop()
    sold = sale(opened, invoiced=False)
    settle(opened.world, [sold.line])
    opened.run()
    opened.settings({"interim_accounts": [{"method": sold.line.method, "account": 1582}]})
    invoice(opened, "100.00", sold)
    opened.later(days=1)
    report = opened.run()
    held = opened.store.rows("SELECT account FROM ledger.interim_state WHERE held <> must")
    assert report.exit_code == Exit.ATTENTION
    assert held != []


def test_fees_that_cancel_out_are_booked_when_their_accounts_differ(shop: OpenShop) -> None:
    opened = shop()
    one, other = sale(opened, method="QLIRO_INVOICE"), sale(opened, method="CREDITCARDS")
    fees = [
        replace(fee_line(one.line, D("5"), vat_rate=None), transaction=None, order=0),
        replace(fee_line(other.line, D("-5"), vat_rate=None), transaction=None, order=0),
    ]
    settle(opened.world, [one.line, other.line, *fees])
    opened.run()
    assert len(opened.vouchers("Q")) == 1
    assert opened.interims() == {}


def test_a_payout_of_before_that_is_named_finds_what_was_booked_of_it(shop: OpenShop) -> None:
    opened = shop()
    sold = sale(opened, invoiced=False)
    invoice(opened, "300.00", sold)
    (batch,) = [settle(opened.world, [sold.line])]
    opened.run()
    before = opened.posted
    opened.lose_the_database()
    opened.settings({"payouts_from": "2026-11-15"})
    opened.run()
    opened.run(str(batch.id))
    assert opened.posted == before
    assert set(opened.states()) == {"adopted"}
