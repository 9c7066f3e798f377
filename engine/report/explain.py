"""Explains a payout, line, order, invoice or reference: back to its rule and its raw payload.

Reads the states that the last run left, the outcomes with their traces, the ledger and the raw
answers; writes nothing. The result is plain data; the command line makes it readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import json_text
from ..errors import UsageError
from ..ordering import sql_order
from ..plan.kept_traces import as_kept
from ..store.database import Store
from ..store.history import pruned_until
from .explain_histories import Histories, histories
from .fetched import KINDS, only_fetched, stands_for
from .rules_since import Since

Row = dict[str, Any]
# The trace of a row of ledger.outcome; second what was written down of its action.
TraceOf = Callable[[Row, Sequence[Row]], Row]

# What a person named, as a number: no column that holds numbers has to be made text.
NUMBER = "CASE WHEN regexp_full_match($ref, '[1-9][0-9]*') THEN TRY_CAST($ref AS BIGINT) END"
# The id of a line is a hash of so many letters, in no order: a shorter name is not looked for.
LINE_ID = "CASE WHEN strlen($ref) >= 16 THEN $ref END"
# A look at one column passes over whole blocks of rows; one at several reads them all.
LOOKS = "\n    UNION ".join(
    f"SELECT * FROM ledger.line_state WHERE {name} = {value}"
    for value, names in (
        (LINE_ID, ("line",)),
        ("$ref", ("payout", "reference", "document", "number", "delivery")),
        (NUMBER, ("OrderId", "PaymentTransactionId")),
    )
    for name in names
)
FIND = f"SELECT * FROM (\n    {LOOKS}\n) ORDER BY {sql_order('payout')}, line"

IS_OPEN = "state IN ('parked', 'waiting', 'planned')"
CANDIDATE_OF = f"""
-- The open lines for which an invoice was a candidate that was not chosen, or not yet.
WITH unfinished AS MATERIALIZED (
    SELECT * FROM ledger.line_state WHERE {IS_OPEN}
),
traced AS MATERIALIZED (  -- so that no trace of any other line is unpacked
    SELECT mapping, source, rowid AS place, trace
    FROM ledger.outcome
    WHERE source IN (SELECT source FROM unfinished)
)
SELECT l.*
FROM unfinished AS l
JOIN (
    SELECT mapping, source, arg_max(trace, place) AS trace
    FROM traced
    WHERE contains(trace, '"match"')
    GROUP BY mapping, source
) AS o ON o.mapping = l.mapping AND o.source = l.source
WHERE contains(o.trace, $ref)
  AND list_contains(json_extract_string(o.trace, '$.match.losers[*][0]'), $ref)
ORDER BY {sql_order('l.payout')}, l.line
"""

VOUCHER = f"""
-- Payouts of which a voucher has this number, or that are told of one. $number is a pattern.
SELECT p.*
FROM ledger.payout_state AS p
WHERE regexp_matches(p.transfer_reason, $number)
   OR p.payout IN (
       SELECT i.source
       FROM ledger.step AS s
       JOIN ledger.intent AS i ON i.action = s.action
       WHERE regexp_matches(s.number, $number)
   )
