"""What Qliro and Fortnox held of some payouts and orders, as a case of flows gives it.

Reads the staged tables, raw answers and the ledger of a database as of a moment; gives documents as
the APIs show them, as far as anything is read of them, with nobody's name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .. import json_text
from ..extract.pseudonym import Pseudonyms
from ..extract.readable import flag
from ..language.spec import MappingSet
from ..ordering import sql_order
from ..plan.model import Plan
from ..store.database import Store
from ..store.ledger import read_actions, read_progress
from ..suppose import standing
from .cases.answers import KINDS, Field, fields
from .circumstances import plain

Document = dict[str, Any]
Held = dict[str, list[Document]]
# By what a document of each kind is called in an answer, so that it is known what stands where.
CALLED = {
    "fortnox.customers": "Customer", "fortnox.orders": "Order", "fortnox.invoices": "Invoice",
    "fortnox.invoice_payments": "InvoicePayment", "fortnox.vouchers": "Voucher",
    "fortnox.currencies": "Currency",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class About:
    """Which orders and payouts; ``named`` are texts that may be the number of a document."""

    orders: tuple[str, ...]
    batches: tuple[int, ...]
    named: tuple[str, ...]
    prefix: str


def about(store: Store, made: Plan, prefix: str) -> About:
    """What a plan is about, and all that its outcomes name."""
    batches = [row["Id"] for one in made.payouts.values() for row in one.batches]
    texts: dict[str, None] = {}
    for one in made.outcomes:
        told = [one.trace.get("match"), one.trace.get("inputs")]
        texts |= dict.fromkeys(json_text.texts_in(told))
        texts |= dict.fromkeys(re.findall(r"[0-9]+", one.reason))
    for action in made.actions:
        texts |= dict.fromkeys(json_text.texts_in(action.document))
    orders = [row["OrderId"] for row in store.rows(ORDERS_OF, [batches, list(made.orders)])]
    return About(tuple(orders), tuple(batches), tuple(texts), prefix)


ORDERS_OF = """
-- The orders of these batches' lines, and those.
SELECT OrderId::VARCHAR AS OrderId FROM qliro."order"
WHERE OrderId IN (SELECT OrderId FROM qliro.settlement_line WHERE list_contains(?, Id))
   OR list_contains(?, OrderId::VARCHAR)
