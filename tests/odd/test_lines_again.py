"""A line that is told less well in a later answer, or better, is the line that it was."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.extract.raw import Call, keep
from engine.stage.staging import stage
from engine.store.database import in_memory
from engine.transport.http import Answer
from odd.kit import OddShop, setting
from odd.sweep import NOW

LINES = "/GetSettlementsByBatchId"
PATH = f"/checkout/adminapi/v2/settlements{LINES}"


@pytest.fixture
def shop(tmp_path: Path, read_mappings_once: None) -> OddShop:
    """Two payouts of one sale each."""
    made = OddShop(tmp_path)
    made.trouble("clean_sale")
    made.trouble("clean_sale")
    return made


def codes(report: Any) -> set[str]:
    return {one.code for one in report.findings.findings}


@pytest.mark.parametrize(
    ("field", "value"),
    [("PaymentTransactionId", None), ("PaymentTransactionId", 0), ("Action", -1), ("Type", "sale"),
     ("Amount", "none")],
)  # fmt: skip
def test_a_line_that_was_read_before_stays_as_it_was_when_a_later_answer_says_less_of_it(
    shop: OddShop, field: str, value: object
) -> None:
    shop.run()
    shop.oddly(LINES, setting("Settlements", field, value))
    shop.later(days=1)
    assert "line-not-read" in codes(shop.run())
    assert shop.states() == ["posted", "posted"]
    shop.later(days=20)  # beyond the overlap
    assert "line-not-read" not in codes(shop.run())
    assert shop.states() == ["posted", "posted"]
    assert len(shop.payments()) == 2


def test_a_line_whose_transaction_was_not_told_at_first_is_booked_once(shop: OddShop) -> None:
    shop.oddly(LINES, setting("Settlements", "PaymentTransactionId", None))
    shop.run()
    for _ in range(2):
        shop.later(days=1)
        shop.run()
        assert shop.states() == ["posted", "posted"]
    assert len(shop.payments()) == 2


def row(transaction: int | None, **more: object) -> dict[str, Any]:
    """A sale of 100.00."""
    made = {"PaymentTransactionId": transaction, "Amount": 100, "CurrencyCode": "SEK"}
    return made | {"Action": "Debit", "Type": "Transaction", "MerchantOrderReference": "S-1"} | more


def lines(*answers: list[dict[str, Any]], together: bool) -> list[dict[str, Any]]:
    """The lines after some answers about a batch, staged one by one or together."""
    store = in_memory()
    for day, rows in enumerate(answers):
        body = json.dumps({"Settlements": rows})
        answer = Answer(200, body, NOW + timedelta(days=day))
        keep(store, [(Call(PATH, (("Id", "7"),)), answer)], origin="network", key=b"key")
        if not together:
            stage(store)
    stage(store)
    return store.rows("SELECT * EXCLUDE (raw_seq) FROM qliro.settlement_line ORDER BY ALL")


@pytest.mark.parametrize("together", [False, True])
def test_a_line_keeps_its_id_when_its_transaction_is_told(together: bool) -> None:
    (first,) = lines([row(None)], together=together)
    (then,) = lines([row(None)], [row(5)], together=together)
    (last,) = lines([row(None)], [row(5)], [row(5, OrderId=3)], together=together)
    assert first["line"] == then["line"] == last["line"]
    assert (then["PaymentTransactionId"], last["OrderId"]) == (5, 3)


@pytest.mark.parametrize("together", [False, True])
def test_a_line_that_could_be_either_of_two_or_stands_beside_it_is_a_line_of_its_own(
    together: bool,
) -> None:
    beside = lines([row(None)], [row(None), row(5)], together=together)
    assert {(one["PaymentTransactionId"], one["vanished"]) for one in beside} == {
        (5, False),
        (None, False),
    }
    either = lines([row(None)], [row(5), row(6)], together=together)
    assert sorted((one["PaymentTransactionId"] or 0, one["vanished"]) for one in either) == [
        (0, True),
        (5, False),
        (6, False),
    ]
