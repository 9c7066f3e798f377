"""What a push brings about: its order is read at Qliro, soon, once, and becomes known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from order_shop import OrderShop

from engine.extract.orders import OrderScope, orders_to_ask
from engine.extract.raw import COLUMNS
from engine.store.answers import append_answers
from engine.store.database import Store, in_memory
from engine.webhooks.inbox import Inbox
from engine.webhooks.push import Push, line_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCOPE = OrderScope(first=date(2026, 10, 1))


@pytest.fixture
def store() -> Store:
    return in_memory()


def pushed(store: Store, order: int, status: str = "Completed", kind: str = "checkout-status",
           at: datetime = NOW) -> None:  # fmt: skip
    store.append("raw.push", [[at, kind, order, status]],
                 ["received_at", "kind", "OrderId", "Status"])  # fmt: skip


def answered(store: Store, order: int, status: int, at: datetime = NOW, problem: str = "") -> None:
    values = [at, "network", "qliro", "order", "GET", f"/orders/{order}", "", status, "", ""]
    append_answers(store, [[*values, problem or None]], COLUMNS)


def ask(store: Store, at: datetime = NOW, scope: OrderScope = SCOPE) -> list[int]:
    return orders_to_ask(store, at, scope)


def test_a_pushed_order_is_asked_for_until_it_was_read(store: Store) -> None:
    for _ in range(2):  # duplicates ask once
        pushed(store, 7)
    assert ask(store) == [7]
    answered(store, 7, 503)  # a server's trouble is no answer
    answered(store, 7, 401)
    assert ask(store) == [7]
    answered(store, 7, 200)
    assert ask(store) == []
    pushed(store, 7, "Success", "order-management")
    assert ask(store) == [7]


def test_pushes_that_come_out_of_order_ask_all_the_same(store: Store) -> None:
    pushed(store, 7, "Completed", at=NOW)
    pushed(store, 7, "InProcess", at=NOW - timedelta(hours=1))
    assert ask(store) == [7]


@pytest.mark.parametrize("status", ["InProcess", "Refused"])
def test_a_checkout_that_was_not_completed_asks_for_nothing(store: Store, status: str) -> None:
    pushed(store, 7, status)
    assert ask(store) == []
    pushed(store, 7, "OnHold")
    assert ask(store) == [7]


def test_an_order_that_qliro_does_not_find_is_asked_for_again_for_three_days(store: Store) -> None:
    pushed(store, 7)
    answered(store, 7, 404)
    assert ask(store) == []
    day = NOW + timedelta(days=1, seconds=1)
    assert ask(store, day) == [7]
    answered(store, 7, 404, day)
    assert ask(store, day) == []
    assert ask(store, day + timedelta(days=1, seconds=1)) == [7]
    assert ask(store, day + timedelta(days=3)) == []


def test_an_order_whose_answer_can_not_be_read_is_asked_for_by_every_run(store: Store) -> None:
    pushed(store, 7)
    answered(store, 7, 200, NOW, problem="the body is empty")
    assert ask(store) == [7]
    assert ask(store, NOW + timedelta(days=30)) == [7]
    answered(store, 7, 200, NOW + timedelta(days=30))
    assert ask(store, NOW + timedelta(days=30)) == []


def test_without_a_flow_of_orders_a_push_asks_for_nothing(store: Store) -> None:
    pushed(store, 7)
    assert ask(store, scope=OrderScope(settled=False, refreshed=False, pushed=False)) == []


def push(shop: OrderShop, *orders: int, status: str = "Success") -> None:
    """The receiver took these pushes."""
    inbox = Inbox(shop.merchant.inbox)
    now = shop.clock.now()
    inbox.add([line_of(Push(now, "order-management", order, status)) for order in orders])
    inbox.close()


def test_a_pushed_order_becomes_an_order_in_fortnox(order_shop: Callable[..., OrderShop]) -> None:
    shop = order_shop()
    life = shop.life("private")
    shop.known.clear()  # nobody names it
    shop.run()
    assert shop.fortnox_orders == []
    push(shop, *life.orders, *life.orders)
    shop.run()
    assert len(shop.fortnox_orders) == 1
    assert not list(Path(shop.merchant.inbox).iterdir())
    push(shop, *life.orders)  # replayed
    shop.run()
    assert len(shop.fortnox_orders) == 1


def test_a_forged_push_makes_no_order(order_shop: Callable[..., OrderShop]) -> None:
    shop = order_shop()
    shop.life("private")
    shop.known.clear()
    push(shop, 999_999_999, status="Completed")
    report = shop.run()
    assert shop.fortnox_orders == []
    assert [one.code for one in report.findings.findings] == ["order-not-read"]


def test_a_pushed_order_is_read_before_its_refresh_is_due(
    order_shop: Callable[..., OrderShop],
) -> None:
    shop = order_shop(**{"sync.order_refresh_hours": 720})
    life = shop.life("private")
    push(shop, *life.orders)
    shop.known.clear()
    shop.run()

    def asked() -> int:
        count = shop.store.value("SELECT count(*) FROM raw.answer WHERE endpoint = 'order'")
        return int(count)

    once = asked()
    shop.run()
    assert asked() == once
    push(shop, *life.orders)
    shop.run()
    assert asked() == once + 1
