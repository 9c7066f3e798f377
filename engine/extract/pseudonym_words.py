"""Other words for words: as long, of the same letters' kinds, and never one that names somebody.

Reads a word in any script and gives its replacement, the same each time, whatever its case; no two
words get the same.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from functools import cache

TRIES = 200
_ASCII = "abcdefghijklmnopqrstuvwxyz"
_SWEDISH = "åäö"


class Words:
    """What each word is replaced by, under a key. ``avoid`` takes words that no word becomes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._avoided: set[str] = set()
        self._new: dict[str, str] = {}
        self._taken: set[str] = set()

    def avoid(self, words: Iterable[str]) -> None:
        """No word shall become one of these (casefolded)."""
        self._avoided.update(words)

    def word(self, word: str) -> str:
        """Its replacement, in its own case."""
        small = "".join(map(_small, word))
        if small not in self._new:
            self._new[small] = self._found(small)
            self._taken.add(self._new[small])
        return "".join(
            _cased(new, old) for new, old in zip(self._new[small], word, strict=True)
        )

    def _found(self, word: str) -> str:
        new = word
        for attempt in range(TRIES):
            new = self._tried(word, attempt)
            if new != word and new not in self._taken and new.casefold() not in self._avoided:
                return new
        # Of so short words there may be none left.
        return new if new != word else self._turned(word)

    def _tried(self, word: str, attempt: int) -> str:
        if len(word) == 1:
            return self._turned(word, attempt)
        stream = self._stream(f"{attempt}|{word}", 4 * len(word))
        signs = []
        for place, sign in enumerate(word):
            kind = letters_like(sign)
            at = int.from_bytes(stream[4 * place : 4 * place + 4])
            signs.append(kind[at % len(kind)] if kind else sign)
        return "".join(signs)

    def _turned(self, letter: str, attempt: int = 0) -> str:
        """Single letters change places in turn, so that no two become one."""
        kind = letters_like(letter[:1])
        if len(kind) < 2:
            return letter
        first = int.from_bytes(self._stream(f"turn|{kind[0]}", 4)) % (len(kind) - 1) + 1
        at = kind.find(letter[:1])
        return kind[(at + first + attempt * (at < 0)) % len(kind)] + letter[1:]

    def _stream(self, text: str, length: int) -> bytes:
        found = b""
        while len(found) < length:
            found += hmac.digest(self._key, f"{len(found)}|{text}".encode(), hashlib.sha256)
        return found


def _small(sign: str) -> str:
    small = sign.lower()
    return small if len(small) == 1 else sign


def _cased(new: str, like: str) -> str:
    great = new.upper()
    return great if like.isupper() and len(great) == 1 else new


@cache
def letters_like(sign: str) -> str:
    """The letters that one may be replaced by: of its script and kind. Those of an address or an
    e-mail stay such as these take."""
    for kind in (_ASCII, _SWEDISH):
        if sign in kind:
            return kind
    base = ord(sign) // 128 * 128
    category = unicodedata.category(sign)
    found = (chr(place) for place in range(base, base + 128))
    alike = "".join(
        one for one in found
        if unicodedata.category(one) == category and not one.isascii() and _small(one) == one
        and (category != "Ll" or (len(one.upper()) == 1 and _small(one.upper()) == one))
    )  # fmt: skip
    return alike if len(alike) > 1 else _SWEDISH
