"""Check digits, as Swedish references and organisation numbers have them.

It reads and writes nothing.
"""

from __future__ import annotations

import re


def luhn(number: str) -> str:
    """``number`` with its check digit, as an OCR reference has it."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return number + str(-total % 10)


def valid_number(number: str) -> bool:
    """Whether a Swedish organisation or personal number has ten digits whose check digit fits."""
    digits = re.sub(r"[-+ ]", "", number)
    if not digits.isdecimal() or len(digits) not in (10, 12):
        return False
    return luhn(digits[-10:-1]) == digits[-10:]
