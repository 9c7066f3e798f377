"""The sandbox's state: one company in Fortnox, one merchant at Qliro, a clock and a journal.

Everything the two doubles know lives in one ``World``; documents are frozen and are replaced when
they change. It reads nothing from outside and writes nothing but itself.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from engine.sandbox.exchange import Request
    from engine.sandbox.faults import Planned

STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
ZERO: Final = Decimal(0)
DEFAULT_START: Final = datetime(2026, 11, 16, 9, 0, tzinfo=STOCKHOLM)


@dataclass(slots=True)
class Clock:
    """The world's time: stands still, unless ``runs``, until somebody sets or advances it."""

    at: datetime
    runs: bool = False
    since: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The present moment, aware, in Europe/Stockholm."""
        if not self.runs:
            return self.at
        return self.at + timedelta(seconds=time.monotonic() - self.since)

    def set(self, moment: datetime) -> None:
        """Moves the clock to ``moment`` (aware), forwards or backwards."""
        self.at, self.since = moment.astimezone(STOCKHOLM), time.monotonic()

    def advance(self, seconds: float) -> None:
        """Moves the clock forward by so many seconds."""
        self.set(self.now() + timedelta(seconds=seconds))


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
    number: int
    description: str
    active: bool = True


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
    key: VoucherKey
    description: str
    day: date
    rows: tuple[VoucherRow, ...]
    modified: datetime
    comments: str = ""
    reference_type: str = "MANUAL"
    reference_number: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    description: str
    quantity: Decimal
    price: Decimal
    vat: int = 25
    account: int = 3001


@dataclass(frozen=True, slots=True)
class Invoice:
    """A customer invoice; ``total`` and ``balance`` in its own currency, credits negative."""

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


@dataclass(frozen=True, slots=True)
class Order:
    """A Fortnox order, there so that an invoice can be reached through it."""

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
class Line:
    """One settlement row at Qliro; ``amount`` positive, ``action`` and ``type`` tell its sign.

    ``status`` is the list it stands in. ``appears`` and ``vanishes`` bound the time in which the
    API shows it; ``extra`` are fields that no document knows. A returned fee is a fee with a
    negative amount.
    """

    action: str
    type: str
    amount: Decimal
    currency: str
    method: str | None
    settled: date
    completed: datetime
    order: int | None = None
    transaction: int | None = None
    reference: str | None = None
    batch_id: str | None = None
    country: str | None = "SE"
    acquirer: str | None = "Qliro"
    subtype: str | None = None
    vat_rate: Decimal | None = None
    excluding_vat: Decimal | None = None
    fx_rate: Decimal | None = None
    fx_currency: str | None = None
    fx_total: Decimal | None = None
    status: str = "Accepted"
    appears: datetime | None = None
    vanishes: datetime | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """A settlement batch: its totals are summed from the visible lines, unless overridden."""

    id: int
    batch_id: str
    acquirer: str
    day: date
    currency: str
    lines: tuple[Line, ...]
    appears: datetime | None = None
    vanishes: datetime | None = None
    fx_rate: Decimal | None = None
    fx_currency: str | None = None
    fx_total: Decimal | None = None
    total_off_by: Decimal = ZERO
    summary_off_by: Decimal = ZERO
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment transaction of a Qliro order."""

    id: int
    type: str
    amount: Decimal
    at: datetime
    status: str = "Success"
    original: int | None = None


