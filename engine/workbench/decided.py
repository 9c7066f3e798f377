"""The documents that a reference names, each as it was decided: what its mapping was given, what it
made, what was sent, under which rules.

Reads what ``engine.report.explain`` finds, the outcomes with their traces and the ledger; writes
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .. import json_text
from ..language.kinds import Type
from ..language.spec import MappingSet
from ..language.targets import target
from ..plan.kept_traces import is_null
from ..plan.made_under import Rules, rules_of_action
from ..report.explain import explain, voucher_pattern
from ..store.database import Store


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a source under a mapping. ``document`` is what the mapping made of it (None of
    what got none), ``sent`` what was sent of it, ``digest`` names the texts that it was made by."""

    mapping: str
    source: str
    state: str
    reason: str
    trace: Mapping[str, Any]
    action: str | None
    number: str | None
    document: Mapping[str, Any] | None
    sent: Mapping[str, Any] | None
    sent_at: datetime | None
    facts: Mapping[str, Any]
    rules: Rules | None
    digest: str | None


LAST = """
-- What was told last of a source under a mapping, and the last that tells of its document.
SELECT * FROM ledger.outcome WHERE mapping = ? AND source = ? ORDER BY noted_at DESC, rowid DESC
"""
# Its last, as in the view ledger.intent, which looks at all actions first.
ACTION = "SELECT * FROM ledger.action WHERE action = ? ORDER BY rowid DESC LIMIT 1"
SENT = """
SELECT noted_at, body FROM ledger.event
WHERE action = ? AND step = 'create' AND event = 'sending' ORDER BY seq DESC LIMIT 1
"""
NUMBER = "SELECT max(number) FROM ledger.step WHERE action = ? AND step = 'create'"


def decided(store: Store, ref: str) -> list[Decided]:
    """Each document that ``ref`` names, or whose order, line or payout it names; those alone that
    have it as their number, where any has. Raises UsageError where nothing carries it."""
    found = explain(store, ref)
    keys: dict[tuple[str, str], None] = {}
    for order in found["orders"]:
        keys |= {(one["mapping"], one["source"]): None for one in order["items"]}
    for line in found["lines"]:
        keys |= {(one["mapping"], line["line"]): None for one in line["stories"]}
        if line["mapping"]:
            keys[line["mapping"], line["source"] or line["line"]] = None
    if found["of_payout"] or not found["lines"] or voucher_pattern(ref):
        for payout in found["payouts"]:
            keys |= {(one["mapping"], payout["payout"]): None for one in payout["documents"]}
    told = [one for key in keys if (one := decided_of(store, *key)) is not None]
    return [one for one in told if _is_number(one.number, ref)] or told


def _is_number(number: str | None, ref: str) -> bool:
    if number is None:
        return False
    pattern = voucher_pattern(ref)
    return number == ref or bool(pattern and re.search(pattern, number))


def decided_of(store: Store, mapping: str, source: str) -> Decided | None:
    """What became of a source under a mapping; None where nothing was told of it."""
    outcomes = store.rows(LAST, [mapping, source])
    if not outcomes:
        return None
    last = outcomes[0]
    action = next((one["action"] for one in outcomes if one["action"]), None)
    mine = [one for one in outcomes if not action or one["action"] in (action, None)]
    traces = (json_text.decode(one["trace"]) for one in mine)
    trace = _best(traces)
    intents = store.rows(ACTION, [action]) if action else []
    intent = intents[0] if intents else None
    sent = next(iter(store.rows(SENT, [action])), None) if action else None
    kept = rules_of_action(store, action) if action else None
    document = json_text.decode(intent["document"]) if intent else {}
    return Decided(
        mapping, source, last["state"], last["reason"], trace, action,
        store.value(NUMBER, [action]) if action else None,
        trace.get("document") or document or None,
        target(intent["target"]).sent(sent["body"], document) if intent and sent and sent["body"]
        else None,
        sent["noted_at"] if sent else None,
        json_text.decode(intent["facts"]) if intent else {},
        kept[1] if kept else None,
        kept[0] if kept else None,
    )  # fmt: skip


def _best(traces: Iterator[Any]) -> Mapping[str, Any]:
    """The newest that tells of a document; else the newest that tells of anything."""
    told: Mapping[str, Any] = {}
    for one in traces:
        if one.get("document") or is_null(one, "document"):
            best: Mapping[str, Any] = one
            return best
        told = told or one
    return told


def typed(mapping_set: MappingSet, entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a trace as its mapping had it: dates, moments and amounts, which JSON has not."""
    columns = mapping_set.columns.get(entity, {})
    return {name: _typed(columns.get(name), value) for name, value in row.items()}


def _typed(type_: Type | None, value: Any) -> Any:
    if type_ is None or value is None:
        return value
    if isinstance(value, list):
        return [_typed(type_.item, one) for one in value]
    if isinstance(value, dict):
        fields = type_.fields or {}
        return {name: _typed(fields.get(name), one) for name, one in value.items()}
    if type_.kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    if type_.kind == "timestamp" and isinstance(value, str):
        return datetime.fromisoformat(value)
    if type_.kind == "decimal" and isinstance(value, int) and type(value) is not bool:
        return Decimal(value)
    return value
