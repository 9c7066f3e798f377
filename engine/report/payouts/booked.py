"""What the documents of payouts book, as the rows of a voucher: debit and credit per account.

Reads the ledger's intents of what stands finished in Fortnox and the names of its accounts; writes
nothing. What a payment and its write-offs take is taken off the receivable, which Fortnox chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ... import json_text
from ...language.targets import target
from ...store.database import Store
from ...store.ledger import FINISHED
from . import queries
from .model import ZERO, AccountTotal, Transfer

RECEIVABLE = ""
OERE = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Totals:
    """What the documents of a payout book, and its transfers among them."""

    accounts: tuple[AccountTotal, ...]
    transfers: tuple[Transfer, ...]
    foreign: int


@dataclass(slots=True)
class _Adding:
    sums: dict[str, list[Decimal]] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    foreign: int = 0

    def add(self, account: str, amount: Decimal) -> None:
        """Debit above zero, credit below."""
        both = self.sums.setdefault(account, [ZERO, ZERO])
        both[amount < 0] += abs(amount)


def account_totals(
    store: Store, payouts: Sequence[str], settings: Mapping[str, Any]
) -> dict[str, Totals]:
    """By payout what its documents book."""
    given = {"payouts": list(payouts), "finished": list(FINISHED)}
    numbers = {
        action: number
        for action, aim, number, _, _ in store.stream(queries.DELIVERED, given)
        if aim == "fortnox.voucher"
    }
    adding: dict[str, _Adding] = {}
    for payout, aim, action, moves, document, adopted in store.stream(queries.BOOKED, given):
        mine = adding.setdefault(payout, _Adding())
        content = json_text.decode(document)
        rows = list(_rows(target(aim).calls["amounts"]["rows"], content))
        for account, amount in rows:
            mine.add(account, amount)
        if aim == "fortnox.invoice_payment":
            mine.foreign += "CurrencyRate" in content
            mine.add(RECEIVABLE, -sum((amount for _, amount in rows), ZERO))
        elif moves:
            day = date.fromisoformat(content["TransactionDate"])
            name = voucher_name(numbers.get(action) or "")
            mine.transfers.append(Transfer(name, day, _net(rows), adopted))
    names = {str(row["Number"]): row["name"] or "" for row in store.rows(queries.NAMES)}
    roles = roles_of(settings)
    return {
        payout: Totals(
            tuple(
                AccountTotal(number, names.get(number, ""), roles.get(number, ""), debit, credit)
                for number, (debit, credit) in sorted(mine.sums.items(), key=_by_number)
            ),
            tuple(mine.transfers),
            mine.foreign,
        )
        for payout, mine in adding.items()
    }


def summed(accounts: Iterable[AccountTotal]) -> tuple[AccountTotal, ...]:
    """Totals of several payouts as one voucher would show them."""
    found: dict[str, AccountTotal] = {}
    for one in accounts:
        before = found.get(one.number)
        found[one.number] = one if before is None else AccountTotal(
            one.number, one.name, one.role, before.debit + one.debit, before.credit + one.credit
        )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda one: _by_number((one.number, None))))


def voucher_name(number: str) -> str:
    """A voucher as people call it: T/3/2 is T 3."""
    return " ".join(number.split("/")[:2])


def roles_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """What the merchant's file uses each account for."""
    found: dict[str, str] = {}
    for name, number in (settings.get("accounts") or {}).items():
        if number is not None:
            found[str(number)] = name
    for row in settings.get("bank_accounts") or ():
        found[str(row["account"])] = "bank"
    for row in settings.get("interim_accounts") or ():
        found[str(row["account"])] = "interim"
    if settings.get("default_interim_account") is not None:
        found[str(settings["default_interim_account"])] = "interim"
    return found


def _by_number(item: tuple[str, Any]) -> tuple[int, int, str]:
    number = item[0]
    return (0, int(number), "") if number.isdigit() else (1, 0, number)


def _net(rows: Iterable[tuple[str, Decimal]]) -> tuple[tuple[str, Decimal], ...]:
    found: dict[str, Decimal] = {}
    for account, amount in rows:
        found[account] = found.get(account, ZERO) + amount
    return tuple(sorted(found.items()))


def _rows(
    declared: Iterable[Mapping[str, Any]], content: Mapping[str, Any]
) -> Iterable[tuple[str, Decimal]]:
    """(account, amount) of each row of a document, by what its target declares of amounts; a row in
    another currency than the books' by the document's own rate, and not at all without one."""
    for part in declared:
        (name,) = part["of"]
        for row in (content.get(part["list"]) or ()) if "list" in part else (content,):
            amount = Decimal(str(row.get(name) or 0))
            if "list" in part and row.get("Currency"):
                if content.get("CurrencyRate") is None:
                    continue
                rate = Decimal(str(content["CurrencyRate"]))
                amount = (amount * rate).quantize(OERE, ROUND_HALF_UP)
            if amount:
                yield str(row[part["account"]]), -amount if part.get("credit") else amount
