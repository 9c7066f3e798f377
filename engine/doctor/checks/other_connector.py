"""Another connector at work: recent orders and invoices of Qliro's that this program did not make.

Reads Fortnox's newest orders and invoices and what this program has made; asks Qliro whether those
of others are Qliro's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from ...extract.dates import stockholm_date
from ..context import Context, Row
from ..result import Result, error, ok, warning

# Documents so new mean that it is still at work.
AT_WORK = timedelta(days=7)
ASKED, NAMED = 10, 5
LABEL = re.compile(r"\d+/\d+")  # of a capture or refund, which only this program writes
KINDS = (("order", "/3/orders", "OrderDate"), ("invoice", "/3/invoices", "InvoiceDate"))

TARGETS = {
    "order": ("fortnox.order",),
    "invoice": ("fortnox.invoice", "fortnox.order_invoice", "fortnox.credit_invoice"),
}
# What this program has made itself, by target; what it adopted was made by others. An invoice may
# have been made of an order.
MADE = """
SELECT a.target, s.number
FROM ledger.action AS a
JOIN ledger.step AS s ON s.action = a.action AND s.event IN ('done', 'found')
WHERE s.number IS NOT NULL
"""


def run(context: Context) -> Iterator[Result]:
    flows = {"order": "orders", "invoice": "invoices"}
    kinds = [one for one in KINDS if context.on(flows[one[0]])]
    if not kinds:
        yield ok("The flows orders and invoices are off: another connector may write them.")
        return
    found = [(kind, *one) for kind, path, day in kinds for one in _others(context, kind, path, day)]
    if not found:
        yield ok("No other connector has written orders or invoices of Qliro's lately.")
        return
    last = max(day for _, _, day, _ in found)
    examples = ", ".join(f"{kind} {number} ({day}, Qliro's {id})"
                         for kind, number, day, id in found[:NAMED])  # fmt: skip
    told = error if last >= context.today - AT_WORK else warning
    names = " and ".join(flows[kind] for kind, _, _ in kinds)
    yield told(
        f"Something else writes Qliro's orders into Fortnox: {examples}"
        + (f" and {len(found) - NAMED} more." if len(found) > NAMED else "."),
        f"With {names} on, two programs do the same work, and one order becomes two invoices.",
        "Switch the other connector's orders and invoices off, or orders and invoices here: "
        "payouts, refunds and order_status may go on beside it.",
        context.place("flows", flows[kinds[0][0]]),
    )


def _others(context: Context, kind: str, path: str, dated: str) -> Iterator[tuple[str, date, str]]:
    """Number, day and Qliro's OrderId of those that this program did not make."""
    own, orders = _own(context, kind), _own(context, "order")
    first = context.settings["orders_from"] or context.today
    asked = 0
    for listed in context.recent(path):
        number, day = str(listed.get("DocumentNumber")), stockholm_date(listed.get(dated))
        if number in own or day is None or day < first or asked == ASKED:
            continue
        document = context.document(path, number)
        if _labelled(document) or str(document.get("OrderReference") or "0") in orders:
            continue
        asked += bool(context.references(document))
        if order := context.qliro_order(document):
            yield number, day, str(order.get("OrderId"))


def _own(context: Context, kind: str) -> set[str]:
    rows = context.once("made", lambda: context.state.rows(MADE) if context.state else [])
    return {row["number"] for row in rows if row["target"] in TARGETS[kind]}


def _labelled(document: Row) -> bool:
    return any(isinstance(one, str) and LABEL.fullmatch(one) for one in document.values())
