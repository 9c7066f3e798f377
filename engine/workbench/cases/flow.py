"""A case of flows: what a run would make, given what the servers hold. No server, no network.

Reads the answers that a case gives, staged in a database in memory, and goes the way of ``plan``:
the same matching, the same choice, the same proof; then what follows once that stands. Gives every
outcome, with its document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

from ...error_catalogue import Catalogue, read_catalogue
from ...errors import Finding
from ...language.program import Program, Rendered, Trace
from ...merchant.settings import convention_choices
from ...personal import known_as
from ...plan.build import make_plan
from ...plan.model import Outcome, Plan
from ...plan.payouts import HOUSE
from ...store.books import Books
from ...store.database import Store
from ...store.ledger import Action
from ...store.supposed import Supposed
from ...suppose.rounds import Stands, follow
from ..decided import Decided
from ..explained import restored
from . import compare
from .books import books_of
from .case import Case, Difference, Verdict
from .compare import ABSENT
from .made_before import made_before, resolved_before
from .rules import Rules, place_told
from .servers import Servers

Made = dict[str, Any]
# An outcome that says no more than that its document is to be made.
TO_POST = "to-post"
# States of what stands once the plan is carried out.
AHEAD = ("planned", "adopted")
LINES = """
SELECT line, Id, Status, position FROM qliro.settlement_line ORDER BY Id, Status, position
"""


def judged(
    case: Case, program: Program, snapshot: Mapping[str, Any] | None, servers: Servers
) -> Verdict:
    """The verdict on a case; from then on ``servers`` hold what it gives."""
    problems = servers.hold(case.held, case.given.get("today"))
    found = _Planned(case, program, servers.where, problems)
    return Verdict(case, found.made, tuple(found.differences(snapshot)))


class _Planned:
    """The plan of what a case gives, in words that a case has: lines are called by their batch and
    place in it, 9/1."""

    def __init__(
        self, case: Case, program: Program, where: Supposed, problems: Sequence[Finding]
    ) -> None:
        self.case, self.program, self.where = case, program, where
        self.books = books_of(case.books, case.held)
        self.names = {row["line"]: place_of(row) for row in where.now.rows(LINES)}
        self.no_lines = made_before(case, where, self._plan, program, self.names)
        self.of_nothing = resolved_before(case, where, self.names)
        plans = [self._plan()]

        def again(_: Store) -> Plan:
            plans.append(self._plan())
            return plans[-1]

        followed = follow(where, plans[0], program.settings, again, self.books)
        for one in followed.stands.values():
            if one.is_supposed:
                self.names |= {one.called: _called(one), one.number: _called(one)}
        first, last = plans[0], plans[-1]
        self.actions = {one.action: one for one in [*first.actions, *followed.actions]}
        self.decided = list(_joined(first.outcomes, followed.outcomes, last.outcomes))
        self.outcomes = [self._outcome(one) for one in self.decided]
        warnings = [one.message for one in problems] + first.problems + first.warnings
        warnings += [f"what follows from {_called(self.actions[action])} can't be shown: {why}"
                     for action, why in followed.unknown.items()]  # fmt: skip
        self.made: Made = {
            "outcomes": self.outcomes, "warnings": [self._told(one) for one in warnings],
        }  # fmt: skip

    def _plan(self) -> Plan:
        settings = self.program.settings
        flows = {name for name, is_on in settings["flows"].items() if is_on}
        # A case's books answer what expressions ask; planning asks them nothing else.
        books = cast("Books", self.books)
        return make_plan(
            self.where.now, self.program, settings, books, convention_choices(), _catalogue(),
            flows=flows,
        )  # fmt: skip

    def _outcome(self, one: Outcome) -> Made:
        action = self.actions.get(one.action or "")
        made: Made = {"mapping": one.mapping, "of": self._told(one.source), "outcome": one.state}
        if one.code != TO_POST:
            made["because"] = self._told(one.reason)
        if one.state == "planned" and action is not None and action.adopted is None:
            made["document"] = self._named_in(action.document)
            made |= {"moves": self._lines(action.moves), "then": list(action.then)}
        made["covers"] = self._lines(one.covers)
        if match := one.trace.get("match"):
            made["match"] = self._match(match)
        return made

    def _match(self, match: Mapping[str, Any]) -> Made:
        """What was chosen, and of each other candidate why it was not."""
        losers: dict[str, str] = {}
        for number, _step, reason in match["losers"]:
            document, told = self._told(number), self._told(reason)
            known = losers.setdefault(document, told)
            if told not in known:
                losers[document] = f"{known}; {told}"
        return {
            "outcome": match["outcome"], "document": self._named_in(match["document"]),
            "step": match["step"], "because": self._told(match["reason"]), "losers": losers,
        }  # fmt: skip

    def _told(self, text: str) -> str:
        for id_, name in self.names.items():
            text = text.replace(id_, name)
        return text

    def _named_in(self, value: Any) -> Any:
        """A document with names in place of the numbers that are only supposed."""
        if isinstance(value, Mapping):
            return {name: self._named_in(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._named_in(one) for one in value]
        if isinstance(value, int | str) and not isinstance(value, bool):
            told = self._told(str(value))
            return value if told == str(value) else told
        return value

    def _lines(self, lines: Sequence[str]) -> list[str]:
        return [self.names.get(one, one) for one in lines]

    # -- held against what is expected -------------------------------------------------------------

    def differences(self, snapshot: Mapping[str, Any] | None) -> Iterator[Difference]:
        """Each value that is not as expected, with the rule that made it."""
        for line in self.no_lines:
            yield Difference(f"made.{line}", line, "no line of a batch that is given")
        for of in self.of_nothing:
            yield Difference(f"resolved.{of}", of, "nothing that is given")
        expect, named = self.case.expect, set()
        instead: dict[Difference, None] = {}
        for wanted in expect.get("outcomes", ()):
            found = self._named(wanted)
            if isinstance(found, Difference):
                yield found
            elif found is None:
                if wanted.get("outcome") != "none":
                    yield Difference(called(wanted), wanted.get("outcome", "planned"), "none")
                    instead |= dict.fromkeys(self._instead(wanted))
            else:
                named.add(found)
                yield from self._differing(wanted, found)
        yield from instead
        for index, one in enumerate(self.outcomes if expect.get("nothing_else") else ()):
            if index not in named and "document" in one:
                rule = self._rules(index).of(["document"])[0]
                yield Difference(called(one), "no document", "planned", rule)
        if "warnings" in expect:
            yield from compare.of_list("warnings", expect["warnings"], self.made["warnings"])
        if "snapshot" in expect:
            yield from compare.of_snapshot(snapshot, self.made, Rules())

    def _instead(self, wanted: Mapping[str, Any]) -> Iterator[Difference]:
        """Why a source has no outcome of this mapping, where the run itself refused it."""
        for one in self.outcomes:
            is_it = wanted.get("of") is None or str(wanted["of"]) == one["of"]
            if one["mapping"] == HOUSE and is_it and "because" in one:
                yield Difference(f"{called(one)}.because", ABSENT, one["because"])

    def _named(self, wanted: Mapping[str, Any]) -> int | Difference | None:
        """Which outcome one that is expected is about; none, or that it can't be told which."""
        of = wanted.get("of")
        found = [
            index for index, one in enumerate(self.outcomes)
            if wanted.get("mapping", one["mapping"]) == one["mapping"]
            and (of is None or str(of) in (one["of"], self.decided[index].source))
        ]  # fmt: skip
        if len(found) > 1:
            several = [called(self.outcomes[index]) for index in found]
            return Difference(f"{called(wanted)}.of", ABSENT, several)
        return found[0] if found else None

    def _differing(self, wanted: Mapping[str, Any], index: int) -> Iterator[Difference]:
        made = self.outcomes[index]
        if not any(compare.of_outcome(wanted, made, Rules())):
            return
        for one in compare.of_outcome(wanted, made, self._rules(index)):
            yield replace(one, path=f"{called(made)}.{one.path}")

    def _rules(self, index: int) -> Rules:
        """What made an outcome: asked for only where something differs."""
        one = self.decided[index]
        action, mapping = self.actions.get(one.action or ""), self.program.mappings.get(one.mapping)
        if action is None or mapping is None or not one.trace.get("inputs"):
            told = one.trace.get("place") or one.trace.get("rule", "")
            return Rules(place=place_told(str(told)))
        inputs = restored(self.where.now, self.program, mapping, _decided(one, action), self.books)
        trace = Trace(dict(one.trace.get("lets") or {}), [])
        made = Rendered(action.document, [], [], {}, (), (), trace)
        return Rules(self.program, mapping.spec, inputs, made, place=mapping.spec.source.place(()))


