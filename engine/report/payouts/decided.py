"""Takes down the decisions of a sheet that came back: all of them, or none.

Reads what is open now and holds each decision against it; writes ``ledger.resolution`` through
``resolve``, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...clock import STOCKHOLM
from ...errors import FileError, Finding, Place, QliroFortnoxError
from ...store.database import Store
from ..resolve import resolve
from .model import ChoiceKind, ToDecide
from .open_items import to_decide

EVERYTHING = {"named": None, "first": None, "last": None}
NEEDS_NUMBER: tuple[ChoiceKind, ...] = ("invoice", "there")
NEEDS_REASON: tuple[ChoiceKind, ...] = ("ignore", "suspense")
MAKE_ANEW = "Make the report anew (report … --out FILE.xlsx) and decide on that."


@dataclass(frozen=True, slots=True)
class Decision:
    """A row that somebody filled in. ``places`` are its cells by the key of their column, ``cells``
    what people call them; ``called`` has the ways to decide in the words of the sheet."""

    ref: str
    kind: ChoiceKind
    number: str
    reason: str
    who: str
    stamp: str
    places: Mapping[str, Place]
    cells: Mapping[str, str]
    called: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that was taken down."""

    ref: str
    kind: ChoiceKind
    detail: str
    who: str


def take_down(
    store: Store, settings: Mapping[str, Any], now: datetime, decisions: Sequence[Decision]
) -> list[Taken]:
    """Take down all decisions, in one transaction.

    Raises FileError with every row and column that is impossible, or that was decided on another
    state than the present one; then nothing is taken down.
    """
    today = now.astimezone(STOCKHOLM).date()
    known: dict[str, list[ToDecide]] = {}  # of an order several mappings may have something open
    for item in to_decide(store, "", settings, today, EVERYTHING):
        known.setdefault(item.ref, []).append(item)
    findings: list[Finding] = []
    seen: dict[str, Place] = {}
    for one in decisions:
        mine = known.get(one.ref, [])
        same = [item for item in mine if item.stamp == one.stamp]
        findings += _impossible(one, next(iter(same or mine), None))
        if one.ref in seen:
            findings.append(
                Finding(one.places["ref"], "decided-twice",
                        f"{one.ref} is decided in row {seen[one.ref].line} already.",
                        "Keep one of them.")
            )  # fmt: skip
        seen.setdefault(one.ref, one.places["ref"])
    if findings:
        raise FileError(findings)
    with store.transaction():
        for one in decisions:
            try:
                kind = "retry" if one.kind == "there" else one.kind
                resolve(store, now, one.who, one.ref, kind, one.number, one.reason)
            except QliroFortnoxError as error:
                column = "number" if one.kind in NEEDS_NUMBER else "decision"
                findings.append(
                    Finding(one.places[column], "not-possible", error.message, error.remedy)
                )
        if findings:
            raise FileError(findings)
    return [Taken(one.ref, one.kind, one.number, one.who) for one in decisions]


def _impossible(one: Decision, item: ToDecide | None) -> list[Finding]:
    if not one.ref:
        what = "The row does not say which item it is of."
        return [Finding(one.places["ref"], "no-item", what, MAKE_ANEW)]
    if item is None:
        what = f"{one.ref} is not open any more, or is nothing that is known here."
        return [Finding(one.places["ref"], "not-open", what, MAKE_ANEW)]
    if one.stamp != item.stamp:
        what = f"{one.ref} stands otherwise than when the report was made: {item.why}."
        return [Finding(one.places["stamp"], "outdated", what, MAKE_ANEW)]
    found = []
    if one.kind not in {choice.kind for choice in item.choices}:
        ways = ", ".join(one.called[choice.kind] for choice in item.choices) or "none"
        what = f"{one.ref} can't be decided so ({one.called[one.kind]})."
        remedy = f"The ways, for {one.cells['decision']}: {ways}."
        found.append(Finding(one.places["decision"], "no-such-way", what, remedy))
    if one.kind in NEEDS_NUMBER and not one.number:
        what = f"Which number has {one.ref} in Fortnox?" if one.kind == "there" else \
            f"Which invoice is to be paid by {one.ref}?"  # fmt: skip
        found.append(
            Finding(one.places["number"], "no-number", what, f"Fill in {one.cells['number']}.")
        )
    if one.kind in NEEDS_REASON and not one.reason:
        found.append(
            Finding(one.places["reason"], "no-reason", f"Why is {one.ref} decided so?",
                    f"Fill in {one.cells['reason']}; it is kept.")
        )  # fmt: skip
    if not one.who:
        found.append(
            Finding(one.places["name"], "no-name", f"Who decides on {one.ref}?",
                    f"Fill in {one.cells['name']}; it is kept.")
        )  # fmt: skip
    return found
