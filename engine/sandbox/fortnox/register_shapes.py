"""Fortnox's registers and company as JSON shapes: accounts, series, customers, articles, terms.

It reads the world's documents and writes plain dicts.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from ..world.world import (
    ZERO,
    Account,
    Article,
    Currency,
    Customer,
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
        "CostCenterSettings": account.cost_centers,
        "Description": account.description,
        "Number": account.number,
        "Project": None,
        "ProjectSettings": account.projects,
        "SRU": 7251,
        "VATCode": account.vat_code or None,
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
        "OrganizationNumber": world.organisation_number or None,
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
        "OrganizationNumber": world.organisation_number or None,
        "PG": "",
        "TaxEnabled": True,
        "VATNumber": "SE556001198201",
        "ZipCode": "111 22",
    }


def customer_item(customer: Customer) -> Shape:
    """A customer as ``GET /3/customers`` lists it."""
    return {
        "@url": f"{BASE}/customers/{customer.number}",
        "Address1": customer.text("Address1"),
        "Address2": customer.text("Address2"),
        "City": customer.text("City"),
        "CustomerNumber": customer.number,
        "Email": customer.text("Email"),
        "Name": customer.name,
        "OrganisationNumber": customer.text("OrganisationNumber"),
        "Phone": customer.text("Phone1"),
        "ZipCode": customer.text("ZipCode"),
    }


_CARD_TEXTS: Final = [
    "Address1",
    "Address2",
    "City",
    "Comments",
    "Country",
    "CostCenter",
    "CountryCode",
    "Currency",
    "DeliveryAddress1",
    "DeliveryAddress2",
    "DeliveryCity",
    "DeliveryCountry",
    "DeliveryCountryCode",
    "DeliveryFax",
    "DeliveryName",
    "DeliveryPhone1",
    "DeliveryPhone2",
    "DeliveryZipCode",
    "Email",
    "EmailInvoice",
    "EmailInvoiceBCC",
    "EmailInvoiceCC",
    "EmailOffer",
    "EmailOfferBCC",
    "EmailOfferCC",
    "EmailOrder",
    "EmailOrderBCC",
    "EmailOrderCC",
    "ExternalReference",
    "Fax",
    "GLN",
    "GLNDelivery",
    "InvoiceAdministrationFee",
    "InvoiceFreight",
    "InvoiceRemark",
    "OrganisationNumber",
    "OurReference",
    "Phone1",
    "Phone2",
    "PriceList",
    "Project",
    "SalesAccount",
    "TermsOfDelivery",
    "TermsOfPayment",
    "VATNumber",
    "VATType",
    "VisitingAddress",
    "VisitingCity",
    "VisitingCountry",
    "VisitingCountryCode",
    "VisitingZipCode",
    "WWW",
    "WayOfDelivery",
    "YourReference",
    "ZipCode",
    "Type",
]
# Null where there is nothing in them: all of an address, in documents and not in the list
# (recorded), and what has a shortest length in the official document.
_NULLS: Final = frozenset(
    [
        *(name for name in _CARD_TEXTS if name.startswith(("Delivery", "Visiting"))),
        "Address1",
        "Address2",
        "City",
        "CountryCode",
        "ExternalReference",
        "Fax",
        "GLN",
        "GLNDelivery",
        "InvoiceAdministrationFee",
        "InvoiceFreight",
        "Phone1",
        "Phone2",
        "SalesAccount",
        "ZipCode",
    ]
)


def customer_document(customer: Customer) -> Shape:
    """A customer as ``GET /3/customers/{n}`` and the writes show it."""
    texts = {name: customer.text(name) or (None if name in _NULLS else "") for name in _CARD_TEXTS}
    return {
        "@url": f"{BASE}/customers/{customer.number}",
        **texts,
        "Active": customer.active,
        "CustomerNumber": customer.number,
        "DefaultDeliveryTypes": customer.fields.get(
            "DefaultDeliveryTypes", {"Invoice": "PRINT", "Offer": "PRINT", "Order": "PRINT"}
        ),
        "DefaultTemplates": {
            "CashInvoice": "DEFAULTTEMPLATE",
            "Invoice": "DEFAULTTEMPLATE",
            "Offer": "DEFAULTTEMPLATE",
            "Order": "DEFAULTTEMPLATE",
        },
        "InvoiceDiscount": customer.fields.get("InvoiceDiscount"),
        "Name": customer.name,
        "PriceList": customer.text("PriceList") or "A",
        "ShowPriceVATIncluded": customer.fields.get("ShowPriceVATIncluded", False),
    }


def article_item(article: Article) -> Shape:
    """An article as ``GET /3/articles`` lists it."""
    return {
        "@url": f"{BASE}/articles/{article.number}",
        "ArticleNumber": article.number,
        "Description": article.description,
        "DisposableQuantity": "0",
        "EAN": article.fields.get("EAN", ""),
        "Housework": False,
        "PurchasePrice": "0",
        "QuantityInStock": "0",
        "ReservedQuantity": "0",
        "SalesPrice": None,
        "StockPlace": article.fields.get("StockPlace", ""),
        "StockValue": "0",
        "Unit": article.fields.get("Unit", ""),
        "VAT": None,
        "WebshopArticle": article.fields.get("WebshopArticle", False),
    }


# The accounts that the company gives a new article, by their predefined names; 0 for construction
# (recorded). What is booked follows the card: these are shown alone.
_COMPANYS: Final = {
    "SalesAccount": "SALES",
    "EUAccount": "SALESEUREV",
    "EUVATAccount": "SALESEUVAT",
    "ExportAccount": "SALESEXPORT",
}
_PURCHASES: Final = 4000
# Of the official document, nothing in them.
_BLANK_OF_ARTICLE: Final[Shape] = {
    "Bulky": False,
    "CostCalculationMethod": None,
    "DefaultStockLocation": "",
    "DefaultStockPoint": "",
    "Depth": None,
    "DirectCost": 0,
    "DisposableQuantity": 0,
    "Expired": False,
    "FreightCost": 0,
    "Height": None,
    "HouseworkType": None,
    "Manufacturer": "",
    "ManufacturerArticleNumber": "",
    "OtherCost": 0,
    "ReservedQuantity": 0,
    "StockAccount": None,
    "StockChangeAccount": None,
    "StockValue": 0,
    "StockWarning": None,
    "SupplierName": None,
    "SupplierNumber": None,
    "Weight": None,
    "Width": None,
}


def article_document(world: World, article: Article) -> Shape:
    """An article as ``GET /3/articles/{n}`` and the writes show it."""
    fields = article.fields
    accounts = {
        **{name: world.predefined.get(own) for name, own in _COMPANYS.items()},
        "ConstructionAccount": 0,
        "PurchaseAccount": _PURCHASES,
    }
    return {
        **_BLANK_OF_ARTICLE,
        "@url": f"{BASE}/articles/{article.number}",
        "Active": article.active,
        "ArticleNumber": article.number,
        "Description": article.description,
        **{name: fields.get(name) or own for name, own in accounts.items()},
        "EAN": fields.get("EAN", ""),
        "Housework": False,
        "Note": fields.get("Note", ""),
        "PurchasePrice": fields.get("PurchasePrice", 0),
        "QuantityInStock": 0,
        "SalesPrice": 0,
        "StockGoods": fields.get("StockGoods", False),
        "StockPlace": fields.get("StockPlace", ""),
        "Type": fields["Type"],
        "Unit": fields.get("Unit", ""),
        "VAT": fields.get("VAT", 25),
        "WebshopArticle": fields.get("WebshopArticle", False),
    }


def coded_item(resource: str, code: str, description: str) -> Shape:
    """A term of payment, a way of delivery, a unit or a cost centre: code and description."""
    return {"@url": f"{BASE}/{resource}/{code}", "Code": code, "Description": description}


def project_item(number: str, description: str) -> Shape:
    """A project as ``GET /3/projects`` lists it."""
    return {
        "@url": f"{BASE}/projects/{number}",
        "Description": description,
        "EndDate": None,
        "ProjectLeader": "",
        "ProjectNumber": number,
        "StartDate": None,
        "Status": "ONGOING",
    }
