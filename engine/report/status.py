"""Gathers how payouts and orders stand: amounts by state, what is open, the interim accounts.

Reads what the last run left in ``ledger.payout_state``, ``line_state``, ``interim_state`` and
``order_item``, and who decided what; writes nothing. The result is plain data, for JSON and for
``engine.show.status``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ..ordering import sql_order
from ..plan.named import refuse_unknown
from ..plan.states import STATES
from ..store.database import Store
from ..store.narrow import invoices

OPEN = ("parked", "waiting", "planned")
# A closed payout is shown for so long without being asked for.
SHOWN_FOR = timedelta(days=31)

PAYOUTS = f"""
SELECT * FROM ledger.payout_state ORDER BY BatchDate, {sql_order('payout')}
"""
STATES_OF = """
-- What the lines of payouts are in.
SELECT payout, state, count(*) AS lines, sum(gross) AS amount
FROM ledger.line_state
WHERE payout IN (SELECT unnest(?::VARCHAR[]))
GROUP BY payout, state
"""
LINES = f"""
-- The lines that are not done, each with its payout's date; fees follow the line they belong to.
SELECT l.*, p.BatchDate
FROM ledger.line_state AS l
JOIN ledger.payout_state AS p ON p.payout = l.payout
WHERE list_contains(?, l.state) AND list_contains(?, l.payout)
ORDER BY list_position(?, l.state), p.BatchDate, {sql_order('l.payout')}, l.source,
    l.Type = 'Fee', l.line
"""
NAMES = """
-- What batches are called beside their Id.
SELECT [BatchId, concat_ws('/', AcquirerName, BatchId, CurrencyCode)] AS names
FROM qliro.settlement_batch
WHERE list_contains(?, Id::VARCHAR)
"""
IGNORED = f"""
-- What persons set aside, with their reasons.
SELECT l.*, p.BatchDate, r.who, r.noted_at, r.reason AS said
FROM ledger.line_state AS l
JOIN ledger.payout_state AS p ON p.payout = l.payout
LEFT JOIN ledger.resolved AS r ON r.line = coalesce(nullif(l.source, ''), l.line)
WHERE l.state = 'ignored' AND list_contains(?, l.payout)
ORDER BY p.BatchDate, {sql_order('l.payout')}, l.line
"""
# Lines by payout that were booked and that Qliro no longer lists.
VANISHED = """
SELECT payout, count(*) AS lines, sum(gross) AS amount
FROM ledger.line_state
WHERE vanished AND Status = 'Accepted' AND payout IN (SELECT unnest(?::VARCHAR[]))
GROUP BY payout
"""
# Whether any invoice that payouts have paid of is open by Fortnox's own figure.
ANY_OPEN = """
SELECT 1
FROM ledger.line_state AS l
JOIN fortnox.invoice AS i ON i.DocumentNumber = l.document
WHERE i.Balance <> 0 AND NOT i.Cancelled AND l.payout IN (SELECT unnest(?::VARCHAR[]))
LIMIT 1
"""
# Those of which they have paid a part, with what is open of them by now.
PART_PAID = f"""
WITH paying AS MATERIALIZED (
    SELECT *
    FROM ledger.line_state
    WHERE state IN ('posted', 'adopted') AND Type = 'Transaction' AND list_contains(?, payout)
)
SELECT
    l.document,
    any_value(i.Currency)                                        AS Currency,
    any_value(i.Total)                                           AS Total,
    any_value(i.open_balance)                                    AS open,
    list(l.line ORDER BY {sql_order('l.payout')}, l.line)        AS lines
FROM paying AS l
JOIN {invoices("SELECT document FROM paying")} AS i ON i.DocumentNumber = l.document
WHERE sign(i.open_balance) = sign(i.Total) AND NOT i.Cancelled
GROUP BY l.document
ORDER BY {sql_order('l.document')}
"""
AS_OF = """
SELECT max(noted_at)
FROM (
    SELECT noted_at FROM ledger.payout_state UNION ALL SELECT noted_at FROM ledger.order_state
)
"""
ORDER_COUNTS = """
-- How many documents of each mapping are in each state.
SELECT mapping, state, count(DISTINCT source) AS items
FROM ledger.order_item
GROUP BY mapping, state
ORDER BY mapping, state
"""
ORDER_ITEMS = f"""
-- What of orders is not done, the most urgent first.
SELECT i.*, s.OrderDate, o.MerchantReference
FROM ledger.order_item AS i
JOIN ledger.order_state AS s ON s.OrderId = i.OrderId
LEFT JOIN qliro."order" AS o ON o.OrderId::VARCHAR = i.OrderId
WHERE list_contains($1, i.state)
ORDER BY list_position($1, i.state), i.mapping, i.reason, s.OrderDate,
    {sql_order('i.source')}
"""
INTERIM = """
-- By account: what the documents leave on it, what it must hold, and what is open on it.
SELECT i.account, sum(i.held) AS held, sum(i.must) AS must
FROM ledger.interim_state AS i
GROUP BY i.account
ORDER BY i.account
"""
NOT_BOOKED = """
-- By account: lines that no document of this program books though their payout was transferred.
SELECT
    l.interim                                                        AS account,
    count(*) FILTER (WHERE l.state <> 'ignored')                     AS open_lines,
    coalesce(sum(l.value) FILTER (WHERE l.state <> 'ignored'), 0)    AS open,
    count(*) FILTER (WHERE l.state = 'ignored')                      AS ignored_lines,
    coalesce(sum(l.value) FILTER (WHERE l.state = 'ignored'), 0)     AS ignored
