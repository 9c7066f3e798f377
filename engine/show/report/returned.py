"""Reads the sheet To decide that came back, from Excel or from CSV, in either language.

Gives the rows that somebody filled in; what is decided and what is possible is judged elsewhere.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from ...errors import FileError, Finding, Place, UsageError
from ...report.payouts.decided import Decision
from ...report.payouts.model import ChoiceKind
from . import texts
from .decisions import COLUMNS
from .words import LANGUAGES, Words, words

NEEDED = ("ref", "decision", "number", "reason", "name", "stamp")
Row = Sequence[str]
# What a file that only calls itself an Excel book may raise: no archive, a part that lacks, that is
# cut, that is no XML, whose values can't be.
BROKEN = (BadZipFile, KeyError, ValueError, TypeError, EOFError, zlib.error, ParseError)


def read(path: Path) -> list[Decision]:
    """The rows of a sheet that have a decision, a reason, a number or a name in them.

    Raises FileError, with row and column, where a column is missing or a decision is no way to
    decide; UsageError where the file is no Excel book and no CSV.
    """
    rows = _excel(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    first = next(rows, None)
    if first is None:
        raise FileError.at(path, 1, 1, "empty", "There is nothing in it.", "Give the whole sheet.")
    said = _words(first)
    columns = _columns(path, first, said)
    titles = {one.key: said.of(one.column.title) for one in COLUMNS}
    called = {kind: said.of(way) for kind, way in texts.CHOICES.items()}
    ways = _ways()
    found: list[Decision] = []
    findings: list[Finding] = []
    for number, row in enumerate(rows, 2):
        given = {key: (row[at].strip() if at < len(row) else "") for key, at in columns.items()}
        filled = [key for key in ("decision", "number", "reason", "name") if given[key]]
        if not filled:
            continue
        places = {key: Place(str(path), number, at + 1) for key, at in columns.items()}
        cells = {key: f"{titles[key]} ({_letters(at)}{number})" for key, at in columns.items()}
        kind = ways.get(given["decision"].casefold())
        if kind is None:
            what = (
                f"{given['decision']} is no decision."
                if given["decision"]
                else f"Nothing is decided, and {titles[filled[0]]} is filled in."
            )
            remedy = f"Choose for {cells['decision']} one of: {', '.join(called.values())}."
            findings.append(Finding(places["decision"], "no-decision", what, remedy))
            continue
        found.append(
            Decision(given["ref"], kind, given["number"], given["reason"], given["name"],
                     given["stamp"], places, cells, called)
        )  # fmt: skip
    if findings:
        raise FileError(findings)
    return found


def _words(titles: Row) -> Words:
    """The words of the language that the sheet is in: of which it has more titles."""
    has = {title.strip().casefold() for title in titles}
    said = [words(language) for language in LANGUAGES]
    return max(said, key=lambda one: sum(
        one.of(column.column.title).casefold() in has for column in COLUMNS
    ))  # fmt: skip


def _letters(at: int) -> str:
    """A column as Excel calls it: A is the first, AA the 27th."""
    further, last = divmod(at, 26)
    return (_letters(further - 1) if further else "") + chr(ord("A") + last)


def _columns(path: Path, titles: Row, said: Words) -> dict[str, int]:
    """Where each column is, by its title in either language."""
    known = {
        words(language).of(one.column.title).casefold(): one.key
        for language in LANGUAGES
        for one in COLUMNS
    }
    found: dict[str, int] = {}
    for at, title in enumerate(titles):
        key = known.get(title.strip().casefold())
        if key is not None:
            found.setdefault(key, at)
    named = {one.key: said.of(one.column.title) for one in COLUMNS}
    missing = [named[key] for key in NEEDED if key not in found]
    if missing:
        raise FileError.at(
            path, 1, 1, "missing-column", f"It has no column {', '.join(missing)}.",
            "Give the sheet To decide (Att besluta) as the report wrote it, hidden columns too.",
        )  # fmt: skip
    return found


def _ways() -> dict[str, ChoiceKind]:
    """The decisions by their names in either language, and as the command calls them."""
    found: dict[str, ChoiceKind] = {}
    kinds: tuple[ChoiceKind, ...] = ("invoice", "suspense", "ignore", "retry", "there")
    for kind in kinds:
        found[kind] = kind
        for language in LANGUAGES:
            found[words(language).of(texts.CHOICES[kind]).casefold()] = kind
    return found


def _csv(path: Path) -> Iterator[Row]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # as Excel saves CSV without UTF-8
        try:
            text = content.decode("cp1252")
        except UnicodeDecodeError:
            raise UsageError(f"{path} is no text.", "Save the sheet again, as CSV.") from None
    delimiter = ";" if text.partition("\n")[0].count(";") else ","
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise UsageError(f"{path} is no CSV: {error}.", "Save the sheet again.") from None


def _excel(path: Path) -> Iterator[Row]:
    try:
        import openpyxl  # noqa: PLC0415  an extra
    except ImportError as error:
        raise UsageError(
            f"Reading Excel needs what is not installed ({error}).",
            "pip install 'qliro-fortnox[report]', or save the sheet as CSV.",
        ) from None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from None
    except BROKEN as error:
        raise UsageError(f"{path} is no Excel book ({error}).", "Save the sheet again.") from None
    try:
        names = [words(language).of("To decide") for language in LANGUAGES]
        chosen = next((name for name in names if name in book.sheetnames), book.sheetnames[0])
        for row in book[chosen].iter_rows(values_only=True):
            yield [_text(value) for value in row]
    except BROKEN as error:  # a sheet is read when its rows are
        raise UsageError(f"{path} is no Excel book ({error}).", "Save the sheet again.") from None
    finally:
        book.close()


def _text(value: Any) -> str:
    """A cell as it was meant: a number that is whole is a document's number."""
    match value:
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case float():
            return str(Decimal(repr(value)))
        case datetime() | date():
            return value.isoformat()[:10]
    return str(value)
