"""The filters of the language: everything that ``value | name`` can do, one function each.

Each is declared once with ``@declared``: what it takes, what type it gives. Its docstring is its
entry in docs/language.md (a test compares them). A null where a value is needed raises ``Null``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec import Struct

from ..decimals import FINEST, decimals
from . import giving_back
from .deliveries import of_lines
from .foreseen import COLUMNS, MADE, foreseen, half_up
from .fortnox_signs import as_article, forbidden, is_allowed
from .kinds import (
    ANY,
    BOOLEAN,
    DATE,
    DECIMAL,
    INTEGER,
    LIST,
    NUMBER,
    NUMERIC,
    TEXT,
    Type,
    join,
    record,
    rows,
    shown,
    words,
)

# No text that an expression builds is longer; no document field comes near it.
LONGEST_TEXT = 100_000


# Where nothing better is known: what Python says of it is for those who know Python.
NO_VALUE = "cannot be worked out of the values that it is given"


class Null(TypeError):  # noqa: N818 — it says what was met; ``blame`` makes the error of it
    """A null where a value is needed; ``name`` tells which one when the filter knows it.

    It is raised as the class: most rows have a null somewhere, and nobody asks for its text.
    """

    name = ""

    def __str__(self) -> str:
        return "'NoneType'"


class Refused(ValueError):  # noqa: N818 — likewise
    """A value that the filter or field cannot take; the text is a sentence's end."""


Result = Callable[[Type, Sequence[Type]], Type]


