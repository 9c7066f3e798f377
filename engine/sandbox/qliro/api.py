"""Qliro's Admin API as far as the flows use it: which path leads where, and settlements.

Orders are shown by ``qliro_orders`` and changed by ``qliro_commands``; nothing is changed here.
Totals and summaries are summed in one place, from the lines that are visible at the world's present
time, by the world's conventions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote

from ..world.exchange import Request, Response, answered, parameters
from ..world.world import ZERO, Batch, Conventions, Line, World
from . import commands as qliro_commands
from .orders import order, transaction
from .spelling import enum, refused, stamp

PREFIX: Final = "/checkout/adminapi"
ACTIONS: Final = ("Debit", "Credit")
TYPES: Final = ("Transaction", "Fee", "Chargeback")
STATUSES: Final = ("Accepted", "Rejected", "Pending")
_LISTS: Final = {
    "Accepted": "Settlements",
    "Pending": "PendingSettlements",
    "Rejected": "RejectedSettlements",
}
Shape = dict[str, Any]


def authorization(secret: str, body: bytes = b"") -> str:
    """The ``Authorization`` header that signs a body (empty for a GET) with the secret."""
    digest = hashlib.sha256(body + secret.encode()).digest()
    return f"Qliro {base64.b64encode(digest).decode()}"


def answer(world: World, request: Request) -> Response:
    """Qliro's answer to a request under ``/checkout/adminapi``; paths in any case.

    The signature is over the exact bytes of the body, for a GET over none, with the secret of one
    of the two pairs of credentials.
    """
    pair: str | None = None
    if world.access.required:
        pair = _signed_by(world, request)
        if pair is None:
            return Response(401)
    path = unquote(request.path[len(PREFIX) :])
    parts = path.strip("/").split("/")
    names = [part.lower() for part in parts]
    if request.method == "POST" and len(names) == 2 and names[0] == "v2":
        done = qliro_commands.answer(world, request, names[1], pair)
        return done or refused(404, "NOT_FOUND", "No such resource")
    if request.method != "GET" or names[0] != "v2":
        return refused(404, "NOT_FOUND", "No such resource")
    match names[1:]:
        case ["settlements"]:
            return _settlements(world, request)
        case ["settlements", "getsettlementbatches"]:
            return _batches(world, request)
        case ["settlements", "getsettlementsbybatchid"]:
            return _by_batch(world, request)
        case ["orders", _]:
            return order(world, parts[2])
        case ["paymenttransactions", id]:
            return transaction(world, id)
    return refused(404, "NOT_FOUND", "No such resource")


def _signed_by(world: World, request: Request) -> str | None:
    """Which pair's secret signed the request: ``main``, ``plus`` or none."""
    access, given = world.access, request.headers.get("authorization", "").encode()
    secrets = {"main": access.merchant_api_secret, "plus": access.plus_api_secret}
    for pair, secret in secrets.items():
        if hmac.compare_digest(authorization(secret, request.body).encode(), given):
            return pair
    return None


# -- what is visible, and what it sums to ---------------------------------------------------------


def _shown(item: Line | Batch, now: datetime) -> bool:
    return (item.appears is None or item.appears <= now) and (
        item.vanishes is None or now < item.vanishes
    )


def visible(batch: Batch, now: datetime, status: str | None = None) -> list[Line]:
    """The batch's lines that the API shows now, of one status or of all."""
    return [
        line
        for line in batch.lines
        if _shown(line, now) and (status is None or line.status == status)
    ]


def signed(line: Line) -> Decimal:
    """What a line adds to the payout: a sale +, a refund −, a fee − whatever its action."""
    return line.amount if line.action == "Debit" and line.type != "Fee" else -line.amount


def totals(lines: Iterable[Line]) -> tuple[Decimal, Decimal]:
    """(net of fees, fees) of the lines given, in their currency."""
    net, fees = ZERO, ZERO
    for line in lines:
        net += signed(line)
        fees += line.amount if line.type == "Fee" else ZERO
    return net, fees


