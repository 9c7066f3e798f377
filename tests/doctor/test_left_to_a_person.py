"""What the rules in force leave to a person is counted by rule, open or posted, with an example."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from flows.test_fee_vat import fee, lump
from older.living import opened as lived
from older.living import restore
from older.scenes import SCENES, Scene
from older.test_older_merchants import BUILDS
from order_shop import OrderShop
from orders.kit import chart
from orders.test_vat_of_another_country import sold
from shop import OpenShop, Shop

from engine import session as sessions
from engine.doctor import parked
from engine.doctor.result import Result
from engine.sandbox.history import new_sale, settle
from engine.sandbox.lives.lifecycle import capture, lot
from engine.store.database import in_memory, writing

from .kit import every_flow, found, well

CHECK = "left_to_a_person"
HOME = [{"region": "domestic", "rate": rate, "account": 3001} for rate in (25, 12, 6, 0)]
GERMAN = {"country": "DE", "rate": 19, "account": 3002}


class NoStreet(httpx.BaseTransport):
    """Whoever asks a server fails the test."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"asked {request.url}")


def told(shop: Shop, **how: Any) -> list[Result]:
    return found(shop, CHECK, transport=NoStreet(), **how)


def sold_to_germany(order_shop: Callable[..., OrderShop]) -> OrderShop:
    """An order with an account of its own is posted, and captured and invoiced; one of home too."""
    shop = every_flow(order_shop, sales_accounts=[*HOME, GERMAN])
    shop.life("german")
    capture(shop.world, shop.life("private").order)
    shop.run()
    assert len(shop.fortnox_invoices) == 2
    return shop


def test_where_no_rule_stops_anything_that_is_said_with_what_was_looked_at(
    order_shop: Callable[..., OrderShop],
) -> None:
    (one,) = told(sold_to_germany(order_shop))
    assert one.severity == "ok"
    assert one.what == (
        "Of 2 orders and 2 captures of the last 60 days the rules leave nothing to a person."
    )


