"""Reads a SIE 4 file whole: the encoding found out, every field kept, what can't be taken named.

Reads bytes, gives a ``SieFile``. Looked at and not taken: pysie-accounting 0.0.2 (drops vouchers,
knows no #BTRANS and #RTRANS), and on other shelves jsisie and parsers of single programs' files,
which sum #TRANS, #BTRANS and #RTRANS and so count corrections twice, or read amounts as floats.
What is odd follows the format's edition 4B and 60 files of 27 programs:

* #FORMAT says PC8 and nothing: it is UTF-8 where that works and something is beyond ASCII, else
  code page 437.
* Any field may stand in quotes, a quote in it behind a backslash; fields are parted by blanks or
  tabs, lists stand in braces. Unknown labels and further fields are let be.
* A voucher with a row that can't be read is left out whole and named: half of it would be a lie.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import cast

from .file import (
    Account,
    Balance,
    BalanceKind,
    Dimension,
    Object,
    Problem,
    Row,
    RowKind,
    SieFile,
    Voucher,
    Year,
)

AMOUNT = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
DAY = re.compile(r"(\d{4})(\d{2})(\d{2})")
# A field in quotes ends where a blank, a brace or the line's end follows; else the quote is in it.
QUOTED = r'"((?:\\"|[^"])*)"(?=[ \t{}]|$)'
# One that has no end goes on to the line's.
PLAIN_FIELD = re.compile(rf'{QUOTED}|"(.*)$|([^ \t]+)')
FIELD = re.compile(rf'{QUOTED}|"(.*)$|([{{}}])|([^ \t{{}}]+)')
ROWS = ("TRANS", "BTRANS", "RTRANS")
BALANCES = ("IB", "UB", "RES", "OIB", "OUB", "PSALDO")
WITH_LISTS = (*ROWS, "OIB", "OUB", "PSALDO", "PBUDGET")

# A field, or the objects of a list.
Field = str | tuple[str, ...]


class UnreadError(ValueError):
    """A field is not what it must be."""


def read_sie(content: bytes) -> SieFile:
    """The file. What it can't take is in ``problems``, never left out in silence.

    Raises ValueError with a sentence where it is no SIE file at all.
    """
    text = decoded(content)
    if not re.search(r"^[ \t]*#(FLAGGA|SIETYP|RAR|KONTO|VER)\b", text, re.MULTILINE):
        raise ValueError("it has none of the items of a SIE file (#FLAGGA, #SIETYP, #VER)")
    reading = _Reading()
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        stripped = line.strip(" \t\x1a\0")
        if stripped:
            _take(reading, number, stripped)
    _end_voucher(reading)
    return _whole(reading)


def decoded(content: bytes) -> str:
    """The text of a file, whatever its #FORMAT says."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp437")
    return text


@dataclass(slots=True)
class _Reading:
    """What has been read so far, and the voucher that is open."""

    single: dict[str, str] = field(default_factory=dict)
    days: dict[str, date | None] = field(default_factory=dict)
    years: list[Year] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    dimensions: list[Dimension] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    vouchers: list[Voucher] = field(default_factory=list)
    others: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    voucher: Voucher | None = None
    rows: list[Row] = field(default_factory=list)
    unread: int = 0  # rows of the open voucher that can't be read
    lost: bool = False  # the open voucher can't be read, and with it its rows


def _take(reading: _Reading, number: int, line: str) -> None:
    if line in "{}":
        if line == "}":
            _end_voucher(reading)
        return
    if not line.startswith("#"):
        reading.problems.append(Problem(number, f"is no item of a SIE file: {line[:60]}"))
        return
    label, _, rest = re.sub(r"[ \t]+", " ", line, count=1).partition(" ")
    label = label[1:].upper()
    try:
        _item(reading, number, label, _fields(rest, lists=label in WITH_LISTS))
    except UnreadError as error:
        reading.problems.append(Problem(number, f"#{label}: {error}"))
        reading.unread += label in ROWS
        reading.lost = reading.lost or label == "VER"


def _fields(text: str, *, lists: bool) -> list[Field]:
    """The fields of an item; a list in braces is one of them."""
    if not lists:
        return [_unquoted(found) for found in PLAIN_FIELD.finditer(text)]
    fields: list[Field] = []
    inside: list[str] | None = None
    for found in FIELD.finditer(text):
        brace = found[3]
        if brace == "{":
            inside = []
        elif brace == "}":
            fields.append(tuple(inside or ()))
            inside = None
        elif inside is not None:
            inside.append(_unquoted(found))
        else:
            fields.append(_unquoted(found))
    if inside is not None:
        raise UnreadError("its list of objects has no end")
    return fields


