"""Where a staged column stands in the answer of Qliro or Fortnox that it was read from.

Reads engine/store/sql/raw_paths.yaml, which says it once for each column, the staged tables and
``raw.answer``; writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from .. import json_text
from ..language.catalogue import ADDED, ID_COLUMNS
from ..store.database import Store
from ..store.statements import FOLDER
from ..yamlfile import parse, read_text

FILE = "raw_paths.yaml"
Row = Mapping[str, Any]
_KEYED = re.compile(r"(.*)\[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Stand:
    """A place in an answer: its number, whose it is, the path, and what stands there."""

    answer: int
    system: str
    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a column comes from: places in answers, or a sentence where none says it by itself."""

    stands: tuple[Stand, ...]
    said: str = ""


# The rows that others are made of, by the word that raw_paths.yaml has for them.
ROWS: Mapping[str, tuple[str, str]] = {
    "order": ("qliro.order", 'SELECT * FROM qliro."order" WHERE OrderId = $OrderId'),
    "batch": ("qliro.settlement_batch", "SELECT * FROM qliro.settlement_batch WHERE Id = $Id"),
    "payout_batch": (
        "qliro.settlement_batch",
        "SELECT * FROM qliro.settlement_batch "
        "WHERE list_contains(string_split($batches, ', '), CAST(Id AS VARCHAR)) "
        "ORDER BY BatchDate, Id",
    ),
    "transaction": (
        "qliro.transaction",
        "SELECT * FROM qliro.transaction WHERE OrderId = $OrderId "
        "AND coalesce(CAST(PaymentTransactionId AS VARCHAR), '#' || position) "
        "= split_part($id, '/', 2)",
    ),
    # A line's id ends with its item's, or with its place; of the same item in several transactions
    # that of the line's own.
    "item": (
        "qliro.item_action",
        "SELECT * FROM qliro.item_action WHERE OrderId = $OrderId "
        "AND split_part($id, '/', 3) IN (CAST(Id AS VARCHAR), '#' || position) "
        "ORDER BY CAST(PaymentTransactionId AS VARCHAR) IS DISTINCT FROM split_part($id, '/', 2), "
        "position LIMIT 1",
    ),
    "detail": (
        "fortnox.invoice_detail",
        "SELECT * FROM fortnox.invoice_detail WHERE DocumentNumber = $DocumentNumber",
    ),
    "invoice": (
        "fortnox.invoice",
        "SELECT * FROM fortnox.invoice WHERE DocumentNumber = $DocumentNumber",
    ),
    "order_detail": (
        "fortnox.order_detail",
        "SELECT * FROM fortnox.order_detail WHERE DocumentNumber = $DocumentNumber",
    ),
    "fortnox_order": (
        "fortnox.order",
        'SELECT * FROM fortnox."order" WHERE DocumentNumber = $DocumentNumber',
    ),
}  # fmt: skip


@cache
def declared() -> Mapping[str, Mapping[str, Any]]:
    """What raw_paths.yaml says, by table."""
    path = FOLDER / FILE
    found: Mapping[str, Mapping[str, Any]] = parse(read_text(path), str(path)).value
    return found


