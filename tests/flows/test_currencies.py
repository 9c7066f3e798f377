"""Payouts in another currency: rates, what reaches the bank, and the difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from shop import OpenShop, Shop, rows_of

BANK, GAIN, LOSS, FEE, VAT, RECEIVABLE = 1930, 3960, 7960, 6570, 2641, 1510


def euros(one: Shop, rate: str, *, paid: str = "") -> tuple[int, ...]:
    """Sales of 100.00 and 49.90 EUR with a fee of 2.50 at ``rate``; the invoices stand at 11.25.
    ``paid`` is what Qliro paid out in kronor."""
    trouble = one.trouble("foreign_currency_payout")
    batch = one.world.batches[trouble.batches[0]]
    number = Decimal(rate)
    lines = tuple(replace(line, fx_rate=number, fx_total=None) for line in batch.lines)
    total = Decimal(paid) if paid else None
    one.world.batches[batch.id] = replace(
        batch, lines=lines, fx_rate=number, fx_total=total, fx_currency="SEK" if paid else None
    )
    return trouble.invoices


def test_payments_are_in_euros_at_the_rate_of_the_line_and_vouchers_in_kronor(
    shop: OpenShop,
) -> None:
    one = shop()
    invoices = euros(one, "11.10", paid="1636.14")
    one.run()
    first, second = one.payments()
    assert (first.amount_currency, first.rate) == (Decimal("97.50"), Decimal("11.10"))
    assert first.amount == Decimal("1082.25")
    assert second.amount == Decimal("553.89")
    assert [one.balance(number) for number in invoices] == [0, 0]
    assert rows_of(one.vouchers("T")[0]) == {BANK: Decimal("1636.14"), 1582: Decimal("-1636.14")}
    assert one.change(FEE) == Decimal("22.20")
    assert one.change(VAT) == Decimal("5.55")
    # The receivable stood at 11.25: what the krona gained since is Fortnox's to book.
    assert one.change(RECEIVABLE) == Decimal("-1686.38")
    assert one.change(LOSS) + one.change(GAIN) == Decimal("22.49")
    assert one.interims() == {}


@pytest.mark.parametrize(
    ("paid", "account", "change"), [("1640.00", GAIN, "-3.86"), ("1630.00", LOSS, "6.14")]
)
def test_what_qliro_paid_in_kronor_reaches_the_bank_and_the_difference_is_gain_or_loss(
    shop: OpenShop, paid: str, account: int, change: str
) -> None:
    one = shop()
    euros(one, "11.10", paid=paid)
    one.run()
    assert rows_of(one.vouchers("T")[0]) == {
        BANK: Decimal(paid),
        1582: Decimal("-1636.14"),
        account: Decimal(change),
    }
    assert one.interims() == {}


def test_a_rate_that_is_quoted_the_other_way_is_divided_by(shop: OpenShop) -> None:
    one = shop(**{"fx.direction": "divide"})
    euros(one, "0.08", paid="1842.50")
    one.run()
    assert [payment.amount for payment in one.payments()] == [Decimal("1218.75"), Decimal("623.75")]
    assert one.change(BANK) == Decimal("1842.50")
    assert one.interims() == {}


def test_fortnox_rate_of_the_day_is_taken_when_the_merchant_says_so(shop: OpenShop) -> None:
    one = shop(**{"fx.rate": "fortnox"})
    euros(one, "11.10", paid="1636.14")
    one.run()
    first, second = one.payments()
    assert (first.amount, second.amount) == (Decimal("1096.87"), Decimal("561.38"))
    voucher = rows_of(one.vouchers("T")[0])
    assert voucher[BANK] == Decimal("1636.14")
    assert voucher[LOSS] == Decimal("22.11")
    assert one.interims() == {}


def test_the_rate_of_the_batch_is_taken_where_the_lines_have_none(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("foreign_currency_payout")
    batch = one.world.batches[trouble.batches[0]]
    bare = tuple(replace(line, fx_rate=None, fx_total=None) for line in batch.lines)
    one.world.batches[batch.id] = replace(batch, lines=bare)
    one.run()
    assert one.payments()[1].amount == Decimal("553.89")
    assert one.interims() == {}


@pytest.mark.parametrize("rate", ["qliro", "fortnox"])
def test_no_rate_parks_unless_fortnox_has_one(shop: OpenShop, rate: str) -> None:
    accounts = [{"currency": "SEK", "account": 1930}, {"currency": "EUR", "account": 1910}]
    one = shop(bank_accounts=accounts, **{"fx.rate": rate})
    one.trouble("foreign_without_rate")
    one.run()
    if rate == "qliro":
        assert set(one.states()) == {"parked"}
        assert set(one.reasons()) == {"there is no rate from EUR to SEK"}
        assert one.payouts()[0]["transfer_reason"] == "there is no rate from EUR to SEK"
        assert one.posted.payments == one.posted.vouchers == 0
    else:
        assert set(one.states()) == {"posted"}
        # Paid out in euros: the account of that currency.
        assert one.change(1910) == Decimal("1658.25")
        assert one.interims() == {}


def test_a_fee_voucher_of_a_payout_in_euros_is_in_kronor(shop: OpenShop) -> None:
    one = shop(**{"fees.mode": "voucher"})
    euros(one, "11.10", paid="1636.14")
    one.run()
    assert rows_of(one.vouchers("Q")[0]) == {
        FEE: Decimal("22.20"),
        VAT: Decimal("5.55"),
        1582: Decimal("-27.75"),
    }
    assert one.interims() == {}


def test_a_transfer_of_a_payout_in_euros_that_grew_is_left_to_a_person(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("foreign_currency_payout")
    batch = one.world.batches[trouble.batches[0]]
    late = replace(batch.lines[2], appears=one.world.now() + timedelta(days=1))
    one.world.batches[batch.id] = replace(batch, lines=(*batch.lines[:2], late))
    one.run()
    one.later(days=1.1)
    one.run()
    assert set(one.states()) == {"posted"}
    assert one.payouts()[0]["transfer"] == "parked"
    assert "grew after its transfer" in one.payouts()[0]["transfer_reason"]


def test_an_invoice_in_another_currency_is_no_candidate(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("invoice_other_currency")
    one.run()
    assert one.states() == ["waiting"]
    number = trouble.invoices[0]
    assert one.reasons() == [f"no invoice fits (invoice {number}: it is in EUR, the line in SEK)"]
