"""What a sync asks of both systems depends on the flows that are on."""

from __future__ import annotations

from datetime import date

import pytest
from shop import OpenShop, Shop

from engine import session as sessions
from engine.extract.raw import Report
from engine.stage.staging import stage
from engine.store.database import in_memory

DOCUMENTS = ("/3/customers", "/3/articles", "/3/orders", "/3/termsofpayments", "/3/projects")


def synced(shop: Shop, **more: object) -> Report:
    """Sync both, without planning."""
    with shop.session() as opened:
        report = sessions.sync_all(
            shop.merchant, shop.store, (opened.qliro, opened.fortnox), opened.tell, **more
        )
        report.findings += stage(shop.store).problems
        return report


def asked(shop: Shop) -> set[str]:
    return {entry.path for entry in shop.world.journal if entry.method == "GET"}


def orders_asked(shop: Shop) -> list[str]:
    return [path for path in sorted(asked(shop)) if "/v2/orders/" in path]


def test_payouts_ask_for_no_orders_and_no_customers(shop: OpenShop) -> None:
    one = shop()
    one.store = in_memory()
    one.trouble("clean_sale")
    synced(one)
    assert orders_asked(one) == []
    assert not asked(one) & set(DOCUMENTS)


@pytest.mark.parametrize("flow", ["orders", "invoices", "refunds"])
def test_a_flow_of_orders_asks_for_those_that_lines_name_and_for_documents(
    shop: OpenShop, flow: str
) -> None:
    one = shop()
    one.store = in_memory()
    one.settings({f"flows.{flow}": True, "orders_from": "2026-01-01"})
    if flow == "refunds":
        names = ("plus_api_key", "plus_api_secret")
        one.settings({f"qliro.{name}": {"env": f"QLIRO_{name.upper()}"} for name in names})
    one.trouble("clean_sale")
    assert synced(one).findings == []
    named = one.store.rows(
        "SELECT DISTINCT OrderId FROM qliro.settlement_line WHERE OrderId > 0 ORDER BY OrderId"
    )
    wanted = [f"/checkout/adminapi/v2/orders/{row['OrderId']}" for row in named]
    assert orders_asked(one) == sorted(wanted) != []
    assert set(DOCUMENTS) <= asked(one)
    assert one.store.value('SELECT count(*) FROM qliro."order"') == len(wanted)


def test_order_status_alone_asks_for_no_orders_that_lines_name(shop: OpenShop) -> None:
    one = shop()
    one.store = in_memory()
    one.settings({"flows.order_status": True})
    one.trouble("clean_sale")
    synced(one)
    assert orders_asked(one) == []
    assert set(DOCUMENTS) <= asked(one)


def test_single_orders_and_a_period_are_asked_for_whatever_the_flows(shop: OpenShop) -> None:
    one = shop()
    one.store = in_memory()
    one.trouble("clean_sale")
    synced(one)
    line = one.store.rows("SELECT * FROM qliro.settlement_line WHERE OrderId > 0 LIMIT 1")[0]
    synced(one, orders=[line["MerchantOrderReference"]])
    assert orders_asked(one) == [f"/checkout/adminapi/v2/orders/{line['OrderId']}"]
    synced(one, since=date(2020, 1, 1))
    named = one.store.value(
        "SELECT count(DISTINCT OrderId) FROM qliro.settlement_line WHERE OrderId > 0"
    )
    assert len(orders_asked(one)) == named
