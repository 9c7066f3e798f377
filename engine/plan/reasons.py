"""How outcomes are told: states and codes of what was chosen, checked or delivered, and its trace.

Pure functions; planning asks them what a choice, a failed check or a delivery means for a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from .. import json_text
from ..error_catalogue import Catalogue, look_up, read_error
from ..errors import ItemError
from ..language.program import CompiledMapping, Rendered
from ..language.tables import Hit
from ..language.targets import target
from ..match.choice import Choice
from ..store.ledger import Action, Progress

CODES = {"less": "part-payment", "more": "overpayment", "near": "rounding", "exact": "parked"}

# A warning names so many payouts.
MOST_NAMED = 3

# What becomes of a source of whose match the mapping does not say it.
UNDECLARED = {"none": "wait", "several": "park"}

# State and code of a source whose check does not hold.
FAILED = {
    "park": ("parked", "check-failed"),
    "wait": ("waiting", "check-failed"),
    "done": ("done", "nothing-to-book"),
}


def blocked_by(mapping: CompiledMapping, choice: Choice) -> tuple[str, str]:
    if choice.outcome == "wait":
        return "waiting", "not-ready"
    if choice.outcome == "park":
        return "parked", "does-not-fit"
    declared = next(iter(mapping.match.values())).outcome
    policy = declared.get(choice.outcome, UNDECLARED[choice.outcome])
    state = {"wait": "waiting", "park": "parked"}[policy]
    return state, {"none": "no-invoice", "several": "ambiguous"}[choice.outcome]


def state_of(action: Action, progress: Progress) -> tuple[str, str, str]:
    """State, code and sentence of an action that the ledger knows."""
    named = target(action.target).told(progress.number)
    note = progress.note or "no reason is known"
    if "undecided" in progress.events.values():
        if progress.finished("create") or progress.number:  # it stands, or did
            return "parked", "undecided", progress.note or "a person decides"
        return "parked", "undecided", f"it is not known whether it was posted: {note}"
    if all(progress.finished(step) for step in action.steps):
        if progress.events.get("create") == "adopted":
            return "adopted", "adopted", found_as(action.target, progress.number)
        return "posted", "posted", f"posted as {named}{in_place_of(action)}"
    refused = next((s for s in action.steps if progress.events.get(s) == "refused"), None)
    if refused:
        return "planned", "refused", f"{named} stands, its {refused} was refused: {note}"
    if any(progress.in_flight(step) for step in action.steps):
        return "planned", "unknown", "it was sent and its answer was lost; it is looked for first"
    return "planned", "to-finish", f"{named} stands and is to be finished"


def in_place_of(action: Action) -> str:
    """Which document it replaces, if it replaces one that a person cancelled."""
    replaced = action.facts.get("replaces")
    named = target(action.target).told(replaced)
    return f", in place of {named}, which was cancelled" if replaced else ""


def not_read(what: str, *, again: bool) -> str:
    """That something is still to be read. After a delivery (``again``) nothing was read since, and
    nothing failed."""
    return f"{what} is read by the next run" if again else f"{what} could not be read yet"


def found_as(name: str, number: str | None) -> str:
    """That a document of a target stands there already."""
    return f"found {target(name).place} as {target(name).told(number)}"


def refused_before(
    action: Action, before: Action | None, progress: Progress | None, catalogue: Catalogue
) -> str | None:
    """Why the same document need not be sent again: refused before, and no retry helps."""
    if progress is None or before is None or progress.events.get("create") != "refused":
        return None
    if json_text.canonical(before.document) != json_text.canonical(action.document):
        return None
    system = action.target.partition(".")[0]
    error = read_error(system, progress.status or 400, progress.answer or "")
    return progress.note if look_up(error, catalogue).retry == "never" else None


def stopped_at(error: ItemError) -> dict[str, str]:
    """The trace of what no mapping could be asked: the file, line and column that decide it."""
    return {"place": str(error.place)} if error.place else {}


def rendered_trace(rendered: Rendered) -> dict[str, Any]:
    """Named values and table rows, as they are told."""
    if rendered.trace is None:
        return {}
    return {"lets": rendered.trace.lets, "tables": told_hits(rendered.trace.tables)}


def told_hits(hits: Iterable[Hit]) -> list[list[str]]:
    return [_told_hit(hit) for hit in hits]


@lru_cache(maxsize=10_000)
def _told_hit(hit: Hit) -> list[str]:
    """Told once: thousands of lines are decided by the same few rows."""
    return [hit.table, str(hit.row), str(hit.place)]


def choice_trace(choice: Choice) -> dict[str, Any]:
    return {
        "match": {
            "outcome": choice.outcome,
            "document": choice.document,
            "step": choice.step,
            "reason": choice.reason,
            "called": choice.called,
            "losers": [list(loser) for loser in choice.losers],
        }
    }


def told_warnings(warned: Mapping[str, Sequence[tuple[str, str]]]) -> list[str]:
    """Each warning once, with how many lines it is about and of which payouts.

    ``warned`` has for each text the (source, payout) that it was said of; the source of a payout's
    own document is the payout.
    """
    return [f"{text} ({_about(said)})" for text, said in warned.items()]


def _about(said: Sequence[tuple[str, str]]) -> str:
    payouts = list(dict.fromkeys(payout for _, payout in said))
    lines = list(dict.fromkeys(source for source, payout in said if source != payout))
    more = f" and {len(payouts) - MOST_NAMED} more" if len(payouts) > MOST_NAMED else ""
    of = f"payout{'s' if len(payouts) > 1 else ''} {', '.join(payouts[:MOST_NAMED])}{more}"
    if not lines:
        return of
    return f"line {lines[0]} of {of}" if len(lines) == 1 else f"{len(lines)} lines of {of}"
