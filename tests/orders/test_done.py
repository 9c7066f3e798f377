"""What needed no document is done, and posted only what stands in Fortnox or at Qliro."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from older.living import opened as opened_again
from older.living import restore
from older.scenes import SCENES
from order_shop import OrderShop
from shop import texts

from engine.report.explain import explain
from engine.report.status import status
from engine.sandbox.lives.lifecycle import captures, lot, secure, update
from engine.show import ran
from engine.show.explanation import page as explained
from engine.show.orders import orders_page
from engine.store.database import writing

OpenShop = Callable[..., OrderShop]
STORED = Path(__file__).parent.parent / "older" / "f7b183f"


def test_an_order_that_nobody_changed_or_cancelled_needs_neither_to_be_told(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**{"flows.order_status": True, "order_status.cancel": True,
                         "qliro_methods": ["QLIRO"]})  # fmt: skip
    order = str(secure(shop.world, [lot("KANNA", "300.00", 2)]).id)
    shop.known.append(order)
    shop.run()
    report = shop.run()
    by_state = Counter(one.state for one in report.plan.outcomes)
    sent = Counter(one.state for one in report.plan.outcomes if one.action)
    done = [one for one in report.plan.outcomes if one.state == "done"]
    assert {one.mapping for one in done} == {"cancellation", "changed_order"}
    assert all(one.action is None and one.code == "nothing-to-book" for one in done)
    assert by_state["posted"] == sent["posted"]
    assert ran.data(report)["orders"]["done"] == len(done)
    assert f"{len(done)} done" in texts(ran.page("shop", report))
    found = status(shop.store, shop.clock.now().date(), 14)
    counts = {(row["mapping"], row["state"]): row["items"] for row in found["orders"]["counts"]}
    assert counts["changed_order", "done"] == 1
    assert ("changed_order", "posted") not in counts
    assert "Done" in texts(orders_page(found))
    told = texts(explained(explain(shop.store, order), whole=False))
    assert f"changed order {order}: done, nothing was needed: " in told


def test_what_was_shipped_goes_on_being_told_with_each_shipment(order_shop: OpenShop) -> None:
    """Nothing is left to ship once the money is captured, and nothing else tells who did it."""
    shop = order_shop(**{"flows.order_status": True, "order_status.when": "delivered",
                         "qliro_methods": ["QLIRO"]})  # fmt: skip
    order = secure(shop.world, [lot("KANNA", "300.00", 2)]).id
    shop.known.append(str(order))
    shop.run()
    (made,) = shop.fortnox_orders
    for quantity in (1, 2):
        shop.deliver(made.number, quantity)
        for _ in range(3):
            report = shop.run()
    first, second = [str(one.id) for one in captures(shop.world, order)]
    told = shop.outcomes(report, "shipment")[str(order)]
    assert (told.state, second in told.reason) == ("posted", True)
    found = status(shop.store, shop.clock.now().date(), 14)
    counts = {(row["mapping"], row["state"]): row["items"] for row in found["orders"]["counts"]}
    assert counts["shipment", "posted"] == 1
    explained_ = texts(explained(explain(shop.store, str(order)), whole=False))
    assert f"done as {first}" in explained_.replace("(201) ", "").replace("(200) ", "")
    assert f"done as {second}" in explained_.replace("(201) ", "").replace("(200) ", "")


def test_a_change_goes_on_being_told_when_nothing_else_is_to_be_changed(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    order = secure(shop.world, [lot("KANNA", "300.00", 2)]).id
    shop.known.append(str(order))
    shop.run()
    update(shop.world, order, [lot("KANNA", "300.00")])
    for _ in range(3):
        report = shop.run()
    (made,) = shop.fortnox_orders
    told = shop.outcomes(report, "changed_order")[str(order)]
    assert (told.state, str(made.number) in told.reason) == ("posted", True)


def test_what_an_earlier_build_called_posted_without_a_document_is_done(tmp_path: Path) -> None:
    scene = next(one for one in SCENES if one.orders)
    state, world, _ = restore(scene, STORED, tmp_path)
    with writing(state, scene.name) as store:
        shop = opened_again(scene, tmp_path, store, world)
        told = {(one["code"], one["state"]) for one in store.rows(ITEMS)}
        assert ("nothing-to-book", "done") in told
        assert ("nothing-to-book", "posted") not in told
        order = store.value("SELECT source FROM ledger.order_item WHERE state = 'done'")
        history = [
            (one["code"], one["state"])
            for item in explain(shop.store, order)["orders"][0]["items"]
            for one in item["history"]
        ]
        assert ("nothing-to-book", "done") in history
        assert ("nothing-to-book", "posted") not in history


ITEMS = "SELECT DISTINCT code, state FROM ledger.order_item"
