"""The Excel book and the CSV: numbers as numbers, sums that hold, no text taken for a formula."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from engine.report.payouts.choices import choices
from engine.report.payouts.model import (
    ZERO,
    AccountTotal,
    CurrencySums,
    Document,
    Line,
    Payout,
    Period,
    Proof,
    Report,
    Sums,
    ToDecide,
)
from engine.show.report import csv_file, excel
from engine.show.report.words import words

SV = words("sv")
ODD = "=1+1"
SOFFICE = shutil.which("soffice") or ""


def line(number: int, payout: str, gross: str, fee: str, **changes: Any) -> Line:
    made = Line(
        f"line{number}", payout, date(2026, 11, 3), "Transaction", str(4900000 + number), "R-1",
        "SWISH", "1001", Decimal(gross), Decimal(fee), round(Decimal(fee) / 5, 2), "posted",
        "posted", "",
        (Document("payment", str(number), "C 1"),),
    )  # fmt: skip
    return replace(made, **changes)


LINES = [
    line(1, "A", "100.10", "-5.00"), line(2, "A", "-33.33", "-0.05"),
    line(3, "A", "7.00", "0", state="outside", code="pending"),
    line(4, "B", "1234.50", "-0.01", reference=ODD, state="parked", why="@SUM(A1)"),
]  # fmt: skip
ITEM = ToDecide(
    kind="line", ref="line4", what="Transaction", payout="B", day=date(2026, 11, 4), age=3,
    order="4900004", reference=ODD, amount=Decimal("1234.50"), currency="SEK", state="parked",
    code="ambiguous", why="+cmd", choices=choices("shop", "line4", ("invoice", "ignore")),
    stamp="abc",
)  # fmt: skip


def payout(key: str) -> Payout:
    mine = [one for one in LINES if one.payout == key and not one.outside]
    sums = Sums(
        sum((one.gross for one in mine if one.gross > 0), ZERO),
        sum((one.gross for one in mine if one.gross < 0), ZERO),
        sum((one.fee for one in mine), ZERO), sum((one.vat for one in mine), ZERO), ZERO, len(mine),
    )  # fmt: skip
    return Payout(
        key, date(2026, 11, 4), key, "SEK", sums.net, True, "", (), False, "posted", "", sums,
        len([one for one in LINES if one.payout == key]), (), (),
        (AccountTotal("1580", "=Konto", "interim", Decimal("0.10"), Decimal("0.30")),),
    )  # fmt: skip


def report() -> Report:
    both = (payout("A"), payout("B"))
    paid = sum((one.paid_out or ZERO for one in both), ZERO)
    return Report(
        "shop", "=HYPERLINK(1)", Period(), None, datetime(2026, 11, 30, 12, tzinfo=UTC), "SEK",
        both, (CurrencySums("SEK", 2, paid, both[0].sums + both[1].sums),),
        (Proof("qliro", "holds", 2),), (ITEM,), (),
    )  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return excel.write(tmp_path / "report.xlsx", report(), iter(LINES), SV)


def cells(path: Path, *, values: bool) -> Iterator[tuple[str, Any]]:
    for sheet in openpyxl.load_workbook(path, data_only=values):
        for row in sheet.iter_rows():
            for one in row:
                if one.value is not None:
                    yield f"{sheet.title}!{one.coordinate}", one


def test_only_our_sums_are_formulas_and_data_stays_text(book: Path) -> None:
    formulas = [one.value for _, one in cells(book, values=False) if one.data_type == "f"]
    assert formulas
    assert all(one.startswith(("=SUM(", "=SUMIFS(")) for one in formulas)
    texts = {one.value for _, one in cells(book, values=False) if one.data_type == "s"}
    assert {ODD, "=Konto"} <= texts


def test_the_stored_values_of_the_sums_are_those_of_the_lines(book: Path) -> None:
    values = openpyxl.load_workbook(book, data_only=True)
    lines = values["Rader"]
    assert [lines.cell(1, at).value for at in (8, 9, 10, 11)] == [1301.27, -5.06, -1.01, 1296.21]
    payouts = values["Utbetalningar"]
    assert payouts.cell(4, 11).value == 1296.21


def test_dates_are_dates_and_amounts_are_numbers(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["Rader"]
    assert sheet.cell(3, 2).value == datetime(2026, 11, 3)  # noqa: DTZ001  Excel has no zones
    assert sheet.cell(3, 8).value == 100.1
    assert sheet.cell(3, 8).number_format == "#,##0.00"
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref == "A2:Q6"


def test_a_decision_is_chosen_from_what_is_possible(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["Att besluta"]
    (rule,) = sheet.data_validations.dataValidation
    assert rule.type == "list"
    assert rule.formula1 == '"Betala en faktura,Lämna åt sidan"'


def test_the_same_report_gives_the_same_book(tmp_path: Path, book: Path) -> None:
    again = excel.write(tmp_path / "again.xlsx", report(), iter(LINES), SV)
    assert again.read_bytes() == book.read_bytes()


def test_a_large_payout_has_a_sheet_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "OWN_SHEET", 2)
    path = excel.write(tmp_path / "own.xlsx", report(), iter(LINES), SV)
    sheets = openpyxl.load_workbook(path, data_only=True)
    assert [sheets["A"].cell(1, at).value for at in (8, 9, 11)] == [66.77, -5.05, 61.72]
    assert sheets["Rader"].cell(1, 11).value == 1234.49


def test_no_sum_of_lines_is_of_two_currencies(tmp_path: Path) -> None:
    lines = [replace(one, currency="EUR" if one.payout == "B" else "SEK") for one in LINES]
    both = report()
    made = replace(both, payouts=(both.payouts[0], replace(both.payouts[1], currency="EUR")))
    path = excel.write(tmp_path / "two.xlsx", made, iter(lines), SV)
    sheets = openpyxl.load_workbook(path, data_only=True)
    assert sheets["Rader SEK"].cell(1, 11).value == 61.72
    assert sheets["Rader EUR"].cell(1, 11).value == 1234.49
    told = csv_file.write(tmp_path / "lines.csv", iter(lines), SV, plain=True)
    rows = list(csv.reader(told.read_text("utf-8").splitlines()))
    assert [row[-1] for row in rows] == ["Valuta", "SEK", "SEK", "SEK", "EUR"]


@pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed")
def test_libreoffice_computes_the_sums_to_the_same_oere(book: Path, tmp_path: Path) -> None:
    stored = {place: one.value for place, one in cells(book, values=True)}
    formulas = {place for place, one in cells(book, values=False) if one.data_type == "f"}
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    # To its own format and back: it computes what it does not trust.
    for form, source in (("ods", book), ("xlsx", tmp_path / "out" / "report.ods")):
        subprocess.run(  # noqa: S603  our own arguments
            [SOFFICE, profile, "--headless", "--convert-to", form, "--outdir",
             str(tmp_path / "out"), str(source)], check=True, capture_output=True, timeout=180,
        )  # fmt: skip
    computed = {place: one.value for place, one in cells(tmp_path / "out" / "report.xlsx",
                                                         values=True)}  # fmt: skip
    for place in formulas:
        assert round(Decimal(str(computed[place])), 2) == round(Decimal(str(stored[place])), 2)


def test_csv_opens_in_swedish_excel_and_has_no_formula(tmp_path: Path) -> None:
    path = csv_file.write(tmp_path / "lines.csv", iter(LINES), SV, plain=False)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfUtbetalning;Datum;")
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert rows[2][7:11] == ["-33,33", "-0,05", "-0,01", "-33,38"]
    assert rows[4][4] == f"'{ODD}"
    assert rows[4][13].startswith("'@") or not rows[4][13].startswith("@")
    for row in rows[1:]:
        for at, one in enumerate(row):
            assert at in (7, 8, 9, 10) or not one.startswith(("=", "+", "-", "@")), one


def test_plain_csv_is_for_programs(tmp_path: Path) -> None:
    path = csv_file.write(tmp_path / "lines.csv", iter(LINES), SV, plain=True)
    (_, first, *_rest) = csv.reader(path.read_text("utf-8").splitlines())
    assert first[1] == "2026-11-03"
    assert first[7:11] == ["100.10", "-5.00", "-1.00", "95.10"]