ORDER BY OrderId
"""


def held(store: Store, names: Pseudonyms, of: About) -> Held:
    """The documents, each kind in the order of its numbers."""
    orders = [json_text.decode(row["body"]) for row in store.rows(ORDERS, [list(of.orders)])]
    for one in orders:
        names.know(one)
    refs = [row["reference"] for row in store.rows(REFERENCES, [list(of.orders), list(of.batches)])]
    refs += [f"{of.prefix}{one}" for one in refs if of.prefix]
    numbers = [row["n"] for row in store.rows(INVOICES, {"refs": refs, "named": list(of.named)})]
    placed = [row["n"] for row in store.rows(PLACED, {"refs": refs, "named": list(of.named)})]
    found: Held = {
        "qliro.orders": orders,
        "qliro.batches": [_batch(store, Id) for Id in of.batches],
        "fortnox.orders": list(standing.orders(store, placed).values()),
        "fortnox.invoices": list(standing.invoices(store, numbers).values()),
        "fortnox.invoice_payments": [_payment(row) for row in store.rows(PAYMENTS, [numbers])],
        "fortnox.vouchers": _vouchers(store, of.named),
    }
    buyers = {str(one.get("CustomerNumber")) for kind in ("fortnox.orders", "fortnox.invoices")
              for one in found[kind]}  # fmt: skip
    wanted = {"orders": list(of.orders), "named": [*buyers, *of.named]}
    found["fortnox.customers"] = store.rows(CUSTOMERS, wanted)
    if any(one.get("CurrencyCode") != "SEK" for one in found["qliro.batches"]):
        found["fortnox.currencies"] = store.rows("SELECT * FROM fortnox.currency ORDER BY Code")
    return {kind: [_nameless(names, kind, one) for one in found[kind]]
            for kind in KINDS if found.get(kind)}  # fmt: skip


ORDERS = """
SELECT a.body FROM qliro."order" AS o
JOIN raw.answer AS a ON a.seq = o.raw_seq
WHERE list_contains(?, o.OrderId::VARCHAR)
ORDER BY o.OrderId
"""
REFERENCES = """
-- What the orders, their transactions and the lines of batches are called by.
SELECT DISTINCT reference FROM (
    SELECT unnest([OrderId::VARCHAR, MerchantReference]) AS reference FROM qliro."order"
    WHERE list_contains($1, OrderId::VARCHAR)
    UNION ALL
    SELECT unnest([PaymentTransactionId::VARCHAR, OrderId || '/' || PaymentTransactionId])
    FROM qliro.transaction WHERE list_contains($1, OrderId::VARCHAR)
    UNION ALL
    SELECT unnest([OrderId::VARCHAR, MerchantOrderReference, PaymentTransactionId::VARCHAR])
    FROM qliro.settlement_line WHERE list_contains($2, Id)
)
WHERE coalesce(reference, '') NOT IN ('', '0')
"""
INVOICES = """
-- Those that carry one of the references, were named, or credit one of those.
WITH near AS (
    SELECT DocumentNumber, CreditInvoiceReference FROM fortnox.invoice_view
    WHERE list_contains($named, DocumentNumber)
       OR list_has_any($refs, [ExternalInvoiceReference1, ExternalInvoiceReference2, OCR,
                               YourOrderNumber, OurReference, YourReference])
)
SELECT DocumentNumber AS n FROM near
UNION
SELECT DocumentNumber FROM fortnox.invoice
WHERE DocumentNumber IN (SELECT CreditInvoiceReference FROM near)
ORDER BY n
"""
PLACED = """
SELECT DocumentNumber AS n FROM fortnox.order_view
WHERE list_contains($named, DocumentNumber)
   OR list_has_any($refs, [ExternalInvoiceReference1, ExternalInvoiceReference2, YourOrderNumber,
                           OurReference, YourReference])
ORDER BY n
"""
PAYMENTS = f"""
SELECT p.*, d.AmountCurrency, d.ModeOfPayment, d.ModeOfPaymentAccount, d.WriteOffs
FROM fortnox.invoice_payment AS p
LEFT JOIN fortnox.invoice_payment_detail AS d ON d.Number = p.Number
WHERE list_contains(?, p.InvoiceNumber)
ORDER BY {sql_order('p.Number')}
"""
CUSTOMERS = f"""
SELECT c.* FROM fortnox.customer AS c
WHERE list_contains($named, c.CustomerNumber)
   OR EXISTS (
       SELECT 1 FROM qliro."order" AS o
       WHERE list_contains($orders, o.OrderId::VARCHAR)
         AND (lower(o.Email) = lower(c.Email) OR c.OrganisationNumber IN (o.OrganisationNumber,
              o.PersonHash))
   )
