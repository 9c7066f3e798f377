"""The OSS table as CSV: the rows of ``sales_accounts``, for spreadsheets and for accountants.

Writes one form and reads two: its own, a line for each row, and the field's, a line for each
country with a default account, accounts by VAT rate, and accounts for shipping, fees and credit
vouchers. What cannot be read is told with the file's line and the number of the column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

from .. import validate
from ..errors import FileError, Finding, Place
from ..yamlfile import MOST_DIGITS, Path_, YamlFile, nearest, read_text
from . import tables
from .settings import merchant_schema

COLUMNS = (*tables.SALES_INPUTS, "account", "vat_code", "vat_account")
# The columns of the field's form, by their letters alone; a column with a number is that rate's.
DEFAULT = ("defaultaccountnumber", "defaultaccount")
KINDS = {
    "shippingaccount": "shipping",
    "shippingaccountnumber": "shipping",
    "feeaccount": "fee",
    "feeaccountnumber": "fee",
    "creditvoucheraccount": "credit_voucher",
    "creditvoucheraccountnumber": "credit_voucher",
}
Row = dict[str, Any]
Cells = list[tuple[str, str, int]]  # of a line: name of the column, text, number of the column


@dataclass(slots=True)
class _Read:
    """Held open over one file: its rows, where each value of them stands, what is wrong."""

    path: str
    rows: list[Row] = field(default_factory=list)
    places: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, line: int, row: Row, columns: Mapping[str, int]) -> None:
        at: Path_ = ("sales_accounts", len(self.rows))
        self.places[at] = (line, min(columns.values(), default=1))
        self.places |= {(*at, name): (line, column) for name, column in columns.items()}
        for name, value in row.items():
            for index in range(len(value) if isinstance(value, list) else 0):
                self.places[*at, name, index] = (line, columns[name])
        self.rows.append(row)

    def wrong(self, line: int, column: int, code: str, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(Place(self.path, line, column), code, message, remedy))


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows in this program's form; several countries, rates or kinds stand in one cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return text.getvalue()


def row_text(row: Mapping[str, Any]) -> str:
    """A row on one line, for people: ``country: DE, rate: 19, account: 3106``."""
    cells = ((name, _cell(row.get(name))) for name in COLUMNS)
    return ", ".join(f"{name}: {cell}" for name, cell in cells if cell)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def read_csv(path: Path, settings: Mapping[str, Any]) -> tuple[list[Row], list[Finding]]:
    """The rows of a CSV file, as the merchant's file would have them, and warnings on them.

    ``settings`` are the merchant's: what is domestic, and whether One Stop Shop is used. Raises
    FileError with all findings: not CSV, unknown columns, rows that the schema refuses.
    """
    found = _Read(str(path))
    lines = _lines(path)
    if not lines:
        raise FileError.at(path, 1, 1, "empty", "the file has no header.", _HEADER)
    first, header = lines[0]
    names = [_name(title) for title in header]
    if any(name in DEFAULT for name in names):
        _fields_form(found, header, lines[1:], first)
    elif "account" in names:
        _own_form(found, header, lines[1:], first)
    else:
        raise FileError.at(path, first, 1, "no-account", "no column is called account.", _HEADER)
    value = {"sales_accounts": found.rows}
    file = YamlFile(str(path), value, {(): (1, 1), **found.places}, {})
    findings = found.findings + [fault.finding for fault in validate.faults(file, _schema())]
    if not findings:
        tree = {**settings, **value}
        findings = [
            *tables.sales_rows(file, tree),
            *tables.country_codes(file, value, merchant_schema()),
        ]
    if any(one.severity == "error" for one in findings):
        raise FileError(sorted(findings, key=lambda one: (one.place.line, one.place.column)))
    return found.rows, findings


_HEADER = f"Begin with: {','.join(COLUMNS)}"


def _schema() -> dict[str, Any]:
    schema = merchant_schema()
    only = {"sales_accounts": schema["properties"]["sales_accounts"]}
    return {"type": "object", "properties": only, "$defs": schema["$defs"]}


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The cells of each line that has any, with its number."""
    try:
        text = read_text(path).removeprefix("\ufeff")
    except FileError as error:
        (found,) = error.findings
        if found.code != "not-utf-8":
            raise
        raise FileError([replace(found, remedy="Save it as CSV UTF-8.")]) from None
    head, _, rest = text.partition("\n")
    told = re.fullmatch(r'"?sep=(.)"?\s*', head, re.IGNORECASE)  # a spreadsheet's own first line
    if told:
        text, before = rest, 1
    else:
        before = 0
    delimiter = told[1] if told else max(";\t,", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        return [
            (before + reader.line_num, [cell.strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        line = before + reader.line_num
        raise FileError.at(path, line, 1, "not-csv", f"{error}.") from None


def _name(title: str) -> str:
    """A column's title by its letters alone, vat_code as it is."""
    return re.sub(r"[^a-z_]", "", title.lower())


def _cells(found: _Read, line: int, names: Sequence[str], cells: Sequence[str]) -> Cells:
    if len(cells) > len(names):
        text = f"{len(cells)} cells, and the header has {len(names)} columns."
        at, number = next(_torn(names, cells), (len(names) + 1, ""))
        remedy = (
            f'If {number} is one number: write it in quotes ("{number}") or with a point, or '
            "separate the cells with semicolons."
            if number
            else ""
        )
        found.wrong(line, at, "too-many-cells", text, remedy)
    pairs = enumerate(zip(names, cells, strict=False), start=1)
    return [(name, cell, column) for column, (name, cell) in pairs if name and cell]


def _torn(names: Sequence[str], cells: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Where a number with a decimal comma stands in two cells, from the rate on: the column of the
    first, and the number."""
    for column, (one, other) in enumerate(pairwise(cells), start=1):
        is_rate = column <= len(names) and names[column - 1] == "rate"
        if is_rate and re.fullmatch(r"\d{1,2}", one) and re.fullmatch(r"\d{1,2} ?%?", other):
            yield column, f"{one},{other}"


# Our own form: a line is a row --------------------------------------------------------------------
def _own_form(
    found: _Read, header: Sequence[str], lines: Sequence[tuple[int, list[str]]], first: int
) -> None:
    names = _known(found, header, first, {name: name for name in COLUMNS})
    for line, cells in lines:
        told = _cells(found, line, names, cells)
        row = {name: _value(name, cell) for name, cell, _ in told}
        found.add(line, row, {name: column for name, _, column in told})


def _known(found: _Read, header: Sequence[str], line: int, known: Mapping[str, str]) -> list[str]:
    """What each column is; one that is unknown, or stands twice, is a finding."""
    names: list[str] = []
    for column, title in enumerate(header, start=1):
        name = known.get(_name(title), "")
        if title and not name:
            remedy = nearest(_name(title), known)
            found.wrong(line, column, "unknown-column", f"there is no column {title!r}.", remedy)
        elif name and name in names:
            found.wrong(line, column, "duplicate-column", f"the column {title!r} stands twice.")
        names.append(name)
    return names


def _value(name: str, cell: str) -> Any:
    if name in ("account", "vat_account"):
        is_number = cell.isascii() and cell.isdigit() and len(cell) <= MOST_DIGITS
        return int(cell) if is_number else cell
    if name == "vat_code":
        return cell
    if name in ("buyer", "region"):
        return cell.lower()
    parts = [_part(name, part) for part in cell.replace("%", " ").split()]
    return parts[0] if len(parts) == 1 else parts or cell


def _part(name: str, text: str) -> Any:
    if name == "rate":
        return _rate(text)
    return text.upper() if name == "country" else text.lower()


def _rate(text: str) -> Any:
    """25, 25.5 or 25,5, with or without %; any other text is left for the schema to refuse."""
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    if number.adjusted() > MOST_DIGITS:  # refused as it is: its digits would fill the memory
        return number
    return int(number) if number == int(number) else number


# The field's form: a line is a country ------------------------------------------------------------
def _fields_form(
    found: _Read, header: Sequence[str], lines: Sequence[tuple[int, list[str]]], first: int
) -> None:
    rates: dict[int, Any] = {}
    plain: list[str] = []
    for column, title in enumerate(header):
        number = re.search(r"\d+(?:[.,]\d+)?", title)
        if number:
            rates[column] = _rate(number[0])
        plain.append("" if number else title)
    known = {"countrycode": "country", "country": "country"}
    known |= dict.fromkeys(DEFAULT, "account") | KINDS
    names = _known(found, plain, first, known)
    for column in rates:
        names[column] = "rate"
    for line, cells in lines:
        _country(found, line, _cells(found, line, names, cells), rates)


def _country(found: _Read, line: int, told: Cells, rates: Mapping[int, Any]) -> None:
    """The rows of a country, the narrower before the wider."""
    country = next(((cell, column) for name, cell, column in told if name == "country"), None)
    if country is None:
        found.wrong(line, 1, "missing-key", "the line names no country.")
        return
    order = ("shipping", "fee", "credit_voucher", "rate", "account")
    for name, cell, column in sorted(told, key=lambda one: (*order, one[0]).index(one[0])):
        if name == "country":
            continue
        row: Row = {"country": _value("country", country[0])}
        if name == "rate":
            row["rate"] = rates[column - 1]
        elif name != "account":
            row["kind"] = name
        row["account"] = _value("account", cell)
        found.add(line, row, dict.fromkeys(row, column) | {"country": country[1]})
