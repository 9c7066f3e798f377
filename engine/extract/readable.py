"""What of an answer can't be read: a field of another type or size than this program reads it as,
or one that is not there and without which its entry is of no use.

Reads the shapes that ``engine/store/sql/stage_*.sql`` reads answers as, so that a column that is
added there is looked at by itself; writes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from ..store.statements import FOLDER as SQL_FOLDER
from ..transport.endpoints import ENDPOINTS, Endpoint
from .dates import stockholm_date
from .rows import Rows

# Without these an entry is of no use, by endpoint and list. Others may be null: what needs them
# says so. The IDS of them must be there, the others are not to be null where they are.
NEEDED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "settlement_batches": {
        "SettlementBatches": ("Id", "BatchDate", "CurrencyCode", "TotalAmount"),
    },
    "settlements_by_batch": {
        "Settlements": ("Amount", "Action", "Type", "CurrencyCode"),
        "PendingSettlements": ("Amount",),
        "RejectedSettlements": ("Amount",),
    },
    "merchant_order": {"": ("OrderId",)},
    "order": {
        "": ("OrderId",),
        "OrderItemActions": ("ActionType", "Type", "Quantity", "PricePerItemIncVat"),
        "PaymentTransactions": ("Type", "Status", "Amount", "Timestamp"),
    },
    "invoices": {"Invoices": ("DocumentNumber", "Total", "Balance")},
    "invoice": {"Invoice": ("DocumentNumber",)},
    "orders": {"Orders": ("DocumentNumber",)},
    "fortnox_order": {"Order": ("DocumentNumber",)},
    "customers": {"Customers": ("CustomerNumber",)},
    "customer": {"Customer": ("CustomerNumber",)},
    "articles": {"Articles": ("ArticleNumber",)},
    "article": {"Article": ("ArticleNumber",)},
    "invoice_payments": {"InvoicePayments": ("Number", "InvoiceNumber", "Amount")},
    "invoice_payment": {"InvoicePayment": ("Number",)},
    "vouchers": {"Vouchers": ("VoucherSeries", "VoucherNumber", "Year")},
    "voucher": {"Voucher": ("VoucherSeries", "VoucherNumber", "Year")},
    "accounts": {"Accounts": ("Number",)},
    "voucher_series": {"VoucherSeriesCollection": ("Code",)},
    "financial_years": {"FinancialYears": ("Id", "FromDate", "ToDate")},
    "currencies": {"Currencies": ("Code",)},
    "modes_of_payment": {"ModesOfPayments": ("Code",)},
    "terms_of_payment": {"TermsOfPayments": ("Code",)},
    "cost_centers": {"CostCenters": ("Code",)},
    "projects": {"Projects": ("ProjectNumber",)},
}
IDS = (
    "Id", "DocumentNumber", "CustomerNumber", "ArticleNumber", "Number", "InvoiceNumber", "Code",
    "ProjectNumber", "VoucherSeries", "VoucherNumber", "Year", "OrderId",
)  # fmt: skip
# What mappings look for a document by, beside its ids: an entry in which one of them can't be read
# may be anybody's.
REFERENCES: Mapping[str, tuple[str, ...]] = {
    "invoices": ("ExternalInvoiceReference1", "ExternalInvoiceReference2", "OCR"),
    "orders": (
        "ExternalInvoiceReference1", "ExternalInvoiceReference2", "YourOrderNumber",
        "OurReference", "YourReference",
    ),
    "customers": ("OrganisationNumber", "Email"),
    "vouchers": ("Description", "TransactionDate"),
}  # fmt: skip
_SHAPE = re.compile(r"from_json\(\s*(?:body|text),\s*'(.*?)'\s*\)", re.DOTALL)
_DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
LISTS = (list, Rows)
LONGEST = 60  # of a value that is told
NO_DAY = "0001-01-01"  # so .NET writes that there is none

Shape = dict[str, Any]
Reads = Callable[[Any], bool]


@cache
def shapes() -> dict[str, Shape]:
    """What the stage reads of each endpoint's answers: types by name, lists and objects within."""
    found: dict[str, Shape] = {}
    for path in sorted(SQL_FOLDER.glob("stage_*.sql")):
        for text in _SHAPE.findall(path.read_text("utf-8")):
            shape = json.loads(text)
            for endpoint in ENDPOINTS:
                first = next(
                    iter(shape)
                )  # an order has a Customer too, which is no customer's card
                beside = endpoint.name == "settlements_by_batch" and first == "TotalSummary"
                if endpoint.staged and (first == endpoint.key or beside):
                    _merge(found.setdefault(endpoint.name, {}), shape)
    return found


