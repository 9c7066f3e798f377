"""The order of numbers that are texts: 9 before 10, 9999 before 10000, K-9 before K-10.

Document, customer and voucher numbers, ids and the keys of payouts come as texts. Whatever is
sorted by one is sorted by its ``in_order`` in Python, or by ``sql_order`` in a query: the same key.
"""

from __future__ import annotations

import re

_RUNS = re.compile("[0-9]+|[^0-9]+")
_DIGITS = re.compile("[0-9]+")
# How many digits a number has stands before it, in so many digits of its own.
_PLACES = 6
# Before any character that a number may have: what is equal as a number is told apart by its text.
_LAST = "\x01"


def in_order(text: str) -> str:
    """The key to sort a number that is a text by: texts of digits alone come first, by their value
    whatever their length and leading zeros; of other texts each run of digits counts as a number.
    """
    if _DIGITS.fullmatch(text) and text[0] != "0":
        return _RUNS.sub(_counted, text) + _LAST
    kind = "" if _DIGITS.fullmatch(text) else "~"
    return kind + _RUNS.sub(_counted, text) + _LAST + text


def _counted(run: re.Match[str]) -> str:
    text = run.group()
    if not "0" <= text[0] <= "9":
        return text
    digits = text.lstrip("0")
    return f"{len(digits):0{_PLACES}}{digits}"


def sql_order(text: str) -> str:
    """The same key as SQL, of an expression that gives a text; of null, null."""
    return SQL_ORDER.replace("$text", text)


# Nearly every number is digits without a zero before them: that needs no taking apart.
SQL_ORDER = f"""CASE
    WHEN regexp_full_match($text, '[1-9][0-9]*')
    THEN lpad(len($text)::VARCHAR, {_PLACES}, '0') || $text || chr(1)
    ELSE CASE WHEN regexp_full_match($text, '[0-9]+') THEN '' ELSE '~' END
        || array_to_string(list_transform(
            regexp_extract_all($text, '[0-9]+|[^0-9]+'),
            LAMBDA run: CASE
                WHEN run[1] BETWEEN '0' AND '9'
                THEN lpad(len(ltrim(run, '0'))::VARCHAR, {_PLACES}, '0') || ltrim(run, '0')
                ELSE run
            END
        ), '')
        || chr(1) || $text
END"""
