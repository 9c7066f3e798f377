"""A credit invoice that names another order, or an invoice to be credited that does, is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.report.explain import explain
from engine.sandbox.lives import lifecycle
from engine.sandbox.world.world import Customer, QliroOrder

from .test_never_doubled import an_invoice
from .test_own_document import sold

Open = Callable[..., OrderShop]
ON = {"flows.orders": False, "flows.invoices": False}
NUMBER = "1000006164"


def of_one_number(shop: OrderShop) -> tuple[QliroOrder, QliroOrder]:
    """Two captured orders of one number; only the first has an invoice, which names its OrderId."""
    first = sold(shop, "300.00", "120.00", reference=NUMBER)
    other = sold(shop, "300.00", "120.00", reference=NUMBER)
    for order in (first, other):
        lifecycle.capture(shop.world, order)
    an_invoice(shop, 901, "420.00", external1=NUMBER, external2=str(first.id))
    return first, other


def said(other: QliroOrder, first: QliroOrder) -> str:
    """Why a document of the first order is none of the other's."""
    return f"its ExternalInvoiceReference2 carries another OrderId, {first.id}, than {other.id}"


def losers(shop: OrderShop, source: str) -> list[list[str]]:
    """Of ``explain``: what lost among the candidates of a refund's invoice."""
    (order,) = explain(shop.store, source.partition("/")[0])["orders"]
    (item,) = [one for one in order["items"] if one["source"] == source]
    found: list[list[str]] = item["trace"]["match"]["losers"]
    return found


@pytest.mark.parametrize(
    ("refunds", "mapping"), [(["A"], "credit_invoice"), (["A", "B"], "further_credit_invoice")]
)
def test_the_invoice_of_another_order_with_its_number_is_not_credited(
    order_shop: Open, refunds: list[str], mapping: str
) -> None:
    """The first refund and each later one alike, until the order's own invoice is there."""
    shop = order_shop(**ON)
    first, other = of_one_number(shop)
    made = [lifecycle.refund(shop.world, other, {item: 1})[0] for item in refunds]
    source = f"{other.id}/{made[-1].id}"
    told = shop.outcomes(shop.run(), mapping)[source]
    why = said(other, first)
    assert (told.state, told.reason) == ("waiting", f"no invoice fits (invoice 901: {why})")
    assert ["901", "payout reference", why] in losers(shop, source)
    assert [one.number for one in shop.fortnox_invoices] == [901]
    shop.world.customers["1"] = Customer("1", "Webbkund", shop.world.now())
    an_invoice(shop, 902, "420.00", external1=NUMBER, external2=str(other.id))
    for _ in range(len(refunds) + 1):  # a further one is sent when the first is seen in the list
        shop.run()
    assert shop.world.invoices[901].credit_reference == 0
    assert shop.world.invoices[902].credit_reference != 0
    credits = sorted(one.total for one in shop.fortnox_invoices if one.total < 0)
    assert credits == [Decimal(-300), Decimal(-120)][: len(refunds)]


def test_a_refunds_line_is_not_paid_on_the_credit_invoice_of_another_order(
    order_shop: Open,
) -> None:
    """Another connector credits; the first order's credit stands beside the line of the other."""
    shop = order_shop(**ON, **{"flows.refunds": False})
    first, other = of_one_number(shop)
    an_invoice(shop, 902, "420.00", external1=NUMBER, external2=str(other.id))
    an_invoice(shop, 911, "-300.00", external1=NUMBER, external2=str(first.id))
    (refund,) = lifecycle.refund(shop.world, other, {"A": 1})
    (batch,) = lifecycle.pay_out(shop.world, [other])
    (line,) = [one for one in batch.lines if one.transaction == refund.id]
    shop.world.batches[batch.id] = replace(batch, lines=(line,))
    shop.run()
    (row,) = shop.lines()
    why = said(other, first)
    assert row["state"] == "waiting"
    assert f"911: {why}" in row["reason"]
    told = explain(shop.store, row["line"])["lines"][0]["stories"][0]["trace"]["match"]
    assert ["911", "payout reference", why] in told["losers"]
    an_invoice(shop, 912, "-300.00", external1=NUMBER, external2=str(other.id))
    shop.run()
    assert (shop.balance(911), shop.balance(912)) == (-300, 0)
