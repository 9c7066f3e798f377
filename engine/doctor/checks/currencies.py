"""The currencies: each that the file names, or that recent payouts came in, is in Fortnox.

Reads Fortnox's register of currencies, and Qliro's batches of the last two months.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.doctor.ground import Ground
from engine.doctor.result import Result, error, in_fortnox, ok
from engine.errors import QliroFortnoxError

MENU = in_fortnox("Register", "Valutor")


def run(ground: Ground) -> Iterator[Result]:
    known = {str(row.get("Code")) for row in ground.listed("/3/currencies")}
    own = ground.settings["accounting_currency"]
    wanted: dict[str, str] = {own: f"{ground.place('accounting_currency')}"}
    banks = set()
    for table in ("bank_accounts", "interim_accounts"):
        for index, row in enumerate(ground.settings[table]):
            if code := row.get("currency"):
                wanted.setdefault(code, f"{ground.place(table, index, 'currency')}")
                banks |= {code} if table == "bank_accounts" else set()
    paid = _paid(ground)
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
    unbanked = [code for code in paid if code not in banks] if ground.on("payouts") else []
    for code in unbanked:
        yield error(
            f"Qliro pays out in {code}, and no row of bank_accounts takes it.",
            f"The payout of {paid[code]} and all in {code} are not transferred to the bank.",
            f"Add a row with currency {code} to bank_accounts.",
            ground.place("bank_accounts"),
        )
    if not missing and not unbanked:
        yield ok(f"The currencies {', '.join(wanted)} can be booked in.")


def _paid(ground: Ground) -> dict[str, str]:
    """The currencies of recent payouts, each with the day of one; none where Qliro is silent."""
    try:
        batches = ground.batches
    except QliroFortnoxError:
        return {}
    return {str(one["CurrencyCode"]): str(one["BatchDate"]) for one in batches}
