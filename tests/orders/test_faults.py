"""Every write of the whole lives of orders, lost in every way: one document for each event.

Fifteen orders live side by side, so that a run writes each kind of document several times and each
time the answer is lost in another way. Counted by what the sandbox made.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest
from contracts.test_what_we_send import CONTRACTS, documented, misfits
from order_shop import OrderShop

from engine.sandbox.check_digits import luhn
from engine.sandbox.control import effects
from engine.sandbox.fortnox.orders import cancel_order
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import capture, lot, refund, secure
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import Buyer, World
from engine.session import RunReport

OpenShop = Callable[..., OrderShop]
# The writes of a whole life, by method and path.
WRITES = {
    "customer": ("POST", r"/3/customers$"),
    "article": ("POST", r"/3/articles$"),
    "order": ("POST", r"/3/orders$"),
    "createinvoice": ("PUT", r"/createinvoice$"),
    "invoice": ("POST", r"/3/invoices$"),
    "bookkeep": ("PUT", r"/3/invoices/\d+/bookkeep$"),
    "credit": ("PUT", r"/credit$"),
    "edit": ("PUT", r"/3/invoices/\d+$"),
    "MarkItemsAsShipped": ("POST", r"/MarkItemsAsShipped$"),
    "cancelOrder": ("POST", r"/cancelOrder$"),
}
# What happens to which of them, those that are sent again included.
LOST = {1: "drop_before", 2: "500_before", 4: "drop_after", 5: "500_after", 7: "truncated"}
MORE = {8: "timeout_before", 10: "timeout_after", 11: "html", 13: "empty", 14: "late_effect"}


def _order(world: World, n: int) -> int:
    number = luhn(f"8501{n + 10}238")
    buyer = replace(Buyer(), first=f"Anna{n}", email=f"anna{n}@example.com", number=number)
    return secure(world, [lot(f"ART-{n}", "100.00", 2)], buyer=buyer).id


@dataclass
class Lived:
    shop: OrderShop
    whole: list[int]  # delivered, shipped by us, invoiced from the order, refunded once
    parts: list[int]  # captured in the portal, piece by piece, the first refunded twice
    off: list[int]  # cancelled in Fortnox
    reports: list[RunReport] = field(default_factory=list)


def _live(shop: OrderShop) -> Lived:
    world = shop.world
    found = Lived(shop, *([_order(world, 5 * kind + n) for n in range(5)] for kind in range(3)))
    shop.known += [str(one) for one in (*found.whole, *found.parts, *found.off)]
    found.reports.append(shop.run())
    numbers = {int(one.external2): one.number for one in shop.fortnox_orders}
    for one in found.whole:
        shop.deliver(numbers[one])
    for one in found.off:
        cancel_order(world, str(numbers[one]))
    firsts = [capture(world, one, {_article(world, one): 1}) for one in found.parts]
    found.reports.append(shop.run())
    for one, first in zip(found.parts, firsts, strict=True):
        _half(world, one, first.id)
        _half(world, one, first.id)
    found.reports.append(shop.run())
    for one in found.whole:
        refund(world, one)
    found.reports += [shop.run(), shop.run()]
    return found


def _article(world: World, order: int) -> str:
    return world.qliro_orders[order].items[0].reference


def _half(world: World, order: int, taken: int) -> None:
    (of,) = (t for t in world.qliro_orders[order].transactions if t.id == taken)
    lifecycle.discount(world, order, "50.00", of=of)


@pytest.fixture(scope="module")
def lived(order_shops: OpenShop) -> Lived:
    shop = order_shops(**{"flows.order_status": True, "invoices.from": "order"})
    for name, (method, path) in WRITES.items():
        kinds = LOST | MORE if name in ("bookkeep", "customer", "order") else LOST
        plan(shop.world, *(Fault(kind, nth=n, method=method, path=path)
                           for n, kind in kinds.items()))  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "engine.deliver.landing.MOST_LOST", 50
        )  # a run gives up after a few in a row
        return _live(shop)


def test_every_write_was_lost_in_every_way(lived: Lived) -> None:
    struck = Counter(entry.fault for entry in lived.shop.world.journal if entry.fault)
    assert {kind: struck[kind] for kind in LOST.values()} == dict.fromkeys(LOST.values(), 10)
    assert {kind: struck[kind] for kind in MORE.values()} == dict.fromkeys(MORE.values(), 3)


def test_there_is_one_document_for_each_event(lived: Lived) -> None:
    shop, world = lived.shop, lived.shop.world
    made = effects(world)["made"]
    assert {kind: sum(of.values()) for kind, of in made.items()} == {
        "customer": 15, "article": 15, "order": 15,
        "invoice": 15, "credit": 10, "MarkItemsAsShipped": 5, "cancelOrder": 5,
    }  # fmt: skip
    labels = Counter(one.external2 for one in shop.fortnox_invoices if "/" in one.external2)
    assert set(labels.values()) == {1}
    assert all(one.booked for one in shop.fortnox_invoices)
    totals = Counter(one.total for one in shop.fortnox_invoices)
    assert totals == {Decimal(200): 5, Decimal(100): 5, Decimal(-50): 10, Decimal(-200): 5}
    booked = Counter(
        entry.effect for entry in world.journal
        if entry.effect and entry.effect.endswith(" booked")
    )  # fmt: skip
    assert set(booked.values()) == {1}


def test_qliro_did_each_thing_once(lived: Lived) -> None:
    done = {
        one: [(t.type, t.amount) for t in lived.shop.world.qliro_orders[one].transactions[1:]]
        for one in (*lived.whole, *lived.off)
    }
    taken, back, off = (("Capture", Decimal(200)), ("Refund", Decimal(200)),
                        ("Reversal", Decimal(200)))  # fmt: skip
    assert done == {one: [taken, back] for one in lived.whole} | {one: [off] for one in lived.off}


def test_every_event_is_told_as_posted_and_the_last_run_finds_nothing_to_do(lived: Lived) -> None:
    last = lived.reports[-1]
    assert (last.delivery.done, last.delivery.unknown, last.plan.problems) == ([], [], [])
    states = Counter((one.mapping, one.state) for one in last.plan.outcomes)
    assert {state for _, state in states} <= {"posted", "adopted", "done", "waiting"}
    assert states["credit_invoice", "posted"] == 10
    assert states["further_credit_invoice", "posted"] == 5
    assert states["invoice_of_order", "posted"] == 5
    assert states["invoice", "posted"] == 5
    assert states["new_order", "posted"] >= 10
    for report in lived.reports:
        assert (report.delivery.undecided, report.delivery.failure) == ({}, None)


def test_a_request_id_is_the_same_after_a_lost_answer(lived: Lived) -> None:
    ids: dict[int, set[str]] = {}

    for entry in lived.shop.world.journal:
        if entry.path.endswith(("/MarkItemsAsShipped", "/cancelOrder")):
            body = json.loads(entry.body)
            ids.setdefault(body["OrderId"], set()).add(body["RequestId"])
    assert len(ids) == 10
    assert {len(one) for one in ids.values()} == {1}


@pytest.mark.skipif(not CONTRACTS.exists(), reason="the official documents are not here")
def test_what_was_sent_is_in_the_official_documents(lived: Lived) -> None:
    journal = lived.shop.world.journal
    seen = documented(journal)
    assert {one for one in seen if one[0] != "GET"} == {
        ("POST", "/3/customers"), ("POST", "/3/articles"), ("POST", "/3/orders"),
        ("PUT", "/3/orders/{DocumentNumber}/createinvoice"), ("POST", "/3/invoices"),
        ("PUT", "/3/invoices/{DocumentNumber}/bookkeep"),
        ("PUT", "/3/invoices/{DocumentNumber}/credit"), ("PUT", "/3/invoices/{DocumentNumber}"),
        ("POST", "/v2/MarkItemsAsShipped"), ("POST", "/v2/cancelOrder"),
    }  # fmt: skip
    assert misfits(journal) == []
