"""Takes out of a body, before it is stored, what names a private buyer and nobody needs.

Reads JSON text, whole or cut off, and gives the same text, byte for byte, with each personal
number replaced by a keyed hash (``pn:`` and hex): enough to recognise the buyer, not to name him.
Wherever a sole trader's number stands for an organisation's it goes too. Of Fortnox's customers the
phone numbers and streets are emptied.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..personal import NOT_DIGITS, number_in

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?P<end>"?)|[{}\[\]:,]|[^\s"{}\[\]:,]+', re.DOTALL)
_ESCAPED_LETTER = re.compile(r"\\u00[4-7]", re.IGNORECASE)  # a key may be written with escapes
_BUSINESS = frozenset({"organisationnumber", "vatnumber"})  # should be no person's, and may be
NUMBERS = _BUSINESS | {"personalnumber"}
_CONTACT = re.compile(r"(?:delivery|visiting|invoice)?(?:address|phone|fax)[0-9]?", re.IGNORECASE)


@dataclass(slots=True)
class Value:
    """A scalar under a key of an object: where it stands in the text, and which object holds it."""

    key: str
    start: int
    end: int
    holder: int
    of: str = ""  # the key that the object stands under
    under: str = ""  # the key of a number that a whole object stands under, in small letters


@dataclass(slots=True)
class _Open:
    """An object or list that is being read."""

    id: int
    key: str | None = field(default=None)  # of the member under way; inherited in a list
    is_object: bool = True
    name: str = ""  # the key that it stands under itself
    under: str = ""  # the key of a number that it, or what it is in, stands under


def values(text: str) -> Iterator[Value]:
    """Every scalar that stands under a key, in the order of the text; texts in a list count under
    the list's key. What is cut off counts as far as it goes."""
    stack: list[_Open] = []
    pending: str | None = None
    objects = 0
    for token in _TOKEN.finditer(text):
        piece = token.group()
        match piece[0]:
            case "{" | "[":
                objects += 1
                name = stack[-1].key or "" if stack else ""
                is_object = piece == "{"
                under = stack[-1].under if stack else ""
                if name.lower() in NUMBERS:
                    under = name.lower()
                stack.append(_Open(objects, None if is_object else name, is_object, name, under))
                pending = None
            case "}" | "]":
                if stack:
                    stack.pop()
                pending = None
            case ":":
                if stack and pending is not None:
                    stack[-1].key, pending = pending, None
            case ",":
                if stack and stack[-1].is_object:
                    stack[-1].key = None
                pending = None
            case _:
                top = stack[-1] if stack else None
                if top is not None and top.key is not None:
                    yield Value(
                        top.key, token.start(), token.end(), top.id, top.name, top.under
                    )
                elif piece[0] == '"':
                    pending = _unquoted(piece)


def redacted(text: str, key: bytes, *, contacts: bool = False) -> str:
    """The text with each private buyer's number replaced by its hash; a company's number stays.

    Personal are ``PersonalNumber``, unless it is a company's, and an ``OrganisationNumber`` or
    ``VatNumber`` that has the form of a personal number. ``contacts`` also empties phone numbers
    and addresses.
    """
    lower = text.lower()
    named = any(name in lower for name in NUMBERS)
    if not (named or contacts or _ESCAPED_LETTER.search(text)):
        return text
    found = list(values(text))
    companies = {v.holder for v in found if v.key == "JuridicalType" and _is_company(text, v)}
    spots: list[Value] = []
    by: list[str] = []
    for v in found:
        name = v.key.lower()
        if name in NUMBERS or v.under or (contacts and _CONTACT.fullmatch(name)):
            number = scalar(text, v)
            if name not in NUMBERS and v.under:
                person = number_in(number) or (number if _long(number, v.under) else None)
                new = hashed(person, key) if person else None
            else:
                new = _instead(name, number, v.holder in companies, key) if number else None
            if new is not None:
                spots.append(v)
                by.append(new)
    news = iter(by)
    return replaced(text, spots, lambda _: next(news))


def _instead(name: str, number: str, is_company: bool, key: bytes) -> str | None:
    """What to store in place of a scalar under the key ``name``; None leaves it."""
    if name == "personalnumber":
        return None if is_company and _is_organisation(number) else hashed(number, key)
    if name in _BUSINESS:
        person = number_in(number)
        return hashed(person, key) if person else None
    return ""


def _long(text: str, under: str) -> bool:
    """Whether it may be a number where only a person's stands, whatever an object says."""
    return under == "personalnumber" and sum(sign.isdigit() for sign in text) >= 6


def replaced(text: str, spots: list[Value], by: Callable[[str], str]) -> str:
    """The text with the scalars at ``spots`` replaced, in quotes; all else as it was."""
    parts, end = [], 0
    for spot in spots:
        parts.append(text[end : spot.start])
        parts.append(json.dumps(by(scalar(text, spot)), ensure_ascii=False))
        end = spot.end
    parts.append(text[end:])
    return "".join(parts)


def hashed(number: str, key: bytes) -> str:
    """``pn:`` and a keyed hash; the same for 790625-5307 and 197906255307."""
    plain = NOT_DIGITS.sub("", number.upper())
    if len(plain) == 12 and plain[:2] in ("18", "19", "20"):
        plain = plain[2:]
    return "pn:" + hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()[:32]


def scalar(text: str, spot: Value) -> str:
    """The scalar's text without quotes; empty for null and for what is hashed already."""
    piece = text[spot.start : spot.end]
    if piece == "null":
        return ""
    plain = _unquoted(piece) if piece[0] == '"' else piece
    return "" if plain.startswith("pn:") else plain


def _unquoted(piece: str) -> str:
    if "\\" not in piece and len(piece) > 1 and piece[-1] == '"':
        return piece[1:-1]
    try:
        return str(json.loads(piece, strict=False))
    except ValueError:  # cut off, or badly escaped
        return piece.strip('"')


def _is_company(text: str, spot: Value) -> bool:
    return scalar(text, spot) in ("Company", "1")  # by name, or by its place in x-enumNames


def _is_organisation(number: str) -> bool:
    """Whether it can be an organisation number of SE, NO, FI or DK and no personal number.

    A shop may call a person a company (Qliro's module, 1.7.20), and a sole trader's organisation
    number is a personal number: its third digit is 0 or 1, a company's is not.
    """
    digits = NOT_DIGITS.sub("", number.upper())
    if not digits.isdecimal():
        return False
    if len(digits) == 12 and digits.startswith("16"):
        digits = digits[2:]
    return len(digits) in (8, 9) or (len(digits) == 10 and digits[2] >= "2")
