"""Seeded troubles of the company: registers, rights and keys that are not as the merchant thinks.

Each spoils one thing of the set-up and adds a clean sale, so that there is something to do; the
docstring says what a preflight is to find.
"""

from __future__ import annotations

from dataclasses import replace

from ..history import new_sale
from ..trouble import Trouble, captured, made
from ..world.world import World, interim_account


def _clean(world: World, name: str, note: str, into: int | None) -> Trouble:
    sale = new_sale(world, day=captured(world, into))
    invoices = [] if sale.invoice is None else [sale.invoice]
    return made(world, name, [sale.line], invoices, into, expect="refused", note=note)


def cash_method_company(world: World, into: int | None = None) -> Trouble:
    """The company keeps its books by the cash method: refused with a sentence."""
    world.years = {id: replace(year, method="CASH") for id, year in world.years.items()}
    return _clean(world, "cash_method_company", "AccountingMethod CASH", into)


def interim_account_inactive(world: World, into: int | None = None) -> Trouble:
    """The interim account of invoices is not active in Fortnox (2000550)."""
    number = interim_account(world, "QLIRO_INVOICE")
    world.accounts[number] = replace(world.accounts[number], active=False)
    return _clean(world, "interim_account_inactive", f"account {number}", into)


def interim_account_missing(world: World, into: int | None = None) -> Trouble:
    """The interim account of invoices is not in Fortnox's chart (2001304)."""
    number = interim_account(world, "QLIRO_INVOICE")
    del world.accounts[number]
    return _clean(world, "interim_account_missing", f"account {number}", into)


def series_not_manual(world: World, into: int | None = None) -> Trouble:
    """The voucher series of the transfer is not open for manual vouchers."""
    code = world.chart.series_transfer
    world.series[code] = replace(world.series[code], manual=False)
    return _clean(world, "series_not_manual", f"series {code}", into)


def series_missing(world: World, into: int | None = None) -> Trouble:
    """The voucher series of the fees is not in Fortnox."""
    code = world.chart.series_fees
    del world.series[code]
    return _clean(world, "series_missing", f"series {code}", into)


def currency_missing(world: World, into: int | None = None) -> Trouble:
    """The company has not enabled a foreign currency: all but SEK are gone from the register."""
    world.currencies = {"SEK": world.currencies["SEK"]}
    return _clean(world, "currency_missing", "only SEK is enabled", into)


def licence_missing(world: World, into: int | None = None) -> Trouble:
    """No active licence for invoice payments (2001101)."""
    world.access.unlicensed.add("payment")
    return _clean(world, "licence_missing", "no licence for payment", into)


def scope_missing(world: World, into: int | None = None) -> Trouble:
    """The consent lacks the scope for vouchers (2000663)."""
    world.access.scopes.discard("bookkeeping")
    return _clean(world, "scope_missing", "no scope bookkeeping", into)


def qliro_secret_changed(world: World, into: int | None = None) -> Trouble:
    """Qliro has replaced the secret: every call answers 401 with an empty body."""
    world.access.merchant_api_secret += "-new"
    return _clean(world, "qliro_secret_changed", "the old secret is refused", into)


def fortnox_secret_changed(world: World, into: int | None = None) -> Trouble:
    """Fortnox knows another client secret: no token is given (``invalid_client``)."""
    world.access.client_secret += "-new"
    world.access.tokens.clear()
    return _clean(world, "fortnox_secret_changed", "the old secret is refused", into)
