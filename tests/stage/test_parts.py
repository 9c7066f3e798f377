"""A long answer about a batch is staged in parts, and reads as it would at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.extract.raw import Call, keep
from engine.stage.parts import parts
from engine.stage.staging import stage
from engine.store.database import Store, in_memory
from engine.transport.http import Answer

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
LINES = "/v2/settlements/GetSettlementsByBatchId"
SUMS = {"DebitTransactionsTotalSum": 300, "DebitTransactionsCount": 3}


def row(number: int, **more: object) -> dict[str, object]:
    return {
        "PaymentTransactionId": number, "OrderId": 9, "MerchantOrderReference": f"S-{number}",
        "Action": "Debit", "Type": "Transaction", "CurrencyCode": "SEK", "Amount": 100.5,
    } | more  # fmt: skip


def settled(*lists: list[dict[str, object]]) -> dict[str, Any]:
    accepted, pending, rejected = lists
    return {
        "Settlements": accepted, "PendingSettlements": pending, "RejectedSettlements": rejected,
        "TotalSummary": SUMS, "SettlementTransactionSummary": SUMS,
        "PendingTransactionsSummary": SUMS, "RejectedTransactionsSummary": SUMS,
    }  # fmt: skip


ROWS = [row(one) for one in range(1, 8)]
WHOLE = settled([*ROWS[:4], ROWS[0]], [ROWS[4]], [ROWS[5], ROWS[6]])
# The answers that a batch got one after the other.
ANSWERS = {
    "one answer": [WHOLE],
    "sums first": [dict(reversed(WHOLE.items()))],
    "no sums": [{"Settlements": ROWS}],
    "nothing pending": [settled(ROWS, [], [])],
    "null lists": [{**WHOLE, "PendingSettlements": None}],
    "no lines": [settled([], [], [])],
    "answered again": [settled(ROWS, [], []), WHOLE],
    "told later": [settled([row(1, PaymentTransactionId=None)], [], []), settled(ROWS, [], [])],
    "a line can't be read": [settled([*ROWS, row(9, OrderId="nine")], [], [])],
    "half read, then whole": [settled([row(1, Amount="x"), *ROWS], [], []), WHOLE],
    "no list": [{**WHOLE, "RejectedSettlements": "none"}],
    "no object": [settled([*ROWS, 7], [], [])],  # type: ignore[list-item]
    "no JSON": ["{half"],
}


def staged(answers: list[Any], *, at_once: bool) -> dict[str, list[dict[str, Any]]]:
    """The tables after each answer has been kept and staged, and all of them at once."""
    store = in_memory()
    for number, body in enumerate(answers):
        text = body if isinstance(body, str) else json.dumps(body)
        answer = Answer(200, text, NOW + timedelta(minutes=number))
        keep(store, [(Call(LINES, (("Id", "7"),)), answer)], origin="test", key=b"key")
        if not at_once:
            stage(store)
    stage(store)
    return tables(store)


def tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    return {
        name: store.rows(f"SELECT * FROM qliro.{name} ORDER BY ALL")
        for name in ("settlement_line", "settlement_summary")
    }


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("size", [1, 350])
def test_parts_read_as_the_whole_does(
    name: str, at_once: bool, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = staged(ANSWERS[name], at_once=at_once)
    monkeypatch.setattr("engine.stage.settlements.LONG", 1)
    monkeypatch.setattr("engine.stage.parts.PART", size)
    assert staged(ANSWERS[name], at_once=at_once) == whole


def test_a_part_has_as_many_lines_as_its_length_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.stage.parts.PART", 350)
    cut = list(parts(json.dumps(WHOLE)))
    assert [(before, lines) for before, lines, _ in cut] == [(0, 3), (3, 2), (5, 1), (6, 2)]
    assert [name for name in json.loads(cut[0][2]) if name.endswith("Summary")] == [
        "TotalSummary", "SettlementTransactionSummary", "PendingTransactionsSummary",
        "RejectedTransactionsSummary",
    ]  # fmt: skip
