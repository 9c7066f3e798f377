"""Interim accounts by payment method and currency, unknown methods, voucher series, the company."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from shop import OpenShop, Posted, rows_of

from engine.errors import UsageError
from engine.sandbox.history import new_sale
from engine.sandbox.trouble import made

BANK = 1930


def test_each_method_is_paid_on_its_own_interim_account_and_transferred_from_it(
    shop: OpenShop,
) -> None:
    one = shop()
    trouble = one.trouble("many_payment_methods")
    one.run()
    assert [payment.account for payment in one.payments()] == [1581, 1581, 1582, 1582, 1582]
    amounts = trouble.amounts
    assert rows_of(one.vouchers("T")[0]) == {
        BANK: sum(amounts),
        1581: -sum(amounts[:2]),
        1582: -sum(amounts[2:]),
    }
    assert one.interims() == {}


def test_the_first_row_that_fits_decides_also_by_currency(shop: OpenShop) -> None:
    rows = [
        {"method": "QLIRO_INVOICE", "currency": "EUR", "account": 1580},
        {"method": "QLIRO_INVOICE", "currency": "SEK", "account": 1582},
        {"account": 1581},
    ]
    one = shop(interim_accounts=rows)
    invoice = new_sale(one.world, Decimal("100.00"))
    card = new_sale(one.world, Decimal("200.00"), method="CREDITCARDS")
    made(one.world, "two", [invoice.line, card.line])
    one.run()
    assert [payment.account for payment in one.payments()] == [1582, 1581]


def test_a_payment_carries_the_mode_of_payment_that_its_method_is_given(shop: OpenShop) -> None:
    rows = [{"method": "CREDITCARDS", "terms_of_payment": "QLIRO", "mode_of_payment": "QK"}]
    one = shop(payment_methods=rows)
    card = new_sale(one.world, Decimal("200.00"), method="CREDITCARDS")
    invoice = new_sale(one.world, Decimal("100.00"))
    made(one.world, "two", [card.line, invoice.line])
    sent = [a.document for a in one.plan().actions if a.mapping == "payment"]
    assert [document.get("ModeOfPayment") for document in sent] == ["QK", None]
    assert [document["ModeOfPaymentAccount"] for document in sent] == [1582, 1581]


@pytest.mark.parametrize("name", ["unknown_payment_method", "null_payment_method"])
def test_an_unknown_method_takes_the_default_account_and_is_reported(
    shop: OpenShop, name: str
) -> None:
    one = shop()
    one.trouble(name)
    (warning,) = one.plan().warnings
    method = "NEW_METHOD" if name == "unknown_payment_method" else "(null)"
    line = one.store.value("SELECT line FROM qliro.settlement_line")
    assert warning == (
        f"the payment method {method} is not declared; the default account 1580 is used: add it "
        f"to interim_accounts (line {line} of payout 70001)"
    )
    one.run()
    assert one.payments()[0].account == 1580
    assert one.interims() == {}


def test_the_same_warning_of_many_lines_is_given_once(shop: OpenShop) -> None:
    one = shop()
    for payout in range(5):
        sales = [new_sale(one.world, Decimal("100.00"), method="NEW") for _ in range(2)]
        made(one.world, f"payout {payout}", [sale.line for sale in sales])
    other = new_sale(one.world, Decimal("100.00"), method="NEWER")
    made(one.world, "other", [other.line])
    first, second = one.plan().warnings
    assert first == (
        "the payment method NEW is not declared; the default account 1580 is used: add it to "
        "interim_accounts (10 lines of payouts 70001, 70002, 70003 and 2 more)"
    )
    assert second.startswith("the payment method NEWER is not declared;")
    assert one.run().plan.warnings == [first, second]


@pytest.mark.parametrize("name", ["unknown_payment_method", "null_payment_method"])
def test_an_unknown_method_is_parked_when_the_merchant_says_so(shop: OpenShop, name: str) -> None:
    one = shop(unknown_payment_method="park")
    one.trouble(name)
    one.run()
    assert one.states() == ["parked"]
    assert one.reasons()[0].startswith("the payment method ")
    assert one.payments() == []


def test_vouchers_go_into_the_series_of_their_kind(shop: OpenShop) -> None:
    one = shop()
    one.trouble("lump_fee_without_order")
    one.trouble("chargeback")
    one.run()
    kinds = {voucher.key.series: voucher.description.split()[1] for voucher in one.vouchers()}
    assert kinds == {"Q": "avgifter", "T": "utbetalning", "D": "tvist"}


def test_a_series_that_is_not_open_for_manual_vouchers_parks_the_voucher_until_it_is(
    shop: OpenShop,
) -> None:
    one = shop()
    one.trouble("series_not_manual")
    one.run()
    assert one.states() == ["posted"]
    (payout,) = one.payouts()
    assert payout["transfer"] == "parked"
    assert "T" in payout["transfer_reason"]
    assert one.posted == Posted(1, 0)
    one.world.series["T"] = replace(one.world.series["T"], manual=True)
    one.later(days=1)
    one.run()
    assert one.posted == Posted(1, 1)
    assert one.payouts()[0]["closed"]


def test_an_interim_account_that_is_not_active_parks_what_needs_it(shop: OpenShop) -> None:
    one = shop()
    one.trouble("interim_account_inactive")
    card = new_sale(one.world, Decimal("200.00"), method="CREDITCARDS")
    good = made(one.world, "cards", [card.line])
    one.run()
    assert "1581" in one.reasons(state="parked")[0]
    assert one.states(good) == ["posted"]


def test_a_company_on_the_cash_method_is_refused_with_a_sentence(shop: OpenShop) -> None:
    one = shop()
    one.trouble("cash_method_company")
    with pytest.raises(UsageError, match="cash method") as caught:
        one.run()
    assert "invoice method" in caught.value.remedy
    assert one.posted == Posted(0, 0)


def test_vouchers_carry_the_payment_reference_prefix(shop: OpenShop) -> None:
    one = shop(payment_reference_prefix="QLIRO-")
    trouble = one.trouble("lump_fee_without_order")
    one.run()
    assert [voucher.description for voucher in one.vouchers()] == [
        f"Qliro utbetalning 2026-11-13 QLIRO-{trouble.batches[0]}",
        f"Qliro avgifter 2026-11-13 QLIRO-{trouble.batches[0]}",
    ]
