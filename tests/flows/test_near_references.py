"""A reference that differs by zeros in front or by blanks is named, and never matched."""

from __future__ import annotations

from decimal import Decimal

import pytest
from shop import OpenShop

from engine.sandbox.history import new_invoice, new_sale, payout_day, settle


@pytest.mark.parametrize(
    ("of_line", "in_fortnox", "is_near"),
    [
        ("10027", "0010027", True),
        ("010027", "10027", True),
        ("10027", "10027 ", True),
        ("SO 10027", "SO10027", True),
        ("10027", "10\u00a0027", True),
        ("10027", "100275", False),
        ("SO-77", "so-77", False),
        ("0", "000", False),
    ],
)
def test_what_differs_by_zeros_in_front_or_blanks_is_named_as_near(
    shop: OpenShop, of_line: str, in_fortnox: str, is_near: bool
) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal(100), reference=of_line, invoiced=False)
    invoice = new_invoice(one.world, Decimal(100), day=payout_day(one.world), reference=in_fortnox)
    settle(one.world, [sale.line])
    one.run()
    (line,) = one.lines()
    assert line["state"] == "waiting"
    near = (
        f"; invoice {invoice.number} carries “{in_fortnox}” in its ExternalInvoiceReference1, "
        f"near to “{of_line}” but for blanks or zeros in front: if it is meant, correct it there"
    )
    assert line["reason"] == "no invoice carries its reference" + (near if is_near else "")
    assert one.payments() == []


def test_the_right_one_is_paid_beside_a_near_one(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal(100), reference="10027")
    new_invoice(one.world, Decimal(100), day=payout_day(one.world), reference="010027")
    settle(one.world, [sale.line])
    one.run()
    assert one.states() == ["posted"]
    assert sale.invoice is not None
    assert one.balance(sale.invoice) == 0