def summary(lines: Sequence[Line], conventions: Conventions, off_by: Decimal = ZERO) -> Shape:
    """One of the four summaries: debit and credit rows without fees, and fees, summed apart."""
    groups: dict[str, list[Decimal]] = {"Debit": [], "Credit": [], "Fee": []}
    for line in lines:
        group = "Fee" if line.type == "Fee" else _action(line, conventions)
        if group in groups:
            groups[group].append(_amount(line, conventions))
    result: Shape = {}
    for group, amounts in groups.items():
        result[f"{group}TransactionsTotalSum"] = sum(amounts, ZERO)
        result[f"{group}TransactionsCount"] = len(amounts)
    result["DebitTransactionsTotalSum"] += off_by
    return result


def _amount(line: Line, conventions: Conventions) -> Decimal:
    return signed(line) if conventions.signed_amounts else line.amount


def _action(line: Line, conventions: Conventions) -> str:
    swapped = {} if conventions.debit_is_sale else {"Debit": "Credit", "Credit": "Debit"}
    return swapped.get(line.action, line.action)


# -- shapes ---------------------------------------------------------------------------------------


def line_shape(line: Line, conventions: Conventions, ordinal: int) -> Shape:
    """A row; the fields that its list does not carry are left out."""
    shape: Shape = {
        "PaymentTransactionId": line.transaction,
        "BatchId": line.batch_id,
        "Action": enum(_action(line, conventions), ACTIONS, conventions, ordinal),
        "Type": enum(line.type, TYPES, conventions, ordinal),
        "CurrencyCode": line.currency,
        "Amount": _amount(line, conventions),
        "PaymentMethodType": line.method,
        "PaymentMethodSubType": line.subtype,
        "PspSettlementDate": stamp(line.settled, conventions, ordinal),
        "ImportSettlementDate": stamp(line.settled, conventions, ordinal),
        "TransactionCompletedDate": stamp(line.completed, conventions, ordinal),
        "FxRate": line.fx_rate,
        "FxCurrencyCode": line.fx_currency,
        "FxTotal": line.fx_total,
    }
    if line.status not in ("Pending", "Rejected"):
        shape |= {
            "OrderId": line.order or 0,
            "MerchantOrderReference": line.reference,
            "CountryCode": line.country,
            "AcquirerName": line.acquirer,
            "VatRate": line.vat_rate,
            "AmountExcludingVat": line.excluding_vat,
        }
    elif line.status == "Pending":
        shape["MerchantOrderReference"] = line.reference
    if conventions.future_fields:
        shape["FutureField"] = "tolerated"
    return shape | dict(line.extra)


def batch_shape(batch: Batch, world: World, ordinal: int) -> Shape:
    """A batch as the list shows it, its totals summed from what is accepted and visible now."""
    conventions = world.conventions
    net, fees = totals(visible(batch, world.now(), "Accepted"))
    shape: Shape = {
        "Id": batch.id,
        "BatchId": batch.batch_id,
        "AcquirerName": batch.acquirer,
        "BatchDate": stamp(batch.day, conventions, ordinal),
        "CurrencyCode": batch.currency,
        "TotalAmount": (net + fees if conventions.gross_totals else net) + batch.total_off_by,
        "TotalFeeAmount": -fees if conventions.signed_amounts else fees,
        "FxTotalAmount": batch.fx_total,
        "FxCurrencyCode": batch.fx_currency,
        "FxRate": batch.fx_rate,
    }
    if conventions.future_fields:
        shape["FutureField"] = {"tolerated": True}
    return shape | dict(batch.extra)


def _lists(lines: Sequence[Line], conventions: Conventions) -> Shape:
    """The lines under their status's list; a status that nobody knows makes a list of its own."""
    lists: Shape = {name: [] for name in _LISTS.values()}
    for ordinal, line in enumerate(lines):
        name = _LISTS.get(line.status, f"{line.status}Settlements")
        lists.setdefault(name, []).append(line_shape(line, conventions, ordinal))
    return lists


