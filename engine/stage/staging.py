"""Turns the raw answers that are new into typed tables, with set-based SQL, all or nothing.

Reads ``raw.answer`` after the last staged one, writes ``qliro.*`` and ``fortnox.*``; the
statements are ``engine/store/sql/stage_*.sql``. The latest answer wins for each key; what can't be
read is reported, and a settlement line without a readable amount stays, without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .. import json_text
from ..errors import Finding, Place
from ..extract.raw import OTHER_LIST, OTHER_ORDER
from ..extract.readable import readable
from ..store.database import Store
from ..store.statements import sql
from ..transport.endpoints import ENDPOINTS

REGISTERS = {
    "accounts", "voucher_series", "financial_years", "locked_period", "currencies",
    "modes_of_payment", "terms_of_payment", "cost_centers", "projects", "company",
}  # fmt: skip
# Which endpoints each file turns into tables; one whose endpoints were not asked is left out.
FILES = {
    "stage_settlement_batches": {"settlement_batches"},
    "stage_orders": {"order", "merchant_order"},
    "stage_invoices": {"invoices", "invoice", "fortnox_order"},
    "stage_fortnox_orders": {"orders", "fortnox_order"},
    "stage_customers": {"customers", "customer", "articles", "article"},
    "stage_payments": {"invoice_payments", "invoice_payment"},
    "stage_vouchers": {"vouchers", "voucher"},
    "stage_registers": REGISTERS,
}
LINES = "settlements_by_batch"
# What is derived of an order, once its answers are unfolded.
DERIVED = (
    "order_sum", "order_line", "capture", "capture_line", "refund", "refund_line", "reversal",
)  # fmt: skip
ORDERS = 100_000  # orders that are derived at a time
# Answers are unfolded in portions of so many bytes: enough for two threads, little in memory.
PORTION = 48_000_000


@dataclass(frozen=True, slots=True)
class StageReport:
    """What was staged: how many answers, how many settlement lines, and what could not be read."""

    answers: int
    lines: int
    problems: tuple[Finding, ...]


def _reached(store: Store) -> tuple[int, int]:
    """The last answer that is staged, and the last there is."""
    (row,) = store.rows(
        "SELECT (SELECT coalesce(max(seq), 0) FROM raw.staged) AS staged, "
        "(SELECT coalesce(max(seq), 0) FROM raw.answer) AS newest"
    )
    return int(row["staged"]), int(row["newest"])


def is_staged(store: Store) -> bool:
    """Whether every answer is staged."""
    staged, newest = _reached(store)
    return staged == newest


def stage(store: Store) -> StageReport:
    """Stage every answer that came since the last time. Staging twice changes nothing."""
    staged, newest = _reached(store)
    if newest == staged:
        return StageReport(0, 0, ())
    with store.transaction():
        store.execute(f"SET VARIABLE staged_to = {staged}")
        store.execute(f"SET VARIABLE newest = {newest}")
        store.execute(sql("stage_begin"))
        late = store.value(LATE) is not None
        if late:
            store.execute(LOOK_AGAIN)
        _leave_out(store)
        asked = {row["endpoint"] for row in store.rows(ASKED)}
        said = {row["endpoint"] for row in store.rows(SAID, [list(REGISTERS)])}
        asked -= REGISTERS - said
        for name, endpoints in FILES.items():
            if endpoints & asked:
                store.execute(sql(name))
        orders: list[Finding] = []
        if FILES["stage_orders"] & asked:
            _derive_orders(store)
            orders = [_odd_order(row) for row in store.rows(ODD_ORDERS)]
        if late:
            store.execute(sql("stage_late"))
        lines, findings = _settlements(store) if LINES in asked else (0, [])
        findings = [*_problems(store), *orders, *findings]
        store.append("raw.staged", [[newest]], ["seq"])
    store.execute("RESET preserve_insertion_order")
    answers = store.value("SELECT count(*) FROM raw.answer WHERE seq > ?", [staged])
    return StageReport(int(answers), lines, tuple(findings))


def _leave_out(store: Store) -> None:
    """Puts what can be read of the lists that can't be read whole where the statements look."""
    names = [one.name for one in ENDPOINTS if one.is_list and one.name != LINES]
    rows = []
    for row in store.rows(ODD_LISTS, [names]):
        try:
            content = json_text.decode(row["body"])
        except ValueError:
            continue  # nothing can be read of it
        if isinstance(content, dict):
            row["body"] = json_text.encode(readable(row["endpoint"], content))
            rows.append(list(row.values()))
    if rows:
        store.append("left_of", rows, LEFT_COLUMNS)
        store.execute("SET VARIABLE left_seqs = (SELECT list(seq) FROM left_of)")