def _merge(into: Shape, shape: Shape) -> None:
    for name, kind in shape.items():
        if isinstance(kind, dict):
            _merge(into.setdefault(name, {}), kind)
        elif isinstance(kind, list):
            _merge(into.setdefault(name, [{}])[0], kind[0])
        else:
            into[name] = kind


def unread(endpoint: str, content: Mapping[str, Any]) -> str | None:
    """The first thing in a decoded answer that can't be read, in words; None for a good answer."""
    looked = read_fields(endpoint)
    return _first(looked, content, "the answer") if looked else None


def missing(endpoint: str, content: Mapping[str, Any]) -> str | None:
    """The first field that its entry needs and that is not in a decoded answer at all, in words."""
    return _absent(read_fields(endpoint), content, "the answer")


def _absent(fields: tuple[_Field, ...], values: Mapping[str, Any], place: str) -> str | None:
    for name, must, _, inner, is_list in fields:
        if must and name not in values:
            return f"{place} has no {name}"
        value = values.get(name)
        rows = value if is_list and isinstance(value, LISTS) else [value] if not is_list else []
        for position, row in enumerate(rows, start=1):
            where = f"row {position} of {name}" if is_list else name
            if inner and isinstance(row, dict) and (told := _absent(inner, row, where)):
                return told
    return None


