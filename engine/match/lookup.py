"""Chooses what a source refers to where nothing is consumed of it: which customer, which order.

Reads the temp tables that ``candidates.find`` fills; gives for each source one document, several or
none, with the candidates that lost. Unlike an invoice's balance, a document may be many sources'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..store.database import Store
from .candidates import Query, Requirement, told_verdicts
from .choice import none_fits

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up found: ``outcome`` is one, several, none, wait or park.

    ``rivals`` are the documents between which it could not choose, ``losers`` are (document, step,
    reason) of those that were out of the question.
    """

    outcome: str
    document: str | None = None
    step: str = ""
    reason: str = ""
    rivals: tuple[str, ...] = ()
    losers: tuple[tuple[str, str, str], ...] = ()
    called: str = "document"
    near: str = ""  # where nothing was found, what nearly would have been

    @property
    def named(self) -> str:
        """The document in sentences: invoice 1001."""
        return f"{self.called} {self.document}"

    def trace(self) -> dict[str, Any]:
        """As it is told."""
        return {
            "outcome": self.outcome, "document": self.document, "step": self.step,
            "reason": self.reason, "called": self.called,
            "losers": [list(one) for one in self.losers],
        }  # fmt: skip


def look_up(
    store: Store, query: Query, sources: Mapping[str, Row], documents: Mapping[str, Row]
) -> dict[str, Found]:
    """What each source refers to; the first step that has acceptable candidates decides.

    ``sources`` by id; sentences about them may name it as ``line``. ``documents`` by key in the
    declared order.
    """
    ranks = {key: rank for rank, key in enumerate(documents)}
    candidates: dict[str, list[Row]] = {}
    for row in store.rows(CANDIDATES.replace("$key", query.key)):
        candidates.setdefault(row["line"], []).append(row)
    verdicts = told_verdicts(store, query)
    found = dict.fromkeys(sources, Found("none", reason=NOTHING, called=query.called))
    for source, rows in candidates.items():
        named = {**sources[source], "line": source}
        found[source] = _found(query, verdicts, named, documents, ranks, rows)
    return found


NOTHING = "nothing is found for it"
CANDIDATES = """
SELECT DISTINCT l.line, i."$key"::VARCHAR AS document, c.step, c.verdict
FROM candidate AS c
JOIN demand AS l ON l.rowid = c.line
JOIN document AS i ON i.rowid = c.document
"""


def _found(
    query: Query,
    verdicts: Sequence[Requirement],
    source: Row,
    documents: Mapping[str, Row],
    ranks: Mapping[str, int],
    rows: Iterable[Row],
) -> Found:
    steps: dict[int, list[Row]] = {}
    for row in rows:
        steps.setdefault(row["step"], []).append(row)
    losers: list[tuple[str, str, str]] = []
    for number in sorted(steps):
        if len(steps[number]) > 1:
            steps[number].sort(key=lambda row: ranks[row["document"]])
        name = query.steps[number - 1].name
        good: list[str] = []
        held: list[tuple[str, str]] = []  # state and reason of candidates that wait or are parked
        for row in steps[number]:
            if not row["verdict"]:
                good.append(row["document"])
                continue
            failed = verdicts[row["verdict"] - 1]
            why = failed.because(source, documents[row["document"]])
            losers.append((row["document"], name, why))
            if failed.state != "skip":
                held.append((failed.state, f"{query.called} {row['document']}: {why}"))
        if held:
            state = "park" if any(one == "park" for one, _ in held) else "wait"
            reason = "; ".join(why for _, why in held)
            return Found(state, None, name, reason, (), tuple(losers), query.called)
        if good:
            if len(good) == 1:
                reason = f"found by {name}"
                return Found("one", good[0], name, reason, (), tuple(losers), query.called)
            reason = f"{len(good)} {query.called}s are found by {name}: {', '.join(good[:10])}"
            return Found("several", good[0], name, reason, tuple(good), tuple(losers), query.called)
    reason = none_fits(query.called, losers) if losers else NOTHING
    return Found("none", reason=reason, losers=tuple(losers), called=query.called)
