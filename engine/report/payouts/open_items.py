"""What is open of payouts and orders, each with what a person can decide of it.

Reads the states that the last run left and the candidates of what was not matched; writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ... import json_text
from ...store.database import Store
from . import queries
from .choices import choices, kinds_of_item, kinds_of_line, kinds_of_transfer
from .model import Candidate, ToDecide

MOST_CANDIDATES = 5


def stamp(state: str, code: str, reason: str) -> str:
    """A short text that is another where the state of an item is."""
    return hashlib.sha256("\n".join((state, code, reason)).encode()).hexdigest()[:12]


def to_decide(
    store: Store, merchant: str, settings: Mapping[str, Any], today: date, limits: Mapping[str, Any]
) -> tuple[ToDecide, ...]:
    """What is parked or waits: first what needs a person, then what waits by itself."""
    found = [
        *_lines(store, merchant, settings, today, limits),
        *_transfers(store, merchant, settings, today, limits),
        *(_items(store, merchant, settings, today, limits) if limits["named"] is None else ()),
    ]
    return tuple(sorted(found, key=lambda one: not one.urgent))


def _urgent(state: str, age: int, settings: Mapping[str, Any]) -> bool:
    return state == "parked" or (state == "waiting" and age > settings["alert_after_days"])


def _lines(
    store: Store, merchant: str, settings: Mapping[str, Any], today: date, limits: Mapping[str, Any]
) -> Iterator[ToDecide]:
    rows = store.rows(queries.OPEN_LINES, {one: limits[one] for one in ("named", "last")})
    sources = {"sources": [row["source"] for row in rows]}
    lost = {row["source"]: json_text.decode(row["trace"]) for row in
            store.rows(queries.LOSERS, sources)}  # fmt: skip
    suspense = settings["accounts"].get("suspense")
    for row in rows:
        age = (today - row["BatchDate"]).days
        ref = row["delivery"] if row["code"] == "undecided" else row["line"]
        # Without a suspense account no run could carry that out.
        kinds = tuple(one for one in kinds_of_line(row)
                      if one != "suspense" or suspense is not None)  # fmt: skip
        losers = lost.get(row["source"], {}).get("match", {}).get("losers", ())
        yield ToDecide(
            kind="line", ref=ref, what=row["Type"] or "", payout=row["payout"],
            day=row["BatchDate"], age=age, order=str(row["OrderId"] or ""),
            reference=row["MerchantOrderReference"] or row["reference"] or "",
            amount=row["gross"], currency=row["CurrencyCode"] or "", state=row["state"],
            code=row["code"], why=row["reason"],
            choices=choices(merchant, ref, kinds, row["interim"], row["value"], suspense),
            candidates=tuple(
                Candidate(str(invoice), str(why)) for invoice, _, why in losers[:MOST_CANDIDATES]
            ),
            stamp=stamp(row["state"], row["code"], row["reason"]),
            urgent=_urgent(row["state"], age, settings),
        )  # fmt: skip


def _transfers(
    store: Store, merchant: str, settings: Mapping[str, Any], today: date, limits: Mapping[str, Any]
) -> Iterator[ToDecide]:
    undecided = {
        row["source"]
        for row in store.rows(
            "SELECT i.source FROM ledger.intent AS i JOIN ledger.step AS s ON s.action = i.action "
            "WHERE s.event = 'undecided'"
        )
    }
    given = {one: limits[one] for one in ("named", "last")}
    for row in store.rows(queries.OPEN_TRANSFERS, given):
        age = (today - row["BatchDate"]).days
        key = row["payout"]
        yield ToDecide(
            kind="transfer", ref=key, what="transfer", payout=key, day=row["BatchDate"], age=age,
            order="", reference="", amount=row["TotalAmount"], currency=row["CurrencyCode"] or "",
            state=row["transfer"], code="transfer", why=row["transfer_reason"],
            choices=choices(merchant, key, kinds_of_transfer(row, undecided=key in undecided)),
            stamp=stamp(row["transfer"], "transfer", row["transfer_reason"]),
            urgent=_urgent(row["transfer"], age, settings),
        )  # fmt: skip


def _items(
    store: Store, merchant: str, settings: Mapping[str, Any], today: date, limits: Mapping[str, Any]
) -> Iterator[ToDecide]:
    for row in store.rows(queries.OPEN_ITEMS, {"last": limits["last"]}):
        age = (today - row["OrderDate"]).days if row["OrderDate"] else 0
        ref = row["delivery"] if row["code"] == "undecided" else row["source"]
        yield ToDecide(
            kind="order", ref=ref, what=row["mapping"], payout="", day=row["OrderDate"], age=age,
            order=row["OrderId"], reference=row["MerchantReference"] or "", amount=None,
            currency="", state=row["state"], code=row["code"], why=row["reason"],
            choices=choices(merchant, ref, kinds_of_item(row)),
            stamp=stamp(row["state"], row["code"], row["reason"]),
            urgent=_urgent(row["state"], age, settings),
        )  # fmt: skip
