"""A payment that somebody takes away in Fortnox opens its payout, by the invoice's balance."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shop import OpenShop, Shop

from engine.sandbox.history import new_sale, settle

D = Decimal


def paid(one: Shop) -> tuple[int, int]:
    """A sale that is paid, a closed payout, and runs until nothing is planned. The numbers of its
    invoice and payment."""
    sold = new_sale(one.world, D("100.00"))
    assert sold.invoice is not None
    settle(one.world, [sold.line])
    for _ in range(3):
        one.run()
        one.later(seconds=900)
    assert not one.run().plan.payouts
    (payment,) = one.world.payments.values()
    return sold.invoice.number, payment.number


def take_away(one: Shop, invoice: int, payment: int) -> None:
    """Somebody deletes the payment; the invoice is open again and listed as changed."""
    del one.world.payments[payment]
    found = one.world.invoices[invoice]
    one.world.invoices[invoice] = replace(
        found, balance=found.total, modified=one.world.now()
    )  # fmt: skip


def state(one: Shop) -> tuple[str, str, str]:
    (row,) = one.store.rows("SELECT state, code, reason FROM ledger.line_state")
    return row["state"], row["code"], row["reason"]


def test_a_payment_that_is_taken_away_is_told_and_its_payout_opens(shop: OpenShop) -> None:
    one = shop()
    invoice, payment = paid(one)
    take_away(one, invoice, payment)
    one.later(days=365)
    one.world.invoices[invoice] = replace(one.world.invoices[invoice], modified=one.world.now())
    report = one.run()
    found, code, why = state(one)
    assert (found, code) == ("parked", "undecided")
    assert f"payment {payment} is not in Fortnox any more" in why
    assert f"invoice {invoice} is open by 100.00 SEK" in why
    assert report.attention
    assert report.delivery.done == []


def test_a_retry_pays_it_once_more_and_the_payout_closes(shop: OpenShop) -> None:
    one = shop()
    invoice, payment = paid(one)
    take_away(one, invoice, payment)
    one.later(seconds=900)
    one.run()
    one.resolve(one.store.value("SELECT line FROM ledger.line_state"), "retry")
    one.later(seconds=900)
    one.run()
    assert state(one)[0] == "posted"
    assert len(one.world.payments) == 1
    assert one.world.invoices[invoice].balance == 0
    one.later(seconds=900)
    assert not one.run().plan.payouts


def test_a_part_paid_invoice_that_changes_opens_nothing(shop: OpenShop) -> None:
    one = shop()
    invoice, _ = paid(one)
    found = one.world.invoices[invoice]
    one.world.invoices[invoice] = replace(found, balance=D("40.00"), modified=one.world.now())
    one.later(seconds=60)
    assert not one.run().plan.payouts
    assert state(one)[0] == "posted"
