"""What is told of orders can be understood: each sentence as a person reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from order_shop import OrderShop
from shop import texts

from engine.language.text_filters import say
from engine.personal import called
from engine.report.explain import explain
from engine.report.status import status
from engine.sandbox.fortnox.orders import cancel_order
from engine.sandbox.lives.lifecycle import capture, lot, refund, secure
from engine.show.explanation import page as explained
from engine.show.history import history
from engine.show.page import amount
from engine.show.planned import page as planned_page
from engine.show.status import page as status_page

from .test_never_doubled import an_invoice

OpenShop = Callable[..., OrderShop]
STATUS = {"flows.order_status": True, "order_status.when": "delivered", "qliro_methods": ["QLIRO"]}


def bought(shop: OrderShop, *items: object) -> int:
    order = secure(shop.world, list(items) or [lot("KANNA", "300.00", 2)])  # type: ignore[arg-type]
    shop.known.append(str(order.id))
    return order.id


def test_an_order_that_is_cancelled_is_not_called_undelivered(order_shop: OpenShop) -> None:
    """Whatever its terms of payment are."""
    shop = order_shop(**STATUS)
    order = str(bought(shop))
    shop.run()
    (made,) = shop.fortnox_orders
    shop.world.orders[made.number] = replace(made, terms="FAK", modified=shop.world.now())
    cancel_order(shop.world, str(made.number))
    told = shop.outcomes(shop.run(), "shipment")[order]
    assert (told.state, told.reason) == ("done", "its order is cancelled in Fortnox")


def test_what_is_delivered_and_shipped_waits_for_the_rest(order_shop: OpenShop) -> None:
    shop = order_shop(**STATUS)
    order = str(bought(shop))
    shop.run()
    (made,) = shop.fortnox_orders
    shop.deliver(made.number, 1)
    shop.run()
    told = shop.outcomes(shop.run(), "shipment")[order]
    assert told.state == "waiting"
    assert told.reason == (
        f"all that is delivered of order {made.number} is marked as shipped at Qliro; 300.00 SEK "
        "of it are left"
    )


def test_what_this_run_has_changed_itself_did_not_fail_to_be_read(order_shop: OpenShop) -> None:
    shop = order_shop(**STATUS)
    order = str(bought(shop))
    shop.run()
    (made,) = shop.fortnox_orders
    shop.deliver(made.number, 1)
    report = shop.run()
    assert len(report.delivery.done) == 1
    told = {one.mapping: one.reason for one in report.plan.outcomes}
    assert told["changed_order"] == f"Qliro's order {order} is read by the next run"
    assert "could not" not in "".join(told.values())


def test_an_order_without_a_payment_is_not_called_on_hold_and_has_no_day(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**STATUS)
    order = bought(shop)
    held = shop.world.qliro_orders[order]
    shop.world.qliro_orders[order] = replace(held, transactions=(), items=())
    report = shop.run()
    told = shop.outcomes(report, "new_order")[str(order)]
    assert told.reason == "Qliro shows no payment of it yet; every run asks again"
    pages = [
        texts(planned_page(report.plan)),
        texts(explained(explain(shop.store, str(order)))),
        texts(status_page("shop", "Shop", status(shop.store, shop.clock.now().date(), 14))),
    ]
    for page in pages:
        assert str(order) in page
        assert " of ," not in page
        assert f"{order} of\n" not in page
        assert f"{order} of," not in page


def test_nothing_to_plan_is_told_without_sending_anybody_to_sync(order_shop: OpenShop) -> None:
    shop = order_shop()
    assert texts(planned_page(shop.plan())) == (
        "Nothing to plan: no payout or order is open, as of what was fetched last."
    )


def test_a_quotient_is_told_to_the_oere_and_an_amount_as_it_is() -> None:
    quotient = Decimal("24.34183266932270916334661355")
    assert amount(quotient) == "24.34"
    assert say("VAT of ", quotient) == "VAT of 24.34"
    assert (amount(Decimal("12.345")), say(Decimal("25.5"))) == ("12.345", "25.5")
    rate = Decimal("11.43526100")
    told = {"mapping": "m", "history": [], "events": [],
            "trace": {"inputs": {"line": {"rate": rate, "vat": quotient}}}}  # fmt: skip
    assert "vat 24.34, rate 11.435261" in texts(history(told, whole=False))


def test_no_number_however_large_stops_a_page() -> None:
    assert amount(Decimal("1e30")) == "1" + " 000" * 10


def test_a_refund_names_an_invoice_whose_reference_is_near_its_orders(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**{"flows.orders": False, "flows.invoices": False})
    order = bought(shop)
    capture(shop.world, order)
    reference = shop.world.qliro_orders[order].reference
    an_invoice(shop, 901, "600.00", external1=f"00{reference}")
    (back,) = refund(shop.world, order, {"KANNA": 1})
    told = shop.outcomes(shop.run(), "credit_invoice")[f"{order}/{back.id}"]
    assert told.state == "waiting"
    assert f"invoice 901 carries “00{reference}” in its ExternalInvoiceReference1" in told.reason


def test_a_buyer_is_called_so_and_not_by_the_hash_of_a_personal_number(
    order_shop: OpenShop,
) -> None:
    hashed = "pn:eaf612c075d58ae0e72d8ae6c7a30e08"
    assert called("customer", hashed) == "customer of buyer eaf612c0"
    assert called("new_order", "4900001") == "new order 4900001"
    shop = order_shop()
    order = str(bought(shop))
    shop.run()
    told = texts(explained(explain(shop.store, order)))
    (line,) = (one.strip() for one in told.splitlines() if one.strip().startswith("customer of"))
    assert line.startswith("customer of buyer ")
    assert "customer pn:" not in told
