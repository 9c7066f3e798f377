"""Situations of invoices: of captures and of orders, adopted, cancelled, locked, closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

from orders.kit import SETTINGS, chart
from orders.test_foreseen import bought
from orders.test_never_doubled import an_invoice, an_order

from engine.sandbox.fortnox.invoices import bookkeep_invoice
from engine.sandbox.fortnox.orders import create_invoice
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import capture, captures, lot
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import InvoiceRow, Order

from .kit import Stage

NO_REFUNDS = {"flows.refunds": False}


def of_the_capture_without_orders(stage: Stage) -> None:
    shop = stage.orders(**{**SETTINGS, "flows.orders": False, "invoices.fractional_vat": "account"})
    chart(shop.world)
    for name in ("captured", "captured_in_parts", "mixed_rates", "mixed_rate_discount", "finnish",
                 "german", "eu_company", "discounted", "added_to_invoice"):  # fmt: skip
        life = shop.life(name)
        if not captures(shop.world, life.order):
            capture(shop.world, life.order)
    stage.run(2)


def of_the_order(stage: Stage) -> None:
    """Captured whole and in parts; another's order; one that a person has invoiced by hand."""
    shop = stage.orders(**NO_REFUNDS, **{
        "invoices.from": "order", "invoices.due_date": "invoice_date",
        "invoices.order_invoice_date": "capture", "use_merchant_reference": True,
        "payment_methods": [{"method": "SWISH", "terms_of_payment": "0", "book": False},
                            {"terms_of_payment": "30"}]})  # fmt: skip
    whole, _, by_hand, others = (
        shop.life(one) for one in ("captured", "captured_in_parts", "several_rows", "captured")
    )
    shop.life("paid_at_once")
    row = InvoiceRow("T-shirt", Decimal(1), Decimal("746.00"), ordered=Decimal(1))
    shop.world.orders[77] = Order(
        77, date(2026, 11, 12), Decimal("746.00"), shop.world.now(),
        external1=shop.world.qliro_orders[others.order].reference, customer_number="K1",
        rows=(row,), vat_included=True, vat=Decimal("149.20"),
    )  # fmt: skip
    stage.run()
    order = next(one for one in shop.fortnox_orders if one.external2 == str(by_hand.order))
    create_invoice(shop.world, str(order.number))
    capture(shop.world, by_hand.order)
    stage.run(2)
    assert whole.order


def of_an_order_that_comes_to_less(stage: Stage) -> None:
    shop = stage.orders(**NO_REFUNDS, **{"invoices.from": "order"})
    life = shop.life("captured")
    row = InvoiceRow("T-shirt", Decimal(1), Decimal("700.00"), ordered=Decimal(1))
    shop.world.orders[77] = Order(
        77, date(2026, 11, 12), Decimal("700.00"), shop.world.now(),
        external1=shop.world.qliro_orders[life.order].reference, customer_number="K1", rows=(row,),
        vat_included=True, vat=Decimal("140.00"),
    )  # fmt: skip
    stage.run(2)


def of_an_order_without_its_row_for_rounding(stage: Stage) -> None:
    """As an earlier build had sent it; rounded within the tolerance, beyond it, and not at all."""
    for policy, tolerance in (("post", 1), ("post", 0.1), ("park", 1)):
        shop = stage.orders(**NO_REFUNDS, **{
            "invoices.from": "order", "vat_included": False, "rounding.policy": policy,
            "rounding.tolerance": tolerance, "invoices.added_fees": "customer"})  # fmt: skip
        order = bought(shop, lot("SKRUV", "0.99", 100, ex="0.79"))
        stage.run()
        capture(shop.world, order)
        stage.run()
        shop.settings({"invoices.added_fees": "none"})
        stage.run()


def that_do_not_add_up(stage: Stage) -> None:
    """Other items than were paid, a part without a word of items, a capture of nothing."""
    shop = stage.orders(**NO_REFUNDS, **{"flows.orders": False})
    world = shop.world
    other, untold, nothing = (
        world.qliro_orders[shop.life("several_rows").order] for _ in range(3)
    )
    shirt = replace(other.items[0], action="Ship")
    for order, amount, items in ((other, "450.00", [shirt]), (untold, "100.00", []),
                                 (nothing, "0.00", [])):  # fmt: skip
        reserved = order.transactions[0].id
        operations.begin(world, order, "Capture", Decimal(amount), items, original=reserved,
                         done=True)  # fmt: skip
    stage.run()
    shop.settings({"flows.orders": True})
    stage.run()


def of_another_total(stage: Stage) -> None:
    """Freight on the buyer's card, a warehouse that has nothing: stopped before it is booked."""
    shop = stage.orders(**NO_REFUNDS, **{"invoices.added_fees": "customer"})
    shop.world.company.freight = Decimal("39.00")
    shop.life("captured")
    stage.run()
    shop = stage.orders(**NO_REFUNDS, **{"invoices.from": "order"})
    shop.world.company.warehouse = True
    shop.life("captured")
    stage.run(2)


