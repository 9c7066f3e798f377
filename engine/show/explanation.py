"""Shows why a line, order, invoice or payout became what it is, back to the rule and the request.

Reads what ``engine.explain`` gathered, gives a page: the payout with its proof, then each line with
the rule that decided it, what it was given, who else was a candidate, what was sent and what came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine import json_text
from engine.show.page import (
    STYLES,
    Column,
    Page,
    Table,
    Text,
    amount,
    blank,
    count,
    day,
    heading,
    moment,
    state_name,
)
from engine.show.status import kind

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
# Outcomes that no mapping gave (engine.plan.build).
DECIDED_BY = {"house": "decided before any mapping was asked", "person": "decided by a person"}
# An answer is shown up to here; --verbose and --json show it whole.
LONGEST = 400


def page(found: Row, *, whole: bool = False) -> Page:
    """The explanation. ``whole`` leaves nothing out: all inputs, bodies in full."""
    parts: Page = []
    of_payout = all(one["payout"] == found["ref"] for one in found["payouts"])
    for one in found["payouts"]:
        parts += _payout(one, whole=whole, told=of_payout)
    groups = _grouped(found["lines"])
    if of_payout and not whole:
        return [*parts, *_lines_of_payout(found)]
    for lines in groups:
        parts += [blank(), *_line(lines, whole=whole)]
    if found["further_lines"]:
        parts += [
            blank(),
            Text(f"{count(found['further_lines'], 'further line')}: ask for one by its id."),
        ]
    return parts


def _grouped(lines: Iterable[Row]) -> list[list[Row]]:
    """Lines that one document decides stand together, the one that it is made from first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for line in lines:
        groups.setdefault((line["mapping"], line["source"] or line["line"]), []).append(line)
    for (_, source), group in groups.items():
        group.sort(key=lambda line: line["line"] != source)
    return list(groups.values())


# -- the payout ----------------------------------------------------------------------------------


def _payout(payout: Row, *, whole: bool, told: bool) -> Page:
    paid = f"{amount(payout['TotalAmount'])} {payout['CurrencyCode']}"
    parts: Page = [
        heading(f"Payout {payout['payout']} of {day(payout['BatchDate'])}: {paid}"),
        Text(f"proof     {payout['proof']}", indent=2),
        Text(f"transfer  {_state_text(payout['transfer'], payout['transfer_reason'])}", indent=2),
    ]
    if not (told or whole):
        return parts
    for account in payout["interim"]:
        parts.append(
            Text(
                f"interim   {account['account']} holds {amount(account['held'])}, "
                f"must hold {amount(account['must'])}",
                indent=2,
            )
        )
    parts += _figures(payout["figures"], whole=whole)
    for story in payout["documents"]:
        parts += _story(story, whole=whole)
    return parts


def _figures(detail: Row, *, whole: bool) -> Page:
    """Each figure of Qliro beside what the lines add up to; equal zeros only when all is wanted."""
    rows = []
    for name, stated, counted in detail.get("figures", ()):
        if not whole and stated == counted == 0:
            continue
        holds = stated is None or stated == counted
        shown = [str(one) if name.endswith("Count") or "Count of" in name else amount(one)
                 for one in (stated, counted)]  # fmt: skip
        rows.append([name, *shown, "" if holds else ("differs", "red")])
    if not rows:
        return []
    columns = [Column("Figure"), Column("Qliro", True), Column("Lines", True), Column("")]
    return [blank(), Table(columns, rows, indent=2)]


def _lines_of_payout(found: Row) -> Page:
    rows = [
        [
            line["line"],
            kind(line),
            amount(line["gross"]),
            line["reference"] or "–",
            line["document"] or "–",
            (state_name(line["state"]), STYLES.get(line["state"], "")),
            line["reason"],
        ]
        for line in found["lines"]
    ]
    columns = [
        Column("Line"), Column(""), Column("Amount", True), Column("Reference"), Column("Invoice"),
        Column("State"), Column("Why"),
    ]  # fmt: skip
    parts: Page = [blank(), Table(columns, rows, indent=2)]
    if found["further_lines"]:
        parts.append(Text(f"and {count(found['further_lines'], 'further line')}", indent=2))
    return parts


