"""What is known of an entity's columns beyond their types, declared once: lint goes by it.

Which words a column has, which columns name countries, which texts are numbers, which amounts have
more than two decimals, and what the APIs always send although the tables could do without.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from .kinds import TEXT, Type
from .words import countries

# The only words of a column: this program gives them itself.
WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("qliro.settlement_line", "Status"): ("Accepted", "Pending", "Rejected"),
    ("qliro.settlement_line", "resolution"): ("invoice", "ignore", "suspense", "retry"),
    ("qliro.settlement_line", "decided"): ("invoice", "ignore", "suspense", "retry"),
    ("qliro.order", "payment"): ("secured", "cancelled", "waiting", "refused"),
}
# The words that an API documents; others come as they are, so one that is not here is doubted only.
_LINE = ("Product", "Shipping", "Fee", "Discount")
_JURIDICAL = ("Physical", "Company")
_VAT = ("SEVAT", "SEREVERSEDVAT", "EUREVERSEDVAT", "EUVAT", "EXPORT")
USUAL: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("qliro.settlement_line", "Action"): ("Debit", "Credit"),
    ("qliro.settlement_line", "opposite_action"): ("Debit", "Credit"),
    ("qliro.settlement_line", "Type"): ("Transaction", "Fee", "Chargeback"),
    ("qliro.order", "JuridicalType"): _JURIDICAL,
    ("qliro.order_line", "JuridicalType"): _JURIDICAL,
    ("qliro.order_line", "Type"): _LINE,
    ("qliro.capture", "JuridicalType"): _JURIDICAL,
    ("qliro.capture", "Type"): ("Capture", "Debit", "UpdateInvoice"),
    ("qliro.capture_line", "JuridicalType"): _JURIDICAL,
    ("qliro.capture_line", "Type"): _LINE,
    ("qliro.refund", "JuridicalType"): _JURIDICAL,
    ("qliro.refund", "Type"): ("Refund", "Credit", "UpdateInvoice", "Reversal"),
    ("qliro.refund_line", "JuridicalType"): _JURIDICAL,
    ("qliro.refund_line", "Type"): _LINE,
    ("fortnox.order", "DeliveryState"): ("registration", "reservation", "delivery"),
    ("fortnox.customer", "Type"): ("PRIVATE", "COMPANY"),
    ("fortnox.customer", "VATType"): _VAT,
}
COUNTRIES = frozenset(
    {"Country", "CountryCode", "DeliveryCountry", "BillingCountryCode", "ShippingCountryCode"}
)
# Texts that are whole numbers: what Fortnox gives out, and what is asked for by it.
NUMBERS = frozenset(
    {"DocumentNumber", "InvoiceNumber", "Number", "InvoiceReference", "CreditInvoiceReference",
     "chosen_invoice", "invoice_number", "own_document", "number"}
)  # fmt: skip
# Decimal columns that are no money. Qliro's quantities are whole (int32), Fortnox's need not be.
_EXACT: Mapping[str, int] = {
    "FxRate": 8, "BatchFxRate": 8, "FortnoxRate": 8, "CurrencyRate": 8, "CurrencyUnit": 4,
    "VatRate": 4, "VAT": 4, "OrderedQuantity": 4, "DeliveredQuantity": 4,
}  # fmt: skip
_WHOLE = frozenset({"Quantity", "shipped", "released", "returned", "remaining", "before"})
# What is always there, by what Qliro and Fortnox document and send, although no table insists.
_ITEM = frozenset(
    {"MerchantReference", "Type", "PricePerItemIncVat", "PricePerItemExVat", "Currency",
     "OrderDate", "DeliveryCountry", *_WHOLE}
)  # fmt: skip
ALWAYS: Mapping[str, frozenset[str]] = {
    "qliro.settlement_line": frozenset(
        {"Action", "Type", "CurrencyCode", "Amount", "PaymentMethodType", "payout", "BatchDate"}
    ),
    "qliro.payout": frozenset({"payout", "BatchDate", "CurrencyCode", "batches", "lines"}),
    "qliro.order": frozenset(  # of what is paid
        {"MerchantReference", "Currency", "Country", "DeliveryCountry", "OrderDate"}
    ),
    "qliro.order_line": _ITEM,
    "qliro.capture": frozenset({"MerchantReference", "Currency", "Amount", "CaptureDate"}),
    "qliro.capture_line": _ITEM,
    "qliro.refund": frozenset({"MerchantReference", "Currency", "Amount", "RefundDate"}),
    "qliro.refund_line": _ITEM,
    "fortnox.invoice": frozenset({"CustomerNumber", "InvoiceDate"}),
}


def typed(entity: str, column: str, type_: Type, *, optional: bool = True) -> Type:
    """The type of a column with what is known of its words, and whether it may be null."""
    if type_ == TEXT and entity.startswith("qliro.") and column in COUNTRIES:
        type_ = countries()
    elif type_ == TEXT:
        at = (entity, column)
        type_ = replace(type_, values=WORDS.get(at, ()), usual=USUAL.get(at, ()))
    if optional and column not in ALWAYS.get(entity, ()):
        return type_
    return replace(type_, optional=False)


def decimals(entity: str, column: str) -> int:
    """How many decimals a column of numbers may have; money has two."""
    if column in _WHOLE and entity.startswith("qliro."):
        return 0
    return _EXACT.get(column, 2)
