"""Payouts planned as a whole: their lines share balances and a proof.

Reads the payouts of the plan with their proofs, the ledger, and what becomes of orders; adds
outcomes and actions. What is delivered is recognised and left alone; what no rule covers is parked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from ..error_catalogue import Catalogue
from ..language.program import CompiledMapping, Program
from ..language.required_columns import LINE
from ..language.targets import target
from ..match.choice import Choice
from ..ordering import in_order
from ..packed import PackedMap, SeenRow
from ..store.books import Books
from ..store.database import Store
from ..store.ledger import Action
from .awaited import Awaited
from .evaluation import Sources
from .long_traces import are_many
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
        whole: bool = True,
        packed: bool = False,
    ) -> None:
        self.store, self.program, self.settings, self.books = store, program, settings, books
        self.plan, self.of_orders = plan, of_orders
        self.packed = packed
        self.payout_of: dict[str, str] = {}
        self.vanished: set[str] = set()
        for payout in plan.payouts.values():
            for line in payout.lines:
                self.payout_of[line["line"]] = payout.key
                if line["vanished"]:
                    self.vanished.add(line["line"])
        self.outcomes = Outcomes(
            store, program, books, catalogue, plan, self.payout_of, again=again, whole=whole,
            packed=packed,
        )
        self.covered = self.outcomes.covered  # the same set, as it grows
        # By mapping and source, the lines that each of its documents covers; and facts of the last.
        self.by_source: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        self.facts: MutableMapping[tuple[str, str], dict[str, Any]] = PackedMap() if packed else {}
        # By columns and what a line has in them, the payout and places of such lines.
        self.related_index: dict[tuple[str, ...], dict[Any, list[tuple[Payout, int]]]] = {}
        self.moved: set[str] = set()
        self.made: dict[str, list[str]] = {}  # by line that vanished what was made of it, in words
        self.payments = Payments(self.outcomes)
        self.choices: dict[str, Choice] = {}  # of the mapping that is evaluated
        self.documents: Mapping[str, Row] = {}  # and what its lines may refer to

    def lines(self) -> Iterator[Row]:
        """The lines that count, payout by payout."""
        return (line for one in self.plan.payouts.values() for line in one.each_accepted())

    # -- before any mapping ---------------------------------------------------------------------

    def known(self) -> None:
        """Outcomes of what the ledger knows: delivered, on its way, or undecided."""
        movers = set(self.plan.movers)
        needed = {need for one in self.program.mappings.values() for need in one.spec.needs}
        for action, progress in self.outcomes.each_begun():
            if action.moves:
                movers.add(action.mapping)
            if not progress.touched:
                continue
            self.by_source.setdefault((action.mapping, action.source), []).append(action.covers)
            self.moved.update(action.moves)
            for line in self.vanished.intersection((*action.covers, *action.moves)):
                named = target(action.target).told(progress.number)
                self.made.setdefault(line, []).append(named)
            if action.mapping in needed and all(map(progress.finished, action.steps)):
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
        self.plan.movers = frozenset(movers)

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
                is_booked = line["line"] in self.covered or line["line"] in self.moved
                if line["vanished"] and is_booked:
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
            for line in payout.each_accepted():
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
        return [fee["line"] for fee in payout.each_accepted() if fee["settles"] == line["line"]]

    def _park(self, line: Row, code: str, reason: str) -> None:
        self.outcomes.add(
            Outcome(HOUSE, line["line"], line["payout"], "parked", code, reason, (line["line"],))
        )

    def uncovered(self) -> None:
        """What no rule covers is parked: nothing is silent."""
        for line in self.lines():
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
            lines = (one for one in self.lines() if not self._has_its_own(mapping, one))
            yield self._asking(mapping, lines)
            return
        for payout in self.plan.payouts.values():
            if self.plan.proofs[payout.key].holds:
                yield self._asking(mapping, [payout.row])

    def _asking(self, mapping: CompiledMapping, rows: Iterable[Row]) -> Sources:
        sources = Sources(PackedMap({"books": self.books}) if self.packed else {})
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
        rows = _Rows(sources.asking, mapping.spec.alias)
        self.choices, self.documents, needs = line_choices(
            self.store, mapping, self.settings, rows, packed=self.packed
        )
        self.plan.unread += needs
        self.outcomes.existing.look_at(map(str, self.documents))
        self.payments.claim(mapping, sources.asking, self.choices, self.documents)

    def make(self, mapping: CompiledMapping, key: str, sources: Sources) -> None:
        """The document of a line or payout, by what it has chosen where it refers to something."""
        choice = self.choices.get(key)
        if choice is None:
            self.outcomes.document(mapping, sources.asking[key])
        else:
            self.payments.settle(mapping, sources.asking[key], choice, self.documents)

    def _await(
        self, mapping: CompiledMapping, wanted: MutableMapping[str, dict[str, Any]]
    ) -> None:
        """Take out the lines that wait for the document of their own transaction."""
        match = next(iter(mapping.match.values()), None)
        if match is None or not match.awaits or not wanted:
            return
        alias, first = mapping.spec.alias, self.settings["orders_from"]
        rows = _Rows(wanted, alias)
        awaited = Awaited(self.store, self.program, match, self.of_orders, rows.values(),
                          first or self.settings["payouts_from"])  # fmt: skip
        for key in [*wanted] if awaited.knows_any else ():
            reason = awaited.reason(alias, rows[key])
            if reason is not None:
                self.outcomes.wait(mapping, wanted[key], reason)
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
        own = {line for covers in earlier for line in covers}
        for alias, related in spec.related.items():
            inputs[alias] = [
                row
                for row in self._related(mapping, alias, inputs)
                if not (related.fresh and (row["line"] in self.moved or row["line"] in own))
                and not (related.uncovered and row["line"] in self.covered)
            ]
        return inputs

    def _related(
        self, mapping: CompiledMapping, alias: str, inputs: Mapping[str, Any]
    ) -> Iterator[Mapping[str, Any]]:
        """The rows that belong to a source, one after the other; of many no more is held than what
        is looked at."""
        related = mapping.related[alias]
        columns, values = related.columns, related.key(inputs)
        index = self.related_index.get(columns)
        if index is None:
            index = {}
            for payout in self.plan.payouts.values():
                for place, line in enumerate(payout.lines):
                    key = tuple(line[column] for column in columns)
                    if None not in key and payout.counts(line):
                        index.setdefault(key, []).append((payout, place))
            self.related_index[columns] = index
        places = index.get(values, ())
        held = self.packed and are_many(len(places))
        for payout, place in places:
            row = SeenRow(payout.lines, place) if held else payout.lines[place]
            if related.when is None or related.when({**inputs, "it": row}):
                yield row


class _Rows(Mapping[str, Row]):
    """The rows of sources by key, out of what their mapping may name of each."""

    def __init__(self, asking: Mapping[str, dict[str, Any]], alias: str) -> None:
        self._asking, self._alias = asking, alias

    def __getitem__(self, key: str) -> Row:
        row: Row = self._asking[key][self._alias]
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._asking)

    def __len__(self) -> int:
        return len(self._asking)
