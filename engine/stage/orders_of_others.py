"""Finds the Qliro orders that other programs' documents in Fortnox belong to, so that status goes
back for them too: where the flow order_status is on and the flow orders is off.

Reads the staged documents of Fortnox and what was asked before; asks Fortnox for an order's own
page (its list shows no terms of payment), and Qliro, once for each reference, for its order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ..errors import AccessError
from ..extract import fortnox
from ..extract.ask import Extraction, ask
from ..extract.raw import Call, Report, why
from ..ordering import sql_order
from ..store.database import Store
from ..transport.endpoints import ORDER
from .staging import stage

Row = dict[str, Any]
# The reference fields that Fortnox's lists of orders and invoices show.
LISTED = ("ExternalInvoiceReference1", "ExternalInvoiceReference2")
# Those that an order has; a number that Fortnox gives an invoice is no order's.
OF_ORDERS = (*LISTED, "OurReference", "YourReference", "YourOrderNumber")
MOST_NAMED = 5  # documents that the warning names


def wanted(on: Collection[str]) -> bool:
    """Whether status goes back for documents that this program did not make."""
    return "order_status" in on and "orders" not in on


def sync_others(
    to_fortnox: Extraction, to_qliro: Extraction, settings: Mapping[str, Any], on: Collection[str]
) -> Report:
    """Reads the pages of orders that changed, and asks Qliro for what carries its terms.

    A reference that Qliro refused is asked for again when its document has changed. Raises
    UnavailableError and AccessError; what came before is kept, and the next sync goes on.
    """
    store, report = to_fortnox.store, Report()
    report.findings += stage(store).problems
    given = {"first": settings["orders_from"] or settings["payouts_from"]}
    first, second = _fields(settings)
    listed = f"{first} <> '' OR {second} <> ''" if {first, second} <= set(LISTED) else "true"
    pages = store.rows(PAGES.format(listed=listed), given)
    fortnox.fetch_orders(to_fortnox, [row["DocumentNumber"] for row in pages])
    if "invoices" not in on and {first, second} - set(LISTED):
        invoices = store.rows(INVOICE_PAGES, {**given, "terms": list(settings["qliro_methods"])})
        fortnox.fetch_invoices(to_fortnox, [row["DocumentNumber"] for row in invoices])
    report.findings += stage(store).problems
    documents = [one for one in carriers(store, settings) if one["kind"] not in on]
    for done, document in enumerate(documents, start=1):
        _ask(to_qliro, report, document, settings)
        to_qliro.on_progress("orders", done, len(documents))
    return report


# Orders that somebody else made, whose page was not read since they were listed.
PAGES = f"""
SELECT DocumentNumber FROM fortnox.order_view
WHERE unread AND NOT gone AND OrderId IS NULL
  AND coalesce(OrderDate, $first) >= $first AND ({{listed}})
ORDER BY {sql_order("DocumentNumber")}
"""
INVOICE_PAGES = f"""
SELECT DocumentNumber FROM fortnox.invoice_view
WHERE unread AND NOT Cancelled AND Total > 0 AND list_contains($terms, TermsOfPayment)
  AND coalesce(InvoiceDate, $first) >= $first
ORDER BY {sql_order("DocumentNumber")}
"""


def carriers(store: Store, settings: Mapping[str, Any]) -> list[Row]:
    """Documents of others with Qliro's terms of which no order of Qliro's is known: ``kind`` (the
    flow that makes such), ``number``, ``reference`` and ``other``, and ``changed``: the answer that
    showed it first as it is."""
    first, second = _fields(settings)
    found = store.rows(
        CARRIERS.format(first=first, second=second),
        {
            "first": settings["orders_from"] or settings["payouts_from"],
            "terms": list(settings["qliro_methods"]),
            "prefix": settings["payment_reference_prefix"],
            "merchant": settings["use_merchant_reference"],
        },
    )
    return [row for row in found if row["reference"] or row["other"]]


CARRIERS = f"""
WITH page AS (
    SELECT regexp_extract(path, '([^/]+)$', 1) AS number, noted_at, seq, digest
    FROM raw.answer
    WHERE endpoint = 'fortnox_order' AND status = 200
),
changed AS (
    SELECT page.number, min(page.seq) AS seq
    FROM page
    JOIN (SELECT number, arg_max(digest, (noted_at, seq)) AS digest FROM page GROUP BY ALL) AS last
        ON last.number = page.number AND last.digest = page.digest
    GROUP BY page.number
),
document AS (
    SELECT
        'orders' AS kind, o.DocumentNumber AS number, trim({{first}}) AS carried,
        trim({{second}}) AS other, c.seq AS changed
    FROM fortnox.order_view AS o
    JOIN changed AS c ON c.number = o.DocumentNumber
    WHERE o.OrderId IS NULL AND NOT o.gone AND list_contains($terms, o.TermsOfPayment)
      AND coalesce(o.OrderDate, $first) >= $first
    UNION ALL
    SELECT 'invoices', i.DocumentNumber, trim({{first}}), trim({{second}}), i.raw_seq
    FROM fortnox.invoice_view AS i
    WHERE NOT i.Cancelled AND i.Total > 0 AND list_contains($terms, i.TermsOfPayment)
      AND coalesce(i.InvoiceDate, $first) >= $first AND coalesce(i.OrderReference, '0') IN ('', '0')
),
named AS (
    SELECT * EXCLUDE (carried),
        CASE WHEN starts_with(carried, $prefix) THEN substr(carried, length($prefix) + 1)
            ELSE carried END AS reference
    FROM document
),
known AS (
    SELECT
        CASE WHEN $merchant THEN MerchantReference ELSE OrderId::VARCHAR END AS reference,
        CASE WHEN $merchant THEN OrderId::VARCHAR ELSE MerchantReference END AS other
    FROM qliro."order"
)
SELECT * FROM named
WHERE reference NOT IN (SELECT reference FROM known WHERE reference IS NOT NULL)
  -- A shop's own number may be the id of another order: of an order the reference goes first.
  AND (kind = 'orders' AND reference <> ''
       OR coalesce(other, '') NOT IN (SELECT other FROM known WHERE other IS NOT NULL))
