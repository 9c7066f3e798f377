"""The currencies: each that the file names, or that recent payouts came in, is in Fortnox.

Reads Fortnox's register of currencies, and Qliro's batches of the last two months.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import QliroFortnoxError
from ..context import Context
from ..result import Result, error, in_fortnox, ok

MENU = in_fortnox("Register", "Valutor")


def run(context: Context) -> Iterator[Result]:
    known = {str(row.get("Code")) for row in context.listed("/3/currencies")}
    own = context.settings["accounting_currency"]
    wanted: dict[str, str] = {own: f"{context.place('accounting_currency')}"}
    banks = set()
    for table in ("bank_accounts", "interim_accounts"):
        for index, row in enumerate(context.settings[table]):
            if code := row.get("currency"):
                wanted.setdefault(code, f"{context.place(table, index, 'currency')}")
                banks |= {code} if table == "bank_accounts" else set()
    paid = _paid(context)
    for code in paid:
        wanted.setdefault(code, "")
    missing = [code for code in wanted if code not in known and code != own]
    for code in missing:
        place = wanted[code] or f"in a payout of {paid[code]}"
        yield error(
            f"The currency {code} is not in Fortnox.",
            "Fortnox refuses documents and payments in it (Kunde inte hämta/hitta valuta).",
            f"Add {code}, with automatic rates.",
            f"{MENU}; {place}",
        )
    unbanked = [code for code in paid if code not in banks] if context.on("payouts") else []
    for code in unbanked:
        yield error(
            f"Qliro pays out in {code}, and no row of bank_accounts takes it.",
            f"The payout of {paid[code]} and all in {code} are not transferred to the bank.",
            f"Add a row with currency {code} to bank_accounts.",
            context.place("bank_accounts"),
        )
    if not missing and not unbanked:
        yield ok(f"The currencies {', '.join(wanted)} can be booked in.")


def _paid(context: Context) -> dict[str, str]:
    """The currencies of recent payouts, each with the day of one; none where Qliro is silent."""
    try:
        batches = context.batches
    except QliroFortnoxError:
        return {}
    return {str(one["CurrencyCode"]): str(one["BatchDate"]) for one in batches}
