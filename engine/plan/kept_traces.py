"""What is written down of a trace: what can't be had again later.

Of a source that got a document those are the rule, the rows that its mapping was given and the
verdict of its match. Its named values and the rows of tables that decided follow from these and
what the plan was made with (``made_with``); its document stands in ``ledger.action``. One is
kept whole of what got none, for then there is no document to hold it against, and of a document of
many lines: who asks for one of these lines must not wait until all are worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .long_traces import is_short
from .model import Outcome

# What is left out: null in its place, so that what is worked out anew stands where it stood.
LEFT_OUT = ("lets", "tables", "document")
# The key that names what the plan was made with; a trace that is whole has none. And how many
# documents of its mapping a source had before, which a document may name. Neither is told of.
WITH, EARLIER = "with", "earlier"
UNTOLD = (WITH, EARLIER)


def is_left_out(outcome: Outcome) -> bool:
    """Whether parts of an outcome's trace need not be written down."""
    if outcome.action is None or "lets" not in outcome.trace:
        return False
    return not any(map(is_short, outcome.trace["inputs"].values()))


def kept(outcome: Outcome, made_with: str | None) -> Mapping[str, Any]:
    """The trace as it is written down; ``made_with`` names what the plan was made with."""
    if made_with is None or not is_left_out(outcome):
        return outcome.trace
    told = {name: None if name in LEFT_OUT else one for name, one in outcome.trace.items()}
    return {**told, WITH: made_with}


def as_kept(trace: Mapping[str, Any]) -> dict[str, Any]:
    """A trace as it was written down, without a word of what was left out."""
    return {
        name: one for name, one in trace.items() if name not in UNTOLD and not is_null(trace, name)
    }


def is_null(trace: Mapping[str, Any], name: str) -> bool:
    """Whether that is left out of a trace."""
    return name in LEFT_OUT and name in trace and trace[name] is None
