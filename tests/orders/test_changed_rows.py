"""A changed order holds the rows that Qliro holds now, and nothing of those that stood there.

Fortnox meets the rows of a change with the old ones by their place, field by field: what is not
sent stays.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.lives.lifecycle import capture, lot, secure, update

from .kit import chart
from .test_vat_of_another_country import DOMESTIC, KARI, NORWAY, OSLO, OWED

Open = Callable[..., OrderShop]
Told = list[tuple[str, int, Decimal, Decimal]]


def opened(order_shop: Open, row: dict[str, Any], **settings: Any) -> OrderShop:
    """A shop that sells to Norway by this row of its OSS table."""
    shop = order_shop(sales_accounts=[row, *DOMESTIC], **settings)
    chart(shop.world, 2650, 3105)
    return shop


def rows(document: Any) -> Told:
    """Of each row: article, account, quantity and price."""
    return [(row.article, row.account, row.ordered, row.price) for row in document.rows]


def sold(shop: OrderShop, *items: Any) -> int:
    """A reserved order to Norway; the runs that follow are told of it."""
    order = secure(shop.world, list(items), country="SE", billing=OSLO, shipping=OSLO, buyer=KARI)
    shop.known.append(str(order.id))
    return order.id


@pytest.mark.parametrize("included", [True, False])
def test_the_row_of_foreign_vat_takes_the_place_of_goods_and_not_their_article(
    order_shop: Open, included: bool
) -> None:
    """An export whose prices carry VAT: what is released takes its row with it."""
    shop = opened(order_shop, OWED, vat_included=included, **{"invoices.from": "order"})
    shirt, mug, socks = lot("TRÖJA", "400.00"), lot("MUGG", "100.00"), lot("STRUMPA", "79.00", 3)
    order = sold(shop, shirt, mug, socks)
    shop.run()
    update(shop.world, order, [shirt, socks])
    shop.run()
    (placed,) = shop.fortnox_orders
    assert (placed.total, placed.vat) == (637, 0)
    held: Told = [
        ("TRÖJA", 3105, Decimal(1), Decimal(320)), ("STRUMPA", 3105, Decimal(3), Decimal("63.20")),
        ("", 2650, Decimal(1), Decimal("127.40")),
    ]  # fmt: skip
    assert rows(placed) == held
    capture(shop.world, order)
    shop.run()
    (invoice,) = shop.fortnox_invoices
    assert (invoice.total, invoice.vat, rows(invoice)) == (637, 0, held)
    before = len(shop.requests("PUT", "/3/orders/"))
    shop.run()
    assert len(shop.requests("PUT", "/3/orders/")) == before


@pytest.mark.parametrize("included", [True, False])
def test_an_export_without_vat_is_changed_at_the_prices_that_were_sold(
    order_shop: Open, included: bool
) -> None:
    shop = opened(order_shop, NORWAY, vat_included=included)
    shirt, mug = lot("TRÖJA", "400.00", rate="0"), lot("MUGG", "33.33", 2, rate="0")
    order = sold(shop, shirt, mug)
    shop.run()
    update(shop.world, order, [mug])
    shop.run()
    (placed,) = shop.fortnox_orders
    assert (placed.total, placed.vat) == (Decimal("66.66"), 0)
    assert rows(placed) == [("MUGG", 3105, Decimal(2), Decimal("33.33"))]


def test_what_is_delivered_of_a_changed_order_is_captured_for_its_own_items(
    order_shop: Open,
) -> None:
    """The row of VAT counts in no delivery: it is none of the goods whose place it took."""
    shop = opened(order_shop, OWED, **{"flows.order_status": True})
    shirt, mug, socks = lot("TRÖJA", "400.00"), lot("MUGG", "100.00"), lot("STRUMPA", "80.00", 2)
    order = sold(shop, shirt, mug, socks)
    shop.run()
    update(shop.world, order, [shirt, socks])
    shop.run()
    (placed,) = shop.fortnox_orders
    shop.deliver(placed.number, 1)
    shop.run()
    taken = [t for t in shop.world.qliro_orders[order].transactions if t.type == "Capture"]
    assert [t.amount for t in taken] == [480]
