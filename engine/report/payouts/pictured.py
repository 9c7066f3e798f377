"""The figures behind the report's pictures: accounts day by day, ages of open items, fees.

Reads the ledger and Qliro's lines; writes nothing. Exact until a picture draws them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ...store.database import Store
from ...store.ledger import FINISHED
from .model import ZERO, ToDecide

AGES: Sequence[tuple[int, int | None]] = ((0, 7), (8, 14), (15, 30), (31, 60), (61, None))

DAILY = """
-- By interim account and day: what the documents of these payouts leave on it, and what their lines
-- demand. A booked line demands its value, a transferred one the opposite.
WITH steps AS (
    SELECT action, step, arg_max(event, seq) AS event
    FROM ledger.event
    GROUP BY action, step
),
booked AS (
    SELECT i.action, i.covers, i.moves, i.document::JSON AS document,
        coalesce(i.document ->> '$.TransactionDate', i.document ->> '$.PaymentDate')::DATE AS day
    FROM ledger.intent AS i
    JOIN steps AS c ON c.action = i.action AND c.step = 'create'
    LEFT JOIN steps AS b ON b.action = i.action AND b.step = 'bookkeep'
    WHERE i.payout IN (SELECT unnest($payouts))
      AND list_contains(['fortnox.voucher', 'fortnox.invoice_payment'], i.target)
      AND list_contains($finished, c.event)
      AND (c.event = 'adopted' OR NOT list_contains(i.follow, 'bookkeep')
           OR list_contains($finished, b.event))
),
posted AS (
    SELECT day, (document ->> '$.ModeOfPaymentAccount') AS account,
        (document ->> '$.Amount')::DECIMAL(18, 4) AS amount
    FROM booked
    WHERE (document ->> '$.ModeOfPaymentAccount') IS NOT NULL
    UNION ALL
    SELECT day, row ->> '$.Account',
        (row ->> '$.Debit')::DECIMAL(18, 4) - (row ->> '$.Credit')::DECIMAL(18, 4)
    FROM (SELECT day, unnest((document -> '$.VoucherRows')::JSON[]) AS row FROM booked)
),
touched AS (
    SELECT day, unnest(covers) AS line, 1 AS sign FROM booked WHERE len(moves) = 0
    UNION ALL
    SELECT day, line, -1
    FROM (SELECT day, covers, unnest(moves) AS line FROM booked)
    WHERE NOT list_contains(covers, line)
),
demanded AS (
    SELECT t.day, l.interim::VARCHAR AS account, t.sign * l.value AS amount
    FROM touched AS t
    JOIN ledger.line_state AS l ON l.line = t.line
    WHERE l.value IS NOT NULL AND l.interim IS NOT NULL
),
accounts AS (SELECT DISTINCT account FROM demanded)
SELECT account, day, sum(held) AS held, sum(must) AS must
FROM (
    SELECT account, day, amount AS held, 0::DECIMAL(18, 4) AS must FROM posted
    WHERE account IN (SELECT account FROM accounts)
    UNION ALL
    SELECT account, day, 0::DECIMAL(18, 4), amount FROM demanded
)
GROUP BY account, day
ORDER BY account, day
"""
SHARES = """
-- By month, payment method and currency of these payouts: what was sold and what it cost. A fee has
-- the method of the line that it belongs to.
SELECT
    date_trunc('month', p.BatchDate)::DATE AS month,
    coalesce(m.PaymentMethodType, s.PaymentMethodType, '') AS method,
    coalesce(l.CurrencyCode, p.CurrencyCode, '') AS currency,
    coalesce(sum(l.gross) FILTER (WHERE l.Type = 'Transaction' AND l.gross > 0), 0) AS sold,
    coalesce(sum(l.gross) FILTER (WHERE l.Type = 'Fee'), 0) AS fees
FROM ledger.line_state AS l
JOIN ledger.payout_state AS p ON p.payout = l.payout
LEFT JOIN qliro.settlement_line AS s ON s.line = l.line
LEFT JOIN (
    SELECT Id, PaymentTransactionId, any_value(PaymentMethodType) AS PaymentMethodType
    FROM qliro.settlement_line
    WHERE Type = 'Transaction' AND Status = 'Accepted' AND PaymentTransactionId <> 0
    GROUP BY Id, PaymentTransactionId
) AS m ON l.Type = 'Fee' AND m.Id = s.Id AND m.PaymentTransactionId = s.PaymentTransactionId
WHERE l.payout IN (SELECT unnest($payouts)) AND l.Status = 'Accepted' AND NOT l.vanished
GROUP BY ALL
ORDER BY month, method, currency
"""


@dataclass(frozen=True, slots=True)
class Day:
    """An interim account at the end of a day: what is on it, and what must be."""

    account: str
    day: date
    held: Decimal
    must: Decimal


@dataclass(frozen=True, slots=True)
class Age:
    """What is open and so many days old: from ``first`` to ``last`` (None: or older)."""

    first: int
    last: int | None
    parked: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Share:
    """What a payment method sold in a month and what it cost (below zero), in a currency."""

    month: date
    method: str
    currency: str
    sold: Decimal
    fees: Decimal


def days(store: Store, payouts: Sequence[str]) -> list[Day]:
    """The interim accounts day by day, as far as the documents of these payouts move them."""
    given = {"payouts": list(payouts), "finished": list(FINISHED)}
    found: list[Day] = []
    held = must = ZERO
    for row in store.rows(DAILY, given):
        if not found or found[-1].account != row["account"]:
            held = must = ZERO
        held, must = held + row["held"], must + row["must"]
        found.append(Day(row["account"], row["day"], held, must))
    return found


def ages(items: Iterable[ToDecide]) -> list[Age]:
    """How old what is open is."""
    all_of = list(items)
    found = []
    for first, last in AGES:
        mine = [one for one in all_of if first <= one.age and (last is None or one.age <= last)]
        parked = sum(one.state == "parked" for one in mine)
        found.append(Age(first, last, parked, len(mine) - parked))
    return found


def shares(store: Store, payouts: Sequence[str]) -> list[Share]:
    """What each payment method sold and cost, by month."""
    return [
        Share(row["month"], row["method"], row["currency"], row["sold"], row["fees"])
        for row in store.rows(SHARES, {"payouts": list(payouts)})
    ]
