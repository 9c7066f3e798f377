"""A merchant whose mapping says of some lines that there is nothing to make of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shop import OpenShop

from engine.sandbox.history import new_sale, settle

OVERLAY = """\
version: 2
mapping: payment
nothing: {when: line.reference == 'GIFT', because: "{{ line.reference }} is given away"}
"""


def test_a_line_of_which_nothing_is_made_is_done_beside_one_that_is_paid(
    shop: OpenShop,
) -> None:
    opened = shop(overlay="./ours")
    folder = opened.folder / "ours"
    folder.mkdir()
    (folder / "payment.yaml").write_text(OVERLAY, "utf-8")
    sales = [new_sale(opened.world, Decimal(100), reference=name) for name in ("GIFT", "SOLD")]
    settle(opened.world, [one.line for one in sales])
    opened.run()
    told = [(one["state"], one["reason"]) for one in opened.lines()]
    assert told == [("done", "GIFT is given away"), ("posted", "posted as payment 1")]
    assert [one["closed"] for one in opened.payouts()] == [True]
    assert [one.invoice for one in opened.payments()] == [sales[1].invoice.number]


def test_a_payout_that_adds_up_to_nothing_needs_no_transfer(shop: OpenShop) -> None:
    opened = shop(overlay="./ours")
    folder = opened.folder / "ours"
    folder.mkdir()
    (folder / "payment.yaml").write_text(OVERLAY, "utf-8")
    sale = new_sale(opened.world, Decimal(100), reference="GIFT")
    back = replace(sale.line, action="Credit")
    settle(opened.world, [sale.line, back])
    opened.run()
    (payout,) = opened.payouts()
    assert payout["transfer"] == "done"
    assert payout["transfer_reason"] == "there is nothing to transfer"