ORDER BY p.BatchDate, {sql_order('p.payout')}
"""
LINES_OF_VOUCHER = f"""
SELECT * FROM ledger.line_state
WHERE regexp_matches(number, $number) OR regexp_matches(reason, $number)
ORDER BY {sql_order('payout')}, line
"""
# A voucher as people write it, T3 or T 3, and as it is printed, T/3 or T/3/2: series, number, year.
WRITTEN = re.compile(r"([A-ZÅÄÖ]{1,10})[ /]?(\d+)(?:/(\d+))?", re.IGNORECASE)

MOST_STORED = 10  # invoices of one reference
VANISHED = """
SELECT count(*) AS lines, sum(gross) AS amount
FROM ledger.line_state
WHERE vanished AND Status = 'Accepted' AND payout = ?
HAVING count(*) > 0
"""

RAW = """
SELECT a.seq, a.noted_at, a.origin, a.path, a.query
FROM raw.answer AS a
WHERE a.seq IN (
    SELECT raw_seq FROM qliro.settlement_line
    WHERE line = $line  -- ids in no order; those of transactions are nearly in one
      AND PaymentTransactionId IS NOT DISTINCT FROM $transaction
)
"""


def trace_as_kept(outcome: Row, _: Sequence[Row] = ()) -> Row:
    """The trace of a row of ``ledger.outcome``, without what can be worked out anew."""
    return as_kept(json_text.decode(outcome["trace"]))


def explain(
    store: Store,
    ref: str,
    most: int = 25,
    files: Mapping[str, str] | None = None,
    trace_of: TraceOf = trace_as_kept,
) -> dict[str, Any]:
    """All that is known of ``ref``: the lines it names, each with its history, and its payout.

    With ``files``, the present texts of the mappings, also whether the rule of each document has
    changed since it was made. ``trace_of`` gives a trace whole (``engine.workbench.anew``).

    Of an order that is found by one of its documents only those that go by ``ref`` are told;
    ``further_items`` counts the others. ``most`` lines are told in full. Raises UsageError when
    nothing carries that reference, and when what carries it was only fetched.
    """
    if not ref.strip():
        raise UsageError("There is nothing to look for.", KINDS)
    lines = store.rows(FIND, {"ref": ref})
    known = {line["line"] for line in lines}
    if store.value(f"SELECT 1 FROM ledger.line_state WHERE {IS_OPEN} LIMIT 1"):
        lines += [one for one in store.rows(CANDIDATE_OF, {"ref": ref}) if one["line"] not in known]
    payouts = store.rows(
        "SELECT * FROM ledger.payout_state WHERE payout = $ref OR list_contains("
        "string_split(batches, ', '), $ref)",
        {"ref": ref},
    )
    orders = [_order(store, row, ref) for row in store.rows(ORDERS, {"ref": ref})[:most]]
    invoices = [] if lines or payouts else _stored(store, ref, orders)
    number = None if invoices else voucher_pattern(ref)
    if not lines and not payouts and number:
        lines = store.rows(LINES_OF_VOUCHER, {"number": number})
        payouts = store.rows(VOUCHER, {"number": number})
    of_payout = bool(payouts) and all(line["payout"] == ref for line in lines)
    if not lines and payouts:
        lines = store.rows(FIND, {"ref": payouts[0]["payout"]})
    if not (lines or payouts or orders or invoices):
        if ref != ref.strip():
            return explain(store, ref.strip(), most, files, trace_of)
        if (meant := stands_for(store, ref)) is not None:
            return explain(store, meant, most, files, trace_of)
        raise only_fetched(store, ref)
    if lines and not payouts:
        payouts = store.rows(
            "SELECT * FROM ledger.payout_state WHERE payout = ?", [lines[0]["payout"]]
        )
    told = histories(store, [
        *(item["source"] for order in orders for item in order["items"]),
        *(row["payout"] for row in payouts),
        *(row[name] for row in lines[:most] for name in ("line", "source")),
    ])  # fmt: skip
    found = {
        "ref": ref,
        "of_payout": of_payout,
        "orders": [_with_stories(order, told, trace_of) for order in orders],
        "invoices": invoices,
        "payouts": [_payout(store, row, told, trace_of) for row in payouts],
        "lines": [_line(store, row, told, trace_of) for row in lines[:most]],
        "further_lines": max(0, len(lines) - most),
        "pruned": pruned_until(store),
    }
    if files is not None:
        _tell_changes(found, Since(store, files))
    return found


def _tell_changes(found: Mapping[str, Any], since: Since) -> None:
    """Note for each document whether the rule that made it reads otherwise now."""
    told = [item for order in found["orders"] for item in order["items"]]
    told += [one for payout in found["payouts"] for one in payout["documents"]]
    told += [one for line in found["lines"] for one in line["stories"]]
    for one in told:
        if rules := one.get("rules"):
            rules["changed"] = since.changed(rules["digest"], one["mapping"])


ORDERS = f"""
-- Orders that go by this name, or of which a document, capture or refund does.
SELECT s.*, o.MerchantReference, o.raw_seq
FROM ledger.order_state AS s
LEFT JOIN qliro."order" AS o ON o.OrderId::VARCHAR = s.OrderId
WHERE s.OrderId IN (
    SELECT $ref
    UNION SELECT OrderId::VARCHAR FROM qliro."order" WHERE MerchantReference = $ref
    UNION SELECT OrderId FROM ledger.order_item WHERE source = $ref
    UNION SELECT OrderId FROM ledger.order_item WHERE delivery = $ref
    UNION SELECT OrderId FROM ledger.order_item WHERE number = $ref
    UNION SELECT OrderId FROM ledger.order_item
    WHERE contains(source, '/' || $ref) AND split_part(source, '/', 2) = $ref
)
ORDER BY s.OrderDate, {sql_order('s.OrderId')}
"""
ORDER_RAW = "SELECT seq, noted_at, origin, path, query FROM raw.answer WHERE seq = ?"


STORED = f"""
-- Invoices in Fortnox as its list showed them last, by their number or by what they carry.
SELECT
    i.*, d.YourOrderNumber, d.OurReference, d.YourReference,
    a.noted_at AS read_at, a.path AS read_of
FROM fortnox.invoice AS i
LEFT JOIN fortnox.invoice_detail AS d USING (DocumentNumber)
LEFT JOIN raw.answer AS a ON a.seq = i.raw_seq
WHERE $ref IN (i.DocumentNumber, i.ExternalInvoiceReference1, i.ExternalInvoiceReference2, i.OCR,
               d.YourOrderNumber, d.OurReference, d.YourReference)
