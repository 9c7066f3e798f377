"""What the world's Qliro holds: orders with their transactions, settlement lines, conventions.

It reads and writes nothing. An order is replaced when it changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

ZERO: Final = Decimal(0)


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
    """One payment transaction of an order.

    Until ``due`` it is under way, then it ``ends`` as ``Success``, ``Error`` or another status,
    with an ``error`` (code, text) if it failed. ``method`` None is the order's.
    """

    id: int
    type: str
    amount: Decimal
    at: datetime
    status: str = "Success"
    original: int | None = None
    due: datetime | None = None
    ends: str = "Success"
    error: tuple[str, str] | None = None
    method: str | None = None
    subtype: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One of an order's ``OrderItemActions``: what happened to so many of an item, and in which
    transaction; ``inc`` and ``ex`` are the price of one, with and without VAT."""

    id: int
    reference: str
    description: str
    quantity: int
    inc: Decimal
    ex: Decimal
    action: str = "Reserve"
    type: str = "Product"
    transaction: int = 0
    vat_rate: Decimal | None = None
    metadata: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Address:
    first: str | None = "Test"
    last: str | None = "Testsson"
    company: str | None = None
    street: str | None = "Storgatan 1"
    street2: str | None = None
    postal_code: str | None = "11122"
    city: str | None = "Stockholm"
    country: str | None = None
    care_of: str | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who bought; ``number`` is a company's organisation number or a person's own."""

    first: str | None = "Test"
    last: str | None = "Testsson"
    email: str | None = "test.testsson@example.com"
    mobile: str | None = "0700000000"
    number: str | None = "197906255307"
    vat_number: str | None = None
    kind: str = "Physical"


@dataclass(frozen=True, slots=True)
class Upsell:
    is_upsell: bool = False
    eligible: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class QliroOrder:
    """An order with all that happened to it; ``type_code`` None: no ``PaymentMethod`` is shown."""

    id: int
    reference: str
    currency: str
    country: str
    method: str
    transactions: tuple[Transaction, ...] = ()
    items: tuple[Item, ...] = ()
    buyer: Buyer = Buyer()
    billing: Address = Address()
    shipping: Address | None = Address()
    type_code: str | None = None
    upsell: Upsell | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


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
class Handling:
    """How this Qliro handles what it is asked to do, where no source settles it.

    A transaction is under way for ``seconds`` of the world's time, then becomes the next of
    ``fates`` or, without any, ``Success``. ``added_discount`` is the type of transaction that a
    discount added to an invoice becomes. ``increase_percent`` is how much an invoice may grow by
    additions. ``request_ids``: whether a refused request's id is remembered too. ``plus`` names
    the calls, in small letters, that only the second pair of credentials opens.
    ``reference_fails``: a new merchant reference is answered well and not taken.
    """

    seconds: float = 5.0
    fates: deque[str] = field(default_factory=deque)
    added_discount: Literal["Refund", "UpdateInvoice"] = "Refund"
    increase_percent: int = 10
    request_ids: Literal["accepted", "all"] = "accepted"
    plus: set[str] = field(default_factory=set)
    reference_fails: bool = False
