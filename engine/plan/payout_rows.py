"""Gathers the payouts that are open: their batches, summaries and lines, with derived columns.

Reads the staged Qliro tables, the last proofs and the ledger; writes nothing. A payout that is
closed and has not changed since is left out, so that years of history cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ..errors import ItemError
from ..extract.raw import OTHER_LIST
from ..language.program import Program
from ..language.required_columns import BATCH, LINE, unsure, unusable
from ..packed import Packed
from ..store.database import Store
from ..store.narrow import LINES_WITH, line_view
from ..store.once import Once
from .model import Payout, Row
from .named import refuse_unknown
from .unchanged import changed

MONEY = ("Amount", "AmountExcludingVat", "FxTotal")
Lines = list[Row] | Packed[Row]


def open_payouts(
    store: Store,
    program: Program,
    payouts_from: date,
    named: Collection[str] | None = None,
    *,
    packed: bool = False,
    rules: str = "",
) -> tuple[dict[str, Payout], list[str]]:
    """Payouts dated ``payouts_from`` or later that are not closed, and those that are ``named``.

    With ``named`` given only these, whatever their date: that is retroactive sync; with an empty
    one none at all. Second come
    sentences about batches that cannot be read. Lines are held ``packed`` where that is asked for;
    ``rules`` is the digest of the plan.
    Raises UsageError for a name that none has.
    """
    batches, unreadable = _batches(store, program)
    if named:
        known = {name: key for key, group in batches.items() for name in _names(key, group)}
        refuse_unknown(named, {id: id for id in unreadable} | known)
    closed = {row["payout"]: row["digest"] for row in store.rows(CLOSED) if row["closed"]}
    if named is None:
        moved = changed(store, rules)
        batches = {
            key: group for key, group in batches.items()
            if moved is None or key not in closed or moved & {batch["Id"] for batch in group}
        }  # fmt: skip
    else:
        batches = {
            key: group for key, group in batches.items() if set(_names(key, group)) & set(named)
        }
    ids = [batch["Id"] for group in batches.values() for batch in group]
    digests = {row["Id"]: row["digest"] for row in store.rows(DIGESTS, [ids])}
    wanted: dict[str, tuple[list[Row], str]] = {}
    for key, group in batches.items():
        if named is None and max(batch["BatchDate"] for batch in group) < payouts_from:
            continue
        digest = "-".join(digests.get(batch["Id"], "") for batch in group)
        if named is None and closed.get(key) == digest:
            continue
        wanted[key] = (group, digest)
    lines: dict[str, Lines] = {key: Packed() if packed else [] for key in wanted}
    _gather(store, program, wanted, lines)
    payouts = {
        key: Payout(
            key, _payout_row(key, group, lines[key]), tuple(group), lines[key], digest
        )
        for key, (group, digest) in wanted.items()
    }
    return payouts, list(unreadable.values())


def still_known(store: Store, program: Program, keys: Iterable[str]) -> list[str]:
    """Those of the payouts that are there: what makes a payout may have been changed."""
    batches, _ = _batches(store, program)
    return [key for key in keys if key in batches]


def _names(key: str, group: Iterable[Row]) -> list[str]:
    """What a person may call a payout, the key that it has here first."""
    names = [key]
    for batch in group:
        whole = "/".join(str(batch[name]) for name in ("AcquirerName", "BatchId", "CurrencyCode"))
        names += [str(batch["Id"]), batch["BatchId"] or "", whole]
    return [name for name in dict.fromkeys(names) if name]


def _batches(store: Store, program: Program) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """The batches by payout, the oldest first, and by Id why one can't be booked."""
    unreadable: dict[str, str] = {}
    half_read = {row["Id"]: row["problem"] for row in store.rows(HALF_READ)}
    batches: dict[str, list[Row]] = {}
    looked_at = unsure(program.mapping_set, BATCH)
    for batch in store.rows("SELECT * FROM qliro.settlement_batch ORDER BY BatchDate, Id"):
        row = _money(batch, ("TotalAmount", "TotalFeeAmount", "FxTotalAmount"))
        row["half_read"] = half_read.get(row["Id"])
        problem = None if row["BatchDate"] else "Qliro gives no date that can be read"
        try:
            row |= program.derive(BATCH, row)
        except ItemError as error:
            problem = error.told()
        if problem is None:
            problem = unusable(row, looked_at)
        if problem is None and row["payout"] is None:
            problem = "the columns that name its payout are not all there"
        if problem is not None:
            unreadable[str(row["Id"])] = (
                f"Batch {row['Id']} can't be booked: {problem}. Its raw answer is kept; the next "
                "sync within the overlap asks again."
            )
            continue
        batches.setdefault(row["payout"], []).append(row)
    return batches, unreadable


