"""Check digits, as Swedish references and organisation numbers have them.

It reads and writes nothing.
"""

from __future__ import annotations

import re

from stdnum import luhn as check


def luhn(number: str) -> str:
    """``number`` with its check digit, as an OCR reference has it."""
    return number + check.calc_check_digit(number)


def valid_number(number: str) -> bool:
    """Whether a Swedish organisation or personal number has ten digits whose check digit fits."""
    digits = re.sub(r"[-+ ]", "", number)
    if not digits.isdecimal() or len(digits) not in (10, 12):
        return False
    return check.is_valid(digits[-10:])
