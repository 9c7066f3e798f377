"""What people see of orders: status, explain, a plan's page, and what resolve does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from order_shop import OrderShop

from engine import json_text
from engine import scope as scopes
from engine import session as sessions
from engine.errors import UsageError
from engine.extract.raw import Report
from engine.report.explain import explain
from engine.report.resolve import resolve
from engine.report.status import status
from engine.sandbox.lives import lifecycle
from engine.show import explanation, planned
from engine.show import status as status_page
from engine.show.page import Page, Table
from engine.workbench.anew import Anew

Open = Callable[..., OrderShop]
TRACES = "SELECT trace FROM ledger.outcome"


def words(page: Page) -> str:
    """Every text of a page."""
    parts = []
    for part in page:
        if isinstance(part, Table):
            parts += [" ".join(map(str, row)) for row in [part.columns, *part.rows]]
        else:
            parts.append(part.text)
    return "\n".join(parts)


def told(shop: OrderShop) -> dict[str, Any]:
    return status(shop.store, shop.world.today(), 14)


def test_status_tells_documents_by_state_and_what_is_open_with_its_reason(
    order_shop: Open,
) -> None:
    shop = order_shop()
    shop.life("captured")
    german = shop.life("german")
    report = shop.run()
    assert report.exit_code == 3
    found = told(shop)
    counts = {(row["mapping"], row["state"]): row["items"] for row in found["orders"]["counts"]}
    assert counts["new_order", "posted"] == counts["new_order", "parked"] == 1
    assert counts["invoice", "posted"] == counts["invoice", "waiting"] == 1
    shown = words(status_page.page("shop", "Shop", found))
    assert str(german.order) in shown
    assert "No row of sales_accounts fits DE with 19 % VAT" in shown
    assert "1 document of orders needs a person" in shown


@pytest.mark.parametrize("by", ["order", "reference", "capture", "transaction", "invoice"])
def test_explain_finds_an_order_by_each_of_its_names(order_shop: Open, by: str) -> None:
    """By a document of it, that document alone is shown."""
    shop = order_shop()
    life = shop.life("captured")
    shop.run()
    (taken,) = lifecycle.captures(shop.world, life.order)
    ref = {
        "order": str(life.order),
        "reference": shop.world.qliro_orders[life.order].reference,
        "capture": f"{life.order}/{taken.id}",
        "transaction": str(taken.id),
        "invoice": str(shop.fortnox_invoices[0].number),
    }[by]
    found = explain(shop.store, ref)
    (order,) = found["orders"]
    whole = by in ("order", "reference")
    made = {item["mapping"] for item in order["items"]}
    assert made >= {"customer", "new_order", "invoice"} if whole else made == {"invoice"}
    shown = words(explanation.page(found))
    rule, request, number = (
        ("new_order.yaml", "POST /3/orders", "posted as order 501")
        if whole
        else ("invoice.yaml", "POST /3/invoices", "posted as invoice 1001")
    )
    assert rule in shown
    assert request in shown
    assert number in shown
    assert f"/orders/{life.order}" in shown  # the raw answer


def test_explain_tells_which_row_gave_a_document_its_sales_account(order_shop: Open) -> None:
    shop = order_shop()
    life = shop.life("captured")
    shop.run()
    found = explain(
        shop.store, str(life.order), trace_of=Anew(shop.store, shop.merchant).trace
    )
    for mapping in ("new_order", "invoice"):
        item = next(one for one in found["orders"][0]["items"] if one["mapping"] == mapping)
        hits = [tuple(hit) for hit in item["trace"]["tables"]]
        assert len(set(hits)) == len(hits)
        told = [(row, place) for table, row, place in hits if table == "sales_accounts"]
        assert told, mapping
        assert all(row.isdigit() and place for row, place in told)
    shown = words(explanation.page(found))
    assert "given customer: number 101" in " ".join(shown.split())


def test_a_plan_shows_the_documents_of_orders(order_shop: Open) -> None:
    shop = order_shop()
    life = shop.life("private")
    made = shop.plan()
    assert made.actions == []  # nobody has told of the order yet
    with shop.session() as opened:
        scope = scopes.named(orders=[str(life.order)])
        made = sessions.plan(opened, sessions.sync(opened, scope), scope)
    shown = words(planned.page(made))
    assert f"Order {life.order}" in shown
    assert "fortnox.customer" in shown
    assert "its customer is to be posted first" in shown


def test_a_person_sets_a_document_of_an_order_aside_with_a_reason(order_shop: Open) -> None:
    shop = order_shop()
    life = shop.life("german")
    shop.run()
    resolve(shop.store, shop.clock.now(), "Anna", str(life.order), "ignore", reason="by hand")
    report = shop.run()
    outcome = shop.outcomes(report, "new_order")[str(life.order)]
    assert (outcome.state, outcome.reason) == ("ignored", "by hand")


def test_an_invoice_that_differs_is_tried_again_once_it_is_mended_or_set_aside(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.orders": False, "invoices.added_fees": "customer"})
    shop.world.company = replace(shop.world.company, freight=100)
    life = shop.life("captured")
    report = shop.run()
    (source,) = shop.outcomes(report, "invoice")
    assert shop.outcomes(report, "invoice")[source].code == "undecided"
    assert not shop.fortnox_invoices[0].booked
    with pytest.raises(UsageError, match="for settlement lines"):
        resolve(shop.store, shop.clock.now(), "Anna", source, "suspense", reason="no")
    resolve(shop.store, shop.clock.now(), "Anna", source, "retry")
    assert shop.outcomes(shop.run(), "invoice")[source].code == "undecided"
    resolve(shop.store, shop.clock.now(), "Anna", source, "ignore", reason="booked by hand")
    assert shop.outcomes(shop.run(), "invoice")[source].state == "ignored"
    assert life.order


def test_an_order_that_is_not_known_is_told_with_the_way_to_it(order_shop: Open) -> None:
    shop = order_shop()
    with shop.session() as opened:
        made = sessions.plan(opened, Report(), scopes.named(orders=["123"]), offline=True)
    assert made.problems == ["No order 123 is known here: `sync --order 123` asks Qliro for it."]


def test_no_name_or_address_is_kept_with_the_reasons(order_shop: Open) -> None:
    shop = order_shop()
    life = shop.life("captured")
    shop.run()
    buyer = shop.world.qliro_orders[life.order].buyer
    traces = [json_text.decode(row["trace"]) for row in shop.store.rows(TRACES)]
    kept = json_text.encode([one.get("inputs") for one in traces])
    assert str(life.order) in kept
    for said in (buyer.email, buyer.mobile, buyer.last, "Storgatan"):
        assert said
        assert said not in kept
