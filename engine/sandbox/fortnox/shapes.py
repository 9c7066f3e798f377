"""Fortnox's answers as JSON shapes: each document as a list shows it and as a single GET shows it.

It reads the world's documents and writes plain dicts. The oddities are the real API's own: a list
item leaves most references out, ``Credit`` is text, empty references are the text "0", a rate is
text in a list and a number in a document, blanks are "" here and null there.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from ..world.world import Invoice, InvoiceRow, Order, Payment, Voucher, VoucherKey, World
from .documents import net_of
from .rows import rounded, row_total

BASE: Final = "https://api.fortnox.se/3"
Shape = dict[str, Any]


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _voucher(key: VoucherKey | None) -> Shape:
    return {
        "VoucherNumber": key.number if key else None,
        "VoucherSeries": key.series if key else None,
        "VoucherYear": key.year if key else None,
    }


def invoice_item(invoice: Invoice) -> Shape:
    """An invoice as ``GET /3/invoices`` lists it."""
    return {
        "@url": f"{BASE}/invoices/{invoice.number}",
        "Balance": invoice.balance,
        "Booked": invoice.booked,
        "Cancelled": invoice.cancelled,
        "CostCenter": invoice.texts.get("CostCenter", ""),
        "Currency": invoice.currency,
        "CurrencyRate": str(invoice.rate),
        "CurrencyUnit": invoice.unit,
        "CustomerName": invoice.customer_name,
        "CustomerNumber": invoice.customer_number,
        "DocumentNumber": str(invoice.number),
        "DueDate": _day(invoice.due),
        "ExternalInvoiceReference1": invoice.external1,
        "ExternalInvoiceReference2": invoice.external2,
        "InvoiceDate": _day(invoice.day),
        "InvoiceType": "INVOICE",
        "NoxFinans": False,
        "OCR": invoice.ocr,
        **_voucher(invoice.voucher),
        "WayOfDelivery": invoice.texts.get("WayOfDelivery", ""),
        "TermsOfPayment": invoice.terms,
        "Project": invoice.texts.get("Project", ""),
        "Sent": invoice.booked if invoice.sent is None else invoice.sent,
        "Total": invoice.total,
        "FinalPayDate": _day(invoice.final_pay_date),
    }


def _row(id: int, row: InvoiceRow) -> Shape:
    """What a row of an invoice and one of an order have in common."""
    return {
        "AccountNumber": row.account or None,
        "ArticleNumber": row.article,
        "ContributionPercent": "0",
        "ContributionValue": "0",
        "Cost": 0,
        "CostCenter": row.cost_center,
        "DeliveredQuantity": str(row.quantity),
        "Description": row.description,
        "Discount": row.discount,
        "DiscountType": row.discount_type,
        "HouseWork": False,
        "HouseWorkHoursToReport": None,
        "HouseWorkType": None,
        "Price": row.price,
        "Project": row.project,
        "RowId": row.id or id,
        "StockPointCode": None,
        "Total": row_total(row),
        "Unit": row.unit,
        "VATCode": None,
    }


def _invoice_row(id: int, row: InvoiceRow, included: bool) -> Shape:
    """A row of an invoice; its VAT is a whole number in the official document."""
    without = 1 + row.vat / 100 if included else 1
    return {
        **_row(id, row),
        "PriceExcludingVAT": rounded(row.price / without),
        "TotalExcludingVAT": rounded(row_total(row) / without),
        "VAT": int(row.vat.quantize(Decimal(1), ROUND_HALF_UP)),
    }


def _plain(quantity: Decimal) -> str:
    """``1`` and not ``1.00``; ``0.5`` stays."""
    return f"{quantity.normalize() + 0:f}"


def _order_row(id: int, row: InvoiceRow) -> Shape:
    """A row of an order, with what was ordered; quantities without needless zeros (recorded)."""
    return {
        **_row(id, row),
        "DeliveredQuantity": _plain(row.quantity),
        "OrderedQuantity": _plain(row.ordered),
        "ReservedQuantity": "0",
        "StockPointId": None,
        "VAT": row.vat,
    }


def _head(document: Invoice | Order) -> Shape:
    """What the header of an invoice and of an order have in common."""
    texts = document.texts
    return {
        "Address1": texts.get("Address1", ""),
        "Address2": texts.get("Address2", ""),
        "AdministrationFee": document.fee,
        "AdministrationFeeVAT": document.fee_vat,
        "BasisTaxReduction": 0,
        "City": texts.get("City", ""),
        "Comments": texts.get("Comments", ""),
        "ContributionPercent": 0,
        "ContributionValue": 0,
        "CostCenter": texts.get("CostCenter", ""),
        "Country": texts.get("Country", ""),
        "CurrencyRate": document.rate,
        "CurrencyUnit": document.unit,
        "DeliveryAddress1": texts.get("DeliveryAddress1", ""),
        "DeliveryAddress2": texts.get("DeliveryAddress2", ""),
        "DeliveryCity": texts.get("DeliveryCity", ""),
        "DeliveryCountry": texts.get("DeliveryCountry", ""),
        "DeliveryDate": _day(document.delivery_day),
        "DeliveryName": texts.get("DeliveryName", ""),
        "DeliveryZipCode": texts.get("DeliveryZipCode", ""),
        "Freight": document.freight,
        "FreightVAT": document.freight_vat,
        "HouseWork": False,
        "Labels": [],
        "Language": texts.get("Language") or "SV",
        "NotCompleted": document.not_completed,
        "OfferReference": "0",
        "OrganisationNumber": texts.get("OrganisationNumber", ""),
        "OurReference": document.our_reference,
        "Phone1": texts.get("Phone1", ""),
        "Phone2": texts.get("Phone2", ""),
        "PriceList": texts.get("PriceList") or "A",
        "PrintTemplate": texts.get("PrintTemplate") or "st",
        "Project": texts.get("Project", ""),
        "Remarks": texts.get("Remarks", ""),
        "RoundOff": document.round_off,
        "TaxReduction": None,
        "TaxReductionType": "none",
        "TermsOfDelivery": texts.get("TermsOfDelivery", ""),
        "TermsOfPayment": document.terms,
        "TimeBasisReference": None,
        "TotalToPay": document.total,
        "TotalVAT": document.vat,
        "VATIncluded": document.vat_included,
        "WarehouseReady": True,
        "WayOfDelivery": texts.get("WayOfDelivery", ""),
        "YourOrderNumber": document.your_order_number,
        "YourReference": document.your_reference,
        "ZipCode": texts.get("ZipCode", ""),
    }


def invoice_document(invoice: Invoice) -> Shape:
    """An invoice as ``GET /3/invoices/{n}`` shows it."""
    net = invoice.total - invoice.vat - invoice.round_off
    if invoice.gross is not None:
        net = net_of(invoice)
    included = invoice.vat_included
    return {
        **invoice_item(invoice),
        **_head(invoice),
        "@urlTaxReductionList": (
            f"{BASE}/taxreductions?filter=invoices&referencenumber={invoice.number}"
        ),
        "AccountingMethod": "ACCRUAL",
        "ContractReference": 0,
        "Credit": "true" if invoice.credit else "false",
        "CreditInvoiceReference": str(invoice.credit_reference),
        "EDIInformation": {
            "EDIGlobalLocationNumber": None,
            "EDIGlobalLocationNumberDelivery": None,
            "EDIInvoiceExtra1": None,
            "EDIInvoiceExtra2": None,
            "EDIOurElectronicReference": None,
            "EDIStatus": "",
            "EDIYourElectronicReference": None,
        },
        "EUQuarterlyReport": False,
        "EmailInformation": {
            "EmailAddressBCC": None,
            "EmailAddressCC": None,
            "EmailAddressFrom": None,
            "EmailAddressTo": "",
            "EmailBody": " ",
            "EmailSubject": "Faktura {no} bifogas",
        },
        "Gross": net if invoice.gross is None else invoice.gross,
        "InvoicePeriodEnd": "",
        "InvoicePeriodReference": None,
        "InvoicePeriodStart": "",
        "InvoiceReference": "0",
        "InvoiceRows": [
            _invoice_row(id, row, included) for id, row in enumerate(invoice.rows, start=1)
        ],
        "LastRemindDate": None,
        "Net": net,
        "OrderReference": str(invoice.order_reference),
        "OutboundDate": _day(invoice.outbound or invoice.day),
        "PaymentWay": "",
        "Reminders": 0,
    }


def order_item(order: Order) -> Shape:
    """An order as ``GET /3/orders`` lists it, without its invoice's number."""
    return {
        "@url": f"{BASE}/orders/{order.number}",
        "Cancelled": order.cancelled,
        "Currency": order.currency,
        "CustomerName": order.customer_name,
        "CustomerNumber": order.customer_number,
        "DeliveryDate": _day(order.delivery_day),
        "DocumentNumber": str(order.number),
        "ExternalInvoiceReference1": order.external1,
        "ExternalInvoiceReference2": order.external2,
        "OrderDate": _day(order.day),
        "OrderType": "Order",
        "Project": order.texts.get("Project", ""),
        "Sent": bool(order.sent),
        "Total": order.total,
    }


