"""One shop for all tests that only look: it has lived every life, in one run and once more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.orders import goods

from .kit import SETTINGS, Lived, chart


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Every life, after a run over all of them."""
    shop = OrderShop(tmp_path_factory.mktemp("lived"), changes=dict(SETTINGS))
    chart(shop.world)
    lives = {name: shop.life(name) for name in LIVES}
    report = shop.run()
    return Lived(shop, lives, report, shop.run())


OTHERWISE: dict[str, Any] = {
    **SETTINGS,
    "use_merchant_reference": False,
    "vat_included": False,
    "sales_accounts": [{"country": "FI", "account": 3106}, {"account": 3001}],
    "payment_methods": [{"terms_of_payment": "30"}],
    "discounts.mixed_vat": "park",
    "invoices.book": False,
    "invoices.due_date": "invoice_date",
    "invoices.our_reference": "Anna",
    "invoices.your_reference": "Webben",
    "invoices.text": "Tack för ditt köp",
    "invoices.language": "EN",
    "invoices.way_of_delivery": "PN",
    "invoices.print_template": "qliro",
    "dimensions": [{"country": "SE", "cost_center": "WEB", "project": "7"}],
}


@pytest.fixture(scope="session")
def otherwise(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """A few lives of a merchant who has set nearly everything otherwise."""
    shop = OrderShop(tmp_path_factory.mktemp("otherwise"), changes=dict(OTHERWISE))
    chart(shop.world)
    shop.world.cost_centers["WEB"] = "Webben"
    shop.world.projects["7"] = "Qliro"
    shop.world.company.freight = Decimal("39.00")
    shop.world.company.administration_fee = Decimal("19.00")
    names = ("captured", "mixed_rates", "mixed_rate_discount", "company", "finnish")
    lives = {name: shop.life(name) for name in names}
    report = shop.run()
    return Lived(shop, lives, report, report)


@pytest.fixture(scope="session")
def of_orders(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Orders that changed at Qliro before their capture, then invoices of them; Fortnox answers
    ``createinvoice`` with the order. The reports are those after the changes and the captures."""
    shop = OrderShop(tmp_path_factory.mktemp("of_orders"), changes={
        "flows.refunds": False, "invoices.from": "order", "invoices.due_date": "invoice_date",
        "invoices.order_invoice_date": "capture",
    })  # fmt: skip
    world = shop.world
    world.company.createinvoice_answers = "Order"
    cancelled, fewer, other = (shop.life(one) for one in ("private", *["several_rows"] * 2))
    mixed = shop.life("mixed_rate_discount")
    shop.run()
    lifecycle.cancel(world, cancelled.order)
    lifecycle.update(world, fewer.order, goods()[:1])
    lifecycle.update(world, other.order, [*goods(), lifecycle.lot("NY-1", "50.00")])
    changed = shop.run()
    # A part is captured and the rest released before the next run.
    lifecycle.capture(world, other.order, {"TSHIRT-BLA-M": 1, "NY-1": 1})
    lifecycle.cancel(world, other.order)
    lifecycle.capture(world, fewer.order)
    lives = {"cancelled": cancelled, "fewer": fewer, "other": other, "mixed": mixed}
    return Lived(shop, lives, changed, shop.run())
