"""Shows what a mapping made of a line or payout: rule, inputs, candidates, values, request, answer.

Reads one history of ``engine.report.explain``, gives the part of a page that tells it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from .. import json_text
from .page import Page, Text, amount, blank, count, moment, state_name

Row = dict[str, Any]
# What a reader wants to know of a line first; the rest of it is with --verbose or --json.
LINE_FACTS = (
    "Status", "Type", "Action", "Amount", "AmountExcludingVat", "CurrencyCode", "PaymentMethodType",
    "MerchantOrderReference", "OrderId", "PaymentTransactionId", "TransactionCompletedDate",
    "BatchDate", "FxRate", "reference", "other_reference", "sign", "gross", "cost", "vat", "rate",
    "value", "interim", "method_is_known", "resolution", "chosen_invoice",
)  # fmt: skip
DOCUMENT_FACTS = (
    "DocumentNumber", "InvoiceDate", "DueDate", "Total", "Balance", "open_balance", "Currency",
    "Booked", "Cancelled", "ExternalInvoiceReference1", "ExternalInvoiceReference2",
    "YourOrderNumber", "OurReference", "YourReference", "OCR",
)  # fmt: skip
PAYOUT_FACTS = (
    "BatchDate",
    "CurrencyCode",
    "lines",
    "TotalAmount",
    "TotalFeeAmount",
    "FxTotalAmount",
)
# Rates of currencies have more decimals than amounts.
RATES = ("FxRate", "BatchFxRate", "CurrencyRate", "rate")
RATE_DECIMALS = 8
# Outcomes that no mapping gave (engine.plan.build).
DECIDED_BY = {"house": "decided before any mapping was asked", "person": "decided by a person"}
# An answer is shown up to here; --verbose and --json show it whole.
LONGEST = 400
# So many characters of a digest tell texts apart.
DIGEST = 10


def state_text(state: str, reason: str) -> str:
    """A state and its reason, without saying the same twice."""
    told = reason.startswith((state, state_name(state)))
    if state == "done":
        return f"done, nothing was needed: {reason}"
    return reason if told else f"{state_name(state)}: {reason}"


def history(told: Row, *, whole: bool) -> Page:
    """One mapping's part in it. ``whole`` leaves nothing out."""
    trace = told.get("trace", {})
    rule = trace.get("rule", "")
    name = DECIDED_BY.get(told["mapping"], told["mapping"])
    parts: Page = [blank(), Text(f"{name}  {rule}".rstrip(), indent=2, style="bold")]
    for alias, value in trace.get("inputs", {}).items():
        parts += _labelled("given", _input(alias, value, whole=whole))
    parts += _match(trace.get("match"))
    for name, value in (trace.get("lets") or {}).items():
        if whole or not _is_rows(value):
            parts += _labelled("let", _cut(f"{name} = {_short(value, name)}", whole=whole))
    for hit in trace.get("tables") or ():
        table, row, place = hit[:3]
        parts += _labelled("table", f"{table}: {_row_name(row)} {place}")
    if trace.get("place"):
        parts += _labelled("stopped", str(trace["place"]))
    if trace.get("document"):
        parts += _labelled("document", json_text.encode(trace["document"]))
    parts += _labelled("differs", trace.get("differs", ""))
    if told["events"]:
        parts += _labelled("under", rules_text(told.get("rules")))
    for event in told["events"]:
        parts += _event(event, whole=whole)
    if len(told["history"]) > 1:
        for one in reversed(told["history"]):
            parts += _labelled(
                "state", f"{moment(one['noted_at'])} {state_text(one['state'], one['reason'])}"
            )
    return parts


def _labelled(label: str, text: str) -> Page:
    return [Text(f"{label:<9} {text}", indent=4, hang=10)] if text else []


def rules_text(kept: Row | None) -> str:
    """The rules that a document was made by: release and name of the set, and what tells its
    texts, and the overlay's, from others."""
    if kept is None:
        return "rules of an earlier version of the program, which kept no release"
    release = f"release {kept['release']} of " if kept["release"] else ""
    overlay = f", overlay {kept['overlay_digest'][:DIGEST]}" if kept["overlay_digest"] else ""
    name = kept["mapping_set"] or "the set"
    changed = kept.get("changed")
    since = (
        "" if changed is None
        else f"; changed since: {', '.join(changed)}" if changed
        else "; the rule is the same now"
    )  # fmt: skip
    return f"{release}{name} ({kept['set_digest'][:DIGEST]}){overlay}{since}"


def _row_name(row: Any) -> str:
    return "otherwise," if row == "otherwise" else f"row {row},"


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _input(alias: str, value: Any, *, whole: bool) -> str:
    if _is_rows(value):
        return f"{alias}: {count(len(value), 'line')}" + _sum_of(value)
    if not isinstance(value, dict):
        return f"{alias} = {_short(value)}" if value not in ([], None) else ""
    names: Iterable[str] = value
    if not whole:
        names = [n for n in (*LINE_FACTS, *DOCUMENT_FACTS, *PAYOUT_FACTS) if n in value]
        names = names or [n for n in value if n == "number"] or value
    telling = [name for name in dict.fromkeys(names) if _tells(value[name])]
    return f"{alias}: {', '.join(f'{name} {_short(value[name], name)}' for name in telling)}"


def _sum_of(rows: list[Row]) -> str:
    amounts = [row.get("gross") for row in rows]
    known = [one for one in amounts if one is not None]
    return f", together {amount(sum(known))}" if known and len(known) == len(amounts) else ""


def _tells(value: Any) -> bool:
    return value is not None and value != ""


def _short(value: Any, name: str = "") -> str:
    if isinstance(value, Decimal) and name in RATES:
        return f"{round(value, RATE_DECIMALS).normalize():f}"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return amount(value)
    if isinstance(value, list | dict):
        return json_text.encode(value)
    return str(value)


def _match(match: Row | None) -> Page:
    if not match:
        return []
    called = f"{match['called']} " if "called" in match else ""  # an earlier version did not say
    chosen = f"{called}{match['document']} by {match['step']!r}: " if match["document"] else ""
    parts = _labelled("match", f"{chosen}{match['reason']} ({match['outcome']})")
    for document, step, why in match["losers"]:
        parts += _labelled("lost", f"{called}{document} by {step!r}: {why}")
    return parts


def _event(event: Row, *, whole: bool) -> Page:
    when = moment(event["noted_at"])
    if event["event"] == "sending":
        parts = _labelled("sent", f"{when} {event['method']} {event['path']}")
        return parts + _body(event["body"], whole=whole)
    told = " ".join(
        str(one)
        for one in (
            f"{event['step']} {event['event']}",
            f"({event['status']})" if event["status"] else "",
            f"as {event['number']}" if event["number"] else "",
            event["note"] or "",
        )
        if one
    )
    return _labelled("came", f"{when} {told}") + _body(event["answer"], whole=whole)


def _body(text: str | None, *, whole: bool) -> Page:
    if not text:
        return []
    return [Text(_cut(text, whole=whole), indent=14)]


def _cut(text: str, *, whole: bool) -> str:
    if whole or len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text)} characters; --verbose shows all)"
