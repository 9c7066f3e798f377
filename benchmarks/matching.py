"""How fast a million lines find their invoices among a million: the declared match beside bare SQL.

Both read the same tables in the same run, turn about. The bare SQL has four joins, keeps all
candidates and writes the best candidate and the number of candidates of each line to a table; ours
besides judges every candidate, compares balances and finds invoices that several lines claim.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, high_water
from benchmarks.mapping import SETTINGS, program
from engine.match.candidates import Query, Step, find
from engine.plan.matching import match_query
from engine.store.database import Store, in_memory, writing

SIZE = 1_000_000
ROUNDS = 9
MOST_MEMORY = 1.5 * 1024  # MiB

# Out of 100 lines: 1 names the reference of another line too, 3 have no invoice, 7 have it by
# Qliro's order id alone, 10 by the reference with its prefix, the others by the bare reference,
# and half of them by the order id too. Some invoices are cancelled, some not booked yet.
LINES = """
INSERT INTO qliro.settlement_line BY NAME
SELECT
    md5(n::VARCHAR)[:16]           AS line,
    1                              AS Id,
    n::INTEGER                     AS position,
    'Accepted'                     AS Status,
    7_000_000 + n                  AS PaymentTransactionId,
    5_000_000 + n                  AS OrderId,
    'ORD-' || (100_000_000 + CASE WHEN n % 100 = 99 THEN n - 1 ELSE n END)
                                   AS MerchantOrderReference,
    'Debit'                        AS "Action",
    'Transaction'                  AS "Type",
    'SEK'                          AS CurrencyCode,
    (hash(n) % 90_000 + 1_000) / 100.0 AS Amount,
    'QLIRO_INVOICE'                AS PaymentMethodType,
    DATE '2026-10-20'              AS TransactionCompletedDate,
    false                          AS vanished,
    1                              AS raw_seq
FROM range($size) AS t(n)
"""
INVOICES = """
INSERT INTO fortnox.invoice BY NAME
SELECT
    (n + 1)::VARCHAR               AS DocumentNumber,
    (hash(n) % 90_000 + 1_000) / 100.0 AS Balance,
    Balance                        AS Total,
    n % 500 <> 23                  AS Booked,
    n % 500 = 24                   AS Cancelled,
    'SEK'                          AS Currency,
    (n % 40_000)::VARCHAR          AS CustomerNumber,
    DATE '2026-10-20' + (n % 10)::INTEGER AS InvoiceDate,
    CASE
        WHEN n % 100 < 10 THEN ''
        WHEN n % 100 < 20 THEN 'Q' || 'ORD-' || (100_000_000 + n)
        ELSE 'ORD-' || (100_000_000 + n)
    END                            AS ExternalInvoiceReference1,
    CASE
        WHEN n % 100 BETWEEN 3 AND 9 OR n % 100 >= 10 AND n % 2 = 0 THEN (5_000_000 + n)::VARCHAR
        ELSE ''
    END                            AS ExternalInvoiceReference2,
    CASE WHEN n % 4 = 0 THEN (7_000_000 + n)::VARCHAR ELSE '' END AS OCR,
    1                              AS raw_seq,
    now()                          AS as_of
-- Invoices lie in another order than their lines.
FROM (SELECT (n * 7_919) % $size AS n FROM range($size) AS t(n))
"""
# As engine/plan/matching.py loads it, from the same view; a person chose for a line in 200.
DEMAND = """
CREATE OR REPLACE TEMP TABLE demand AS
SELECT
    line,
    CASE WHEN position % 200 = 150 THEN (position + 1)::VARCHAR END AS chosen_invoice,
    PaymentTransactionId,
    OrderId,
    MerchantOrderReference AS key,
    OrderId::VARCHAR       AS other_key,
    OrderId::VARCHAR       AS own_order,
    own_document           AS own,
    own_source,
    MerchantOrderReference,
    Amount                 AS gross,
    CurrencyCode
FROM qliro.line_view
"""
BARE = """
CREATE OR REPLACE TEMP TABLE bare AS
WITH every AS (
    {joins}
)
SELECT line, arg_min(document, step) AS document, count(*) AS candidates
FROM every
GROUP BY line
"""
# Lines where the two disagree: in the number of candidates, or in the best where none was refused.
DIFFERENCES = """
SELECT count(*)
FROM bare AS b
JOIN demand AS d ON d.line = b.line
FULL JOIN matched AS m ON m.line = d.rowid
LEFT JOIN document AS i ON i.rowid = m.document
WHERE b.candidates IS DISTINCT FROM m.candidates
   OR (i.DocumentNumber IS DISTINCT FROM b.document
       AND m.line NOT IN (SELECT line FROM candidate WHERE verdict <> 0))
