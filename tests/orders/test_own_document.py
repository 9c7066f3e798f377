"""A line pays the document of its own capture or refund, waits for it, and takes no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.report.resolve import decided
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import lot
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import Line, QliroOrder, Transaction

from .test_never_doubled import an_invoice

Open = Callable[..., OrderShop]


def sold(shop: OrderShop, *prices: str, **fields: str) -> QliroOrder:
    """An order of an item at each price, A, B, …, told to the runs that follow."""
    items = [lot("ABCDEFGH"[n], price) for n, price in enumerate(prices)]
    order = lifecycle.secure(shop.world, items, **fields)
    shop.known.append(str(order.id))
    return order


def paid_out(shop: OrderShop, order: QliroOrder, only: Transaction) -> Line:
    """A payout with the line of this transaction of the order alone."""
    (batch,) = lifecycle.pay_out(shop.world, [order])
    (line,) = [one for one in batch.lines if one.transaction == only.id]
    shop.world.batches[batch.id] = replace(batch, lines=(line,))
    return line


def balances(shop: OrderShop) -> list[Decimal]:
    return [one.balance for one in shop.fortnox_invoices]


def the_line(shop: OrderShop, amount: str) -> tuple[str, str]:
    (row,) = [one for one in shop.lines() if one["Amount"] == Decimal(amount)]
    return row["state"], row["reason"]


def test_a_line_waits_for_the_invoice_of_its_capture_beside_an_unpaid_one_of_its_order(
    order_shop: Open,
) -> None:
    """The second capture is first seen together with its payout."""
    shop = order_shop()
    order = sold(shop, "500.00", "300.00")
    lifecycle.capture(shop.world, order, {"A": 1})
    shop.run()
    second = lifecycle.capture(shop.world, order, {"B": 1})
    paid_out(shop, order, second)
    plan = shop.plan()
    (told,) = [one for one in plan.outcomes if one.mapping == "payment"]
    assert (told.state, told.reason) == (
        "waiting",
        f"the document of its capture {order.id}/{second.id} is to be posted first",
    )
    shop.run()
    assert balances(shop) == [500, 300]
    assert the_line(shop, "300.00") == (
        "waiting", "its invoice 1002 was not seen in Fortnox's list yet",
    )  # fmt: skip
    shop.run()
    assert balances(shop) == [500, 0]
    assert the_line(shop, "300.00")[0] == "posted"


def test_a_refund_waits_for_its_credit_invoice_beside_an_unpaid_one_of_its_order(
    order_shop: Open,
) -> None:
    shop = order_shop()
    order = sold(shop, "250.00", "199.00", "400.00")
    lifecycle.capture(shop.world, order)
    shop.run()
    lifecycle.refund(shop.world, order, {"A": 1})
    shop.run()
    assert balances(shop)[1] == -250
    (second,) = lifecycle.refund(shop.world, order, {"B": 1})
    paid_out(shop, order, second)
    shop.run()
    assert balances(shop)[1:] == [-250, -199]
    shop.run()
    assert balances(shop)[1:] == [-250, 0]


def test_of_two_invoices_in_whole_kronor_the_transaction_names_one(order_shop: Open) -> None:
    """The company rounds: neither balance is exactly the line's amount."""
    shop = order_shop(**{"flows.orders": False})
    order = sold(shop, "500.40", "300.40")
    first = lifecycle.capture(shop.world, order, {"A": 1})
    second = lifecycle.capture(shop.world, order, {"B": 1})
    for number, one, total in ((901, first, "500.00"), (902, second, "300.00")):
        an_invoice(shop, number, total, external1=order.reference,
                   external2=f"{order.id}/{one.id}")  # fmt: skip
    lifecycle.pay_out(shop.world, [order])
    for _ in range(2):
        shop.run()
    assert balances(shop) == [0, 0]
    assert shop.states() == ["posted", "posted"]


def test_a_line_whose_capture_is_parked_waits_and_names_it(order_shop: Open) -> None:
    """Another invoice that carries the order's reference takes none of it."""
    accounts = [{"region": "domestic", "rate": 25, "account": 3001}]
    shop = order_shop(**{"flows.orders": False}, sales_accounts=accounts)
    order = lifecycle.secure(shop.world, [lot("A", "500.00"), lot("B", "300.00", rate="12")])
    shop.known.append(str(order.id))
    lifecycle.capture(shop.world, order, {"A": 1})
    second = lifecycle.capture(shop.world, order, {"B": 1})
    paid_out(shop, order, second)
    for _ in range(3):
        shop.run()
    state, reason = the_line(shop, "300.00")
    assert state == "waiting"
    assert reason.startswith(f"the document of its capture {order.id}/{second.id} is parked (")
    assert "12" in reason
    assert balances(shop) == [500]


