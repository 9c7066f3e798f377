"""What stands in Fortnox already is never made again: ours after a lost database, or anybody's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox import lifecycle
from engine.sandbox.world import Invoice, Order

Open = Callable[..., OrderShop]
DAY = date(2026, 11, 12)
# The field that carries the payment reference → the attribute of the world's documents.
FIELDS = {
    "ExternalInvoiceReference1": "external1",
    "ExternalInvoiceReference2": "external2",
    "OurReference": "our_reference",
    "YourReference": "your_reference",
    "YourOrderNumber": "your_order_number",
}


def an_order(shop: OrderShop, number: int, total: str, **fields: Any) -> None:
    """An order that somebody else made."""
    shop.world.orders[number] = Order(number, DAY, Decimal(total), shop.world.now(), **fields)


def an_invoice(shop: OrderShop, number: int, total: str, **fields: Any) -> None:
    """An invoice that somebody else made."""
    amount = Decimal(total)
    given = Invoice(number, DAY, DAY, amount, amount, shop.world.now(), **fields)
    shop.world.invoices[number] = given


def count(shop: OrderShop) -> tuple[int, int, int, int]:
    world = shop.world
    return len(world.customers), len(world.orders), len(world.invoices), len(world.payments)


@pytest.mark.parametrize(
    ("field", "second"),
    [("YourReference", "OurReference"), ("OurReference", "YourOrderNumber"),
     ("ExternalInvoiceReference2", "YourReference"),
     ("YourOrderNumber", "ExternalInvoiceReference2")],
)  # fmt: skip
def test_the_reference_stands_in_the_declared_field_and_finds_all_of_it_again(
    order_shop: Open, field: str, second: str
) -> None:
    """The database is lost after the invoices; the payout then finds them by construction."""
    shop = order_shop(**{"payout_reference_field": field, "second_reference_field": second,
                         "payment_reference_prefix": "Q-", "flows.refunds": False})  # fmt: skip
    life = shop.life("captured_in_parts")
    # Another connector's, in a field that only a document's own page may show.
    shop.life("captured"), shop.life("captured")
    an_order(shop, 77, "746.00", **{FIELDS[field]: "10002"})
    an_invoice(shop, 902, "746.00", **{FIELDS[field]: "10003"})
    report = shop.run()
    assert sorted(shop.world.orders) == [77, 501]
    assert "order 77, invoice 902." in report.plan.warnings[0]
    order = shop.world.orders[501]
    ours = [one for one in shop.fortnox_invoices if getattr(one, FIELDS[field]) == "Q-10001"]
    assert getattr(order, FIELDS[field]) == "Q-10001"
    assert getattr(order, FIELDS[second]) == str(life.order)
    taken = lifecycle.captures(shop.world, life.order)
    assert [getattr(one, FIELDS[second]) for one in ours] == [
        f"{life.order}/{one.id}" for one in taken
    ]
    made = count(shop)
    shop.lose_the_database()
    lifecycle.pay_out(shop.world, [life.order])
    report = shop.run()
    assert count(shop) == (*made[:3], 2)
    assert [shop.world.invoices[one.number].balance for one in ours] == [0, 0]


def test_what_anybody_made_is_taken_over_and_the_run_says_so(order_shop: Open) -> None:
    shop = order_shop(**{"payment_reference_prefix": "Q-", "flows.refunds": False})
    plain, invoiced, cancelled = (shop.life("captured") for _ in range(3))
    an_order(shop, 77, "746.00", external1="10001")  # another connector's, without our prefix
    an_invoice(shop, 901, "746.00", external1="10001", booked=False)
    an_invoice(shop, 902, "746.00", external1="Q-10002")  # an invoice, and no order
    an_order(shop, 78, "746.00", external1="10003", cancelled=True)
    an_invoice(shop, 903, "-746.00", external1="10003")  # a credit invoice of something else
    report = shop.run()
    assert sorted(shop.world.orders) == [77, 78, 501]
    assert sorted(shop.world.invoices) == [901, 902, 903, 1001]
    assert shop.world.orders[501].external2 == str(cancelled.order)
    told = shop.outcomes(report, "new_order")
    assert told[str(plain.order)].reason == "found in Fortnox as 77"
    assert told[str(invoiced.order)].reason == "902 is there already (found by payout reference)"
    assert report.plan.warnings == [
        "documents in Fortnox that this program did not make carry references of its orders: "
        "order 77, invoice 901, invoice 902. If another connector makes orders or invoices too, "
        "let only one of them"
    ]
    # What it makes after us is told, and nothing else is made.
    an_order(shop, 79, "746.00", external1="10003")
    an_invoice(shop, 904, "746.00", external1="10003")
    before = count(shop)
    (warning,) = shop.run().plan.warnings
    assert "its orders: order 79, invoice 904." in warning
    assert count(shop) == before


def test_where_the_merchant_says_so_they_are_left_to_a_person(order_shop: Open) -> None:
    shop = order_shop(**{"existing_documents": "park", "flows.refunds": False})
    one, two, three = (shop.life("captured") for _ in range(3))
    an_order(shop, 77, "746.00", external1="10001")
    an_invoice(shop, 902, "746.00", external1="10002")
    an_order(shop, 78, "746.00", external1="10003")
    an_order(shop, 79, "746.00", external1="10003")
    report = shop.run()
    told = shop.outcomes(report, "new_order")
    assert {told[str(life.order)].state for life in (one, two, three)} == {"parked"}
    assert told[str(one.order)].reason == (
        "standing: 77 already carries its reference (found by payout reference)"
    )
    assert told[str(two.order)].reason.startswith("invoiced: 902 already carries its reference")
    assert told[str(three.order)].reason == (
        "standing: 2 documents are found by payout reference: 78, 79"
    )
    assert (sorted(shop.world.orders), sorted(shop.world.invoices)) == ([77, 78, 79], [902])