class Filter(Struct, frozen=True):
    """``takes`` are the kinds of the value, ``args`` the least and most arguments.

    With ``attribute`` the first argument is the literal name of a column of the list's rows.
    ``as_is`` is Python that tells when the filter would give the value as it is, for most texts are
    clean and short and not worth a call: {new} makes the value, {0} is it, {1}, … the arguments.
    ``columns`` are what the list's rows must have.
    """

    name: str
    run: Callable[..., Any]
    result: Result
    takes: frozenset[str]
    args: tuple[int, int]
    attribute: bool
    as_is: str
    columns: tuple[str, ...] = ()

    @property
    def doc(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


FILTERS: dict[str, Filter] = {}


def declared(
    takes: str,
    gives: Type | Result,
    args: tuple[int, int] = (0, 0),
    *,
    name: str = "",
    attribute: bool = False,
    as_is: str = "",
    columns: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enters a function into ``FILTERS``; ``takes`` names kinds, ``number`` all numeric ones."""
    kinds = frozenset(takes.split())
    if "number" in kinds:
        kinds |= NUMERIC

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        result = (lambda _value, _args: gives) if isinstance(gives, Type) else gives
        known = name or function.__name__.rstrip("_")
        FILTERS[known] = Filter(known, function, result, kinds, args, attribute, as_is, columns)
        return function

    return enter


def _same(value: Type, _args: Sequence[Type]) -> Type:
    return value if value.kind in NUMERIC else NUMBER


def _item(value: Type, _args: Sequence[Type]) -> Type:
    return value.item or ANY


# Numbers -----------------------------------------------------------------------------------------
@declared("number", DECIMAL, (0, 1), name="round")
def round_(value: Any, places: int = 0) -> Decimal:
    """The number with `n` decimals (0 without `n`), half away from zero, as Fortnox rounds."""
    if not 0 <= places <= 10:
        raise Refused("round takes 0 to 10 decimals")
    return half_up(value, Decimal(1).scaleb(-places))


@declared("number", _same, name="abs")
def abs_(value: Any) -> Any:
    """The number without its sign."""
    return abs(value)


@declared("number", INTEGER)
def sign(value: Any) -> int:
    """-1, 0 or 1."""
    return int(value > 0) - int(value < 0)


@declared("number", NUMBER)
def positive(value: Any) -> Any:
    """The number when it is above zero, else 0: the debit of a balance, or the credit of its
    opposite."""
    return value if value > 0 else 0


_LARGEST = 10**30


@declared("number", NUMBER)
def plain(value: Any) -> Any:
    """The number without zeros behind its decimals: 25.0000 is the whole number 25, 25.50 is
    25.5."""
    if value and abs(value) >= _LARGEST:  # its zeros, written out, would fill the memory
        raise Refused("plain takes numbers of up to 30 digits")
    if value == int(value):
        return int(value)
    return Decimal(format(value, "f").rstrip("0"))


# Lists -------------------------------------------------------------------------------------------
def _extreme(items: Any, choose: Callable[[Any], Any]) -> Any:
    if not items:
        if items is None:
            raise Null
        return None
    found = choose(items)
    if found is None:
        raise Null
    return found


@declared("list", _item, name="min")
def min_(items: Any) -> Any:
    """The least of the list; null when the list is empty, an error when a null is in it."""
    return _extreme(items, min)


@declared("list", _item, name="max")
def max_(items: Any) -> Any:
    """The greatest of the list; null when the list is empty, an error when a null is in it."""
    return _extreme(items, max)


@declared("list", NUMBER, (0, 1), name="sum", attribute=True)
def sum_(items: Any, attribute: str | None = None) -> Any:
    """The sum of the numbers, or of the column `attribute` of the rows; 0 for an empty list, an
    error when a null is in it."""
    if attribute is None:
        return sum(items)
    return sum([row[attribute] for row in items])


def _by_group(name: str, items: Any, groups: Any) -> dict[Any, Any]:
    """The sum of the numbers of each group, in the order of the first of each."""
    if items is None or groups is None:
        raise Null
    if len(items) != len(groups):
        raise Refused(f"{name} has {len(items)} numbers and {len(groups)} groups for them")
    result: dict[Any, Any] = {}
    for number, group in zip(items, groups, strict=True):
        result[group] = result.get(group, 0) + number
    return result


@declared("list", lambda value, _args: value, (1, 1))
def sums(items: Any, groups: Any) -> list[Any]:
    """The sums of the numbers by group, where the list `groups` says at the same place which; an
    error when a null is among the numbers."""
    return list(_by_group("sums", items, groups).values())


def _shares(_value: Type, args: Sequence[Type]) -> Type:
    group = args[1].item if len(args) > 1 else None
    return rows(record({"group": group or ANY, "share": DECIMAL}, "a share"))


@declared("list", _shares, (2, 2))
def spread(items: Any, total: Any, groups: Any) -> list[dict[str, Any]]:
    """The number `total` spread over the groups by the sums of the numbers, to the öre and without
    a rest: rows with `group` and `share`. The list `groups` says at the same place which group; an
    error when the numbers sum to 0."""
    weights = _by_group("spread", items, groups)
    if sum(weights.values()) == 0:
        raise Refused("spread needs numbers whose sum is not 0")
    shares = giving_back.shares(total, weights)
    return [{"group": group, "share": share} for group, share in shares.items()]


def _given_back(value: Type, args: Sequence[Type]) -> Type:
    lines = (args[0].item or ANY).fields if args and args[0].item else None
    line = lines.get("returned", LIST).item if lines else None
    part = {
        "refund": TEXT, "rule": TEXT, "line": line or ANY, "like": value.item or ANY, "kind": TEXT,
        "rate": NUMBER, "quantity": DECIMAL, "price": DECIMAL, "amount": DECIMAL,
    }  # fmt: skip
    return rows(record(part, "a part given back"))


@declared("list", _given_back, (2, 2))
def given_back(items: Any, refunds: Any, split: Any) -> list[dict[str, Any]]:
    """What each of the `refunds` of a capture gives back of its lines, by VAT rate; `split` is how
    its discount over several rates was split. See *What refunds give back*."""
    return giving_back.given_back(items, refunds, split)


@declared("list text", INTEGER)
def length(items: Any) -> int:
    """How many items the list, or characters the text, has."""
    return len(items)


@declared("list", _item)
def first(items: Any) -> Any:
    """The first item; null when the list is empty."""
    if items is None:
        raise Null
    return items[0] if items else None


@declared("list", _item)
def last(items: Any) -> Any:
    """The last item; null when the list is empty."""
    if items is None:
        raise Null
    return items[-1] if items else None


def _column(value: Type, args: Sequence[Type]) -> Type:
    return rows(args[0]) if args else LIST


@declared("list", _column, (1, 1), attribute=True)
def values(items: Any, attribute: str) -> list[Any]:
    """The list of the column `attribute` of the rows, nulls included."""
    return [row[attribute] for row in items]


@declared("list", lambda value, _args: value, (2, 20), attribute=True)
def where(items: Any, attribute: str, *wanted: Any) -> list[Any]:
    """The rows whose column `attribute` equals one of the values after it."""
    return [row for row in items if row[attribute] in wanted]


_OF_LINES = {"delivered": DECIMAL, "due": DECIMAL, "undelivered": BOOLEAN, "unclear": TEXT}


def _delivered_of(value: Type, _args: Sequence[Type]) -> Type:
    line = value.item or ANY
    return rows(record({**line.fields, **_OF_LINES}, line.name)) if line.fields else LIST


@declared("list", _delivered_of, (2, 2))
def delivered(items: Any, order_rows: Any, sent: Any) -> list[dict[str, Any]]:
    """The order lines, with what the rows of their Fortnox order say is `delivered` of each, what
    of that is `due` to be shipped, whether it is `undelivered` in part, and in `unclear` the rows
    that can't be told apart. Rows are known by article, text and price; alike ones by their order,
    while they are those in `sent`."""
    return of_lines(items, order_rows, sent)


@declared("list", lambda value, _args: value)
def distinct(items: Any) -> list[Any]:
    """The items of the list, each once, in the order of their first; nulls are passed over."""
    found: list[Any] = []
    for item in items:
        if item is not None and item not in found:
            found.append(item)
    return found


@declared("list", rows(NUMBER), (3, 3))
def fitting(items: Any, including: Any, excluding: Any, unit: Any) -> list[Any]:
    """Of the rates (percent), those by which a price including and one excluding VAT can have come
    about that were both rounded to multiples of `unit`; 0 only where they are equal. Nulls are
    passed over, each rate comes once."""
    if including is None or excluding is None or unit is None:
        raise Null
    found: list[Any] = []
    for rate in items:
        if rate is None or rate in found:
            continue
        # 200 times abs(including - excluding * f) <= unit / 2 * (1 + f), where f = 1 + rate / 100
        off = abs(200 * including - 2 * excluding * (100 + rate))
        if off <= unit * (200 + rate) if rate else including == excluding:
            found.append(rate)
    return found


@declared("list", DECIMAL)
def without_vat(items: Any) -> Decimal:
    """The sum of shares (rows with `group` and `share`, as `spread` gives them) less the VAT in
    each, whose group is its rate in percent."""
    return sum((row["share"] * 100 / (100 + row["group"]) for row in items), Decimal(0))


declared("list", MADE, (3, 3), columns=COLUMNS)(foreseen)


# Text --------------------------------------------------------------------------------------------
def text_of(value: Any) -> str:
    """The text of a text, number or date; anything else has none."""
    kind = type(value)
    if kind is str:
        result: str = value
    elif kind is int:
        result = str(value)
    elif kind is Decimal:
        result = format(value, "f")
    elif kind is date:
        result = value.isoformat()
    elif value is None:
        raise Null
    else:
        raise Refused(f"a {_kind_of(value)} has no text form; write an inline if")
    if len(result) > LONGEST_TEXT:
        raise Refused(f"a text of over {LONGEST_TEXT} characters")
    return result


def _kind_of(value: Any) -> str:
    kinds: dict[type, str] = {
        bool: "boolean", list: "list", tuple: "list", dict: "record", datetime: "timestamp",
    }  # fmt: skip
    return kinds.get(type(value), type(value).__name__)


def concatenate(*parts: Any) -> str:
    """What ``~`` does: the texts of the parts, one after the other."""
    try:
        result = "".join(parts)
    except TypeError:
        result = "".join([text_of(part) for part in parts])
    if len(result) > LONGEST_TEXT:
        raise Refused(f"a text of over {LONGEST_TEXT} characters")
    return result


def say(*parts: Any) -> str:
    """``concatenate`` for sentences to people, where a null must not hide the sentence, and a
    number of more decimals than any API has is a quotient: it is told to the öre."""
    return concatenate(*[_said(part) for part in parts])


def _said(part: Any) -> Any:
    if part is None:
        return "(null)"
    if type(part) is Decimal and part.is_finite() and decimals(part) > FINEST:
        return part.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return part


def _text(value: Any) -> str:
    if value is None:
        raise Null
    if type(value) is not str:
        raise Refused(f"needs a text, not {shown(value)}; write | text")
    return value


@declared("list", TEXT, (1, 1), name="join")
def join_(items: Any, separator: str) -> str:
    """The texts of the list with `separator` between them."""
    pieces: list[Any] = []
    for item in items:
        pieces += (separator, item)
    return concatenate(*pieces[1:])


@declared("list", TEXT)
def first_text(items: Any) -> str | None:
    """The first text of the list that is neither null nor blank, without white space at its
    ends; null when there is none."""
    for item in items:
        if item is not None:
            found = item.strip() if type(item) is str else _text(item).strip()
            if found:
                return found
    return None


def _words(change: Callable[[str], str]) -> Result:
    return lambda value, _args: words(value, change) if value.kind == "text" else TEXT


@declared("text", _words(str.upper))
def upper(value: Any) -> str:
    """The text in capitals."""
    return _text(value).upper()


@declared("text", _words(str.lower))
def lower(value: Any) -> str:
    """The text in small letters."""
    return _text(value).lower()


@declared("text", _words(str.strip))
def trim(value: Any) -> str:
    """The text without white space at its ends."""
    return _text(value).strip()


@declared("text", TEXT, (2, 2))
def replace(value: Any, old: str, new: str) -> str:
    """The text with every `old` replaced by `new`."""
    if not old:
        raise Refused("replace needs a text to look for")
    found = _text(value)
    if len(found) + found.count(old) * len(new) > LONGEST_TEXT:
        raise Refused(f"a text of over {LONGEST_TEXT} characters")
    return found.replace(old, new)


@declared("text number date", TEXT)
def text(value: Any) -> str:
    """The text of a number (plain digits, never 1E+2), a date (2026-11-22) or a text."""
    return text_of(value)


@declared("text", TEXT, as_is="type({new}) is str and not has_digit({0})")
def without_numbers(value: Any) -> str:
    """The text without personal numbers, which some write behind a name or glue to it."""
    from .. import personal  # noqa: PLC0415  its check digits are slow to load, and seldom needed

    return personal.without_numbers(_text(value))


@declared("text", TEXT, as_is="type({new}) is str and is_allowed({0})")
def fortnox_text(value: Any) -> str:
    """The text with accents put on their letters, and each character that Fortnox forbids replaced
    by a visible `_`."""
    if type(value) is str and is_allowed(value):
        return value
    found = unicodedata.normalize("NFC", _text(value))
    return "".join(["_" if forbidden(character) else character for character in found])


@declared("text", TEXT, (1, 1), as_is="type({new}) is str and len({0}) <= {1} >= 3")
def cut(value: Any, most: int) -> str:
    """The text with at most `most` characters; where it was longer it ends with `...`."""
    if type(most) is not int or most < len(_CUT):
        raise Refused(f"cut takes a whole number from {len(_CUT)}")
    found = _text(value)
    return found if len(found) <= most else found[: most - len(_CUT)] + _CUT


@declared("date timestamp", DATE, (1, 1))
def days_before(value: Any, days: int) -> date:
    """The day that lies so many days before the date."""
    if type(days) is not int:
        raise Refused("days_before takes a whole number of days")
    try:
        day: date = date_(value)
        return day - timedelta(days=days)
    except OverflowError:
        raise Refused(f"no day lies {days} days before {value}") from None


_CUT = "..."  # Fortnox refuses the sign for an ellipsis


@declared("text", TEXT)
def article_number(value: Any) -> str:
    """The text as Fortnox takes an article number: letters, digits and `_ - / \\ + $`, any other
    sign a `_`; of more than 50 characters the first 41 and a sum of all of them."""
    return as_article(_text(value))


# Any ---------------------------------------------------------------------------------------------
@declared(
    "text number boolean date timestamp list record null",
    lambda value, args: join([value, *args]),
    (1, 1),
)
def default(value: Any, otherwise: Any) -> Any:
    """The value, or the argument when the value is null. (An empty text and 0 are values.)"""
    return otherwise if value is None else value


@declared("text date timestamp", DATE, name="date")
def date_(value: Any) -> date:
    """The date of a text like 2026-11-22 or of a timestamp."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise Refused(f"{shown(value)} is not a date like 2026-11-22") from None
