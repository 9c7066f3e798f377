"""Which signs Fortnox takes in texts and in article numbers.

Reads a text, tells the first sign that Fortnox refuses, or gives the text as an article number.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

LONGEST_ARTICLE = 50  # Fortnox's OpenAPI document, ArticleNumber

# Fortnox's "formats and encoding" page: letters and these. No quotes, angles, pipes, tildes, tabs.
_IN_TEXTS = frozenset("\\\u0308\u030a0123456789 –:.`´’,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u00a0\n\r")
_IN_ARTICLES = frozenset("0123456789_-/\\+$")
# Letters of most of Europe. With them nearly every text is seen at once to be as it must.
_LETTERS = "".join(filter(str.isalpha, map(chr, range(0x250))))
# The dots and the ring that Fortnox takes after a letter: they are put on it where they can be.
_MARKS = frozenset("\u0308\u030a")
_SEEN = "".join(sorted(_IN_TEXTS - _MARKS)) + _LETTERS
# A text is asked for when it is read and again when it is sent, and cities and streets come often.
is_allowed = lru_cache(maxsize=20_000)(re.compile(f"[{re.escape(_SEEN)}]*").fullmatch)
_is_article = re.compile(f"[{re.escape(''.join(sorted(_IN_ARTICLES)) + _LETTERS)}]*").fullmatch


def forbidden(value: str) -> str:
    """The first character of ``value`` that Fortnox refuses in texts, or nothing."""
    if is_allowed(value):
        return ""
    for character in value:
        if character not in _IN_TEXTS and not unicodedata.category(character).startswith("L"):
            return character
    return ""


def as_article(value: str) -> str:
    """``value`` as an article number: other signs become ``_``, and one that is too long ends
    with a sum of all of it, so that two that begin alike stay two."""
    found = unicodedata.normalize("NFC", value).strip()
    clean = found
    if not _is_article(found):
        clean = "".join(c if c in _IN_ARTICLES or c.isalpha() else "_" for c in found)
    if len(clean) <= LONGEST_ARTICLE:
        return clean
    check = hashlib.sha256(found.encode()).hexdigest()[:8]
    return f"{clean[: LONGEST_ARTICLE - 9]}-{check}"
