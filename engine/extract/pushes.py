"""Drains the inbox that the receiver of pushes fills: each line becomes one row, exactly once.

Reads the merchant's inbox; writes ``raw.push`` and, in the same transaction, how far each segment
has been read (``raw.inbox``). Only then segments are removed, so a crash neither loses nor doubles;
of a merchant that is backed up, only when a backup holds them.
"""

from __future__ import annotations

from pathlib import Path

from ..store.backup import held
from ..store.database import Store
from ..webhooks.inbox import portions, remove_finished, segments
from ..webhooks.push import SELF_TEST, read_line
from .raw import Progress, Report, silent

COLUMNS = [
    "received_at",
    "kind",
    "OrderId",
    "Status",
    "PaymentType",
    "PaymentTransactionId",
    "Timestamp",
]


def drain(store: Store, inbox: Path, on_progress: Progress = silent) -> Report:
    """Take what has come; the findings are of lines that can't be read, which are left out.

    An inbox that is not there is empty. Raises OSError when it can't be read.
    """
    report = Report()
    if not inbox.is_dir():
        return report
    read_to = _read_to(store)
    rows: list[list[object]] = []
    with store.transaction():
        for portion in portions(inbox, read_to):
            read_to[portion.segment] = portion.end
            pushes = [push for push in map(read_line, portion.lines) if push is not None]
            damaged = len(portion.lines) - len(pushes)
            rows += [
                [
                    push.received_at,
                    push.kind,
                    push.order_id,
                    push.status,
                    push.payment_type,
                    push.payment_transaction_id,
                    push.timestamp,
                ]
                for push in pushes
                if push.status != SELF_TEST
            ]
            if damaged:
                report.find(str(inbox / portion.segment), "push-damaged", _damaged(damaged))
            store.execute("DELETE FROM raw.inbox WHERE segment = ?", [portion.segment])
            store.append("raw.inbox", [[portion.segment, portion.end]], ["segment", "read_to"])
        store.append("raw.push", rows, COLUMNS)
    if rows:
        on_progress("pushes", len(rows), len(rows))
    remove_finished(inbox, held(inbox, read_to))
    for gone in sorted(read_to.keys() - {*segments(inbox)}):
        store.execute("DELETE FROM raw.inbox WHERE segment = ?", [gone])
    return report


def _read_to(store: Store) -> dict[str, int]:
    return {row["segment"]: row["read_to"] for row in store.rows("SELECT * FROM raw.inbox")}


def _damaged(count: int) -> str:
    lines = "A line was" if count == 1 else f"{count} lines were"
    return f"{lines} damaged and left out; the orders are read again when they are refreshed."
