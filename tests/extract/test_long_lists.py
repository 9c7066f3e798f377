"""A long answer about a batch is looked at row by row, and told of as a short one is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from engine.extract import rows
from engine.extract.raw import Call, Kept, keep
from engine.store.database import in_memory
from engine.transport.http import Answer

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
LINES = "/v2/settlements/GetSettlementsByBatchId"


def row(**more: object) -> dict[str, object]:
    return {"PaymentTransactionId": 5, "Action": "Debit", "Type": "Transaction",
            "CurrencyCode": "SEK", "Amount": 100.5} | more  # fmt: skip


BODIES = {
    "all is well": {"Settlements": [row(), row(Amount=7)], "PendingSettlements": [row()]},
    "no amount": {"Settlements": [row(), row(Amount=None)]},
    "no amount among the pending": {"Settlements": [row()], "PendingSettlements": [row(Amount="")]},
    "too fine": {"Settlements": [row(Amount=1.00001)]},
    "a text for an id": {"Settlements": [row()], "RejectedSettlements": [row(OrderId="nine")]},
    "no object": {"Settlements": [row(), 7]},
    "no list": {"Settlements": "none"},
    "null": {"Settlements": None},
    "no lines": {"PendingSettlements": [row()]},
    "a list of another name": {"Settlements": [row()], "HeldSettlements": [row()]},
    "a sum of another type": {"Settlements": [row()], "TotalSummary": []},
    "a list": [row()],
    "endless": '{"Settlements": [{"Amount": 1e999999999999999999999}]}',
    "cut": '{"Settlements": [{"Amount": 1',
    "odd within a row": '{"Settlements": [{"Amount": 1, "OrderId": tru}]}',
}


def kept(body: object, before: object = None) -> Kept:
    store, call = in_memory(), Call(LINES, (("Id", "7"),))
    every = [json.dumps(one) if not isinstance(one, str) else one
             for one in (before, body) if one is not None]  # fmt: skip
    return keep(store, [(call, Answer(200, text, NOW)) for text in every], origin="test",
                key=b"key")[-1]  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_what_can_not_be_read_is_told_in_the_same_words(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = kept(BODIES[name])
    monkeypatch.setattr(rows, "LONG", 1)
    long = kept(BODIES[name])
    assert (long.problem, long.digest) == (short.problem, short.digest)
    assert (long.content is None) is (short.content is None)


def test_a_line_that_lost_its_transaction_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LONG", 1)
    told = kept({"Settlements": [row(PaymentTransactionId=None)]}, {"Settlements": [row()]})
    assert "says less stands in its place" in (told.problem or "")


def test_rows_are_read_as_often_as_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LONG", 1)
    every = kept({"Settlements": [row(OrderId=one) for one in range(5)]}).content["Settlements"]
    assert [one["OrderId"] for one in every] == [one["OrderId"] for one in every] == [*range(5)]
    assert (len(every), every[-1]["OrderId"], len(every[1:3])) == (5, 4, 2)
