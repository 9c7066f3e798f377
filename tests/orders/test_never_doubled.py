"""What stands in Fortnox already is never made again: ours after a lost database, or anybody's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.fortnox.invoices import credit_invoice
from engine.sandbox.lives import lifecycle
from engine.sandbox.world.world import Invoice, Order

Open = Callable[..., OrderShop]
DAY = date(2026, 11, 12)
# The field that carries the payment reference → the attribute of the world's documents.
FIELDS = {
    "ExternalInvoiceReference1": "external1",
    "ExternalInvoiceReference2": "external2",
    "OurReference": "our_reference",
    "YourReference": "your_reference",
    "YourOrderNumber": "your_order_number",
}


def an_order(shop: OrderShop, number: int, total: str, **fields: Any) -> None:
    """An order that somebody else made."""
    shop.world.orders[number] = Order(number, DAY, Decimal(total), shop.world.now(), **fields)


def an_invoice(shop: OrderShop, number: int, total: str, **fields: Any) -> None:
    """An invoice that somebody else made."""
    amount = Decimal(total)
    given = Invoice(number, DAY, DAY, amount, amount, shop.world.now(), **fields)
    shop.world.invoices[number] = given


def count(shop: OrderShop) -> tuple[int, int, int, int]:
    world = shop.world
    return len(world.customers), len(world.orders), len(world.invoices), len(world.payments)


@pytest.mark.parametrize(
    ("field", "second"),
    [("YourReference", "OurReference"), ("OurReference", "YourOrderNumber"),
     ("ExternalInvoiceReference2", "YourReference"),
     ("YourOrderNumber", "ExternalInvoiceReference2")],
)  # fmt: skip
def test_the_reference_stands_in_the_declared_field_and_finds_all_of_it_again(
    order_shop: Open, field: str, second: str
) -> None:
    """The database is lost after the invoices; the payout then finds them by construction."""
    shop = order_shop(**{"payout_reference_field": field, "second_reference_field": second,
                         "payment_reference_prefix": "Q-", "flows.refunds": False})  # fmt: skip
    life = shop.life("captured_in_parts")
    # Another connector's, in a field that only a document's own page may show.
    shop.life("captured"), shop.life("captured")
    an_order(shop, 77, "746.00", **{FIELDS[field]: "10002"})
    an_invoice(shop, 902, "746.00", **{FIELDS[field]: "10003"})
    report = shop.run()
    assert sorted(shop.world.orders) == [77, 501]
    assert "order 77, invoice 902." in report.plan.warnings[0]
    order = shop.world.orders[501]
    ours = [one for one in shop.fortnox_invoices if getattr(one, FIELDS[field]) == "Q-10001"]
    assert getattr(order, FIELDS[field]) == "Q-10001"
    assert getattr(order, FIELDS[second]) == str(life.order)
    taken = lifecycle.captures(shop.world, life.order)
    assert [getattr(one, FIELDS[second]) for one in ours] == [
        f"{life.order}/{one.id}" for one in taken
    ]
    made = count(shop)
    shop.lose_the_database()
    lifecycle.pay_out(shop.world, [life.order])
    report = shop.run()
    assert count(shop) == (*made[:3], 2)
    assert [shop.world.invoices[one.number].balance for one in ours] == [0, 0]


def test_what_anybody_made_is_taken_over_and_the_run_says_so(order_shop: Open) -> None:
    shop = order_shop(**{"payment_reference_prefix": "Q-", "flows.refunds": False,
                         "payment_methods": [{"terms_of_payment": "QLIRO"}]})  # fmt: skip
    plain, invoiced, cancelled, own = (shop.life("captured") for _ in range(4))
    an_order(shop, 77, "746.00", external1="10001")  # another connector's, without our prefix
    an_invoice(shop, 901, "746.00", external1="10001", booked=False)
    an_invoice(shop, 902, "746.00", external1="Q-10002")  # an invoice, and no order
    an_order(shop, 78, "746.00", external1="10003", cancelled=True)
    an_invoice(shop, 903, "-746.00", external1="10003")  # a credit invoice of something else
    report = shop.run()
    assert sorted(shop.world.orders) == [77, 78, 501]
    assert sorted(shop.world.invoices) == [901, 902, 903, 1001]
    assert shop.world.orders[501].external2 == str(own.order)
    told = shop.outcomes(report, "new_order")
    assert told[str(plain.order)].reason == "found in Fortnox as order 77"
    why = "invoice 902 is there already (found by payout reference)"
    assert told[str(invoiced.order)].reason == why
    assert told[str(cancelled.order)].state == "parked"
    assert report.plan.warnings == [
        "documents in Fortnox that this program did not make carry references of its orders: "
        "order 77, invoice 901, invoice 902. If another connector makes orders or invoices too, "
        "only one of them may"
    ]
    # What it makes after us is told, and nothing else is made.
    an_order(shop, 79, "746.00", external1="10004")
    an_invoice(shop, 904, "746.00", external1="10004")
    before = count(shop)
    (warning,) = shop.run().plan.warnings
    assert "its orders: order 79, invoice 904." in warning
    assert count(shop) == before


def test_where_the_merchant_says_so_they_are_left_to_a_person(order_shop: Open) -> None:
    shop = order_shop(**{"existing_documents": "park", "flows.refunds": False})
    one, two, three = (shop.life("captured") for _ in range(3))
    an_order(shop, 77, "746.00", external1="10001")
    an_invoice(shop, 902, "746.00", external1="10002")
    an_order(shop, 78, "746.00", external1="10003")
    an_order(shop, 79, "746.00", external1="10003")
    report = shop.run()
    told = shop.outcomes(report, "new_order")
    assert {told[str(life.order)].state for life in (one, two, three)} == {"parked"}
    assert told[str(one.order)].reason == (
        "order 77 already carries its reference (found by payout reference)"
    )
    assert told[str(two.order)].reason.startswith("invoice 902 already carries its reference")
    assert told[str(three.order)].reason == (
        "2 orders are found by payout reference: 78, 79"
    )
    assert (sorted(shop.world.orders), sorted(shop.world.invoices)) == ([77, 78, 79], [902])
    shop.settings({"flows.orders": False})
    told = {one.payout: one for one in shop.outcomes(shop.run(), "invoice").values()}
    found = told[f"order {two.order}"]
    assert (found.state, found.reason) == (
        "parked", "invoice 902 already carries its reference (found by payout reference)",
    )  # fmt: skip


def test_an_order_is_known_by_qliros_id_too_and_of_two_none_is_taken_over(
    order_shop: Open,
) -> None:
    """The shop gave one of them its real reference after it had come to Fortnox."""
    shop = order_shop(**{"flows.refunds": False, "flows.invoices": False})
    renamed, twice, invoiced = (shop.life("several_rows") for _ in range(3))
    an_order(shop, 77, "746.00", external1="Z11kwQ", external2=str(renamed.order))
    an_order(shop, 78, "746.00", external1="10002")
    an_order(shop, 79, "746.00", external1="10002")
    an_invoice(shop, 901, "448.00", external1="10003")  # another connector's, in two parts
    an_invoice(shop, 902, "298.00", external1="10003")
    told = shop.outcomes(shop.run(), "new_order")
    assert told[str(invoiced.order)].reason.startswith("invoice 901 is there already")
    assert told[str(renamed.order)].reason == "found in Fortnox as order 77"
    assert (told[str(twice.order)].state, told[str(twice.order)].reason) == (
        "parked", "2 orders are found by payout reference: 78, 79",
    )  # fmt: skip
    assert sorted(shop.world.orders) == [77, 78, 79]


def test_an_invoice_that_somebody_else_made_of_our_order_is_left_to_a_person_where_one_says_so(
    order_shop: Open,
) -> None:
    """A cancelled one is nobody's."""
    shop = order_shop(**{"existing_documents": "park", "invoices.from": "order",
                         "flows.refunds": False})  # fmt: skip
    standing, cancelled = (shop.life("several_rows") for _ in range(2))
    shop.run()
    an_invoice(shop, 902, "746.00", external1="10001")
    an_invoice(shop, 903, "746.00", external1="10002", cancelled=True)
    for life in (standing, cancelled):
        lifecycle.capture(shop.world, life.order)
    told = {one.payout: one for one in shop.outcomes(shop.run(), "invoice_of_order").values()}
    found = told[f"order {standing.order}"]
    assert (found.state, found.reason) == (
        "parked", "invoice 902 already carries its reference (found by payout reference)",
    )  # fmt: skip
    assert told[f"order {cancelled.order}"].state == "posted"
    assert sorted(shop.world.invoices) == [902, 903, 1001]


