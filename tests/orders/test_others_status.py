"""Status for orders that another program writes into Fortnox: orders is off, order_status on.

Counted at Qliro: captures and cancellations; on both servers: what was asked, and how often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.fortnox.invoices import bookkeep_invoice
from engine.sandbox.fortnox.orders import cancel_order
from engine.sandbox.lives.lifecycle import lot, secure
from engine.sandbox.world.world import InvoiceRow, Order
from engine.session import RunReport

from .test_never_doubled import an_invoice

Open = Callable[..., OrderShop]
ON: dict[str, Any] = {
    "flows.orders": False, "flows.invoices": False, "flows.refunds": False,
    "flows.order_status": True,
}  # fmt: skip
DAY = date(2026, 11, 12)


def bought(shop: OrderShop, **fields: Any) -> int:
    """An order at Qliro of two pieces, which no run is told of."""
    return secure(shop.world, [lot("VAS-1", "100.00", 2)], **fields).id


def reference(shop: OrderShop, order: int) -> str:
    return str(shop.world.qliro_orders[order].reference)


def written(shop: OrderShop, number: int, delivered: int = 0, **fields: Any) -> None:
    """Another program's order in Fortnox, of the two pieces."""
    row = InvoiceRow(
        "Vas", Decimal(delivered), Decimal("100.00"), article="VAS-1", ordered=Decimal(2)
    )
    given: dict[str, Any] = {"terms": "QLIRO", "day": DAY, **fields}
    shop.world.orders[number] = Order(
        number, given.pop("day"), Decimal("200.00"), shop.world.now(), rows=(row,),
        vat_included=True, **given,
    )  # fmt: skip


def done(shop: OrderShop, order: int) -> list[tuple[str, str]]:
    """What Qliro has done with an order since it was reserved."""
    made = shop.world.qliro_orders[order].transactions
    return [(t.type, str(t.amount)) for t in made if t.status == "Success"][1:]


def told(shop: OrderShop, report: RunReport, order: int, mapping: str = "new_order") -> str:
    one = shop.outcomes(report, mapping)[str(order)]
    return f"{one.state}: {one.reason}"


def named(shop: OrderShop, order: int) -> RunReport:
    """A run with ``--order``."""
    shop.known = [str(order)]
    report = shop.run()
    shop.known = []
    return report


def asked(shop: OrderShop) -> list[str]:
    """What Qliro was asked for, by the last part of the path."""
    return [one.rpartition("/")[2] for one in shop.requests("GET", "/v2/orders/")]


def written_to_fortnox(shop: OrderShop) -> list[str]:
    return [*shop.requests("POST", "/3/"), *shop.requests("PUT", "/3/")]


def test_what_is_delivered_in_anothers_order_is_captured_once_and_fortnox_is_only_read(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON)
    order = bought(shop)
    written(shop, 70, external1=reference(shop, order))
    report = shop.run()
    assert told(shop, report, order) == "adopted: found in Fortnox as order 70"
    assert told(shop, shop.run(), order, "shipment") == "waiting: order 70 is not delivered yet"
    shop.deliver(70)
    for _ in range(3):
        report = shop.run()
    assert done(shop, order) == [("Capture", "200.00")]
    assert len(shop.requests("POST", "/v2/MarkItemsAsShipped")) == 1
    assert written_to_fortnox(shop) == []
    assert asked(shop).count(reference(shop, order)) == 1  # and known by its id since


def test_one_that_is_delivered_before_it_is_seen_first_is_sent_in_the_same_run(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON)
    order = bought(shop)
    written(shop, 70, 2, external1=reference(shop, order))
    report = shop.run()
    assert done(shop, order) == [("Capture", "200.00")]
    assert report.exit_code == 0


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"payment_reference_prefix": "Q-"}, "external1", "Q-{reference}"),
        ({"payment_reference_prefix": "Q-"}, "external1", "{reference}"),
        ({"payout_reference_field": "YourOrderNumber"}, "your_order_number", "{reference}"),
        ({"payout_reference_field": "OCR"}, "external1", "{reference}"),
        ({"use_merchant_reference": False}, "external1", "{id}"),
        ({"use_merchant_reference": False}, "external2", "{reference}"),
        ({}, "external2", "{id}"),
    ],
)
def test_its_reference_stands_in_the_declared_field_with_the_prefix_or_without(
    order_shop: Open, settings: dict[str, Any], field: str, value: str
) -> None:
    shop = order_shop(**ON, **settings)
    order = bought(shop)
    text = value.format(reference=reference(shop, order), id=order)
    written(shop, 70, 2, **{field: text})
    shop.run()
    assert done(shop, order) == [("Capture", "200.00")]