"""
TEXT = '(CAST(l."{}" AS VARCHAR))'


@dataclass(frozen=True, slots=True)
class Contest:
    """A declared match and the bare joins that find the same: (field, key) in their order."""

    name: str
    query: Query
    joins: tuple[tuple[str, str], ...]

    def bare(self) -> str:
        """The yardstick's statement."""
        joins = "\n    UNION ALL\n    ".join(
            f"SELECT l.line, {step} AS step, i.DocumentNumber AS document FROM demand AS l "
            f'JOIN fortnox.invoice AS i ON i."{field}" = {key}'
            for step, (field, key) in enumerate(self.joins)
        )
        return BARE.format(joins=joins)


def contests() -> list[Contest]:
    """Four fields, a key each; and the default payment mapping with all its eight keys."""
    payment = program().mappings["payment"]
    default = match_query(payment, payment.match["invoice"], SETTINGS)
    four = (
        ("DocumentNumber", 'l."chosen_invoice"'),
        ("ExternalInvoiceReference1", 'l."key"'),
        ("ExternalInvoiceReference2", TEXT.format("OrderId")),
        ("OCR", TEXT.format("PaymentTransactionId")),
    )
    steps = tuple(Step(field, field, (key,)) for field, key in four)
    fields = (
        ("DocumentNumber", 'l."chosen_invoice"'),
        ("ExternalInvoiceReference1", "'Q' || l.key"),
        ("ExternalInvoiceReference1", "l.key"),
        ("ExternalInvoiceReference2", "l.other_key"),
    )
    return [
        Contest("over four fields", replace(default, steps=steps), four),
        Contest("by the default mapping's eight keys", default, fields),
    ]


def fill(store: Store, size: int) -> None:
    """So many lines and invoices."""
    store.execute(LINES, {"size": size})
    store.execute(INVOICES, {"size": size})


def race(store: Store, contest: Contest, rounds: int) -> tuple[float, float]:
    """Seconds of ours and of the bare SQL, the best of turns in which they alternate.

    Raises RuntimeError when they do not find the same.
    """
    sides: Sequence[Callable[[], Any]] = (
        lambda: find(store, contest.query),
        lambda: store.execute(contest.bare()),
    )
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for index, side in enumerate(sides):
            began = time.perf_counter()
            side()
            best[index] = min(best[index], time.perf_counter() - began)
    if different := store.value(DIFFERENCES):
        raise RuntimeError(f"{contest.name}: {different} lines come out differently")
    return best[0], best[1]


def agree(size: int) -> None:
    """Both sides over a small world, for the tests. Raises RuntimeError when they differ."""
    store = in_memory()
    fill(store, size)
    store.execute(DEMAND)
    for contest in contests():
        race(store, contest, 1)


def _prepare(folder: Path) -> None:
    with writing(folder, "bench") as store:
        fill(store, SIZE)


def _race(folder: Path) -> list[tuple[str, float, float, int]]:
    with writing(folder, "bench") as store:
        store.execute("SET threads = 2")
        store.execute(DEMAND)
        found = []
        for contest in contests():
            ours, bare = race(store, contest, ROUNDS)
            clean = store.value("SELECT count(*) FROM matched WHERE clean")
            found.append((contest.name, ours, bare, clean))
        return found


def _peak(folder: Path) -> float:
    """MiB that a process needs at most to load the lines and match them both ways."""
    with writing(folder, "bench") as store:
        store.execute("SET threads = 2")
        store.execute(DEMAND)
        for contest in contests():
            find(store, contest.query)
    return high_water()


def _alone(work: Callable[[Path], Any], folder: Path) -> Any:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (folder,))


def run() -> list[Figure]:
    """The figures of matching: time against the bare SQL, and memory."""
    with tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as name:
        folder = Path(name)
        _alone(_prepare, folder)
        raced = _alone(_race, folder)
        peak = _alone(_peak, folder)
    figures = [
        Figure(
            f"matching {SIZE:,} lines with {SIZE:,} invoices {what}",
            f"{ours:.2f} s ({clean:,} lines beyond doubt)",
            f"bare SQL, four joins: {bare:.2f} s",
            ours / bare, "at most 1.5", ours / bare <= 1.5,
        )
        for what, ours, bare, clean in raced
    ]  # fmt: skip
    return [
        *figures,
        Figure(
            "peak memory of that matching", f"{peak:,.0f} MiB", f"{MOST_MEMORY:,.0f} MiB",
            peak / MOST_MEMORY, "at most 1", peak <= MOST_MEMORY,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