def test_a_cancelled_invoice_is_no_invoice_of_a_capture(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False, "flows.orders": False})
    shop.life("captured")
    an_invoice(shop, 903, "746.00", external1="10001", cancelled=True)
    shop.run()
    assert [(one.number, one.booked) for one in shop.fortnox_invoices] == [
        (903, True), (1001, True),
    ]  # fmt: skip


# -- what was left unfinished ---------------------------------------------------------------------


def test_our_invoice_that_was_not_booked_yet_is_booked_after_the_database_was_lost(
    order_shop: Open,
) -> None:
    """Of three the database was lost between the invoice and its booking."""
    shop = order_shop(**{"flows.refunds": False})
    good, other, booked = (shop.life("captured") for _ in range(3))
    shop.run()
    for life, total, done in ((good, "746.00", False), (other, "740.00", False),
                              (booked, "740.00", True)):  # fmt: skip
        held = next(i for i in shop.fortnox_invoices if i.external2.startswith(str(life.order)))
        changed = replace(held, total=Decimal(total), balance=Decimal(total), booked=done)
        shop.world.invoices[held.number] = changed
    shop.lose_the_database()
    before = count(shop)
    for _ in range(2):
        report = shop.run()
        told = {one.payout: one for one in shop.outcomes(report, "invoice").values()}
        assert told[f"order {good.order}"].state == "adopted"
        for life, number in ((other, 1002), (booked, 1003)):
            parked = told[f"order {life.order}"]
            assert (parked.state, parked.reason) == (
                "parked",
                f"invoice {number}: its total is 740.00 SEK, and 746.00 SEK was captured",
            )
    assert count(shop) == before
    assert [one.booked for one in shop.fortnox_invoices] == [True, False, True]


