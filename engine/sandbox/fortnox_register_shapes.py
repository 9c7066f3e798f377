"""Fortnox's registers and company as JSON shapes: accounts, series, customers, articles, terms.

It reads the world's documents and writes plain dicts.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from engine.sandbox.world import (
    ZERO,
    Account,
    Currency,
    FinancialYear,
    Mode,
    Series,
    World,
    year_of,
)

BASE: Final = "https://api.fortnox.se/3"
Shape = dict[str, Any]


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def account_item(world: World, account: Account) -> Shape:
    """An account of the chart."""
    year = year_of(world, world.today())
    return {
        "@url": f"{BASE}/accounts/{account.number}",
        "Active": account.active,
        "BalanceBroughtForward": ZERO,
        "CostCenter": None,
        "CostCenterSettings": "ALLOWED",
        "Description": account.description,
        "Number": account.number,
        "Project": None,
        "ProjectSettings": "ALLOWED",
        "SRU": 7251,
        "VATCode": None,
        "Year": year.id if year else None,
    }


def series_item(world: World, series: Series) -> Shape:
    """A voucher series; ``Manual`` says whether vouchers can be written into it by hand."""
    year = year_of(world, world.today())
    return {
        "@url": f"{BASE}/voucherseries/{series.code}",
        "Approver": None,
        "Code": series.code,
        "Description": series.description,
        "Manual": series.manual,
        "Year": year.id if year else None,
    }


def year_item(year: FinancialYear) -> Shape:
    """A financial year."""
    return {
        "@url": f"{BASE}/financialyears/{year.id}",
        "AccountChartType": "BAS 2026",
        "AccountingMethod": year.method,
        "FromDate": _day(year.first),
        "Id": year.id,
        "ToDate": _day(year.last),
    }


def currency_item(world: World, currency: Currency) -> Shape:
    """A currency that the company has enabled, with its rates in kronor."""
    return {
        "@url": f"{BASE}/currencies/{currency.code}",
        "BuyRate": currency.buy,
        "Code": currency.code,
        "Date": _day(world.today()),
        "Description": currency.description,
        "IsAutomatic": False,
        "SellRate": currency.sell,
        "Unit": 1,
    }


def mode_item(mode: Mode) -> Shape:
    """A mode of payment."""
    return {
        "@url": f"{BASE}/modesofpayments/{mode.code}",
        "AccountNumber": str(mode.account),
        "Code": mode.code,
        "Description": mode.description,
    }


def predefined_item(name: str, account: int) -> Shape:
    """A predefined account."""
    return {"@url": f"{BASE}/predefinedaccounts/{name}", "Account": account, "Name": name}


def company_information(world: World) -> Shape:
    """``GET /3/companyinformation``; ``DatabaseNumber`` is the tenant."""
    return {
        "Address": "Storgatan 1",
        "City": "Stockholm",
        "CompanyName": world.company_name,
        "CountryCode": "SE",
        "DatabaseNumber": int(world.access.tenant_id),
        "OrganizationNumber": world.organisation_number,
        "VisitAddress": "",
        "VisitCity": "",
        "VisitCountryCode": "SE",
        "VisitZipCode": "",
        "ZipCode": "111 22",
    }


def company_settings(world: World) -> Shape:
    """``GET /3/settings/company``."""
    return {
        "Address": "Storgatan 1",
        "BG": "123-4567",
        "BIC": "",
        "City": "Stockholm",
        "Country": "Sverige",
        "CountryCode": "SE",
        "DatabaseNumber": world.access.tenant_id,
        "Email": "",
        "Name": world.company_name,
        "OrganizationNumber": world.organisation_number,
        "PG": "",
        "TaxEnabled": True,
        "VATNumber": "SE556001198201",
        "ZipCode": "111 22",
    }
