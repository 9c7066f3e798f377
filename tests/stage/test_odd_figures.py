"""What no order can hold stops nothing: enormous figures, times of no year, unknown enums."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from orderkit import NOW, RESERVED, Row, item, of, order, transaction

from engine.extract.raw import Call, keep
from engine.stage.staging import stage
from engine.store.database import Store
from engine.transport.http import Answer

LINES = "/v2/settlements/GetSettlementsByBatchId"
GOOD = order([transaction(1, "Preauthorization", 250)], RESERVED)


def answered(store: Store, path: str, body: object, **query: object) -> None:
    """Keeps one answer."""
    call = Call(path, tuple((name, str(value)) for name, value in query.items()))
    keep(store, [(call, Answer(200, json.dumps(body), NOW))], origin="test", key=b"key")


def both(store: Store, odd: Row) -> None:
    """Stages an odd order 9 and a good order 10 together."""
    answered(store, "/v2/orders/9", odd)
    answered(store, "/v2/orders/10", GOOD | {"OrderId": 10, "MerchantReference": "S-10"})
    stage(store)
    sums = {row["OrderId"]: row for row in store.rows("SELECT * FROM qliro.order_view")}
    assert (sums[10]["total"], sums[10]["remaining"], sums[10]["lines"]) == (250, 250, 2)


@pytest.mark.parametrize("name", ["Quantity", "PricePerItemIncVat", "PricePerItemExVat", "VatRate"])
@pytest.mark.parametrize("figure", [2_000_000_000, 10**10, 10**13, 10**17, 1e30, -(10**9)])
@pytest.mark.parametrize("action", ["Reserve", "Ship", "Return"])
def test_an_enormous_figure_of_one_order_leaves_the_others_as_they_are(
    store: Store, name: str, figure: float, action: str
) -> None:
    kinds = {"Reserve": "Preauthorization", "Ship": "Capture", "Return": "Refund"}
    moves = [transaction(1, "Preauthorization", 250)]
    if action != "Reserve":
        moves.append(transaction(2, kinds[action], 100, OriginalPaymentTransactionId=1))
    big = item(action, moves[-1]["PaymentTransactionId"], "hat", 100) | {name: figure}
    both(store, order(moves, [*RESERVED, big]))


@pytest.mark.parametrize("amount", [10**10, 10**14, 10**18, 1e40])
@pytest.mark.parametrize("kind", ["Preauthorization", "Capture", "Refund", "Reversal"])
def test_an_enormous_transaction_of_one_order_leaves_the_others_as_they_are(
    store: Store, kind: str, amount: float
) -> None:
    moves = [transaction(1, "Preauthorization", 250), transaction(2, kind, amount)]
    both(store, order(moves, RESERVED))


@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "+250000-01-01T00:00:00Z",
     "9999-12-31T23:59:59Z", "infinity"],
)  # fmt: skip
def test_a_moment_of_no_year_that_orders_are_of_is_none(store: Store, time: str) -> None:
    both(store, order([transaction(1, "Preauthorization", 250, Timestamp=time)], RESERVED))
    assert of(store, "qliro.transaction", '"Timestamp"')[0] == (None,)


@pytest.mark.parametrize(
    "status",
    [-4, "-4", 4.4, "4.0", " 4", "04", 11, 2147483647, "9" * 30, "success", " Success", "Sucess",
     True, [4], {"Id": 4}, ""],
)  # fmt: skip
def test_a_status_that_is_no_known_one_is_never_taken_for_success(
    store: Store, status: object
) -> None:
    both(store, order([transaction(1, "Preauthorization", 250, Status=status)], RESERVED))
    (payment,) = store.rows("SELECT payment FROM qliro.order_view WHERE OrderId = 9")
    assert payment["payment"] != "secured"


@pytest.mark.parametrize(
    ("field", "value"),
    [("ActionType", -3), ("ActionType", 1.4), ("ActionType", -2147483648), ("Type", -1),
     ("Type", 0.6), ("Type", 2147483647), ("Type", "product")],
)  # fmt: skip
def test_what_kind_an_item_is_stays_as_it_came_where_it_is_no_known_kind(
    store: Store, field: str, value: object
) -> None:
    odd = item("Reserve", 1, "hat", 100) | {field: value}
    both(store, order([transaction(1, "Preauthorization", 100)], [odd]))
    assert of(store, "qliro.item_action", field)[0] == (str(value),)


@pytest.mark.parametrize("type", [-1, -7, 7.6, 8, "capture"])
def test_a_transaction_of_no_known_type_takes_and_gives_nothing(store: Store, type: object) -> None:
    moves = [transaction(1, "Preauthorization", 250), transaction(2, type, 100)]
    both(store, order(moves, RESERVED))
    (row,) = store.rows("SELECT * FROM qliro.order_view WHERE OrderId = 9")
    assert (row["captured"], row["refunded"], row["reversed"]) == (0, 0, 0)


@pytest.mark.parametrize("value", [-1, -2, 0.4, 1.6, 2147483647, "debit", "0.0"])
def test_what_kind_a_settlement_line_is_stays_as_it_came_likewise(
    store: Store, value: object
) -> None:
    row = {"PaymentTransactionId": 5, "Amount": 100.5, "CurrencyCode": "SEK",
           "Action": value, "Type": value}  # fmt: skip
    answered(store, LINES, {"Settlements": [row]}, Id=7)
    stage(store)
    (line,) = store.rows("SELECT Action, Type FROM qliro.settlement_line")
    assert (line["Action"], line["Type"]) == (str(value), str(value))


def test_a_rate_beyond_all_bounds_is_none_and_the_lines_are_read(store: Store) -> None:
    rate = {"Code": "EUR", "BuyRate": 9e9, "Unit": 1}
    answered(store, "/3/currencies", {"Currencies": [rate]})
    row = {"PaymentTransactionId": 5, "Amount": 100.5, "CurrencyCode": "EUR", "Action": "Debit"}
    answered(store, LINES, {"Settlements": [row]}, Id=7)
    stage(store)
    (line,) = store.rows("SELECT Amount, FortnoxRate FROM qliro.line_view")
    assert (line["Amount"], line["FortnoxRate"]) == (Decimal("100.5"), None)
