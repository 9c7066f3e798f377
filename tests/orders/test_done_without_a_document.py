"""A line whose capture is done without a document of its own goes by its reference, as before.

So of a capture that was made because its Fortnox order was invoiced (that invoice is its invoice),
and of one of 0.00.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.fortnox.invoices import bookkeep_invoice
from engine.sandbox.fortnox.orders import create_invoice
from engine.sandbox.lives import lifecycle
from engine.sandbox.qliro import operations

from .test_never_doubled import an_invoice
from .test_own_document import balances, paid_out, sold, the_line

Open = Callable[..., OrderShop]
STATUS: dict[str, Any] = {
    "flows.order_status": True, "order_status.when": "invoiced", "existing_documents": "park",
}  # fmt: skip


def codes(shop: OrderShop, source: str) -> list[str]:
    """What became of a capture, under each mapping that is for it."""
    found = shop.store.rows("SELECT code FROM ledger.order_item WHERE source = ?", [source])
    return [one["code"] for one in found]


@pytest.mark.parametrize("origin", ["order", "capture"])
def test_the_line_of_a_capture_that_its_orders_invoice_made_pays_that_invoice(
    order_shop: Open, origin: str
) -> None:
    """The capture gets no document; beside that invoice stands one of another order."""
    shop = order_shop(**STATUS, **{"invoices.from": origin})
    order = sold(shop, "500.00", "300.00")
    other = sold(shop, "800.00", reference=f"{order.reference}-B")
    shop.run()
    (placed,) = [one for one in shop.fortnox_orders if one.external2 == str(order.id)]
    create_invoice(shop.world, str(placed.number))
    shop.run()  # marked as shipped
    (taken,) = lifecycle.captures(shop.world, order.id)
    an_invoice(shop, 901, "800.00", external1=str(other.reference), external2=str(other.id))
    shop.run()
    bookkeep_invoice(shop.world, "1001")
    assert codes(shop, f"{order.id}/{taken.id}") == ["nothing-to-book"]
    paid_out(shop, shop.world.qliro_orders[order.id], taken)
    shop.run()
    assert the_line(shop, "800.00")[0] == "posted"
    assert (shop.balance(1001), shop.balance(901)) == (0, 800)


def test_seen_first_with_its_payout_the_line_waits_for_the_invoice_alone(order_shop: Open) -> None:
    """Not for the capture, of which no document comes; what it waits for is that a person books."""
    shop = order_shop(**STATUS)
    order = sold(shop, "800.00")
    shop.run()
    create_invoice(shop.world, str(shop.fortnox_orders[0].number))
    shop.run()
    (taken,) = lifecycle.captures(shop.world, order.id)
    paid_out(shop, shop.world.qliro_orders[order.id], taken)
    shop.run()
    assert the_line(shop, "800.00") == ("waiting", "invoice 1001: it is not booked yet")
    bookkeep_invoice(shop.world, "1001")
    shop.run()
    assert (the_line(shop, "800.00")[0], balances(shop)) == ("posted", [0])


def test_without_its_references_that_invoice_is_found_by_none_and_a_person_names_it(
    order_shop: Open,
) -> None:
    shop = order_shop(**STATUS)
    order = sold(shop, "800.00")
    shop.run()
    create_invoice(shop.world, str(shop.fortnox_orders[0].number))
    shop.run()  # marked as shipped
    bookkeep_invoice(shop.world, "1001")
    bare = replace(shop.world.invoices[1001], external1="", external2="",
                   modified=shop.world.now())  # fmt: skip
    shop.world.invoices[1001] = bare
    shop.run()
    (taken,) = lifecycle.captures(shop.world, order.id)
    paid_out(shop, shop.world.qliro_orders[order.id], taken)
    shop.run()
    assert the_line(shop, "800.00") == ("waiting", "no invoice carries its reference")
    shop.resolve(shop.lines()[0]["line"], "invoice", "1001")
    shop.run()
    assert (the_line(shop, "800.00")[0], balances(shop)) == ("posted", [0])


@pytest.mark.parametrize("type", ["Capture", "Refund"])
def test_the_line_of_a_capture_or_refund_of_nothing_goes_by_its_reference(
    order_shop: Open, type: str
) -> None:
    """Qliro tells of 0.00 in the order, and settles an amount of it after all."""
    shop = order_shop(**{"flows.orders": False})
    order = sold(shop, "500.00", "300.00")
    first = lifecycle.capture(shop.world, order, {"A": 1})
    of = first.id if type == "Refund" else order.transactions[0].id
    shop.run()
    nothing = operations.begin(shop.world, shop.world.qliro_orders[order.id], type, Decimal(0),
                          original=of, done=True)  # fmt: skip
    amount = Decimal(-80 if type == "Refund" else 80)
    an_invoice(shop, 901, str(amount), external1=str(order.reference))
    (batch,) = lifecycle.pay_out(shop.world, [order])
    told = replace(batch.lines[0], transaction=nothing.id, amount=Decimal(80),
                   action="Credit" if type == "Refund" else "Debit")  # fmt: skip
    shop.world.batches[batch.id] = replace(batch, lines=(told,))
    for _ in range(2):
        shop.run()
    assert codes(shop, f"{order.id}/{nothing.id}") == ["nothing-to-book"]
    (row,) = shop.lines()
    assert row["state"] == "posted"
    assert shop.balance(901) == 0
    assert shop.balance(1001) == 500