@cache
def _catalogue() -> Catalogue:
    """The errors of the APIs, read once for all cases."""
    return read_catalogue()


def _joined(
    first: Sequence[Outcome], later: Sequence[Outcome], last: Sequence[Outcome]
) -> Iterator[Outcome]:
    """What becomes of each source in the end: what it waited for may stand by then, and another
    mapping be for it."""
    news = {(one.mapping, one.source) for one in later}
    still = {(one.mapping, one.source) for one in last}
    ended = [one for one in first if one.state in AHEAD or (one.mapping, one.source) not in news]
    for one in [*ended, *later]:
        if one.state in AHEAD or (one.mapping, one.source) in still:
            yield one


def _called(one: Stands | Action) -> str:
    """A document that is only supposed, in words: the customer of 6001."""
    return f"the {one.mapping.replace('_', ' ')} of {known_as(one.source)}"


def _decided(one: Outcome, action: Action) -> Decided:
    return Decided(
        one.mapping, one.source, one.state, one.reason, one.trace, one.action, None,
        action.document, None, None, action.facts, None, None,
    )  # fmt: skip


def place_of(row: Mapping[str, Any]) -> str:
    """A line by its batch and its place in one of the lists of that: 9/1, 9/Pending 1."""
    listed = "" if row["Status"] == "Accepted" else f"{row['Status']} "
    return f"{row['Id']}/{listed}{row['position']}"


def called(one: Mapping[str, Any]) -> str:
    """An outcome in words: payment of 9/1."""
    of = f" of {one['of']}" if one.get("of") is not None else ""
    return f"{one.get('mapping', 'outcome')}{of}"
