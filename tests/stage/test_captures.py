"""Captures and refunds of Qliro's orders as mappings see them, item by item."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from orderkit import RESERVED, Row, deliver, item, of, order, transaction

from engine.store.database import Store

# -- captures ------------------------------------------------------------------------------------


def test_a_capture_has_what_it_shipped(store: Store, seen: Callable[..., Row]) -> None:
    items = [
        *RESERVED,
        item("Ship", 2, "hat", 100),
        item("Ship", 3, "hat", 100),
        item("Ship", 3, "scarf", 50),
        item("Ship", 4, "scarf", 50),
    ]
    transactions = [
        transaction(1, "Preauthorization", 250),
        transaction(3, "Capture", 150, OriginalPaymentTransactionId=1),
        transaction(2, "Capture", 100, OriginalPaymentTransactionId=1),
        transaction(4, "Capture", 50, Status="Error"),
    ]
    found = seen(order(transactions, items))
    columns = ("capture", "ordinal", "Amount", "lines", "line_total", "takes_all", "ours")
    assert of(store, "qliro.capture_view", *columns) == [
        ("9/2", 1, 100, 1, 100, False, False),
        ("9/3", 2, 150, 2, 150, False, False),
    ]
    assert (found["captured"], found["captures"], found["remaining"]) == (250, 2, 0)
    assert of(store, "qliro.capture_line", "line", "capture", "MerchantReference") == [
        (f"9/2/{items[2]['Id']}", "9/2", "hat"),
        (f"9/3/{items[3]['Id']}", "9/3", "hat"),
        (f"9/3/{items[4]['Id']}", "9/3", "scarf"),
    ]


def test_a_first_capture_of_everything_takes_all(store: Store, seen: Callable[..., Row]) -> None:
    whole = [row | {"ActionType": "Ship", "PaymentTransactionId": 2} for row in RESERVED]
    start = transaction(1, "Preauthorization", 250)
    taken = transaction(2, "Capture", 250, OriginalPaymentTransactionId=1)
    seen(order([start, taken], [*RESERVED, *whole]))
    assert of(store, "qliro.capture_view", "takes_all", "PaymentTypeCode") == [(True, "INVOICE")]
    split = [whole[0] | {"Quantity": 1}, whole[0] | {"Quantity": 1, "Id": 0}, whole[1]]
    seen(order([start, taken], [*RESERVED, *split]))
    assert of(store, "qliro.capture_view", "takes_all") == [(True,)]
    other = [whole[0] | {"PricePerItemIncVat": 125}]
    for amount, items in ((250, other), (240, whole)):  # other items, another amount
        seen(order([start, taken | {"Amount": amount}], [*RESERVED, *items]))
        assert of(store, "qliro.capture_view", "takes_all") == [(False,)]


def test_a_capture_that_this_program_asked_for_is_its_own(
    store: Store, seen: Callable[..., Row]
) -> None:
    deliver(store, "a1", "qliro.shipment", "9", "2")
    transactions = [
        transaction(1, "Preauthorization", 250),
        transaction(2, "Capture", 100),
        transaction(3, "Capture", 150),
    ]
    seen(order(transactions, RESERVED))
    assert of(store, "qliro.capture_view", "capture", "ours") == [("9/2", True), ("9/3", False)]


def test_a_capture_in_the_portal_without_items_has_the_orders_lines(
    store: Store, seen: Callable[..., Row]
) -> None:
    start = transaction(1, "Preauthorization", 250)
    seen(order([start, transaction(2, "Capture", 250)], RESERVED))
    columns = ("capture", "lines", "line_total", "takes_all", "ours")
    assert of(store, "qliro.capture_view", *columns) == [("9/2", 2, 250, True, False)]
    # Of which items a part was, nobody knows.
    seen(order([start, transaction(2, "Capture", 100)], RESERVED))
    assert of(store, "qliro.capture_view", *columns) == [("9/2", 0, 0, False, False)]


@pytest.mark.parametrize("kind", ["Reserve", "Create", "Ship"])
def test_a_debit_takes_at_once_what_was_bought(
    store: Store, seen: Callable[..., Row], kind: str
) -> None:
    items = [row | {"ActionType": kind} for row in RESERVED]
    found = seen(order([transaction(1, "Debit", 250)], items))
    assert (found["payment"], found["captured"], found["remaining"]) == ("secured", 250, 0)
    assert of(store, "qliro.capture_view", "capture", "Type", "lines", "takes_all") == [
        ("9/1", "Debit", 2, True)
    ]
    lines = of(store, "qliro.capture_line", "MerchantReference", "Quantity")
    assert lines == [("hat", 2), ("scarf", 1)]


def test_of_two_debits_one_that_tells_no_items_did_not_take_the_others(
    store: Store, seen: Callable[..., Row]
) -> None:
    seen(order([transaction(1, "Debit", 250), transaction(2, "Debit", 100)], RESERVED))
    assert of(store, "qliro.capture_view", "capture", "lines") == [("9/1", 2), ("9/2", 0)]


def test_a_capture_of_what_a_debit_took_takes_nothing(
    store: Store, seen: Callable[..., Row]
) -> None:
    shipped = [row | {"ActionType": "Ship", "PaymentTransactionId": 2} for row in RESERVED]
    taken = transaction(2, "Capture", 250, OriginalPaymentTransactionId=1)
    found = seen(order([transaction(1, "Debit", 250), taken], [*RESERVED, *shipped]))
    assert (found["captures"], found["captured"]) == (1, 250)
    assert of(store, "qliro.order_line", "position", "shipped") == [(1, 2), (2, 1)]


def test_items_added_to_an_invoice_are_a_capture(store: Store, seen: Callable[..., Row]) -> None:
    items = [
        item("Reserve", 1, "hat", 100),
        item("Ship", 2, "hat", 100),
        item("Ship", 3, "fee", 20, Type="Fee"),
    ]
    transactions = [
        transaction(1, "Preauthorization", 100),
        transaction(2, "Capture", 100, OriginalPaymentTransactionId=1),
        transaction(3, "UpdateInvoice", 20, OriginalPaymentTransactionId=2),
    ]
    found = seen(order(transactions, items))
    assert (found["captured"], found["captures"], found["remaining"]) == (120, 2, 0)
    columns = ("capture", "Type", "ordinal", "Amount", "line_total", "takes_all")
    assert of(store, "qliro.capture_view", *columns) == [
        ("9/2", "Capture", 1, 100, 100, True),
        ("9/3", "UpdateInvoice", 2, 20, 20, False),
    ]


# -- refunds -------------------------------------------------------------------------------------

CAPTURED = [
    transaction(1, "Preauthorization", 250),
    transaction(2, "Capture", 100, OriginalPaymentTransactionId=1),
    transaction(3, "Capture", 150, OriginalPaymentTransactionId=1),
]


def test_a_refund_belongs_to_its_capture_and_has_what_was_returned(
    store: Store, seen: Callable[..., Row]
) -> None:
    items = [*RESERVED, item("Return", 5, "scarf", 50), item("Return", 4, "hat", 100)]
    refunds = [
        transaction(5, "Refund", 50, OriginalPaymentTransactionId=3),
        transaction(4, "Refund", 100, OriginalPaymentTransactionId=3),
        transaction(6, "Refund", 10, OriginalPaymentTransactionId=2),
        transaction(7, "Refund", 10, Status="Error", OriginalPaymentTransactionId=2),
    ]
    found = seen(order([*CAPTURED, *refunds], items))
    assert (found["refunded"], found["refunds"]) == (160, 3)
    columns = ("refund", "capture", "ordinal", "Amount", "lines", "line_total", "captures")
    assert of(store, "qliro.refund", *columns) == [
        ("9/4", "9/3", 1, 100, 1, 100, 2),
        ("9/5", "9/3", 2, 50, 1, 50, 2),
        ("9/6", "9/2", 1, 10, 0, 0, 2),
    ]
    assert of(store, "qliro.refund_line", "refund", "MerchantReference", "OrderDate") == [
        ("9/4", "hat", date(2026, 11, 1)),
        ("9/5", "scarf", date(2026, 11, 1)),
    ]


def test_a_refund_that_does_not_say_of_what_is_of_the_only_capture(
    store: Store, seen: Callable[..., Row]
) -> None:
    given = transaction(4, "Credit", 10)
    seen(order([*CAPTURED, given], RESERVED))
    assert of(store, "qliro.refund", "refund", "capture") == [("9/4", None)]
    seen(order([*CAPTURED[:2], given], RESERVED))
    assert of(store, "qliro.refund", "refund", "capture", "Type") == [("9/4", "9/2", "Credit")]


def test_a_refund_by_a_discount_counts_upwards(store: Store, seen: Callable[..., Row]) -> None:
    """Qliro's own module makes every refund so: one Discount line, no items."""
    discount = item("Ship", 4, "Refund", -40, Type="Discount", PricePerItemExVat=-32)
    less = transaction(4, "UpdateInvoice", -40, OriginalPaymentTransactionId=2)
    found = seen(order([*CAPTURED, less], [*RESERVED, discount]))
    assert (found["captured"], found["refunded"], found["captures"]) == (250, 40, 2)
    columns = ("refund", "capture", "Type", "Amount", "line_total")
    assert of(store, "qliro.refund", *columns) == [("9/4", "9/2", "UpdateInvoice", 40, 40)]
    prices = of(store, "qliro.refund_line", "PricePerItemIncVat", "PricePerItemExVat", "Type")
    assert prices == [(40, 32, "Discount")]


