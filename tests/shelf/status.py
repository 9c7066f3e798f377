"""Situations of the status back: what happens to orders in Fortnox, told to Qliro."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from order_shop import OrderShop
from orders.test_foreseen import bought
from orders.test_never_doubled import an_invoice
from orders.test_others_status import ON, reference, written
from orders.test_others_status import bought as bought_unseen
from orders.test_status import LIVED, STATUS, order_of, rows_delivered, twice_the_same

from engine.sandbox.fortnox.invoices import bookkeep_invoice
from engine.sandbox.fortnox.orders import cancel_order, create_invoice
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import lot
from engine.sandbox.world.world import Customer

from .kit import Stage


def _terms(shop: OrderShop, number: int, terms: str) -> None:
    order = shop.world.orders[number]
    shop.world.orders[number] = replace(order, terms=terms, modified=shop.world.now())


def delivered_in_two_parts(stage: Stage) -> None:
    shop = stage.orders(**STATUS)
    lives = {name: shop.life(name) for name in LIVED}
    lives["twins"] = twice_the_same(shop.world)
    shop.known.append(str(lives["twins"].order))
    stage.run()
    for name, life in lives.items():
        number = order_of(shop, life).number
        if name in ("private", "updated"):
            cancel_order(shop.world, str(number))
        elif name == "company":
            _terms(shop, number, "FAK")
            shop.deliver(number)
        else:
            shop.deliver(number, 1)
    stage.run()
    for name, life in lives.items():
        if name not in ("private", "updated"):
            shop.deliver(order_of(shop, life).number)
    _terms(shop, order_of(shop, lives["company"]).number, "QLIRO")
    stage.run(2)


def delivered_and_invoiced_by_its_captures(stage: Stage) -> None:
    """All flows together, orders invoiced as far as they are delivered, and paid."""
    for origin in ("capture", "order"):
        shop = stage.orders(**{"flows.order_status": True, "invoices.from": origin})
        lives = [shop.life(name) for name in ("several_rows", "discounted", "mixed_rate_discount")]
        stage.run()
        shop.deliver(order_of(shop, lives[0]).number, 1)
        for life in lives[1:]:
            shop.deliver(order_of(shop, life).number)
        stage.run(2)
        lifecycle.refund(shop.world, lives[1].order, {"STRUMPOR-3": 1})
        lifecycle.pay_out(shop.world, fee="5.00")
        shop.later(days=3)
        stage.run(2)


def piece_by_piece(stage: Stage) -> None:
    """Prices without VAT; rows that a person changed; cancelled with other terms; disappeared."""
    shop = stage.orders(**STATUS, vat_included=False)
    names = ("mixed_rate_discount", "several_rows", "private", "company", "captured_in_parts")
    lives = {name: shop.life(name) for name in names}
    lives["gone"] = shop.life("several_rows")
    stage.run()
    rows_delivered(shop, lives["mixed_rate_discount"], 1, 0, 0, 0)
    rows_delivered(shop, lives["several_rows"], 1, 0, 0, price="1.00")
    rows_delivered(shop, lives["private"], 1)
    _terms(shop, order_of(shop, lives["company"]).number, "FAK")
    for name in ("private", "company", "captured_in_parts"):
        cancel_order(shop.world, str(order_of(shop, lives[name]).number))
    stage.run()
    rows_delivered(shop, lives["mixed_rate_discount"], 1, 1, 1, 1)
    for name in ("company", "gone"):
        del shop.world.orders[order_of(shop, lives[name]).number]
    shop.later(days=1)
    stage.run(2)


def rows_that_cannot_be_told_apart(stage: Stage) -> None:
    """Of ours and of another's order."""
    shop = stage.orders(**STATUS)
    ours = bought(shop, lot("A", "10.00", 2), lot("A", "10.00", 3), lot("B", "5.00"))
    stage.run()
    (order,) = shop.fortnox_orders
    first, second, third = order.rows
    rows = (replace(first, quantity=Decimal(1), ordered=Decimal(1)), second, third)
    shop.world.orders[order.number] = replace(order, rows=rows, modified=shop.world.now())
    stage.run()
    shop.known.clear()
    other = bought_unseen(shop)
    written(shop, 70, 1, external1=reference(shop, other))
    held = shop.world.orders[70]
    odd = replace(held.rows[0], article="ANNAN", price=Decimal("77.00"))
    shop.world.orders[70] = replace(held, rows=(odd,))
    stage.run()
    rows = (*held.rows, held.rows[0])
    shop.world.orders[70] = replace(held, rows=rows, modified=shop.world.now())
    stage.run(2)
    assert ours