def test_what_is_posted_already_and_would_be_parked_today_is_counted(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = sold_to_germany(order_shop)
    shop.settings({"sales_accounts": HOME})
    orders, captures = told(shop)
    assert orders.severity == captures.severity == "warning"
    assert orders.what.startswith("1 of 2 orders of the last 60 days would be left to a person: ")
    assert "no row of sales_accounts fits DE with 19 % VAT" in orders.what
    german = min(shop.known)
    assert orders.why == (
        f"1 is posted already and stays as it is ({german}): see that it is right; what comes like "
        "it is parked."
    )
    assert "give it its account in sales_accounts" in orders.remedy
    assert "new_order.yaml:" in orders.where
    assert captures.what.startswith("1 of 2 captures of the last 60 days")


def test_what_is_open_and_the_next_run_parks_is_counted_before_it_runs(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = sold_to_germany(order_shop)
    shop.settings({"sales_accounts": HOME})
    later = shop.life("german")
    with shop.session() as opened:
        sessions.sync(opened, sessions.Scope(None, (str(later.order),)))
    orders, _ = told(shop)
    assert orders.what.startswith("2 of 3 orders of the last 60 days")
    assert f": {later.order}, for example" in orders.what
    assert orders.why.startswith("1 is open, and the next run parks it; 1 is posted already")


def test_vat_of_another_country_is_told_apart_from_an_account_that_is_missing(
    order_shop: Callable[..., OrderShop],
) -> None:
    norway = {"country": "NO", "region": "export", "account": 3105}
    owed = {**norway, "rate": 25, "vat_account": 2650}
    shop = every_flow(order_shop, sales_accounts=[owed, GERMAN, *HOME])
    chart(shop.world, 2650, 3105)
    shop.life("german")
    sold(shop, lot("TRÖJA", "400.00"))
    sold(shop, lot("KOFTA", "800.00"))
    shop.run()
    shop.settings({"sales_accounts": [norway, *HOME]})
    orders = [one for one in told(shop) if " orders " in one.what]
    assert ["carry VAT" in one.what for one in orders] == [True, False]
    assert orders[0].what.startswith("2 of 3 orders of the last 60 days")
    assert "to NO (export) has none: name the account" in orders[0].what
    assert orders[1].what.startswith("1 of 3 orders of the last 60 days")
    assert "fits DE with 19 % VAT" in orders[1].what


def test_what_the_last_run_parked_is_no_news(order_shop: Callable[..., OrderShop]) -> None:
    shop = every_flow(order_shop, sales_accounts=HOME)
    shop.life("german")
    shop.run()
    (one,) = told(shop)
    assert one.severity == "ok"
    assert one.what.endswith("leave nothing to a person but 1 that is parked already.")


def test_what_is_older_than_sixty_days_is_not_counted(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = sold_to_germany(order_shop)
    shop.settings({"sales_accounts": HOME})
    shop.later(days=61)
    (one,) = told(shop)
    assert one.severity == "ok"


def test_of_more_than_are_looked_at_the_newest_days_are_and_that_is_said(
    order_shop: Callable[..., OrderShop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = sold_to_germany(order_shop)
    shop.later(days=3)
    capture(shop.world, shop.life("private").order)
    shop.run()
    shop.settings({"sales_accounts": HOME})
    newest = shop.store.value("SELECT max(OrderDate) FROM qliro.order_sum")
    monkeypatch.setattr(parked, "MOST_ORDERS", 2)
    (one,) = told(shop)
    assert one.severity == "ok"
    assert one.what.startswith(f"Of 1 order and 1 capture since {newest} (the newest)")


def test_a_fee_that_is_posted_and_is_doubted_today_is_counted(shop: OpenShop) -> None:
    opened = shop(well(), **{"fees.vat_tolerance": 2})
    lump(opened, "12.60", "10.00")
    assert [one["state"] for one in opened.lines(Type="Fee")] == ["posted"]
    opened.settings({"fees.vat_tolerance": 0.01})
    (one,) = told(opened)
    assert one.what.startswith("1 of 1 fee of the last 60 days would be left to a person: ")
    assert "its VAT would be 2.60" in one.what
    assert one.why.startswith("1 is posted already and stays as it is")
    assert "settlement_line.yaml:" in one.where


def test_a_fee_that_is_doubted_is_counted_before_a_run_has_looked_at_it(shop: OpenShop) -> None:
    opened = shop(well())
    sale = new_sale(opened.world, Decimal("500.00"))
    settle(opened.world, [sale.line, fee(sale.line, "10.00", "9.00")])
    with opened.session() as session:
        sessions.sync(session)
    (one,) = told(opened)
    assert one.what.startswith("1 of 1 fee of the last 60 days")
    assert one.why == "1 is open, and the next run parks it."


def test_nothing_that_is_stored_changes_and_nobody_is_asked(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = sold_to_germany(order_shop)
    shop.settings({"sales_accounts": HOME})
    before = rows(shop)
    told(shop)
    assert rows(shop) == before


def rows(shop: Shop) -> dict[str, Any]:
    tables = shop.store.rows(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT temporary"
    )
    return {
        name: shop.store.value(f"SELECT md5(string_agg(t::VARCHAR, '|' ORDER BY t::VARCHAR)) "
                               f"FROM {name} AS t")
        for one in tables if (name := f'{one["schema_name"]}."{one["table_name"]}"')
    }  # fmt: skip


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_database_of_an_earlier_version_is_looked_at_in_a_copy(
    scene: Scene, tmp_path: Path
) -> None:
    state, world, _ = restore(scene, BUILDS[0], tmp_path)
    shop = lived(scene, tmp_path, in_memory(), world)
    stored = (state / f"{scene.name}.duckdb").rename(shop.merchant.database)
    before = stored.read_bytes()
    results = told(shop, state=None)
    assert all("could not be checked" not in one.what for one in results)
    assert all("of the last 60 days" in one.what for one in results)
    assert stored.read_bytes() == before
    assert sorted(one.name for one in state.iterdir()) == [stored.name]


def test_the_readers_copy_is_enough_and_stays_as_it_is(shop: OpenShop) -> None:
    opened = shop(well(), **{"fees.vat_tolerance": 2})
    merchant = opened.merchant
    with writing(merchant.database.parent, merchant.name) as store:
        opened.store = store
        lump(opened, "12.60", "10.00")
    opened.settings({"fees.vat_tolerance": 0.01})
    files = [one for one in merchant.database.parent.rglob("*") if one.is_file()]
    before = {one: one.read_bytes() for one in files}
    (one,) = told(opened, state=None)
    assert one.what.startswith("1 of 1 fee of the last 60 days")
    after = [one for one in merchant.database.parent.rglob("*") if one.is_file()]
    assert {one: one.read_bytes() for one in after} == before


def test_where_there_is_no_room_for_a_copy_that_is_said(tmp_path: Path) -> None:
    scene = SCENES[0]
    state, world, _ = restore(scene, BUILDS[0], tmp_path)
    shop = lived(scene, tmp_path, in_memory(), world)
    (state / f"{scene.name}.duckdb").rename(shop.merchant.database)
    (one,) = told(shop, state=None, free=lambda folder: 1000)
    assert "there is no room for a copy" in one.what
    assert "qliro-fortnox plan" in one.remedy