def test_a_capture_that_a_person_ignored_leaves_its_line_to_the_reference(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.orders": False}, sales_accounts=[])
    order = sold(shop, "300.00")
    taken = lifecycle.capture(shop.world, order)
    shop.run()
    paid_out(shop, order, taken)
    an_invoice(shop, 901, "320.00", external1=order.reference)
    shop.run()
    assert the_line(shop, "300.00")[0] == "waiting"
    of = shop.resolve(f"{order.id}/{taken.id}", "ignore", reason="invoiced by hand as 901")
    assert decided(of) == f"Invoice {order.id}/{taken.id}"  # and no line of a payout
    shop.run()
    assert (the_line(shop, "300.00")[0], balances(shop)) == ("posted", [20])


def test_an_invoice_that_a_person_chose_for_the_line_is_paid_whatever_its_capture_gets(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.orders": False}, sales_accounts=[])
    order = sold(shop, "300.00")
    taken = lifecycle.capture(shop.world, order)
    paid_out(shop, order, taken)
    an_invoice(shop, 901, "300.00", external1="something else")
    shop.run()
    (line,) = shop.lines()
    assert line["state"] == "waiting"
    shop.resolve(line["line"], "invoice", "901")
    shop.run()
    assert (the_line(shop, "300.00")[0], balances(shop)) == ("posted", [0])


def test_an_invoice_that_a_person_chose_for_the_capture_is_its_lines_too(order_shop: Open) -> None:
    shop = order_shop(**{"flows.orders": False}, sales_accounts=[])
    order = sold(shop, "300.00")
    taken = lifecycle.capture(shop.world, order)
    paid_out(shop, order, taken)
    an_invoice(shop, 901, "300.00", external1="something else")
    an_invoice(shop, 902, "300.00", external1=order.reference, booked=False)
    shop.settings({"existing_documents": "park"})
    shop.run()
    shop.resolve(f"{order.id}/{taken.id}", "invoice", "901")
    for _ in range(2):
        shop.run()
    assert the_line(shop, "300.00")[0] == "posted"
    assert [shop.balance(901), shop.balance(902)] == [0, 300]


@pytest.mark.parametrize("flow", ["invoices", "refunds"])
def test_where_the_flow_is_off_the_reference_decides_as_before(
    order_shop: Open, flow: str
) -> None:
    shop = order_shop(**{"flows.orders": False, f"flows.{flow}": False})
    order = sold(shop, "300.00")
    lifecycle.capture(shop.world, order)
    if flow == "refunds":
        shop.run()
        lifecycle.refund(shop.world, order)
    an_invoice(shop, 901, "-300.00" if flow == "refunds" else "300.00", external1=order.reference)
    lifecycle.pay_out(shop.world, [order])
    for _ in range(2):
        shop.run()
    assert shop.balance(901) == 0


def test_orders_from_before_the_flows_began_are_paid_by_their_reference(order_shop: Open) -> None:
    """Another connector made their invoices."""
    shop = order_shop(orders_from="2026-11-10")
    items = [lot("A", "500.00"), lot("B", "300.00")]
    old = shop.world.today() - timedelta(days=20)
    order = lifecycle.secure(shop.world, items, day=old)
    lifecycle.capture(shop.world, order, {"A": 1}, day=old)
    second = lifecycle.capture(shop.world, order, {"B": 1})
    paid_out(shop, order, second)
    an_invoice(shop, 901, "800.00", external1=order.reference)
    shop.run()
    assert balances(shop) == [500]
    assert the_line(shop, "300.00")[0] == "posted"


def test_a_line_of_an_order_that_could_not_be_read_yet_waits_and_names_its_transaction(
    order_shop: Open,
) -> None:
    shop = order_shop()
    order = sold(shop, "300.00")
    taken = lifecycle.capture(shop.world, order)
    an_invoice(shop, 901, "320.00", external1=order.reference)
    paid_out(shop, order, taken)
    hidden = shop.world.qliro_orders.pop(order.id)
    shop.known.clear()
    shop.run()
    assert the_line(shop, "300.00") == (
        "waiting",
        f"Qliro's order does not show its transaction {taken.id} yet: as its capture it gets a "
        "document of its own, which this line pays",
    )
    shop.world.qliro_orders[order.id] = hidden
    assert balances(shop) == [320]


def test_a_capture_of_a_direct_payment_pays_the_invoice_of_that_payment(order_shop: Open) -> None:
    """The line names the Capture, and the invoice was made of the Debit."""
    shop = order_shop()
    order = sold(shop, "300.00", method="TRUSTLY_DIRECT", type="Debit")
    shop.run()
    debit = order.transactions[0]
    capture = operations.begin(
        shop.world, shop.world.qliro_orders[order.id], "Capture", Decimal(300),
        original=debit.id, done=True)  # fmt: skip
    an_invoice(shop, 901, "300.00", external1=order.reference)
    paid_out(shop, order, capture)
    for _ in range(2):
        shop.run()
    assert (shop.balance(1001), shop.balance(901)) == (0, 300)


def test_a_reversal_of_the_same_money_as_a_refund_pays_that_credit_invoice(
    order_shop: Open,
) -> None:
    """A whole direct payment goes back: Qliro tells of it twice, and settles either."""
    shop = order_shop()
    order = sold(shop, "150.00", method="TRUSTLY_DIRECT", type="Debit")
    shop.run()
    debit, held = order.transactions[0], shop.world.qliro_orders[order.id]
    released = [replace(one, action="Release") for one in order.items]
    reversal = operations.begin(shop.world, held, "Reversal", Decimal(150), released,
                           original=debit.id, done=True)  # fmt: skip
    held = shop.world.qliro_orders[order.id]
    operations.begin(shop.world, held, "Refund", Decimal(150), original=debit.id, done=True)
    (batch,) = lifecycle.pay_out(shop.world, [order])
    (line,) = [one for one in batch.lines if one.action == "Credit"]
    named = replace(batch, lines=(replace(line, transaction=reversal.id),))
    shop.world.batches[batch.id] = named
    for _ in range(2):
        shop.run()
    assert balances(shop) == [150, 0]


def test_a_line_without_an_order_is_known_by_its_transaction(order_shop: Open) -> None:
    shop = order_shop()
    order = sold(shop, "500.00", "300.00")
    lifecycle.capture(shop.world, order, {"A": 1})
    second = lifecycle.capture(shop.world, order, {"B": 1})
    line = paid_out(shop, order, second)
    (batch,) = shop.world.batches.values()
    shop.world.batches[batch.id] = replace(batch, lines=(replace(line, order=None),))
    shop.run()
    assert balances(shop) == [500, 300]
    shop.run()
    assert balances(shop) == [500, 0]
