"""Unfolds the answers about batches into their lines and sums, a portion of the bytes at a time.

Reads ``raw.answer`` between the variables of ``stage_begin.sql``, writes ``qliro.settlement_line``
and ``qliro.settlement_summary``; a settlement line without a readable amount stays, without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import Finding, Place
from ..extract.raw import OTHER_LIST
from ..store.database import Store
from ..store.statements import sql
from .parts import LONG, parts

LINES = "settlements_by_batch"
# Answers are unfolded in portions of so many bytes: enough for two threads, little in memory.
PORTION = 48_000_000
PART_COLUMNS = ("seq", "Id", "place", "body")
OF_LINES = ("staged_line", "qliro.settlement_line")


def stage_settlements(store: Store) -> None:
    """Lines and summaries of the batches that were answered."""
    store.execute(AGAIN)
    again = store.value("SELECT len(getvariable('again'))") > 0
    store.execute(sql("stage_settlement_summaries"))
    store.execute(sql("stage_settlement_lines"))
    for first, middle, last, is_long in _portions(store.rows(SIZES)):
        store.execute(f"SET VARIABLE first_seq = {first}")
        store.execute(f"SET VARIABLE middle_seq = {middle}")
        store.execute(f"SET VARIABLE last_seq = {last}")
        if is_long:
            _unfold_parts(store, first, again=again)
        else:
            _unfold(store, again=again)
    if again:
        store.execute(sql("stage_settlement_known"))
    store.execute(sql("stage_settlement_merge"))
    store.execute("DROP TABLE staged_line")


def count_lines(store: Store, after: int) -> int:
    """How many lines come from the answers after that one."""
    return int(store.value("SELECT count(*) FROM qliro.settlement_line WHERE raw_seq > ?", [after]))


def odd_lines(store: Store, after: int) -> list[Finding]:
    """What a person should know of the lines that come from the answers after that one."""
    return [_odd(row) for row in store.rows(ODD, [after])]


def _unfold(store: Store, *, again: bool) -> None:
    """The lines of the portion that the variables name."""
    store.execute(sql("stage_settlement_portion"))
    if again:
        store.execute(sql("stage_settlement_again"))


def _unfold_parts(store: Store, seq: int, *, again: bool) -> None:
    """The lines of a long answer, part by part. Where something can't be unfolded, nothing is: so
    it would be at once."""
    wanted = 0
    for answer in store.rows("SELECT Id, body FROM fresh_lines() WHERE seq = ?", [seq]):
        store.execute(f"SET VARIABLE parted = {seq}")
        for before, lines, text in parts(answer.pop("body")):
            store.execute("TRUNCATE answer_part")
            store.append("answer_part", [(seq, answer["Id"], before, text)], PART_COLUMNS)
            _unfold(store, again=again)
            wanted += lines
    store.execute("TRUNCATE answer_part")
    unfolded = (store.value(f"SELECT count(*) FROM {name} WHERE raw_seq = ?", [seq])
                for name in OF_LINES)  # fmt: skip
    if sum(unfolded) != wanted:
        for name in OF_LINES:
            store.execute(f"DELETE FROM {name} WHERE raw_seq = ?", [seq])


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

SIZES = "SELECT seq, strlen(body) AS bytes FROM fresh_lines() ORDER BY seq"

ODD = """
-- Lines that a person should know of: no readable amount, or fractions of an öre.
SELECT Id, Status, position, Amount
FROM qliro.settlement_line
WHERE raw_seq > ? AND (Amount IS NULL OR Amount <> round(Amount, 2))
ORDER BY Id, position
LIMIT 1000
"""


def _portions(rows: list[dict[str, Any]]) -> Iterator[tuple[int, int, int, bool]]:
    """(first, middle, last) seq of portions of the answers, cut where their bytes are halved; and
    whether it is one long answer, which is cut itself."""
    portion: list[dict[str, Any]] = []
    for row in rows:
        if row["bytes"] >= LONG:
            if portion:
                yield *_halves(portion), False
            yield row["seq"], row["seq"], row["seq"], True
            portion = []
            continue
        portion.append(row)
        if sum(one["bytes"] for one in portion) >= PORTION:
            yield *_halves(portion), False
            portion = []
    if portion:
        yield *_halves(portion), False


def _halves(portion: list[dict[str, Any]]) -> tuple[int, int, int]:
    size, half, middle = sum(row["bytes"] for row in portion), 0, portion[0]["seq"]
    for row in portion:
        half += row["bytes"]
        if half > size / 2:
            break
        middle = row["seq"]
    return portion[0]["seq"], middle, portion[-1]["seq"]


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
