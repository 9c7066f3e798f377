"""What the sandbox's Qliro refuses: what it means, its code, and the request that provokes it."""

from __future__ import annotations

from uuid import uuid4

import httpx

from engine.sandbox.lives.lifecycle import cancel, lot, secure
from engine.sandbox.lives.orders import goods
from engine.sandbox.qliro.requests import REPEATED
from errors.stage import NEW, SHIRT, Case, Stage

NOT_THERE = {"MerchantReference": "OTHER"}


def _batches(s: Stage, first: str, last: str) -> httpx.Response:
    query = {"FromBatchDate": first, "ToBatchDate": last}
    return s.qliro.get("settlements/GetSettlementBatches", params=query)


def _lines(s: Stage, first: str, last: str) -> httpx.Response:
    return s.qliro.get("settlements", params={"FromDate": first, "ToDate": last})


def _repeated(s: Stage) -> httpx.Response:
    order, id = s.secured(), str(uuid4())
    s.ship(order, RequestId=id)
    return s.ship(order, RequestId=id)


def _other_pair(s: Stage) -> httpx.Response:
    s.world.handling.plus.add("cancelorder")
    return s.command("cancelOrder", s.secured())


def _cancelled(s: Stage) -> httpx.Response:
    order = s.secured()
    cancel(s.world, order)
    return s.ship(order)


def _shipped_twice(s: Stage) -> httpx.Response:
    order, _ = s.sold()
    return s.ship(order)


def _cancelled_after(s: Stage) -> httpx.Response:
    order, _ = s.sold()
    return s.command("cancelOrder", order)


def _at_work(s: Stage) -> httpx.Response:
    order, of = s.sold()
    s.give_back(order, of)
    return s.give_back(order, of)


def _capture_at_work(s: Stage) -> httpx.Response:
    order = s.secured()
    made = s.ship(order).json()["PaymentTransactions"][0]["PaymentTransactionId"]
    return s.give_back(order, made)


def _failed_capture(s: Stage) -> httpx.Response:
    s.world.handling.fates.append("Error")
    order = s.secured()
    made = s.ship(order).json()["PaymentTransactions"][0]["PaymentTransactionId"]
    s.world.clock.advance(60)
    return s.give_back(order, made)


def _somebody_elses(s: Stage) -> httpx.Response:
    (order, _), (_, other) = s.sold(), s.sold()
    return s.give_back(order, other)


def _the_reservation(s: Stage) -> httpx.Response:
    order, _ = s.sold()
    return s.give_back(order, s.world.qliro_orders[order].transactions[0].id)


def _on_hold(s: Stage, *, named: bool) -> httpx.Response:
    order = s.secured(status="OnHold")
    id = s.world.qliro_orders[order].transactions[0].id
    return s.update(order, **({"PaymentTransactionId": id} if named else {}))


def _named(s: Stage) -> httpx.Response:
    order = s.secured()
    part = {"PaymentTransactionId": 4711, "OrderItems": [SHIRT]}
    return s.ship(order, Shipments=[part])


def _below_zero(s: Stage) -> httpx.Response:
    return s.update(s.secured(), NEW | {"Type": "Discount"})


def _partly_shipped(s: Stage, item: dict[str, object], **fields: str) -> httpx.Response:
    order = s.secured(**fields)
    s.ship(order)
    s.world.clock.advance(60)
    return s.update(order, item)


def _returned_with(s: Stage, **part: object) -> httpx.Response:
    order, of = s.sold()
    return s.give_back(order, of, **part)


def _charge(price: int) -> list[dict[str, object]]:
    return [{"MerchantReference": "X", "PricePerItemIncVat": price, "PricePerItemExVat": price}]


def _too_much_discount(s: Stage) -> httpx.Response:
    order, of = s.sold()
    return s.add(order, of, NEW | {"Type": "Discount", "PricePerItemIncVat": -9999})


def _grown(s: Stage, method: str) -> httpx.Response:
    order, of = s.sold(method=method)
    return s.add(order, of, NEW)


def _a_discount_alone(s: Stage) -> httpx.Response:
    order = secure(s.world, [*goods(), lot("RABATT", "-10", type="Discount")]).id
    item = {"MerchantReference": "RABATT", "Type": "Discount", "PricePerItemIncVat": -10}
    return s.ship(order, SHIRT | item)


def _price_that_changes(s: Stage) -> httpx.Response:
    return s.update(s.secured(), NEW, NEW | {"PricePerItemExVat": 1})


