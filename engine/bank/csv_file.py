"""Reads a bank's CSV by the columns that the merchant's file declares (``bank.csv``).

Reads bytes and the declaration, gives a statement for each currency. Every row must read, or the
file is refused with all its rows that don't: a row left out would make a payout look missing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..errors import FileError, Finding, Place
from .statement import Entry, Statement, numbered

MOST_TOLD = 10
MOST = Decimal(10) ** 14  # what the database holds
BLANKS = (" ", "\u00a0", "\u202f")
MINUS = "\u2212"
# By what may stand between groups of three digits: the other of the two comes before decimals.
AMOUNTS = {
    between: re.compile(
        rf"[+-]? ?([0-9]+|[0-9]{{1,3}}([ {between}][0-9]{{3}})+)([{decimal}][0-9]{{1,4}})?"
    )
    for between, decimal in ((".", ","), (",", "."))
}


def read_csv(
    path: Path, content: bytes, declared: Mapping[str, Any], currency: str
) -> list[Statement]:
    """The statements of a file, one for each currency; the period is that of the entries.
    ``currency`` is that of files without a column of it. Raises FileError."""
    text = _decoded(path, content, declared["encoding"])
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=declared["delimiter"], strict=True))
    except csv.Error as error:
        raise FileError.at(
            path, 1, 1, "not-csv", f"is no CSV: {error}.", "Fetch it from the bank again."
        ) from None
    entries: list[Entry] = []
    wrong: list[Finding] = []
    for number, row in enumerate(rows[declared["header_rows"] :], declared["header_rows"] + 1):
        if not any(cell.strip() for cell in row):
            continue
        try:
            entries.append(_entry(row, declared, currency))
        except ValueError as error:
            wrong.append(
                Finding(
                    Place(str(path), number, 1), "bank-row", f"{error}.",
                    "Declare the columns as the file has them: bank.csv.",
                )
            )  # fmt: skip
    if wrong:
        raise FileError(wrong[:MOST_TOLD])
    by_currency: dict[str, list[Entry]] = {} if entries else {currency: []}
    for one in entries:
        by_currency.setdefault(one.currency, []).append(one)
    account = declared["account"] or ""
    return [_statement(path.name, account, of, mine) for of, mine in by_currency.items()]


def _statement(name: str, account: str, currency: str, entries: list[Entry]) -> Statement:
    days = [one.day for one in entries]
    return Statement(
        name, account, currency, min(days, default=None), max(days, default=None), None, None,
        numbered(entries),
    )  # fmt: skip


def _decoded(path: Path, content: bytes, encoding: str) -> str:
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError.at(
            path, line, 1, "bank-encoding", f"is not {encoding} text.",
            "Write in bank.csv.encoding what the bank's file is written in.",
        ) from None  # fmt: skip


def _entry(row: Sequence[str], declared: Mapping[str, Any], currency: str) -> Entry:
    columns = declared["columns"]
    if len(row) < len(columns):
        raise ValueError(f"it has {len(row)} columns, {len(columns)} are declared")
    cells: dict[str, list[str]] = {}
    for name, cell in zip(columns, row, strict=False):
        if cell.strip():
            cells.setdefault(name, []).append(cell.strip())
    return Entry(
        _day(cells.get("day", [""])[0], declared["day"]),
        _amount(cells.get("amount", [""])[0], declared["decimal"]),
        cells.get("currency", [currency])[0],
        tuple(cells.get("text", ())),
        cells.get("reference", [""])[0],
    )


def _day(text: str, written: str) -> date:
    try:
        return datetime.strptime(text, written).date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        raise ValueError(f"{text!r} is no day written as {written}") from None


def _amount(text: str, decimal: str) -> Decimal:
    """An amount without grouping, or grouped by threes, by blanks or by the other of comma and
    point: 1.234,50 with a decimal comma. 1234.50 is none then, and not a hundred times as much."""
    plain = text.replace(MINUS, "-").translate(dict.fromkeys(map(ord, BLANKS), " "))
    between = "." if decimal == "," else ","
    if AMOUNTS[between].fullmatch(plain) is None:
        raise ValueError(f"{text!r} is no amount with {decimal!r} before its decimals")
    amount = Decimal(plain.replace(" ", "").replace(between, "").replace(decimal, "."))
    if abs(amount) >= MOST:
        raise ValueError(f"{text!r} is more than any account holds")
    return amount
