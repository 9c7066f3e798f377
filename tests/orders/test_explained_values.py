"""Every value of the documents of all lives explains itself: worked out anew it is what was sent,
and each value in it has a rule, or a place in an answer."""

from __future__ import annotations

from collections.abc import Callable

from order_shop import OrderShop
from workbench.every_value import INTERNAL, every_kind, said, unexplained

from engine.sandbox.fortnox.orders import cancel_order
from engine.sandbox.lives.lifecycle import lot, secure, update
from engine.show.page import Text
from engine.show.value import page
from engine.workbench.explained import explain_field
from engine.workbench.seen import UNSEEN

from .kit import Lived
from .test_foreign_countries import shop_of, sold

Open = Callable[..., OrderShop]


def wrong_of(shop: OrderShop, *mappings: str) -> list[tuple[object, ...]]:
    """The values of these mappings' documents that come out otherwise than they were sent."""
    told = [one for one in every_kind(shop) if one.decided.mapping in mappings]
    assert {one.decided.mapping for one in told} == set(mappings)
    return [(one.decided.mapping, one.field, one.sent, one.anew) for one in told
            if one.anew is not UNSEEN or INTERNAL.search(said(one))]  # fmt: skip


def test_each_value_is_worked_out_as_it_was_sent_and_followed_down(lived: Lived) -> None:
    mappings, wrong = set(), []
    for one in every_kind(lived.shop):
        mappings.add(one.decided.mapping)
        text = said(one)
        if one.doubt or one.anew is not UNSEEN or unexplained(one) or INTERNAL.search(text):
            wrong.append((one.decided.mapping, one.field, one.doubt, one.anew, unexplained(one)))
    assert wrong == []
    assert mappings >= {"article", "customer", "new_order", "invoice"}


def test_what_was_sent_to_qliro_is_what_was_sent_whatever_shape_it_has_there(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.order_status": True})
    shop.life("private"), shop.life("company")
    shop.run()
    shop.deliver(shop.fortnox_orders[0].number)
    cancel_order(shop.world, str(shop.fortnox_orders[1].number))
    shop.run()
    assert wrong_of(shop, "shipment", "cancellation") == []


def test_the_number_that_only_the_path_of_a_request_names_was_sent(order_shop: Open) -> None:
    shop = order_shop()
    shirt, mug = lot("SHIRT", "400.00"), lot("MUG", "100.00")
    order = secure(shop.world, [shirt, mug]).id
    shop.known.append(str(order))
    shop.run()
    update(shop.world, order, [shirt])
    shop.run()
    assert wrong_of(shop, "changed_order") == []


def test_a_field_that_was_refused_and_left_out_is_told_as_that(order_shop: Open) -> None:
    shop = shop_of(order_shop)
    shop.world.company.english_countries = False
    order = sold(shop)
    shop.run()
    found = explain_field(shop.store, shop.merchant, str(order), "new_order:Country")
    text = "\n".join(part.text for part in page(found) if isinstance(part, Text))
    assert "with this field the document was refused, so it was sent again without" in text
    assert "the settings have changed since" not in text
