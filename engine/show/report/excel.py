"""The report as an Excel book: first page, payouts, accounts, lines, and a sheet to decide on.

Takes a gathered report and a stream of its lines in the order of payouts; writes one file, row by
row, so that memory does not grow with the lines. Sums are formulas with their value beside them; no
text is ever taken for a formula, a link or a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from ...report.payouts.model import Line, Payout, Report
from . import texts
from .decisions import COLUMNS as TO_DECIDE
from .decisions import cells as decision_cells
from .rows import IN_SUMS, LINE_COLUMNS, Column, Value, line_cells, shown
from .whole import in_place
from .words import Words, _

OWN_SHEET = 2_000  # a payout of more lines has a sheet of its own
LONGEST = 32_000  # characters of a cell
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
PAYOUT_COLUMNS: Sequence[Column] = (
    Column(_("Payout"), 14), Column(_("Date"), 11), Column(_("Currency"), 9),
    Column(_("Lines"), 8), Column(_("Sold"), 14, True), Column(_("Given back"), 14, True),
    Column(_("Other"), 12, True), Column(_("Fees"), 12, True), Column(_("of which VAT"), 12, True),
    Column(_("Sum of the lines"), 15, True), Column(_("Paid out"), 14, True),
    Column(_("Qliro's figures"), 16), Column(_("Transfer"), 22), Column(_("Voucher"), 12),
)  # fmt: skip
ACCOUNT_COLUMNS: Sequence[Column] = (
    Column(_("Payout"), 14), Column(_("Date"), 11), Column(_("Account"), 12),
    Column(_("Name"), 34), Column(_("Debit"), 14, True), Column(_("Credit"), 14, True),
)  # fmt: skip


@dataclass(slots=True)
class _Book:
    """An open workbook with its formats and words."""

    book: Workbook
    words: Words
    formats: dict[str, Format]
    names: set[str]

    def sheet(self, name: str) -> Worksheet:
        """A new sheet; a name that is taken or too long is made another."""
        plain = "".join("-" if one in "[]:*?/\\'" else one for one in name)[:28] or "-"
        told, number = plain, 2
        while told.lower() in self.names:
            told, number = f"{plain} {number}", number + 1
        self.names.add(told.lower())
        return self.book.add_worksheet(told)

    def put(self, sheet: Worksheet, row: int, column: int, value: Value, style: str = "") -> None:
        """A cell by the type of its value."""
        match value:
            case None | "":
                return
            case Decimal():
                sheet.write_number(row, column, shown(value), self.formats[style or "amount"])
            case date():
                sheet.write_datetime(row, column, value, self.formats["date"])
            case str():
                form = self.formats[style] if style else None
                sheet.write_string(row, column, value[:LONGEST], form)

    def head(self, sheet: Worksheet, row: int, columns: Sequence[Column]) -> None:
        """Titles, frozen."""
        for at, column in enumerate(columns):
            sheet.set_column(at, at, column.width)
        for at, column in enumerate(columns):
            form = self.formats["head_right" if column.amounts else "head"]
            sheet.write_string(row, at, self.words.of(column.title), form)
        sheet.freeze_panes(row + 1, 1)


def write(path: Path, report: Report, lines: Iterable[Line], words: Words) -> Path:
    """Write the book."""
    with in_place(path) as half, Workbook(str(half), OPTIONS) as book:
        made = report.made_at.astimezone(UTC).replace(tzinfo=None)
        book.set_properties({"title": f"{words.of(_('Payout report'))} {report.name}",
                             "created": made})  # fmt: skip
        open_book = _Book(book, words, _formats(book), set())
        _first(open_book, report)
        if report.to_decide:
            _to_decide(open_book, report)
        _payouts(open_book, report)
        _accounts(open_book, report)
        _lines(open_book, report.payouts, lines)
    return path


def _formats(book: Workbook) -> dict[str, Format]:
    amount = {"num_format": "#,##0.00"}
    bold = {"bold": True}
    return {
        "amount": book.add_format(amount),
        "sum": book.add_format({**amount, **bold, "top": 1}),
        "whole": book.add_format({"num_format": "#,##0"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
        "bold": book.add_format(bold),
        "title": book.add_format({**bold, "font_size": 16}),
        "head": book.add_format({**bold, "bottom": 1, "text_wrap": True, "valign": "top"}),
        "head_right": book.add_format({**bold, "bottom": 1, "align": "right", "valign": "top"}),
        "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        "holds": book.add_format({"font_color": "#14633a", **bold}),
        "fails": book.add_format({"font_color": "#9b1c1c", **bold}),
        "unproved": book.add_format({"font_color": "#7a4b00", **bold}),
        "fill": book.add_format({"bg_color": "#fdf1d8", "text_wrap": True, "valign": "top"}),
    }


def _first(book: _Book, report: Report) -> None:
    words = book.words
    sheet = book.sheet(words.of(_("Overview")))
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 1, 18)
    sheet.set_column(2, 2, 90)
    title = f"{words.of(_('Payout report'))}: {report.name}"
    book.put(sheet, 0, 0, title, "title")
    book.put(sheet, 1, 0, texts.period(words, report.period))
    as_of = words.say(_("As the run of %(moment)s left it."), moment=words.moment(report.as_of))
    book.put(sheet, 2, 0, as_of if report.as_of else words.of(_("No run has been made yet.")))
    row = 4
    for one in report.totals:
        figures = (
            (_("Paid out"), one.paid_out), (_("Sold"), one.sums.sold),
            (_("Given back"), one.sums.given_back), (_("Fees"), one.sums.fees),
            (_("of which VAT on fees"), one.sums.vat),
            (_("Chargebacks and other"), one.sums.other),
            (_("Not explained by the lines"), one.paid_out - one.sums.net),
        )  # fmt: skip
        for name, value in figures:
            book.put(sheet, row, 0, f"{words.of(name)} ({one.currency})")
            book.put(sheet, row, 1, value)
            row += 1
        row += 1
    book.put(sheet, row, 0, words.of(_("Three proofs")), "bold")
    for proof in report.proofs:
        row += 1
        book.put(sheet, row, 0, words.of(texts.PROOFS[proof.of]))
        book.put(sheet, row, 1, words.of(texts.VERDICTS[proof.verdict]), proof.verdict)
        book.put(sheet, row, 2, texts.proof(words, proof))
    urgent = sum(one.urgent for one in report.to_decide)
    count = words.count(
        _("%(number)s item needs a decision."), _("%(number)s items need a decision."), urgent
    )
    book.put(sheet, row + 2, 0, words.of(_("Needs a person")), "bold")
    book.put(sheet, row + 3, 0, count if urgent else words.of(_("Nothing.")))


def _to_decide(book: _Book, report: Report) -> None:
    words = book.words
    sheet = book.sheet(words.of(_("To decide")))
    book.head(sheet, 0, [one.column for one in TO_DECIDE])
    for at, one in enumerate(TO_DECIDE):
        if one.hidden:
            sheet.set_column(at, at, one.column.width, None, {"hidden": True})
    sheet.autofilter(0, 0, len(report.to_decide), len(TO_DECIDE) - 1)
    decision = next(at for at, one in enumerate(TO_DECIDE) if one.key == "decision")
    for row, item in enumerate(report.to_decide, 1):
        for at, (one, value) in enumerate(
            zip(TO_DECIDE, decision_cells(words, item), strict=True)
        ):
            if one.filled_in:
                sheet.write_blank(row, at, None, book.formats["fill"])
            else:
                book.put(sheet, row, at, value,
                         "wrap" if isinstance(value, str) else "")  # fmt: skip
        if item.choices:
            names = [words.of(texts.CHOICES[choice.kind]) for choice in item.choices]
            sheet.data_validation(row, decision, row, decision, {
                "validate": "list", "source": names,
                "input_title": words.of(_("Decision")),
                "input_message": words.of(_("Choose one, or leave it empty to decide later.")),
            })  # fmt: skip


def _payouts(book: _Book, report: Report) -> None:
    words = book.words
    sheet = book.sheet(words.of(_("Payouts")))
    book.head(sheet, 0, PAYOUT_COLUMNS)
    rows = len(report.payouts)
    if rows:
        sheet.autofilter(0, 0, rows, len(PAYOUT_COLUMNS) - 1)
    sums: dict[int, Decimal] = {}
    for row, one in enumerate(report.payouts, 1):
        verdict = _("Holds") if one.holds else _("Does not hold")
        cells: list[Value] = [
            one.key, one.day, one.currency, None, one.sums.sold, one.sums.given_back,
            one.sums.other, one.sums.fees, one.sums.vat, one.sums.net, one.paid_out,
            words.of(verdict), texts.state(words, one.transfer_state),
            ", ".join(transfer.voucher for transfer in one.transfers),
        ]  # fmt: skip
        for at, value in enumerate(cells):
            if at == 3:
                sheet.write_number(row, at, one.sums.lines, book.formats["whole"])
            else:
                book.put(sheet, row, at, value)
            if PAYOUT_COLUMNS[at].amounts and isinstance(value, Decimal):
                sums[at] = sums.get(at, Decimal(0)) + value
    if len(report.totals) == 1:
        _sum_row(book, sheet, rows + 1, PAYOUT_COLUMNS, sums)


def _accounts(book: _Book, report: Report) -> None:
    words = book.words
    sheet = book.sheet(words.of(_("Accounts")))
    book.head(sheet, 0, ACCOUNT_COLUMNS)
    row, sums = 0, {4: Decimal(0), 5: Decimal(0)}
    for payout in report.payouts:
        for one in payout.accounts:
            row += 1
            number = one.number or words.of(_("by Fortnox"))
            cells: list[Value] = [
                payout.key, payout.day, number, texts.role(words, one), one.debit, one.credit,
            ]  # fmt: skip
            for at, value in enumerate(cells):
                book.put(sheet, row, at, value)
            sums[4], sums[5] = sums[4] + one.debit, sums[5] + one.credit
    if row:
        sheet.autofilter(0, 0, row, len(ACCOUNT_COLUMNS) - 1)
    _sum_row(book, sheet, row + 1, ACCOUNT_COLUMNS, sums)


def _sum_row(
    book: _Book, sheet: Worksheet, row: int, columns: Sequence[Column], sums: dict[int, Decimal]
) -> None:
    """Sums as formulas, each with its value for readers that do not compute."""
    book.put(sheet, row, 0, book.words.of(_("Sum")), "bold")
    for at, column in enumerate(columns):
        if column.amounts:
            first, last = xl_rowcol_to_cell(1, at), xl_rowcol_to_cell(max(1, row - 1), at)
            _formula(sheet, row, at, f"=SUM({first}:{last})", book.formats["sum"],
                     sums.get(at, Decimal(0)))  # fmt: skip


def _formula(
    sheet: Worksheet, row: int, at: int, formula: str, form: Format, value: Decimal
) -> None:
    sheet.write_formula(row, at, formula, form, shown(value))


def _lines(book: _Book, payouts: Sequence[Payout], lines: Iterable[Line]) -> None:
    """Lines of payouts up to OWN_SHEET on one sheet for each currency, larger payouts on sheets of
    their own: no sum is of two currencies."""
    known = {one.key: one for one in payouts}
    small: dict[str, list[Payout]] = {}
    for one in payouts:
        if one.rows <= OWN_SHEET:
            small.setdefault(one.currency, []).append(one)
    name = book.words.of(_("Lines"))
    shared = {
        currency: _Lines.begin(book, name if len(small) == 1 else f"{name} {currency}", mine)
        for currency, mine in small.items()
    }
    for key, mine in groupby(lines, key=lambda line: line.payout):
        payout = known[key]
        if payout.rows <= OWN_SHEET:
            shared[payout.currency].add(book, mine)
        else:
            _Lines.begin(book, key, [payout]).add(book, mine)


@dataclass(slots=True)
class _Lines:
    """A sheet of lines that is being filled, below a row of sums."""

    sheet: Worksheet
    row: int

    @classmethod
    def begin(cls, book: _Book, name: str, payouts: Sequence[Payout]) -> _Lines:
        """Sums stand above the titles: where the last line ends is known beforehand."""
        sheet = book.sheet(name)
        rows = sum(one.rows for one in payouts)
        book.put(sheet, 0, 0, book.words.of(_("Sum of the accepted lines")), "bold")
        last = rows + 2
        inside = f"${xl_col_to_name(IN_SUMS)}$3:${xl_col_to_name(IN_SUMS)}${last}"
        yes = book.words.of(_("yes"))
        gross = sum((one.sums.net - one.sums.fees for one in payouts), Decimal(0))
        fees = sum((one.sums.fees for one in payouts), Decimal(0))
        vat = sum((one.sums.vat for one in payouts), Decimal(0))
        values = iter((gross, fees, vat, gross + fees))
        if rows:
            for at, column in enumerate(LINE_COLUMNS):
                if column.amounts:
                    letter = xl_col_to_name(at)
                    formula = f'=SUMIFS({letter}3:{letter}{last},{inside},"{yes}")'
                    _formula(sheet, 0, at, formula, book.formats["sum"], next(values))
            sheet.autofilter(1, 0, rows + 1, len(LINE_COLUMNS) - 1)
        book.head(sheet, 1, LINE_COLUMNS)
        return cls(sheet, 1)

    def add(self, book: _Book, lines: Iterator[Line]) -> None:
        """Write lines below what is there."""
        for line in lines:
            self.row += 1
            for at, value in enumerate(line_cells(book.words, line)):
                book.put(self.sheet, self.row, at, value)


