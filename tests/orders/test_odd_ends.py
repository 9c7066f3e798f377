"""What stands at the edges: too many rows, signs that Fortnox refuses, a change whose answer was
lost, goods that the warehouse does not have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import few_rows
import pytest
from order_shop import OrderShop

from engine import session as sessions
from engine.extract.raw import Report
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import lot, secure
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import Buyer
from engine.scope import Scope
from engine.stage.staging import DERIVED, stage

Open = Callable[..., OrderShop]


def test_an_order_of_more_than_500_rows_brings_nothing_to_fortnox(order_shop: Open) -> None:
    """Neither its customer nor its articles, which the merchant lets this program make."""
    shop = order_shop(**{"flows.refunds": False})
    order = secure(shop.world, [lot(f"ART-{n}", "10.00") for n in range(501)])
    shop.known.append(str(order.id))
    told = shop.outcomes(shop.run(), "new_order")[str(order.id)]
    assert told.state == "parked"
    assert told.reason.startswith("it has 501 rows, and Fortnox takes no more than 500")
    assert shop.requests("POST", "/3/") == []


def test_an_invoice_of_more_than_500_rows_is_parked_before_anything_is_sent(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.orders": False, "flows.refunds": False})
    order = secure(shop.world, [lot(f"ART-{n}", "10.00") for n in range(501)])
    taken = lifecycle.capture(shop.world, order)
    shop.known.append(str(order.id))
    outcome = shop.outcomes(shop.run(), "invoice")[f"{order.id}/{taken.id}"]
    assert outcome.state == "parked"
    assert "501 rows, and Fortnox takes no more than 500" in outcome.reason
    assert shop.requests("POST", "/3/invoices") == []


def test_rows_stand_as_the_buyer_saw_them_also_from_the_tenth_on(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    bought = [f"ART-{n:02}" for n in range(12, 0, -1)]
    order = secure(shop.world, [lot(reference, "10.00") for reference in bought])
    taken = lifecycle.capture(shop.world, order)
    shop.known.append(str(order.id))
    shop.run()
    (made,) = shop.fortnox_orders
    (invoice,) = shop.fortnox_invoices
    assert taken.amount == invoice.total
    assert [row.article for row in made.rows] == bought
    assert [row.article for row in invoice.rows] == bought


def test_a_reference_with_a_sign_that_fortnox_refuses_is_parked_and_named(order_shop: Open) -> None:
    """Cleaned, it would be another reference, and its payout would find nothing."""
    shop = order_shop(**{"flows.refunds": False})
    odd = secure(shop.world, [lot("MUGG-1", "199.00")], reference="A|1")
    good = secure(shop.world, [lot("MUGG-1", "199.00")], reference="A/1")
    shop.known += [str(odd.id), str(good.id)]
    told = shop.outcomes(shop.run(), "new_order")
    assert told[str(odd.id)].state == "parked"
    assert "Fortnox refuses the character '|'" in told[str(odd.id)].reason
    assert [one.external1 for one in shop.fortnox_orders] == ["A/1"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "500_after", "truncated"])
def test_a_change_of_an_order_whose_answer_was_lost_is_there_once(
    order_shop: Open, kind: str
) -> None:
    shop = order_shop(**{"flows.refunds": False})
    life = shop.life("several_rows")
    shop.run()
    goods = shop.world.qliro_orders[life.order].items
    lifecycle.update(shop.world, life.order, [lot(goods[0].reference, "399.00")])
    plan(shop.world, Fault(kind, nth=1, method="PUT", path=r"/3/orders/\d+$"))
    for _ in range(3):
        report = shop.run()
    (order,) = shop.fortnox_orders
    assert order.total == Decimal("399.00")
    assert shop.outcomes(report, "changed_order")[str(life.order)].state == "posted"
    before = len(shop.world.journal)
    shop.run()
    assert {one.method for one in shop.world.journal[before:]} <= {"GET", "POST"}  # POST: a token
    assert (order.total, len(shop.fortnox_orders)) == (Decimal("399.00"), 1)


def test_goods_that_the_warehouse_does_not_have_are_not_invoiced_for_less(order_shop: Open) -> None:
    """The warehouse module sets what is delivered to nothing: an invoice of it would be empty."""
    shop = order_shop(**{"flows.refunds": False, "invoices.from": "order"})
    shop.world.company.warehouse = True
    life = shop.life("private")
    shop.run()
    (order,) = shop.fortnox_orders
    assert {row.quantity for row in order.rows} == {0}
    lifecycle.capture(shop.world, life.order)
    for _ in range(2):
        report = shop.run()
    assert not [one for one in shop.fortnox_invoices if one.booked]
    states = {one.state for one in report.plan.outcomes if one.mapping.startswith("invoice")}
    assert "posted" not in states
    assert states & {"parked", "waiting"}


def test_an_order_of_another_total_is_told_where_no_vat_would_tell(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    shop.world.company.warehouse = True
    order = secure(shop.world, [lot("KURS-1", "199.00", rate="0")])
    shop.known.append(str(order.id))
    told = shop.outcomes(shop.run(), "new_order")[str(order.id)]
    assert told.state == "parked"
    assert "Total is 0.00 and must be 199.00" in told.reason


def test_a_plan_after_an_upgrade_sees_what_has_to_be_staged_anew(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    shop.life("captured"), shop.life("on_hold")
    before = {(one.mapping, one.source): one.state for one in shop.run().plan.outcomes}
    assert set(before.values()) == {"posted", "done", "waiting"}
    for table in ("raw.staged", *(f"qliro.{name}" for name in DERIVED)):
        shop.store.execute(f"DELETE FROM {table}")
    with shop.session() as opened:
        made = sessions.plan(opened, Report(), Scope(None, tuple(shop.known)))
    assert {(one.mapping, one.source): one.state for one in made.outcomes} == before


def test_a_database_in_memory_has_what_one_in_a_file_has() -> None:
    """The tests' own databases are copies of one in a file."""
    tables = "SELECT schema_name, table_name, column_count FROM duckdb_tables() ORDER BY ALL"
    views = "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
    real, copy = few_rows.real_in_memory(), few_rows.in_memory()
    for query in (tables, views):
        assert real.rows(query) == copy.rows(query) != []


