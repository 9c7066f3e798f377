"""Shows why a line, order, invoice or payout became what it is, back to the rule and the request.

Reads what ``engine.report.explain`` gathered, gives a page: the payout with its proof, then each
line with the rule that decided it, what it was given, who else was a candidate, what was sent and
what came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .history import history, state_text
from .orders import order_page
from .page import (
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
from .status import kind, vanished

Row = dict[str, Any]


def page(found: Row, *, whole: bool = False) -> Page:
    """The explanation. ``whole`` leaves nothing out: all inputs, bodies in full."""
    parts: Page = []
    of_payout = found["of_payout"]
    for order in found["orders"]:
        parts += [*order_page(order, whole=whole), blank()]
    for invoice in found["invoices"]:
        parts += [*_invoice(invoice), blank()]
    for one in found["payouts"]:
        parts += _payout(one, whole=whole, told=of_payout)
    if found["pruned"]:
        parts.append(Text(
            f"What was fetched before {day(found['pruned'])}, and why rules decided as they did, "
            "was pruned (keep_raw): of documents from before it is told what was sent.",
        ))  # fmt: skip
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


# -- an invoice that is only stored --------------------------------------------------------------


def _invoice(invoice: Row) -> Page:
    """An invoice in Fortnox that no line and no document here is of."""
    currency = invoice["Currency"] or ""
    head = f"Invoice {invoice['DocumentNumber']} of {day(invoice['InvoiceDate'])} in Fortnox"
    total, left = amount(invoice["Total"]), amount(invoice["Balance"])
    states = (("Cancelled", "cancelled"), ("Booked", "booked"))
    state = next((word for name, word in states if invoice[name]), "not booked")
    carries = [f"{name} {invoice[name]}" for name in CARRIED if invoice[name]]
    return [
        heading(f"{head}: {total} {currency}".rstrip()),
        Text(f"stands    {state}, {left} {currency} left to pay".rstrip(), indent=2, hang=10),
        Text(f"carries   {', '.join(carries) or 'no reference'}", indent=2, hang=10),
        Text("No line of a payout and no order here is matched with it.", indent=2),
        Text(f"read      {moment(invoice['read_at'])} {invoice['read_of']}", indent=2, hang=10),
    ]


CARRIED = (
    "ExternalInvoiceReference1", "ExternalInvoiceReference2", "YourOrderNumber", "OurReference",
    "YourReference", "OCR",
)  # fmt: skip


# -- the payout ----------------------------------------------------------------------------------


def _payout(payout: Row, *, whole: bool, told: bool) -> Page:
    paid = f"{amount(payout['TotalAmount'])} {payout['CurrencyCode']}"
    parts: Page = [
        heading(f"Payout {payout['payout']} of {day(payout['BatchDate'])}: {paid}"),
        Text(f"proof     {payout['proof']}", indent=2, hang=10),
        Text(
            f"transfer  {state_text(payout['transfer'], payout['transfer_reason'])}",
            indent=2,
            hang=10,
        ),
    ]
    if payout["vanished"]:
        parts.append(Text(vanished(payout), indent=2, style=STYLES["parked"]))
    if not (told or whole):
        return parts
    for account in payout["interim"]:
        parts.append(
            Text(
                f"interim   {account['account']} holds {amount(account['held'])}, "
                f"must hold {amount(account['must'])}",
                indent=2,
                hang=10,
            )
        )
    parts += _figures(payout["figures"], whole=whole)
    for one in payout["documents"]:
        parts += history(one, whole=whole)
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
    parts.append(Text(state_text(state, line["reason"]), indent=2, style=STYLES.get(state, "")))
    for one in line["stories"]:
        parts += history(one, whole=whole)
    if not line["stories"]:
        parts.append(Text("No mapping was asked about it.", indent=2))
    for said in line["resolutions"]:
        what = " ".join(filter(None, (said["kind"], said["detail"])))
        why = f": {said['reason']}" if said["reason"] else ""
        parts.append(
            Text(
                f"decided   {moment(said['noted_at'])} {said['who']}: {what}{why}",
                indent=2,
                hang=10,
            )
        )
    for raw in line["raw"]:
        query = f"?{raw['query']}" if raw["query"] else ""
        parts.append(
            Text(
                f"read      {moment(raw['noted_at'])} {raw['path']}{query} "
                f"({raw['origin']}, raw answer {raw['seq']})",
                indent=2,
                hang=10,
            )
        )
    return parts
