"""What is written down of a trace: of what got a document, what can't be had again."""

from __future__ import annotations

from typing import Any

import pytest

from engine.plan import long_traces
from engine.plan.kept_traces import as_kept, kept
from engine.plan.long_traces import short
from engine.plan.model import Outcome

TRACE: dict[str, Any] = {
    "rule": "payment.yaml:5:1", "inputs": {"line": {"line": "1", "gross": 5}, "fees": []},
    "match": {"outcome": "exact"}, "lets": {"paid": 5}, "tables": [["signs", "1", "x:1"]],
    "document": {"Amount": 5},
}  # fmt: skip


def outcome(trace: dict[str, Any], action: str | None = "payment-1") -> Outcome:
    return Outcome("payment", "1", "7", "planned", "to-post", "", (), action, trace)


def test_what_follows_from_the_rest_is_null_in_its_place_and_not_told() -> None:
    written = kept(outcome(TRACE), "made with this")
    assert [*written] == [*TRACE, "with"]
    assert {name for name, one in written.items() if one is None} == {"lets", "tables", "document"}
    assert as_kept(written) == {name: TRACE[name] for name in ("rule", "inputs", "match")}


@pytest.mark.parametrize("action", [None, "payment-1"])
def test_what_got_no_document_or_was_made_with_nothing_known_is_kept_whole(
    action: str | None,
) -> None:
    made_with = None if action else "made with this"
    assert kept(outcome(TRACE, action), made_with) == as_kept(TRACE) == TRACE


def test_the_trace_of_many_lines_is_kept_whole_for_who_asks_for_one_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(long_traces, "MOST_WHOLE", 1)
    lines = short([{"line": "1", "gross": 5}, {"line": "2", "gross": 6}])
    trace = {**TRACE, "inputs": {"payout": {"payout": "7"}, "lines": lines}}
    assert kept(outcome(trace), "made with this") == trace