def test_what_orders_come_to_is_the_same_one_by_one(
    order_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders are derived in portions, and again when they are read again."""
    shop = order_shop()
    for name in ("refunded_twice", "refunded_across_captures", "upsold", "updated", "paid_at_once"):
        shop.life(name)
    shop.run()

    def derived() -> dict[str, list[dict[str, object]]]:
        return {name: shop.store.rows(f"FROM qliro.{name} ORDER BY ALL") for name in DERIVED}

    before = derived()
    assert all(before[name] for name in ("order_sum", "order_line", "capture_line", "refund_line"))
    shop.store.execute("DELETE FROM raw.staged")
    monkeypatch.setattr("engine.stage.staging.PORTION", 1)
    assert stage(shop.store).answers > 0
    assert derived() == before


# -- what is left to a person, in words ------------------------------------------------------------


def test_terms_that_fortnox_lacks_and_methods_that_nobody_declared_are_told(
    order_shop: Open,
) -> None:
    """Of orders and of invoices; the buyer has his card by his first order."""
    shop = order_shop(**{"flows.refunds": False, "payment_methods": [
        {"method": "CREDITCARDS", "terms_of_payment": "ZZ"},
    ]})  # fmt: skip
    plain, by_card = shop.life("captured"), shop.life("several_rows")
    taken = [*lifecycle.captures(shop.world, plain.order)]
    taken.append(lifecycle.capture(shop.world, by_card.order))
    other = Buyer("Eva", "Lind", "eva@example.com", None, "198202294827")
    new = secure(shop.world, [lot("MUGG-1", "199.00")], buyer=other, method="CREDITCARDS")
    shop.known.append(str(new.id))
    report = shop.run()
    default = shop.merchant.settings["default_terms_of_payment"]
    unknown = (
        f"the payment method QLIRO_INVOICE is not declared; the terms of payment {default} are "
        "used. Add it to payment_methods"
    )
    assert report.plan.warnings == [
        f"{unknown} (new order {plain.order})",
        f"{unknown} (invoice {plain.order}/{taken[0].id})",
    ]  # fmt: skip
    missing = (
        "the terms of payment ZZ are not in Fortnox: add them under Register, Betalningsvillkor, "
        "or name others in payment_methods"
    )
    told = shop.outcomes(report, "new_order")[str(by_card.order)]
    assert (told.state, told.reason) == ("parked", missing)
    told = shop.outcomes(report, "new_order")[str(new.id)]
    assert (told.state, told.reason) == ("parked", missing)
    shop.settings({"flows.orders": False})
    shop.lose_the_database()
    shop.world.invoices.clear()
    report = shop.run()
    told = shop.outcomes(report, "invoice")[f"{by_card.order}/{taken[1].id}"]
    assert (told.state, told.reason) == ("parked", missing)


def test_a_currency_that_fortnox_lacks_is_told_of_a_buyer_who_has_a_card_too(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.refunds": False})
    sold = [secure(shop.world, [lot("MUGG-1", "199.00")], currency=one) for one in ("SEK", "GBP")]
    for order in sold:
        shop.known.append(str(order.id))
        lifecycle.capture(shop.world, order)
    missing = "the currency GBP is not in Fortnox: add it under Register, Valutor"
    told = shop.outcomes(shop.run(), "new_order")[str(sold[1].id)]
    assert (told.state, told.reason) == ("parked", missing)
    shop.settings({"flows.orders": False})
    told = list(shop.outcomes(shop.run(), "invoice").values())[1]
    assert (told.state, told.reason) == ("parked", missing)


def test_an_order_that_has_no_reference_of_its_own_is_left_to_a_person(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    order = secure(shop.world, [lot("MUGG-1", "199.00")], reference="")
    shop.known.append(str(order.id))
    told = shop.outcomes(shop.run(), "new_order")[str(order.id)]
    assert (told.state, told.reason.split(":")[0]) == (
        "parked", "Qliro has no merchant reference for it",
    )  # fmt: skip
    assert shop.fortnox_orders == []


def test_a_discount_of_several_rates_with_nothing_to_split_it_over_is_told(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.refunds": False})
    discount = lot("RABATT", "-10.00", ex="-9.10", rate="0", type="Discount")
    freights = [
        lot("dhl-hem", "49.00", type="Shipping"),
        lot("bok", "53.00", rate="6", type="Shipping"),
    ]
    order = secure(shop.world, [*freights, discount])
    lifecycle.capture(shop.world, order)
    shop.known.append(str(order.id))
    sentence = "there is nothing that its discount could be split over"
    told = shop.outcomes(shop.run(), "new_order")[str(order.id)]
    assert (told.state, told.reason) == ("parked", sentence)
    shop.settings({"flows.orders": False})
    (told,) = shop.outcomes(shop.run(), "invoice").values()
    assert (told.state, told.reason) == ("parked", sentence)


@pytest.mark.parametrize("from_", ["capture", "order"])
def test_what_falls_into_a_locked_period_is_parked_or_moved_as_the_merchant_says(
    order_shop: Open, from_: str
) -> None:
    """The invoice, and the credit invoice of its refund."""
    shop = order_shop(**{"invoices.from": from_, "invoices.order_invoice_date": "capture"})
    invoice = "invoice" if from_ == "capture" else "invoice_of_order"
    shop.life("refunded_twice")
    shop.world.locked_until = shop.world.today() - timedelta(days=1)
    (told,) = shop.outcomes(shop.run(), invoice).values()
    assert (told.state, "lies in a locked period" in told.reason) == ("parked", True)
    assert shop.fortnox_invoices == []
    shop.settings({"dates.closed": "next_open_day"})
    for _ in range(2):
        shop.run()
    day = shop.world.locked_until + timedelta(days=1)
    assert {one.day for one in shop.fortnox_invoices} == {day}
    assert [one.total for one in shop.fortnox_invoices] == [746, -149, -399]
    shop.settings({"dates.closed": "park"})
    shop.world.locked_until = shop.world.today()
    lifecycle.discount(shop.world, int(shop.known[0]), "5.00")
    told = list(shop.outcomes(shop.run(), "further_credit_invoice").values())[-1]
    assert (told.state, "lies in a locked period" in told.reason) == ("parked", True)
    shop.settings({"dates.closed": "next_open_day"})
    shop.run()
    last = shop.fortnox_invoices[-1]
    assert (last.total, last.day) == (-5, shop.world.locked_until + timedelta(days=1))
