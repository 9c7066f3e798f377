"""What the world's Fortnox holds: registers, documents, payments, vouchers, as frozen shapes.

It reads and writes nothing. A document is replaced when it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Chart:
    """The accounts and voucher series that made worlds use; a test may hand in others."""

    interim: int = 1580
    interim_by_method: Mapping[str, int] = field(
        default_factory=lambda: {
            "QLIRO_INVOICE": 1581,
            "QLIRO_INVOICE_30": 1581,
            "QLIRO_CAMPAIGN": 1581,
            "QLIRO_PARTPAYMENT_ACCOUNT": 1581,
            "QLIRO_PARTPAYMENT_FIXED": 1581,
            "QLIRO_PAD_INVOICE": 1581,
            "QLIROPAYLATER_INVOICE14": 1581,
            "QLIROPAYLATER_INVOICE30": 1581,
            "QLIROPAYLATER_BNPL": 1581,
            "CREDITCARDS": 1582,
            "SWISH": 1582,
            "TRUSTLY": 1582,
        }
    )
    bank: int = 1930
    cash: int = 1910
    receivable: int = 1510
    fees: int = 6570
    fee_vat: int = 2641
    rounding: int = 3740
    fx_gain: int = 3960
    fx_loss: int = 7960
    dispute: int = 1589
    suspense: int = 2999
    debt: int = 2890
    sales: int = 3001
    sales_by_rate: Mapping[int, int] = field(default_factory=lambda: {12: 3002, 6: 3003, 0: 3004})
    sales_export: int = 3105
    sales_eu: int = 3106
    sales_eu_reversed: int = 3108
    freight: int = 3520
    administration_fee: int = 3540
    vat_by_rate: Mapping[int, int] = field(default_factory=lambda: {25: 2611, 12: 2621, 6: 2631})
    vat_oss: int = 2670
    fees_pending: int = 1790
    fees_owed: int = 2990
    inactive: int = 1599
    series_fees: str = "Q"
    series_transfer: str = "T"
    series_dispute: str = "D"
    series_invoice: str = "B"
    series_payment: str = "C"
    series_closed: str = "A"


@dataclass(frozen=True, slots=True)
class Account:
    """An account; ``cost_centers`` and ``projects`` are ALLOWED, MANDATORY or NOTALLOWED."""

    number: int
    description: str
    active: bool = True
    vat_code: str = ""
    cost_centers: str = "ALLOWED"
    projects: str = "ALLOWED"


@dataclass(frozen=True, slots=True)
class Series:
    code: str
    description: str
    manual: bool = True


@dataclass(frozen=True, slots=True)
class FinancialYear:
    id: int
    first: date
    last: date
    method: str = "ACCRUAL"


@dataclass(frozen=True, slots=True)
class Currency:
    code: str
    description: str
    buy: Decimal
    sell: Decimal


@dataclass(frozen=True, slots=True)
class Mode:
    """A mode of payment: its code and the account that its payments are booked on."""

    code: str
    description: str
    account: int


@dataclass(frozen=True, slots=True)
class VoucherKey:
    series: str
    number: int
    year: int


@dataclass(frozen=True, slots=True)
class VoucherRow:
    account: int
    debit: Decimal = ZERO
    credit: Decimal = ZERO
    text: str = ""
    cost_center: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher: ``rows`` are those that count. A correction keeps what it ``struck`` beside them;
    what it ``added`` is among them."""

    key: VoucherKey
    description: str
    day: date
    rows: tuple[VoucherRow, ...]
    modified: datetime
    comments: str = ""
    reference_type: str = "MANUAL"
    reference_number: str = ""
    struck: tuple[VoucherRow, ...] = ()
    added: tuple[VoucherRow, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """A row of an invoice or an order: ``quantity`` is what was delivered, ``ordered`` the order's.

    ``vat`` is in percent; ``account`` 0 stands on a row that is text alone. An ``id`` of 0 is
    counted within the document.
    """

    description: str
    quantity: Decimal
    price: Decimal
    vat: Decimal = Decimal(25)
    account: int = 3001
    article: str = ""
    ordered: Decimal = ZERO
    discount: Decimal = ZERO
    discount_type: str = "AMOUNT"
    unit: str = ""
    cost_center: str = ""
    project: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Invoice:
    """A customer invoice; ``total`` and ``balance`` in its own currency, credits negative.

    ``texts`` are the fields that Fortnox only keeps and shows, by its own names. ``freight`` and
    ``fee`` are with or without VAT as ``vat_included`` says; ``gross`` None is worked out.
    """

    number: int
    day: date
    due: date
    total: Decimal
    balance: Decimal
    modified: datetime
    customer_number: str = "1"
    customer_name: str = "Kund"
    currency: str = "SEK"
    rate: Decimal = Decimal(1)
    booked: bool = True
    cancelled: bool = False
    credit: bool = False
    credit_reference: int = 0
    order_reference: int = 0
    your_order_number: str = ""
    our_reference: str = ""
    your_reference: str = ""
    external1: str = ""
    external2: str = ""
    ocr: str = ""
    terms: str = "30"
    vat: Decimal = ZERO
    rows: tuple[InvoiceRow, ...] = ()
    final_pay_date: date | None = None
    voucher: VoucherKey | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    freight: Decimal = ZERO
    fee: Decimal = ZERO
    freight_vat: Decimal = ZERO
    fee_vat: Decimal = ZERO
    vat_included: bool = False
    round_off: Decimal = ZERO
    gross: Decimal | None = None
    unit: Decimal = ONE
    delivery_day: date | None = None
    not_completed: bool = False
    sent: bool | None = None
    outbound: date | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A Fortnox order; ``invoice`` is the number of the one made from it, 0 while there is none."""

    number: int
    day: date
    total: Decimal
    modified: datetime
    invoice: int = 0
    currency: str = "SEK"
    customer_number: str = "1"
    customer_name: str = "Kund"
    cancelled: bool = False
    external1: str = ""
    external2: str = ""
    your_order_number: str = ""
    our_reference: str = ""
    your_reference: str = ""
    rate: Decimal = ONE
    vat: Decimal = ZERO
    terms: str = "30"
    rows: tuple[InvoiceRow, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    freight: Decimal = ZERO
    fee: Decimal = ZERO
    freight_vat: Decimal = ZERO
    fee_vat: Decimal = ZERO
    vat_included: bool = False
    round_off: Decimal = ZERO
    gross: Decimal | None = None
    unit: Decimal = ONE
    delivery_day: date | None = None
    not_completed: bool = False
    sent: bool | None = None
    copy_remarks: bool = False
    delivery_state: str = "delivery"


@dataclass(frozen=True, slots=True)
class WriteOff:
    account: int
    amount: Decimal
    currency: str = "SEK"
    description: str = ""
    text: str = ""
    cost_center: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """An invoice payment: ``amount`` in kronor, ``amount_currency`` in the invoice's currency."""

    number: int
    invoice: int
    amount: Decimal
    amount_currency: Decimal
    day: date
    account: int
    modified: datetime
    mode: str = ""
    currency: str = "SEK"
    rate: Decimal = Decimal(1)
    write_offs: tuple[WriteOff, ...] = ()
    booked: bool = False
    source: str = "manual"
    voucher: VoucherKey | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; ``fields`` are all that its card holds, by Fortnox's names."""

    number: str
    name: str
    modified: datetime
    active: bool = True
    fields: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text of the card, "" where it has none."""
        return str(self.fields.get(name) or "")


@dataclass(frozen=True, slots=True)
class Article:
    """An article; ``fields`` are all that its card holds, by Fortnox's names."""

    number: str
    description: str
    modified: datetime
    active: bool = True
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Company:
    """What a company has switched on, and readings of the API that no source settles.

    ``freight`` and ``administration_fee`` are taken by documents that send none. ``warehouse``
    forces the delivered quantity of articles to 0. ``whole_kronor`` rounds totals in kronor.
    ``rate_of_one`` is a fault that Fortnox once had: a rate that was sent is ignored. The two
    ``_answers`` say which document an action answers with. ``negative_is_credit``: an invoice that
    is posted with a negative total is marked as a credit. ``delivers`` False: an order that says
    nothing of deliveries has delivered nothing. ``english_countries``: documents may name a country
    in English.
    """

    freight: Decimal = ZERO
    administration_fee: Decimal = ZERO
    warehouse: bool = False
    whole_kronor: bool = False
    rate_of_one: bool = False
    delivers: bool = True
    english_countries: bool = True
    negative_is_credit: bool = False
    createinvoice_answers: Literal["Invoice", "Order"] = "Invoice"
    credit_answers: Literal["credit", "original"] = "credit"
    sie_encoding: Literal["cp437", "utf-8"] = "cp437"
    sie_quotes: bool = False
    carries: bool = True
