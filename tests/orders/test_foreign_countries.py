"""Documents name a country that is not the company's own, by the name that Fortnox knows it by.

Refused, they are sent once more without it: a refusal is a clear answer, and nothing was made.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from order_shop import OrderShop

from engine.language.targets import target
from engine.report.explain import explain
from engine.sandbox.lives.lifecycle import capture, lot, secure
from engine.sandbox.transport import Killed
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import Address

from .kit import chart
from .test_vat_of_another_country import DOMESTIC, KARI, NORWAY, OSLO

Open = Callable[..., OrderShop]
HOME = Address("Kari", "Nordmann", None, "Storgatan 2", None, "11122", "Stockholm", "SE")


def shop_of(order_shop: Open, **settings: Any) -> OrderShop:
    shop = order_shop(sales_accounts=[NORWAY, *DOMESTIC], **settings)
    chart(shop.world, 3105)
    return shop


def sold(shop: OrderShop, billing: Address = OSLO, shipping: Address = OSLO) -> int:
    rate = "0" if shipping.country == "NO" else "25"
    order = secure(
        shop.world, [lot("VAS", "100.00", rate=rate)], country="SE", billing=billing,
        shipping=shipping, buyer=KARI,
    )  # fmt: skip
    capture(shop.world, order)
    shop.known.append(str(order.id))
    return order.id


def countries(shop: OrderShop, path: str) -> list[tuple[object, object]]:
    """Country and DeliveryCountry of what was posted there."""
    sent = [
        json.loads(one.body) for one in shop.world.journal
        if one.method == "POST" and one.path == path
    ]  # fmt: skip
    heads = [next(iter(one.values())) for one in sent]
    return [(head.get("Country"), head.get("DeliveryCountry")) for head in heads]


@pytest.mark.parametrize(
    ("billing", "shipping", "told"),
    [(OSLO, OSLO, ("Norway", "Norway")), (OSLO, HOME, ("Norway", None)),
     (HOME, OSLO, (None, "Norway")), (HOME, HOME, (None, None))],
)  # fmt: skip
def test_a_foreign_country_stands_in_orders_and_invoices_by_its_english_name(
    order_shop: Open, billing: Address, shipping: Address, told: tuple[object, object]
) -> None:
    shop = shop_of(order_shop)
    sold(shop, billing, shipping)
    report = shop.run()
    assert countries(shop, "/3/orders") == countries(shop, "/3/invoices") == [told]
    assert report.plan.warnings == [one for one in report.plan.warnings if "Country" not in one]


def test_refused_it_is_sent_once_more_without_and_the_run_says_so(order_shop: Open) -> None:
    shop = shop_of(order_shop)
    shop.world.company.english_countries = False
    order = sold(shop)
    report = shop.run()
    for path in ("/3/orders", "/3/invoices"):
        assert countries(shop, path) == [("Norway", "Norway"), (None, None)]
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (1, 1)
    assert report.exit_code == 0
    (warning,) = [one for one in report.plan.warnings if one.startswith("sent without Country")]
    assert "land Norway" in warning
    assert f"new order {order}" in warning
    assert f"invoice {order}/" in warning
    # And it is explained afterwards, with both requests.
    (told,) = explain(shop.store, str(order))["orders"]
    (made,) = [one for one in told["items"] if one["mapping"] == "new_order"]
    assert [one["event"] for one in made["events"]][:4] == ["sending", "refused", "sending", "done"]
    written = [*shop.requests("POST", "/3/"), *shop.requests("PUT", "/3/")]
    shop.run()
    assert [*shop.requests("POST", "/3/"), *shop.requests("PUT", "/3/")] == written


def test_what_is_refused_for_something_else_is_not_sent_again() -> None:
    for name in ("fortnox.order", "fortnox.invoice"):
        aim, document = target(name), {"Country": "Norway", "CustomerNumber": "1"}
        assert aim.spared(document, "Kunde inte hämta/hitta land Norway") == ("Country",)
        assert aim.spared({"CustomerNumber": "1"}, "Kunde inte hämta/hitta land Norway") == ()
        for other in ("Kunde inte hitta konto", "Kunde inte hämta/hitta utländsk enhet", ""):
            assert aim.spared(document, other) == ()
    assert target("fortnox.voucher").spared({"Country": "Norway"}, "land") == ()


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "kill_before", "kill_after"])
@pytest.mark.parametrize("nth", [1, 2])
def test_when_either_sending_is_lost_it_is_looked_for_before_anything_else(
    order_shop: Open, kind: str, nth: int
) -> None:
    """Unknown is not failed: there is one order, whichever had arrived."""
    shop = shop_of(order_shop)
    shop.world.company.english_countries = False
    order = sold(shop)
    plan(shop.world, Fault(kind, nth=nth, method="POST", path=r"/3/orders$"))
    for _ in range(3):
        with contextlib.suppress(Killed):
            shop.run()
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (1, 1)
    ids = {row["action"] for row in shop.store.rows(
        "SELECT DISTINCT action FROM ledger.action WHERE mapping = 'new_order'")}  # fmt: skip
    assert len(ids) == 1, order
