"""Cases of flows of what a run decided: with all that the servers held then, and nobody's name.

Reads a merchant's history as of each moment at which the items were decided; gives cases as plain
values. What is expected is what comes of the case as it is written, so it passes; where that is not
what was decided, it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from .. import json_text
from ..clock import STOCKHOLM
from ..error_catalogue import read_catalogue
from ..extract.pseudonym import Pseudonyms
from ..language.program import Program
from ..merchant.flows import flows_on
from ..merchant.load import Merchant
from ..merchant.settings import convention_choices
from ..personal import called
from ..plan.build import make_plan
from ..plan.model import Plan
from ..scope import Scope
from ..stage.staging import stage
from ..store.books import Books, read_books
from ..store.database import Store
from ..store.history import ORDER, Moment, moments, past, present
from .cases.flow import LINES, place_of
from .cases.programs import FLOWS, Programs
from .cases.read import read_cases
from .cases.run import run
from .cases.snapshots import text as written
from .circumstances import Asked, plain, settings_of
from .decided import Decided
from .held import about, held, made_before, source_told

Row = dict[str, Any]
PAYOUT = "SELECT arg_max(payout, rowid) FROM ledger.outcome WHERE mapping = ? AND source = ?"
LATEST = "SELECT max(noted_at) FROM raw.answer"


@dataclass(frozen=True, slots=True)
class Recording:
    """A case, or none; ``notes`` are what comes out otherwise than it was decided."""

    case: Row | None
    notes: list[str]


def flow_cases(
    store: Store, merchant: Merchant, program: Program, names: Pseudonyms, ref: str,
    items: Sequence[Decided],
) -> Iterator[Recording]:  # fmt: skip
    """A case for each moment at which some of the items were decided: when they were posted, or as
    they stand now."""
    every = moments(store)
    when: dict[str, Moment] = {action: one for one in every for action in one.actions}
    groups: dict[int | None, list[Decided]] = {}
    for one in items:
        moment = when.get(one.action or "")
        groups.setdefault(every.index(moment) if moment else None, []).append(one)
    again: dict[str, int] = {}
    for index, group in groups.items():
        with ExitStack() as stack:
            if index is None:
                then = stack.enter_context(present(store))
            else:
                then = stack.enter_context(past(store)).move_to(every[index])
                stage(then)
            recorder = _Recorder(store, then, merchant, program, names)
            told = " and ".join(dict.fromkeys(one.mapping.replace("_", " ") for one in group))
            name = f"{ref}: {told}, as a run decided it"
            again[name] = again.get(name, 0) + 1
            yield recorder.case(f"{name} ({again[name]})" if again[name] > 1 else name, group)


class _Recorder:
    """Held open over one moment: what stood ``then``, and what was asked of the books."""

    def __init__(
        self, store: Store, then: Store, merchant: Merchant, program: Program, names: Pseudonyms
    ) -> None:
        self.store, self.then, self.merchant = store, then, merchant
        self.program, self.names = program, names
        self.asked = Asked(read_books(then))

    def case(self, name: str, items: Sequence[Decided]) -> Recording:
        """The case with what comes of it."""
        made = self._plan(items)
        lines = {row["line"]: place_of(row) for row in self.then.rows(LINES)}
        prefix = self.merchant.settings["payment_reference_prefix"] or ""
        given: Row = dict(held(self.then, self.names, about(self.then, made, prefix)))
        mapping_set = self.program.mapping_set
        batches = {str(one["Id"]) for one in given.get("qliro.batches", ())}
        if before := made_before(self.then, self.names, mapping_set, made, lines, batches):
            given["made"] = before
        given["today"] = f"{self.then.value(LATEST).astimezone(STOCKHOLM):%Y-%m-%d}"
        settings = settings_of(self.merchant, self.program)
        settings.pop("flows", None)  # the case says which are on
        if settings:
            given["settings"] = settings
        if books := self.asked.differing():
            given["books"] = books
        on = flows_on(self.merchant)
        flows = [one for one in FLOWS if one in on]
        case: Row = {"case": name, "flow": flows, "given": plain(given)}
        outcomes = self._comes_of(case)
        expect: list[Row] = []
        notes: list[str] = []
        for one in items:
            of = lines.get(one.source) or source_told(self.names, one.source)
            found = _found(outcomes, one.mapping, of)
            if found is None:
                notes.append(f"{one.mapping} {of}: nothing becomes of it in the case")
                continue
            expect.append(_expected(found))
            notes += _differing(one, found)
        if not expect:
            return Recording(None, notes)
        return Recording({**case, "expect": {"outcomes": plain(expect)}}, notes)

    def _plan(self, items: Sequence[Decided]) -> Plan:
        """What is made of the payouts and orders that the items are of, with the books asked."""
        cases = {self.store.value(PAYOUT, [one.mapping, one.source]) for one in items} - {None}
        orders = tuple(sorted(one.removeprefix(ORDER) for one in cases if one.startswith(ORDER)))
        payouts = tuple(sorted(one for one in cases if not one.startswith(ORDER)))
        return make_plan(
            self.then, self.program, self.merchant.settings, cast("Books", self.asked),
            convention_choices(), read_catalogue(), flows=flows_on(self.merchant),
            scope=Scope(payouts, orders),
        )  # fmt: skip

    def _comes_of(self, case: Row) -> list[Row]:
        """All that becomes of it, as it is written."""
        programs = Programs(self.program.mapping_set)
        some = {**case, "expect": {"nothing_else": True}}
        with TemporaryDirectory() as folder:
            path = Path(folder) / "tests" / "recorded.yaml"
            path.parent.mkdir()
            path.write_text(written({"version": 2, "cases": [some]}), "utf-8")
            (read,) = read_cases(self.program.mapping_set, [Path(folder)])
        found: list[Row] = run(read, programs.of(read)).made["outcomes"]
        return found


def _found(outcomes: Sequence[Row], mapping: str, of: str) -> Row | None:
    mine = [one for one in outcomes if one["mapping"] == mapping]
    return next((one for one in mine if one["of"] == of), mine[0] if len(mine) == 1 else None)


def _expected(found: Row) -> Row:
    """What is expected of an outcome: all of it."""
    kept: Row = {"mapping": found["mapping"], "of": found["of"]}
    if "document" in found:
        kept["whole_document"] = found["document"]
        kept |= {key: found[key] for key in ("covers", "moves", "then") if found[key]}
    else:
        kept |= {key: found[key] for key in ("outcome", "because") if key in found}
    if "match" in found:
        kept["match"] = {key: one for key, one in found["match"].items() if one is not None}
    return kept


def _differing(one: Decided, found: Mapping[str, Any]) -> Iterator[str]:
    """What comes out otherwise than it was decided; texts are another's, and are no news."""
    of = called(one.mapping, found["of"])
    if "document" not in found or one.document is None:
        if found["outcome"] != one.state and not (one.document and found["outcome"] == "adopted"):
            yield f"{of}: {found['outcome']} in the case, and was {one.state}: {one.reason}"
        return
    for name, value in one.document.items():
        told = found["document"].get(name)
        if name == "Year":  # a case calls a financial year by its year, Fortnox by a number
            continue
        if isinstance(value, list | str) or json_text.canonical(told) == json_text.canonical(value):
            continue
        yield f"{of}: {name} is {told} in the case, {value} was sent"
