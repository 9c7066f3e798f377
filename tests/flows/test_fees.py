"""Fees: written off on the payment, one voucher per payout, or not at all; net and gross totals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from shop import OpenShop, Shop, money, rows_of, write_offs

from engine.sandbox.history import fee_line, lump_fee_line, new_sale, pay, payout_day
from engine.sandbox.trouble import made

BANK, FEE, VAT, PENDING, OWED = 1930, 6570, 2641, 1790, 2990


def test_a_fee_with_vat_is_written_off_in_two_parts_and_the_invoice_is_paid_in_full(
    shop: OpenShop,
) -> None:
    one = shop()
    trouble = one.trouble("fee_with_vat")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("95.00")
    assert write_offs(payment) == [(FEE, Decimal("4.00")), (VAT, Decimal("1.00"))]
    assert payment.booked
    assert one.balance(trouble.invoices[0]) == 0
    assert rows_of(one.vouchers("T")[0]) == {BANK: Decimal("95.00"), 1581: Decimal("-95.00")}
    assert (one.change(FEE), one.change(VAT)) == (Decimal("4.00"), Decimal("1.00"))
    assert one.interims() == {}


def test_a_fee_whose_vat_is_null_is_all_fee(shop: OpenShop) -> None:
    one = shop()
    one.trouble("fee_without_vat")
    one.run()
    assert write_offs(one.payments()[0]) == [(FEE, Decimal("5.00"))]
    assert one.change(VAT) == 0


def test_several_fees_on_a_line_are_write_offs_of_one_payment(shop: OpenShop) -> None:
    one = shop()
    one.trouble("several_fees_on_a_line")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("93.25")
    assert sorted(write_offs(payment)) == [
        (VAT, Decimal("1.00")),
        (FEE, Decimal("1.75")),
        (FEE, Decimal("4.00")),
    ]


def test_a_refund_of_200_that_costs_5_is_minus_205_and_5_written_off(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("fee_on_refund")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("-205.00")
    assert write_offs(payment) == [(FEE, Decimal("4.00")), (VAT, Decimal("1.00"))]
    assert one.balance(trouble.invoices[0]) == 0
    assert one.change(BANK) == Decimal("-205.00")
    assert one.interims() == {}


def test_a_fee_that_qliro_gives_back_lowers_the_cost(shop: OpenShop) -> None:
    one = shop()
    one.trouble("fee_refund")
    one.run()
    (payment,) = one.payments()
    assert payment.amount == Decimal("-195.00")
    assert write_offs(payment) == [(FEE, Decimal("-4.00")), (VAT, Decimal("-1.00"))]
    assert (one.change(BANK), one.change(FEE)) == (Decimal("-195.00"), Decimal("-4.00"))


@pytest.mark.parametrize("mode", ["write_off", "voucher"])
def test_a_fee_that_exceeds_its_line_goes_into_the_fee_voucher_in_every_mode(
    shop: OpenShop, mode: str
) -> None:
    one = shop(**{"fees.mode": mode})
    trouble = one.trouble("fee_exceeding_line")
    one.run()
    (payment,) = one.payments()
    assert (payment.amount, payment.write_offs) == (Decimal("3.00"), ())
    (voucher,) = one.vouchers("Q")
    assert rows_of(voucher) == {FEE: Decimal(4), VAT: Decimal(1), 1581: Decimal(-5)}
    assert one.balance(trouble.invoices[0]) == 0
    assert one.change(BANK) == Decimal("-2.00")
    assert one.interims() == {}


def test_a_fee_as_large_as_its_line_is_still_written_off(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("5.00"))
    made(one.world, "even", [sale.line, fee_line(sale.line, Decimal("5.00"))])
    one.run()
    (payment,) = one.payments()
    assert payment.amount == 0
    assert write_offs(payment) == [(FEE, Decimal("4.00")), (VAT, Decimal("1.00"))]
    assert sale.invoice is not None
    assert one.balance(sale.invoice) == 0
    assert one.vouchers() == []


def test_a_lump_fee_goes_into_the_fee_voucher_and_names_the_payout(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("lump_fee_without_order")
    one.run()
    (voucher,) = one.vouchers("Q")
    assert voucher.description == f"Qliro avgifter 2026-11-13 {trouble.batches[0]}"
    assert rows_of(voucher) == {
        FEE: Decimal("39.00"),
        VAT: Decimal("9.75"),
        1580: Decimal("-48.75"),
    }
    assert one.change(BANK) == Decimal("951.25")
    assert one.interims() == {}


def test_a_fee_of_a_line_in_another_payout_goes_into_the_voucher_of_its_own_payout(
    shop: OpenShop,
) -> None:
    one = shop()
    trouble = one.trouble("fee_of_line_in_other_payout")
    one.run()
    (voucher,) = one.vouchers("Q")
    assert voucher.description.endswith(str(trouble.batches[1]))
    assert one.payments()[0].amount == Decimal("100.00")
    assert one.change(BANK) == Decimal("95.00")


def test_a_fee_shares_the_fate_of_its_waiting_line(shop: OpenShop) -> None:
    one = shop()
    one.trouble("fee_of_waiting_line")
    one.run()
    assert one.states() == ["waiting", "waiting"]
    assert one.change(FEE) == 0
    assert one.interims() == one.open_lines() == {1581: Decimal("-95.00")}


# -- modes and totals -----------------------------------------------------------------------------


def fees(one: Shop) -> None:
    """A sale of 500.00 with a fee of 12.50, a lump fee of 5.00: 487.50 and 482.50 net."""
    world = one.world
    sale = new_sale(world, Decimal("500.00"))
    lump = lump_fee_line(world, Decimal("5.00"), day=payout_day(world))
    made(world, "fees", [sale.line, fee_line(sale.line, Decimal("12.50")), lump])


def test_one_voucher_per_payout_holds_all_its_fees_and_invoices_are_paid_gross(
    shop: OpenShop,
) -> None:
    one = shop(**{"fees.mode": "voucher"})
    fees(one)
    one.run()
    (payment,) = one.payments()
    assert (payment.amount, payment.write_offs) == (Decimal("500.00"), ())
    (voucher,) = one.vouchers("Q")
    assert rows_of(voucher) == {
        FEE: Decimal("14.00"),
        VAT: Decimal("3.50"),
        1581: Decimal("-12.50"),
        1580: Decimal("-5.00"),
    }
    assert one.change(BANK) == Decimal("482.50")
    assert one.interims() == {}


def test_fees_that_are_not_booked_stay_on_the_account_for_pending_fees(shop: OpenShop) -> None:
    one = shop(**{"fees.mode": "none"})
    fees(one)
    one.run()
    assert one.payments()[0].amount == Decimal("500.00")
    assert (one.change(FEE), one.change(VAT)) == (0, 0)
    assert one.change(PENDING) == Decimal("17.50")
    assert one.change(BANK) == Decimal("482.50")
    assert one.interims() == {}


@pytest.mark.parametrize("mode", ["write_off", "voucher"])
def test_with_gross_totals_booked_fees_are_owed_to_qliro(shop: OpenShop, mode: str) -> None:
    one = shop(**{"fees.mode": mode, "conventions.total": "gross"})
    one.world.conventions = replace(one.world.conventions, gross_totals=True)
    fees(one)
    one.run()
    assert one.change(BANK) == Decimal("500.00")
    assert one.change(OWED) == Decimal("-17.50")
    assert (one.change(FEE), one.change(VAT)) == (Decimal("14.00"), Decimal("3.50"))
    assert one.interims() == {}
    assert set(one.states()) == {"posted"}


def test_with_gross_totals_fees_that_are_not_booked_are_passed_by(shop: OpenShop) -> None:
    one = shop(**{"fees.mode": "none", "conventions.total": "gross"})
    one.world.conventions = replace(one.world.conventions, gross_totals=True)
    fees(one)
    one.run()
    assert one.change(BANK) == Decimal("500.00")
    assert [one.change(number) for number in (FEE, VAT, PENDING, OWED)] == money(*"0000")
    assert one.interims() == {}
    assert set(one.states()) == {"posted"}
    assert one.payouts()[0]["closed"]


def test_fees_that_come_later_get_a_voucher_of_their_own(shop: OpenShop) -> None:
    one = shop(**{"fees.mode": "voucher"})
    first = new_sale(one.world, Decimal("100.00"))
    second = new_sale(one.world, Decimal("200.00"))
    tomorrow = one.world.now() + timedelta(days=1)
    made(
        one.world,
        "grows",
        [
            first.line,
            fee_line(first.line, Decimal("5.00")),
            replace(second.line, appears=tomorrow),
            replace(fee_line(second.line, Decimal("10.00")), appears=tomorrow),
        ],
    )
    one.run()
    one.later(days=1.1)
    one.run()
    first_fees, later_fees = one.vouchers("Q")
    assert rows_of(later_fees) == {FEE: Decimal(8), VAT: Decimal(2), 1581: Decimal(-10)}
    assert later_fees.description == first_fees.description + " tillägg 1"
    assert one.change(BANK) == Decimal("285.00")
    assert one.interims() == {}


def test_write_offs_carry_the_cost_centre_and_project_of_the_rule_that_fits(
    shop: OpenShop,
) -> None:
    one = shop(dimensions=[{"country": "SE", "cost_center": "WEB", "project": "7"}])
    one.trouble("fee_with_vat")
    one.run()
    net, vat = one.payments()[0].write_offs
    assert (net.cost_center, net.project) == ("WEB", "7")
    assert (vat.cost_center, vat.project) == ("", "")


def test_without_a_rule_that_fits_write_offs_carry_no_cost_centre(shop: OpenShop) -> None:
    one = shop(dimensions=[{"method": "SWISH", "cost_center": "WEB"}])
    one.trouble("fee_with_vat")
    one.run()
    assert {(off.cost_center, off.project) for off in one.payments()[0].write_offs} == {("", "")}


def test_a_fee_of_an_ignored_line_is_ignored_with_it(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("100.00"))
    assert sale.invoice is not None
    pay(one.world, sale.invoice, Decimal("100.00"), BANK, day=sale.invoice.day)
    made(one.world, "by hand", [sale.line, fee_line(sale.line, Decimal("5.00"))])
    one.run()
    assert one.states() == ["parked", "parked"]
    one.resolve(sale.line.transaction, "ignore", reason="booked by hand, A 17")
    one.run()
    assert one.states() == ["ignored", "ignored"]
    assert set(one.reasons()) == {"booked by hand, A 17"}
    assert one.change(FEE) == 0
