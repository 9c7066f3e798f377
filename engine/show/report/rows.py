"""The columns of the report's lines in Excel and CSV: a line and a language in, cells out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ...report.payouts.model import Line
from . import texts
from .words import Words, _

Value = str | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title (a text of the catalogue), its width in characters, and whether it holds
    amounts, which are summed."""

    title: str
    width: int
    amounts: bool = False


LINE_COLUMNS: Sequence[Column] = (
    Column(_("Payout"), 12), Column(_("Date"), 11), Column(_("What"), 14), Column(_("Order"), 12),
    Column(_("Reference"), 18), Column(_("Payment method"), 22), Column(_("Invoice"), 10),
    Column(_("Gross"), 13, True), Column(_("Fee"), 11, True), Column(_("of which VAT"), 11, True),
    Column(_("Net"), 13, True), Column(_("Payment and voucher"), 24), Column(_("State"), 20),
    Column(_("Why"), 60), Column(_("In the sums"), 11), Column(_("Line"), 18),
    Column(_("Currency"), 9),
)  # fmt: skip
IN_SUMS = 14  # the column that says whether a line is in the sums


def line_cells(words: Words, line: Line) -> list[Value]:
    """The cells of a line, in the order of LINE_COLUMNS."""
    documents = ", ".join(
        texts.document(words, one) + (f" ({one.voucher})" if one.voucher else "")
        for one in line.documents
    )
    return [
        line.payout, line.day, texts.kind(words, line), line.order, line.reference, line.method,
        line.invoice, line.gross, line.fee, line.vat, line.net, documents,
        texts.state(words, line.state), whole_why(words, line),
        words.of(_("no")) if line.outside else words.of(_("yes")), line.line,
        line.currency,
    ]  # fmt: skip


def whole_why(words: Words, line: Line) -> str:
    """Why a line stands as it does, in one cell; empty where its document says it."""
    if line.state in texts.TOLD:
        return ""
    gone = words.of(_("no longer listed by Qliro")) if line.vanished else ""
    told = texts.said(words, line) or texts.why(words, line.code, line.why)
    return f"{gone} {told}".strip()


def shown(value: Decimal) -> Decimal:
    """An amount with öre; a third decimal that is not zero stays."""
    short = value.quantize(Decimal("0.01"))
    return short if short == value else value.normalize()
