"""The terms of payment: each that a payment method becomes, or a mapping names, is in Fortnox.

Reads Fortnox's register of them, where a flow writes documents.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...yamlfile import nearest
from ..context import Context
from ..result import Result, error, in_fortnox, ok

MENU = in_fortnox("Register", "Betalningsvillkor")


def run(context: Context) -> Iterator[Result]:
    if not context.on("orders", "invoices", "refunds"):
        yield ok("No flow is on that writes documents, so no terms of payment are needed.")
        return
    known = {str(row.get("Code")) for row in context.listed("/3/termsofpayments")}
    default = "default_terms_of_payment"
    named = {context.settings[default]: (default, context.place(default))}
    for index, row in enumerate(context.settings["payment_methods"]):
        place = context.place("payment_methods", index, "terms_of_payment")
        named.setdefault(row["terms_of_payment"], ("payment_methods", place))
    for one in context.literals("terms_of_payment"):
        named.setdefault(one.value, (f"{one.mapping}: {one.field}", one.place))
    missing = [code for code in named if code not in known]
    for code in missing:
        key, place = named[code]
        yield error(
            f"The terms of payment {code} ({key}) are not in Fortnox.",
            "Orders and invoices with them are parked.",
            f"Add terms of payment with the code {code}, or name others. "
            f"{nearest(code, known)}".strip(),
            f"{MENU}; {place}",
        )
    if not missing:
        yield ok(f"The terms of payment {', '.join(named)} are in Fortnox.")
