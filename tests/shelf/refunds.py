"""Situations of refunds: what came back, by items and by amount, and what stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from orders.test_foreseen import bought, screws
from orders.test_never_doubled import an_invoice
from orders.test_refunds import (
    all_by_amount_alone,
    amount_after_a_rate_came_back,
    amount_of_mixed_rates,
    both_fees,
    credited_by_hand,
    mixed_discount_came_back,
    more_at_once,
    more_of_a_capture,
    more_of_a_row,
    more_than_captured,
    thrice,
)
from orders.test_what_comes_back import BOOK, SALE, SHIRT, by_amount, refunded, sold

from engine.sandbox.fortnox.invoices import bookkeep_invoice, credit_invoice
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import capture, captures, lot
from engine.sandbox.qliro import operations

from .kit import Stage

LIVES = (
    "refunded_whole", "refunded_rows", "refunded_twice", "refunded_same_twice", "refunded_amount",
    "refunded_amount_by_update", "refunded_amount_without_vat", "refunded_less_fee",
    "refunded_across_captures", "refunded_one_capture", "refunded_with_discount",
    "refunded_with_invoice_fee", "refund_of_direct_payment", "refund_without_original",
    "refund_failed", "refund_under_way", "trustly_cancelled",
)  # fmt: skip


def lived(stage: Stage) -> None:
    for included in (True, False):
        shop = stage.orders(vat_included=included)
        for name in LIVES:
            shop.life(name)
        stage.run(2)
        if included:
            lifecycle.pay_out(shop.world, fee="5.00")
            shop.later(days=3)
            stage.run()


def of_many_kinds(stage: Stage) -> None:
    """By items and by amounts over several rates; more than there was; credited by hand."""
    shop = stage.orders()
    for make in (thrice, amount_of_mixed_rates, amount_after_a_rate_came_back, all_by_amount_alone,
                 mixed_discount_came_back, both_fees, more_than_captured, more_at_once,
                 more_of_a_row, more_of_a_capture, credited_by_hand):  # fmt: skip
        life = make(shop.world)
        shop.known += [str(order) for order in life.orders]
        shop.later(seconds=60)
    stage.run()
    invoice = max(shop.fortnox_invoices, key=lambda one: one.number)
    credit_invoice(shop.world, str(invoice.number))
    stage.run(2)


def told_otherwise_than_sold(stage: Stage) -> None:
    shop = stage.orders(**{"refunds.fee_article": "RETUR", "refunds.discrepancy_article": "AVDRAG"})
    orders = [sold(shop, SHIRT, BOOK, SALE) for _ in range(8)]
    stage.run()
    refunded(shop, orders[0], "399.00", replace(SHIRT, ex=Decimal("356.25"), vat_rate=Decimal(12)))
    refunded(shop, orders[1], "399.00", replace(SHIRT, ex=Decimal("399.00"), vat_rate=None))
    refunded(shop, orders[2], "449.00", SHIRT, BOOK)
    refunded(shop, orders[3], "399.00", SHIRT)
    refunded(shop, orders[3], "20.00", replace(BOOK, inc=Decimal("20.00"), ex=Decimal("18.87")))
    by_amount(shop, orders[4], "30.00", "24.00")
    by_amount(shop, orders[4], "60.00", "56.60", "6")
    by_amount(shop, orders[4], "30.00", "28.30", "6")
    refunded(shop, orders[5], "340.00", SHIRT, fee=lot("avgift", "59.00", type="Fee"))
    refunded(shop, orders[6], "480.00", SHIRT, BOOK, lot("FRAKT", "31.00", type="Shipping"))
    refunded(shop, orders[7], "77.00", lot("NY", "77.00", rate="8"))
    stage.run(3)


def where_more_rates_were_sold(stage: Stage) -> None:
    """Discounts over several rates, captured in parts and given back in parts."""
    shop = stage.orders()
    mug, book = lot("MUGG", "50.00"), lot("BOK", "21.20", rate="6")
    tenth = replace(lot("TIO", "-7.12", ex="-6.00", type="Discount"), vat_rate=Decimal("18.67"))
    parts = ([{"MUGG": 1, "TIO": 1}, {"BOK": 1}], [{"MUGG": 1}, {"BOK": 1, "TIO": 1}])
    for taken in parts:
        order = bought(shop, mug, book, tenth)
        for part in taken:
            capture(shop.world, order, part)
            shop.later(seconds=60)
        stage.run()
        lifecycle.refund(shop.world, order)
        stage.run(2)
    order = sold(shop, mug, book, tenth)
    stage.run()
    lifecycle.discount(shop.world, order, "10.00")
    shop.later(seconds=60)
    lifecycle.refund(shop.world, order, {"MUGG": 1})
    stage.run(2)


def what_no_account_is_there_for(stage: Stage) -> None:
    """Of goods, of amounts, of a line that was never sold."""
    shop = stage.orders()
    orders = [sold(shop, SHIRT, BOOK) for _ in range(3)]
    stage.run()
    shop.settings({"sales_accounts": [{"rate": 25, "kind": "goods", "account": 3001}]})
    refunded(shop, orders[0], "100.00", BOOK)
    by_amount(shop, orders[1], "30.00", "28.30", "6")
    refunded(shop, orders[2], "49.00", lot("ÅTER", "49.00", type="Shipping"))
    stage.run(2)


def rounding_and_what_it_comes_to(stage: Stage) -> None:
    for changes in ({}, {"rounding.policy": "park"}):
        shop = stage.orders(vat_included=False, **{**changes, "refunds.fee_article": "RETUR"})
        order = bought(shop, screws(100), screws(3))
        capture(shop.world, order)
        other = bought(shop, screws(500))
        capture(shop.world, other)
        shop.settings({"rounding.policy": "post", "rounding.tolerance": 2})
        stage.run()
        shop.settings({"rounding.tolerance": 1, **changes})
        for one in (order, other):
            lifecycle.refund(shop.world, one)
        stage.run()
        shop.settings({"accounts.rounding": None, "flows.payouts": False})
        stage.run()


def before_their_invoice_is_booked(stage: Stage) -> None:
    shop = stage.orders(**{"invoices.book": False})
    shop.life("refunded_rows"), shop.life("refunded_twice")
    stage.run(2)
    for invoice in shop.fortnox_invoices:
        bookkeep_invoice(shop.world, str(invoice.number))
    shop.settings({"invoices.book": True})
    stage.run(2)


def cancelled_and_made_again(stage: Stage) -> None:
    shop = stage.orders(**{"flows.refunds": True})
    life = shop.life("captured")
    stage.run()
    shop.settings({"invoices.book": False})
    (back,) = lifecycle.refund(shop.world, life.order, {"STRUMPOR-3": 1})
    stage.run()
    first = shop.fortnox_invoices[-1]
    shop.world.invoices[first.number] = replace(first, cancelled=True, modified=shop.world.now())
    stage.run()
    shop.resolve(f"{life.order}/{back.id}", "retry")
    stage.run(2)


def decided_by_a_person(stage: Stage) -> None:
    """The first is set aside, and a later one is made; a credit by hand is taken for it."""
    shop = stage.orders()
    aside, chosen = shop.life("captured"), shop.life("captured")
    stage.run()
    backs = [lifecycle.refund(shop.world, one.order, {"STRUMPOR-3": 1})[0]
             for one in (aside, chosen)]  # fmt: skip
    shop.world.locked_until = shop.world.today()
    stage.run()
    shop.world.locked_until = None
    shop.resolve(f"{aside.order}/{backs[0].id}", "ignore", reason="booked by hand")
    number = next(one.number for one in shop.fortnox_invoices
                  if one.external2.startswith(f"{chosen.order}/"))  # fmt: skip
    credit_invoice(shop.world, str(number))
    stage.run()
    credit = shop.world.invoices[number].credit_reference
    shop.resolve(f"{chosen.order}/{backs[1].id}", "invoice", credit)
    lifecycle.refund(shop.world, aside.order, {"TSHIRT-BLA-M": 1})
    stage.run(2)


def of_invoices_that_others_made(stage: Stage) -> None:
    """Found by their reference; cancelled, in another currency, another capture's, none."""
    shop = stage.orders(**{"flows.orders": False, "flows.invoices": False})
    ids = [sold(shop, lot("KANNA", "300.00", 2)) for _ in range(7)]
    refs = [shop.world.qliro_orders[one].reference for one in ids]
    an_invoice(shop, 901, "600.00", external1=refs[0], booked=True, customer_number="K1")
    an_invoice(shop, 902, "600.00", external1=refs[1], cancelled=True, customer_number="K1")
    an_invoice(shop, 903, "600.00", external1=refs[2], currency="EUR", customer_number="K1")
    an_invoice(shop, 904, "600.00", external1=refs[3], external2=f"{ids[0]}/9", booked=True)
    an_invoice(shop, 905, "600.00", external1=refs[4], external2=str(ids[0]), booked=True)
    an_invoice(shop, 906, "600.00", external1=refs[5], customer_number="K1")
    for order in ids:
        lifecycle.refund(shop.world, order, {"KANNA": 1})
    stage.run(2)


def of_nothing_and_of_no_capture(stage: Stage) -> None:
    shop = stage.orders()
    order = sold(shop, lot("KANNA", "300.00", 2))
    held, (taken,) = shop.world.qliro_orders[order], captures(shop.world, order)
    stage.run()
    operations.begin(shop.world, held, "Refund", Decimal(0), original=taken.id, done=True)
    stage.run()
    two = bought(shop, lot("A", "100.00"), lot("B", "50.00"))
    capture(shop.world, two, {"A": 1}), capture(shop.world, two)
    stage.run()
    held = shop.world.qliro_orders[two]
    line = replace(lot("A", "100.00"), action="Return")
    operations.begin(shop.world, held, "Refund", Decimal("100.00"), [line], original=None,
                     done=True)  # fmt: skip
    stage.run()


SITUATIONS: tuple[Callable[[Stage], None], ...] = (
    lived, of_many_kinds, told_otherwise_than_sold, where_more_rates_were_sold,
    what_no_account_is_there_for, rounding_and_what_it_comes_to, before_their_invoice_is_booked,
    cancelled_and_made_again, decided_by_a_person, of_invoices_that_others_made,
    of_nothing_and_of_no_capture,
)  # fmt: skip
