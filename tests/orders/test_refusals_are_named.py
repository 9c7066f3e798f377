"""What waits for a document that Fortnox refuses says so, in the same run and in a later one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from order_shop import OrderShop

from engine.errors import UsageError
from engine.sandbox.lives.lifecycle import capture, lot, pay_out, refund, secure

from .test_own_document import Open, paid_out, the_line


def refusing(shop: OrderShop) -> str:
    """A capture that can't be invoiced: Fortnox has switched its account off."""
    order = secure(shop.world, [lot("KANNA", "300.00")])
    shop.known.append(str(order.id))
    shop.run()
    account = shop.world.accounts[3001]
    shop.world.accounts[3001] = replace(account, active=False)
    taken = capture(shop.world, order.id)
    paid_out(shop, order, taken)
    return f"{order.id}/{taken.id}"


def test_a_line_names_the_refusal_of_the_invoice_that_it_waits_for(order_shop: Open) -> None:
    shop = order_shop()
    source = refusing(shop)
    for _ in range(2):
        report = shop.run()
        (refusal,) = report.delivery.refused.values()
        state, reason = the_line(shop, "300.00")
        assert state == "waiting"
        assert "is to be posted first" not in reason
        assert reason == (
            f"the document of its capture {source} was refused ({refusal}); it is sent again"
        )
        assert "Kontot 3001 är inte aktivt" in refusal
    shop.world.accounts[3001] = replace(shop.world.accounts[3001], active=True)
    for _ in range(3):
        shop.run()
    assert the_line(shop, "300.00")[0] == "posted"


def test_an_invoice_names_the_refusal_of_the_order_that_it_waits_for(order_shop: Open) -> None:
    shop = order_shop()
    refusing(shop)  # so that the article is there
    order = secure(shop.world, [lot("KANNA", "300.00")])
    shop.known.append(str(order.id))
    taken = capture(shop.world, order.id)
    told = shop.outcomes(shop.run(), "invoice")[f"{order.id}/{taken.id}"]
    assert told.state == "waiting"
    assert "is to be posted first" not in told.reason
    assert "Kontot 3001 är inte aktivt" in told.reason


def test_what_is_posted_or_done_is_not_to_be_decided_and_says_what_it_is(order_shop: Open) -> None:
    shop = order_shop()
    order = secure(shop.world, [lot("KANNA", "300.00")])
    shop.known.append(str(order.id))
    taken = capture(shop.world, order.id)
    shop.run()
    with pytest.raises(UsageError) as refused:
        shop.resolve(f"{order.id}/{taken.id}", "ignore", "", "booked by hand")
    assert str(refused.value) == (
        f"Nothing of {order.id}/{taken.id} is open: its invoice is posted (posted as invoice 1001)."
        " Nothing is reversed by itself. Correct it in Fortnox if it is wrong."
    )
    with pytest.raises(UsageError, match=r"its changed order is done \(it holds what Qliro holds"):
        shop.resolve(str(order.id), "retry")


def test_a_refund_whose_own_credit_does_not_stand_is_not_explained_by_the_payment_of_another(
    order_shop: Open,
) -> None:
    shop = order_shop()
    order = secure(shop.world, [lot("KANNA", "100.00", 2)])
    shop.known.append(str(order.id))
    capture(shop.world, order.id)
    shop.run()
    (first,) = refund(shop.world, order.id, {"KANNA": 1})
    pay_out(shop.world, [order])
    for _ in range(3):
        shop.run()
    account = shop.world.accounts[3001]
    shop.world.accounts[3001] = replace(account, active=False)
    (second,) = refund(shop.world, order.id, {"KANNA": 1})
    pay_out(shop.world, [order])
    for _ in range(2):
        shop.run()
    told = {line["PaymentTransactionId"]: line for line in shop.lines() if line["gross"] < 0}
    assert told[first.id]["state"] == "posted"
    assert told[second.id]["state"] == "waiting"
    reason = told[second.id]["reason"]
    assert reason.startswith(f"the document of its refund {order.id}/{second.id} ")
    assert "Kontot 3001 är inte aktivt" in reason
    assert "already paid" not in reason
    assert str(told[first.id]["number"]) not in reason.partition("(")[0].split()
