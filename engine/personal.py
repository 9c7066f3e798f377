"""What has the form, or the check digits, of a personal number in a text.

By its form where a number or a name should stand: one too many is no harm there. By date and check
digits too where anything may stand, and ids beside.
"""

from __future__ import annotations

import re
from functools import cache

from .errors import STARS

NOT_DIGITS = re.compile(r"[^0-9A-Z]")
# A personal number of SE or DK (its third digit is a month's first), NO or FI; a Swedish VAT number
# is the number between SE and 01.
_PERSONAL = re.compile(
    r"(?<![0-9])(?P<number>"
    r"(?:18|19|20)?[0-9]{2}[01][0-9]{3}[-+ ]?[0-9]{4}(?=(?:01)?(?![0-9]))"
    r"|[0-9]{6} ?[0-9]{5}(?![0-9])"
    r"|[0-9]{2}[01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-Y](?![0-9])"
    r")"
)
has_digit = re.compile("[0-9]").search
# How the key of a buyer begins who is known by a keyed hash of a personal number, and so much of
# the hash tells one buyer from another.
HASHED, TELLING = "pn:", 8


def called(mapping: str, source: str) -> str:
    """A document in words, by its mapping and what it is of: ``new order 4900001``, ``customer of
    buyer eaf612c0``."""
    name = mapping.replace("_", " ")
    return f"{name} of {known_as(source)}" if source.startswith(HASHED) else f"{name} {source}"


def known_as(source: str) -> str:
    """What a document is of, in words: a buyer by a part of the hash, all else by its own key."""
    return f"buyer {source[len(HASHED):][:TELLING]}" if source.startswith(HASHED) else source


def is_personal(text: str) -> bool:
    """Whether a text holds what has the form of a personal number."""
    return number_in(text) is not None


def number_in(text: str) -> str | None:
    """The personal number that a text holds, however it is spaced; None when it holds none."""
    upper = text.upper()
    found = _PERSONAL.search(upper) or _PERSONAL.search(NOT_DIGITS.sub("", upper))
    return found["number"] if found else None


def without_numbers(text: str) -> str:
    """The text without personal numbers, wherever they stand in it, glued to a name or not."""
    if not has_digit(text):
        return text
    left = _PERSONAL.sub(" ", text)
    return text if left == text else " ".join(left.split()).strip(" -+,;:/()")


# Numbers of persons, whatever they touch beside digits. Of Sweden: a day and four digits, or such a
# number between SE and 01, as a sole trader's VAT number is; of Finland, and of Norway.
_PERSONS = (
    r"(?<![0-9])(?:"
    r"(?:18|19|20)?(?P<day>[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{2})[-+ ]?(?P<last>[0-9]{4})"
    r"(?:(?![0-9])|(?<=SE[0-9]{10})01(?![0-9])|(?<=SE[0-9]{12})01(?![0-9])"
    r"|(?<=SE[0-9]{6}-[0-9]{4})-?01(?![0-9]))"
    r"|(?P<finnish>[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y])(?![0-9])"
    r"|(?P<norwegian>[0-9]{6} ?[0-9]{5})(?![0-9])"
    r")"
)


@cache
def persons_numbers() -> re.Pattern[str]:
    """What finds them; it takes its time to compile, and few commands meet any."""
    return re.compile(_PERSONS, re.IGNORECASE)


def starred(text: str) -> str:
    """``text`` with the personal numbers in it starred, known by their date and check digits.

    For the words of a server's refusal, which may quote anything that it knows, and ids beside.
    """
    return persons_numbers().sub(lambda found: STARS if is_persons(found) else found[0], text)


def is_persons(found: re.Match[str]) -> bool:
    """Whether what ``persons_numbers`` found has a person's date and check digits."""
    from stdnum import luhn  # noqa: PLC0415  slow to load, and seldom needed
    from stdnum.fi import hetu  # noqa: PLC0415  likewise
    from stdnum.no import fodselsnummer  # noqa: PLC0415  likewise

    if found["day"]:
        return luhn.is_valid(found["day"] + found["last"])
    if found["finnish"]:
        return hetu.is_valid(found["finnish"], allow_temporary=True)
    return fodselsnummer.is_valid(found["norwegian"])