def when_it_is_invoiced_or_finished(stage: Stage) -> None:
    for when in ("invoiced", "finished"):
        shop = stage.orders(**{**STATUS, "order_status.when": when})
        life = shop.life("several_rows")
        stage.run()
        number = order_of(shop, life).number
        shop.deliver(number)
        stage.run()
        create_invoice(shop.world, str(number))
        stage.run()
        bookkeep_invoice(shop.world, str(shop.fortnox_invoices[0].number))
        stage.run(2)


def orders_of_another_program(stage: Stage) -> None:
    """Delivered in part and whole, cancelled, of other terms, with contradicting ids."""
    shop = stage.orders(**ON, payment_reference_prefix="Q-")
    ids = [bought_unseen(shop) for _ in range(7)]
    refs = [reference(shop, one) for one in ids]
    written(shop, 70, external1=refs[0])
    written(shop, 71, 2, external1=f"Q-{refs[1]}")
    written(shop, 72, external1=refs[2], cancelled=True)
    written(shop, 73, 2, external1=refs[3], external2=str(ids[0]))
    written(shop, 74, 2, external2=str(ids[4]), terms="FAK")
    written(shop, 75, 1, external1=refs[5])
    written(shop, 76, 2, external1=refs[6])
    written(shop, 77, 2, external1=refs[6])
    stage.run()
    shop.deliver(70)
    cancel_order(shop.world, "75")
    stage.run(2)


def orders_of_another_program_by_their_number(stage: Stage) -> None:
    for field in ("OrderReference", "OCR"):
        shop = stage.orders(**ON, payout_reference_field=field)
        order = bought_unseen(shop, reference="71")
        written(shop, 71, 2, external1="71")
        stage.run(2)
        assert order


def invoices_of_another_program(stage: Stage) -> None:
    """Where it writes no orders: booked and not, of a part, of other terms, cancelled."""
    for when in ("delivered", "invoiced", "finished"):
        shop = stage.orders(**{**ON, "order_status.when": when})
        ids = [bought_unseen(shop) for _ in range(6)]
        refs = [reference(shop, one) for one in ids]
        shop.known += [str(one) for one in ids]
        booked = {"booked": True, "terms": "QLIRO", "customer_number": "K1"}
        an_invoice(shop, 901, "200.00", external1=refs[0], **booked)
        an_invoice(shop, 902, "200.00", external1=refs[1], **{**booked, "booked": False})
        an_invoice(shop, 903, "100.00", external1=refs[2], **booked)
        an_invoice(shop, 904, "200.00", external1=refs[3], **{**booked, "terms": "FAK"})
        an_invoice(shop, 905, "200.00", external1=refs[4], **booked, cancelled=True)
        an_invoice(shop, 906, "200.00", external1=refs[5], **booked)
        an_invoice(shop, 907, "200.00", external1=refs[5], **booked)
        stage.run()
        bookkeep_invoice(shop.world, "902")
        stage.run(2)


def invoiced_by_a_person_of_anothers_order(stage: Stage) -> None:
    for invoices in (False, True):
        shop = stage.orders(**{**ON, "order_status.when": "invoiced", "flows.invoices": invoices})
        shop.world.customers["1"] = Customer("1", "Webbkund", shop.world.now())
        order = bought_unseen(shop)
        written(shop, 70, external1=reference(shop, order), customer_number="1")
        stage.run()
        shop.deliver(70, 1)
        create_invoice(shop.world, "70")
        bookkeep_invoice(shop.world, "1001")
        stage.run(2)
        lifecycle.pay_out(shop.world, [order])
        shop.later(days=3)
        stage.run(2)


SITUATIONS: tuple[Callable[[Stage], None], ...] = (
    delivered_in_two_parts, delivered_and_invoiced_by_its_captures, piece_by_piece,
    rows_that_cannot_be_told_apart, when_it_is_invoiced_or_finished, orders_of_another_program,
    orders_of_another_program_by_their_number, invoices_of_another_program,
    invoiced_by_a_person_of_anothers_order,
)  # fmt: skip