def _derive_orders(store: Store) -> None:
    """Lines, captures, refunds and sums of the orders that were read anew."""
    for table in DERIVED:
        store.execute(f"DELETE FROM qliro.{table} WHERE OrderId IN ({ANEW})")
    for portion in store.rows(ANEW_BY_PORTIONS, [ORDERS]):
        store.execute(f"SET VARIABLE first_order = {portion['first']}")
        store.execute(f"SET VARIABLE last_order = {portion['last']}")
        store.execute(sql("stage_order_lines"))
        store.execute(sql("stage_captures"))


def _settlements(store: Store) -> tuple[int, list[Finding]]:
    """Lines and summaries of the batches that were answered."""
    store.execute(AGAIN)
    again = store.rows("SELECT len(getvariable('again')) AS n")[0]["n"]
    store.execute(sql("stage_settlement_summaries"))
    store.execute(sql("stage_settlement_lines"))
    for first, middle, last in _portions(store.rows(SIZES)):
        store.execute(f"SET VARIABLE first_seq = {first}")
        store.execute(f"SET VARIABLE middle_seq = {middle}")
        store.execute(f"SET VARIABLE last_seq = {last}")
        store.execute(sql("stage_settlement_portion"))
        if again:
            store.execute(sql("stage_settlement_again"))
    if again:
        store.execute(sql("stage_settlement_known"))
    lines = sum(int(row["n"]) for row in store.rows(COUNTS))
    findings = [_odd(row) for row in store.rows(ODD)]
    store.execute(sql("stage_settlement_merge"))
    store.execute("DROP TABLE staged_line")
    return lines, findings


LEFT_COLUMNS = ["endpoint", "seq", "noted_at", "path", "query", "body", "digest", "problem"]
ODD_LISTS = f"""
SELECT {", ".join(LEFT_COLUMNS)}
FROM raw.answer
WHERE is_fresh(seq, noted_at) AND seq <= getvariable('newest')
  AND status = 200 AND problem IS NOT NULL AND list_contains(?, endpoint)
"""

ANEW = """
SELECT OrderId FROM qliro."order" WHERE is_new(raw_seq)
"""

ANEW_BY_PORTIONS = f"""
SELECT min(OrderId) AS first, max(OrderId) AS last
FROM (SELECT OrderId, row_number() OVER (ORDER BY OrderId) - 1 AS place FROM ({ANEW}))
GROUP BY place // ?
ORDER BY first
"""

LATE = """
-- When the first of the new answers was given that others overtook: such as are staged already and
-- were given later.
SELECT min(noted_at)
FROM raw.answer
WHERE seq > getvariable('staged_to') AND seq <= getvariable('newest') AND status = 200
  AND noted_at < (
      SELECT max(noted_at) FROM raw.answer WHERE seq <= getvariable('staged_to') AND status = 200
  )
"""

LOOK_AGAIN = f"""
-- All that was given since then is looked at again, in the order in which it was given. Lines of
-- settlements are not: what is late of them says nothing (below).
SET VARIABLE late_from = ({LATE});
CREATE OR REPLACE TEMP MACRO is_fresh(seq, noted_at) AS
    seq > getvariable('staged_to') OR noted_at >= getvariable('late_from');
CREATE OR REPLACE TEMP MACRO is_new(raw_seq) AS
    raw_seq > getvariable('staged_to') OR raw_seq IN (
        SELECT seq FROM raw.answer
        WHERE endpoint IN ('order', 'merchant_order') AND noted_at >= getvariable('late_from')
    );
"""

AGAIN = f"""
-- Answers of which something can't be read, about batches that were answered before: what those
-- were read as stays, until all of it can be read. And answers that came after one that was given
-- later and could be read: they say nothing, for what is posted of a batch goes by the latest.
SET VARIABLE half_read = (
    WITH answer AS (
        SELECT
            *,
            max(noted_at) FILTER (WHERE is_whole) OVER (
                PARTITION BY Id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS overtaken_at
        FROM (
            SELECT
                seq,
                noted_at,
                problem,
                problem IS NULL OR ends_with(problem, '{OTHER_LIST}')
                    AS is_whole,
                TRY_CAST(regexp_extract(query, '(?i)(?:^|&)id=([0-9]+)', 1) AS BIGINT) AS Id
            FROM fresh('settlements_by_batch')
        )
    )
    SELECT coalesce(list(seq), [])
    FROM answer
    WHERE noted_at < overtaken_at OR (NOT is_whole AND (
        Id IN (SELECT Id FROM qliro.settlement_line)
        OR seq > (SELECT min(first.seq) FROM answer AS first WHERE first.Id = answer.Id)
    ))
);
-- Batches that were answered more than once, now or before: only their lines need comparing, and
-- gather in staged_line first.
SET VARIABLE again = (
    SELECT coalesce(list(Id), [])
    FROM (
        SELECT Id
        FROM fresh_lines()
        WHERE Id IS NOT NULL
        GROUP BY Id
        HAVING count(*) > 1 OR Id IN (SELECT Id FROM qliro.settlement_line)
    )
);
CREATE OR REPLACE TEMP TABLE staged_line AS FROM qliro.settlement_line LIMIT 0;
"""

