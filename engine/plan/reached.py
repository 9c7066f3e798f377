"""Counts which steps of a match found a candidate, and what of candidates was asked; and leaves out
of a match what is to be left out.

Matches are SQL, so their counters don't stand in compiled code: reads the temp table ``candidate``
that a match has filled, where somebody counts.
"""

from __future__ import annotations

from ..language import counts
from ..language.program import CompiledMatch
from ..language.spec import Require, Step
from ..store.database import Store


def count(store: Store, match: CompiledMatch) -> None:
    """Each candidate that a step found, and each requirement that it was held against: those up to
    the first that it does not fulfil."""
    kept = counts.now()
    if kept is None:
        return
    for row in store.rows(FOUND):
        step = match.steps[row["step"] - 1].spec
        kept.add(counts.key_at(step.place, "step"), row["found"])
        asked = match.require[: row["verdict"] or None]
        for require in asked:
            kept.add(counts.key_of(require.spec.that), row["found"])


def keys(step: Step, texts: tuple[str, ...]) -> tuple[str, ...]:
    """What a step looks for, as SQL: nothing, where it is to be left out."""
    kept = counts.now()
    gone = kept is not None and kept.is_gone(counts.key_at(step.place, "step"))
    return ("NULL::VARCHAR",) if gone else texts


def asked(require: Require, text: str) -> str:
    """What is asked of a candidate, as SQL: nothing, where it is to be left out."""
    kept = counts.now()
    gone = kept is not None and kept.is_gone(counts.key_of(require.that))
    return "TRUE" if gone else text


FOUND = "SELECT step, verdict, count(*) AS found FROM candidate GROUP BY ALL"
