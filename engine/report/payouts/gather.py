"""Gathers the payout report: sums, accounts, proofs, what needs a person; lines by stream.

Reads what the last run left, the ledger's documents as they were intended, and Qliro's lines;
writes nothing. Amounts are added up by the database or as ``Decimal``, never as floats.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ... import json_text
from ...clock import STOCKHOLM
from ...plan.named import refuse_unknown
from ...store.database import Store
from ...store.ledger import FINISHED
from ..bank.match import read_bank
from ..bank.model import Bank
from ..status import AS_OF
from . import queries
from .booked import account_totals
from .model import (
    ZERO,
    CurrencySums,
    Document,
    Figure,
    Held,
    Line,
    Payout,
    Period,
    Report,
    Sums,
)
from .open_items import to_decide
from .proofs import proofs

CALLED = {"fortnox.invoice_payment": "payment", "fortnox.voucher": "voucher"}


def gather(
    store: Store,
    merchant: str,
    settings: Mapping[str, Any],
    now: datetime,
    period: Period | None = None,
) -> Report:
    """The report of a period, or of all payouts. ``merchant`` is what commands call it.

    Raises UsageError where the period names a payout that is not known.
    """
    period = period or Period()
    today = now.astimezone(STOCKHOLM).date()
    limits = _limits(store, period)
    rows = store.rows(queries.PAYOUTS, limits)
    keys = {"payouts": [row["payout"] for row in rows]}
    bank = read_bank(store, settings)
    payouts = _payouts(store, rows, keys, settings, bank)
    return Report(
        merchant=merchant,
        name=str(settings["name"]),
        period=period,
        as_of=store.value(AS_OF),
        made_at=now,
        books_currency=str(settings["accounting_currency"]),
        payouts=payouts,
        totals=added(
            CurrencySums(one.currency, 1, one.paid_out or ZERO, one.sums) for one in payouts
        ),
        proofs=proofs(store, payouts, period, bank),
        to_decide=to_decide(store, merchant, settings, today, limits),
        interim=tuple(
            Held(str(row["account"]), row["held"], row["must"])
            for row in store.rows(queries.INTERIM)
        ),
    )


def lines(store: Store, payouts: Sequence[str]) -> Iterator[Line]:
    """The lines of these payouts in the order of payouts and of Qliro's answers, from a stream."""
    keys = {"payouts": list(payouts)}
    given = {**keys, "finished": list(FINISHED)}
    documents = {
        action: Document(CALLED[target], number or "", voucher, adopted)
        for action, target, number, voucher, adopted in store.stream(queries.DELIVERED, given)
    }
    for row in store.stream(queries.LINES, keys):
        yield _line(row, documents)


def _line(row: Sequence[Any], documents: Mapping[str, Document]) -> Line:
    (
        payout, line, day, kind, order, merchant_reference, reference, method, invoice, state, code,
        why, vanished, gross, fee, vat, delivery, fees_by, said, who, currency,
    ) = row  # fmt: skip
    actions = dict.fromkeys(one for one in (delivery, *(fees_by or ())) if one)
    return Line(
        line, payout, day, kind or "", str(order or ""), merchant_reference or reference or "",
        method or "", invoice or "", gross, fee, vat, state, code, why,
        tuple(documents[one] for one in actions if one in documents),
        vanished, said or "", who or "", currency,
    )  # fmt: skip


def _limits(store: Store, period: Period) -> dict[str, Any]:
    """What the queries are limited to; payouts by key, whatever they were called."""
    named = None
    if period.payouts:
        known: dict[str, str] = {}
        for row in store.rows("SELECT payout, batches FROM ledger.payout_state ORDER BY BatchDate"):
            known |= dict.fromkeys([row["payout"], *row["batches"].split(", ")], row["payout"])
        refuse_unknown(period.payouts, known)
        named = list(dict.fromkeys(known[name] for name in period.payouts))
    return {"named": named, "first": period.first, "last": period.last}


def _payouts(
    store: Store,
    rows: Sequence[dict[str, Any]],
    keys: Mapping[str, Any],
    settings: Mapping[str, Any],
    bank: Bank,
) -> tuple[Payout, ...]:
    at_bank = {one.payout: one for one in bank.payouts} if bank.held_against else {}
    details = {
        row["payout"]: json_text.decode(row["detail"])
        for row in store.rows(queries.FIGURES, keys)
    }  # fmt: skip
    sums = {row.pop("payout"): row for row in store.rows(queries.SUMS, keys)}
    states: dict[str, list[tuple[str, int]]] = {}
    for row in store.rows(queries.STATES, keys):
        states.setdefault(row["payout"], []).append((row["state"], row["lines"]))
    booked = account_totals(store, keys["payouts"], settings)
    none = dict.fromkeys(("sold", "given_back", "fees", "vat", "other"), ZERO)
    found = []
    for row in rows:
        mine = sums.get(row["payout"]) or {**none, "lines": 0, "rows": 0}
        count = mine.pop("rows")
        totals = booked.get(row["payout"])
        came = at_bank.get(row["payout"])
        found.append(
            Payout(
                key=row["payout"],
                day=row["BatchDate"],
                batches=row["batches"],
                currency=row["CurrencyCode"] or str(settings["accounting_currency"]),
                paid_out=row["TotalAmount"],
                holds=row["holds"],
                proof=row["proof"],
                figures=tuple(
                    Figure(name, _decimal(stated), _decimal(counted))
                    for name, stated, counted in details.get(row["payout"], {}).get("figures", ())
                ),
                closed=row["closed"],
                transfer_state=row["transfer"],
                transfer_why=row["transfer_reason"],
                sums=Sums(**mine),
                rows=count,
                states=tuple(sorted(states.get(row["payout"], ()))),
                transfers=totals.transfers if totals else (),
                accounts=totals.accounts if totals else (),
                foreign=totals.foreign if totals else 0,
                bank=came.state if came else "",
                bank_day=came.entry.day if came and came.entry else None,
            )
        )
    return tuple(found)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def added(parts: Iterable[CurrencySums]) -> tuple[CurrencySums, ...]:
    """Figures added up, one for each currency."""
    found: dict[str, CurrencySums] = {}
    for one in parts:
        before = found.get(one.currency)
        found[one.currency] = one if before is None else CurrencySums(
            one.currency, before.payouts + one.payouts, before.paid_out + one.paid_out,
            before.sums + one.sums,
        )  # fmt: skip
    return tuple(found.values())


def month_of(text: str) -> tuple[date, date]:
    """The first and last day of a month that is written as 2026-11. Raises ValueError."""
    if not re.fullmatch(r"[12]\d{3}-\d\d", text, re.ASCII):
        raise ValueError(text)
    first = date.fromisoformat(f"{text}-01")
    return first, first.replace(day=monthrange(first.year, first.month)[1])


def year_of(text: str) -> tuple[date, date]:
    """The first and last day of a calendar year of four digits. Raises ValueError."""
    if not re.fullmatch(r"[12]\d{3}", text, re.ASCII):
        raise ValueError(text)
    return date(int(text), 1, 1), date(int(text), 12, 31)
