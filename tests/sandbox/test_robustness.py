"""Whatever is sent to the sandbox, it answers like an API and never like a broken program."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sandbox.answer import answer
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.history import new_invoice
from engine.sandbox.world.exchange import Request, Response, encoded
from engine.sandbox.world.world import World

PAYMENT = [
    "InvoiceNumber",
    "Amount",
    "AmountCurrency",
    "Currency",
    "CurrencyRate",
    "PaymentDate",
    "ModeOfPayment",
    "ModeOfPaymentAccount",
    "WriteOffs",
    "Other",
]
WRITE_OFF = ["Amount", "AccountNumber", "Currency", "Description"]
VOUCHER = [
    "Description",
    "TransactionDate",
    "VoucherSeries",
    "Year",
    "VoucherRows",
    "Comments",
    "Other",
]
ROW = ["Account", "Debit", "Credit", "TransactionInformation", "Other"]
LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        [1001, 1002, 1930, 6570, "T", "2026-11-13", "EUR", 100, "1001", Decimal("5.5")]
    )
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False)
)


def shaped(names: list[str], *inner: list[str]) -> st.SearchStrategy[Any]:
    nested = [st.lists(shaped(names), max_size=2) for names in inner]
    return st.dictionaries(st.sampled_from(names), st.one_of(LEAF, *nested), max_size=7)


BODIES = (
    shaped(PAYMENT, WRITE_OFF).map(lambda fields: ("invoicepayments", {"InvoicePayment": fields}))
    | shaped(VOUCHER, ROW).map(lambda fields: ("vouchers", {"Voucher": fields}))
    | LEAF.map(lambda value: ("vouchers", value))
)


def made() -> World:
    world = empty_world()
    world.access.required, world.limits.rate_limit = False, None
    new_invoice(world, Decimal(100), day=date(2026, 11, 11))
    new_invoice(world, Decimal(100), day=date(2026, 11, 11), currency="EUR")
    return world


@settings(max_examples=150, deadline=None)
@given(sent=BODIES)
def test_any_body_is_taken_or_refused(sent: tuple[str, Any]) -> None:
    resource, body = sent
    response = answer(made(), Request("POST", f"/3/{resource}", "", {}, encoded(body)))
    assert isinstance(response, Response)
    assert response.status in (201, 400, 404)


PATHS = st.sampled_from(
    [
        "/3/invoices",
        "/3/invoices/1001",
        "/3/orders",
        "/3/invoicepayments",
        "/3/vouchers",
        "/3/vouchers/sublist/T",
        "/3/vouchers/T/²",
        "/3/financialyears",
        "/3/accounts",
        "/3/",
        "/3/invoicepayments/x/bookkeep",
        "/oauth-v1/token",
        "/checkout/adminapi/v2/settlements",
        "/checkout/adminapi/v2/settlements/GetSettlementBatches",
        "/checkout/adminapi/v2/settlements/GetSettlementsByBatchId",
        "/checkout/adminapi/v2/orders/²",
        "/checkout/adminapi/v2",
        "/checkout/adminapi/",
        "/nowhere",
    ]
)
NAMES = st.sampled_from(
    [
        "page",
        "limit",
        "offset",
        "lastmodified",
        "fromdate",
        "todate",
        "financialyear",
        "filter",
        "ocr",
        "date",
        "Date",
        "Id",
        "FromBatchDate",
        "ToBatchDate",
        "FromDate",
        "Types",
        "SettlementStatuses",
        "invoicenumber",
    ]
)
VALUES = st.sampled_from(["", "0", "1", "-1", "²", "x", "2026-11-13", "2026/11/01", "99999999999"])


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH"]),
    path=PATHS,
    query=st.dictionaries(NAMES, VALUES, max_size=3),
)
def test_any_path_and_query_is_answered(method: str, path: str, query: dict[str, str]) -> None:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    response = answer(made(), Request(method, path, text, {}, b""))
    assert isinstance(response, Response)
    assert response.status < 500
