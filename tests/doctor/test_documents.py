"""What orders and invoices need: each check beside the worlds that provoke it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from order_shop import OrderShop

from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import World

from .kit import (
    RECEIVER,
    Case,
    Change,
    Street,
    account,
    an_order,
    every_flow,
    expect,
    found,
    trouble,
)


def rounded_invoice(world: World) -> None:
    number = TROUBLES["clean_sale"](world).invoices[0]
    world.invoices[number] = replace(world.invoices[number], round_off=Decimal("0.40"))


def without_article(number: str) -> Change:
    return lambda world: world.articles.pop(number)


def oss(**row: Any) -> dict[str, Any]:
    domestic = [{"region": "domestic", "rate": rate, "account": 3001} for rate in (25, 12, 6, 0)]
    return {"sales_accounts": [*domestic, row]}


ORDER_CASES = [
    Case("terms_of_payment", "they are not there", lambda world: world.terms.pop("QLIRO"),
         "error", ("The terms of payment QLIRO (default_terms_of_payment) are not in Fortnox",
                   "Betalningsvillkor")),
    Case("modes_of_payment", "one is not there", lambda world: None,
         "error", ("The mode of payment SWISH is not in Fortnox", "Betalningssätt"),
         {"payment_methods": [{"terms_of_payment": "QLIRO", "mode_of_payment": "SWISH"}]}),
    Case("modes_of_payment", "one is on another account", lambda world: None,
         "warning", ("The mode of payment BG books on account 1930", "no interim account"),
         {"payment_methods": [{"terms_of_payment": "QLIRO", "mode_of_payment": "BG"}]}),
    Case("qliro_method", "it is not there", lambda world: world.terms.pop("QLIRO"),
         "error", ("no terms of payment QLIRO, which qliro_methods names", "Ej skickad")),
    Case("qliro_method", "orders are given a general one", lambda world: None,
         "error", ("payment_methods gives Qliro's orders the terms of payment 30",),
         {"payment_methods": [{"method": "SWISH", "terms_of_payment": "30"}]}),
    Case("qliro_method", "an order of another program's carries no reference of Qliro's",
         lambda world: (an_order()(world), world.qliro_orders.clear()),
         "warning", ("Recent orders with the terms of payment QLIRO carry no reference that Qliro "
                     "knows: 101.", "no status is sent"),
         {"flows.orders": False, "flows.invoices": False, "flows.refunds": False}),
    Case("qliro_method", "an order carries FAK", an_order("FAK"),
         "error", ("carry other terms of payment than QLIRO: 101 (FAK, Qliro's", "Ej skickad",
                   "run with --order")),
    Case("articles", "that of return fees is not there", without_article("refund_fee"),
         "error", ("refund_fee (refunds.fee_article), for a return fee", "Artiklar", "Add the")),
    Case("articles", "that of refunds by amount is not active",
         lambda world: world.articles.update(refund_discrepancy=replace(
             world.articles["refund_discrepancy"], active=False)),
         "error", ("refund_discrepancy (refunds.discrepancy_article)", "is not active")),
    Case("articles", "that of shipping is not there", lambda world: None,
         "error", ("The article FRAKT (articles.fixed[0]), for a line of kind shipping",),
         {"articles.create": False, "articles.fixed": [{"kind": "shipping", "article": "FRAKT"}]}),
    Case("other_connector", "it wrote an order today", an_order(),
         "error", ("Something else writes Qliro's orders into Fortnox: order 101 (2026-11-16",
                   "one order becomes two invoices", "shop.yaml:")),
    Case("other_connector", "it wrote an invoice", trouble("clean_sale"),
         "error", ("into Fortnox: invoice ",)),
    Case("webhook", "there is none", lambda world: None,
         "warning", ("webhooks.public_url is not set", "`webhooks --help`")),
    Case("webhook", "something else answers", lambda world: None,
         "warning", ("is not the receiver (status 404)", "passes /push/ on"), RECEIVER),
    Case("webhook", "its token is easy to guess", lambda world: None,
         "error", ("webhooks.token must be 32 to 200", "openssl rand -hex 32"),
         {**RECEIVER, "webhooks.token": {"env": "QLIRO_API_KEY"}}),
    Case("webhook", "it is not https", lambda world: None,
         "warning", ("webhooks.public_url is not https",),
         {**RECEIVER, "webhooks.public_url": "http://push.example.se"}),
    Case("warehouse", "it is activated", lambda world: setattr(world.company, "warehouse", True),
         "warning", ("The warehouse module (Lager) is activated", "Lagervara")),
    Case("rounding", "invoices are rounded", rounded_invoice,
         "warning", ("Fortnox rounds invoices to kronor: 1", "öresavrundning")),
    Case("rounding", "invoices are rounded and the difference is parked", rounded_invoice,
         "warning", ("rounding.policy park every such line is parked",),
         {"rounding.policy": "park"}),
    Case("vat_rates", "a rate is not in force", lambda world: None,
         "warning", ("sales_accounts[4] has 20 % for DE", "in force today (19, 7)"),
         oss(region="oss", country="DE", rate=20, account=3002)),
    Case("vat_rates", "a rate does not fit a row", lambda world: None,
         "warning", ("has 25.5 % VAT, which a row of an invoice", "vat_code", "Moms"),
         oss(region="oss", country="FI", rate=25.5, account=3002)),
    Case("vat_rates", "an account has no VAT code", lambda world: None,
         "warning", ("Account 3002 (sales_accounts[4]) has no VAT code", "declared"),
         oss(region="oss", country="DE", rate=19, account=3002)),
    Case("vat_rates", "an account takes two countries", account(3002, vat_code="OSS"),
         "warning", ("Account 3002 takes the sales of DE 19 %, NL 21 %",),
         {"sales_accounts": [{"region": "oss", "country": "DE", "rate": 19, "account": 3002},
                             {"region": "oss", "country": "NL", "rate": 21, "account": 3002}]}),
]  # fmt: skip


@pytest.mark.parametrize("case", ORDER_CASES, ids=lambda case: f"{case.check}: {case.name}")
def test_a_check_of_documents_finds_what_is_wrong(
    case: Case, order_shop: Callable[..., OrderShop]
) -> None:
    opened = every_flow(order_shop, **case.settings)
    case.change(opened.world)
    street = Street(opened.world, 404) if case.name == "something else answers" else None
    expect(case, opened, transport=street)


def test_shipping_that_was_sold_and_has_no_article_is_told_of(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop, **{"articles.create": False})
    opened.life("several_rows")
    opened.run()
    (told,) = [one for one in found(opened, "articles") if one.severity != "ok"]
    assert "Lines of shipping in earlier orders" in told.what
    assert "dhl-hem" in told.what


def test_what_was_sold_and_no_row_takes_is_told_of(order_shop: Callable[..., OrderShop]) -> None:
    opened = every_flow(order_shop)
    opened.life("german")
    opened.run()
    told = [one for one in found(opened, "vat_rates") if one.severity != "ok"]
    assert told[0].what.startswith("No row of sales_accounts fits DE with 19 % VAT")


def test_orders_from_before_the_takeover_only_show_how_others_write(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop, orders_from="2026-11-17")
    an_order("FAK")(opened.world)
    (told,) = found(opened, "qliro_method")
    assert told.severity == "warning"
    buyer = next(iter(opened.world.qliro_orders.values())).buyer
    for personal in (buyer.first, buyer.last, buyer.email, buyer.mobile):
        assert str(personal) not in repr(told)


def test_an_order_of_somebody_else_may_have_any_terms(order_shop: Callable[..., OrderShop]) -> None:
    opened = every_flow(order_shop)
    an_order("FAK")(opened.world)
    opened.world.orders[101] = replace(opened.world.orders[101], external1="by telephone")
    (told,) = found(opened, "qliro_method")
    assert told.severity == "ok"


def test_where_the_warehouse_may_not_be_asked_for_that_is_said(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop)
    opened.world.access.scopes.discard("warehouse")
    (told,) = found(opened, "warehouse")
    assert (told.severity, "(scope warehouse)" in told.what) == ("ok", True)
