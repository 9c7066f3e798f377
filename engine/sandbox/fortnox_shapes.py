"""Fortnox's answers as JSON shapes: each document as a list shows it and as a single GET shows it.

It reads the world's documents and writes plain dicts. The oddities are the real API's own: a list
item leaves most references out, ``Credit`` is text, empty references are the text "0", a rate is
text in a list and a number in a document, blanks are "" here and null there.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from engine.sandbox.world import (
    Invoice,
    InvoiceRow,
    Order,
    Payment,
    Voucher,
    VoucherKey,
    World,
)

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
        "CostCenter": "",
        "Currency": invoice.currency,
        "CurrencyRate": str(invoice.rate),
        "CurrencyUnit": 1,
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
        "WayOfDelivery": "",
        "TermsOfPayment": invoice.terms,
        "Project": "",
        "Sent": invoice.booked,
        "Total": invoice.total,
        "FinalPayDate": _day(invoice.final_pay_date),
    }


def _invoice_row(id: int, row: InvoiceRow) -> Shape:
    total = (row.quantity * row.price).quantize(row.price)
    return {
        "AccountNumber": row.account,
        "ArticleNumber": "",
        "ContributionPercent": "0",
        "ContributionValue": "0",
        "CostCenter": "",
        "DeliveredQuantity": str(row.quantity),
        "Description": row.description,
        "Discount": 0,
        "DiscountType": "PERCENT",
        "HouseWork": False,
        "HouseWorkHoursToReport": None,
        "HouseWorkType": None,
        "Price": row.price,
        "PriceExcludingVAT": row.price,
        "Project": "",
        "RowId": id,
        "StockPointCode": None,
        "Total": total,
        "TotalExcludingVAT": total,
        "Unit": "",
        "VAT": row.vat,
        "VATCode": None,
    }


def invoice_document(invoice: Invoice) -> Shape:
    """An invoice as ``GET /3/invoices/{n}`` shows it."""
    net = invoice.total - invoice.vat
    return {
        **invoice_item(invoice),
        "@urlTaxReductionList": (
            f"{BASE}/taxreductions?filter=invoices&referencenumber={invoice.number}"
        ),
        "AccountingMethod": "ACCRUAL",
        "Address1": "",
        "Address2": "",
        "AdministrationFee": 0,
        "AdministrationFeeVAT": 0,
        "BasisTaxReduction": 0,
        "City": "",
        "Comments": "",
        "ContractReference": 0,
        "ContributionPercent": 0,
        "ContributionValue": 0,
        "Country": "",
        "Credit": "true" if invoice.credit else "false",
        "CreditInvoiceReference": str(invoice.credit_reference),
        "CurrencyRate": invoice.rate,
        "DeliveryAddress1": "",
        "DeliveryAddress2": "",
        "DeliveryCity": "",
        "DeliveryCountry": "",
        "DeliveryDate": None,
        "DeliveryName": "",
        "DeliveryZipCode": "",
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
        "Freight": 0,
        "FreightVAT": 0,
        "Gross": net,
        "HouseWork": False,
        "InvoicePeriodEnd": "",
        "InvoicePeriodReference": None,
        "InvoicePeriodStart": "",
        "InvoiceReference": "0",
        "InvoiceRows": [_invoice_row(id, row) for id, row in enumerate(invoice.rows, start=1)],
        "Labels": [],
        "Language": "SV",
        "LastRemindDate": None,
        "Net": net,
        "NotCompleted": False,
        "OfferReference": "0",
        "OrderReference": str(invoice.order_reference),
        "OrganisationNumber": "",
        "OurReference": invoice.our_reference,
        "OutboundDate": _day(invoice.day),
        "PaymentWay": "",
        "Phone1": "",
        "Phone2": "",
        "PriceList": "A",
        "PrintTemplate": "st",
        "Remarks": "",
        "Reminders": 0,
        "RoundOff": 0,
        "TaxReduction": None,
        "TaxReductionType": "none",
        "TermsOfDelivery": "",
        "TimeBasisReference": None,
        "TotalToPay": invoice.total,
        "TotalVAT": invoice.vat,
        "VATIncluded": False,
        "WarehouseReady": True,
        "YourOrderNumber": invoice.your_order_number,
        "YourReference": invoice.your_reference,
        "ZipCode": "",
    }


def order_item(order: Order) -> Shape:
    """An order as ``GET /3/orders`` lists it, without its invoice's number."""
    return {
        "@url": f"{BASE}/orders/{order.number}",
        "Cancelled": order.cancelled,
        "Currency": order.currency,
        "CustomerName": order.customer_name,
        "CustomerNumber": order.customer_number,
        "DeliveryDate": None,
        "DocumentNumber": str(order.number),
        "ExternalInvoiceReference1": order.external1,
        "ExternalInvoiceReference2": order.external2,
        "OrderDate": _day(order.day),
        "OrderType": "Order",
        "Project": "",
        "Sent": False,
        "Total": order.total,
    }


def order_document(order: Order) -> Shape:
    """An order as ``GET /3/orders/{n}`` shows it, with ``InvoiceReference``."""
    return {
        **order_item(order),
        "Comments": "",
        "CurrencyRate": 1,
        "CurrencyUnit": 1,
        "DeliveryState": "delivery",
        "InvoiceReference": str(order.invoice),
        "NotCompleted": False,
        "OfferReference": "0",
        "OrderRows": [],
        "OurReference": order.our_reference,
        "TotalToPay": order.total,
        "YourOrderNumber": order.your_order_number,
        "YourReference": order.your_reference,
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
                "Removed": False,
                "TransactionInformation": row.text,
            }
            for row in voucher.rows
        ],
    }
