"""What the tests of `doctor` share: worlds in which all is well, cases, and what is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
from order_shop import OrderShop
from shop import Shop

from engine.doctor.checks import CHECKS
from engine.doctor.examine import examine
from engine.doctor.result import Result
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.by_name import shop as shop_of_lives
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import Article, FinancialYear, Order, World

TOKEN = "shop-" + "a" * 40


PLENTY = 100 * 1024**3


Change = Callable[[World], object]


def well(world: World | None = None) -> World:
    """A company in which nothing is wrong for a shop that has its payouts booked."""
    world = world or empty_world()
    world.years[3] = FinancialYear(3, date(2027, 1, 1), date(2027, 12, 31))
    return world


def found(shop: Shop, check: str | None = None, **how: Any) -> list[Result]:
    """What the examination of a shop finds: all of it, or what one check does."""
    given = {"free": lambda folder: PLENTY, "state": shop.store, **how}
    street = given.pop("transport", None) or SandboxTransport(shop.world)
    checks = [one for one in CHECKS if check in (None, one.name)]
    return examine(shop.merchant, shop.clock, street, checks=checks, **given)


@dataclass(frozen=True)
class Case:
    """A world that provokes a check: what is changed, and words of what a person then reads."""

    check: str
    name: str
    change: Change
    severity: str
    words: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)


def expect(case: Case, opened: Shop, **how: Any) -> None:
    """What a person reads of it: what, why, what to do, where."""
    told = [one for one in found(opened, case.check, **how) if one.severity != "ok"]
    assert [one.severity for one in told][:1] == [case.severity]
    assert told[0].why
    assert told[0].remedy
    assert told[0].where
    text = f"{told[0].what}\n{told[0].why}\n{told[0].remedy}\n{told[0].where}"
    for words in case.words:
        assert words in text


def trouble(name: str) -> Change:
    return TROUBLES[name]


def many(name: str) -> Change:
    """Three payouts of a trouble."""

    def changed(world: World) -> None:
        for _ in range(3):
            TROUBLES[name](world)

    return changed


def account(number: int, **change: Any) -> Change:
    def changed(world: World) -> None:
        world.accounts[number] = replace(world.accounts[number], **change)

    return changed


LIVE = {
    "environment": "live",
    "qliro.base_url": "https://payments.qit.nu",
    "fortnox.base_url": "https://api.fortnox.se",
    "fortnox.auth_url": "https://apps.fortnox.se/oauth-v1",
}
READY = {"fortnox.access_token": {"file": "secrets.yaml", "key": "token"}}
REFUNDS = {
    "flows.refunds": True,
    "orders_from": "2026-09-01",
    "qliro.plus_api_key": {"env": "QLIRO_PLUS_API_KEY"},
    "qliro.plus_api_secret": {"env": "QLIRO_PLUS_API_SECRET"},
}


def every_flow(order_shop: Callable[..., OrderShop], **settings: Any) -> OrderShop:
    """A shop with every flow on in which all is well."""
    world = well(shop_of_lives())
    world.access.scopes.add("warehouse")
    for number in ("refund_fee", "refund_discrepancy"):
        world.articles[number] = Article(number, number, world.now(), fields={"Type": "SERVICE"})
    return order_shop(world, **{"flows.order_status": True, **settings})


class Street(SandboxTransport):
    """The sandbox, and at another address whatever answers GETs there."""

    def __init__(self, world: World, status: int = 405, body: str = '{"refused":"wrong-method"}'):
        super().__init__(world)
        self.status, self.body, self.asked = status, body, list[str]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "push.example.se":
            return super().handle_request(request)
        self.asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(self.status, text=self.body, request=request)


RECEIVER = {
    "webhooks.public_url": "https://push.example.se/qliro",
    "webhooks.token": {"file": "secrets.yaml", "key": "push"},
}


def an_order(terms: str = "QLIRO") -> Change:
    """An order of Qliro's stands in Fortnox with these terms of payment."""

    def changed(world: World) -> None:
        bought = world.qliro_orders[LIVES["private"](world).orders[0]]
        world.terms[terms] = terms
        world.orders[101] = Order(
            101, world.today(), Decimal(199), world.now(), external1=bought.reference, terms=terms
        )

    return changed