def _unquoted(found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[1].replace('\\"', '"')
    return found[found.lastindex or 0]


def _item(reading: _Reading, number: int, label: str, fields: list[Field]) -> None:
    def text(index: int) -> str:
        value = fields[index] if index < len(fields) else ""
        if isinstance(value, tuple):
            raise UnreadError("a list of objects stands where a field should")
        return value

    if label in ROWS:
        if reading.lost:
            return
        _row(reading, cast("RowKind", label), fields)
        return
    _end_voucher(reading)
    match label:
        case "VER":
            reading.voucher = Voucher(
                text(0), text(1), _needed_day(text(2)), text(3), _day(text(4)), text(5),
                line=number,
            )  # fmt: skip
        case "RAR":
            reading.years.append(Year(_year(text(0)), _needed_day(text(1)), _needed_day(text(2))))
        case "KONTO" | "KTYP" | "SRU":
            _account(reading, label, text(0), text(1))
        case "DIM" | "UNDERDIM":
            reading.dimensions.append(Dimension(text(0), text(1), text(2)))
        case "OBJEKT":
            reading.objects.append(Object(text(0), text(1), text(2)))
        case "GEN" | "OMFATTN":
            reading.days[label] = _day(text(0))
        case "PROGRAM":
            reading.single[label] = " ".join(filter(None, (text(0), text(1))))
        case "SIETYP" | "FNAMN" | "ORGNR" | "FNR" | "VALUTA":
            reading.single[label] = text(0)
        case _ if label in BALANCES:
            reading.balances.append(_balance(cast("BalanceKind", label), fields))
        case _:
            flat = (part for one in fields for part in ([one] if isinstance(one, str) else one))
            reading.others.append((label, tuple(flat)))


def _row(reading: _Reading, kind: RowKind, fields: list[Field]) -> None:
    if reading.voucher is None:
        raise UnreadError("the row stands in no voucher")
    # Some programs leave the braces out where there is no object.
    lists = [one for one in fields if isinstance(one, tuple)]
    plain = [one for one in fields if isinstance(one, str)]
    plain += [""] * (6 - len(plain))
    account, amount, day, text, quantity, sign = plain[:6]
    if not account:
        raise UnreadError("the row names no account")
    row = Row(
        kind, account, _amount(amount), _objects(lists[0] if lists else ()), _day(day), text,
        _amount(quantity) if quantity else None, sign,
    )  # fmt: skip
    reading.rows.append(row)


def _balance(kind: BalanceKind, fields: list[Field]) -> Balance:
    lists = [one for one in fields if isinstance(one, tuple)]
    plain = [one for one in fields if isinstance(one, str)]
    month = plain.pop(1) if kind == "PSALDO" and len(plain) > 1 else ""
    plain += [""] * (4 - len(plain))
    year, account, amount, quantity = plain[:4]
    if not account:
        raise UnreadError("the balance names no account")
    return Balance(
        kind, _year(year), account, _amount(amount), _amount(quantity) if quantity else None,
        _objects(lists[0] if lists else ()), month,
    )  # fmt: skip


def _objects(parts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    if len(parts) % 2:
        raise UnreadError(f"its list of objects is no list of pairs: {' '.join(parts)}")
    return tuple(list(pairwise(parts))[::2])


def _account(reading: _Reading, label: str, number: str, value: str) -> None:
    if not number:
        raise UnreadError("it names no account")
    held = reading.accounts.get(number, Account(number))
    if label == "KONTO":
        held = replace(held, name=value)
    elif label == "KTYP":
        held = replace(held, kind=value)
    else:
        held = replace(held, tax_codes=(*held.tax_codes, value))
    reading.accounts[number] = held


def _end_voucher(reading: _Reading) -> None:
    """The open voucher is whole; one with a row that can't be read is left out, and named."""
    voucher, rows, unread = reading.voucher, tuple(reading.rows), reading.unread
    reading.voucher, reading.rows, reading.unread, reading.lost = None, [], 0, False
    if voucher is None:
        return
    voucher = replace(voucher, rows=rows)
    if unread:
        told = "a row" if unread == 1 else f"{unread} rows"
        what = f"voucher {voucher.name} is left out: {told} of it can't be read"
        reading.problems.append(Problem(voucher.line, what))
        return
    if voucher.off:
        what = f"voucher {voucher.name} does not balance: debit exceeds credit by {voucher.off:f}"
        reading.problems.append(Problem(voucher.line, what))
    reading.vouchers.append(voucher)


def _amount(text: str) -> Decimal:
    if not AMOUNT.fullmatch(text):
        raise UnreadError(f"{text!r} is no amount; one is written 1234.50 or -1234.50")
    return Decimal(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    found = DAY.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups())) if found else _no_day(text)
    except ValueError:
        return _no_day(text)


def _no_day(text: str) -> date:
    raise UnreadError(f"{text!r} is no day; one is written 20261231")


def _needed_day(text: str) -> date:
    return _day(text) or _no_day(text)


def _year(text: str) -> int:
    if not re.fullmatch(r"0|-[0-9]{1,2}", text):
        raise UnreadError(f"{text!r} is no year; the file's own is 0, the one before -1")
    return int(text)


def _whole(reading: _Reading) -> SieFile:
    single = reading.single
    return SieFile(
        program=single.get("PROGRAM", ""),
        made=reading.days.get("GEN"),
        type=single.get("SIETYP", ""),
        company=single.get("FNAMN", ""),
        organisation_number=single.get("ORGNR", ""),
        file_number=single.get("FNR", ""),
        through=reading.days.get("OMFATTN"),
        currency=single.get("VALUTA") or "SEK",
        years=tuple(reading.years),
        accounts=tuple(reading.accounts.values()),
        dimensions=tuple(reading.dimensions),
        objects=tuple(reading.objects),
        balances=tuple(reading.balances),
        vouchers=tuple(reading.vouchers),
        others=tuple(reading.others),
        problems=tuple(reading.problems),
    )
