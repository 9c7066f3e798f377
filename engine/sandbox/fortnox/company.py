"""A company as the sandbox makes it: its registers, and nothing booked yet.

It reads nothing and writes a new ``World``: accounts, voucher series, financial years, currencies
and modes of payment, from the world's own chart.
"""

from __future__ import annotations

import random
from datetime import date, datetime
from decimal import Decimal

from ..world.world import (
    DEFAULT_START,
    STOCKHOLM,
    Account,
    Chart,
    Clock,
    Currency,
    FinancialYear,
    Mode,
    Series,
    World,
)


def empty_world(
    now: datetime = DEFAULT_START, *, seed: int = 0, runs: bool = False, chart: Chart | None = None
) -> World:
    """A company with its registers and nothing booked: last year and this one, open, in SEK.

    ``now`` is where the world's clock starts (aware); with ``runs`` it goes on from there.
    """
    chart = chart or Chart()
    dice = random.Random(seed)  # noqa: S311  a history is to be repeatable, not secret
    world = World(clock=Clock(now.astimezone(STOCKHOLM), runs), chart=chart, random=dice)
    names = {
        chart.receivable: "Kundfordringar",
        chart.interim: "Fordringar för kontokort och kuponger",
        **dict.fromkeys(sorted(set(chart.interim_by_method.values())), "Fordran Qliro"),
        chart.dispute: "Reklamerade kortköp",
        chart.inactive: "Vilande konto",
        chart.cash: "Kassa",
        chart.bank: "Företagskonto",
        chart.fees_pending: "Förutbetalda avgifter",
        **{number: f"Utgående moms {rate} %" for rate, number in chart.vat_by_rate.items()},
        chart.fee_vat: "Debiterad ingående moms",
        chart.debt: "Övriga kortfristiga skulder",
        chart.fees_owed: "Upplupna avgifter",
        chart.suspense: "Observationskonto",
        chart.sales: "Försäljning 25 %",
        **{number: f"Försäljning {rate} %" for rate, number in chart.sales_by_rate.items()},
        chart.sales_export: "Försäljning varor till land utanför EU",
        chart.sales_eu: "Försäljning varor till annat EU-land, momspliktig",
        chart.sales_eu_reversed: "Försäljning varor till annat EU-land, momsfri",
        chart.freight: "Fakturerade frakter",
        chart.administration_fee: "Faktureringsavgifter",
        chart.rounding: "Öres- och kronutjämning",
        chart.fx_gain: "Valutakursvinster",
        chart.fees: "Bankkostnader",
        chart.fx_loss: "Valutakursförluster",
    }
    for number in sorted(names):
        world.accounts[number] = Account(number, names[number], number != chart.inactive)
    for code, text, manual in (
        (chart.series_closed, "Redovisning", False),
        (chart.series_invoice, "Kundfakturor", False),
        (chart.series_payment, "Inbetalningar", False),
        (chart.series_fees, "Qliro avgifter", True),
        (chart.series_transfer, "Qliro utbetalningar", True),
        (chart.series_dispute, "Qliro reklamationer", True),
    ):
        world.series[code] = Series(code, text, manual)
    this = now.astimezone(STOCKHOLM).year
    for id, year in enumerate((this - 1, this), start=1):
        world.years[id] = FinancialYear(id, date(year, 1, 1), date(year, 12, 31))
    for code, text, rate in (
        ("SEK", "Svenska kronor", "1"),
        ("EUR", "Euro", "11.25"),
        ("NOK", "Norska kronor", "0.97"),
        ("DKK", "Danska kronor", "1.51"),
    ):
        world.currencies[code] = Currency(code, text, Decimal(rate), Decimal(rate))
    for code, text, account in (
        ("BG", "Bankgiro", chart.bank),
        ("KONTANT", "Kontant", chart.cash),
        ("QLIRO", "Qliro", chart.interim),
    ):
        world.modes[code] = Mode(code, text, account)
    world.predefined = {
        "CUSTCLAIM": chart.receivable,
        "ROUNDOFF": chart.rounding,
        "CURRENCYWIN": chart.fx_gain,
        "CURRENCYLOSS": chart.fx_loss,
        "BG": chart.bank,
        "SALES": chart.sales,
        **{f"SALES_{rate}_SE": number for rate, number in chart.sales_by_rate.items()},
        "SALESEXPORT": chart.sales_export,
        "SALESEUVAT": chart.sales_eu,
        "SALESEUREV": chart.sales_eu_reversed,
        "FREIGHT": chart.freight,
        "ADMFEE": chart.administration_fee,
        **{f"OUTVAT_MP{n}": number for n, number in enumerate(chart.vat_by_rate.values(), 1)},
    }
    _registers(world)
    return world


def _registers(world: World) -> None:
    """The registers that documents draw on, as a new company has them (recorded: the terms)."""
    world.vat_rates = {
        Decimal(0): 0,
        **{Decimal(rate): number for rate, number in world.chart.vat_by_rate.items()},
    }
    world.terms = {days: f"{days} dagar" for days in ("0", "10", "15", "20", "30")}
    world.terms |= {"AG": "Autogiro", "K": "Kontant", "PF": "Postförskott"}
    world.deliveries = {"PN": "PostNord", "HÄMTAS": "Hämtas"}
    world.units = {"st": "Styck", "h": "Timmar"}


def enable_vat(world: World, *rates: str) -> None:
    """Sets up VAT rates that a new company lacks, "25.5" or "19", booked on the account of OSS."""
    account = world.chart.vat_oss
    world.accounts.setdefault(account, Account(account, "Särskild momsordning OSS"))
    for rate in rates:
        world.vat_rates.setdefault(Decimal(rate), account)


def enable_terms(world: World, code: str = "QLIRO", description: str = "Qliro") -> None:
    """Sets up a term of payment; Fortnox writes its code in capitals (recorded)."""
    world.terms[code.upper()] = description
