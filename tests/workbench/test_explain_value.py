"""`explain MERCHANT REF FIELD` answers what an accountant asks: why this account, this amount, this
invoice; down to where Qliro or Fortnox said so, and nothing that was not asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flows.test_evidence import two_of_one_number
from flows.test_fee_vat import charged
from order_shop import OrderShop
from shop import OpenShop, Shop

from engine import json_text
from engine.errors import UsageError
from engine.sandbox.history import settle
from engine.show.page import Text
from engine.show.value import data, page
from engine.workbench.explained import Found, explain_field

Open = Callable[..., OrderShop]


def explained(shop: Shop, ref: str, field: str) -> Found:
    return explain_field(shop.store, shop.merchant, ref, field)


def said(shop: Shop, ref: str, field: str) -> list[str]:
    """The lines of the page, as they are read."""
    found = explained(shop, ref, field)
    json_text.encode(data(found))
    lines = [part.text for part in page(found) if isinstance(part, Text)]
    assert not re.search(r"\bNone\b|\bUndefined\b|\bDecimal\(|[{}]'|\bTrue\b|\bFalse\b",
                         "\n".join(lines)), lines  # fmt: skip
    return lines


def has(lines: list[str], *words: str) -> None:
    """Each of the words stands in one of the lines."""
    text = "\n".join(lines)
    assert [one for one in words if one not in text] == [], text


@pytest.fixture
def captured(order_shop: Open) -> OrderShop:
    """An order of 746.00 that was captured: invoice 1001."""
    shop = order_shop()
    shop.life("captured")
    shop.run(), shop.run()
    return shop


@pytest.fixture
def paid(shop: OpenShop) -> Shop:
    """A sale of 500.00 with a fee of 5.00, 1.00 of it VAT, and one of 100.00."""
    one = shop()
    charged(one, "5.00", "4.00")
    return one


def line_of(one: Shop, amount: str) -> str:
    (line,) = one.lines(Type="Transaction", gross=Decimal(amount))
    return str(line["line"])


# -- why 3001 --------------------------------------------------------------------------------------


def test_why_this_account_the_row_of_the_oss_table_and_those_that_nearly_held(
    captured: OrderShop,
) -> None:
    lines = said(captured, "1001", "InvoiceRows[0].AccountNumber")
    assert lines[0] == "Invoice 1001 of 4900001/3290002: InvoiceRows[0].AccountNumber is 3001"
    has(lines,
        "release 2026.12 of qliro-fortnox",
        "the rule is the same now",
        # Through the shared part to the one who uses it.
        "rule  {{ row.account }} (qliro-fortnox/shared/row_begins.yaml:",
        "used in qliro-fortnox/invoices/invoice.yaml:",
        "row.account is 3001: {{ line.account }} (qliro-fortnox/invoices/invoice.yaml:",
        "table sales_accounts, row 1 (the default): region domestic, rate 25 → account 3001",
        "row 2 (the default) nearly held: it wants rate 12, and it is 25; it gives account 3002",
        "delivery_country is SE: {{ of.DeliveryCountry | upper }}",
        # Down to the answer of Qliro.
        "line.VatRate is 25.00: Qliro, answer 3, OrderItemActions[3].VatRate",
        "line.DeliveryCountry is SE: Qliro, answer 3, ShippingAddress.CountryCode")  # fmt: skip


def test_a_row_that_two_inputs_missed_is_not_near(captured: OrderShop) -> None:
    captured.settings({"sales_accounts": [
        {"country": "FI", "rate": 25.5, "account": 3106},
        {"country": "SE", "rate": 12, "account": 3002},
        {"country": "SE", "rate": 25, "account": 3001},
    ]})  # fmt: skip
    found = explained(captured, "1001", "InvoiceRows[0].AccountNumber")
    (near,) = tables(found, "sales_accounts")[0]["near"]
    assert (near["row"], near["missed"], near["outputs"]["account"]) == (2, "rate", 3002)


def tables(found: Found, name: str) -> list[dict[str, Any]]:
    """The answers of a table in the explanation."""

    def walk(value: dict[str, Any]) -> list[dict[str, Any]]:
        mine = [value["table"]] if value.get("table", {}).get("table") == name else []
        return mine + [one for inner in value.get("inputs", ()) for one in walk(inner)]

    return [one for value in data(found)["values"] for one in walk(value["value"])]


def test_an_account_shows_the_rows_that_name_it_once(captured: OrderShop) -> None:
    lines = said(captured, "1001", "3001")
    assert lines[0] == (
        "Invoice 1001 of 4900001/3290002: InvoiceRows[0].AccountNumber, "
        "InvoiceRows[1].AccountNumber and InvoiceRows[2].AccountNumber are 3001"
    )
    assert sum(line.startswith("Invoice 1001") for line in lines) == 1
    with pytest.raises(UsageError) as error:
        explained(captured, "1001", "6992")
    assert str(error.value) == "No document of 1001 names account 6992. They name 3001."


def test_a_whole_row_tells_each_of_its_fields_and_no_other_row(captured: OrderShop) -> None:
    heads = [line for line in said(captured, "1001", "InvoiceRows[2]")
             if line.startswith("Invoice 1001")]  # fmt: skip
    assert [one.rpartition(": ")[2] for one in heads] == [
        "InvoiceRows[2].ArticleNumber is dhl-hem", "InvoiceRows[2].AccountNumber is 3001",
        "InvoiceRows[2].Description is DHL hem", "InvoiceRows[2].DeliveredQuantity is 1",
        "InvoiceRows[2].Price is 49.00", "InvoiceRows[2].VAT is 25",
    ]  # fmt: skip


def test_only_what_was_asked_for_an_articles_page_tells_no_order(captured: OrderShop) -> None:
    lines = said(captured, "dhl-hem", "SalesAccount")
    assert [line for line in lines if line.startswith("Article")] == [
        "Article dhl-hem of dhl-hem: SalesAccount is 3001"
    ]
    assert not [line for line in lines if "STRUMPOR" in line or "Storgatan" in line]


# -- why a field is not there ----------------------------------------------------------------------


def test_a_field_that_was_left_out_tells_the_condition(captured: OrderShop) -> None:
    lines = said(captured, "1001", "DueDate")
    assert lines[0] == "Invoice 1001 of 4900001/3290002: DueDate was left out"
    has(lines, "it is left out unless settings.invoices.due_date == 'invoice_date'",
        "settings.invoices.due_date is terms, a setting (the default)")  # fmt: skip


def test_an_unknown_field_names_the_nearest(captured: OrderShop) -> None:
    with pytest.raises(UsageError) as error:
        explained(captured, "1001", "InvoiceRows[0].AcountNumber")
    assert str(error.value) == (
        "No document of 1001 has a field 'InvoiceRows[0].AcountNumber'. The nearest: "
        "InvoiceRows[0].AccountNumber, InvoiceRows[2].AccountNumber, InvoiceRows[1].AccountNumber."
    )


# -- why 4.00 on the fee, why this invoice ---------------------------------------------------------


def test_why_four_kronor_of_the_fee_and_one_of_vat(paid: Shop) -> None:
    lines = said(paid, line_of(paid, "500.00"), "WriteOffs")
    heads = [line.rpartition(": ")[2] for line in lines if line.startswith("Payment 1")]
    assert heads == [
        "WriteOffs[0].AccountNumber is 6570", "WriteOffs[0].Amount is 4.00",
        "WriteOffs[1].AccountNumber is 2641", "WriteOffs[1].Amount is 1.00",
    ]  # fmt: skip
    has(lines, "line.AmountExcludingVat is 4.00: Qliro, answer ",
        ", Settlements[1].AmountExcludingVat", "cost is 5.00: ",
        "table signs, row 2", "fee.vat is 1.00: {{ cost - net }}",
        "settings.accounts.fee is 6570, a setting")  # fmt: skip


def test_why_this_invoice_got_the_payment_and_which_did_not(shop: OpenShop) -> None:
    one = shop()
    invoiced, other = two_of_one_number(one)
    settle(one.world, [invoiced.line, other.line])
    one.run()
    number = invoiced.invoice.number
    lines = said(one, line_of(one, "300.00"), "InvoiceNumber")
    assert lines[0].endswith(f": InvoiceNumber is {number}")
    has(lines, f"invoice is {number}, found by payout reference: its balance is exactly 300.00",
        "line.MerchantOrderReference is 1000006164: Qliro, answer ",
        f"invoice.DocumentNumber is {number}")  # fmt: skip
    waiting = said(one, line_of(one, "200.00"), "InvoiceNumber")
    assert waiting[0].endswith(" has no InvoiceNumber")
    has(waiting, "No document was made: waiting: no invoice fits")


def test_rows_that_were_added_up_are_told_with_the_rule_once(paid: Shop) -> None:
    payout = str(paid.lines()[0]["payout"])
    lines = said(paid, payout, "VoucherRows[0].Debit")
    has(lines, "moved | sum('value') is 590.00, of 4 rows",
        "moved[2].value is 100.00, by the same rules as moved[0].value")  # fmt: skip


# -- what was sent, what is now --------------------------------------------------------------------


def test_what_comes_out_otherwise_than_it_was_sent_is_told(captured: OrderShop) -> None:
    captured.settings({"sales_accounts": [{"country": "SE", "account": 3041}]})
    has(said(captured, "1001", "InvoiceRows[0].AccountNumber"),
        "InvoiceRows[0].AccountNumber is 3001",
        "what was sent is 3001, and worked out anew it is 3041: the settings have changed since",
        "table sales_accounts, row 1")  # fmt: skip
    assert not [line for line in said(captured, "1001", "InvoiceRows[0].Price") if "anew" in line]
    captured.settings({"invoices.text": "Tack!"})
    has(said(captured, "1001", "Remarks"), "what was sent is nothing", "anew it is Tack!")