def test_a_discount_among_what_was_returned_lowers_the_refund(
    store: Store, seen: Callable[..., Row]
) -> None:
    items = [
        *RESERVED,
        item("Return", 4, "hat", 100),
        item("Return", 4, "spring", 20, Type="Discount"),
    ]
    back = transaction(4, "Refund", 80, OriginalPaymentTransactionId=2)
    seen(order([*CAPTURED, back], items))
    assert of(store, "qliro.refund", "Amount", "line_total") == [(80, 80)]


def test_an_own_invoice_is_found_by_order_transaction_and_capture(store: Store) -> None:
    deliver(store, "a1", "fortnox.invoice", "9/2", "17")
    deliver(store, "a2", "fortnox.credit_invoice", "9/4", "18")
    deliver(store, "a3", "fortnox.invoice", "AB/77/SEK", "19")
    deliver(store, "a4", "fortnox.invoice_payment", "9/2", "5")
    found = store.rows("SELECT * FROM ledger.own_document ORDER BY DocumentNumber, source")
    assert [tuple(row.values()) for row in found] == [
        ("2", "17"),
        ("9", "17"),
        ("9/2", "17"),
        ("4", "18"),
        ("9", "18"),
        ("9/4", "18"),
        ("AB/77/SEK", "19"),
    ]