def _by_batch(world: World, request: Request) -> Response:
    id = parameters(request.query).get("Id", [""])[0]
    batch = world.batches.get(int(id)) if id.isdecimal() else None
    if batch is None or not _shown(batch, world.now()):
        return refused(404, "BATCH_NOT_FOUND", "Batch not found")
    conventions, lines = world.conventions, visible(batch, world.now())
    of = {status: [line for line in lines if line.status == status] for status in STATUSES}
    off = batch.summary_off_by
    content = _lists(lines, conventions) | {
        "TotalSummary": summary([i for s in STATUSES for i in of[s]], conventions, off),
        "SettlementTransactionSummary": summary(of["Accepted"], conventions, off),
        "PendingTransactionsSummary": summary(of["Pending"], conventions),
        "RejectedTransactionsSummary": summary(of["Rejected"], conventions),
    }
    return answered(content)


# -- periods --------------------------------------------------------------------------------------


class _PeriodError(Exception):
    """A period that Qliro refuses, with the answer that says so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.response = refused(400, code, message)


def _period(
    world: World, query: dict[str, list[str]], names: tuple[str, str], longest: int, too_long: str
) -> tuple[date, date]:
    yesterday = world.today() - timedelta(days=1)
    texts = [query.get(name, [""])[0] for name in names]
    try:
        given = [date.fromisoformat(text.replace("/", "-")) if text else None for text in texts]
    except ValueError:
        message = f"Property: {names[0]}, Message: Not a date in the format yyyy/mm/dd"
        raise _PeriodError("INVALID_INPUT", message) from None
    last = given[1] or yesterday
    first = given[0] or last
    if max(first, last) > yesterday:
        raise _PeriodError(
            "PERIOD_NOT_SETTLED", "The period contains days that are not settled yet"
        )
    if first > last:
        raise _PeriodError("PERIOD_INVALID", "The period ends before it begins")
    if (last - first).days > longest:
        raise _PeriodError(too_long, f"The period is longer than {longest} days")
    return first, last


def _many(query: dict[str, list[str]], name: str) -> list[str]:
    """An array parameter, its name repeated or its values separated by commas."""
    return [part for value in query.get(name, []) for part in value.split(",") if part]


def _batches(world: World, request: Request) -> Response:
    query = parameters(request.query)
    try:
        first, last = _period(
            world, query, ("FromBatchDate", "ToBatchDate"), 60, "PERIOD_LIMIT_EXCEEDED"
        )
    except _PeriodError as bad:
        return bad.response
    currency, acquirers = query.get("CurrencyCode", [""])[0], _many(query, "AcquirerNames")
    found = [
        batch
        for batch in world.batches.values()
        if first <= batch.day <= last
        and _shown(batch, world.now())
        and (not currency or batch.currency == currency)
        and (not acquirers or batch.acquirer in acquirers)
    ]
    shapes = [batch_shape(batch, world, ordinal) for ordinal, batch in enumerate(found)]
    return answered({"SettlementBatches": shapes})


def _settlements(world: World, request: Request) -> Response:
    query = parameters(request.query)
    try:
        first, last = _period(world, query, ("FromDate", "ToDate"), 61, "PERIOD_INVALID")
    except _PeriodError as bad:
        return bad.response
    types = _many(query, "Types") or ["Transaction"]
    statuses = _many(query, "SettlementStatuses") or ["Accepted"]
    statuses = [STATUSES[int(s)] if s in ("0", "1", "2") else s for s in statuses]
    country = query.get("CountryCode", [""])[0]
    if country:
        statuses = [status for status in statuses if status == "Accepted"]
    wanted = {
        "method": query.get("PaymentMethodType", [""])[0],
        "currency": query.get("CurrencyCode", [""])[0],
        "batch_id": query.get("BatchId", [""])[0],
        "country": country,
    }
    lines = [
        line
        for batch in world.batches.values()
        if first <= batch.day <= last and _shown(batch, world.now())
        for line in visible(batch, world.now())
        if line.type in types
        and line.status in statuses
        and all(not value or getattr(line, name) == value for name, value in wanted.items())
    ]
    content = _lists(lines, world.conventions)
    for shape in (shape for shapes in content.values() for shape in shapes):
        shape["PaymentTransactionId"] = shape["PaymentTransactionId"] or 0  # never null here
    for shape in content["RejectedSettlements"]:
        del shape["TransactionCompletedDate"]
    return answered(content)
