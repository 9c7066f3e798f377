"""Policies about orders: nothing is made of what breaks one, not even its customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from order_shop import OrderShop

from .kit import SETTINGS, chart

Open = Callable[..., OrderShop]
HEAD = "version: 2\npolicy: house\nchecks:\n"
TERMS = """\
  - id: terms
    for: fortnox.order
    when: source.country == 'SE'
    that: document.TermsOfPayment == 'K'
    because: "{{ source.PaymentMethodName }} has terms K with us, not {{ document.TermsOfPayment }}"
"""
ROWS = """\
  - id: vat
    for: fortnox.order
    each: {row: document.OrderRows}
    when: row.AccountNumber == 3001
    that: row.VAT == 0
    because: nothing on 3001 carries VAT
"""


def opened(order_shop: Open, folder: Path, *checks: str) -> OrderShop:
    over = folder / "over"
    over.mkdir()
    (over / "house.yaml").write_text(HEAD + "".join(checks), "utf-8")
    one = order_shop(**{**SETTINGS, "overlay": str(over)})
    chart(one.world)
    return one


def test_an_order_that_breaks_a_policy_is_parked_and_its_customer_is_not_made(
    order_shop: Open, tmp_path: Path
) -> None:
    one = opened(order_shop, tmp_path, TERMS)
    one.life("captured")
    before = set(one.world.customers)
    report = one.run()
    (outcome,) = one.outcomes(report, "new_order").values()
    assert (outcome.state, outcome.code) == ("parked", "policy")
    told = "breaks the policy house.terms: QLIRO_INVOICE has terms K with us, not QLIRO"
    assert outcome.reason == told
    assert one.fortnox_orders == []
    assert set(one.world.customers) == before


def test_each_row_of_an_order_is_asked_and_named(order_shop: Open, tmp_path: Path) -> None:
    one = opened(order_shop, tmp_path, ROWS)
    one.life("several_rows")
    report = one.run()
    (outcome,) = one.outcomes(report, "new_order").values()
    told = "breaks the policy house.vat: nothing on 3001 carries VAT (rows 1 and 2)"
    assert outcome.reason == told


def test_an_order_that_keeps_all_policies_is_made_as_ever(order_shop: Open, tmp_path: Path) -> None:
    one = opened(order_shop, tmp_path, ROWS.replace("row.VAT == 0", "row.VAT != 0"))
    one.life("several_rows")
    one.run()
    assert len(one.fortnox_orders) == 1


BOOKED = """\
  - id: never
    for: fortnox.invoice
    that: document.InvoiceDate == '1999-01-01'
    because: no invoice is ours to make
"""


def test_an_invoice_that_was_begun_is_finished_whatever_a_policy_says(
    order_shop: Open, tmp_path: Path
) -> None:
    """It stands in Fortnox: to leave it half done would help nobody."""
    one = opened(order_shop, tmp_path, BOOKED)
    one.settings({"overlay": None})
    one.life("captured")
    one.run()
    (held,) = one.fortnox_invoices
    one.world.invoices[held.number] = replace(held, booked=False)
    one.lose_the_database()
    one.settings({"overlay": str(tmp_path / "over")})
    report = one.run()
    assert {told.state for told in one.outcomes(report, "invoice").values()} == {"adopted"}
    assert [invoice.booked for invoice in one.fortnox_invoices] == [True]
