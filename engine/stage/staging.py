"""Turns the raw answers that are new into typed tables, with set-based SQL, a portion at a time.

Reads ``raw.answer`` after the last staged one, writes ``qliro.*`` and ``fortnox.*``; the
statements are ``engine/store/sql/stage_*.sql``. The latest answer wins for each key; what can't be
read is reported, and a settlement line without a readable amount stays, without one.

A portion is committed whole, for what a transaction has written or dropped DuckDB holds until its
end. A stage that was cut between two goes on after the last of them, and tells of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .. import json_text
from ..errors import Finding, Place
from ..extract.raw import OTHER_ORDER
from ..extract.readable import readable
from ..store.database import Store
from ..store.statements import sql
from ..transport.endpoints import ENDPOINTS
from .said import says_nothing
from .settlements import LINES, count_lines, odd_lines, stage_settlements

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
# What is derived of an order, once its answers are unfolded.
DERIVED = (
    "order_sum", "order_line", "capture", "capture_line", "refund", "refund_line", "reversal",
)  # fmt: skip
PORTION = 480_000_000  # bytes of answers that are staged at a time; a long one counts for so many:
LONG_BYTES = 16_000
PAGES = 32  # long pages of lists that are staged at a time


@dataclass(frozen=True, slots=True)
class StageReport:
    """What was staged: how many answers (none where all of them say nothing), how many settlement
    lines, and what could not be read."""

    answers: int
    lines: int
    problems: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Reached:
    """The last answer that is staged; the last that was when a stage ended; the last there is."""

    staged: int
    ended: int
    newest: int


def _reached(store: Store) -> _Reached:
    (row,) = store.rows(REACHED)
    return _Reached(**row)


REACHED = """
SELECT
    (SELECT coalesce(max(seq), 0) FROM raw.staged)                AS staged,
    (SELECT coalesce(max(seq), 0) FROM raw.staged WHERE is_whole) AS ended,
    (SELECT coalesce(max(seq), 0) FROM raw.answer)                AS newest
"""


def staged_to(store: Store) -> int:
    """The place of the last answer that was staged when a stage ended; 0 before the first."""
    return _reached(store).ended


def is_staged(store: Store) -> bool:
    """Whether every answer is staged."""
    reached = _reached(store)
    return reached.staged == reached.newest


def stage(store: Store) -> StageReport:
    """Stage every answer that came since the last time. Staging twice changes nothing, and one that
    is cut loses nothing."""
    reached = _reached(store)
    if reached.newest == reached.staged:
        return StageReport(0, 0, ())
    if reached.staged == reached.ended and says_nothing(store, reached.staged, reached.newest):
        store.append("raw.staged", [[reached.newest]], ["seq"])
        return StageReport(0, 0, ())
    ends = [reached.staged, *_ends(store, reached.staged, reached.newest)]
    for first, last in pairwise(ends):
        _stage_between(store, first, last, is_whole=last == reached.newest)
    store.execute("RESET preserve_insertion_order")
    return _report(store, reached.ended, reached.newest)


def _ends(store: Store, staged: int, newest: int) -> list[int]:
    """After which answers the stage begins anew: of long pages of lists, which DuckDB unfolds two
    thousand at once, so many would be half a gigabyte."""
    names = [one.name for one in ENDPOINTS if one.is_list and one.name != LINES]
    long = [seq for (seq,) in store.tuples(LONG_PAGES, [staged, newest, names])]
    every = [seq for (seq,) in store.tuples(PORTIONS, [staged, newest, PORTION])]
    return sorted({*long[PAGES - 1 : -1 : PAGES], *every, newest})


def _stage_between(store: Store, staged: int, newest: int, *, is_whole: bool) -> None:
    """Stage the answers after the one up to the other, the last there are where ``is_whole``."""
    store.execute(f"SET VARIABLE staged_to = {staged}")
    store.execute(f"SET VARIABLE newest = {newest}")
    store.execute(sql("stage_begin"))
    asked = {row["endpoint"] for row in store.rows(ASKED)}
    said = {row["endpoint"] for row in store.rows(SAID, [list(REGISTERS)])}
    asked -= REGISTERS - said
    late = store.value(LATE) is not None
    if late:
        store.execute(LOOK_AGAIN)
        _look_again(store, staged, asked)
    with store.transaction():
        _stage_documents(store, asked)
        if late:
            store.execute(ALL_TURNS)
            store.execute(sql("stage_late"))
        if LINES in asked:
            stage_settlements(store)
        store.append("raw.staged", [[newest, is_whole]], ["seq", "is_whole"])


def _look_again(store: Store, staged: int, asked: set[str]) -> None:
    """Of very many answers that are looked at again all but the last portion, in the order in which
    they were given. A stage that is cut there begins with the first of them anew."""
    for (turn,) in store.tuples(TURNS, [PORTION])[:-1]:
        store.execute(f"SET VARIABLE last_turn = {turn}::HUGEINT")
        with store.transaction():
            _stage_documents(store, asked)
            store.append("raw.staged", [[staged, False]], ["seq", "is_whole"])
        store.execute(f"SET VARIABLE after_turn = {turn}::HUGEINT")
    store.execute("SET VARIABLE last_turn = NULL")


def _stage_documents(store: Store, asked: set[str]) -> None:
    """All but the lines of settlements, of the endpoints that were asked."""
    _leave_out(store)
    for name, endpoints in FILES.items():
        if endpoints & asked:
            store.execute(sql(name))
    if FILES["stage_orders"] & asked:
        for table in DERIVED:
            store.execute(f"DELETE FROM qliro.{table} WHERE OrderId IN ({ANEW})")
        store.execute(sql("stage_order_lines"))
        store.execute(sql("stage_captures"))
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

LONG_PAGES = """
-- The places of long pages of lists among the new answers.
SELECT seq
FROM raw.answer_long
WHERE seq > ? AND seq <= ? AND status = 200 AND list_contains(?, endpoint)
ORDER BY seq
"""

WEIGHED = f"""
    SELECT seq, noted_at, status, strlen(body) AS bytes FROM raw.answer_short
    UNION ALL
    SELECT seq, noted_at, status, {LONG_BYTES} FROM raw.answer_long
