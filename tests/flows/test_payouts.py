"""What a payout is, which ones are this program's, and what becomes of one that changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from shop import OpenShop, rows_of

from engine.sandbox.history import fee_line, lump_fee_line, new_sale, payout_day
from engine.sandbox.trouble import made
from engine.sandbox.troubles.references import invoice_arrives, invoice_is_booked

BANK, DEBT = 1930, 2890


# -- first run ------------------------------------------------------------------------------------


def test_payouts_before_the_first_day_are_left_alone(shop: OpenShop) -> None:
    one = shop(payouts_from="2026-10-01")
    one.trouble("payout_before_start")
    one.trouble("clean_sale")
    one.run()
    assert [payout["BatchDate"].isoformat() for payout in one.payouts()] == ["2026-11-13"]
    assert one.posted.vouchers == 1


def test_a_payout_of_the_first_day_itself_is_handled(shop: OpenShop) -> None:
    one = shop(payouts_from="2026-11-13")
    one.trouble("clean_sale")
    one.run()
    assert one.states() == ["posted"]


def test_an_earlier_payout_is_handled_when_it_is_named_and_only_that(shop: OpenShop) -> None:
    one = shop(payouts_from="2026-10-01")
    early = one.trouble("payout_before_start")
    one.trouble("clean_sale")
    one.run(str(early.batches[0]))
    assert [payout["payout"] for payout in one.payouts()] == [str(early.batches[0])]
    assert one.states() == ["adopted"]
    assert one.payments() == []
    one.run()
    assert sorted(one.states()) == ["adopted", "posted"]


# -- key ------------------------------------------------------------------------------------------


def test_by_id_two_batches_are_two_payouts_with_a_transfer_each(shop: OpenShop) -> None:
    one = shop()
    one.trouble("same_batch_id_two_methods")
    one.run()
    assert len(one.payouts()) == 2
    assert len(one.vouchers("T")) == 2


def test_by_the_shared_key_two_batches_are_one_payout_with_one_transfer(shop: OpenShop) -> None:
    one = shop(**{"payouts.key": "AcquirerName + BatchId + CurrencyCode"})
    one.trouble("same_batch_id_two_methods")
    one.run()
    (payout,) = one.payouts()
    assert payout["payout"] == "Qliro/20261113900/SEK"
    (voucher,) = one.vouchers("T")
    assert voucher.description == "Qliro utbetalning 2026-11-13 Qliro/20261113900/SEK"
    assert set(rows_of(voucher)) == {BANK, 1581, 1582}
    assert one.interims() == {}


# -- content that changes -------------------------------------------------------------------------


def test_a_line_that_comes_later_is_posted_and_transferred_by_a_voucher_of_its_own(
    shop: OpenShop,
) -> None:
    one = shop()
    one.trouble("batch_grows_later")
    one.run()
    assert one.payouts()[0]["closed"]
    one.later(days=1.1)
    one.run()
    first, second = one.vouchers("T")
    assert second.description == first.description + " tillägg 1"
    new = one.payments()[1].amount
    assert rows_of(second) == {BANK: new, 1581: -new}
    assert one.states() == ["posted", "posted"]
    assert one.interims() == {}


def test_a_line_that_vanishes_after_posting_is_parked_and_nothing_is_reversed(
    shop: OpenShop,
) -> None:
    one = shop()
    trouble = one.trouble("batch_shrinks_later")
    one.run()
    posted, bank = one.posted, one.change(BANK)
    one.later(days=1.1)
    report = one.run()
    kept, gone = one.lines()
    assert (kept["state"], gone["state"], gone["code"]) == ("posted", "parked", "vanished")
    assert "no longer lists it" in gone["reason"]
    assert report.exit_code == 3
    assert one.posted == posted
    assert one.change(BANK) == bank
    assert [one.balance(number) for number in trouble.invoices] == [0, 0]


def test_a_line_that_vanishes_before_it_was_posted_is_forgotten(shop: OpenShop) -> None:
    one = shop()
    kept, gone = new_sale(one.world), new_sale(one.world, invoiced=False)
    tomorrow = one.world.now() + timedelta(days=1)
    made(one.world, "shrinks", [kept.line, replace(gone.line, vanishes=tomorrow)])
    one.plan()
    one.later(days=1.1)
    one.run()
    assert one.states(vanished=False) == ["posted"]
    assert one.change(BANK) == kept.line.amount
    assert one.interims() == {}


def test_a_pending_line_is_outside_until_it_is_accepted(shop: OpenShop) -> None:
    one = shop()
    one.trouble("pending_becomes_accepted")
    one.run()
    assert one.states() == ["posted", "outside"]
    assert one.posted.payments == 1
    one.later(days=1.1)
    one.run()
    assert one.states() == ["posted", "posted"]
    assert one.posted.payments == 2
    assert one.interims() == {}


def test_a_waiting_line_is_found_by_itself_when_its_invoice_arrives(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("invoice_missing")
    one.run()
    assert one.states() == ["waiting"]
    assert one.interims() == one.open_lines() != {}
    one.later(days=2)
    (invoice,) = invoice_arrives(one.world, trouble)
    one.run()
    assert one.states() == ["posted"]
    assert one.balance(invoice) == 0
    assert len(one.vouchers()) == 1
    assert one.interims() == {}
    assert one.payouts()[0]["closed"]


def test_a_line_whose_invoice_is_not_booked_is_paid_when_it_is(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("invoice_unbooked")
    one.run()
    assert one.reasons() == [f"invoice {trouble.invoices[0]}: it is not booked yet"]
    one.later(days=2)
    invoice_is_booked(one.world, trouble)
    one.run()
    assert one.states() == ["posted"]


def test_a_line_that_waits_too_long_calls_for_attention(shop: OpenShop) -> None:
    one = shop(alert_after_days=14)
    one.trouble("invoice_missing")
    assert one.run().exit_code == 0
    one.later(days=12)
    assert one.run().exit_code == 3


# -- the same batch under another id --------------------------------------------------------------


@pytest.mark.parametrize("key", ["Id", "AcquirerName + BatchId + CurrencyCode"])
@pytest.mark.parametrize("mode", ["write_off", "voucher", "none"])
def test_a_batch_listed_again_under_another_id_moves_no_money_twice(
    shop: OpenShop, key: str, mode: str
) -> None:
    one = shop(**{"payouts.key": key, "fees.mode": mode})
    sale, part = new_sale(one.world, Decimal("100.00")), new_sale(one.world, Decimal("300.00"))
    lines = [
        sale.line,
        fee_line(sale.line, Decimal("5.00")),
        replace(part.line, amount=Decimal("120.00")),
        lump_fee_line(one.world, Decimal("10.00"), day=payout_day(one.world)),
    ]
    moment = one.world.now() + timedelta(days=1)
    old = made(one.world, "old", lines, vanishes=moment)
    batch_id = one.world.batches[old.batches[0]].batch_id
    new = made(one.world, "new", lines, appears=moment, batch_id=batch_id)
    one.run()
    posted, bank, states = one.posted, one.change(BANK), one.states()
    assert bank == Decimal("205.00")
    assert set(states) == {"posted"}
    one.later(days=1.1)
    one.run()
    assert one.posted == posted
    assert one.change(BANK) == bank
    again = [line for line in one.lines() if line["state"] != "posted"]
    assert {line["state"] for line in again} == {"parked"}
    assert len(again) == 4
    assert any(f"was settled in batch {old.batches[0]}" in line["reason"] for line in again)
    if key == "Id":
        for line in again:
            if line["Type"] != "Fee" or line["OrderId"] is None:
                one.resolve(line["line"], "ignore", reason="listed again")
        report = one.run()
        assert one.states(new) == ["ignored"] * 4
        assert one.posted == posted
        assert one.change(BANK) == bank
        assert report.exit_code == 0
        assert all(payout["closed"] for payout in one.payouts())


# -- which way the money goes ---------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "account"), [("bank", BANK), ("debt", DEBT)])
def test_a_payout_below_zero_goes_to_the_declared_account(
    shop: OpenShop, policy: str, account: int
) -> None:
    one = shop(negative_payout=policy)
    one.trouble("negative_payout")
    one.run()
    (voucher,) = one.vouchers("T")
    assert rows_of(voucher) == {account: Decimal("-550.00"), 1581: Decimal("550.00")}
    assert one.states() == ["posted", "posted"]
    # What lay on the account before was the sale that is refunded now.
    assert one.interims() == {}


def test_a_payout_above_zero_goes_to_the_bank_whatever_is_said_of_negative_ones(
    shop: OpenShop,
) -> None:
    one = shop(negative_payout="debt")
    one.trouble("clean_sale")
    one.run()
    assert one.change(BANK) > 0
    assert one.change(DEBT) == 0


def test_sales_and_refunds_that_cancel_need_no_transfer(shop: OpenShop) -> None:
    one = shop()
    one.trouble("zero_payout")
    report = one.run()
    assert one.vouchers() == []
    assert one.states() == ["posted", "posted"]
    assert one.payouts()[0]["transfer_reason"] == "there is nothing to transfer"
    assert one.payouts()[0]["closed"]
    assert report.exit_code == 0


def test_a_payout_of_nothing_that_mixes_interim_accounts_moves_money_between_them(
    shop: OpenShop,
) -> None:
    one = shop()
    trouble = one.trouble("zero_payout")
    batch = one.world.batches[trouble.batches[0]]
    cards = replace(batch, lines=(replace(batch.lines[0], method="CREDITCARDS"), batch.lines[1]))
    one.world.batches[batch.id] = cards
    one.run()
    (voucher,) = one.vouchers("T")
    assert rows_of(voucher) == {1581: Decimal("300.00"), 1582: Decimal("-300.00")}
    assert one.interims() == {}


def test_an_empty_payout_is_done_at_once(shop: OpenShop) -> None:
    one = shop()
    one.trouble("empty_payout")
    assert one.run().exit_code == 0
    assert one.payouts()[0]["closed"]