ORDER BY i.DocumentNumber <> $ref, {sql_order('i.DocumentNumber')}
LIMIT {MOST_STORED}
"""


def _stored(store: Store, ref: str, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Invoices that are only stored: no line names them, and no document of ``orders`` is one."""
    told = {item["number"] for order in orders for item in order["items"]
            if "invoice" in item["mapping"]}  # fmt: skip
    return [one for one in store.rows(STORED, {"ref": ref}) if one["DocumentNumber"] not in told]


def _order(store: Store, row: Row, ref: str) -> Row:
    """An order with each of its documents, or with those alone that go by ``ref``."""
    items = store.rows(
        "SELECT * FROM ledger.order_item WHERE OrderId = ? "
        f"ORDER BY mapping, {sql_order('source')}",
        [row["OrderId"]],
    )
    of_order = len(items)
    if ref not in (row["OrderId"], row["MerchantReference"]):
        items = [one for one in items if _goes_by(one, ref)] or items
    return {
        **row,
        "further_items": of_order - len(items),
        "items": items,
        "raw": store.rows(ORDER_RAW, [row["raw_seq"]]),
        "resolutions": store.rows(
            "SELECT noted_at, who, kind, detail, reason FROM ledger.resolution "
            "WHERE list_contains(?, line) ORDER BY noted_at, rowid",
            [[one["source"] for one in items]],
        ),
    }


def _with_stories(order: Row, told: Histories, trace_of: TraceOf) -> Row:
    """An order with the history of each of its documents."""
    items = [{**one, **_story(one["mapping"], one["source"], told, trace_of)}
             for one in order["items"]]  # fmt: skip
    return {**order, "items": items}


def _goes_by(item: dict[str, Any], ref: str) -> bool:
    """Whether a document of an order, or the capture or refund that it is of, is called so."""
    transaction = item["source"].partition("/")[2]
    return ref in (item["source"], item["delivery"], item["number"], transaction)


def voucher_pattern(ref: str) -> str | None:
    """A pattern for the number of the voucher that somebody means, None when it can be none."""
    found = WRITTEN.fullmatch(ref.strip())
    if found is None:
        return None
    series, number, year = found.groups()
    return rf"(?i)(^|\s){series}/0*{int(number)}/{year or r'[0-9]+'}\b"


def _payout(store: Store, row: Row, told: Histories, trace_of: TraceOf) -> Row:
    proof = store.rows(
        "SELECT detail FROM ledger.proof WHERE payout = ? "
        "ORDER BY noted_at DESC, rowid DESC LIMIT 1",
        [row["payout"]],
    )
    interim = store.rows(
        "SELECT account, held, must FROM ledger.interim_state WHERE payout = ? ORDER BY account",
        [row["payout"]],
    )
    return {
        **row,
        "vanished": next(iter(store.rows(VANISHED, [row["payout"]])), None),
        "figures": json_text.decode(proof[0]["detail"]) if proof else {},
        "interim": interim,
        "documents": _stories(row["payout"], told, trace_of),
    }


def _line(store: Store, row: Row, told: Histories, trace_of: TraceOf) -> Row:
    stories = _stories(row["line"], told, trace_of)
    if row["source"] != row["line"] and row["mapping"]:
        stories.append(_story(row["mapping"], row["source"], told, trace_of))
    of_line = {"line": row["line"], "transaction": row["PaymentTransactionId"]}
    return {
        **row,
        "stories": stories,
        "raw": store.rows(RAW, of_line),
        "resolutions": store.rows(
            "SELECT noted_at, who, kind, detail, reason FROM ledger.resolution "
            "WHERE line = ? ORDER BY noted_at, rowid",
            [row["line"]],
        ),
    }


def _stories(source: str, told: Histories, trace_of: TraceOf) -> list[Row]:
    """The history of each document of a source."""
    mappings = sorted(told.outcomes.get(source, ()))
    return [_story(mapping, source, told, trace_of) for mapping in mappings]


def _story(mapping: str, source: str, told: Histories, trace_of: TraceOf) -> Row:
    """The last outcome, the last one that had a trace of its match, and every delivery."""
    outcomes = told.outcomes.get(source, {}).get(mapping)
    if not outcomes:
        return {"mapping": mapping, "history": [], "events": []}
    traced = next((one for one in outcomes if len(one["trace"]) > 2), outcomes[0])
    # The last one first; of an order that is captured in parts there are several shipments.
    actions = list(dict.fromkeys(one["action"] for one in outcomes if one["action"]))
    history = [
        {key: one[key] for key in ("noted_at", "state", "code", "reason")} for one in outcomes
    ]
    for one in history:
        if one["code"] == "nothing-to-book":  # an earlier version called it posted
            one["state"] = "done"
    found = [event for action in actions for event in told.events.get(action, ())]
    events = sorted(found, key=lambda row: row["seq"])
    rules = told.rules.get(actions[0]) if events else None
    return {
        "mapping": mapping,
        "action": actions[0] if actions else None,
        "rules": dict(rules) if rules else None,  # whether they have changed is noted in it
        "trace": trace_of(traced, told.intents.get(traced["action"], ())),
        "history": history,
        "events": events,
    }
