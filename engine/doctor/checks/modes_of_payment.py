"""The modes of payment: each that the file names is in Fortnox, on an interim account.

Reads Fortnox's register of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..accounts import named_accounts
from ..context import Context
from ..result import Result, error, in_fortnox, ok, warning

MENU = in_fortnox("Inställningar", "Betalningssätt")
INTERIM = ("interim_accounts", "default_interim_account")


def run(context: Context) -> Iterator[Result]:
    rows = context.settings["payment_methods"]
    named = {
        row["mode_of_payment"]: (
            f"payment_methods[{index}]",
            context.place("payment_methods", index, "mode_of_payment"),
        )
        for index, row in enumerate(rows)
        if row.get("mode_of_payment")
    }
    for one in context.literals("modes_of_payment"):
        named.setdefault(one.value, (f"{one.mapping}: {one.field}", one.place))
    if not named or not context.on("payouts"):
        yield ok("No mode of payment is named: payments carry the interim account alone.")
        return
    known = {str(row.get("Code")): row for row in context.listed("/3/modesofpayments")}
    interim = {str(one.number) for one in named_accounts(context) if one.group in INTERIM}
    well = True
    for code, (use, place) in named.items():
        where = f"{MENU}; {place}"
        account = str((known.get(code) or {}).get("AccountNumber") or "")
        if code not in known:
            well = False
            yield error(
                f"The mode of payment {code} is not in Fortnox.",
                "Fortnox refuses the payments that carry it.",
                f"Add {code} with the interim account, or correct {use}.",
                where,
            )
        elif account not in interim:
            well = False
            yield warning(
                f"The mode of payment {code} books on account {account or '(none)'}, which is no "
                "interim account of the file.",
                "What a person registers with it by hand lies beside what this program books, and "
                "the interim account does not come to zero.",
                f"Give {code} the account of interim_accounts.",
                where,
            )
    if well:
        yield ok(f"The modes of payment {', '.join(named)} are in Fortnox, on interim accounts.")
