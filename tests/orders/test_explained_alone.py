"""`explain` shows what was asked for: an invoice that is only stored, a document by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from order_shop import OrderShop

from engine.errors import UsageError
from engine.report.explain import explain
from engine.sandbox.lives import lifecycle
from engine.show.explanation import page
from engine.show.page import Text

from .test_never_doubled import an_invoice
from .test_own_document import sold

Open = Callable[..., OrderShop]


def lines(found: dict[str, object]) -> list[str]:
    return [str(part.text) for part in page(found) if isinstance(part, Text)]


@pytest.mark.parametrize("ref", ["31", "SHOP-77", "998877"])
def test_an_invoice_that_is_only_stored_is_found_by_its_number_and_what_it_carries(
    order_shop: Open, ref: str
) -> None:
    shop = order_shop()
    an_invoice(shop, 31, "250.00", external1="SHOP-77", external2="998877")
    an_invoice(shop, 32, "99.00", external1="OTHER")
    shop.run()
    found = explain(shop.store, ref)
    assert [one["DocumentNumber"] for one in found["invoices"]] == ["31"]
    said = "\n".join(lines(found))
    for words in ("Invoice 31 of 2026-11-12 in Fortnox: 250.00 SEK",
                  "booked, 250.00 SEK left to pay",
                  "ExternalInvoiceReference1 SHOP-77, ExternalInvoiceReference2 998877",
                  "No line of a payout and no order here is matched with it."):  # fmt: skip
        assert words in said
    with pytest.raises(UsageError):
        explain(shop.store, "33")


def test_an_article_shows_itself_and_names_its_order(order_shop: Open) -> None:
    shop = order_shop()
    order = sold(shop, "100.00", "200.00", "300.00")
    lifecycle.capture(shop.world, order)
    shop.run()
    (number,) = [a for a in shop.world.articles if a == "B"]
    (told,) = explain(shop.store, number)["orders"]
    assert {one["mapping"] for one in told["items"]} == {"article"}
    assert {one["number"] or one["source"] for one in told["items"]} == {"B"}
    whole = explain(shop.store, str(order.id))["orders"][0]
    assert told["further_items"] == len(whole["items"]) - len(told["items"]) > 0
    assert whole["further_items"] == 0
    said = lines(explain(shop.store, number))
    assert f"ask for order {order.id}." in "\n".join(said)
    assert len(said) < len(lines(explain(shop.store, str(order.id)))) / 2


def test_an_invoice_of_ours_shows_its_story_and_no_second_time_as_stored(order_shop: Open) -> None:
    shop = order_shop()
    order = sold(shop, "100.00")
    lifecycle.capture(shop.world, order)
    shop.run(), shop.run()
    found = explain(shop.store, "1001")
    (told,) = found["orders"]
    assert [one["mapping"] for one in told["items"]] == ["invoice"]
    assert found["invoices"] == []


def test_a_reservation_is_told_as_its_order(order_shop: Open) -> None:
    shop = order_shop()
    order = sold(shop, "100.00")
    shop.run()
    (reserved,) = order.transactions
    assert explain(shop.store, str(reserved.id)) == explain(shop.store, str(order.id))
