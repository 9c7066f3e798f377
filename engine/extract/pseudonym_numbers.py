"""Other numbers for numbers of persons, businesses and phones, and for postcodes.

Reads a number as somebody wrote it and gives another one written the same way, valid where it was
valid and of the same kind: a company stays a company, a person a person, a place its territory.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection

from engine.personal import is_personal

TRIES = 3000
_DIGIT = re.compile(r"\d")
_CENTURIES = ("16", "18", "19", "20")


class Numbers:
    """What each number is replaced by, under a key."""

    def __init__(self, key: bytes, postcodes: Collection[str] = ()) -> None:
        self._key = key
        self._territories = tuple(sorted(postcodes, key=len, reverse=True))
        self._new: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()
        self._known: set[str] = set()

    def know(self, number: str) -> None:
        """Take in a number of a person or business, to be found again in other texts."""
        core = _core(number)[1]
        if len(core) >= 7:
            self._known.add(core)

    def is_known(self, number: str) -> bool:
        """Whether that number, however it is written, was taken in."""
        return _core(number)[1] in self._known

    def business(self, text: str) -> str:
        """A personal, organisation or VAT number; what parts it and stands around it stays."""
        head, core, tail = _core(text)
        if not core:
            return text
        kind = _kind(core, text)
        new = self._found("number", core, lambda one: _kind(one, text) == kind)
        return _written(text, head + new + tail)

    def phone(self, text: str) -> str:
        """A phone number; the signs of its country stay."""
        digits = "".join(_DIGIT.findall(text))
        country = 4 if digits.startswith("00") else 2 if "+" in text else 0
        head, rest = digits[:country], digits[country:]
        if not country and rest.startswith("0"):
            head, rest = "0", rest[1:]
        return _written(text, head + self._found("phone", rest)) if rest else text

    def postcode(self, text: str) -> str:
        """A postcode in the same territory: its first two signs stay, and those that make it."""
        plain = re.sub(r"[^0-9A-Z]", "", text.upper())
        lies = [one for one in self._territories if plain.startswith(one)]
        kept = max((len(one) for one in lies), default=0)
        digits = [found.start() for found in _DIGIT.finditer(text)]
        stay = sum(sign.isdigit() for sign in plain[: max(kept, 2)])
        rest = "".join(text[place] for place in digits[stay:])
        if not rest:
            return text

        def written(new: str) -> str:
            return _written(text, "".join(text[place] for place in digits[:stay]) + new)

        def there(new: str) -> bool:
            other = re.sub(r"[^0-9A-Z]", "", written(new).upper())
            return [one for one in self._territories if other.startswith(one)] == lies

        return written(self._found(f"postcode {plain[:2]}", rest, there, unique=False))

    def digits(self, text: str) -> str:
        """The digits of a text, as many others; few of them change places in turn."""
        if len(text) > 4:
            return self._found("digits", text)
        step = int.from_bytes(self._stream(f"turn|{len(text)}", 4)) % (10 ** len(text) - 1) + 1
        return f"{(int(text) + step) % 10 ** len(text):0{len(text)}}"

    def _found(self, of: str, digits: str, fits: object = None, *, unique: bool = True) -> str:
        known = self._new.get((of, digits))
        if known is not None:
            return known
        new = digits
        for attempt in range(TRIES):
            stream = self._stream(f"{of}|{attempt}|{digits}", len(digits) * 2)
            new = "".join(
                str(int.from_bytes(stream[2 * place : 2 * place + 2]) % 10)
                for place in range(len(digits))
            )
            is_other = new != digits and not (unique and (of, new) in self._taken)
            if is_other and (not callable(fits) or fits(new)):
                break
        self._new[of, digits] = new
        self._taken.add((of, new))
        return new

    def _stream(self, text: str, length: int) -> bytes:
        found = b""
        while len(found) < length:
            found += hmac.digest(self._key, f"{len(found)}|{text}".encode(), hashlib.sha256)
        return found


def _core(text: str) -> tuple[str, str, str]:
    """A number's digits: what stands before the number itself (a century), it, and what ends a
    Swedish VAT number."""
    digits = "".join(_DIGIT.findall(text))
    tail = ""
    if re.match(r"\s*SE", text, re.IGNORECASE) and len(digits) in (12, 14) and digits[-2:] == "01":
        digits, tail = digits[:-2], "01"
    if len(digits) == 12 and digits.startswith(_CENTURIES):
        return digits[:2], digits[2:], tail
    return "", digits, tail


def _kind(core: str, text: str) -> tuple[object, ...]:
    """What has to stay of a number: of whom it is, and which countries' check digits fit it."""
    persons = is_personal(core)
    if len(core) != 10:
        return (len(core), persons, core[:1] == "0", *_checks(core))
    month, day = int(core[2:4]), int(core[4:6]) % 60
    is_day = 1 <= month <= 12 and 1 <= day <= 28
    is_company = core[2] >= "2"
    return (persons, is_company, core[0] if is_company else is_day, *_checks(core))


def _checks(core: str) -> tuple[bool, ...]:
    return tuple(check(core) for check in (_luhn, _norwegian, _danish, _finnish, _german))


def _luhn(core: str) -> bool:
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(core))
    return len(core) == 10 and sum(one // 10 + one % 10 for one in doubled) % 10 == 0


def _weighed(core: str, weights: tuple[int, ...]) -> bool:
    pairs = zip(core, weights, strict=False)
    return len(core) == len(weights) and sum(int(one) * by for one, by in pairs) % 11 == 0


def _norwegian(core: str) -> bool:
    return _weighed(core, (3, 2, 7, 6, 5, 4, 3, 2, 1))


def _danish(core: str) -> bool:
    return _weighed(core, (2, 7, 6, 5, 4, 3, 2, 1))


def _finnish(core: str) -> bool:
    return _weighed(core.zfill(8), (7, 9, 10, 5, 8, 4, 2, 1)) and len(core) in (7, 8)


def _german(core: str) -> bool:
    """ISO 7064, MOD 11,10."""
    if len(core) != 9:
        return False
    product = 10
    for digit in core[:8]:
        total = (int(digit) + product) % 10 or 10
        product = 2 * total % 11
    return (11 - product) % 10 == int(core[8])


def _written(text: str, digits: str) -> str:
    """The text with these digits in the places of its own."""
    following = iter(digits)
    return _DIGIT.sub(lambda _: next(following), text)
