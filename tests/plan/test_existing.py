"""What stands in Fortnox and is nobody's: our own payments of years are not looked at for it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.plan.existing import Existing
from engine.store.database import Store, in_memory
from engine.store.ledger import Action, Event, record, record_actions

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
COLUMNS = ("Number", "InvoiceNumber", "Amount", "Booked", "Currency", "PaymentDate", "as_of",
           "raw_seq")


@pytest.fixture
def store() -> Store:
    """Three payments, of which this program made two."""
    store = in_memory()
    for number in (7, 8, 9):
        store.append("fortnox.invoice_payment",
                     [(str(number), str(1000 + number), Decimal(100), True, "SEK",
                       date(2026, 11, 13), NOW, number)], COLUMNS)  # fmt: skip
    for number in (7, 8):
        made = Action(
            f"payment-{number}", "payment", "fortnox.invoice_payment", f"line-{number}", "70001",
            (f"line-{number}",), {}, {}, (), str(1000 + number), Decimal(100),
        )  # fmt: skip
        record_actions(store, "run", NOW, [made])
        record(store, "run", NOW, Event(made.action, "create", "done", number=str(number)))
    return store


def test_our_own_payments_are_not_even_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[Any] = []
    rows = store.rows
    monkeypatch.setattr(store, "rows", lambda *asked: came.extend(got := rows(*asked)) or got)
    existing = Existing(store)
    assert came == []
    standing = existing.on_documents("fortnox.invoice_payment", ["1007", "1009"])
    assert [row["number"] for row in standing] == [row["Number"] for row in came] == ["9"]


def test_payments_are_told_apart_by_what_they_are_without_an_invoice_too(store: Store) -> None:
    existing = Existing(store)
    assert existing.alike("fortnox.invoice_payment", {"Amount": Decimal(100)}) == ["9"]
    assert existing.alike("fortnox.invoice_payment", {"Amount": Decimal(99)}) == []


def test_our_own_payments_are_named_where_a_sentence_is_to_name_them(store: Store) -> None:
    existing = Existing(store)
    assert "payment 8, by which line line-8 of payout 70001 takes 100.00" in (
        existing.described("fortnox.invoice_payment", "1008")
    )
    assert "payment 9" in existing.described("fortnox.invoice_payment", "1009")
