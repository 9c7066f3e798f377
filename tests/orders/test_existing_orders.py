"""What stands in Fortnox already is never made again, and nothing is made for what is not made.

Counted in Fortnox: customers, articles, orders and invoices after the run; at Qliro: cancellations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import lot, secure
from engine.sandbox.world.world import Buyer, Customer
from engine.session import RunReport

from .test_never_doubled import an_invoice, an_order

Open = Callable[..., OrderShop]
CANCELLING = {"flows.order_status": True, "flows.refunds": False}
OTHERS = "K7"  # the customer that the other connector gave its orders


def bought(shop: OrderShop, items: list[object], **fields: object) -> int:
    """An order, known to the next run."""
    id = secure(shop.world, items, **fields).id  # type: ignore[arg-type]
    shop.known.append(str(id))
    return id


def made(shop: OrderShop) -> list[str]:
    """What this program has made in Fortnox, by the last part of its path."""
    return [path.rpartition("/")[2] for path in shop.requests("POST", "/3/")]


def told(shop: OrderShop, report: RunReport, order: int, mapping: str = "new_order") -> str:
    """What a run said of an order."""
    one = shop.outcomes(report, mapping)[str(order)]
    return f"{one.state}: {one.reason}"


# -- customers and articles -----------------------------------------------------------------------


def test_no_customer_and_no_article_is_made_for_orders_that_stand_in_fortnox(
    order_shop: Open,
) -> None:
    """Each of another buyer, with goods that Fortnox has no article for; one is captured."""
    shop = order_shop(**{"flows.refunds": False})
    ids = [
        bought(shop, [lot(f"VAS-{n}", "250.00")],
               buyer=Buyer("Eva", "Lind", f"e{n}@x.se", None, None))
        for n in range(5)
    ]  # fmt: skip
    for n, id in enumerate(ids):
        an_order(shop, 70 + n, "250.00", external2=str(id), customer_number=OTHERS)
    shop.world.customers[OTHERS] = Customer(OTHERS, "Webbutiken", shop.world.now(), fields={})
    before = dict(shop.world.customers)
    for _ in range(2):
        report = shop.run()
        assert [told(shop, report, id) for id in ids] == [
            f"adopted: found in Fortnox as order {70 + n}" for n in range(5)
        ]
        assert made(shop) == []
    lifecycle.capture(shop.world, ids[3])
    shop.run()
    assert made(shop) == ["invoices"]  # and no customer: the order that stands has one
    (invoice,) = shop.fortnox_invoices
    assert (invoice.customer_number, invoice.total) == (OTHERS, Decimal("250.00"))
    assert shop.world.customers == before
    assert shop.world.articles == {}


def test_an_order_beside_them_gets_its_own(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    theirs = bought(shop, [lot("VAS-1", "250.00")])
    ours = bought(shop, [lot("VAS-2", "300.00")], buyer=Buyer("Bo", "Ek", "bo@x.se", None, None))
    an_order(shop, 70, "250.00", external2=str(theirs))
    report = shop.run()
    assert told(shop, report, ours) == "posted: posted as order 501"
    assert sorted(made(shop)) == ["articles", "customers", "orders"]
    assert set(shop.world.articles) == {"VAS-2"}


def test_nothing_is_made_for_an_order_that_is_parked_ignored_or_invoiced_by_others(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.refunds": False})
    stopped = bought(shop, [lot("VAS-1", "250.00"), lot("X", "108.00", rate="8")])
    ignored = bought(shop, [lot("VAS-2", "250.00")], currency="GBP")
    invoiced = bought(shop, [lot("VAS-3", "250.00")])
    an_invoice(shop, 901, "250.00", external1=shop.world.qliro_orders[invoiced].reference)
    shop.run()
    shop.resolve(ignored, "ignore", reason="booked by hand")
    for _ in range(2):
        report = shop.run()
        assert told(shop, report, stopped).startswith("parked")
        assert told(shop, report, ignored) == "ignored: booked by hand"
        assert told(shop, report, invoiced).startswith("done: invoice 901 is there already")
        assert made(shop) == []


def test_an_order_that_was_set_aside_by_mistake_is_decided_anew(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    stopped = bought(shop, [lot("VAS-1", "250.00"), lot("X", "108.00", rate="8")])
    assert told(shop, shop.run(), stopped).startswith("parked")
    shop.resolve(stopped, "ignore", reason="the wrong one")
    assert told(shop, shop.run(), stopped) == "ignored: the wrong one"
    shop.resolve(stopped, "retry")
    assert told(shop, shop.run(), stopped).startswith("parked")


def test_nor_for_one_that_waits_for_an_article_that_a_person_adds(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False, "articles.create": False})
    order = bought(shop, [lot("VAS-1", "250.00")])
    assert told(shop, shop.run(), order) == (
        "waiting: the article VAS-1 is not in Fortnox: add it, or let this program do so "
        "(articles.create)"
    )
    assert made(shop) == []


def test_a_collective_customer_that_is_missing_stops_the_articles_too(order_shop: Open) -> None:
    shop = order_shop(
        **{
            "flows.refunds": False,
            "customers.by": "collective",
            "customers.collective": [{"country": "SE", "customer": "K9"}],
        }
    )
    order = bought(shop, [lot("VAS-1", "250.00")])
    assert told(shop, shop.run(), order).startswith("waiting: its customer is parked")
    assert made(shop) == []


def test_one_buyer_of_two_orders_has_a_customer_when_one_of_them_is_made(order_shop: Open) -> None:
    """The first is stopped: neither its articles nor a wrong currency come into the way."""
    shop = order_shop(**{"flows.refunds": False})
    eva = Buyer("Eva", "Lind", "eva@x.se", None, None)
    stopped = bought(shop, [lot("VAS-1", "250.00")], buyer=eva, currency="GBP")
    good = bought(shop, [lot("VAS-2", "300.00")], buyer=eva)
    report = shop.run()
    assert told(shop, report, stopped).startswith("parked: the currency GBP is not in Fortnox")
    assert told(shop, report, good) == "posted: posted as order 501"
    assert sorted(made(shop)) == ["articles", "customers", "orders"]
    assert set(shop.world.articles) == {"VAS-2"}


def test_a_changed_order_brings_its_new_article_and_one_that_a_person_changes_does_not(
    order_shop: Open,
) -> None:
    """Deliveries were registered for the second: its rows are changed by hand."""
    shop = order_shop(**{"flows.refunds": False, "flows.invoices": False,
                         "flows.order_status": True})  # fmt: skip
    goods = [lot("VAS-1", "250.00"), lot("VAS-2", "300.00")]
    free, begun = bought(shop, goods), bought(shop, goods)
    shop.run()
    number = next(one.number for one in shop.fortnox_orders if one.external2 == str(begun))
    shop.deliver(number, 1)
    before = len(made(shop))
    lifecycle.update(shop.world, free, [*goods, lot("NY-1", "50.00")])
    shop.run()
    assert "NY-1" in shop.world.articles
    assert [row.article for row in shop.world.orders[501].rows][-1] == "NY-1"
    assert made(shop)[before:].count("articles") == 1


def test_an_invoice_without_the_flow_orders_has_its_customer_and_one_that_stands_none(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.orders": False, "flows.refunds": False})
    standing = bought(shop, [lot("VAS-1", "250.00")])
    ours = bought(shop, [lot("VAS-2", "300.00")], buyer=Buyer("Bo", "Ek", "bo@x.se", None, None))
    for order in (standing, ours):
        lifecycle.capture(shop.world, order)
    an_invoice(shop, 901, "250.00", external1=shop.world.qliro_orders[standing].reference)
    shop.run()
    assert sorted(made(shop)) == ["customers", "invoices"]
    assert "bo@x.se" in {one.text("Email") for one in shop.world.customers.values()}


# -- what stands cancelled ------------------------------------------------------------------------


def test_what_stands_cancelled_in_fortnox_is_cancelled_at_qliro_and_not_made_again(
    order_shop: Open,
) -> None:
    shop = order_shop(**CANCELLING)
    order = bought(shop, [lot("VAS-1", "250.00")])
    an_order(shop, 70, "250.00", external2=str(order), cancelled=True, terms="QLIRO")
    report = shop.run()
    assert told(shop, report, order) == "adopted: found in Fortnox as order 70"
    for _ in range(2):
        shop.run()
    assert [t.type for t in shop.world.qliro_orders[order].transactions][-1] == "Reversal"
    assert len(shop.requests("POST", "/v2/cancelOrder")) == 1
    assert made(shop) == []


def test_with_terms_that_are_not_qliros_it_is_told_and_stays(order_shop: Open) -> None:
    shop = order_shop(**CANCELLING)
    order = bought(shop, [lot("VAS-1", "250.00")])
    an_order(shop, 70, "250.00", external2=str(order), cancelled=True, terms="FAK")
    shop.run()
    report = shop.run()
    assert "its terms of payment are FAK" in told(shop, report, order, "cancellation").replace(
        "terms\n", "terms "
    )
    assert shop.requests("POST", "/v2/cancelOrder") == []
    assert made(shop) == []


@pytest.mark.parametrize(
    "changes", [{}, {"flows.order_status": True, "order_status.cancel": False}]
)
def test_where_nothing_is_cancelled_at_qliro_it_is_left_to_a_person_who_may_have_it_made(
    order_shop: Open, changes: dict[str, object]
) -> None:
    shop = order_shop(**{"flows.refunds": False, **changes})
    order = bought(shop, [lot("VAS-1", "250.00")])
    an_order(shop, 70, "250.00", external2=str(order), cancelled=True)
    for _ in range(2):
        report = shop.run()
        assert report.exit_code == 3
        said = told(shop, report, order)
        assert said.startswith("parked: order 70: it carries the reference and is cancelled")
        for words in ("not made again", "Qliro Merchant Center", f"`resolve {order} --retry`"):
            assert words in said
        assert made(shop) == []
    shop.resolve(order, "retry")
    assert told(shop, shop.run(), order) == "posted: posted as order 501"
    assert sorted(made(shop)) == ["articles", "customers", "orders"]
    shop.run()
    assert sorted(shop.world.orders) == [70, 501]


def test_what_stands_cancelled_and_is_captured_at_qliro_is_told_with_the_amount(
    order_shop: Open,
) -> None:
    shop = order_shop(**CANCELLING)
    order = bought(shop, [lot("VAS-1", "250.00")])
    lifecycle.capture(shop.world, order)
    an_order(shop, 70, "250.00", external2=str(order), cancelled=True, terms="QLIRO")
    report = shop.run()
    said = told(shop, report, order)
    assert said.startswith("parked")
    assert "Qliro has captured 250.00 SEK" in said
    assert made(shop) == []
    assert shop.requests("POST", "/v2/cancelOrder") == []
    shop.resolve(order, "retry")
    shop.run()
    assert made(shop).count("orders") == 1


def test_of_a_cancelled_and_a_standing_one_the_standing_one_is_its_order(order_shop: Open) -> None:
    shop = order_shop(**CANCELLING)
    order = bought(shop, [lot("VAS-1", "250.00")])
    an_order(shop, 70, "250.00", external2=str(order), cancelled=True, terms="QLIRO")
    an_order(shop, 71, "250.00", external2=str(order), terms="QLIRO")
    assert told(shop, shop.run(), order) == "adopted: found in Fortnox as order 71"
    shop.run()
    assert shop.requests("POST", "/v2/cancelOrder") == []


def test_our_own_that_stands_cancelled_is_known_after_the_database_was_lost(
    order_shop: Open,
) -> None:
    shop = order_shop(**CANCELLING)
    order = bought(shop, [lot("VAS-1", "250.00")])
    shop.run()
    held = shop.world.orders[501]
    shop.world.orders[501] = replace(held, cancelled=True, modified=shop.world.now())
    shop.lose_the_database()
    shop.run()
    shop.run()
    assert sorted(shop.world.orders) == [501]
    assert len(shop.requests("POST", "/v2/cancelOrder")) == 1
    assert [t.type for t in shop.world.qliro_orders[order].transactions][-1] == "Reversal"
