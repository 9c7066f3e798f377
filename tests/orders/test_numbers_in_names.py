"""A personal number that somebody glued to a name goes to no document and no customer's card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from order_shop import OrderShop

from engine.sandbox.lives.lifecycle import capture, lot, secure
from engine.sandbox.world.world import Address, Buyer

Open = Callable[..., OrderShop]
BUYER = Buyer()
ADDRESS = Address()
# Made of a day and zeros: nobody's.
MADE_UP = ("19010203-0000", "010203-0000", "190102030000", "0102030000", "010203 0000")


def names(shop: OrderShop, last: str, company: str | None = None) -> set[str]:
    """The names in all that is written of an order of such a buyer."""
    address = replace(ADDRESS, last=last, company=company)
    kind = {"kind": "Company", "number": "5560011982"} if company else {}
    order = secure(
        shop.world, [lot("VAS", "100.00")], billing=address, shipping=address,
        buyer=replace(BUYER, last=last, **kind),
    )  # fmt: skip
    capture(shop.world, order)
    shop.known.append(str(order.id))
    shop.run()
    paths = ("/3/customers", "/3/orders", "/3/invoices")
    sent = [json.loads(one.body) for one in shop.world.journal
            if one.method == "POST" and one.path in paths]  # fmt: skip
    heads = [next(iter(one.values())) for one in sent]
    assert len(heads) == 3
    fields = ("Name", "CustomerName", "DeliveryName")
    return {head[name] for head in heads for name in fields if name in head}


@pytest.mark.parametrize("number", MADE_UP)
@pytest.mark.parametrize("between", ["", " ", ", "])
def test_a_glued_number_is_left_out_of_every_name(
    order_shop: Open, number: str, between: str
) -> None:
    if between and number not in MADE_UP[:2]:
        return
    assert names(order_shop(), f"Testsson{between}{number}") == {"Test Testsson"}


def test_a_sole_traders_firm_keeps_its_name_alone(order_shop: Open) -> None:
    assert names(order_shop(), "Testsson", "Vaser 010203-0000") == {"Vaser"}


def test_numbers_that_are_nobodys_stay(order_shop: Open) -> None:
    assert names(order_shop(), "Testsson", "Bolaget 1902 Nr 12 AB") == {"Bolaget 1902 Nr 12 AB"}