def test_an_order_whose_own_number_is_the_reference_is_found_by_it(order_shop: Open) -> None:
    """The payout reference is the invoice's OrderReference, the number of its order."""
    shop = order_shop(**ON, payout_reference_field="OrderReference")
    order = bought(shop, reference="71")
    written(shop, 71, 2)
    shop.run()
    assert done(shop, order) == [("Capture", "200.00")]


def test_what_is_cancelled_in_anothers_order_is_cancelled_at_qliro_once(order_shop: Open) -> None:
    shop = order_shop(**ON)
    seen, at_once = bought(shop), bought(shop)
    written(shop, 70, external1=reference(shop, seen))
    written(shop, 71, external1=reference(shop, at_once), cancelled=True)
    shop.run()
    cancel_order(shop.world, "70")
    for _ in range(3):
        shop.run()
    assert [kind for order in (seen, at_once) for kind, _ in done(shop, order)] == ["Reversal"] * 2
    assert len(shop.requests("POST", "/v2/cancelOrder")) == 2


def test_without_order_status_cancel_a_cancelled_one_is_left_alone(order_shop: Open) -> None:
    shop = order_shop(**ON, **{"order_status.cancel": False})
    order = bought(shop)
    written(shop, 70, external1=reference(shop, order), cancelled=True)
    for _ in range(2):
        report = shop.run()
    assert (done(shop, order), report.exit_code) == ([], 0)


# -- whose it is ----------------------------------------------------------------------------------


def test_only_what_carries_one_of_qliros_terms_is_asked_for_and_each_reference_once(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON, orders_from="2026-11-01")
    order = bought(shop)
    written(shop, 70, external1=reference(shop, order))
    written(shop, 71, external1="KLARNA-1", terms="30")
    written(shop, 72, external1="OLD-1", day=date(2026, 10, 31))
    written(shop, 73)  # without a reference
    for _ in range(3):
        report = shop.run()
    assert asked(shop).count(reference(shop, order)) == 1
    assert {"KLARNA-1", "OLD-1"}.isdisjoint(asked(shop))
    # Fortnox's list shows no terms: the page of each is read, once for each change.
    assert sorted(shop.requests("GET", "/3/orders/")) == ["/3/orders/70", "/3/orders/71"]
    assert (report.plan.warnings, report.exit_code) == ([], 0)


def test_a_reference_that_qliro_does_not_know_is_told_and_asked_again_when_it_changes(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON)
    order = bought(shop)
    written(shop, 70, 2, external1="TYPO-1")
    report = shop.run()
    (finding,) = [one for one in report.findings.findings if one.code == "not-at-qliro"]
    assert str(finding.place) == "Fortnox order 70"
    assert "TYPO-1" in finding.message
    assert report.exit_code == 3
    for _ in range(2):
        report = shop.run()
        assert "by their reference, so no status is sent for them: order 70." in " ".join(
            report.plan.warnings
        )
    assert asked(shop).count("TYPO-1") == 1
    held = shop.world.orders[70]
    right = replace(held, external1=reference(shop, order), modified=shop.world.now())
    shop.world.orders[70] = right
    report = shop.run()
    assert done(shop, order) == [("Capture", "200.00")]
    assert report.plan.warnings == []


def test_one_that_qliro_knew_only_later_is_found_when_the_document_changes(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON)
    written(shop, 70, external1="LATE-1")
    shop.run()
    order = bought(shop, reference="LATE-1")
    shop.run()
    assert asked(shop).count("LATE-1") == 1
    shop.deliver(70)
    shop.run()
    assert done(shop, order) == [("Capture", "200.00")]


