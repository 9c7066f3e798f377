"""Which calls of the two APIs this program knows, and what their answers are called.

Reads a method and a path, gives the endpoint: its name in ``raw.answer``, and the key that its
list or document stands under. Qliro's paths come with the prefix of either API or without.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call. ``path`` has ``{name}`` for a variable part; ``key`` is what the answer must hold.

    ``repeats`` marks what is asked again and again and seldom changes: an answer equal to the last
    one is noted without its body. ``staged`` is False for what is only kept. ``contacts`` marks
    answers whose phone numbers and addresses nobody needs: they are emptied before they are kept.
    """

    name: str
    source: str
    path: str
    key: str | None = None
    method: str = "GET"
    repeats: bool = False
    staged: bool = True
    contacts: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False)

    @property
    def is_list(self) -> bool:
        """Whether ``key`` holds a list; else it holds a document or its id."""
        return self.key is not None and self.name.endswith(("s", "series", "_batch", "of_payment"))

    def __post_init__(self) -> None:
        escaped = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(self.path))
        object.__setattr__(self, "pattern", re.compile(f"{escaped}/?", re.IGNORECASE))


_PREFIX = re.compile(r"/checkout/adminapi(?=/)", re.IGNORECASE)
_HOMES = (("qliro", re.compile(r"/checkout/|/v2/", re.I)), ("fortnox", re.compile(r"/3/")))

SETTLEMENT_BATCHES = "/checkout/adminapi/v2/settlements/GetSettlementBatches"
SETTLEMENTS_BY_BATCH = "/checkout/adminapi/v2/settlements/GetSettlementsByBatchId"
ORDER = "/checkout/adminapi/v2/orders/{id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    # Qliro Admin API v2 (its OpenAPI document)
    Endpoint(
        "settlement_batches",
        "qliro",
        "/v2/settlements/GetSettlementBatches",
        "SettlementBatches",
        repeats=True,
    ),
    Endpoint(
        "settlements_by_batch",
        "qliro",
        "/v2/settlements/GetSettlementsByBatchId",
        "Settlements",
        repeats=True,
    ),
    Endpoint(
        "bank_transfer_details",
        "qliro",
        "/v2/settlements/GetBankTransferBatchDetails",
        "SettlementTransactions",
        staged=False,
    ),
    Endpoint("settlements", "qliro", "/v2/settlements", "Settlements", staged=False),
    Endpoint("order", "qliro", "/v2/orders/{id}", "OrderId", repeats=True),
    Endpoint(
        "payment_transaction",
        "qliro",
        "/v2/paymentTransactions/{id}",
        "PaymentTransactionId",
        staged=False,
    ),
    # Qliro Merchant API v1: what a shop sees of an order; its samples stage like the order above
    Endpoint("merchant_order", "qliro", "/checkout/merchantapi/Orders/{id}", "OrderId"),
    # Fortnox v3 (its OpenAPI document)
    Endpoint("invoices", "fortnox", "/3/invoices", "Invoices"),
    Endpoint("invoice", "fortnox", "/3/invoices/{DocumentNumber}", "Invoice", contacts=True),
    Endpoint("orders", "fortnox", "/3/orders", "Orders"),
    Endpoint("fortnox_order", "fortnox", "/3/orders/{DocumentNumber}", "Order", contacts=True),
    Endpoint("customers", "fortnox", "/3/customers", "Customers", contacts=True),
    Endpoint("customer", "fortnox", "/3/customers/{CustomerNumber}", "Customer", contacts=True),
    Endpoint("articles", "fortnox", "/3/articles", "Articles"),
    Endpoint("article", "fortnox", "/3/articles/{ArticleNumber}", "Article"),
    Endpoint("invoice_payments", "fortnox", "/3/invoicepayments", "InvoicePayments"),
    Endpoint("invoice_payment", "fortnox", "/3/invoicepayments/{Number}", "InvoicePayment"),
    Endpoint("vouchers", "fortnox", "/3/vouchers/sublist/{VoucherSeries}", "Vouchers"),
    Endpoint("vouchers", "fortnox", "/3/vouchers/sublist", "Vouchers"),
    Endpoint("vouchers", "fortnox", "/3/vouchers", "Vouchers"),
    Endpoint("voucher", "fortnox", "/3/vouchers/{VoucherSeries}/{VoucherNumber}", "Voucher"),
    Endpoint("accounts", "fortnox", "/3/accounts", "Accounts", repeats=True),
    Endpoint(
        "voucher_series", "fortnox", "/3/voucherseries", "VoucherSeriesCollection", repeats=True
    ),
    Endpoint("financial_years", "fortnox", "/3/financialyears", "FinancialYears", repeats=True),
    Endpoint("locked_period", "fortnox", "/3/settings/lockedperiod", "LockedPeriod", repeats=True),
    Endpoint("currencies", "fortnox", "/3/currencies", "Currencies", repeats=True),
    Endpoint("modes_of_payment", "fortnox", "/3/modesofpayments", "ModesOfPayments", repeats=True),
    Endpoint("terms_of_payment", "fortnox", "/3/termsofpayments", "TermsOfPayments", repeats=True),
    Endpoint("cost_centers", "fortnox", "/3/costcenters", "CostCenters", repeats=True),
    Endpoint("projects", "fortnox", "/3/projects", "Projects", repeats=True),
    Endpoint("company", "fortnox", "/3/companyinformation", "CompanyInformation", repeats=True),
)


def classify(method: str, path: str) -> Endpoint:
    """The endpoint that a call is; an Endpoint named ``unknown`` for any other.

    The source of an unknown call is told by the shape of its path, or is ``unknown`` too.
    """
    short = _PREFIX.sub("", path, count=1)
    for endpoint in ENDPOINTS:
        if endpoint.method == method.upper() and endpoint.pattern.fullmatch(short):
            return endpoint
    source = next((name for name, home in _HOMES if home.match(path)), UNKNOWN)
    return Endpoint(UNKNOWN, source, path, method=method.upper(), staged=False)


def by_name(name: str) -> Endpoint:
    """The first endpoint of that name; KeyError for none."""
    for endpoint in ENDPOINTS:
        if endpoint.name == name:
            return endpoint
    raise KeyError(name)