"""
PORTIONS = f"""
-- The last answer of each portion of so many bytes of the new ones.
SELECT max(seq) AS last
FROM (
    SELECT seq, sum(bytes) OVER (ORDER BY seq) AS total
    FROM ({WEIGHED})
    WHERE seq > $1 AND seq <= $2
)
GROUP BY (total - 1) // $3
ORDER BY last
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
SET VARIABLE after_turn = NULL;
SET VARIABLE last_turn = NULL;
CREATE OR REPLACE TEMP MACRO is_fresh(seq, noted_at) AS
    (seq > getvariable('staged_to') OR noted_at >= getvariable('late_from'))
    AND coalesce(turn(noted_at, seq) > getvariable('after_turn'), true)
    AND coalesce(turn(noted_at, seq) <= getvariable('last_turn'), true);
CREATE OR REPLACE TEMP MACRO is_new(raw_seq) AS
    raw_seq IN (
        SELECT seq FROM raw.answer
        WHERE endpoint IN ('order', 'merchant_order') AND seq <= getvariable('newest')
          AND is_fresh(seq, noted_at)
    );
"""
ALL_TURNS = "SET VARIABLE after_turn = NULL"

TURNS = f"""
-- The same of the answers that are looked at again, in the order in which they were given.
SELECT max(turn) AS last
FROM (
    SELECT turn(noted_at, seq) AS turn, sum(bytes) OVER (ORDER BY turn(noted_at, seq)) AS total
    FROM ({WEIGHED})
    WHERE is_fresh(seq, noted_at) AND seq <= getvariable('newest') AND status = 200
)
GROUP BY (total - 1) // $1
ORDER BY last
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

ODD_ORDERS = """
-- Orders whose new answers could be read, and say what can't be acted upon. One that came again has
-- no body, and is not what the order was staged from.
WITH answer AS (
    SELECT seq, TRY_CAST(regexp_extract(path, '/([0-9]+)/?$', 1) AS BIGINT) AS asked
    FROM raw.answer
    WHERE endpoint = 'order' AND status = 200 AND problem IS NULL AND seq > $1 AND seq <= $2
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
WHERE seq > $1
  AND seq <= $2
  AND (
      -- Who asked for the order has said it already.
      NOT starts_with(problem, '{OTHER_ORDER}')
      OR (endpoint IN ('settlements', 'bank_transfer_details') AND status = 200)
  )
ORDER BY seq
LIMIT 1000
"""


def _report(store: Store, after: int, newest: int) -> StageReport:
    """What a stage has to say of the answers after that one, in however many portions."""
    answers = store.value("SELECT count(*) FROM raw.answer WHERE seq > $1 AND seq <= $2",
                          [after, newest])  # fmt: skip
    orders = [_odd_order(row) for row in store.rows(ODD_ORDERS, [after, newest])]
    problems = [*_problems(store, after, newest), *orders, *odd_lines(store, after)]
    return StageReport(int(answers), count_lines(store, after), tuple(problems))


def _odd_order(row: dict[str, Any]) -> Finding:
    said = row["problem"]
    return Finding(
        Place(f"Qliro order {row['OrderId']}"),
        "order-not-read",
        f"{said[0].upper()}{said[1:]}.",
        "Nothing is made of it; the next run asks again.",
    )


def _problems(store: Store, after: int, newest: int) -> list[Finding]:
    found = []
    for row in store.rows(PROBLEMS, [after, newest]):
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
