"""One raw answer of Qliro or Fortnox as it came, what names somebody starred.

Reads ``raw.answer``; writes nothing. What is starred is what ``export --pseudonymise`` replaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from .. import json_text
from ..errors import STARS, UsageError
from ..extract.pseudonym import Pseudonyms, known_ids, references
from ..extract.raw import query_pairs
from ..extract.redact import replaced, values
from ..merchant.load import Merchant
from ..store.database import Store
from ..store.history import pruned_until
from .origins import reached

# The body of an answer that repeats the last one to the same call is that one's.
ANSWER = "SELECT * FROM raw.answer WHERE seq = ?"
EMPTY = sha256(b"").hexdigest()
SAME = """
SELECT seq, body FROM raw.answer
WHERE source = $source AND path = $path AND digest = $digest AND seq <= $seq AND body <> ''
ORDER BY seq DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and the call that it is to. ``body`` is its text, or of the part at ``path_in``;
    ``same_as`` is the answer that it repeats."""

    number: int
    noted_at: datetime
    origin: str
    system: str
    method: str
    path: str
    query: str
    status: int
    problem: str | None
    same_as: int | None
    path_in: str
    body: str


def answer(store: Store, merchant: Merchant, number: int, path_in: str | None = None) -> Answer:
    """The answer of that number, or what stands at a path in it.

    Raises UsageError where there is none, and where nothing stands there.
    """
    rows = store.rows(ANSWER, [number])
    if not rows:
        last = store.value("SELECT max(seq) FROM raw.answer")
        known = f"The last one is {last}." if last else "Nothing was fetched so far."
        raise UsageError(f"There is no answer {number}.", known)
    (row,) = rows
    text, same = row["body"], None
    if not text:
        named = {name: row[name] for name in ("source", "path", "digest", "seq")}
        earlier = store.rows(SAME, named)
        if earlier:
            text, same = earlier[0]["body"], earlier[0]["seq"]
        elif row["digest"] != EMPTY and (until := pruned_until(store)):
            raise UsageError(
                f"The body of answer {number} was pruned: what was fetched before {until} need not "
                "be kept.",
                "A backup from before has it.",
            )
    names = _names(store, merchant, text)
    path = "/".join(_starred(one, names.path(one)) for one in row["path"].split("/"))
    pairs = query_pairs(row["query"])
    query = "&".join(
        f"{name}={_starred(value, new)}"
        for (name, value), (_, new) in zip(pairs, names.query(pairs), strict=True)
    )
    shown = without_names(text, names)
    if path_in:
        shown = _part(shown, path_in, number)
    return Answer(
        number, row["noted_at"], row["origin"], row["source"].capitalize(), row["method"], path,
        query, row["status"], row["problem"], same, path_in or "", shown,
    )  # fmt: skip


def _names(store: Store, merchant: Merchant, body: str) -> Pseudonyms:
    prefix = str(merchant.settings["payment_reference_prefix"] or "")
    names = Pseudonyms(b"starred", known_ids(store), prefix, (), references(store))
    try:
        names.know(json_text.decode(body))
    except ValueError:
        return names
    return names


def _starred(text: str, replaced_by: str) -> str:
    return text if text == replaced_by else STARS


def without_names(body: str, names: Pseudonyms) -> str:
    """The body with stars for each text that would be replaced; hashed numbers are starred too."""
    if body[:1] not in ("{", "["):
        return _starred(body, names.body(body))
    new = names.body(body)
    spots = [
        one
        for one, other in zip(values(body), values(new), strict=True)
        if body[one.start : one.end] != new[other.start : other.end]
        or body[one.start : one.end].startswith('"pn:')
    ]
    return replaced(body, spots, lambda text: STARS)


def _part(body: str, path: str, number: int) -> str:
    try:
        content: Any = json_text.decode(body)
    except ValueError:
        raise UsageError(f"Answer {number} is no JSON.", "Ask for it without a path.") from None
    found = [value for _, value in reached(content, path)]
    if not found:
        keys = ", ".join(content) if isinstance(content, dict) else "a list"
        raise UsageError(f"Nothing stands at {path} in answer {number}.", f"It has {keys}.")
    return json_text.encode(found[0] if len(found) == 1 else found)


def decoded(one: Answer) -> Any:
    """The body as values; the text where it is no JSON."""
    try:
        return json_text.decode(one.body)
    except ValueError:
        return one.body