@dataclass(frozen=True, slots=True)
class QliroOrder:
    id: int
    reference: str
    currency: str
    country: str
    method: str
    transactions: tuple[Transaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Conventions:
    """How this Qliro speaks: what nobody documents, so that each reading can be played.

    ``signed_amounts``: refunds, fees and chargebacks come with a minus. ``gross_totals``:
    ``TotalAmount`` before fees. ``debit_is_sale`` False: Debit and Credit the other way round.
    """

    signed_amounts: bool = False
    gross_totals: bool = False
    debit_is_sale: bool = True
    enums: Literal["names", "integers", "mixed"] = "names"
    timestamps: Literal["naive", "zoned", "mixed"] = "naive"
    future_fields: bool = False


@dataclass(slots=True)
class Limits:
    """Fortnox's sliding window: ``rate_limit`` requests in ``rate_window_seconds``; None: none.

    ``rate_clock`` ``real`` measures on the machine's monotonic clock, ``world`` on the world's.
    ``latency_seconds`` delays every answer over the socket.
    """

    rate_limit: int | None = 25
    rate_window_seconds: float = 5.0
    rate_clock: Literal["real", "world"] = "real"
    latency_seconds: float = 0.0


@dataclass(slots=True)
class Access:
    """Who may call: Fortnox's client and tokens, Qliro's secret. ``required`` False opens up."""

    required: bool = True
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-client-secret"  # noqa: S105  it opens nothing but this
    tenant_id: str = "1234567"
    refresh_token: str = "sandbox-refresh-1"  # noqa: S105  likewise
    codes: set[str] = field(default_factory=lambda: {"sandbox-code"})
    tokens: dict[str, datetime] = field(default_factory=dict)
    issued: int = 0
    scopes: set[str] = field(
        default_factory=lambda: {
            "invoice",
            "payment",
            "order",
            "bookkeeping",
            "settings",
            "companyinformation",
            "currency",
        }
    )
    unlicensed: set[str] = field(default_factory=set)
    merchant_api_key: str = "SANDBOX"
    merchant_api_secret: str = "sandbox-secret"  # noqa: S105  likewise


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry: a request as received, what was answered and what it changed."""

    n: int
    at: datetime
    method: str
    path: str
    query: str
    body: str
    status: int | None
    effect: str | None
    fault: str | None


@dataclass(slots=True)
class World:
    """All state of the sandbox. Take ``lock`` before changing it while a server runs."""

    clock: Clock = field(default_factory=lambda: Clock(DEFAULT_START))
    chart: Chart = field(default_factory=Chart)
    limits: Limits = field(default_factory=Limits)
    access: Access = field(default_factory=Access)
    conventions: Conventions = field(default_factory=Conventions)
    random: random.Random = field(
        default_factory=lambda: random.Random(0)  # noqa: S311  repeatable, not secret
    )

    company_name: str = "Exempelbutiken AB"
    organisation_number: str = "556001-1982"
    accounts: dict[int, Account] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    years: dict[int, FinancialYear] = field(default_factory=dict)
    locked_until: date | None = None
    currencies: dict[str, Currency] = field(default_factory=dict)
    modes: dict[str, Mode] = field(default_factory=dict)
    predefined: dict[str, int] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    payments: dict[int, Payment] = field(default_factory=dict)
    payments_of: dict[int, list[int]] = field(default_factory=dict)
    vouchers: dict[VoucherKey, Voucher] = field(default_factory=dict)
    voucher_numbers: dict[tuple[str, int], int] = field(default_factory=dict)

    batches: dict[int, Batch] = field(default_factory=dict)
    qliro_orders: dict[int, QliroOrder] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    faults: list[Planned] = field(default_factory=list)
    late: list[tuple[datetime, int, Request]] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)
    window: deque[float] = field(default_factory=deque)
    made_payments: list[int] = field(default_factory=list)
    made_vouchers: list[VoucherKey] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        """The world's present moment, aware, in Europe/Stockholm."""
        return self.clock.now()

    def today(self) -> date:
        """The world's present date in Sweden."""
        return self.now().date()

    def next(self, name: str, first: int = 1) -> int:
        """The next number of the counter ``name``, which begins at ``first``."""
        number = self.counters.get(name, first - 1) + 1
        self.counters[name] = number
        return number


def year_of(world: World, day: date) -> FinancialYear | None:
    """The financial year that holds ``day``, None when the company has none."""
    for year in world.years.values():
        if year.first <= day <= year.last:
            return year
    return None


def interim_account(world: World, method: str | None) -> int:
    """The interim account that a made world uses for a payment method."""
    return world.chart.interim_by_method.get(method or "", world.chart.interim)


def next_voucher(world: World, series: str, year: int) -> VoucherKey:
    """The next free voucher key of a series in a financial year."""
    number = world.voucher_numbers.get((series, year), 0) + 1
    world.voucher_numbers[series, year] = number
    return VoucherKey(series, number, year)


def account_balance(world: World, account: int) -> Decimal:
    """Debit less credit of all vouchers on an account, in kronor."""
    rows = (row for voucher in world.vouchers.values() for row in voucher.rows)
    return sum((row.debit - row.credit for row in rows if row.account == account), ZERO)
