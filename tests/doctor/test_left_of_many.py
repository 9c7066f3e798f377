"""What this build has posted itself is nothing that its rules would stop, whatever was lived."""

from __future__ import annotations

from collections.abc import Callable

from order_shop import OrderShop
from shop import OpenShop, Shop

from engine import session as sessions
from engine.doctor.parked import Left, count
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.troubles.by_name import TROUBLES

from .kit import every_flow, well


def news(shop: Shop) -> list[Left]:
    """What is counted and no run has parked."""
    _, program = sessions.load_mappings(shop.merchant)
    counted = count(shop.merchant, program, shop.store, shop.world.today())
    assert counted.of.total() > 50
    return [one for one in counted.left if one.now != "parked"]


def test_of_what_a_shop_of_every_life_has_posted_nothing_is_counted(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = every_flow(order_shop)
    for name in LIVES:
        shop.life(name)
    shop.run()
    shop.run()
    assert news(shop) == []


def test_of_what_is_posted_of_every_trouble_nothing_is_counted(shop: OpenShop) -> None:
    opened = shop(well())
    for name, made in TROUBLES.items():
        if "company" not in made.__module__:  # which keep a run from beginning
            opened.trouble(name)
    opened.run()
    opened.later(days=1)
    opened.run()
    assert opened.lines(state="posted")
    assert news(opened) == []