COUNTS = """
-- The lines of the new answers, wherever they are.
SELECT count(*) AS n FROM staged_line
UNION ALL
SELECT count(*) FROM qliro.settlement_line WHERE raw_seq > getvariable('staged_to')
"""

ASKED = """
-- The endpoints of which there are new answers with something in them.
SELECT DISTINCT endpoint
FROM raw.answer
WHERE seq > getvariable('staged_to') AND seq <= getvariable('newest') AND status = 200
"""

SAID = """
-- Of these endpoints those whose new answers say something new: a repeated one has no body.
SELECT DISTINCT endpoint
FROM raw.answer
WHERE seq > getvariable('staged_to') AND seq <= getvariable('newest') AND status = 200
  AND list_contains(?, endpoint) AND body <> ''
"""

SIZES = "SELECT seq, strlen(body) AS bytes FROM fresh_lines() ORDER BY seq"

ODD = """
-- Lines that a person should know of: no readable amount, or fractions of an öre.
SELECT Id, Status, position, Amount
FROM (
    SELECT * FROM staged_line
    UNION ALL
    SELECT * FROM qliro.settlement_line WHERE raw_seq > getvariable('staged_to')
)
WHERE Amount IS NULL OR Amount <> round(Amount, 2)
ORDER BY Id, position
LIMIT 1000
"""

ODD_ORDERS = """
-- Orders whose new answers could be read, and say what can't be acted upon. One that came again has
-- no body, and is not what the order was staged from.
WITH answer AS (
    SELECT seq, TRY_CAST(regexp_extract(path, '/([0-9]+)/?$', 1) AS BIGINT) AS asked
    FROM fresh('order')
    WHERE problem IS NULL
)
SELECT OrderId, problem
FROM qliro."order"
WHERE problem IS NOT NULL
  AND (OrderId IN (SELECT asked FROM answer) OR raw_seq IN (SELECT seq FROM answer))
ORDER BY OrderId
LIMIT 1000
"""

PROBLEMS = f"""
-- New answers of which something, or all, could not be read, or that have no table.
SELECT source, endpoint, path, query, problem
FROM raw.answer
WHERE seq > getvariable('staged_to')
  AND seq <= getvariable('newest')
  AND (
      -- Who asked for the order has said it already.
      NOT starts_with(problem, '{OTHER_ORDER}')
      OR (endpoint IN ('settlements', 'bank_transfer_details') AND status = 200)
  )
ORDER BY seq
LIMIT 1000
"""


def _portions(rows: list[dict[str, Any]]) -> Iterator[tuple[int, int, int]]:
    """(first, middle, last) seq of portions of the answers, cut where their bytes are halved."""
    portion: list[dict[str, Any]] = []
    for index, row in enumerate(rows):
        portion.append(row)
        size = sum(row["bytes"] for row in portion)
        if size >= PORTION or index == len(rows) - 1:
            half, middle = 0, portion[0]["seq"]
            for part in portion:
                half += part["bytes"]
                if half > size / 2:
                    break
                middle = part["seq"]
            yield portion[0]["seq"], middle, portion[-1]["seq"]
            portion = []


def _odd(row: dict[str, Any]) -> Finding:
    where = Place(f"Qliro settlement batch {row['Id']}", row["position"])
    if row["Amount"] is None:
        return Finding(
            where,
            "line-without-amount",
            f"A {row['Status']} line has no readable Amount.",
            "Its payout can't balance; ask Qliro, or see the raw answer.",
        )
    return Finding(
        where,
        "fraction-of-an-ore",
        f"The Amount {row['Amount'].normalize():f} has more than two decimals.",
        "It is kept as it is.",
        "warning",
    )


def _odd_order(row: dict[str, Any]) -> Finding:
    said = row["problem"]
    return Finding(
        Place(f"Qliro order {row['OrderId']}"),
        "order-not-read",
        f"{said[0].upper()}{said[1:]}.",
        "Nothing is made of it; the next run asks again.",
    )


def _problems(store: Store) -> list[Finding]:
    found = []
    for row in store.rows(PROBLEMS):
        call = f"{row['path']}?{row['query']}" if row["query"] else row["path"]
        where = Place(f"{row['source']} {call}")
        if row["problem"] is None:
            found.append(
                Finding(
                    where,
                    "not-by-batch",
                    "These settlements are kept, but only those read by batch are booked.",
                    "Sync the batches too (GetSettlementsByBatchId).",
                    "warning",
                )
            )
        else:
            remedy = "It is kept as it came, and asked for again."
            found.append(Finding(where, "unreadable-answer", f"{row['problem']}.", remedy))
    return found