FROM ledger.line_state AS l
JOIN ledger.payout_state AS p ON p.payout = l.payout
WHERE l.state IN ('parked', 'waiting', 'planned', 'ignored')
  AND p.transfer IN ('posted', 'adopted')
  -- What Qliro lists no more is booked on both sides.
  AND NOT (l.vanished AND l.number IS NOT NULL)
GROUP BY l.interim
"""


def status(
    store: Store,
    today: date,
    alert_after_days: int,
    named: Collection[str] = (),
    *,
    all_payouts: bool = False,
) -> dict[str, Any]:
    """How the payouts stand: those ``named``, or all open and lately closed ones.

    Amounts are in each payout's currency, from the merchant's view; ages in days since BatchDate.
    ``attention`` counts the lines and ``transfers`` (to the bank, by payout) that are parked, or
    wait longer than ``alert_after_days``. Raises UsageError for a name that no payout has.
    """
    payouts = store.rows(PAYOUTS)
    if named:
        names = {one["payout"]: _names(store, one) for one in payouts}
        refuse_unknown(named, {name: key for key, mine in names.items() for name in mine})
        shown = [one for one in payouts if set(named) & set(names[one["payout"]])]
    else:
        shown = [
            one
            for one in payouts
            if all_payouts or not one["closed"] or one["BatchDate"] >= today - SHOWN_FOR
        ]
    keys = [one["payout"] for one in shown]
    _tell_lines(store, today, shown, keys)
    # Rows of states that nothing is in are not asked for: commonly that is all of them.
    states = {state for one in shown for state in one["states"]}
    lines = store.rows(LINES, [list(OPEN), keys, list(OPEN)]) if states & {*OPEN} else []
    for line in lines:
        line["age"] = (today - line["BatchDate"]).days

    def urgent(state: str, age: int) -> bool:
        return state == "parked" or (state == "waiting" and age > alert_after_days)

    counts = [] if named else store.rows(ORDER_COUNTS)
    is_any_open = any(one["state"] in OPEN for one in counts)
    items = store.rows(ORDER_ITEMS, [list(OPEN)]) if is_any_open else []
    orders = {"counts": counts, "open": items}
    for item in items:
        item["age"] = (today - item["OrderDate"]).days if item["OrderDate"] else 0
    # Of a payout that does not balance, the lines are parked and say so.
    transfers = [
        one["payout"] for one in shown if one["holds"] and urgent(one["transfer"], one["age"])
    ]
    return {
        "as_of": store.value(AS_OF),
        "payouts": shown,
        "earlier": len(payouts) - len(shown) if not named else 0,
        "lines": lines,
        "ignored": store.rows(IGNORED, [keys]) if "ignored" in states else [],
        "part_paid": store.rows(PART_PAID, [keys]) if store.value(ANY_OPEN, [keys]) else [],
        "interim": _interim(store),
        "transfers": transfers,
        "orders": orders,
        "attention": len(transfers)
        + sum(urgent(line["state"], line["age"]) for line in [*lines, *items]),
        "alert_after_days": alert_after_days,
    }


def _names(store: Store, payout: dict[str, Any]) -> list[str]:
    """What a person may call it: its key, or a batch by Qliro's Id, BatchId or all of its key."""
    ids = payout["batches"].split(", ")
    rows = store.rows(NAMES, [ids])
    return [payout["payout"], *ids, *(name for row in rows for name in row["names"] if name)]


def _tell_lines(
    store: Store, today: date, payouts: list[dict[str, Any]], keys: list[str]
) -> None:
    """Put into each payout how its lines stand, and how old it is."""
    gone = {row.pop("payout"): row for row in store.rows(VANISHED, [keys])}
    found: dict[str, dict[str, Any]] = {key: {} for key in keys}
    for row in store.rows(STATES_OF, [keys]):
        found[row.pop("payout")][row.pop("state")] = row
    for payout in payouts:
        payout["states"] = found[payout["payout"]]
        payout["outside"] = payout["states"].pop("outside", None)
        payout["vanished"] = gone.get(payout["payout"])
        payout["age"] = (today - payout["BatchDate"]).days
        payout["states"] = {
            state: payout["states"][state]
            for state in reversed(STATES)
            if state in payout["states"]
        }
        inside = payout["states"].values()
        payout["lines"] = sum(one["lines"] for one in inside)
        payout["amount"] = sum((one["amount"] or Decimal(0) for one in inside), Decimal(0))


def _interim(store: Store) -> list[dict[str, Any]]:
    none = {"open_lines": 0, "open": Decimal(0), "ignored_lines": 0, "ignored": Decimal(0)}
    left = {row.pop("account"): row for row in store.rows(NOT_BOOKED)}
    return [
        {**row, **left.get(row["account"], none), "agrees": row["held"] == row["must"]}
        for row in store.rows(INTERIM)
    ]
