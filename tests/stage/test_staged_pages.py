"""Long pages of lists are staged a few at a time, and read as they would at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.extract.raw import Call, keep
from engine.stage.staging import stage, staged_to
from engine.store.database import in_memory
from engine.transport.http import Answer

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


def invoice(number: int, **more: object) -> dict[str, object]:
    return {"DocumentNumber": str(number), "Total": 100, "Balance": 100, "Currency": "SEK",
            "InvoiceDate": "2026-11-01"} | more  # fmt: skip


# Path, body, minutes after NOW at which it was given: the fourth comes late.
PAGES: list[tuple[str, dict[str, Any], int]] = [
    ("/3/invoices", {"Invoices": [invoice(1), invoice(2)]}, 0),
    ("/3/accounts", {"Accounts": [{"Number": 1510, "Active": True, "Year": 1}]}, 1),
    ("/3/invoices", {"Invoices": [invoice(2, Balance=0), invoice(3, Total="x")]}, 5),
    ("/3/invoices", {"Invoices": [invoice(2, Balance=50), invoice(4)]}, 3),
    ("/3/accounts", {"Accounts": [{"Number": 1581, "Active": False, "Year": 1}]}, 6),
    ("/3/invoices/4", {"Invoice": invoice(4, YourOrderNumber="S-4")}, 7),
    ("/3/invoices", {"Invoices": [invoice(4, Balance=1), {"Total": 1}]}, 8),
]


def staged() -> tuple[list[Any], tuple[Any, ...]]:
    store = in_memory()
    for path, body, minutes in PAGES:
        answer = Answer(200, json.dumps(body), NOW + timedelta(minutes=minutes))
        keep(store, [(Call(path), answer)], origin="test", key=b"key")
    report = stage(store)
    tables = [store.rows(f"SELECT * FROM {name} ORDER BY ALL")
              for name in ("fortnox.invoice", "fortnox.account")]  # fmt: skip
    return tables, (staged_to(store), report.answers, report.lines, report.problems)


@pytest.mark.parametrize("at_a_time", [1, 2, 3, 5])
def test_pages_staged_in_turn_read_as_all_at_once(
    at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.answers.LONG_FROM", 1)
    at_once = staged()
    assert len(at_once[0][0]) == 4
    assert at_once[1][3]  # something of them can't be read
    monkeypatch.setattr("engine.stage.staging.PAGES", at_a_time)
    assert staged() == at_once
