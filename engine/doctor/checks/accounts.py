"""The accounts: each that the merchant's file or a table names is in Fortnox's chart, and active.

Reads Fortnox's chart of accounts.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..accounts import Named, named_accounts
from ..context import Context
from ..result import Result, error, in_fortnox, ok

MENU = in_fortnox("Register", "Konton")


def run(context: Context) -> Iterator[Result]:
    chart = context.accounts
    uses: dict[int, list[Named]] = {}
    for one in named_accounts(context):
        uses.setdefault(one.number, []).append(one)
    well = True
    for number, named in sorted(uses.items()):
        row = chart.get(number)
        if row is not None and row.get("Active") is not False:
            continue
        well = False
        names = ", ".join(dict.fromkeys(one.use for one in named))
        where = f"{MENU}; {named[0].place}"
        if row is None:
            yield error(
                f"Account {number} ({names}) is not in Fortnox's chart of accounts.",
                "Fortnox refuses what is booked on it (Kunde inte hitta konto).",
                f"Add account {number} to the financial year, or correct {named[0].use}.",
                where,
            )
        else:
            yield error(
                f"Account {number} ({names}) is not active in Fortnox.",
                "Fortnox refuses what is booked on it (Kontot är inte aktivt).",
                f"Make account {number} active, or correct {named[0].use}.",
                where,
            )
    if well:
        yield ok(f"The {len(uses)} accounts that are named are in Fortnox, and active.")
