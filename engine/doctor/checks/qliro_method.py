"""Qliro's own method: in Fortnox, given to Qliro's orders, and carried by the recent ones.

Reads Fortnox's terms of payment and its newest orders, and asks Qliro whether those with other
terms are Qliro's. An order with general terms (``FAK``) is never marked as shipped. Where another
program writes the orders, it asks too whether Qliro knows those with its own terms.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...extract.dates import stockholm_date
from ..context import Context, Row
from ..result import Result, error, in_fortnox, ok, warning

MENU = in_fortnox("Register", "Betalningsvillkor")
WHY = (
    "Status goes back to Qliro only for documents with Qliro's own method: others are delivered in "
    "Fortnox and stay “Ej skickad” (not shipped) in Qliro Merchant Center for ever, and nothing is "
    "captured."
)
# So many orders are read whole, and so many asked for at Qliro; so many are named.
READ, ASKED, NAMED = 25, 10, 5


def run(context: Context) -> Iterator[Result]:
    if not context.on("order_status"):
        yield ok("The flow order_status is off, so no method has to be Qliro's own.")
        return
    own = context.settings["qliro_methods"]
    results = [
        *_there(context, own), *_given(context, own), *_carried(context, own), *_known(context, own)
    ]  # fmt: skip
    yield from results
    if not results:
        yield ok(f"Qliro's own method ({', '.join(own)}) is in Fortnox, and its orders carry it.")


def _there(context: Context, own: list[str]) -> Iterator[Result]:
    known = {str(row.get("Code")) for row in context.listed("/3/termsofpayments")}
    missing = [code for code in own if code not in known]
    if missing:
        told = error if len(missing) == len(own) else warning
        yield told(
            f"Fortnox has no terms of payment {', '.join(missing)}, which qliro_methods names as "
            "Qliro's own.",
            WHY,
            f"Add terms of payment with the code {missing[0]}, used for Qliro alone.",
            f"{MENU}; {context.place('qliro_methods')}",
        )


def _given(context: Context, own: list[str]) -> Iterator[Result]:
    """What this program itself gives orders that is not Qliro's own."""
    if not context.on("orders", "invoices"):
        return
    places: dict[str, tuple[str | int, ...]] = {}
    for index, row in enumerate(context.settings["payment_methods"]):
        places.setdefault(row["terms_of_payment"], ("payment_methods", index, "terms_of_payment"))
    default = context.settings["default_terms_of_payment"]
    places.setdefault(default, ("default_terms_of_payment",))
    for code, path in places.items():
        if code not in own:
            yield error(
                f"{path[0]} gives Qliro's orders the terms of payment {code}, which are not "
                "Qliro's own.",
                WHY,
                f"Name one of {', '.join(own)} there, or add {code} to qliro_methods if it is used "
                "for Qliro alone.",
                context.place(*path),
            )


def _known(context: Context, own: list[str]) -> Iterator[Result]:
    """Others' orders with Qliro's terms whose reference Qliro does not know."""
    if context.on("orders"):
        return
    first = context.settings["orders_from"] or context.settings["payouts_from"]
    unknown, asked = [], 0
    for listed in context.recent("/3/orders")[:READ]:
        day = stockholm_date(listed.get("OrderDate"))
        number = str(listed.get("DocumentNumber"))
        if day is None or day < first or asked == ASKED:
            continue
        order = context.document("/3/orders", number)
        if str(order.get("TermsOfPayment") or "") not in own:
            continue
        asked += 1
        if context.qliro_order(order) is None:
            unknown.append(number)
    if unknown:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        yield warning(
            f"Recent orders with the terms of payment {', '.join(own)} carry no reference that "
            f"Qliro knows: {', '.join(unknown[:NAMED])}{more}.",
            "With the flow orders off, Qliro's order is found by what they carry; no status is "
            "sent for them.",
            f"Have the connector write Qliro's reference into "
            f"{context.settings['payout_reference_field']}, or name the field that holds it; "
            "use_merchant_reference says which of the two identifiers it is.",
            context.place("payout_reference_field"),
        )


def _carried(context: Context, own: list[str]) -> Iterator[Result]:
    """Recent orders of Qliro's with other terms, with examples; those from before orders_from are
    not this program's, and only show how orders are written."""
    wrong: list[tuple[str, str, str]] = []
    first = context.settings["orders_from"]
    asked, ours = 0, False
    for listed in context.recent("/3/orders")[:READ]:
        number = str(listed.get("DocumentNumber"))
        order: Row = context.document("/3/orders", number)
        terms = str(order.get("TermsOfPayment") or "")
        if not order or terms in own or asked == ASKED:
            continue
        asked += 1
        if found := context.qliro_order(order):
            wrong.append((number, terms, str(found.get("OrderId"))))
            day = stockholm_date(order.get("OrderDate"))
            ours = ours or first is None or day is None or day >= first
    if wrong:
        examples = ", ".join(
            f"{number} ({terms or 'none'}, Qliro's {id})" for number, terms, id in wrong[:NAMED]
        )
        more = f" and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
        told = error if ours else warning
        yield told(
            f"Recent orders of Qliro's carry other terms of payment than {', '.join(own)}: "
            f"{examples}{more}.",
            WHY,
            "Change the terms of payment on each order, have the shop or its connector write "
            f"{own[0]} from now on, then run with --order {wrong[0][2]} to send its status again.",
            f"{in_fortnox('Order')}; {context.place('qliro_methods')}",
        )