def locked(stage: Stage) -> None:
    for origin in ("capture", "order"):
        shop = stage.orders(**{"invoices.from": origin, "invoices.order_invoice_date": "capture"})
        shop.life("refunded_twice")
        shop.world.locked_until = shop.world.today()
        stage.run()
        shop.settings({"dates.closed": "next_open_day"})
        stage.run(2)
        shop.settings({"dates.closed": "park"})
        lifecycle.discount(shop.world, int(shop.known[0]), "5.00")
        stage.run()


def cancelled_and_made_again(stage: Stage) -> None:
    for origin in ("capture", "order"):
        shop = stage.orders(**NO_REFUNDS, **{"invoices.book": False, "invoices.from": origin})
        life = shop.life("captured")
        stage.run()
        (first,) = shop.fortnox_invoices
        now = shop.world.now()
        shop.world.invoices[first.number] = replace(first, cancelled=True, modified=now)
        stage.run()
        (taken,) = captures(shop.world, life.order)
        shop.resolve(f"{life.order}/{taken.id}", "retry")
        stage.run(2)


def chosen_and_set_aside(stage: Stage) -> None:
    shop = stage.orders(**NO_REFUNDS)
    chosen, ignored = shop.life("captured"), shop.life("captured")
    an_invoice(shop, 901, "746.00", customer_number="K1")
    shop.world.locked_until = shop.world.today()
    stage.run()
    for life in (chosen, ignored):
        (taken,) = captures(shop.world, life.order)
        how = ("invoice", 901) if life is chosen else ("ignore", "")
        shop.resolve(f"{life.order}/{taken.id}", *how, reason="booked by hand")
    shop.world.locked_until = None
    stage.run(2)


def the_other_way_than_before(stage: Stage) -> None:
    for first, then in (("capture", "order"), ("order", "capture")):
        shop = stage.orders(**NO_REFUNDS, **{"invoices.from": first})
        shop.life("captured")
        stage.run()
        shop.settings({"invoices.from": then})
        shop.life("captured")
        stage.run()


def of_what_our_own_shipment_captured(stage: Stage) -> None:
    """With its references and without; adopted, or left to a person."""
    for origin in ("capture", "order"):
        for existing in ("adopt", "park"):
            shop = stage.orders(**NO_REFUNDS, existing_documents=existing, **{
                "flows.order_status": True, "order_status.when": "invoiced",
                "invoices.from": origin})  # fmt: skip
            bought(shop, lot("VAS", "250.00")), bought(shop, lot("KANNA", "300.00", 2))
            stage.run()
            for order in shop.fortnox_orders:
                create_invoice(shop.world, str(order.number))
            stage.run()
            bare = shop.world.invoices[1001]
            shop.world.invoices[1001] = replace(
                bare, external1="", external2="", modified=shop.world.now()
            )
            stage.run(2)


def orders_closed_after_their_parts(stage: Stage) -> None:
    """Captured in parts, each with its invoice; one is set aside, one is invoiced by hand, one is
    another's."""
    shop = stage.orders(**NO_REFUNDS, **{"invoices.from": "order"})
    ids = [bought(shop, lot("A", "100.00"), lot("B", "50.00")) for _ in range(5)]
    an_order(shop, 70, "150.00", external2=str(ids[4]), customer_number="K1")
    stage.run()
    for order in ids:
        capture(shop.world, order, {"A": 1})
    stage.run()
    made = {one.external2: one for one in shop.fortnox_orders}
    create_invoice(shop.world, str(made[str(ids[2])].number))
    (taken, *_) = captures(shop.world, ids[1])
    shop.world.locked_until = shop.world.today()
    for order in ids:
        capture(shop.world, order)
    second = captures(shop.world, ids[1])[-1]
    stage.run()
    shop.resolve(f"{ids[1]}/{second.id}", "ignore", reason="booked by hand")
    shop.world.locked_until = None
    stage.run(2)
    assert taken


def paid_out_and_refunded(stage: Stage) -> None:
    """The life of an order to its end, payout by payout."""
    shop = stage.orders(payment_reference_prefix="Q-")
    life = shop.life("several_rows")
    stage.run()
    capture(shop.world, life.order, {"STRUMPOR-3": 1})
    stage.run()
    lifecycle.pay_out(shop.world, [life.order], fee="5.00")
    shop.later(days=2)
    stage.run()
    capture(shop.world, life.order)
    lifecycle.refund(shop.world, life.order, {"STRUMPOR-3": 1})
    stage.run(2)
    shop.later(days=5)
    lifecycle.pay_out(shop.world, [life.order], fee="5.00")
    shop.later(days=2)
    stage.run(2)


def booked_by_hand(stage: Stage) -> None:
    shop = stage.orders(**{"invoices.book": False})
    life = shop.life("captured")
    stage.run()
    lifecycle.pay_out(shop.world, [life.order])
    shop.later(days=3)
    stage.run()
    bookkeep_invoice(shop.world, str(shop.fortnox_invoices[0].number))
    stage.run()


SITUATIONS: tuple[Callable[[Stage], None], ...] = (
    of_the_capture_without_orders, of_the_order, of_an_order_that_comes_to_less,
    of_an_order_without_its_row_for_rounding, that_do_not_add_up, of_another_total, locked,
    cancelled_and_made_again, chosen_and_set_aside, the_other_way_than_before,
    of_what_our_own_shipment_captured, orders_closed_after_their_parts, paid_out_and_refunded,
    booked_by_hand,
)  # fmt: skip
