"""What changes an order at the sandbox's Qliro: who may, what is refused, and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from engine.sandbox.answer import answer
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.lifecycle import (
    cancel,
    capture,
    captures,
    finish,
    lot,
    pay_out,
    secure,
    update,
)
from engine.sandbox.lives.orders import goods
from engine.sandbox.qliro import operations
from engine.sandbox.qliro.api import authorization
from engine.sandbox.qliro.requests import REPEATED
from engine.sandbox.world.exchange import Request
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import QliroOrder, World

Command = Callable[..., httpx.Response]
SHIRT = {
    "MerchantReference": "TSHIRT-BLA-M",
    "Type": "Product",
    "Quantity": 1,
    "PricePerItemIncVat": 399,
}
SOCKS = SHIRT | {"MerchantReference": "STRUMPOR-3", "PricePerItemIncVat": 149.00, "Quantity": 2}
ALL = [SHIRT, SOCKS]


def order_of(world: World, **fields: Any) -> int:
    return secure(world, goods(), **fields).id


def sold(world: World, **fields: Any) -> tuple[int, int]:
    """An order captured whole, and its capture."""
    id = order_of(world, **fields)
    return id, capture(world, id).id


def denied(response: httpx.Response, code: str, status: int = 400) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"ErrorCode", "ErrorMessage", "ErrorReference"}
    assert body["ErrorCode"] == code
    return str(body["ErrorMessage"])


def taken(response: httpx.Response) -> list[int]:
    assert response.status_code == 200, response.text
    listed = response.json()["PaymentTransactions"]
    assert {item["Status"] for item in listed} == {"Created"}
    return [item["PaymentTransactionId"] for item in listed]


def states(world: World, id: int) -> list[tuple[str, str, Decimal]]:
    return [(t.type, t.status, t.amount) for t in world.qliro_orders[id].transactions]


# -- who may --------------------------------------------------------------------------------------


def test_the_signature_is_over_the_exact_bytes(world: World, command: Command) -> None:
    id = order_of(world)
    body = b'{"MerchantApiKey":"SANDBOX","OrderId":%d}' % id
    path = "/checkout/adminapi/v2/cancelOrder"
    signed = {"authorization": authorization(world.access.merchant_api_secret, body)}
    for sent, status in ((body + b" ", 401), (body.replace(b":", b": "), 401), (body, 200)):
        given = answer(world, Request("POST", path, "", signed, sent))
        assert getattr(given, "status", None) == status


def test_a_wrong_key_in_the_body_is_401_with_nothing(world: World, command: Command) -> None:
    response = command("cancelOrder", order_of(world), MerchantApiKey="ANOTHER")
    assert (response.status_code, response.content) == (401, b"")
    assert world.journal[-1].effect is None


def test_a_request_id_works_once_in_seven_days(world: World, command: Command) -> None:
    id, request = order_of(world), str(uuid4())
    part = [{"OrderItems": [SHIRT]}]
    taken(command("MarkItemsAsShipped", id, RequestId=request, Shipments=part))
    again = command("MarkItemsAsShipped", id, RequestId=request.upper(), Shipments=part)
    assert "before" in denied(again, REPEATED)
    world.clock.advance(7 * 24 * 3600)
    late = command("MarkItemsAsShipped", id, RequestId=request, Shipments=part)
    assert denied(late, "EXCEEDING_QUANTITY")


@pytest.mark.parametrize(("kept", "code"), [("accepted", "INVALID_ITEM"), ("all", REPEATED)])
def test_whether_a_refused_request_uses_its_id_up_is_a_switch(
    world: World, command: Command, kept: Any, code: str
) -> None:
    world.handling.request_ids = kept
    id, request = order_of(world), str(uuid4())
    part = [{"OrderItems": [SHIRT | {"PricePerItemIncVat": 1}]}]
    denied(command("MarkItemsAsShipped", id, RequestId=request, Shipments=part), "INVALID_ITEM")
    denied(command("MarkItemsAsShipped", id, RequestId=request, Shipments=part), code)


def test_some_calls_may_want_the_second_pair(world: World, command: Command) -> None:
    id, of = sold(world)
    world.handling.plus.add("returnitems")
    part = [{"PaymentTransactionId": of, "OrderItems": [SHIRT]}]
    denied(command("ReturnItems", id, Returns=part), "FORBIDDEN", 403)
    assert command("ReturnItems", id, pair="plus", Returns=part).status_code == 200


def test_both_pairs_open_the_rest_but_not_each_others_key(world: World, command: Command) -> None:
    assert command("cancelOrder", order_of(world), pair="plus").status_code == 200
    mixed = command("cancelOrder", order_of(world), pair="plus", MerchantApiKey="SANDBOX")
    assert mixed.status_code == 401


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"OrderId": None}, "INVALID_INPUT"),
        ({"OrderId": 4711}, "ORDER_NOT_FOUND"),
        ({"OrderId": "4900001"}, "INVALID_INPUT"),
        ({"Currency": "EUR"}, "CURRENCY_MISMATCH"),
        ({"RequestId": "1"}, "INVALID_INPUT"),
        ({"Shipments": []}, "INVALID_INPUT"),
        ({"Shipments": [{"OrderItems": []}]}, "INVALID_INPUT"),
        ({"Shipments": [{"OrderItems": [SHIRT | {"Quantity": 0}]}]}, "INVALID_INPUT"),
        ({"Shipments": [{"OrderItems": [SHIRT | {"Quantity": 0.5}]}]}, "INVALID_INPUT"),
        ({"Shipments": [{"OrderItems": [SHIRT | {"Type": "Gift"}]}]}, "INVALID_INPUT"),
        ({"Shipments": [{"OrderItems": [SHIRT | {"MerchantReference": ""}]}]}, "INVALID_INPUT"),
    ],
)
def test_a_request_that_is_not_whole_is_refused(
    world: World, command: Command, fields: dict[str, object], code: str
) -> None:
    id = order_of(world)
    denied(
        command("MarkItemsAsShipped", id, **({"Shipments": [{"OrderItems": ALL}]} | fields)), code
    )
    assert len(world.qliro_orders[id].transactions) == 1


def test_more_than_two_decimals_look_like_a_failure_of_qliros(
    world: World, command: Command
) -> None:
    part = [{"OrderItems": [SHIRT | {"PricePerItemIncVat": 399.001}]}]
    message = denied(
        command("MarkItemsAsShipped", order_of(world), Shipments=part), "SYSTEM_ERROR", 500
    )
    assert "two decimal places" in message


def test_a_call_that_is_not_one_is_not_found(world: World, command: Command) -> None:
    assert command("deleteOrder", order_of(world)).status_code == 404


# -- shipping -------------------------------------------------------------------------------------


def test_shipping_is_taken_at_once_and_done_later(
    world: World, qliro: httpx.Client, command: Command
) -> None:
    id = order_of(world)
    (made,) = taken(command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}]))
    assert qliro.get(f"paymentTransactions/{made}").json()["Status"] == "Created"
    world.clock.advance(5)
    shown = qliro.get(f"paymentTransactions/{made}").json()
    assert (shown["Type"], shown["Status"], shown["Amount"]) == ("Capture", "Success", 697.0)
    assert world.made == [("MarkItemsAsShipped", str(id))]


@pytest.mark.parametrize("end", ["Error", "OnHold", "Cancelled"])
def test_a_transaction_ends_as_it_was_fated(
    world: World, qliro: httpx.Client, command: Command, end: str
) -> None:
    world.handling.fates.append(end)
    id = order_of(world)
    (made,) = taken(command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}]))
    world.clock.advance(5)
    shown = qliro.get(f"paymentTransactions/{made}").json()
    assert shown["Status"] == end
    assert (shown["ErrorCode"] is not None) == (end == "Error")


def test_what_failed_is_still_there_to_ship(world: World, command: Command) -> None:
    world.handling.fates.append("Error")
    id = order_of(world)
    for _ in range(2):
        taken(command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}]))
        world.clock.advance(5)
    finish(world)
    assert [s for t, s, _ in states(world, id) if t == "Capture"] == ["Error", "Success"]


def test_an_order_is_shipped_in_parts_and_then_nothing_is_left(
    world: World, command: Command
) -> None:
    id = order_of(world)
    for item in (SHIRT, SOCKS | {"Quantity": 1}, SOCKS | {"Quantity": 1}):
        taken(command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": [item]}]))
    response = command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}])
    reserved = world.qliro_orders[id].transactions[0].id
    assert str(reserved) in denied(response, "NO_ITEMS_LEFT_IN_RESERVATION")


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (SHIRT | {"PricePerItemIncVat": 399.50}, "INVALID_ITEM"),
        (SHIRT | {"MerchantReference": "TSHIRT-RÖD-M"}, "INVALID_ITEM"),
        (SHIRT | {"Quantity": 2}, "EXCEEDING_QUANTITY"),
    ],
)
def test_an_item_is_known_by_its_reference_and_its_price(
    world: World, command: Command, item: object, code: str
) -> None:
    id = order_of(world)
    denied(command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": [item]}]), code)


def test_a_shipment_without_its_discount_is_dearer_than_the_order(
    world: World, command: Command
) -> None:
    id = LIVES["discounted"](world).order
    part = [{"OrderItems": ALL}]
    response = command("MarkItemsAsShipped", id, Shipments=part)
    denied(response, "INVALID_REQUEST_TOTAL_AMOUNT")


def test_all_shipments_are_made_or_none(world: World, command: Command) -> None:
    id = order_of(world)
    parts = [{"OrderItems": [SHIRT]}, {"OrderItems": [SHIRT]}]
    denied(command("MarkItemsAsShipped", id, Shipments=parts), "EXCEEDING_QUANTITY")
    assert len(world.qliro_orders[id].transactions) == 1
    assert not world.under_way


def test_the_payment_that_is_named_must_be_one_that_succeeded(
    world: World, command: Command
) -> None:
    id, of = sold(world)
    part = [{"PaymentTransactionId": of, "OrderItems": ALL}]
    response = command("MarkItemsAsShipped", id, Shipments=part)
    assert str(of) in denied(response, "PAYMENT_REFERENCE_IS_INCORRECT")


def test_a_payment_on_hold_is_neither_shipped_nor_updated(world: World, command: Command) -> None:
    id = LIVES["on_hold"](world).order
    denied(
        command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}]),
        "OPERATION_NOT_SUPPORTED",
    )
    items = [item | {"PricePerItemExVat": 1} for item in ALL]
    denied(command("UpdateItems", id, Updates=[{"OrderItems": items}]), "PAYMENT_ONHOLD")


def test_a_reservation_that_was_replaced_has_nothing_left(world: World, command: Command) -> None:
    id = order_of(world)
    first = world.qliro_orders[id].transactions[0].id
    update(world, id, goods())
    part = {"OrderItems": ALL}
    named = command("MarkItemsAsShipped", id, Shipments=[part | {"PaymentTransactionId": first}])
    denied(named, "NO_ITEMS_LEFT_IN_RESERVATION")
    taken(command("MarkItemsAsShipped", id, Shipments=[part]))


# -- money back -----------------------------------------------------------------------------------


def back(of: int, *items: object, **fields: object) -> list[dict[str, object]]:
    return [{"PaymentTransactionId": of, "OrderItems": list(items)} | fields]


def test_a_return_is_a_refund_of_its_capture(world: World, command: Command) -> None:
    id, of = sold(world)
    taken(command("ReturnItems", id, Returns=back(of, SOCKS)))
    finish(world)
    assert states(world, id)[-1] == ("Refund", "Success", Decimal("298.00"))
    assert world.qliro_orders[id].transactions[-1].original == of


def test_fees_and_discounts_make_a_refund_smaller(world: World, command: Command) -> None:
    id, of = sold(world)
    fee = {"MerchantReference": "fee", "PricePerItemIncVat": 49, "PricePerItemExVat": 39.20}
    less = {"MerchantReference": "wear", "PricePerItemIncVat": -25, "PricePerItemExVat": -20}
    taken(command("ReturnItems", id, Returns=back(of, SHIRT, Fees=[fee], Discounts=[less])))
    assert states(world, id)[-1][2] == Decimal("325")
    actions = [(i.action, i.type, i.inc) for i in world.qliro_orders[id].items[-3:]]
    assert actions == [("Return", "Product", 399), ("Return", "Discount", -25), ("Ship", "Fee", 49)]


def test_an_empty_list_of_fees_is_an_error(world: World, command: Command) -> None:
    id, of = sold(world)
    denied(command("ReturnItems", id, Returns=back(of, SHIRT, Fees=[])), "INVALID_INPUT")


def test_a_return_that_comes_to_nothing_is_refused(world: World, command: Command) -> None:
    id, of = sold(world)
    fee = {"MerchantReference": "fee", "PricePerItemIncVat": 399, "PricePerItemExVat": 319.20}
    response = command("ReturnItems", id, Returns=back(of, SHIRT, Fees=[fee]))
    assert "positive total amount" in denied(response, "INVALID_REQUEST_TOTAL_AMOUNT")


def test_one_return_at_a_time(world: World, command: Command) -> None:
    id, of = sold(world)
    one = back(of, SOCKS | {"Quantity": 1})
    taken(command("ReturnItems", id, Returns=one))
    message = denied(command("ReturnItems", id, Returns=one), "OPERATION_NOT_SUPPORTED")
    assert "already in process. Please retry shortly" in message
    world.clock.advance(5)
    taken(command("ReturnItems", id, Returns=one))
    world.clock.advance(5)
    denied(command("ReturnItems", id, Returns=one), "EXCEEDING_QUANTITY")


def test_several_captures_are_returned_in_one_request(world: World, command: Command) -> None:
    id = order_of(world)
    first = capture(world, id, {"TSHIRT-BLA-M": 1}).id
    second = capture(world, id).id
    parts = [*back(first, SHIRT), *back(second, SOCKS)]
    assert len(taken(command("ReturnItems", id, Returns=parts))) == 2


@pytest.mark.parametrize("which", ["reservation", "refund", "other", "none", "failed", "open"])
def test_a_return_names_a_capture_that_succeeded(
    world: World, command: Command, which: str
) -> None:
    id, of = sold(world)
    held = world.qliro_orders[id]
    named, code = 0, "NO_PAYMENT_TRANSACTION"
    if which == "reservation":
        named, code = held.transactions[0].id, "INVALID_PAYMENT_TYPE"
    elif which == "refund":
        taken(command("ReturnItems", id, Returns=back(of, SOCKS)))
        finish(world)
        named, code = world.qliro_orders[id].transactions[-1].id, "INVALID_PAYMENT_TYPE"
    elif which == "other":
        named, code = sold(world)[1], "OPERATION_NOT_SUPPORTED"
    elif which == "failed":
        id = LIVES["capture_failed"](world).order
        named, code = world.qliro_orders[id].transactions[-1].id, "NO_SHIPPED_ITEMS_AVAILABLE"
    elif which == "open":
        id = LIVES["capture_under_way"](world).order
        named, code = world.qliro_orders[id].transactions[-1].id, "OPERATION_NOT_SUPPORTED"
    denied(command("ReturnItems", id, Returns=back(named, SHIRT)), code)


def test_what_was_not_shipped_cannot_come_back(world: World, command: Command) -> None:
    id = order_of(world)
    of = capture(world, id, {"STRUMPOR-3": 1}).id
    message = denied(command("ReturnItems", id, Returns=back(of, SHIRT)), "INVALID_ITEM")
    assert "original shipment" in message


REFUND = {
    "MerchantReference": "Refund",
    "Type": "Discount",
    "Quantity": 1,
    "PricePerItemIncVat": -75,
    "PricePerItemExVat": -60,
    "Description": "Refund",
}


@pytest.mark.parametrize(
    ("becomes", "amount"), [("Refund", Decimal(75)), ("UpdateInvoice", Decimal(-75))]
)
def test_a_discount_added_to_an_invoice_is_a_refund_of_an_amount(
    world: World, command: Command, becomes: Any, amount: Decimal
) -> None:
    world.handling.added_discount = becomes
    id, of = sold(world)
    taken(command("AddItemsToInvoice", id, Additions=back(of, REFUND)))
    finish(world)
    assert states(world, id)[-1] == (becomes, "Success", amount)
    (batch,) = pay_out(world, [id])
    assert [line.action for line in batch.lines] == ["Debit", "Credit"]


def test_no_more_goes_back_than_was_captured(world: World, command: Command) -> None:
    id, of = sold(world)
    taken(command("AddItemsToInvoice", id, Additions=back(of, REFUND)))
    finish(world)
    denied(command("ReturnItems", id, Returns=back(of, *ALL)), "INVALID_REQUEST_TOTAL_AMOUNT")
    big = REFUND | {"PricePerItemIncVat": -623}
    denied(
        command("AddItemsToInvoice", id, Additions=back(of, big)), "INVALID_REQUEST_TOTAL_AMOUNT"
    )


def test_an_invoice_may_grow_a_little_and_a_card_payment_not_at_all(
    world: World, command: Command
) -> None:
    more = SHIRT | {"MerchantReference": "NEW", "PricePerItemIncVat": 59, "PricePerItemExVat": 47.2}
    id, of = sold(world)
    taken(command("AddItemsToInvoice", id, Additions=back(of, more)))
    assert states(world, id)[-1] == ("UpdateInvoice", "Created", Decimal(59))
    finish(world)
    dear = more | {"PricePerItemIncVat": 590}
    denied(
        command("AddItemsToInvoice", id, Additions=back(of, dear)), "INVALID_REQUEST_TOTAL_AMOUNT"
    )
    id, of = sold(world, method="CREDITCARDS")
    denied(command("AddItemsToInvoice", id, Additions=back(of, more)), "OPERATION_NOT_SUPPORTED")


def test_nothing_is_added_to_what_was_never_shipped(world: World, command: Command) -> None:
    id = order_of(world)
    of = world.qliro_orders[id].transactions[0].id
    response = command("AddItemsToInvoice", id, Additions=back(of, REFUND))
    denied(response, "NO_SHIPPED_ITEMS_AVAILABLE")


# -- the reservation ------------------------------------------------------------------------------


def test_cancelling_releases_what_is_left_and_is_known_the_second_time(
    world: World, command: Command
) -> None:
    id = order_of(world)
    taken(command("cancelOrder", id, Currency=None))
    denied(command("cancelOrder", id), "OPERATION_NOT_SUPPORTED")
    world.clock.advance(5)
    denied(command("cancelOrder", id), "ORDER_HAS_BEEN_CANCELLED")
    assert states(world, id)[-1] == ("Reversal", "Success", Decimal("697.00"))
    response = command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}])
    denied(response, "ORDER_HAS_BEEN_CANCELLED")


def test_a_captured_order_has_nothing_to_cancel_a_part_of_one_has(
    world: World, command: Command
) -> None:
    denied(command("cancelOrder", sold(world)[0]), "NO_ITEMS_TO_CANCEL")
    id = order_of(world)
    capture(world, id, {"TSHIRT-BLA-M": 1})
    taken(command("cancelOrder", id))
    finish(world)
    assert states(world, id)[-1] == ("Reversal", "Success", Decimal("298.00"))


def test_cancelling_trustly_gives_a_refund_besides(world: World, command: Command) -> None:
    id = order_of(world, method="TRUSTLY")
    assert len(taken(command("cancelOrder", id))) == 2


def test_a_refused_payment_has_nothing_to_cancel(world: World, command: Command) -> None:
    denied(command("cancelOrder", LIVES["refused"](world).order), "NO_PAYMENT_TRANSACTION")


def test_updating_makes_another_reservation_of_the_whole_list(
    world: World, command: Command
) -> None:
    id = order_of(world)
    items = [SHIRT | {"Quantity": 3, "PricePerItemExVat": 319.2, "VatRate": 25}]
    taken(command("UpdateItems", id, Updates=[{"OrderItems": items}]))
    busy = command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}])
    denied(busy, "OPERATION_NOT_SUPPORTED")
    finish(world)
    part = [{"OrderItems": [SHIRT | {"Quantity": 3}]}]
    taken(command("MarkItemsAsShipped", id, Shipments=part))
    assert states(world, id)[-1][2] == Decimal("1197.00")


def test_an_update_that_is_declined_leaves_the_order_as_it_was(
    world: World, command: Command
) -> None:
    world.handling.fates.append("Error")
    id = order_of(world)
    items = [SHIRT | {"Quantity": 9, "PricePerItemExVat": 319.2}]
    taken(command("UpdateItems", id, Updates=[{"OrderItems": items}]))
    world.clock.advance(5)
    taken(command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": ALL}]))


def test_what_cannot_be_updated(world: World, command: Command) -> None:
    item = SHIRT | {"PricePerItemExVat": 319.2}
    part = [{"OrderItems": [item]}]
    card = order_of(world, method="CREDITCARDS")
    capture(world, card, {"STRUMPOR-3": 1})
    denied(command("UpdateItems", card, Updates=part), "OPERATION_NOT_SUPPORTED")
    denied(command("UpdateItems", sold(world)[0], Updates=part), "NO_ITEMS_LEFT_IN_RESERVATION")
    two = [{"OrderItems": [item, item | {"PricePerItemExVat": 300}]}]
    denied(command("UpdateItems", order_of(world), Updates=two), "INVALID_REQUEST")
    own = order_of(world)
    capture(world, own, {"TSHIRT-BLA-M": 1})
    other = [{"OrderItems": [item | {"PricePerItemExVat": 300}]}]
    denied(
        command("UpdateItems", own, Updates=other),
        "ITEM_SHIPPED_WITH_DIFFERENT_PRICEEXVAT_DESCRIPTION",
    )


def test_a_new_reference_makes_a_reservation_where_the_method_is_qliros(
    world: World, qliro: httpx.Client, command: Command
) -> None:
    id = order_of(world, reference="Z11kwQ")
    body = command("updatemerchantreference", id, NewMerchantReference="3000000020").json()
    assert (body["discriminator"][-15:], body["Status"]) == ("WithTransaction", "Created")
    assert qliro.get("orders/3000000020").json()["OrderId"] == id
    finish(world)
    assert [s for _, s, _ in states(world, id)] == ["Success", "Success"]
    card = order_of(world, method="CREDITCARDS")
    body = command("updatemerchantreference", card, NewMerchantReference="A-1").json()
    assert body == {"discriminator": "UpdateMerchantReference"}


def test_a_new_reference_can_be_answered_well_and_not_taken(world: World, command: Command) -> None:
    world.handling.reference_fails = True
    id = order_of(world, reference="Z11kwQ")
    assert command("updatemerchantreference", id, NewMerchantReference="A-1").status_code == 200
    assert world.qliro_orders[id].reference == "Z11kwQ"


@pytest.mark.parametrize("reference", [None, "", "Å-1", "x" * 26, "a b"])
def test_a_new_reference_has_few_signs(
    world: World, command: Command, reference: str | None
) -> None:
    response = command("updatemerchantreference", order_of(world), NewMerchantReference=reference)
    assert "NewMerchantReference" in denied(response, "INVALID_INPUT")


# -- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["timeout_after", "drop_after", "late_effect"])
def test_an_answer_that_is_lost_leaves_one_capture_and_a_used_id(
    world: World, command: Command, kind: str
) -> None:
    id, request = order_of(world), str(uuid4())
    plan(world, Fault(kind, method="POST", seconds=10))
    part = [{"OrderItems": ALL}]
    with pytest.raises(httpx.TransportError):
        command("MarkItemsAsShipped", id, RequestId=request, Shipments=part)
    world.clock.advance(20)
    again = command("MarkItemsAsShipped", id, RequestId=request, Shipments=part)
    denied(again, REPEATED)
    captured = [t for t in world.qliro_orders[id].transactions if t.type == "Capture"]
    assert len(captured) == 1
    assert "shipped" in str(world.journal[0].effect)


def test_zero_sum_orders_can_be_shipped(world: World, command: Command) -> None:
    order: QliroOrder = world.qliro_orders[LIVES["zero_sum"](world).order]
    items = [
        {
            "MerchantReference": i.reference,
            "Type": i.type,
            "Quantity": 1,
            "PricePerItemIncVat": float(i.inc),
        }
        for i in order.items
    ]
    taken(command("MarkItemsAsShipped", order.id, Shipments=[{"OrderItems": items}]))


def test_cancelled_orders_are_known_by_what_became_of_them(world: World) -> None:
    id = order_of(world)
    assert not operations.cancelled(world.qliro_orders[id])
    cancel(world, id)
    assert operations.cancelled(world.qliro_orders[id])
    assert not captures(world, id)
    assert lot("x", "10.00").ex == Decimal("8.00")
