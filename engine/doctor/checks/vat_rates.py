"""The OSS table: its VAT rates are in force, fit what Fortnox takes, and cover what was sold.

Reads the mapping set's rates by country, Fortnox's chart of accounts, and the newest order lines
that runs have fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ..context import Context
from ..oss_gaps import gaps
from ..result import Result, in_fortnox, ok, warning

MENU = in_fortnox("Inställningar", "Bokföring", "Moms")
ACCOUNTS = in_fortnox("Register", "Konton")
TABLE = "vat_rates"
# What every company has; other rates are added by hand, and Fortnox does not list them.
COMMON = frozenset(map(Decimal, (0, 6, 12, 25)))


def run(context: Context) -> Iterator[Result]:
    if not context.on("orders", "invoices", "refunds"):
        yield ok("No flow is on that writes documents, so the OSS table is not used.")
        return
    rows = list(enumerate(context.settings["sales_accounts"]))
    results = [
        *(one for index, row in rows for one in _in_force(context, index, row)),
        *(one for index, row in rows for one in _whole(context, index, row)),
        *_codes(context, rows),
        *_gaps(context),
    ]
    yield from results
    if not results:
        rates = {rate for _, row in rows for rate in _rates(row)}
        others = ", ".join(f"{rate.normalize():f}" for rate in sorted(rates - COMMON))
        yield ok(
            "The OSS table has rates that are in force, and covers what was sold."
            + (f" Fortnox lists no rates: see that {others} % are under Moms." if others else "")
        )


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _rates(row: dict[str, Any]) -> list[Decimal]:
    return [Decimal(one) for one in _many(row.get("rate"))]


def _in_force(context: Context, index: int, row: dict[str, Any]) -> Iterator[Result]:
    """Rates that the country of delivery, or that of the merchant, does not have today."""
    _, program = context.mappings
    home, region = context.settings["home_country"], row.get("region")
    if region in ("reverse", "export") or TABLE not in program.tables:
        return
    for country in [home] if region in ("domestic", "eu") else _many(row.get("country")):
        known = program.tables[TABLE].find((country, context.today)).values()
        force = {Decimal(rate) for rate in known if rate is not None}
        for rate in _rates(row):
            if rate and force and rate not in force:
                told = ", ".join(f"{one.normalize():f}" for one in sorted(force, reverse=True))
                yield warning(
                    f"sales_accounts[{index}] has {rate.normalize():f} % for {country}, where no "
                    f"such VAT rate is in force today ({told}).",
                    "The row fits no sale, and sales at the right rate may have none.",
                    "Correct the rate; sales_accounts is kept as CSV with oss export and import.",
                    context.place("sales_accounts", index, "rate"),
                )


def _whole(context: Context, index: int, row: dict[str, Any]) -> Iterator[Result]:
    """Rates that a row of an invoice can't hold."""
    broken = [rate for rate in _rates(row) if rate != rate.to_integral_value()]
    parks = context.settings["invoices"]["fractional_vat"] == "park"
    if broken and parks and not row.get("vat_code") and context.on("invoices", "refunds"):
        yield warning(
            f"sales_accounts[{index}] has {broken[0].normalize():f} % VAT, which a row of an "
            "invoice in Fortnox can't hold.",
            "Each invoice with it is parked.",
            "Give the row a vat_code, or set invoices.fractional_vat to account.",
            f"{MENU}; {context.place('sales_accounts', index, 'rate')}",
        )


def _codes(context: Context, rows: list[tuple[int, dict[str, Any]]]) -> Iterator[Result]:
    """Accounts of other EU countries without a VAT code of their own: with One Stop Shop the
    account decides which country the VAT is due to."""
    chart = context.accounts
    used: dict[int, set[tuple[str, Decimal]]] = {}
    for index, row in rows:
        if row.get("region") != "oss":
            continue
        for country in _many(row.get("country")):
            used.setdefault(row["account"], set()).update((country, one) for one in _rates(row))
        account = chart.get(row["account"])
        if account is not None and not account.get("VATCode"):
            yield warning(
                f"Account {row['account']} (sales_accounts[{index}]) has no VAT code (momskod) in "
                "Fortnox.",
                "With One Stop Shop the account's VAT code decides which country the VAT is "
                "declared in; without one it is missing from the declaration.",
                "Add a VAT code for the country and rate under Moms, then give it to the account.",
                f"{MENU}; {ACCOUNTS}; {context.place('sales_accounts', index, 'account')}",
            )
    for number, cases in used.items():
        if len(cases) > 1:
            told = ", ".join(f"{country} {rate.normalize():f} %" for country, rate in sorted(cases))
            yield warning(
                f"Account {number} takes the sales of {told}.",
                "One account has one VAT code, and each country and rate needs its own.",
                "Use an account for each country and rate.",
                f"{ACCOUNTS}; {context.place('sales_accounts')}",
            )


def _gaps(context: Context) -> Iterator[Result]:
    """What was sold and fits no row or no VAT rate, or shares an article."""
    if context.state is None:
        return
    _, program = context.mappings
    for found in gaps(context.merchant, program, context.state):
        shared, gap = found.code == "same-article", found.code == "gap"
        yield warning(
            f"{found.message[0].upper()}{found.message[1:]}",
            "What is sold of one counts as the other." if shared else "Their documents are parked.",
            "Add a row to sales_accounts, by hand or with oss import." if gap else found.remedy,
            found.place,
        )