@dataclass(slots=True)
class Origins:
    """Held open over one explanation; each answer is read once."""

    store: Store
    answers: dict[int, tuple[str, Any]] = field(default_factory=dict)

    def of(self, entity: str, row: Row, column: str) -> Origin:
        """Where a column of a row of an entity, or of a staged table, stands."""
        table = declared().get(entity, {})
        told = (table.get("columns") or {}).get(column)
        if told is None and column[:1].isupper() and table.get("row"):
            added = ADDED.get(entity, {}).get(column)
            told = column if added is None or not added[1] else None
        if told is None:
            return Origin((), ADDED.get(entity, {}).get(column, (None, ""))[1])
        stands: list[Stand] = []
        said = ""
        for one in told if isinstance(told, list) else [told]:
            if ":" in one:
                stands += self._of_other(entity, row, *one.split(":", 1))
            elif " " in one:
                said = one
            else:
                stands += self._own(entity, table, row, one)
        return Origin(tuple(stands), said)

    def _of_other(self, of: str, row: Row, word: str, column: str) -> Sequence[Stand]:
        entity, query = ROWS[word]
        named = {
            "OrderId": row.get("OrderId"), "Id": row.get("Id"),
            "DocumentNumber": row.get("DocumentNumber"), "batches": row.get("batches"),
            "id": row.get(ID_COLUMNS.get(of, "")),
        }  # fmt: skip
        wanted = {name: value for name, value in named.items() if f"${name}" in query}
        if None in wanted.values():
            return ()
        found = self.store.rows(query, wanted)
        return [stand for other in found for stand in self.of(entity, other, column).stands]

    def _own(self, entity: str, table: Mapping[str, Any], row: Row, path: str) -> Iterator[Stand]:
        seq = row.get("raw_seq") or self._seq(entity, row)
        if seq is None:
            return
        system, body = self.answer(int(seq))
        for one in table["row"]:
            begin = _row_in(body, one, row)
            if begin is None:
                continue
            whole = ".".join(part for part in (begin, path) if part)
            for place, value in reached(body, whole):
                if value is not None:
                    yield Stand(int(seq), system, place, value)
            return

    def _seq(self, entity: str, row: Row) -> Any:
        """The answer of a row that does not say it itself."""
        column = ID_COLUMNS.get(entity)
        if column is None or row.get(column) is None or not self.store.has(entity):
            return None
        home, _, name = entity.partition(".")
        query = f'SELECT raw_seq FROM {home}."{name}" WHERE "{column}" = ?'
        return self.store.value(query, [row[column]])

    def answer(self, seq: int) -> tuple[str, Any]:
        """Whose an answer is, and its body; nothing where it can't be read."""
        if seq not in self.answers:
            rows = self.store.rows("SELECT source, body FROM raw.answer WHERE seq = ?", [seq])
            try:
                body = json_text.decode(rows[0]["body"]) if rows and rows[0]["body"] else None
            except ValueError:
                body = None
            system = rows[0]["source"].capitalize() if rows else ""
            self.answers[seq] = (system, body)
        return self.answers[seq]


def _row_in(body: Any, told: str, row: Row) -> str | None:
    """The path of a row in its answer; None where the answer has no such."""
    if not told:
        return "" if isinstance(body, dict) else None
    if told == "{part}":
        told = SUMMARIES[str(row.get("part"))]
    keyed = _KEYED.fullmatch(told)
    if keyed is None:
        return told if _at(body, told) is not None else None
    lists, key = keyed[1].split("+"), keyed[2]
    if key == "position":
        index = int(row["position"]) - 1
        for name in lists:
            listed = _at(body, name) or []
            if index < len(listed):
                return f"{name}[{index}]"
            index -= len(listed)
        return None
    keys = key.split(",")
    for i, one in enumerate(_at(body, lists[0]) or []):
        if isinstance(one, dict) and all(str(one.get(k)) == str(row.get(k)) for k in keys):
            return f"{lists[0]}[{i}]"
    return None


SUMMARIES = {
    "total": "TotalSummary", "accepted": "SettlementTransactionSummary",
    "pending": "PendingTransactionsSummary", "rejected": "RejectedTransactionsSummary",
}  # fmt: skip
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+|\*)\]")


def _at(body: Any, path: str) -> Any:
    return next((value for _, value in reached(body, path)), None)


def reached(body: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The values at a path with the path of each; [*] is every item of a list."""
    found = [("", body)]
    for name, index in _STEP.findall(path):
        after = []
        for place, value in found:
            if index == "*" and isinstance(value, list):
                after += [(f"{place}[{i}]", one) for i, one in enumerate(value)]
            elif index and index != "*" and isinstance(value, list) and int(index) < len(value):
                after.append((f"{place}[{index}]", value[int(index)]))
            elif name and isinstance(value, dict) and name in value:
                after.append((f"{place}.{name}".removeprefix("."), value[name]))
        found = after
    yield from found
