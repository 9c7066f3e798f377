"""The parts that a shown page is made of, and how amounts, days and ages are written.

Renderers return these parts and print nothing; ``output`` lays them out for a terminal or a pipe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from ..clock import STOCKHOLM
from ..decimals import FINEST, decimals

OERE = Decimal("0.01")
LARGEST = Decimal(10**20)  # decimals are not added to what is no amount
# A text, or a text and the name of how it is drawn on a terminal.
Cell = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; amounts and counts stand to the right."""

    title: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles. Without ``titles`` only the rows are shown."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    indent: int = 0
    titles: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, wrapped on a terminal; ``style`` is how a terminal draws it.

    What is wrapped stands ``hang`` further in than the first line.
    """

    text: str
    indent: int = 0
    style: str = ""
    hang: int = 0


Part = Table | Text
Page = list[Part]

STYLES = {
    "posted": "green",
    "adopted": "green",
    "done": "green",
    "ignored": "dim",
    "planned": "cyan",
    "waiting": "yellow",
    "parked": "red",
}
# The states of lines and documents, in the order in which reports tell them.
SHOWN_STATES = ("posted", "adopted", "done", "planned", "waiting", "parked", "ignored")
# How people call the states of a line.
STATE_NAMES = {"adopted": "already posted", "planned": "to be posted", "outside": "outside"}


def blank() -> Text:
    """An empty line."""
    return Text("")


def heading(text: str) -> Text:
    """A line that begins a part of the page."""
    return Text(text, style="bold")


def state_name(state: str) -> str:
    """A state in the words of reports."""
    return STATE_NAMES.get(state, state)


def mapping_name(mapping: str) -> str:
    """A mapping in the words of reports: ``new order``."""
    return mapping.replace("_", " ")


def amount(value: Decimal | int | None) -> str:
    """Kronor and öre with a space at the thousands: ``-1 234.50``; empty for None.

    A third decimal that is not zero is shown: it must not hide in a report. Of more decimals than
    an amount of the APIs has (four) it is a quotient, and told to the öre.
    """
    if value is None:
        return ""
    number = Decimal(value)
    if decimals(number) > FINEST:
        number = number.quantize(OERE, ROUND_HALF_UP)
    short = abs(number) < LARGEST and number.quantize(OERE, ROUND_HALF_UP)
    shown = short if short == number else number.normalize()
    return f"{shown:,f}".replace(",", " ")


def day(value: date | datetime | None) -> str:
    """A day as ISO has it; empty for None."""
    if isinstance(value, datetime):
        value = value.astimezone(STOCKHOLM).date()
    return value.isoformat() if value else ""


def of_day(value: date | datetime | None) -> str:
    """`` of 2026-11-16``, for behind a name; nothing where no day is known."""
    return f" of {day(value)}" if value else ""


def moment(value: datetime | None) -> str:
    """Date and time in Sweden, to the second."""
    return f"{value.astimezone(STOCKHOLM):%Y-%m-%d %H:%M:%S}" if value else ""


def count(number: int, one: str, several: str = "") -> str:
    """``1 line``, ``2 lines``."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def listed(items: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    names = list(items)
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"
