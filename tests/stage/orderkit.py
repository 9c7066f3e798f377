"""Qliro's orders as its Admin API answers them, and what the tests of them ask the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from engine.store.database import Store

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
Row = dict[str, Any]


def transaction(id: int, kind: object, amount: float, **more: object) -> Row:
    """A successful transaction; later ids came later."""
    return {
        "PaymentTransactionId": id,
        "Type": kind,
        "Amount": amount,
        "Currency": "SEK",
        "Status": "Success",
        "Timestamp": f"2026-11-01T10:{id % 60:02}:00",
        "PaymentMethodName": "CREDITCARDS",
    } | more


_IDS: Iterator[int] = count(1)


def item(action: object, at: int, reference: str, price: float, **more: object) -> Row:
    """One item under an action of a transaction."""
    return {
        "Id": next(_IDS),
        "ActionType": action,
        "PaymentTransactionId": at,
        "MerchantReference": reference,
        "Description": f"A {reference}",
        "Quantity": 1,
        "PricePerItemIncVat": price,
        "PricePerItemExVat": price * 0.8,
        "VatRate": 25,
        "Type": "Product",
    } | more


def order(transactions: list[Row], items: list[Row], **more: object) -> Row:
    return {
        "OrderId": 9,
        "MerchantReference": "S-9",
        "Currency": "SEK",
        "Country": "SE",
        "PaymentTransactions": transactions,
        "OrderItemActions": items,
        "PaymentMethod": {"PaymentMethodName": "QLIRO_INVOICE", "PaymentTypeCode": "INVOICE"},
        "FutureField": {"tolerated": [1]},
    } | more


RESERVED = [item("Reserve", 1, "hat", 100, Quantity=2), item("Reserve", 1, "scarf", 50)]


def of(store: Store, view: str, *columns: str) -> list[tuple[Any, ...]]:
    listed = ", ".join(columns)
    rows = store.rows(f"SELECT {listed} FROM {view} ORDER BY OrderId, {columns[0]}")
    return [tuple(row.values()) for row in rows]


def deliver(store: Store, action: str, target: str, source: str, number: str) -> None:
    """The ledger as if this program had made a document."""
    store.append(
        "ledger.action",
        [[action, NOW, "r", "m", target, source, "", [], "{}", "{}", [], [], "{}"]],
        ["action", "noted_at", "run", "mapping", "target", "source", "payout", "covers",
         "document", "identity", "follow", "moves", "facts"],
    )  # fmt: skip
    store.append(
        "ledger.event",
        [[NOW, "r", action, "create", "done", number]],
        ["noted_at", "run", "action", "step", "event", "number"],
    )