HALF_READ = f"""
-- Batches of whose lines the answer that was given last could not be read whole, and what of it.
SELECT Id, answer.problem AS problem
FROM (
    SELECT
        TRY_CAST(regexp_extract(query, '(?i)(?:^|&)id=([0-9]+)', 1) AS BIGINT) AS Id,
        arg_max({{'problem': problem}}, (noted_at, seq)) AS answer
    FROM raw.answer
    WHERE endpoint = 'settlements_by_batch' AND status = 200
    GROUP BY ALL
)
WHERE answer.problem IS NOT NULL
  -- The lines of a list with an unknown status count for nothing; the others are all there.
  AND NOT ends_with(answer.problem, '{OTHER_LIST}')
"""

# What a payout looks like as far as its posting goes; another text means it has changed.
DIGESTS = """
SELECT
    b.Id,
    md5(concat_ws('|', b.TotalAmount, b.TotalFeeAmount, b.BatchDate,
        string_agg(concat(l.line, l.Status, l.vanished, r.kind, r.noted_at), ',' ORDER BY l.line)
    )) AS digest
FROM qliro.settlement_batch AS b
LEFT JOIN qliro.settlement_line AS l ON l.Id = b.Id
LEFT JOIN ledger.resolved AS r ON r.line = l.line
WHERE b.Id IN (SELECT unnest(?::BIGINT[]))
GROUP BY b.Id, b.TotalAmount, b.TotalFeeAmount, b.BatchDate
"""

CLOSED = """
SELECT payout, arg_max(closed, rowid) AS closed, arg_max(digest, rowid) AS digest
FROM ledger.proof
GROUP BY payout
"""

LINES = f"""
WITH asked AS MATERIALIZED (SELECT unnest(?::BIGINT[]) AS Id),
{LINES_WITH}
SELECT * FROM {line_view()} WHERE Id IN (SELECT Id FROM asked) ORDER BY BatchDate, Id, position
"""


def _gather(
    store: Store,
    program: Program,
    wanted: Mapping[str, tuple[list[Row], str]],
    lines: Mapping[str, Lines],
) -> None:
    """Add its lines, with derived columns, to those of each payout."""
    owner = {batch["Id"]: key for key, (group, _) in wanted.items() for batch in group}
    looked_at, once = unsure(program.mapping_set, LINE), Once()
    for staged in store.each(LINES, [sorted(owner)]) if owner else ():
        line = {**_money(once(staged), MONEY), "payout": owner[staged["Id"]], "problem": None}
        try:
            line.update(program.derive(LINE, line))
            line["problem"] = unusable(line, looked_at)
        except ItemError as error:
            line["problem"] = error.told()
        if line["problem"]:
            line.update(dict.fromkeys(program.mapping_set.entities[LINE].derive))
        lines[line["payout"]].append(line)


def _payout_row(key: str, batches: list[Row], lines: Iterable[Row]) -> Row:
    """The payout as an entity: its batches summed up, in one currency."""
    currencies = {batch["CurrencyCode"] for batch in batches}
    fx = [batch["FxTotalAmount"] for batch in batches]
    return {
        "payout": key,
        "BatchDate": max(batch["BatchDate"] for batch in batches),
        "CurrencyCode": currencies.pop() if len(currencies) == 1 else None,
        "AcquirerName": ", ".join(sorted({batch["AcquirerName"] or "" for batch in batches})),
        "batches": ", ".join(str(batch["Id"]) for batch in batches),
        "lines": sum(1 for one in lines if one["Status"] == "Accepted" and not one["vanished"]),
        "TotalAmount": _total(batch["TotalAmount"] for batch in batches),
        "TotalFeeAmount": _total(batch["TotalFeeAmount"] for batch in batches),
        "FxTotalAmount": None if None in fx else _total(fx),
        "FxCurrencyCode": next((b["FxCurrencyCode"] for b in batches if b["FxCurrencyCode"]), None),
    }


def _total(values: Iterable[Decimal | None]) -> Decimal | None:
    known = list(values)
    if any(value is None for value in known):
        return None
    return sum((value for value in known if value is not None), Decimal(0))


def _money(row: Row, columns: Iterable[str]) -> dict[str, Any]:
    """Amounts with two decimals where they have no more; a third decimal stays and is refused."""
    for column in columns:
        value = row[column]
        if value is not None and value == (short := value.quantize(CENT)):
            row[column] = short
    return row


CENT = Decimal("0.01")