ORDER BY {sql_order('c.CustomerNumber')}
"""
VOUCHERS = """
SELECT v.*, (
    SELECT list({'Account': r.Account, 'Debit': r.Debit, 'Credit': r.Credit, 'Removed': r.Removed})
    FROM fortnox.voucher_row AS r
    WHERE (r.VoucherSeries, r.VoucherNumber, r.Year) = (v.VoucherSeries, v.VoucherNumber, v.Year)
) AS VoucherRows
FROM fortnox.voucher AS v
WHERE list_contains(?, v.Description)
ORDER BY v.Year, v.VoucherSeries, v.VoucherNumber
"""
BATCH = """
SELECT b.Id, listed.body AS listed, (
    SELECT body FROM raw.answer
    WHERE seq = (SELECT max(raw_seq) FROM qliro.settlement_line WHERE Id = b.Id)
) AS lines
FROM qliro.settlement_batch AS b
JOIN raw.answer AS listed ON listed.seq = b.raw_seq
WHERE b.Id = ?
"""


def _batch(store: Store, id_: int) -> Document:
    (row,) = store.rows(BATCH, [id_])
    listed = json_text.decode(row["listed"])["SettlementBatches"]
    told = next(one for one in listed if str(one.get("Id")) == str(id_))
    return {**told, **json_text.decode(row["lines"] or '{"Settlements": []}')}


def _payment(row: Document) -> Document:
    off = row.pop("WriteOffs")
    return {**row, "WriteOffs": [{"Amount": off}]} if off else row


def _vouchers(store: Store, named: Sequence[str]) -> list[Document]:
    return store.rows(VOUCHERS, [list(named)])


# What is asked later of a document as it was sent (views of the ledger, needed mappings).
ASKED = ("CustomerNumber", "VATIncluded", "VATType", "InvoiceNumber", "OrderRows")


def made_before(
    store: Store,
    names: Pseudonyms,
    mapping_set: MappingSet,
    made: Plan,
    called: Mapping[str, str],
    batches: Collection[str],
) -> list[Document]:
    """What this program had made of the same payouts and orders; ``called`` are the names of all
    lines, ``batches`` those that the case gives: of other lines it can tell nothing."""
    cases = [*made.payouts, *(one.case for one in made.orders.values())]
    there = {line for line, name in called.items() if name.partition("/")[0] in batches}
    actions = read_actions(store, cases, there)
    progress = read_progress(store, {one.payout for one in actions.values()})
    found = []
    for one in actions.values():
        known = progress.get(one.action)
        if known is None or known.number is None or one.mapping not in mapping_set.mappings:
            continue
        told = {key: one.document[key] for key in ASKED if one.document.get(key) is not None}
        facts = {key: one.facts[key] for key in ("rest", "difference", "outcome")
                 if one.facts.get(key)}  # fmt: skip
        covers, moves = ([called.get(line, line) for line in lines
                          if line in there or line not in called]
                         for lines in (one.covers, one.moves))  # fmt: skip
        of = called.get(one.source) or source_told(names, one.source)
        more = {
            "covers": covers if covers != [of] else [], "moves": moves,
            "document": json_text.decode(names.body(json_text.encode(told))), "facts": facts,
        }  # fmt: skip
        found.append(
            {"mapping": one.mapping, "of": of, "number": names.reference(known.number)}
            | {key: plain(value) for key, value in more.items() if value}
        )
    return found


def source_told(names: Pseudonyms, source: str) -> str:
    """A source as a case calls it: one that is somebody's address or number is replaced."""
    if "@" in source:
        return names.field("email", source)
    return names.reference(source)


def _nameless(names: Pseudonyms, kind: str, document: Document) -> Document:
    """What of a document is read, with its personal texts replaced."""
    left = _read(document, fields(kind), kind.startswith("fortnox."))
    called = CALLED.get(kind)
    body = json_text.encode(plain({called: left} if called else left))
    told: Document = json_text.decode(names.body(body))
    return told[called] if called else told


def _read(document: Mapping[str, Any], known: Mapping[str, Field], of_fortnox: bool) -> Document:
    left: Document = {}
    for name, value in document.items():
        of = known.get(name)
        if of is None:
            continue
        if of.inner is None and of.reads is None:
            continue
        kept = _within(value, of.inner, of_fortnox) if of.inner is not None else _short(value)
        told = of_fortnox and of.reads is flag  # what is not said counts as said no
        if kept not in (None, "", [], {}) or (told and kept is None):
            left[name] = kept
    return left


def _within(value: Any, known: Mapping[str, Field], of_fortnox: bool) -> Any:
    if isinstance(value, list):
        return [_read(one, known, of_fortnox) for one in value]
    return _read(value, known, of_fortnox) if isinstance(value, dict) else value


def _short(value: Any) -> Any:
    """Amounts with two decimals where they have no more, as they are sent."""
    if isinstance(value, Decimal) and value == (short := value.quantize(Decimal("0.01"))):
        return short
    return value
