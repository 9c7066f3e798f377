"""The lives of Qliro orders: what each maker leaves behind, and that a whole life adds up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from engine.sandbox.history import payout_day
from engine.sandbox.lives.by_name import LIVES, lives, shop
from engine.sandbox.lives.lifecycle import (
    cancel,
    capture,
    discount,
    finish,
    pay_out,
    refund,
    update,
)
from engine.sandbox.lives.orders import goods
from engine.sandbox.qliro import operations
from engine.sandbox.qliro.api import totals
from engine.sandbox.transport import qliro_client
from engine.sandbox.world.world import QliroOrder, World


def transactions(order: QliroOrder) -> list[tuple[str, str, Decimal]]:
    return [(t.type, t.status, t.amount) for t in order.transactions]


@pytest.mark.parametrize("name", LIVES)
def test_every_life_agrees_with_itself(name: str) -> None:
    world = shop()
    life = LIVES[name](world)
    assert life.name == name
    assert LIVES[name].__doc__
    for id in life.orders:
        order = world.qliro_orders[id]
        for item in order.transactions:
            held = [i for i in order.items if i.transaction == item.id]
            shipped = operations.total(i for i in held if i.action == "Ship")
            back = operations.total(i for i in held if i.action in ("Return", "Release"))
            if item.type in ("Preauthorization", "Debit"):
                assert item.amount == operations.total(held)
            elif item.type in ("Capture", "UpdateInvoice"):
                assert item.amount == shipped
            elif held:
                assert item.amount == back - shipped
        assert [i.id for i in order.items] == sorted({i.id for i in order.items})


def test_the_same_seed_makes_the_same_lives() -> None:
    one, two, other = shop(), shop(), shop()
    first, second = lives(one, 12, seed=4), lives(two, 12, seed=4)
    assert first == second
    assert one.qliro_orders == two.qliro_orders
    assert [life.name for life in first] != [life.name for life in lives(other, 12, seed=5)]


def test_a_whole_life_is_paid_out_to_the_last_ore() -> None:
    world = shop()
    order = LIVES["captured_in_parts"](world).order
    first, second = world.qliro_orders[order].transactions[1:3]
    capture(world, order)
    refund(world, order, {"STRUMPOR-3": 1}, of=second)
    discount(world, order, "30", of=first)
    (batch,) = pay_out(world, [order])
    net, _ = totals(batch.lines)
    assert net == sum(i.inc * i.quantity for i in world.qliro_orders[order].items[:3]) - 179
    assert [line.action for line in batch.lines] == ["Debit"] * 3 + ["Credit"] * 2
    assert pay_out(world, [order]) == []


@pytest.mark.parametrize("name", LIVES)
def test_what_was_done_lies_before_the_recent_payout_each_at_its_own_time(name: str) -> None:
    world = shop()
    now = world.now()
    for id in LIVES[name](world).orders:
        moments = [t.at for t in world.qliro_orders[id].transactions]
        assert moments == sorted(set(moments))
        assert all(moment.date() < payout_day(world) for moment in moments)
    assert world.now() == now


def test_payouts_are_one_for_each_currency_and_hold_fees() -> None:
    world = shop()
    made = [LIVES[name](world).order for name in ("captured", "finnish", "german")]
    batches = pay_out(world, made, fee="4.50")
    assert [b.currency for b in batches] == ["SEK", "EUR"]
    assert [totals(b.lines)[1] for b in batches] == [Decimal("4.50"), Decimal("9.00")]


def test_what_is_not_money_is_not_settled() -> None:
    world = shop()
    names = ("zero_sum", "on_hold", "refused", "cancelled_before_capture", "capture_failed")
    assert pay_out(world, [LIVES[name](world).order for name in names]) == []


def test_direct_payments_and_updates_of_invoices_are_settled_with_their_sign() -> None:
    world = shop()
    names = ("paid_at_once", "refunded_amount_by_update", "added_to_invoice")
    (batch,) = pay_out(world, [LIVES[name](world).order for name in names])
    found = [(line.action, line.amount) for line in batch.lines]
    assert found == [
        ("Debit", Decimal("697.00")),
        ("Debit", Decimal("746.00")),
        ("Credit", Decimal("75.00")),
        ("Debit", Decimal("746.00")),
        ("Debit", Decimal("59.00")),
    ]


def test_the_last_reservation_is_the_one_that_is_captured() -> None:
    world = shop()
    order = LIVES["updated"](world).order
    made = capture(world, order)
    held = world.qliro_orders[order]
    assert [t.type for t in held.transactions] == ["Preauthorization"] * 2 + ["Capture"]
    assert made.original == held.transactions[1].id
    assert made.amount == Decimal("847.00")


def test_a_refund_across_captures_is_one_for_each() -> None:
    world = shop()
    order = world.qliro_orders[LIVES["refunded_across_captures"](world).order]
    assert transactions(order)[3:] == [
        ("Refund", "Success", Decimal("448.00")),
        ("Refund", "Success", Decimal("298.00")),
    ]
    assert [t.original for t in order.transactions[3:]] == [t.id for t in order.transactions[1:3]]


def test_what_is_done_by_the_api_is_under_way_for_a_while(world: World) -> None:
    order = LIVES["private"](world).order
    capture(world, order, by="api")
    with qliro_client(world) as qliro:
        seen = []
        for _ in range(2):
            content = qliro.get(f"orders/{order}").json()
            seen.append(content["PaymentTransactions"][-1]["Status"])
            world.clock.advance(world.handling.seconds)
    assert seen == ["Created", "Success"]


def test_finish_decides_what_is_on_hold(world: World) -> None:
    order = LIVES["on_hold"](world).order
    finish(world, "Error")
    assert transactions(world.qliro_orders[order])[0][:2] == ("Preauthorization", "Error")
    with pytest.raises(ValueError, match="no payment"):
        capture(world, order)
    with pytest.raises(ValueError, match="no payment"):
        cancel(world, order)


def test_the_order_shows_its_actions_with_transaction_price_and_rate(
    world: World, qliro: httpx.Client
) -> None:
    order = LIVES["refunded_rows"](world).order
    content = qliro.get(f"orders/{order}").json()
    actions = [(a["ActionType"], a["MerchantReference"]) for a in content["OrderItemActions"]]
    assert actions.count(("Ship", "STRUMPOR-3")) == 1
    last = content["OrderItemActions"][-1]
    assert last["ActionType"] == "Return"
    assert (
        last["PaymentTransactionId"] == content["PaymentTransactions"][-1]["PaymentTransactionId"]
    )
    assert (last["Quantity"], last["PricePerItemIncVat"], last["PricePerItemExVat"]) == (
        1,
        149.00,
        119.20,
    )
    assert last["VatRate"] == 25
    assert content["PaymentMethod"]["PaymentMethodName"] == "QLIRO_INVOICE"


def test_older_orders_have_neither_rates_nor_a_method(world: World, qliro: httpx.Client) -> None:
    order = LIVES["without_vat_rate"](world).order
    content = qliro.get(f"orders/{order}").json()
    assert not any("VatRate" in action for action in content["OrderItemActions"])
    assert "PaymentMethod" not in content


def test_enums_come_as_numbers_where_this_qliro_speaks_so(
    world: World, qliro: httpx.Client
) -> None:
    world.conventions = replace(world.conventions, enums="integers")
    order = LIVES["refunded_rows"](world).order
    content = qliro.get(f"orders/{order}").json()
    assert {a["ActionType"] for a in content["OrderItemActions"]} == {1, 2, 3}
    assert [t["Type"] for t in content["PaymentTransactions"]] == [0, 3, 5]


def test_a_reference_of_digits_leads_to_the_order_of_that_id(
    world: World, qliro: httpx.Client
) -> None:
    life = LIVES["reference_is_another_order"](world)
    mine, other = life.orders
    reference = world.qliro_orders[mine].reference
    assert qliro.get(f"orders/{reference}").json()["OrderId"] == other


def test_a_second_reservation_leaves_the_first_as_it_was(world: World) -> None:
    order = LIVES["private"](world).order
    update(world, order, goods())
    assert [s for _, s, _ in transactions(world.qliro_orders[order])] == ["Success"] * 2