# -- a line --------------------------------------------------------------------------------------


def _line(lines: list[Row], *, whole: bool) -> Page:
    line, *fees = lines
    names = f"reference {line['reference'] or '–'}, order {line['OrderId'] or '–'}"
    head = (
        f"Line {line['line']}: {kind(line)} {amount(line['gross'])} {line['CurrencyCode']}, {names}"
    )
    parts: Page = [heading(head)]
    parts += [
        Text(f"with {kind(fee)} {amount(fee['gross'])} (line {fee['line']})", indent=2)
        for fee in fees
    ]
    state = line["state"]
    parts.append(Text(_state_text(state, line["reason"]), indent=2, style=STYLES.get(state, "")))
    for story in line["stories"]:
        parts += _story(story, whole=whole)
    if not line["stories"]:
        parts.append(Text("No mapping was asked about it.", indent=2))
    for said in line["resolutions"]:
        what = " ".join(filter(None, (said["kind"], said["detail"])))
        why = f": {said['reason']}" if said["reason"] else ""
        parts.append(
            Text(f"decided   {moment(said['noted_at'])} {said['who']}: {what}{why}", indent=2)
        )
    for raw in line["raw"]:
        query = f"?{raw['query']}" if raw["query"] else ""
        parts.append(
            Text(
                f"read      {moment(raw['noted_at'])} {raw['path']}{query} "
                f"({raw['origin']}, raw answer {raw['seq']})",
                indent=2,
            )
        )
    return parts


def _state_text(state: str, reason: str) -> str:
    return reason if reason.startswith(state) else f"{state_name(state)}: {reason}"


# -- what a mapping made of it -------------------------------------------------------------------


def _story(story: Row, *, whole: bool) -> Page:
    trace = story.get("trace", {})
    rule = trace.get("rule", "")
    name = DECIDED_BY.get(story["mapping"], story["mapping"])
    parts: Page = [blank(), Text(f"{name}  {rule}".rstrip(), indent=2, style="bold")]
    for alias, value in trace.get("inputs", {}).items():
        parts += _labelled("given", _input(alias, value, whole=whole))
    parts += _match(trace.get("match"))
    for name, value in (trace.get("lets") or {}).items():
        if whole or not _is_rows(value):
            parts += _labelled("let", f"{name} = {_short(value)}")
    for hit in trace.get("tables") or ():
        table, row, place = hit[:3]
        parts += _labelled("table", f"{table}: {_row_name(row)} {place}")
    if trace.get("place"):
        parts += _labelled("stopped", str(trace["place"]))
    if trace.get("document"):
        parts += _labelled("document", json_text.encode(trace["document"]))
    for event in story["events"]:
        parts += _event(event, whole=whole)
    if len(story["history"]) > 1:
        for one in reversed(story["history"]):
            parts += _labelled(
                "state", f"{moment(one['noted_at'])} {_state_text(one['state'], one['reason'])}"
            )
    return parts


def _labelled(label: str, text: str) -> Page:
    return [Text(f"{label:<9} {text}", indent=4)] if text else []


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
    told = [f"{name} {_short(value[name])}" for name in dict.fromkeys(names) if _tells(value[name])]
    return f"{alias}: {', '.join(told)}"


def _sum_of(rows: list[Row]) -> str:
    amounts = [row.get("gross") for row in rows]
    known = [one for one in amounts if one is not None]
    return f", together {amount(sum(known))}" if known and len(known) == len(amounts) else ""


def _tells(value: Any) -> bool:
    return value is not None and value != ""


def _short(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return json_text.encode(value)
    return str(value)


def _match(match: Row | None) -> Page:
    if not match:
        return []
    chosen = f"{match['document']} by {match['step']!r}: " if match["document"] else ""
    parts = _labelled("match", f"{chosen}{match['reason']} ({match['outcome']})")
    for document, step, why in match["losers"]:
        parts += _labelled("lost", f"{document} by {step!r}: {why}")
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
    if not whole and len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text)} characters; --verbose shows all)"
    return [Text(text, indent=14)]