def test_so_is_one_that_was_made_of_its_order(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False, "invoices.from": "order",
                         "invoices.order_invoice_date": "capture"})  # fmt: skip
    life = shop.life("captured")
    shop.run()
    (held,) = shop.fortnox_invoices
    shop.world.invoices[held.number] = replace(held, booked=False, day=date(2026, 11, 14))
    shop.lose_the_database()
    before = count(shop)
    report = shop.run()
    (told,) = shop.outcomes(report, "invoice_of_order").values()
    assert (told.state, told.payout) == ("adopted", f"order {life.order}")
    assert count(shop) == before
    assert [(one.booked, one.day) for one in shop.fortnox_invoices] == [(True, held.day)]


def test_an_invoice_of_another_total_is_not_taken_over(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False, "flows.orders": False})
    near, far, foreign = (shop.life("captured") for _ in range(3))
    an_invoice(shop, 901, "746.50", external1="10001", booked=False)
    an_invoice(shop, 902, "800.00", external1="10002")
    an_invoice(shop, 903, "746.00", external1="10003", currency="EUR")
    report = shop.run()
    told = {one.payout: one for one in shop.outcomes(report, "invoice").values()}
    assert told[f"order {near.order}"].reason == "found in Fortnox as invoice 901"
    assert told[f"order {far.order}"].reason == (
        "invoice 902: its total is 800.00 SEK, and 746.00 SEK was captured"
    )
    assert told[f"order {foreign.order}"].reason == (
        "invoice 903: its total is 746.00 EUR, and 746.00 SEK was captured"
    )
    assert [one.booked for one in shop.fortnox_invoices] == [False, True, True]  # left as it is


def test_so_are_credit_invoices_the_first_and_the_further_one(order_shop: Open) -> None:
    shop = order_shop()
    life = shop.life("refunded_twice")
    shop.run()
    shop.run()
    credits = [one for one in shop.fortnox_invoices if one.total < 0]
    for held in credits:
        shop.world.invoices[held.number] = replace(held, booked=False)
    shop.lose_the_database()
    before = count(shop)
    report = shop.run()
    told = [*shop.outcomes(report, "credit_invoice").values(),
            *shop.outcomes(report, "further_credit_invoice").values()]  # fmt: skip
    assert [(one.state, one.payout) for one in told] == [("adopted", f"order {life.order}")] * 2
    assert count(shop) == before
    after = [one for one in shop.fortnox_invoices if one.total < 0]
    assert [(one.total, one.booked) for one in after] == [(one.total, True) for one in credits]


def test_a_credit_that_fortnox_made_and_nobody_edited_is_finished_when_a_person_names_it(
    order_shop: Open,
) -> None:
    """The database was lost between the two: whose credit invoice it is can't be told."""
    shop = order_shop()
    life = shop.life("captured")
    shop.run()
    (invoice,) = shop.fortnox_invoices
    credit_invoice(shop.world, str(invoice.number))
    lifecycle.refund(shop.world, life.order, {"STRUMPOR-3": 1})
    shop.lose_the_database()
    report = shop.run()
    ((source, parked),) = shop.outcomes(report, "credit_invoice").items()
    assert parked.state == "parked"
    assert parked.reason == (
        "it has the credit invoice 1002 already, of which this program does not know whether it "
        f"is this refund. If it is: `resolve {source} --invoice 1002`, and it is edited to what "
        f"was refunded, and finished. If not: book this one by hand, and `resolve {source} "
        "--ignore`"
    )
    shop.resolve(source, "invoice", 1001)  # not the credit invoice
    shop.run()
    assert [one.total for one in shop.fortnox_invoices] == [746, -746]
    shop.resolve(source, "invoice", 1002)
    report = shop.run()
    assert shop.outcomes(report, "credit_invoice")[source].state == "adopted"
    credit = shop.world.invoices[1002]
    assert (credit.total, credit.booked, credit.external2) == (Decimal("-149.00"), True, source)
    assert len(shop.fortnox_invoices) == 2


def test_a_refund_after_the_database_was_lost_is_credited_beside_those_before_it(
    order_shop: Open,
) -> None:
    """Only the invoice's own page tells that its first refund has been credited."""
    shop = order_shop()
    life = shop.life("refunded_rows")
    shop.run()
    shop.run()
    shop.lose_the_database()
    lifecycle.discount(shop.world, life.order, "5.00")
    for _ in range(2):
        report = shop.run()
    (told,) = shop.outcomes(report, "further_credit_invoice").values()
    assert (told.state, told.reason) == ("posted", "posted as invoice 1003")
    assert [one.total for one in shop.fortnox_invoices] == [746, -149, -5]
