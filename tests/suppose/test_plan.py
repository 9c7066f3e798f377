"""A plan with what follows from it: shown and marked, kept apart, posted by nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from order_shop import OrderShop

from engine import session as sessions
from engine.apply import apply
from engine.plan import saved
from engine.scope import Scope
from engine.show import planned as view
from engine.suppose.rounds import NUMBERS, Followed
from engine.suppose.told import as_data


def ahead(shop: OrderShop) -> tuple[sessions.Plan, Followed]:
    scope = Scope(None, tuple(shop.known))
    with shop.session() as opened:
        return sessions.plan_ahead(opened, sessions.sync(opened, scope), scope)


def test_what_follows_is_marked_and_apply_posts_none_of_it(
    order_shop: Callable[..., OrderShop], tmp_path: Path
) -> None:
    shop = order_shop()
    order = shop.life("captured").order
    made, followed = ahead(shop)
    told = [getattr(one, "text", "") for one in view.page(made, followed)]
    number = next(iter(one for one in followed.stands.values() if one.target == "fortnox.customer"))
    assert int(number.number) > NUMBERS
    assert f"follows, as if customer {number.number} stood" in told
    assert f"+ CustomerNumber: as if {number.number}" in told
    assert told[-1] == "4 documents to post; 2 more follow, and are planned again once those stand."

    data = {**saved.as_data("shop", made, shop.clock.now()), "follows": as_data(followed)}
    later = {one["action"]: one for one in data["follows"]["actions"]}
    assert later.keys() == {f"new_order-{order}", next(a for a in later if a.startswith("invoice"))}
    (as_if,) = later[f"new_order-{order}"]["as_if"]
    assert as_if["called"] == f"customer {number.number}"
    file = tmp_path / "plan.json"
    saved.write(file, data)
    with shop.session() as opened:
        apply(opened, saved.read(file))
    assert {name for name, _ in shop.world.made} == {"article", "customer"}
    assert shop.fortnox_orders == []
    assert str(NUMBERS)[:4] not in str(shop.store.rows("SELECT document FROM ledger.action"))


def test_a_run_supposes_nothing_and_neither_does_a_plan_that_posts_nothing(
    order_shop: Callable[..., OrderShop], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing is to be supposed")

    monkeypatch.setattr("engine.store.supposed.supposed", refuse)
    shop = order_shop()
    shop.life("captured")
    shop.run()
    assert ahead(shop)[1].actions == []
