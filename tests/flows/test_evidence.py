"""A document that names another order is none of the line's, whatever reference has found it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from order_shop import OrderShop
from orders.test_never_doubled import an_invoice, an_order
from orders.test_own_document import sold
from shop import OpenShop, Shop

from engine.report.explain import explain
from engine.sandbox.history import new_sale, payout_day, settle, transaction_line
from engine.sandbox.lives import lifecycle

SECOND = "ExternalInvoiceReference2"


def bought(one: Shop) -> date:
    return payout_day(one.world) - timedelta(days=2)


def two_of_one_number(one: Shop, first: str = "300.00", second: str = "200.00", **fields: object):
    """Two orders of one reference; only the first has an invoice, which names its OrderId."""
    day = bought(one)
    invoiced = new_sale(one.world, Decimal(first), day=day, reference="1000006164")
    other = new_sale(one.world, Decimal(second), day=day, reference="1000006164", invoiced=False)
    if fields:
        found = one.world.invoices[invoiced.invoice.number]
        one.world.invoices[found.number] = replace(found, **fields)
    return invoiced, other


def test_a_line_does_not_pay_the_invoice_of_another_order_with_its_reference(
    shop: OpenShop,
) -> None:
    """The other order is not even known here: its number has as many digits as the line's own."""
    one = shop()
    invoiced, other = two_of_one_number(one)
    settle(one.world, [other.line])
    one.run()
    number = invoiced.invoice.number
    said = (
        f"its {SECOND} carries another OrderId, {invoiced.order.id}, than {other.order.id}"
    )
    assert (one.states(), one.reasons()) == (
        ["waiting"], [f"no invoice fits (invoice {number}: {said})"],
    )  # fmt: skip
    (line,) = one.lines()
    told = explain(one.store, line["line"])["lines"][0]["stories"][0]["trace"]["match"]
    assert [str(number), "payout reference", said] in told["losers"]
    settle(one.world, [invoiced.line])
    one.later(days=1)
    one.run()
    assert one.balance(number) == 0
    assert sorted(one.states()) == ["posted", "waiting"]


@pytest.mark.parametrize("names", ["transaction", "prefixed", "label"])
def test_another_order_is_known_by_its_transactions_and_behind_the_prefix_too(
    shop: OpenShop, names: str
) -> None:
    one = shop(payment_reference_prefix="QLIRO-")
    invoiced, other = two_of_one_number(one)
    text = {
        "transaction": str(invoiced.line.transaction),
        "prefixed": f"QLIRO-{invoiced.order.id}",
        "label": f"{invoiced.order.id}/{invoiced.line.transaction}",
    }[names]
    found = one.world.invoices[invoiced.invoice.number]
    one.world.invoices[found.number] = replace(found, external2=text)
    settle(one.world, [other.line, invoiced.line])
    one.run()
    assert sorted(one.states()) == ["posted", "waiting"]
    assert one.balance(found) == 0


def test_a_shops_own_ids_in_the_second_field_say_nothing(shop: OpenShop) -> None:
    """A connector writes its post's id there, as long as an OrderId; one is another's reference."""
    one = shop()
    day = bought(one)
    sales = [
        new_sale(one.world, Decimal(100 + n), day=day, reference=str(3000000 + n))
        for n in range(30)
    ]
    for n, sale in enumerate(sales):
        found = one.world.invoices[sale.invoice.number]
        id = str(3000000 + (n + 1) % 30) if n < 3 else str(7100000 + n)
        one.world.invoices[found.number] = replace(found, external2=id)
    settle(one.world, [sale.line for sale in sales])
    one.run()
    assert set(one.states()) == {"posted"}


def test_one_invoice_that_names_the_first_transaction_takes_both_captures(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal(500), day=bought(one))
    found = one.world.invoices[sale.invoice.number]
    one.world.invoices[found.number] = replace(
        found, external2=str(sale.line.transaction), total=Decimal(800), balance=Decimal(800)
    )
    more = transaction_line(one.world, sale.order, Decimal(300), day=bought(one))
    settle(one.world, [sale.line, more])
    one.run()
    assert one.states() == ["posted", "posted"]
    assert one.balance(found) == 0


def test_after_a_switch_of_the_reference_both_identifiers_are_the_orders_own(
    shop: OpenShop,
) -> None:
    """The shop's own number looks like an OrderId and stands where the merchant had it before."""
    one = shop(use_merchant_reference=False)
    sale = new_sale(one.world, Decimal(500), day=bought(one), reference="4900777")
    found = one.world.invoices[sale.invoice.number]
    one.world.invoices[found.number] = replace(
        found, external1=str(sale.order.id), external2="4900777"
    )
    settle(one.world, [sale.line])
    one.run()
    assert one.states() == ["posted"]


def test_an_invoice_that_a_person_chose_is_paid_whatever_it_names(shop: OpenShop) -> None:
    one = shop()
    invoiced, other = two_of_one_number(one)
    settle(one.world, [other.line])
    one.run()
    one.resolve(one.lines()[0]["line"], "invoice", invoiced.invoice.number)
    one.run()
    assert one.states() == ["posted"]


Open = Callable[..., OrderShop]


def test_a_capture_gets_an_invoice_of_its_own_beside_one_that_names_another_order(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.orders": False})
    order = sold(shop, "300.00", reference="1000006164")
    lifecycle.capture(shop.world, order)
    an_invoice(shop, 901, "300.00", external1="1000006164", external2="4800001")
    an_invoice(shop, 902, "500.00", external1="OWN-1", external2="4900002")
    another = sold(shop, "500.00", reference="OWN-1")
    lifecycle.capture(shop.world, another)
    shop.run()
    made = [one.external2.split("/")[0] for one in shop.fortnox_invoices if one.number > 1000]
    assert made == [str(order.id)]


def test_an_order_that_names_another_order_is_not_taken_over(order_shop: Open) -> None:
    shop = order_shop(**{"flows.invoices": False, "flows.refunds": False})
    order = sold(shop, "300.00", reference="1000006164")
    other = sold(shop, "700.00", reference="OTHER")
    an_order(shop, 77, "300.00", external1="1000006164", external2=str(other.id))
    shop.run()
    made = {one.external2 for one in shop.fortnox_orders if one.number != 77}
    assert str(order.id) in made
