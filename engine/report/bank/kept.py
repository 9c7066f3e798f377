"""Keeps what statements say of payouts: days and amounts of booked entries, texts only of Qliro's.

Reads statements, writes ``ledger.bank_statement`` and ``ledger.bank_entry``; the same entry again,
in the same file or another, is one entry.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ...bank.statement import ZERO, Entry, Statement
from ...store.database import Store
from .model import BankEntry

STATEMENT_COLUMNS = (
    "statement", "noted_at", "account", "currency", "first", "last", "opening", "closing",
    "problems",
)  # fmt: skip
ENTRY_COLUMNS = (
    "entry", "noted_at", "account", "day", "amount", "currency", "reversal", "looks", "text",
)  # fmt: skip
SHORTEST = 4  # a payout's number shorter than this in a text proves nothing


@dataclass(frozen=True, slots=True)
class Added:
    """What a file brought: statements and entries, and how many of them were new."""

    statements: int
    entries: int
    new_statements: int
    new_entries: int


def keep(
    store: Store, now: datetime, statements: Iterable[Statement], settings: Mapping[str, Any]
) -> Added:
    """Write down what is new in the statements, all or nothing."""
    known = {row["statement"] for row in store.rows("SELECT statement FROM ledger.bank_statement")}
    entries = {row["entry"] for row in store.rows("SELECT entry FROM ledger.bank_entry")}
    payouts, names = _numbers(store), settings["bank"]["names"]
    told_statements, told_entries = 0, 0
    new_statements: dict[str, tuple[Any, ...]] = {}
    new_entries: dict[str, tuple[Any, ...]] = {}
    for one in statements:
        told_statements += 1
        key = _digest(one.account, one.currency, one.id, one.first, one.last, one.opening,
                      one.closing, len(one.entries))  # fmt: skip
        if key not in known:
            new_statements[key] = (
                key, now, one.account, one.currency, one.first, one.last, one.opening,
                one.closing, list(one.problems),
            )  # fmt: skip
        for entry in one.entries:
            told_entries += 1
            called = (one.account, entry.day, entry.amount, entry.currency, entry.reference,
                      entry.ordinal)  # fmt: skip
            if _digest(*called) in entries:
                continue
            for place, (amount, looks, texts) in enumerate(_looked_at(entry, names, payouts)):
                id_ = _digest(*called, f"part {place}") if place else _digest(*called)
                new_entries[id_] = (
                    id_, now, one.account, entry.day, amount, entry.currency, entry.reversal,
                    looks, " · ".join(texts) if looks else "",
                )  # fmt: skip
    with store.transaction():
        store.append("ledger.bank_statement", new_statements.values(), STATEMENT_COLUMNS)
        store.append("ledger.bank_entry", new_entries.values(), ENTRY_COLUMNS)
    return Added(told_statements, told_entries, len(new_statements), len(new_entries))


def _looked_at(
    entry: Entry, names: Sequence[str], payouts: Collection[str]
) -> list[tuple[Decimal, bool, tuple[str, ...]]]:
    """Amount, whether it looks like Qliro's, and texts: of the entry as it is; of a batch in which
    others' payments are too, of what is not Qliro's together and of each part that is."""
    mine = [one for one in entry.parts if looks_like_qliros(one.texts, names, payouts)]
    if len(mine) == len(entry.parts):
        return [(entry.amount, looks_like_qliros(entry.texts, names, payouts), entry.texts)]
    if mine and entry.parts_total == entry.amount:
        own = [(one.amount or ZERO, True, one.texts) for one in mine]
        rest = entry.amount - sum((amount for amount, _, _ in own), ZERO)
        return [(rest, False, ()), *own]
    # Which part has how much is not known: one entry, and nothing that others' parts say.
    of_others = {text for one in entry.parts if one not in mine for text in one.texts}
    texts = tuple(one for one in entry.texts if one not in of_others)
    return [(entry.amount, looks_like_qliros(texts, names, payouts), texts)]


def looks_like_qliros(
    texts: Sequence[str], names: Sequence[str], payouts: Iterable[str]
) -> bool:
    """Whether they have one of the names, or the number of a payout."""
    text = " ".join(texts)
    folded = text.casefold()
    return any(name.casefold() in folded for name in names) or any(
        names_number(text, one) for one in payouts
    )


def names_number(text: str, number: str) -> bool:
    """Whether a text has the number, and not as a part of a longer one."""
    return len(number) >= SHORTEST and (
        re.search(rf"(?<!\w){re.escape(number)}(?!\w)", text) is not None
    )


def _numbers(store: Store) -> set[str]:
    rows = store.rows(
        "SELECT payout AS number FROM ledger.payout_state "
        "UNION SELECT BatchId FROM qliro.settlement_batch WHERE BatchId IS NOT NULL"
    )
    return {row["number"] for row in rows}


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(str(one) for one in parts).encode()).hexdigest()[:32]


def kept_entries(store: Store) -> list[BankEntry]:
    """All entries, the oldest first."""
    rows = store.rows(
        "SELECT entry, account, day, amount, currency, looks, text, reversal "
        "FROM ledger.bank_entry ORDER BY day, entry"
    )
    return [BankEntry(**row) for row in rows]


def kept_statements(store: Store) -> list[dict[str, Any]]:
    """All statements that have days, by account and day."""
    return store.rows(
        "SELECT * FROM ledger.bank_statement "
        'ORDER BY account, currency, "first" NULLS FIRST, "last", statement'
    )