def readable(endpoint: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of a decoded list: entries without a readable id are gone, what else can't be
    read of an entry is null. No odd entry is taken for another one, no odd value for a near one."""
    return _left(read_fields(endpoint), content) or {}


def _left(fields: tuple[_Field, ...], values: Any) -> dict[str, Any] | None:
    if not isinstance(values, Mapping):
        return None
    left: dict[str, Any] = {}
    for name, must, reads, inner, is_list in fields:
        value = values.get(name)
        if reads is None and is_list:
            rows = value if isinstance(value, list) else []
            left[name] = [row for one in rows if (row := _left(inner, one)) is not None]
        elif reads is None:
            left[name] = _left(inner, value)
        else:
            blank = value is None or (must and isinstance(value, str) and not value.strip())
            if (blank and must and name in IDS) or (
                not blank and (must or name == "Year") and name in IDS and not reads(value)
            ):
                return None
            left[name] = value if not blank and reads(value) else None
    return left


@dataclass(frozen=True, slots=True)
class Unidentified:
    """An entry of a list whose ids or references can't all be read: what it is the document of is
    not known. ``number`` and ``invoice`` are what can be read of it, ``told`` what can't."""

    told: str
    number: str | None
    invoice: str | None


def unidentified(endpoint: Endpoint, content: Mapping[str, Any]) -> list[Unidentified]:
    """The entries of a decoded list that might be anybody's. One whose figures alone can't be read
    is known by what it is called, and is not among them."""
    rows = content.get(endpoint.key or "")
    inner = next((one[3] for one in read_fields(endpoint.name) if one[0] == endpoint.key), ())
    names = tuple(
        one for one in inner
        if one[0] in REFERENCES.get(endpoint.name, ()) or (one[1] and one[0] in IDS)
    )  # fmt: skip
    number = next((one for one in inner if one[1] and one[0] in IDS), None)
    found = []
    for position, row in enumerate(rows if isinstance(rows, list) else (), start=1):
        where = f"row {position} of {endpoint.key}"
        if not isinstance(row, dict):
            found.append(Unidentified(f"{where} is not an object", None, None))
        elif told := _first(names, row, where):
            on = row.get("InvoiceNumber")
            invoice = str(on) if on and _text(on) else None
            known = number is not None and _first((number,), row, "") is None
            found.append(
                Unidentified(told, str(row[number[0]]) if known and number else None, invoice)
            )
    return found


# A field: its name, whether it must be there, how it reads, and what is within a list or an object.
_Field = tuple[str, bool, "Reads | None", "tuple[_Field, ...]", bool]


@cache
def read_fields(endpoint: str) -> tuple[_Field, ...]:
    """What is read of an endpoint's answers: of each field its name, whether it must be there, how
    it reads, what is within it, and whether that is a list."""
    return _fields(shapes().get(endpoint, {}), NEEDED.get(endpoint, {}), "")


def _fields(shape: Shape, needed: Mapping[str, tuple[str, ...]], of: str) -> tuple[_Field, ...]:
    fields: list[_Field] = []
    for name, kind in shape.items():
        must = name in needed.get(of, ())
        if isinstance(kind, str):
            fields.append((name, must, _reader(name, kind, must), (), False))
        else:
            is_list = isinstance(kind, list)
            inner = _fields(kind[0] if is_list else kind, needed, name)
            fields.append((name, must, None, inner, is_list))
    return tuple(fields)


def _first(fields: tuple[_Field, ...], values: Mapping[str, Any], place: str) -> str | None:
    for name, must, reads, inner, is_list in fields:
        value = values.get(name)
        if value is None or (must and isinstance(value, str) and not value.strip()):
            if must and (name in values or name in IDS):
                return f"{place} has no {name}"
        elif reads is not None:
            if not reads(value):
                return f"{place} has no readable {name}: {_short(value)}"
        elif is_list:
            if not isinstance(value, LISTS):
                return f"{name} is not a list"
            for position, row in enumerate(value, start=1):
                where = f"row {position} of {name}"
                if not isinstance(row, dict):
                    return f"{where} is not an object: {_short(row)}"
                if told := _first(inner, row, where):
                    return told
        elif not isinstance(value, dict):
            return f"{name} is not an object: {_short(value)}"
        elif told := _first(inner, value, name):
            return told
    return None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _reader(name: str, kind: str, must: bool) -> Reads:
    """How a field of that type reads; names of days and moments say that they are."""
    if kind == "VARCHAR":
        if name.endswith("Date") or name == "Timestamp":
            return _needed_day if must else _day
        return _text
    if kind == "BOOLEAN":
        return flag
    if (found := _DECIMAL.fullmatch(kind)) is not None:
        below = 10 ** (int(found[1]) - int(found[2]))
        return lambda value: _number(value, below)
    below = 2**31 if kind == "INTEGER" else 2**63
    return lambda value: _whole(value, below)


def _text(value: Any) -> bool:
    return isinstance(value, str | int | Decimal) and not isinstance(value, bool)


def flag(value: Any) -> bool:
    """Whether a value is true or false, in one of the ways in which it is told."""
    return isinstance(value, bool) or value in (0, 1, "", "true", "false")


def _number(value: Any, below: int) -> bool:
    """A number below a limit, or its text; an empty text is none."""
    if type(value) is int:
        return -below < value < below
    if isinstance(value, str):
        return not value.strip() or _decimal_text(value, below)
    return isinstance(value, Decimal) and value.is_finite() and abs(value) < below


@lru_cache(4096)
def _decimal_text(text: str, below: int) -> bool:
    try:
        number = Decimal(text.strip())
    except ArithmeticError:
        return False
    return number.is_finite() and abs(number) < below


def _whole(value: Any, below: int) -> bool:
    if type(value) is int:
        return -below < value < below
    if isinstance(value, str):
        return not value.strip() or bool(re.fullmatch(r"\s*[+-]?\d{1,18}(\.0+)?\s*", value))
    return (
        isinstance(value, Decimal) and _number(value, below) and value == value.to_integral_value()
    )


@lru_cache(4096)
def _has_day(text: str) -> bool | None:
    """Whether a text tells a day or moment, or none (it is empty, or the year 1); None when it
    can't be read."""
    if not text.strip() or text.strip().startswith(NO_DAY):
        return False
    return True if stockholm_date(text) else None


def _day(value: Any) -> bool:
    """A day of our time, or none."""
    return isinstance(value, str) and _has_day(value) is not None


def _needed_day(value: Any) -> bool:
    return isinstance(value, str) and _has_day(value) is True
