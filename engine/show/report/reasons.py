"""Says the program's own reasons in the report's language, with their amounts and numbers.

Reasons are made of few sentences that hold others; the catalogue has them, English and translated,
in the context ``reason``. Pure: an English reason in, the same in the language out, or None where a
sentence is not known: that of a merchant's own rule, or Fortnox's.

What a sentence names: ``amount…`` is written as amounts are; ``doc…`` and ``why…`` are reasons in
themselves, ``each`` is a list of them where they are known; everything else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import lru_cache

Said = Callable[[str], str | None]
# What may have blanks in it. Other facts are one word: numbers, accounts, currencies.
LONG = ("article", "command", "day", "field", "figure", "found", "key", "kind", "lines", "method",
        "methods", "other", "own", "owner", "reference", "stream", "terms", "text", "tried",
        "value", "vouchers", "what")  # fmt: skip
AMOUNT = r"-?\d+(?:\.\d+)?"
PLACE = re.compile(r"%\((\w+)\)s")
LINKED = re.compile(r"(.+?)(, | and |; |$)", re.DOTALL)


def reasons(
    sentences: Iterable[tuple[str, str]], amount: Callable[[Decimal], str], conjunction: str
) -> Said:
    """What says a reason; None comes back of one that is not known.

    ``sentences`` are pairs of English and the language, ``conjunction`` is its word for *and*.
    """
    known = [
        (_pattern(english), told)
        for english, told in sorted(sentences, key=_own_length, reverse=True)
    ]

    @lru_cache(maxsize=65_536)
    def said(reason: str) -> str | None:
        for pattern, told in known:
            if (found := pattern.fullmatch(reason)) is None:
                continue
            facts = {name: fact(name, value) for name, value in found.groupdict().items()}
            if None not in facts.values():
                return told % facts
        parts = list(_cut(reason, "; "))
        several = [said(one) for one in parts] if len(parts) > 1 else [None]
        return "; ".join(one for one in several if one) if None not in several else None

    def fact(name: str, value: str) -> str | None:
        if name.startswith("amount"):
            return amount(Decimal(value))
        if name.startswith(("why", "doc")):
            return said(value)
        if name.startswith("each"):
            return LINKED.sub(lambda one: (said(one[1]) or one[1]) + link(one[2]), value)
        return value

    def link(text: str) -> str:
        return f" {conjunction} " if text == " and " else text

    return said


def _own_length(pair: tuple[str, str]) -> int:
    """How much of a sentence is its own: of two that fit, the one that says more is meant."""
    return len(PLACE.sub("", pair[0]))


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = PLACE.split(sentence)
    for place, piece in enumerate(pieces):
        if place % 2:
            pieces[place] = f"(?P<{piece}>{_shape(piece)})"
        else:
            pieces[place] = re.escape(piece.replace("%%", "%"))
    return re.compile("".join(pieces), re.DOTALL)


def _shape(name: str) -> str:
    if name.startswith("amount"):
        return AMOUNT
    return ".+?" if name.startswith(("why", "doc", "each")) or name in LONG else r"\S+"


def _cut(text: str, link: str) -> Iterator[str]:
    """A text cut at each link that stands in no brackets; whole where there is none."""
    begun = depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and text.startswith(link, place):
            yield text[begun:place]
            begun = place + len(link)
    yield text[begun:]