def test_digits_that_qliro_takes_for_another_orders_id_capture_nothing(order_shop: Open) -> None:
    shop = order_shop(**ON)
    other = bought(shop)
    mine = bought(shop, reference=str(other))
    written(shop, 70, 2, external1=str(other))
    report = shop.run()
    assert done(shop, other) == done(shop, mine) == []
    (finding,) = [one for one in report.findings.findings if one.code == "not-at-qliro"]
    assert f"Qliro answered with order {other}" in finding.message
    shop.run()
    assert done(shop, other) == done(shop, mine) == []


def test_a_delivered_one_with_a_general_term_is_told_with_the_fix_and_then_sent(
    order_shop: Open,
) -> None:
    """That it is Qliro's was known by a push, or by a person who named it."""
    shop = order_shop(**ON)
    order = bought(shop)
    written(shop, 70, 2, external1=reference(shop, order), terms="30")
    assert asked(shop) == []
    named(shop, order)
    report = named(shop, order)
    said = told(shop, report, order, "shipment")
    for words in ("parked: order 70 is delivered", '"Ej skickad"', "its terms of payment are 30",
                  "one of QLIRO", f"--order {order}"):  # fmt: skip
        assert words in said
    assert done(shop, order) == []
    held = shop.world.orders[70]
    shop.world.orders[70] = replace(held, terms="QLIRO", modified=shop.world.now())
    named(shop, order)
    assert done(shop, order) == [("Capture", "200.00")]


def test_two_orders_of_one_reference_are_left_to_a_person(order_shop: Open) -> None:
    shop = order_shop(**ON)
    order = bought(shop)
    for number in (70, 71):
        written(shop, number, 2, external1=reference(shop, order))
    report = shop.run()
    assert told(shop, report, order).startswith("parked: 2 orders are found")
    assert done(shop, order) == []


def test_an_order_at_qliro_that_nobody_wrote_into_fortnox_waits_and_nothing_is_made(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON)
    order = bought(shop)
    named(shop, order)
    said = told(shop, named(shop, order), order)
    assert said == "waiting: nothing in Fortnox carries its reference yet"
    assert written_to_fortnox(shop) == []
    written(shop, 70, 2, external1=reference(shop, order))
    shop.run()
    assert done(shop, order) == [("Capture", "200.00")]


def test_the_flow_orders_that_is_switched_on_later_goes_on_with_what_was_found(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON)
    order = bought(shop)
    written(shop, 70, external1=reference(shop, order))
    shop.run()
    shop.settings({"flows.orders": True})
    shop.deliver(70)
    shop.run()
    shop.run()
    assert done(shop, order) == [("Capture", "200.00")]
    assert list(shop.world.orders) == [70]
    assert written_to_fortnox(shop) == []


# -- invoices alone -------------------------------------------------------------------------------


def invoiced(shop: OrderShop, number: int, total: str, order: int, **fields: Any) -> None:
    an_invoice(shop, number, total, external1=reference(shop, order),
               **{"terms": "QLIRO", "booked": False, **fields})  # fmt: skip


def test_where_there_are_only_invoices_all_of_it_is_captured_once_it_is_booked(
    order_shop: Open,
) -> None:
    shop = order_shop(**ON)
    order, part, general = bought(shop), bought(shop), bought(shop)
    invoiced(shop, 901, "200.00", order)
    invoiced(shop, 902, "100.00", part)
    invoiced(shop, 903, "200.00", general, terms="30")
    report = shop.run()
    assert told(shop, report, order, "shipment_of_invoice") == (
        "waiting: invoice 901 is not booked yet"
    )
    assert reference(shop, general) not in asked(shop)
    for number in (901, 902, 903):
        bookkeep_invoice(shop.world, str(number))
    for _ in range(2):
        report = shop.run()
    assert done(shop, order) == [("Capture", "200.00")]
    assert len(shop.requests("POST", "/v2/MarkItemsAsShipped")) == 1
    assert "the total of invoice 902 is 100.00 SEK, and 200.00 SEK are left to capture" in told(
        shop, report, part, "shipment_of_invoice"
    )
    assert done(shop, part) == done(shop, general) == []
    report = named(shop, general)
    said = told(shop, report, general, "shipment_of_invoice")
    assert "its terms of payment are 30, which are not Qliro's own" in said
    assert written_to_fortnox(shop) == []
