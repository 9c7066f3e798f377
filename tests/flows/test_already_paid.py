"""Somebody was there before: what is adopted, what is parked, and what a lost database costs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from shop import OpenShop, Posted

from engine.sandbox.generator import month
from engine.sandbox.history import fee_line, new_sale, pay
from engine.sandbox.trouble import made

BANK = 1930


def test_a_payment_on_the_lines_interim_account_is_adopted(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("already_paid_on_interim_account")
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["reason"]) == ("adopted", "found in Fortnox as payment 1")
    assert one.payments() == []
    assert one.balance(trouble.invoices[0]) == 0
    assert one.change(BANK) == Decimal("100.00")
    assert one.account(1581) == 0


def test_a_payment_on_another_account_is_parked_and_the_account_named(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("already_paid_elsewhere")
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["code"]) == ("parked", "already-paid")
    assert line["reason"] == (
        f"invoice {trouble.invoices[0]} is already paid: its balance is 0; "
        "Fortnox has payment 1 of 100.00 on account 1930 on 2026-11-11"
    )
    assert one.payments() == []
    assert one.interims() == one.open_lines() == {1581: Decimal("-100.00")}


def test_a_payment_of_another_amount_on_the_interim_account_is_not_adopted(
    shop: OpenShop,
) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("100.00"))
    assert sale.invoice is not None
    for part in ("60.00", "40.00"):
        pay(one.world, one.world.invoices[sale.invoice.number], Decimal(part), 1581,
            day=sale.invoice.day)  # fmt: skip
    made(one.world, "in two", [sale.line])
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["code"]) == ("parked", "already-paid")
    assert "payment 1 of 60.00 on account 1581" in line["reason"]
    assert "payment 2 of 40.00 on account 1581" in line["reason"]


def test_a_payment_that_somebody_has_not_booked_yet_is_not_paid_beside(shop: OpenShop) -> None:
    one = shop()
    one.trouble("unbooked_foreign_payment")
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["code"]) == ("parked", "already-paid")
    assert line["reason"].endswith("on account 1930 on 2026-11-11, not booked")
    assert one.payments() == []


def test_the_second_of_two_equal_rows_finds_the_invoice_paid_by_the_first(shop: OpenShop) -> None:
    one = shop()
    one.trouble("duplicate_lines")
    one.run()
    first, second = one.lines()
    assert (first["state"], second["state"]) == ("posted", "parked")
    assert second["reason"].endswith(
        f"payment 1, by which line {first['line']} of payout 70001 takes 100.00 of it"
    )
    assert one.posted.payments == 1
    assert one.interims() == one.open_lines() == {1581: Decimal("-100.00")}


def test_an_equal_payment_is_adopted_by_one_line_only(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("100.00"))
    assert sale.invoice is not None
    pay(one.world, sale.invoice, Decimal("100.00"), 1581, day=sale.invoice.day)
    made(one.world, "twice", [sale.line, sale.line])
    one.run()
    assert sorted(one.states()) == ["adopted", "parked"]


# -- the database is lost -------------------------------------------------------------------------

TROUBLES = [
    "clean_sale", "clean_refund_with_credit_invoice", "second_partial_refund",
    "two_captures_one_invoice", "equal_twins_pair_oldest_first", "fee_with_vat", "fee_on_refund",
    "several_fees_on_a_line", "fee_exceeding_line", "lump_fee_without_order", "part_payment",
    "rounding_within_tolerance", "already_paid_on_interim_account", "chargeback",
    "chargeback_with_fee", "foreign_currency_payout", "negative_payout", "zero_payout",
    "many_payment_methods", "two_captures_two_invoices",
]  # fmt: skip


@pytest.fixture(params=["write_off", "voucher", "none"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_when_the_database_is_lost_everything_is_found_again_and_nothing_posted_twice(
    shop: OpenShop, mode: str
) -> None:
    one = shop(**{"fees.mode": mode})
    for name in TROUBLES:
        one.trouble(name)
    one.run()
    posted, states = one.posted, one.states()
    balances = {number: one.account(number) for number in one.world.accounts}
    assert set(states) == {"posted", "adopted"}
    one.lose_the_database()
    one.later(days=1)
    one.run()
    assert one.posted == posted
    assert set(one.states()) == {"adopted"}, one.reasons(state="parked")
    assert {number: one.account(number) for number in one.world.accounts} == balances
    assert all(payout["closed"] for payout in one.payouts())


def test_a_lost_database_in_a_month_of_payouts_changes_nothing_in_fortnox(shop: OpenShop) -> None:
    one = shop(month(3).world)
    one.run()
    posted, states = one.posted, one.states()
    one.lose_the_database()
    one.run()
    assert one.posted == posted
    assert len(one.states()) == len(states)
    assert [s in ("posted", "adopted") for s in one.states()] == [
        s in ("posted", "adopted") for s in states
    ]


def test_a_payment_that_is_entered_and_not_booked_is_adopted_and_booked(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("100.00"))
    assert sale.invoice is not None
    pay(one.world, sale.invoice, Decimal("95.00"), 1581, day=sale.invoice.day, booked=False)
    made(one.world, "with fee", [sale.line, fee_line(sale.line, Decimal("5.00"), vat_rate=None)])
    one.run()
    assert one.posted == Posted(0, 1) or one.states()[0] == "parked"
    posted = one.posted
    one.run()
    assert one.posted == posted
