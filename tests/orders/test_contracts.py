"""What is sent to Fortnox for customers, articles, orders, invoices, held against its document."""

from __future__ import annotations

import pytest
from contracts.test_what_we_send import CONTRACTS, misfits, operations

from engine.sandbox.world.world import Entry, World

from .kit import Lived

pytestmark = pytest.mark.skipif(
    not CONTRACTS.exists(), reason=f"the official documents are not at {CONTRACTS}"
)


def writes(world: World) -> list[Entry]:
    return [one for one in world.journal if one.method != "GET" and one.path.startswith("/3/")]


def test_every_document_fits_the_official_one(lived: Lived, otherwise: Lived) -> None:
    for shop in (lived.shop, otherwise.shop):
        journal = writes(shop.world)
        assert misfits(journal) == []
        assert {"/3/customers", "/3/articles", "/3/orders", "/3/invoices"} <= {
            template for _, template, _ in operations(journal)
        }


def test_so_do_the_changes_of_orders_and_what_is_made_of_them(of_orders: Lived) -> None:
    journal = writes(of_orders.shop.world)
    assert misfits(journal) == []
    assert {
        "/3/orders/{DocumentNumber}", "/3/orders/{DocumentNumber}/cancel",
        "/3/orders/{DocumentNumber}/createinvoice", "/3/invoices/{DocumentNumber}",
        "/3/invoices/{DocumentNumber}/bookkeep",
    } <= {template for _, template, _ in operations(journal)}  # fmt: skip
