"""Others' orders that Fortnox makes an invoice of: what of them is told to Qliro, and who is paid.

Another program writes the order; a person delivers it, presses "Skapa faktura" and books.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.sandbox.fortnox.invoices import bookkeep_invoice
from engine.sandbox.fortnox.orders import create_invoice
from engine.sandbox.lives import lifecycle
from engine.sandbox.world.world import Customer

from .test_others_status import ON, bought, done, reference, told, written

Open = Callable[..., OrderShop]
# What has to have happened in Fortnox before it is told to Qliro.
TOLD_AFTER = {"delivered": "delivered", "invoiced": "invoiced", "finished": "booked"}


def opened(order_shop: Open, when: str, **settings: object) -> tuple[OrderShop, int]:
    """A shop with one order of two pieces, which another program wrote as 70."""
    shop = order_shop(**{**ON, "order_status.when": when, **settings})
    shop.world.customers["1"] = Customer("1", "Webbkund", shop.world.now())
    order = bought(shop)
    written(shop, 70, external1=reference(shop, order), customer_number="1")
    shop.run()
    return shop, order


@pytest.mark.parametrize("invoices", [False, True])
@pytest.mark.parametrize("when", list(TOLD_AFTER))
def test_it_is_captured_once_when_it_is_told_and_its_line_pays_that_invoice(
    order_shop: Open, when: str, invoices: bool
) -> None:
    """Also with the flow of invoices on: its capture gets no invoice beside that of the order."""
    shop, order = opened(order_shop, when, **{"flows.invoices": invoices})
    operations = {
        "delivered": lambda: shop.deliver(70),
        "invoiced": lambda: create_invoice(shop.world, "70"),
        "booked": lambda: bookkeep_invoice(shop.world, "1001"),
    }
    happened: list[str] = []
    for name, deed in operations.items():
        deed()
        happened.append(name)
        shop.run()
        is_told = TOLD_AFTER[when] in happened
        assert done(shop, order) == ([("Capture", "200.00")] if is_told else []), name
    shop.run()
    lifecycle.pay_out(shop.world, [shop.world.qliro_orders[order]])
    shop.run(), shop.run()
    assert [(one.number, one.balance) for one in shop.fortnox_invoices] == [(1001, 0)]
    assert shop.states() == ["posted"]
    assert done(shop, order) == [("Capture", "200.00")]


@pytest.mark.parametrize("when", ["delivered", "invoiced"])
def test_an_invoice_of_a_part_captures_that_part_and_the_rest_waits_in_plain_words(
    order_shop: Open, when: str
) -> None:
    shop, order = opened(order_shop, when)
    shop.deliver(70, 1)
    shop.run()
    create_invoice(shop.world, "70")
    bookkeep_invoice(shop.world, "1001")
    for _ in range(2):
        report = shop.run()
    assert done(shop, order) == [("Capture", "100.00")]
    assert told(shop, report, order, "shipment") == (
        "waiting: all that is delivered of order 70 is marked as shipped at Qliro; 100.00 SEK of "
        "it are left"
    )
    lifecycle.pay_out(shop.world, [shop.world.qliro_orders[order]])
    shop.run()
    assert [(one.total, one.balance) for one in shop.fortnox_invoices] == [(Decimal(100), 0)]