def order_document(order: Order) -> Shape:
    """An order as ``GET /3/orders/{n}`` shows it, with ``InvoiceReference``."""
    return {
        **order_item(order),
        **_head(order),
        "@urlTaxReductionList": (
            f"{BASE}/taxreductions?filter=orders&referencenumber={order.number}"
        ),
        "CopyRemarks": order.copy_remarks,
        "DeliveryState": order.delivery_state,
        "EmailInformation": {
            "EmailAddressBCC": None,
            "EmailAddressCC": None,
            "EmailAddressFrom": None,
            "EmailAddressTo": "",
            "EmailBody": " ",
            "EmailSubject": "Order {no} bifogas",
        },
        "Gross": order.total if order.gross is None else order.gross,
        "InvoiceReference": str(order.invoice),
        "Net": order.total if order.gross is None else net_of(order),
        "OrderRows": [_order_row(id, row) for id, row in enumerate(order.rows, start=1)],
        "OutboundDate": None,
        "PrintTemplate": order.texts.get("PrintTemplate") or "oc",
        "StockPointCode": None,
        "StockPointId": None,
    }


def payment_item(payment: Payment) -> Shape:
    """An invoice payment as ``GET /3/invoicepayments`` lists it."""
    return {
        "@url": f"{BASE}/invoicepayments/{payment.number}",
        "Amount": payment.amount,
        "Booked": payment.booked,
        "Currency": payment.currency,
        "CurrencyRate": payment.rate,
        "CurrencyUnit": 1,
        "InvoiceNumber": payment.invoice,
        "Number": str(payment.number),
        "PaymentDate": _day(payment.day),
        "Source": payment.source,
        "WriteOffExist": bool(payment.write_offs),
    }


