"""What this program booked, as an accountant's vouchers: each finished document with its rows.

Reads the ledger, the lines as the last run left them and what Fortnox told of payments; writes
nothing. ``engine.report.books.prove`` holds it against a SIE file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ... import json_text
from ...language.targets import target
from ...ordering import sql_order
from ...store.database import Store
from ...store.ledger import FINISHED

ZERO = Decimal(0)
TARGETS = ("fortnox.voucher", "fortnox.invoice_payment")

DOCUMENTS = """
-- Every document that stands finished in Fortnox's books, the oldest first: how it was intended,
-- its number, and of a payment the voucher that Fortnox made of it.
SELECT
    i.action, i.mapping, i.target, i.source, i.payout, i.covers, i.moves, i.document,
    c.number, c.event = 'adopted' AS adopted, coalesce(b.done_at, c.done_at) AS done_at,
    coalesce(b.answer ->> '$.InvoicePayment.VoucherSeries', '')  AS series,
    coalesce(b.answer ->> '$.InvoicePayment.VoucherNumber', '')  AS voucher,
    TRY_CAST(b.answer ->> '$.InvoicePayment.VoucherYear' AS INTEGER) AS year,
    p.PaymentDate AS paid_on
FROM ledger.intent AS i
JOIN ledger.step AS c ON c.action = i.action AND c.step = 'create'
LEFT JOIN ledger.step AS b ON b.action = i.action AND b.step = 'bookkeep'
LEFT JOIN fortnox.invoice_payment AS p
    ON i.target = 'fortnox.invoice_payment' AND p.Number = c.number
WHERE list_contains($targets, i.target)
  AND list_contains($finished, c.event)
  AND (c.event = 'adopted' OR NOT list_contains(i.follow, 'bookkeep')
       OR list_contains($finished, b.event))
ORDER BY c.seq
"""
LINES = f"""
-- Every line with the day of its payout, and who set it aside.
SELECT l.*, p.BatchDate, p.batches, r.who, r.reason AS said
FROM ledger.line_state AS l
JOIN ledger.payout_state AS p ON p.payout = l.payout
LEFT JOIN ledger.resolved AS r
    ON l.state = 'ignored' AND r.line = coalesce(nullif(l.source, ''), l.line)
WHERE l.Status = 'Accepted'
ORDER BY p.BatchDate, {sql_order('l.payout')}, l.line
"""

INVOICES = f"""
-- The invoices that carry the reference of a line.
SELECT r.reference, list(i.DocumentNumber ORDER BY {sql_order('i.DocumentNumber')}) AS invoices
FROM (SELECT DISTINCT reference FROM ledger.line_state WHERE reference <> '') AS r
JOIN (
    SELECT DISTINCT
        DocumentNumber, unnest([ExternalInvoiceReference1, ExternalInvoiceReference2]) AS carried
    FROM fortnox.invoice
) AS i ON i.carried = r.reference
GROUP BY r.reference
"""
SHORTEST = 4  # an identifier shorter than this in a text proves nothing


@dataclass(frozen=True, slots=True)
class Document:
    """A document of ours in Fortnox's books. ``rows`` is what it adds to each account that it
    names, in kronor of the books; of a payment the receivable is not among them.

    ``voucher`` is (series, number, id of the financial year), None where Fortnox did not tell it.
    """

    action: str
    mapping: str
    called: str
    number: str
    source: str
    payout: str
    day: date
    rows: Mapping[str, Decimal]
    covers: tuple[str, ...]
    moves: tuple[str, ...]
    voucher: tuple[str, str, int] | None
    adopted: bool
    done_at: datetime | None
    invoice: str = ""

    @property
    def name(self) -> str:
        """As people call it: payment 17, voucher T 3."""
        if self.target_is_voucher and self.voucher:
            return f"voucher {self.voucher[0]} {self.voucher[1]}"
        return f"{self.called} {self.number}"

    @property
    def target_is_voucher(self) -> bool:
        """Whether it is a voucher itself, whose rows are all known."""
        return not self.invoice


@dataclass(frozen=True, slots=True)
class Line:
    """A settlement line, as the last run left it; ``value`` in kronor, from the merchant's view."""

    line: str
    payout: str
    day: date
    state: str
    reason: str
    source: str
    kind: str
    order: str
    transaction: str
    reference: str
    document: str
    value: Decimal | None
    interim: str
    batches: tuple[str, ...] = ()
    who: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Booked:
    """All that this program has booked, the lines, and to which item of a balance each belongs.

    ``by_value`` and ``named`` find lines by their amount, and by what a text may name of them: what
    it is, with the identifier.
    """

    documents: tuple[Document, ...]
    lines: Mapping[str, Line]
    item_of: Mapping[str, str] = field(default_factory=dict)
    by_value: Mapping[Decimal, Sequence[Line]] = field(default_factory=dict)
    named: Mapping[str, Sequence[tuple[str, Line]]] = field(default_factory=dict)

    def effects(self, document: Document) -> Iterator[tuple[str, str, Decimal]]:
        """(account, item, amount): what a document leaves, by the line or payout it is about.

        A transfer is told by its lines where these give its rows to the öre; what else it books
        is the payout's.
        """
        moved = [self.lines[line] for line in document.moves if line in self.lines]
        for account, amount in document.rows.items():
            mine = [one for one in moved if one.interim == account and one.value is not None]
            for part in (mine, [one for one in mine if one.kind != "Fee"]):
                if part and -sum((one.value or ZERO for one in part), ZERO) == amount:
                    for one in part:
                        yield account, self.item_of.get(one.line, one.line), -(one.value or ZERO)
                    break
            else:
                yield account, document.source, amount