ORDER BY kind DESC, {sql_order("number")}
"""


def _ask(to_qliro: Extraction, report: Report, document: Row, settings: Mapping[str, Any]) -> None:
    """Ask Qliro for the order that a document names, by either of its references."""
    said = []
    for name, by in _names(document, settings):
        path = ORDER.format(id=quote(name, safe=""))
        if asked_since(to_qliro.store, path, document["changed"]):
            continue
        report.answers += 1
        try:
            kept = ask(to_qliro, Call(path))
        except AccessError as error:  # an order of another merchant's, or none
            said.append(f"{name}: {error.message}")
            continue
        if kept.status == 200 and isinstance(kept.content, dict):
            told = str(kept.content.get(by) or "").strip()
            if told == name:
                return
            id, reference = kept.content.get("OrderId"), kept.content.get("MerchantReference")
            said.append(f"{name}: Qliro answered with order {id}, whose reference is {reference}.")
        else:
            said.append(f"{name}: {why(kept)}")
    if said:
        kind = document["kind"].removesuffix("s")
        report.find(
            f"Fortnox {kind} {document['number']}",
            "not-at-qliro",
            f"It has Qliro's terms of payment, and Qliro knows no order by its reference, so no "
            f"status is sent for it. {' '.join(said)}",
            "Correct the reference or the terms of payment on it; it is asked for again when it "
            "has changed.",
        )


def _names(document: Row, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What an order may be asked for by, and the field of the answer that must say the same."""
    of_first, of_second = "MerchantReference", "OrderId"
    if not settings["use_merchant_reference"]:
        of_first, of_second = of_second, of_first
    for name, by in ((document["reference"], of_first), (document["other"], of_second)):
        if name and "/" not in name and (by == "MerchantReference" or name.isdecimal()):
            yield name, by


def asked_since(store: Store, path: str, seq: int) -> bool:
    """Whether Qliro has answered to this since an answer of Fortnox's: with an order, or that it
    has none."""
    return bool(store.value(ASKED, [path, seq]))


ASKED = """
SELECT count(*) FROM raw.answer
WHERE endpoint = 'order' AND path = ? AND seq > ?
  AND (status = 200 OR status BETWEEN 400 AND 499 AND status NOT IN (408, 429))
"""


def _fields(settings: Mapping[str, Any]) -> tuple[str, str]:
    """The fields of an order that carry its reference and the other one (as new_order.yaml)."""
    field = settings["payout_reference_field"]
    if field == "OrderReference":  # of an invoice; the order's own number
        field = "DocumentNumber"
    elif field not in OF_ORDERS:
        field = LISTED[0]
    return field, settings["second_reference_field"]


def unknown_at_qliro(store: Store, settings: Mapping[str, Any], on: Collection[str]) -> list[str]:
    """The warning that documents have Qliro's terms and no order of Qliro's, if some have."""
    found = [one for one in carriers(store, settings) if one["kind"] not in on]
    if not found:
        return []
    named = ", ".join(f"{one['kind'].removesuffix('s')} {one['number']}"
                      for one in found[:MOST_NAMED])  # fmt: skip
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return [
        f"documents in Fortnox have Qliro's terms of payment, and Qliro knows no order by their "
        f"reference, so no status is sent for them: {named}{more}. Correct reference or terms"
    ]
