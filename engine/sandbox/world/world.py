"""The sandbox's state: one company in Fortnox, one merchant at Qliro, a clock and a journal.

Everything the two doubles know lives in one ``World``; documents are frozen and are replaced when
they change. It reads nothing from outside and writes nothing but itself.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

from .fortnox import (
    ZERO,
    Account,
    Article,
    Chart,
    Company,
    Currency,
    Customer,
    FinancialYear,
    Invoice,
    InvoiceRow,
    Mode,
    Order,
    Payment,
    Series,
    Voucher,
    VoucherKey,
    VoucherRow,
    WriteOff,
)
from .qliro import (
    Address,
    Batch,
    Buyer,
    Conventions,
    Handling,
    Item,
    Line,
    QliroOrder,
    Transaction,
    Upsell,
)

if TYPE_CHECKING:
    from .exchange import Request
    from .faults import Planned

__all__ = [
    "DEFAULT_START",
    "STOCKHOLM",
    "ZERO",
    "Access",
    "Account",
    "Address",
    "Article",
    "Batch",
    "Buyer",
    "Chart",
    "Clock",
    "Company",
    "Conventions",
    "Currency",
    "Customer",
    "Entry",
    "FinancialYear",
    "Handling",
    "Invoice",
    "InvoiceRow",
    "Item",
    "Limits",
    "Line",
    "Mode",
    "Order",
    "Payment",
    "QliroOrder",
    "Series",
    "Transaction",
    "Upsell",
    "Voucher",
    "VoucherKey",
    "VoucherRow",
    "World",
    "WriteOff",
    "account_balance",
    "interim_account",
    "next_voucher",
    "year_of",
]
STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
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


@dataclass(frozen=True, slots=True)
class Code:
    """An authorisation code: until when it is good, for which address; None stands for any."""

    ends: datetime | None = None
    redirect_uri: str | None = None


@dataclass(slots=True)
class Access:
    """Who may call: Fortnox's client and tokens, Qliro's secret. ``required`` False opens up.

    ``service_accounts`` is whether the integration may have them, ``consented`` whether a service
    account of the company may fetch tokens by client credentials.
    """

    required: bool = True
    client_id: str = "sandbox-client"
    client_secret: str = "sandbox-client-secret"  # noqa: S105  it opens nothing but this
    tenant_id: str = "1234567"
    refresh_token: str = "sandbox-refresh-1"  # noqa: S105  likewise
    refresh_ends: datetime | None = None
    service_accounts: bool = True
    consented: bool = True
    codes: dict[str, Code] = field(default_factory=lambda: {"sandbox-code": Code()})
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
            "customer",
            "article",
            "costcenter",
            "project",
        }
    )
    unlicensed: set[str] = field(default_factory=set)
    merchant_api_key: str = "SANDBOX"
    merchant_api_secret: str = "sandbox-secret"  # noqa: S105  likewise
    plus_api_key: str = "SANDBOX-PLUS"
    plus_api_secret: str = "sandbox-plus-secret"  # noqa: S105  likewise


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
    company: Company = field(default_factory=Company)
    vat_rates: dict[Decimal, int] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)
    deliveries: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    cost_centers: dict[str, str] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    customers_deleted: set[str] = field(default_factory=set)
    articles: dict[str, Article] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    payments: dict[int, Payment] = field(default_factory=dict)
    payments_of: dict[int, list[int]] = field(default_factory=dict)
    vouchers: dict[VoucherKey, Voucher] = field(default_factory=dict)
    voucher_numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    opening: dict[int, Decimal] = field(default_factory=dict)  # of the first year, by account

    batches: dict[int, Batch] = field(default_factory=dict)
    qliro_orders: dict[int, QliroOrder] = field(default_factory=dict)
    handling: Handling = field(default_factory=Handling)
    request_ids: dict[str, datetime] = field(default_factory=dict)
    under_way: list[tuple[datetime, int, int]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)

    faults: list[Planned] = field(default_factory=list)
    late: list[tuple[datetime, int, Request]] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)
    window: deque[float] = field(default_factory=deque)
    made_payments: list[int] = field(default_factory=list)
    made_vouchers: list[VoucherKey] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)
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
