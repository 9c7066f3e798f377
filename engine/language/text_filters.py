"""The filters of texts and dates, and how parts of a text are put together.

Each is declared with what it takes and gives; its docstring is its entry in docs/language.md.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from types import ModuleType
from typing import Any

from ..decimals import FINEST, decimals
from .declared_filters import Null, Refused, Result, declared
from .fortnox_signs import as_article, forbidden, is_allowed
from .kinds import DATE, TEXT, shown, words

# No text that an expression builds is longer; no document field comes near it.
LONGEST_TEXT = 100_000


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
    return _personal().without_numbers(_text(value))  # type: ignore[no-any-return]


@cache
def _personal() -> ModuleType:
    from .. import personal  # noqa: PLC0415  its check digits are slow to load, and seldom needed

    return personal


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