def payment_document(world: World, payment: Payment) -> Shape:
    """An invoice payment as ``GET /3/invoicepayments/{n}`` and the writes show it."""
    invoice = world.invoices[payment.invoice]
    shape = payment_item(payment)
    del shape["WriteOffExist"]
    return {
        **shape,
        "AmountCurrency": payment.amount_currency,
        "ExternalInvoiceReference1": invoice.external1,
        "ExternalInvoiceReference2": invoice.external2,
        "InvoiceCustomerName": invoice.customer_name,
        "InvoiceCustomerNumber": invoice.customer_number,
        "InvoiceDueDate": _day(invoice.due),
        "InvoiceOCR": invoice.ocr,
        "InvoiceTotal": str(invoice.total),
        "ModeOfPayment": payment.mode,
        "ModeOfPaymentAccount": payment.account,
        **_voucher(payment.voucher),
        "WriteOffs": [
            {
                "AccountNumber": off.account,
                "Amount": off.amount,
                "CostCenter": off.cost_center,
                "Currency": off.currency,
                "Description": off.description,
                "Project": off.project,
                "TransactionInformation": off.text,
            }
            for off in payment.write_offs
        ],
    }


def voucher_item(voucher: Voucher) -> Shape:
    """A voucher as the lists show it."""
    key = voucher.key
    return {
        "@url": f"{BASE}/vouchers/{key.series}/{key.number}?financialyear={key.year}",
        "ApprovalState": 0,
        "Comments": voucher.comments,
        "Description": voucher.description,
        "ReferenceNumber": voucher.reference_number,
        "ReferenceType": voucher.reference_type,
        "TransactionDate": _day(voucher.day),
        "VoucherNumber": key.number,
        "VoucherSeries": key.series,
        "Year": key.year,
    }


def voucher_document(voucher: Voucher) -> Shape:
    """A voucher with its rows."""
    return {
        **voucher_item(voucher),
        "CostCenter": "",
        "Project": "",
        "VoucherRows": [
            {
                "Account": row.account,
                "CostCenter": row.cost_center,
                "Credit": row.credit,
                "Debit": row.debit,
                "Description": "",
                "Project": row.project,
                "Quantity": 0,
                "Removed": removed,
                "TransactionInformation": row.text,
            }
            for rows, removed in ((voucher.rows, False), (voucher.struck, True))
            for row in rows
        ],
    }