def read_booked(store: Store) -> Booked:
    """What is booked by now."""
    lines = {row["line"]: _line(row) for row in store.rows(LINES)}
    given = {"targets": list(TARGETS), "finished": list(FINISHED)}
    documents = tuple(_document(row) for row in store.rows(DOCUMENTS, given))
    item_of = {one.line: one.source or one.line for one in lines.values()}
    for document in documents:
        if not document.moves:
            item_of.update((line, document.source) for line in document.covers)
    by_value: dict[Decimal, list[Line]] = {}
    named: dict[str, list[tuple[str, Line]]] = {}
    invoices = {row["reference"]: row["invoices"] for row in store.rows(INVOICES)}
    for line in lines.values():
        if line.value is None or line.kind == "Fee":
            continue
        by_value.setdefault(line.value, []).append(line)
        told = [("reference", line.reference), ("order", line.order), ("line", line.line),
                ("transaction", line.transaction), ("invoice", line.document)]  # fmt: skip
        told += [("invoice", number) for number in invoices.get(line.reference, ())]
        for what, identifier in dict.fromkeys(told):
            if len(identifier) >= SHORTEST:
                named.setdefault(identifier, []).append((what, line))
    return Booked(documents, lines, item_of, by_value, named)


def _line(row: Mapping[str, Any]) -> Line:
    def text(name: str) -> str:
        return "" if row[name] is None else str(row[name])

    return Line(
        row["line"], row["payout"], row["BatchDate"], row["state"], row["reason"], row["source"],
        text("Type"), text("OrderId"), text("PaymentTransactionId"), text("reference"),
        text("document"), row["value"], text("interim"), tuple(row["batches"].split(", ")),
        text("who"), text("said"),
    )  # fmt: skip


def _document(row: Mapping[str, Any]) -> Document:
    content = json_text.decode(row["document"])
    aim = target(row["target"])
    voucher = None
    if row["target"] == "fortnox.voucher" and row["number"]:
        series, number, year = row["number"].split("/")
        voucher = (series, number, int(year))
    elif row["series"] and row["voucher"] and row["year"]:
        voucher = (row["series"], row["voucher"], row["year"])
    day = row["paid_on"] if row["adopted"] and row["paid_on"] else None
    return Document(
        row["action"], row["mapping"], aim.calls["called"], row["number"] or "", row["source"],
        row["payout"], day or date.fromisoformat(content[aim.calls["amounts"]["day"]]),
        _rows(aim.calls["amounts"]["rows"], content), tuple(row["covers"]), tuple(row["moves"]),
        voucher, row["adopted"], row["done_at"], str(content.get("InvoiceNumber", "")),
    )  # fmt: skip


def _rows(declared: list[dict[str, Any]], content: Mapping[str, Any]) -> dict[str, Decimal]:
    """What a document adds to each account, by what its target declares of amounts; amounts in
    another currency than the books' are not told."""
    found: dict[str, Decimal] = {}
    for part in declared:
        rows = content.get(part["list"]) or () if "list" in part else (content,)
        for row in rows:
            if "list" in part and row.get("Currency"):
                continue
            (name,) = part["of"]
            amount = Decimal(str(row.get(name) or 0))
            account = str(row[part["account"]])
            found[account] = found.get(account, ZERO) + (-amount if part.get("credit") else amount)
    return found
