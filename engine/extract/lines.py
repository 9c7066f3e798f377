"""Whether a later answer about a batch tells a line less well than an earlier one did.

Reads the staged lines of the batch. A line is known by its transaction, action, type, amount and
currency: one that has lost some of it would count as another line, and be booked beside the first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..store.database import Store
from .rows import Rows

LISTS = ("Settlements", "PendingSettlements", "RejectedSettlements")
# Qliro's enums by their places (its OpenAPI document, x-enumNames).
ACTIONS = ("Debit", "Credit")
TYPES = ("Transaction", "Fee", "Chargeback")

Known = tuple[Any, Any, str, str]  # transaction, reference where there is none, action, type


def lost(
    store: Store, batch: str, content: Mapping[str, Any], unstaged: Callable[[], Any | None]
) -> str | None:
    """What a line of the batch lost since it was read last, in words; None where none did.

    ``content`` is the decoded answer, of which every field can be read; ``unstaged`` gives another
    that came before it and is not staged yet, or None.
    """
    if not batch.isdecimal() or not any(_poor(_known(row)) for row in _rows(content)):
        return None
    now: dict[Any, Counter[Known]] = defaultdict(Counter)
    before: dict[Any, Counter[Known]] = defaultdict(Counter)
    for row in _rows(content):
        now[Decimal(row["Amount"]), row.get("CurrencyCode")][_known(row)] += 1
    came_before = unstaged()
    for row in store.rows(BEFORE, [int(batch)]) if came_before is None else _rows(came_before):
        before[Decimal(row["Amount"]), row.get("CurrencyCode")][_known(row)] += 1
    for money, were in before.items():
        gone, came = were - now[money], now[money] - were
        less = next((one for one in gone if any(_says_less(new, one) for new in came)), None)
        if less is not None:
            return (
                f"the line of {money[0].normalize():f} {money[1]} of transaction {less[0]} is "
                "not told as it was, and one that says less stands in its place"
            )
    return None


def _rows(content: Any) -> Iterator[Mapping[str, Any]]:
    """The lines of an answer that have an amount."""
    lists = (content.get(name) for name in LISTS) if isinstance(content, dict) else ()
    every = (row for rows in lists if isinstance(rows, list | Rows) for row in rows)
    return (row for row in every if isinstance(row, dict) and _is_amount(row.get("Amount")))


def _is_amount(value: Any) -> bool:
    try:
        return value is not None and Decimal(value).is_finite()
    except (ArithmeticError, TypeError, ValueError):
        return False


def _says_less(new: Known, before: Known) -> bool:
    """Whether something that told what a line is told it before, and does no more."""
    return (
        bool(before[0] and not new[0])
        or (before[2] in ACTIONS and new[2] not in ACTIONS)
        or (before[3] in TYPES and new[3] not in TYPES)
    )


BEFORE = """
SELECT Amount, CurrencyCode, PaymentTransactionId, MerchantOrderReference, Action, Type
FROM qliro.settlement_line
WHERE Id = ? AND NOT vanished AND Amount IS NOT NULL
"""


def _known(row: Mapping[str, Any]) -> Known:
    transaction = row.get("PaymentTransactionId")
    transaction = None if transaction in (None, "") else int(transaction)
    reference = None if transaction is not None else row.get("MerchantOrderReference")
    return transaction, reference, _name(row.get("Action"), ACTIONS), _name(row.get("Type"), TYPES)


def _name(value: Any, names: tuple[str, ...]) -> str:
    text = str(value)
    return names[int(text)] if text in [str(place) for place in range(len(names))] else text


def _poor(known: Known) -> bool:
    transaction, _, action, type = known
    return not transaction or action not in ACTIONS or type not in TYPES
