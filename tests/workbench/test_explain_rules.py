"""`explain MERCHANT REF FIELD` by rules of one's own: what the overlay changed, the release then,
the rules now, what an earlier version made, and cost centres."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from order_shop import OrderShop
from orders.kit import chart
from orders.test_own_document import sold
from shop import OpenShop, Shop

from engine.errors import UsageError
from engine.home import HOME
from engine.sandbox.history import new_sale, settle
from engine.sandbox.lives import lifecycle

from .test_explain_value import explained, has, line_of, said

Open = Callable[..., OrderShop]
SET = HOME / "mappings" / "qliro-fortnox"
ROUNDED_DOWN = """\
version: 2
mapping: payment
document:
  ModeOfPaymentAccount: "{{ settings.accounts.rounding }}"
"""


def paid_under(shop: OpenShop, overlay: Path, text: str) -> Shop:
    """A shop with an overlay of this text, whose sale of 100.00 was paid."""
    overlay.mkdir()
    (overlay / "payment.yaml").write_text(text)
    one = shop(overlay=str(overlay))
    settle(one.world, [new_sale(one.world, Decimal("100.00")).line])
    one.run()
    return one


def test_what_the_overlay_says_and_what_the_set_says(shop: OpenShop, tmp_path: Path) -> None:
    one = paid_under(shop, tmp_path / "over", ROUNDED_DOWN)
    lines = said(one, line_of(one, "100.00"), "ModeOfPaymentAccount")
    has(lines, ", overlay ", "over/payment.yaml:4)",
        "the overlay replaced document.ModeOfPaymentAccount; the set says {{ line.interim }} "
        "(qliro-fortnox/payouts/payment.yaml:")  # fmt: skip


def edited(one: Shop, folder: Path, into: Path, old: str, new: str) -> None:
    """The merchant goes on with a copy of ``folder`` in which one thing reads otherwise."""
    shutil.copytree(folder, into)
    path = into / "payouts" / "payment.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    one.settings({"mapping_set": str(into)})


def test_the_rule_then_and_what_the_rules_now_would_give(shop: OpenShop, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    shutil.copytree(SET, folder)
    one = shop(mapping_set=str(folder))
    settle(one.world, [new_sale(one.world, Decimal("100.00")).line])
    one.run()
    line = line_of(one, "100.00")
    edited(one, folder, tmp_path / "commented", "version: 2", "version: 2  # no change")
    has(said(one, line, "InvoiceNumber"), "the rule is the same now")
    edited(one, folder, tmp_path / "changed", "{{ line.interim }}",
           "{{ settings.accounts.rounding }}")  # fmt: skip
    rule = (SET / "payouts" / "payment.yaml").read_text("utf-8").splitlines()
    at = next(n for n, text in enumerate(rule, 1) if "{{ line.interim }}" in text)
    lines = said(one, line, "ModeOfPaymentAccount")
    has(lines, "changed since: document.ModeOfPaymentAccount",
        "ModeOfPaymentAccount is 1581", "the rules of now would give 3740",
        # Told is the rule that made it.
        "rule  {{ line.interim }}", f"changed/payouts/payment.yaml:{at}, as it was)")  # fmt: skip
    assert not [one for one in said(one, line, "Amount") if "would give" in one]


def test_what_an_earlier_version_made_is_told_by_the_rules_of_now(shop: OpenShop) -> None:
    one = shop()
    settle(one.world, [new_sale(one.world, Decimal("100.00")).line])
    one.run()
    one.store.execute("DROP TABLE ledger.made_under")
    has(said(one, line_of(one, "100.00"), "Amount"),
        "rules of an earlier version of the program, which kept no release",
        "line.value is 100.00")  # fmt: skip


def test_why_this_cost_centre(order_shop: Open) -> None:
    shop = order_shop(dimensions=[
        {"country": "NO", "cost_center": "NORD"},
        {"country": "SE", "cost_center": "WEB"},
    ])  # fmt: skip
    chart(shop.world)
    shop.world.cost_centers |= {"WEB": "Webben", "NORD": "Norden"}
    lifecycle.capture(shop.world, sold(shop, "100.00"))
    shop.run(), shop.run()
    lines = said(shop, "1001", "CostCenter")
    assert lines[0].endswith(": CostCenter is WEB")
    has(lines, "table dimensions, row 2 (", "country SE → cost_center WEB",
        "row 1 (", "nearly held: it wants country NO, and it is SE; it gives cost_center NORD",
        "shop.yaml:")  # fmt: skip


def test_a_document_of_several_is_named_by_its_mapping(order_shop: Open) -> None:
    shop = order_shop()
    order = sold(shop, "100.00")
    lifecycle.capture(shop.world, order)
    shop.run(), shop.run()
    both = {one.decided.mapping for one in explained(shop, str(order.id), "Currency").values}
    assert both >= {"invoice", "new_order"}
    (only,) = explained(shop, str(order.id), "invoice:Currency").values
    assert (only.decided.mapping, only.decided.number) == ("invoice", "1001")
    has(said(shop, "1001", "CustomerNumber"),
        "customer.number is 101, of the customer that was made first, 101")  # fmt: skip


def test_before_anything_is_sent_it_is_told_of_what_is_planned(order_shop: Open) -> None:
    shop = order_shop()
    shop.life("captured")
    shop.world.limits.rate_limit = None
    shop.run()
    (waiting, *_) = [row["source"] for row in shop.store.rows(
        "SELECT source FROM ledger.order_item WHERE mapping = 'invoice' AND state = 'waiting'"
    )] or [None]  # fmt: skip
    if waiting is not None:
        lines = said(shop, str(waiting), "InvoiceDate")
        has(lines, "has no InvoiceDate", "No document was made: waiting")
    with pytest.raises(UsageError, match="Nothing here carries"):
        explained(shop, "no-such-order", "InvoiceDate")


def test_of_what_is_parked_the_check_that_keeps_it_is_followed_down(order_shop: Open) -> None:
    shop = order_shop(sales_accounts=[{"country": "NO", "account": 3105}])
    shop.life("captured")
    shop.run(), shop.run()
    source = shop.store.value("SELECT min(source) FROM ledger.order_item WHERE state = 'parked'")
    mapping = shop.store.value(
        "SELECT min(mapping) FROM ledger.order_item WHERE state = 'parked' AND source = ?", [source]
    )
    lines = said(shop, str(source), f"{mapping}:Currency")
    has(lines, "has no Currency", "No document was made: parked", "it is made where ",
        "table sales_accounts: no row holds")  # fmt: skip
