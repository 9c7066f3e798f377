"""Turns the raw answers that are new into typed tables, with set-based SQL, all or nothing.

Reads ``raw.answer`` after the last staged one, writes ``qliro.*`` and ``fortnox.*``; the
statements are ``engine/sql/stage_*.sql``. The latest answer wins for each key; what can't be read
is reported, and a settlement line without a readable amount stays, without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import Finding, Place
from engine.store import Store, sql

FILES = (
    "stage_settlement_batches",
    "stage_orders",
    "stage_invoices",
    "stage_payments",
    "stage_registers",
)
# Answers are unfolded in portions of so many bytes: enough for two threads, little in memory.
PORTION = 48_000_000


@dataclass(frozen=True, slots=True)
class StageReport:
    """What was staged: how many answers, how many settlement lines, and what could not be read."""

    answers: int
    lines: int
    problems: tuple[Finding, ...]


def stage(store: Store) -> StageReport:
    """Stage every answer that came since the last time. Staging twice changes nothing."""
    staged = int(store.value("SELECT coalesce(max(seq), 0) FROM raw.staged"))
    newest = int(store.value("SELECT coalesce(max(seq), 0) FROM raw.answer"))
    if newest == staged:
        return StageReport(0, 0, ())
    with store.transaction():
        store.execute(f"SET VARIABLE staged_to = {staged}")
        store.execute(f"SET VARIABLE newest = {newest}")
        store.execute(sql("stage_begin"))
        for name in FILES:
            store.execute(sql(name))
        lines, findings = _settlements(store)
        findings = [*_problems(store), *findings]
        store.append("raw.staged", [[newest]], ["seq"])
    store.execute("RESET preserve_insertion_order")
    answers = store.value("SELECT count(*) FROM raw.answer WHERE seq > ?", [staged])
    return StageReport(int(answers), lines, tuple(findings))


def _settlements(store: Store) -> tuple[int, list[Finding]]:
    """Lines and summaries of the batches that were answered."""
    portions = list(_portions(store.rows(SIZES)))
    if not portions:
        return 0, []
    store.execute(EMPTY)
    for first, middle, last in portions:
        store.execute(f"SET VARIABLE first_seq = {first}")
        store.execute(f"SET VARIABLE middle_seq = {middle}")
        store.execute(f"SET VARIABLE last_seq = {last}")
        store.execute(sql("stage_settlement_answers"))
        store.execute(sql("stage_settlement_lines"))
    lines = int(store.value("SELECT count(*) FROM staged_line"))
    findings = [_odd(row) for row in store.rows(ODD)]
    store.execute(sql("stage_settlement_summaries"))
    store.execute(sql("stage_settlement_merge"))
    store.execute("DROP TABLE staged_line")
    return lines, findings


SIZES = "SELECT seq, strlen(body) AS bytes FROM fresh_lines() ORDER BY seq"

EMPTY = """
-- Where the answers and lines of all portions gather.
CREATE OR REPLACE TEMP TYPE summary AS STRUCT(
    DebitTransactionsTotalSum DECIMAL(18, 4), DebitTransactionsCount BIGINT,
    CreditTransactionsTotalSum DECIMAL(18, 4), CreditTransactionsCount BIGINT,
    FeeTransactionsTotalSum DECIMAL(18, 4), FeeTransactionsCount BIGINT
);
CREATE OR REPLACE TEMP TABLE staged_line AS FROM qliro.settlement_line LIMIT 0;
CREATE OR REPLACE TEMP TABLE staged_answer (
    seq BIGINT,
    Id  BIGINT,
    s   STRUCT(
        TotalSummary                 summary,
        SettlementTransactionSummary summary,
        PendingTransactionsSummary   summary,
        RejectedTransactionsSummary  summary
    )
);
"""

ODD = """
-- Lines that a person should know of: no readable amount, or fractions of an öre.
SELECT Id, Status, position, Amount
FROM staged_line
WHERE Amount IS NULL OR Amount <> round(Amount, 2)
ORDER BY Id, position
LIMIT 1000
"""

PROBLEMS = """
-- New answers of which something, or all, could not be read, or that have no table.
SELECT source, endpoint, path, query, problem
FROM raw.answer
WHERE seq > getvariable('staged_to')
  AND seq <= getvariable('newest')
  AND (
      problem IS NOT NULL
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
            found.append(Finding(where, "unreadable-answer", f"{row['problem']}."))
    return found
