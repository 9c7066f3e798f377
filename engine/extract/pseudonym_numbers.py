"""Other numbers for numbers of persons, businesses and phones, and for postcodes.

Reads a number as somebody wrote it and gives another one written the same way, valid where it was
valid and of the same kind: a company stays a company, a person a person, a place its territory.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Collection, Sequence

from stdnum import luhn
from stdnum.de import vat as german
from stdnum.dk import cvr as danish
from stdnum.eu import vat
from stdnum.fi import alv as finnish
from stdnum.no import orgnr as norwegian

from ..personal import is_personal

TRIES = 3000
# Of organisation and VAT numbers, whatever country is written before them; of others where it is.
_CHECKS: Sequence[Callable[[str], bool]] = (
    lambda core: len(core) == 10 and luhn.is_valid(core),
    norwegian.is_valid,
    danish.is_valid,
    lambda core: len(core) in (7, 8) and finnish.is_valid(core.zfill(8)),
    german.is_valid,
)
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
        kind, is_vat = _kind(core), vat.is_valid(text)

        def fits(new: str) -> bool:
            if _kind(new) != kind or not _same(new, core):
                return False
            return vat.is_valid(_written(text, head + new + tail)) == is_vat

        return _written(text, head + self._found("number", core, fits) + tail)

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


def _kind(core: str) -> tuple[object, ...]:
    """What has to stay of a number beside its check digits: of whom it is."""
    persons = is_personal(core)
    if len(core) != 10:
        return (len(core), persons, core[:1] == "0")
    month, day = int(core[2:4]), int(core[4:6]) % 60
    is_day = 1 <= month <= 12 and 1 <= day <= 28
    is_company = core[2] >= "2"
    return (persons, is_company, core[0] if is_company else is_day)


def _same(new: str, core: str) -> bool:
    """Whether the check digits of the same countries fit both."""
    return all(check(new) == check(core) for check in _CHECKS)


def _written(text: str, digits: str) -> str:
    """The text with these digits in the places of its own."""
    following = iter(digits)
    return _DIGIT.sub(lambda _: next(following), text)
