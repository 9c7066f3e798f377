"""What a plan was made with, beside rows: the rules, the merchant's file, the registers' answers.

Reads and writes ``ledger.made_with``, a row for each of them that is another than before. What
follows from these and from a document's inputs need not be kept with it (``kept_traces``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from .. import json_text
from ..language.code import BOOKS, BOOKS_TAKE
from ..store.books import Asked
from ..store.database import Store

TABLE = "ledger.made_with"
# So many characters of a digest name one of them.
NAMED = 16


@dataclass(frozen=True, slots=True)
class MadeWith:
    """``rules`` is the digest of ``ledger.mapping_set`` and of the settings, ``file`` the text of
    the merchant's file, ``asked`` what the registers were asked, with what they said."""

    rules: str
    file: str
    asked: Asked


def record_made_with(store: Store, now: datetime, made: MadeWith) -> str:
    """Note it, once; gives what traces name it by."""
    answers = json_text.encode(sorted(map(_told, made.asked.items())))
    digest = json_text.digest([made.rules, made.file, answers])[:NAMED]
    if not store.value(f"SELECT 1 FROM {TABLE} WHERE digest = ?", [digest]):
        row = (digest, now, made.rules, made.file, answers)
        store.append(TABLE, [row], ("digest", "noted_at", "rules", "file", "answers"))
    return digest


def read_made_with(store: Store, digest: str) -> MadeWith | None:
    """What a trace names; None where it is not there."""
    rows = store.rows(f"SELECT * FROM {TABLE} WHERE digest = ?", [digest])
    if not rows:
        return None
    (row,) = rows
    asked = dict(map(_asked, json_text.decode(row["answers"])))
    return MadeWith(row["rules"], row["file"], asked)


def _told(one: tuple[tuple[Any, ...], Any]) -> list[str]:
    """A question and its answer as texts, which can be sorted whatever they are."""
    (name, *given), answer = one
    return [name, json_text.encode(given), json_text.encode(answer)]


def _asked(told: list[str]) -> tuple[tuple[Any, ...], Any]:
    name, given, answer = told
    takes: tuple[str, ...] = BOOKS_TAKE.get(name, ("date",))
    values = zip(takes, json_text.decode(given), strict=True)
    key = (name, *(_typed(kind, value) for kind, value in values))
    return key, _typed(BOOKS[name].kind, json_text.decode(answer))


def _typed(kind: str, value: Any) -> Any:
    return date.fromisoformat(value) if kind == "date" and value is not None else value