def test_more_of_an_item_than_was_taken_is_told_by_its_number_or_by_its_money(
    store: Store, seen: Callable[..., Row]
) -> None:
    """At the price that it was sold at pieces are counted, at another one money."""

    def over(*back: Row) -> list[bool]:
        shipped = [item("Ship", 2, "hat", 100, Quantity=2), item("Ship", 2, "scarf", 50)]
        taken = transaction(2, "Capture", 250, OriginalPaymentTransactionId=1)
        refunds = [transaction(one["PaymentTransactionId"], "Refund", 1,
                               OriginalPaymentTransactionId=2) for one in back]  # fmt: skip
        seen(order([CAPTURED[0], taken, *refunds], [*RESERVED, *shipped, *back]))
        return [told for _, told in of(store, "qliro.refund_line", "refund", "over")]

    assert over(item("Return", 4, "hat", 100, Quantity=2)) == [False]
    assert over(item("Return", 4, "hat", 100, Quantity=3)) == [True]
    prices = (16.67, 16.67, 16.66)
    thirds = [item("Return", 4 + n, "scarf", price) for n, price in enumerate(prices)]
    assert over(*thirds) == [False] * 3
    assert over(*thirds, item("Return", 7, "scarf", 0.01)) == [True] * 4
    hats = item("Return", 4, "hat", 100, Quantity=2), item("Return", 5, "hat", 1)
    assert over(*hats) == [True, True]
    assert over(item("Return", 4, "glove", 10)) == [True]