QLIRO = (
    # Getting in
    Case("accept the merchant's credentials", "",
         lambda s: s.qliro.get("orders/1", headers={"Authorization": "Qliro x"})),
    Case("accept the merchant's credentials", "",
         lambda s: s.command("cancelOrder", s.secured(), MerchantApiKey="ANOTHER")),
    Case("let these credentials do this", "FORBIDDEN", _other_pair),
    Case("does not have this address", "NOT_FOUND", lambda s: s.qliro.get("settlement")),

    # Settlements
    Case("not settled yet", "PERIOD_NOT_SETTLED",
         lambda s: _batches(s, "2026/11/01", "2026/11/16")),
    Case("accept the period", "PERIOD_INVALID", lambda s: _batches(s, "2026/11/10", "2026/11/01")),
    Case("accept the period", "PERIOD_INVALID", lambda s: _lines(s, "2026/01/01", "2026/11/01")),
    Case("too long for Qliro", "PERIOD_LIMIT_EXCEEDED",
         lambda s: _batches(s, "2026/01/01", "2026/11/01")),
    Case("value of the request", "INVALID_INPUT", lambda s: _batches(s, "i går", "i dag")),
    Case("does not have this settlement batch", "BATCH_NOT_FOUND",
         lambda s: s.qliro.get("settlements/GetSettlementsByBatchId?Id=1")),

    # Orders
    Case("does not have this order", "ORDER_NOT_FOUND", lambda s: s.qliro.get("orders/1")),
    Case("does not have this order", "ORDER_NOT_FOUND", lambda s: s.command("cancelOrder", 1)),
    Case("does not have this transaction", "PAYMENT_TRANSACTION_NOT_FOUND",
         lambda s: s.qliro.get("paymentTransactions/1")),
    Case("has seen this request before", REPEATED, _repeated),
    Case("order is already cancelled", "ORDER_HAS_BEEN_CANCELLED", _cancelled),
    Case("order has no payment", "NO_PAYMENT_TRANSACTION",
         lambda s: s.command("cancelOrder", s.secured(status="Error"))),
    Case("order has no payment", "NO_PAYMENT_TRANSACTION", lambda s: s.give_back(s.secured(), 1)),
    Case("currency is not the order's", "CURRENCY_MISMATCH",
         lambda s: s.ship(s.secured(), Currency="EUR")),
    Case("still at work", "OPERATION_NOT_SUPPORTED", _at_work),
    Case("still at work", "OPERATION_NOT_SUPPORTED", _capture_at_work),
    Case("does not do this", "OPERATION_NOT_SUPPORTED",
         lambda s: s.ship(s.secured(status="Error"))),
    Case("does not do this", "OPERATION_NOT_SUPPORTED", _somebody_elses),
    Case("does not do this", "OPERATION_NOT_SUPPORTED", lambda s: _grown(s, "CREDITCARDS")),
    Case("does not do this", "OPERATION_NOT_SUPPORTED",
         lambda s: _partly_shipped(s, NEW, method="CREDITCARDS")),
    Case("on hold", "PAYMENT_ONHOLD", lambda s: _on_hold(s, named=True)),
    Case("on hold", "PAYMENT_ONHOLD", lambda s: _on_hold(s, named=False)),
    Case("not a reservation", "PAYMENT_REFERENCE_IS_INCORRECT", _named),
    Case("of another type", "INVALID_PAYMENT_TYPE", _the_reservation),

    # Items and amounts
    Case("does not find the item", "INVALID_ITEM",
         lambda s: s.ship(s.secured(), SHIRT | NOT_THERE)),
    Case("More of an item", "EXCEEDING_QUANTITY",
         lambda s: s.ship(s.secured(), SHIRT | {"Quantity": 9})),
    Case("add up to something", "INVALID_REQUEST_TOTAL_AMOUNT",
         lambda s: _returned_with(s, Fees=_charge(9999))),
    Case("add up to something", "INVALID_REQUEST_TOTAL_AMOUNT", _below_zero),
    Case("add up to something", "INVALID_REQUEST_TOTAL_AMOUNT", _a_discount_alone),
    Case("add up to something", "INVALID_REQUEST_TOTAL_AMOUNT", _too_much_discount),
    Case("add up to something", "INVALID_REQUEST_TOTAL_AMOUNT",
         lambda s: _grown(s, "QLIRO_INVOICE")),
    Case("left to ship", "NO_ITEMS_LEFT_IN_RESERVATION", _shipped_twice),
    Case("left to cancel", "NO_ITEMS_TO_CANCEL", _cancelled_after),
    Case("Nothing of the order has been shipped", "NO_SHIPPED_ITEMS_AVAILABLE",
         lambda s: s.add(s.secured(), 1, NEW)),
    Case("Nothing of the order has been shipped", "NO_SHIPPED_ITEMS_AVAILABLE", _failed_capture),
    Case("another price without VAT", "ITEM_SHIPPED_WITH_DIFFERENT_PRICEEXVAT_DESCRIPTION",
         lambda s: _partly_shipped(s, NEW | {"PricePerItemExVat": 1})),

    # How the request was written
    Case("does not accept the request", "INVALID_REQUEST", _price_that_changes),
    Case("more than two decimals", "SYSTEM_ERROR",
         lambda s: s.ship(s.secured(), SHIRT | {"PricePerItemIncVat": 399.001})),
    Case("value of the request", "INVALID_INPUT", lambda s: s.signed("cancelOrder", b"[]")),
    Case("value of the request", "INVALID_INPUT",
         lambda s: s.command("cancelOrder", 1, OrderId="1")),
    Case("value of the request", "INVALID_INPUT", lambda s: s.ship(s.secured(), RequestId="1")),
    Case("value of the request", "INVALID_INPUT", lambda s: s.ship(s.secured(), Shipments=[])),
    Case("value of the request", "INVALID_INPUT",
         lambda s: s.ship(s.secured(), Shipments=[{"OrderItems": []}])),
    Case("value of the request", "INVALID_INPUT",
         lambda s: s.ship(s.secured(), SHIRT | {"Quantity": 0})),
    Case("value of the request", "INVALID_INPUT",
         lambda s: s.ship(s.secured(), Shipments=[{"OrderItems": [1]}])),
    Case("value of the request", "INVALID_INPUT", lambda s: _returned_with(s, Fees=[])),
    Case("value of the request", "INVALID_INPUT", lambda s: _returned_with(s, Fees=_charge(-1))),
    Case("value of the request", "INVALID_INPUT",
         lambda s: s.command("updatemerchantreference", s.secured())),
)  # fmt: skip
