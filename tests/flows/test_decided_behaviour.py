"""Every row of the decided behaviour, each of its values, as an accountant would check it.

Asserted on what Fortnox holds afterwards: payments, vouchers, balances of invoices and accounts;
and each time that the interim accounts hold exactly the open lines and a second run posts nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from shop import Posted, Shop, money, rows_of, write_offs

from engine.errors import Exit, UsageError
from engine.sandbox.history import Trouble
from engine.sandbox.troubles_references import invoice_arrives, invoice_is_booked

OpenShop = Callable[..., Shop]
D = Decimal


def ran(shop: OpenShop, name: str, **settings: Any) -> tuple[Shop, Trouble]:
    """A shop with one trouble after its run; what must hold of every run holds."""
    opened = shop(**settings)
    trouble = opened.trouble(name)
    opened.run()
    settled(opened)
    return opened, trouble


def settled(opened: Shop) -> None:
    """The interim accounts hold exactly the open lines, and a second run posts nothing more."""
    assert opened.interims() == opened.open_lines()
    before = opened.posted
    opened.run()
    assert opened.posted == before


# -- the first run, and what a payout is -----------------------------------------------------------


def test_payouts_before_payouts_from_belong_to_whatever_booked_them_then(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "payout_before_start", payouts_from="2026-10-01")
    assert opened.lines(trouble) == []
    assert opened.payments() == []


def test_an_earlier_payout_is_booked_when_it_is_named(shop: OpenShop) -> None:
    opened = shop(payouts_from="2026-11-01")
    trouble = opened.trouble("clean_sale")
    opened.changes["payouts_from"] = "2026-11-15"
    opened.run()
    assert opened.lines() == []
    opened.run(str(trouble.batches[0]))
    assert opened.states() == ["posted"]


@pytest.mark.parametrize(
    ("key", "payouts"), [("Id", 2), ("AcquirerName + BatchId + CurrencyCode", 1)]
)
def test_batches_that_share_the_declared_key_are_one_payout(
    shop: OpenShop, key: str, payouts: int
) -> None:
    opened, _ = ran(shop, "same_batch_id_two_methods", **{"payouts.key": key})
    assert len(opened.payouts()) == payouts
    assert len(opened.vouchers("T")) == payouts
    assert opened.states() == ["posted", "posted"]


def test_a_line_that_comes_later_is_paid_and_transferred_by_a_voucher_of_its_own(
    shop: OpenShop,
) -> None:
    opened, _ = ran(shop, "batch_grows_later")
    (first,) = opened.vouchers("T")
    opened.later(days=2)
    opened.run()
    settled(opened)
    assert set(opened.states()) == {"posted"}
    assert opened.vouchers("T")[0] == first
    assert len(opened.vouchers("T")) == 2
    assert opened.interims() == {}
    paid_out = opened.payouts()[0]["TotalAmount"]
    assert opened.change(1930) == paid_out


def test_a_line_that_vanishes_after_posting_is_parked_and_nothing_is_reversed(
    shop: OpenShop,
) -> None:
    opened, _ = ran(shop, "batch_shrinks_later")
    before = opened.posted
    opened.later(days=2)
    opened.run()
    assert opened.posted == before
    vanished = [one for one in opened.lines() if one["vanished"]]
    assert [(one["state"], one["code"]) for one in vanished] == [("parked", "vanished")]


def test_a_pending_line_is_posted_once_it_is_accepted(shop: OpenShop) -> None:
    opened, _ = ran(shop, "pending_becomes_accepted")
    assert opened.states() == ["posted", "outside"]
    opened.later(days=2)
    opened.run()
    settled(opened)
    assert opened.states() == ["posted", "posted"]


# -- conventions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "declared"),
    [
        ("signed_amounts", {"conventions.amounts": "signed"}),
        ("debit_is_refund", {"conventions.debit": "refund"}),
        ("gross_totals", {"conventions.total": "gross", "accounts.fees_owed": 2990}),
    ],
)
def test_a_convention_rightly_declared_posts_and_undeclared_parks_the_payout_whole(
    shop: OpenShop, tmp_path: Any, trouble: str, declared: dict[str, Any]
) -> None:
    wrong, seeded = ran(shop, trouble)
    assert set(wrong.states(seeded)) == {"parked"}
    assert wrong.posted.payments == wrong.posted.vouchers == 0
    (name, value), *_ = declared.items()
    reason = wrong.reasons(seeded)[0]
    assert f"{name.split('.')[1]}: {value}" in reason
    assert "Qliro states TotalAmount" in reason
    folder = tmp_path / "right"
    folder.mkdir()
    right = Shop(folder, changes=declared)
    seeded = right.trouble(trouble)
    right.run()
    settled(right)
    assert set(right.states(seeded)) == {"posted"}


# -- which invoice ---------------------------------------------------------------------------------


def test_a_line_waits_for_its_invoice_and_finds_it_by_itself(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "invoice_missing")
    assert opened.states() == ["waiting"]
    assert opened.interims()
    invoice_arrives(opened.world, trouble)
    opened.later(days=1)
    opened.run()
    settled(opened)
    assert opened.states() == ["posted"]
    assert opened.interims() == {}


def test_a_line_waits_until_its_invoice_is_booked(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "invoice_unbooked")
    assert opened.reasons() == ["1001: it is not booked yet"]
    invoice_is_booked(opened.world, trouble)
    opened.later(days=1)
    opened.run()
    assert opened.states() == ["posted"]


def test_two_captures_pay_one_invoice_in_two_payments(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "two_captures_one_invoice")
    (number,) = trouble.invoices
    assert [one.amount for one in opened.payments(number)] == list(trouble.amounts)
    assert opened.balance(number) == 0


# -- part payment, overpayment, rounding, already paid ---------------------------------------------


def test_a_part_payment_is_paid_and_the_rest_stays_open(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "part_payment")
    (number,) = trouble.invoices
    assert opened.states() == ["posted"]
    assert opened.balance(number) > 0


def test_a_part_payment_may_be_left_to_a_person(shop: OpenShop) -> None:
    opened, _ = ran(shop, "part_payment", part_payment="park")
    assert opened.lines()[0]["code"] == "part-payment"
    assert opened.payments() == []


def test_an_overpayment_is_left_to_a_person(shop: OpenShop) -> None:
    opened, _ = ran(shop, "overpayment")
    assert opened.reasons() == ["1001: the line is 500.00, its balance only 450.00"]
    assert opened.payments() == []


def test_the_rest_of_an_overpayment_may_go_to_the_suspense_account(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "overpayment", overpayment="suspense")
    (payment,) = opened.payments(trouble.invoices[0])
    assert payment.amount == D("450.00")
    assert opened.balance(trouble.invoices[0]) == 0
    assert opened.change(2999) == D("-50.00")
    assert opened.states() == ["posted"]


def test_a_difference_within_the_tolerance_is_written_off_to_rounding(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "rounding_within_tolerance")
    assert opened.states() == ["posted", "posted"]
    offs = [write_offs(opened.payments(number)[0]) for number in trouble.invoices]
    assert sorted(offs) == [[(3740, D("-0.40"))], [(3740, D("0.40"))]]
    assert [opened.balance(number) for number in trouble.invoices] == [0, 0]


def test_a_difference_within_the_tolerance_may_be_left_to_a_person(shop: OpenShop) -> None:
    opened, _ = ran(shop, "rounding_within_tolerance", **{"rounding.policy": "park"})
    assert [one["code"] for one in opened.lines()] == ["rounding", "rounding"]
    assert opened.payments() == []


def test_a_payment_of_another_system_on_the_interim_account_is_adopted(shop: OpenShop) -> None:
    opened, _ = ran(shop, "already_paid_on_interim_account")
    assert opened.states() == ["adopted"]
    assert opened.payments() == []
    assert opened.payouts()[0]["closed"]


def test_a_payment_on_another_account_parks_the_line_and_names_the_account(shop: OpenShop) -> None:
    opened, _ = ran(shop, "already_paid_elsewhere")
    assert opened.states() == ["parked"]
    assert "on account 1930" in opened.reasons()[0]
    assert opened.payments() == []


# -- dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "day"), [("payout", 13), ("transaction", 11)])
def test_a_payment_is_dated_by_the_payout_or_by_the_transaction(
    shop: OpenShop, base: str, day: int
) -> None:
    opened, _ = ran(shop, "clean_sale", **{"dates.payment": base})
    assert [one.day for one in opened.payments()] == [date(2026, 11, day)]


def test_a_payment_before_its_invoice_is_dated_as_the_invoice(shop: OpenShop) -> None:
    opened, trouble = ran(
        shop, "payment_date_before_invoice_date", **{"dates.payment": "transaction"}
    )
    invoice = opened.world.invoices[trouble.invoices[0]]
    assert [one.day for one in opened.payments()] == [invoice.day]


def test_a_payment_before_its_invoice_may_be_left_to_a_person(shop: OpenShop) -> None:
    dates = {"dates.payment": "transaction", "dates.before_invoice_date": "park"}
    opened, _ = ran(shop, "payment_date_before_invoice_date", **dates)
    assert opened.states() == ["parked"]
    assert "lies before the invoice date" in opened.reasons()[0]


def test_a_date_in_a_locked_period_is_left_to_a_person(shop: OpenShop) -> None:
    opened, _ = ran(shop, "locked_period")
    assert opened.states() == ["parked"]
    assert "lies in a locked period" in opened.reasons()[0]
    assert opened.vouchers() == []


def test_a_date_in_a_locked_period_may_move_to_the_next_open_day(shop: OpenShop) -> None:
    opened, _ = ran(shop, "locked_period", **{"dates.closed": "next_open_day"})
    locked = opened.world.locked_until
    assert locked is not None
    assert opened.states() == ["posted"]
    assert {(one.day - locked).days for one in opened.payments()} == {1}
    assert {(one.day - locked).days for one in opened.vouchers("T")} == {1}


# -- negative payouts, chargebacks, unknown methods ------------------------------------------------


@pytest.mark.parametrize(("policy", "account"), [("bank", 1930), ("debt", 2890)])
def test_a_negative_payout_goes_to_the_bank_or_to_the_debt_account(
    shop: OpenShop, policy: str, account: int
) -> None:
    opened, _ = ran(shop, "negative_payout", negative_payout=policy)
    total = opened.payouts()[0]["TotalAmount"]
    assert total < 0
    assert opened.change(account) == total
    assert opened.interims() == {}


def test_a_chargeback_moves_the_money_to_the_dispute_account(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "chargeback")
    (voucher,) = opened.vouchers("D")
    assert rows_of(voucher)[1589] == trouble.amounts[0]
    assert opened.change(1589) == trouble.amounts[0]


def test_a_chargeback_that_is_won_moves_it_back(shop: OpenShop) -> None:
    opened, _ = ran(shop, "chargeback_won")
    assert len(opened.vouchers("D")) == 2
    assert opened.change(1589) == 0


def test_a_chargeback_may_be_left_to_a_person(shop: OpenShop) -> None:
    opened, _ = ran(shop, "chargeback", chargeback="park")
    assert opened.reasons() == ["chargebacks are to be booked by a person"]
    assert opened.vouchers("D") == []


def test_an_unknown_payment_method_takes_the_default_account_and_is_reported(
    shop: OpenShop,
) -> None:
    opened = shop()
    opened.trouble("unknown_payment_method")
    report = opened.run()
    assert [one.account for one in opened.payments()] == [1580]
    assert any("is not declared; the default account 1580 is used" in one
               for one in report.plan.warnings)  # fmt: skip


def test_an_unknown_payment_method_may_be_left_to_a_person(shop: OpenShop) -> None:
    opened, _ = ran(shop, "unknown_payment_method", unknown_payment_method="park")
    assert opened.states() == ["parked"]
    assert opened.payments() == []


# -- fees ------------------------------------------------------------------------------------------


def test_a_fee_is_written_off_on_the_payment_with_its_vat_apart(shop: OpenShop) -> None:
    opened, _ = ran(shop, "fee_with_vat")
    (payment,) = opened.payments()
    assert payment.amount == D("95.00")
    assert write_offs(payment) == [(6570, D("4.00")), (2641, D("1.00"))]


def test_a_refund_with_a_fee_pays_out_more_and_writes_the_fee_off(shop: OpenShop) -> None:
    opened, _ = ran(shop, "fee_on_refund")
    (payment,) = opened.payments()
    assert payment.amount == D("-205.00")
    assert [amount for _, amount in write_offs(payment)] == money("4.00", "1.00")


def test_a_fee_without_vat_is_all_fee(shop: OpenShop) -> None:
    opened, _ = ran(shop, "fee_without_vat")
    assert write_offs(opened.payments()[0]) == [(6570, D("5.00"))]


def test_fees_may_be_one_voucher_of_the_payout(shop: OpenShop) -> None:
    opened, _ = ran(shop, "fee_with_vat", **{"fees.mode": "voucher"})
    (payment,) = opened.payments()
    assert (payment.amount, write_offs(payment)) == (D("100.00"), [])
    (voucher,) = opened.vouchers("Q")
    assert rows_of(voucher) == {6570: D("4.00"), 2641: D("1.00"), 1581: D("-5.00")}


def test_fees_may_stay_on_a_declared_account_until_qliros_invoice(shop: OpenShop) -> None:
    opened, _ = ran(shop, "fee_with_vat", **{"fees.mode": "none", "accounts.fees_pending": 1790})
    assert opened.payments()[0].amount == D("100.00")
    assert opened.change(1790) == D("5.00")
    assert opened.change(6570) == opened.change(2641) == 0


@pytest.mark.parametrize("mode", ["write_off", "voucher", "none"])
def test_a_lump_fee_goes_into_the_fee_voucher_in_every_mode(shop: OpenShop, mode: str) -> None:
    opened, _ = ran(
        shop, "lump_fee_without_order", **{"fees.mode": mode, "accounts.fees_pending": 1790}
    )
    assert len(opened.vouchers("Q")) == 1
    assert set(opened.states()) == {"posted"}


def test_a_fee_that_exceeds_its_line_goes_into_the_fee_voucher(shop: OpenShop) -> None:
    opened, _ = ran(shop, "fee_exceeding_line")
    (payment,) = opened.payments()
    assert (payment.amount, write_offs(payment)) == (D("3.00"), [])
    assert len(opened.vouchers("Q")) == 1


def test_a_fee_shares_the_fate_of_its_waiting_line(shop: OpenShop) -> None:
    opened, _ = ran(shop, "fee_of_waiting_line")
    assert opened.states() == ["waiting", "waiting"]
    assert opened.vouchers("Q") == []


@pytest.mark.parametrize(
    ("mode", "bank", "owed"), [("write_off", "100.00", "5.00"), ("voucher", "100.00", "5.00"),
                               ("none", "100.00", "0.00")],
)  # fmt: skip
def test_fees_that_qliro_does_not_withhold_are_owed_to_it(
    shop: OpenShop, mode: str, bank: str, owed: str
) -> None:
    opened = shop(**{"conventions.total": "gross", "fees.mode": mode, "accounts.fees_owed": 2990})
    opened.world.conventions = replace(opened.world.conventions, gross_totals=True)
    opened.trouble("fee_with_vat")
    opened.run()
    settled(opened)
    assert set(opened.states()) == {"posted"}
    assert opened.change(1930) == D(bank)
    assert opened.change(2990) == -D(owed)
    assert opened.interims() == {}


# -- currencies ------------------------------------------------------------------------------------


def test_a_foreign_payout_is_booked_at_its_rate_and_transferred_at_its_total(
    shop: OpenShop,
) -> None:
    opened, trouble = ran(shop, "foreign_currency_payout")
    payment = opened.payments(trouble.invoices[0])[0]
    assert (payment.amount, payment.amount_currency, payment.rate) == (
        D("1082.25"), D("97.50"), D("11.1"),
    )  # fmt: skip
    assert opened.change(1930) == D("1636.14")
    assert opened.interims() == {}


@pytest.mark.parametrize(("more", "account"), [("0.50", 3960), ("-0.50", 7960)])
def test_what_the_bank_gets_more_or_less_is_a_currency_gain_or_loss(
    shop: OpenShop, more: str, account: int
) -> None:
    opened = shop()
    trouble = opened.trouble("foreign_currency_payout")
    batch = opened.world.batches[trouble.batches[0]]
    paid = replace(batch, fx_total=(batch.fx_total or D(0)) + D(more))
    opened.world.batches[batch.id] = paid
    opened.run()
    settled(opened)
    (voucher,) = opened.vouchers("T")
    assert rows_of(voucher)[account] == -D(more)
    assert opened.interims() == {}


def test_a_foreign_line_without_any_rate_is_left_to_a_person(shop: OpenShop) -> None:
    opened, _ = ran(shop, "foreign_without_rate")
    assert set(opened.states()) == {"parked"}
    assert "there is no rate from EUR to SEK" in opened.reasons()[0]


def test_fortnoxs_rate_of_the_day_may_be_used_instead(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "foreign_without_rate", **{"fx.rate": "fortnox"})
    rate = opened.world.currencies["EUR"].buy
    assert {one.rate for one in opened.payments()} == {rate}
    assert set(opened.states(trouble)) == {"posted"}


# -- a person decides ------------------------------------------------------------------------------


def test_a_person_chooses_the_invoice(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "ambiguous_same_reference")
    opened.resolve(trouble.references[0], "invoice", trouble.invoices[1])
    opened.run()
    settled(opened)
    assert opened.states() == ["posted"]
    assert [one.invoice for one in opened.payments()] == [trouble.invoices[1]]


def test_a_person_ignores_a_line_with_its_fee_and_the_reason_is_kept(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "fee_of_waiting_line")
    opened.resolve(trouble.references[0], "ignore", reason="booked by hand as A 17")
    opened.run()
    assert opened.states() == ["ignored", "ignored"]
    assert opened.reasons()[0] == "booked by hand as A 17"
    assert opened.payments() == []
    kept = opened.store.rows("SELECT who, kind, reason FROM ledger.resolution")
    assert kept == [{"who": "Anna", "kind": "ignore", "reason": "booked by hand as A 17"}]


def test_only_a_person_sends_a_line_to_the_suspense_account(shop: OpenShop) -> None:
    opened, trouble = ran(shop, "invoice_missing")
    assert opened.change(2999) == 0
    opened.resolve(trouble.references[0], "suspense", reason="nobody knows it")
    opened.run()
    settled(opened)
    assert opened.states() == ["posted"]
    assert opened.change(2999) == -trouble.amounts[0]
    assert opened.interims() == {}


# -- attention, dimensions, lost state -------------------------------------------------------------


def test_a_run_that_leaves_something_parked_asks_for_attention(shop: OpenShop) -> None:
    opened = shop()
    opened.trouble("overpayment")
    assert opened.run().exit_code == Exit.ATTENTION


def test_a_waiting_line_asks_for_attention_after_the_days_that_the_merchant_allows(
    shop: OpenShop,
) -> None:
    opened = shop(alert_after_days=14)
    opened.trouble("invoice_missing")
    assert opened.run().exit_code == Exit.OK
    opened.later(days=14)
    assert opened.run().exit_code == Exit.ATTENTION


def test_a_write_off_carries_the_cost_centre_and_project_of_its_rule(shop: OpenShop) -> None:
    rule = {"method": "QLIRO_INVOICE", "country": "SE", "cost_center": "WEB", "project": "7"}
    opened, _ = ran(shop, "fee_without_vat", dimensions=[rule])
    (off,) = opened.payments()[0].write_offs
    assert (off.cost_center, off.project) == ("WEB", "7")


SETTLED_ALONE = (
    "clean_sale",
    "fee_with_vat",
    "two_captures_one_invoice",
    "chargeback",
    "part_payment",
    "lump_fee_without_order",
    "rounding_within_tolerance",
)


@pytest.mark.parametrize("mode", ["write_off", "voucher"])
def test_nothing_is_posted_twice_after_the_database_was_lost(shop: OpenShop, mode: str) -> None:
    opened = shop(**{"fees.mode": mode})
    for name in SETTLED_ALONE:
        opened.trouble(name)
    opened.run()
    before, interims = opened.posted, opened.interims()
    opened.lose_the_database()
    opened.run()
    assert opened.posted == before
    assert opened.interims() == interims
    assert set(opened.states()) == {"adopted"}


def test_nothing_is_written_to_a_live_fortnox_before_the_merchant_is_activated(
    shop: OpenShop,
) -> None:
    live = {
        "environment": "live",
        "qliro.base_url": "https://payments.qit.nu",
        "fortnox.base_url": "https://api.fortnox.se",
        "fortnox.auth_url": "https://apps.fortnox.se/oauth-v1",
    }
    opened = shop(**live)
    opened.trouble("clean_sale")
    with pytest.raises(UsageError, match="is live and has not been activated"):
        opened.run()
    assert opened.posted == Posted(0, 0)
    assert opened.plan().actions != []
