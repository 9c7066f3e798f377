"""Payouts planned as a whole: their lines share balances and a proof.

Reads the payouts of the plan with their proofs, the ledger, and what becomes of orders; adds
outcomes and actions. What is delivered is recognised and left alone; what no rule covers is parked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..error_catalogue import Catalogue
from ..language.program import CompiledMapping, Program
from ..language.required_columns import LINE
from ..language.targets import target
from ..match.choice import Choice
from ..ordering import in_order
from ..store.books import Books
from ..store.database import Store
from ..store.ledger import Action, Progress
from .awaited import Awaited
from .evaluation import Sources
from .matching import line_choices
from .model import Outcome, Payout, Plan, Row
from .outcomes import Outcomes, key_of
from .payments import Payments
from .reasons import state_of, told_warnings

PERSON = "person"  # the mapping of outcomes that a person decided
HOUSE = "house"  # and of those that the engine itself gives


class Payouts:
    """Planning under way: what is covered, what mappings know of each other. ``of_orders`` is what
    becomes of orders."""

    def __init__(
        self,
        store: Store,
        program: Program,
        settings: Mapping[str, Any],
        books: Books,
        catalogue: Catalogue,
        plan: Plan,
        of_orders: Plan,
        *,
        again: bool,
    ) -> None:
        self.store, self.program, self.settings, self.books = store, program, settings, books
        self.plan, self.of_orders = plan, of_orders
        self.lines = [line for payout in plan.payouts.values() for line in payout.accepted]
        self.payout_of = {
            line["line"]: payout.key for payout in plan.payouts.values() for line in payout.lines
        }
        self.outcomes = Outcomes(
            store, program, books, catalogue, plan, self.payout_of, again=again
        )
        self.covered = self.outcomes.covered  # the same set, as it grows
        self.by_source: dict[tuple[str, str], list[Action]] = {}
        self.facts: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.related_index: dict[tuple[str, ...], dict[Any, list[Row]]] = {}
        self.moved: set[str] = set()
        self.made: dict[str, list[str]] = {}  # by line what was made of it, in words
        self.payments = Payments(self.outcomes)
        self.choices: dict[str, Choice] = {}  # of the mapping that is evaluated
        self.documents: dict[str, Row] = {}  # and what its lines may refer to

    # -- before any mapping ---------------------------------------------------------------------

    def known(self) -> None:
        """Outcomes of what the ledger knows: delivered, on its way, or undecided."""
        for action in self.outcomes.actions.values():
            progress = self.outcomes.progress.get(action.action, Progress())
            if not progress.touched:
                continue
            self.by_source.setdefault((action.mapping, action.source), []).append(action)
            self.moved.update(action.moves)
            for line in {*action.covers, *action.moves}:
                named = target(action.target).told(progress.number)
                self.made.setdefault(line, []).append(named)
            if all(progress.finished(step) for step in action.steps):
                self.facts[action.mapping, action.source] = action.facts
            state, code, reason = state_of(action, progress)
            if state == "planned":
                self.plan.actions.append(action)
            for payout in self._payouts_of(action):
                mine = tuple(one for one in action.covers if self.payout_of.get(one) == payout)
                self.outcomes.add(
                    Outcome(action.mapping, action.source, payout, state, code, reason, mine,
                            action.action)
                )  # fmt: skip
        self.plan.movers |= {one.mapping for one in self.outcomes.actions.values() if one.moves}

    def _payouts_of(self, action: Action) -> list[str]:
        """The payouts that its lines are in now: what makes a payout may have been changed."""
        lines = (*action.covers, *action.moves)
        keys = {self.payout_of[line] for line in lines if line in self.payout_of}
        ordered = sorted(keys, key=in_order)
        return ordered or [one for one in [action.payout] if one in self.plan.payouts]

    def set_aside(self) -> None:
        """Lines that no mapping is asked about: ignored, unreadable, vanished, unproved, fees that
        are doubted."""
        for payout in self.plan.payouts.values():
            proof = self.plan.proofs[payout.key]
            for line in payout.lines:
                if line["vanished"] and line["line"] in self.covered | self.moved:
                    known = line["resolution"] == "ignore"
                    made = " and ".join(dict.fromkeys(self.made.get(line["line"], ())))
                    why = (
                        f"it is booked in Fortnox ({made or 'set aside before'}), and Qliro no "
                        "longer lists it in the payout; nothing is reversed by itself: correct it "
                        "in Fortnox by hand, and set it aside with resolve --ignore"
                    )
                    self.outcomes.add(
                        Outcome(HOUSE, line["line"], payout.key, "ignored" if known else "parked",
                                "vanished", why, (line["line"],))
                    )  # fmt: skip
            for line in payout.accepted:
                if line["line"] in self.covered:
                    continue
                if line["resolution"] == "ignore":
                    fees = self._fees_of(line, payout)
                    self.outcomes.add(
                        Outcome(PERSON, line["line"], payout.key, "ignored", "ignored",
                                line["resolution_reason"] or "a person said so",
                                (line["line"], *(fee for fee in fees if fee not in self.covered)))
                    )  # fmt: skip
                elif line["problem"]:
                    self._park(line, "unreadable", line["problem"])
                elif not proof.holds:
                    self._park(line, "payout-disagrees", proof.sentence())
                elif line.get("doubt"):
                    self._park(line, "doubted", line["doubt"])

    def _fees_of(self, line: Row, payout: Payout) -> list[str]:
        return [fee["line"] for fee in payout.accepted if fee["settles"] == line["line"]]

    def _park(self, line: Row, code: str, reason: str) -> None:
        self.outcomes.add(
            Outcome(HOUSE, line["line"], line["payout"], "parked", code, reason, (line["line"],))
        )

    def uncovered(self) -> None:
        """What no rule covers is parked: nothing is silent."""
        for line in self.lines:
            if line["line"] not in self.covered:
                self._park(
                    line, "no-rule",
                    f"no mapping covers a line of Type {line['Type'] or 'nothing'} (Action "
                    f"{line['Action'] or 'nothing'}) of {line['Amount']:.2f} "
                    f"{line['CurrencyCode'] or 'no currency'}",
                )  # fmt: skip

    def warnings(self) -> list[str]:
        """What mappings warn of, and what stays open of documents that are paid in part."""
        return told_warnings(self.outcomes.warned) + self.payments.left_open()

    # -- mappings -------------------------------------------------------------------------------

    def sources(self, mapping: CompiledMapping) -> Iterator[Sources]:
        """The lines that ask for a document, all together; or payout by payout those that do. What
        is not proved to balance has no document of its own, and its lines have been set aside."""
        if mapping.spec.entity == LINE:
            lines = (one for one in self.lines if not self._has_its_own(mapping, one))
            yield self._asking(mapping, lines)
            return
        for payout in self.plan.payouts.values():
            if self.plan.proofs[payout.key].holds:
                yield self._asking(mapping, [payout.row])

    def _asking(self, mapping: CompiledMapping, rows: Iterable[Row]) -> Sources:
        sources = Sources()
        for row in rows:
            inputs = self._inputs(mapping, row)
            if inputs is None or not self.outcomes.applies(mapping, inputs):
                continue
            if mapping.spec.match and (alone := row.get("unmatched")):
                self.outcomes.alone(mapping, inputs, alone)
            else:
                sources.asking[key_of(mapping, row)] = inputs
        return sources

    def resolve(self, mapping: CompiledMapping, sources: Sources) -> None:
        """Lines that wait for the document of their own transaction drop out; the others choose
        what they refer to, all at once where they share balances."""
        self._await(mapping, sources.asking)
        self.choices, self.documents = {}, {}
        if not mapping.spec.shares_balances or not sources.asking:
            return
        rows = {key: inputs[mapping.spec.alias] for key, inputs in sources.asking.items()}
        self.choices, self.documents, needs = line_choices(
            self.store, mapping, self.settings, rows
        )
        self.plan.unread += needs
        self.payments.claim(mapping, sources.asking, self.choices, self.documents)

    def make(self, mapping: CompiledMapping, key: str, sources: Sources) -> None:
        """The document of a line or payout, by what it has chosen where it refers to something."""
        choice = self.choices.get(key)
        if choice is None:
            self.outcomes.document(mapping, sources.asking[key])
        else:
            self.payments.settle(mapping, sources.asking[key], choice, self.documents)

    def _await(self, mapping: CompiledMapping, wanted: dict[str, dict[str, Any]]) -> None:
        """Take out the lines that wait for the document of their own transaction."""
        match = next(iter(mapping.match.values()), None)
        if match is None or not match.awaits or not wanted:
            return
        alias, first = mapping.spec.alias, self.settings["orders_from"]
        rows = [inputs[alias] for inputs in wanted.values()]
        awaited = Awaited(self.store, self.program, match, self.of_orders, rows,
                          first or self.settings["payouts_from"])  # fmt: skip
        for key, inputs in list(wanted.items()):
            reason = awaited.reason(alias, inputs[alias])
            if reason is not None:
                self.outcomes.wait(mapping, inputs, reason)
                del wanted[key]

    def _has_its_own(self, mapping: CompiledMapping, line: Row) -> bool:
        """Whether a line's document is known, or it is covered by a person or the house, or by a
        delivered document of another mapping."""
        if (mapping.spec.name, line["line"]) in self.by_source:
            return True
        return line["line"] in self.covered and not mapping.spec.needs

    def _inputs(self, mapping: CompiledMapping, source: Row) -> dict[str, Any] | None:
        """What the mapping may name, or None when another that it needs has not come so far."""
        spec = mapping.spec
        inputs: dict[str, Any] = {spec.alias: source, "books": self.books, "match": {}}
        for need in spec.needs:
            if self.program.mappings[need].spec.entity == spec.entity == LINE:
                facts = self.facts.get((need, source["line"]))
                if facts is None:
                    return None
                inputs[need] = facts
        earlier = self.by_source.get((spec.name, key_of(mapping, source)), [])
        inputs["earlier"] = len(earlier)
        moved = self.moved.union(*(action.covers for action in earlier))
        for alias, related in spec.related.items():
            inputs[alias] = [
                row
                for row in self._related(mapping, alias, inputs)
                if not (related.fresh and row["line"] in moved)
                and not (related.uncovered and row["line"] in self.covered)
            ]
        return inputs

    def _related(
        self, mapping: CompiledMapping, alias: str, inputs: Mapping[str, Any]
    ) -> list[Row]:
        related = mapping.related[alias]
        columns, values = related.columns, related.key(inputs)
        index = self.related_index.get(columns)
        if index is None:
            index = {}
            for line in self.lines:
                key = tuple(line[column] for column in columns)
                if None not in key:
                    index.setdefault(key, []).append(line)
            self.related_index[columns] = index
        rows = index.get(values, [])
        if related.when is None:
            return rows
        return [row for row in rows if related.when({**inputs, "it": row})]
