"""Makes the plan: every mapping over every open line and payout, until each line has a state.

Reads staged tables, the ledger and the registers; writes only temp tables of the matching. What is
already delivered is recognised and left alone; what stands in the target from elsewhere is adopted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from .. import json_text
from ..error_catalogue import Catalogue
from ..language.program import CompiledMapping, Program
from ..language.required_columns import LINE
from ..language.targets import target
from ..match.choice import Choice
from ..ordering import in_order
from ..scope import ALL, Scope
from ..store.books import Books
from ..store.database import Store
from ..store.ledger import Action, Progress
from .awaited import Awaited
from .matching import line_choices
from .model import Outcome, Payout, Plan, Row
from .order_rows import open_orders, unknown_orders, unread_orders
from .orders import plan_orders
from .outcomes import Outcomes, key_of
from .payout_rows import open_payouts
from .proving import prove_payouts
from .reasons import state_of, told_warnings

PERSON = "person"  # the mapping of outcomes that a person decided
HOUSE = "house"  # and of those that the engine itself gives


def make_plan(
    store: Store,
    program: Program,
    settings: Mapping[str, Any],
    books: Books,
    convention_choices: Mapping[str, Sequence[str]],
    catalogue: Catalogue,
    *,
    flows: Collection[str],
    scope: Scope = ALL,
    again: bool = False,
) -> Plan:
    """The plan as of what is staged now, of the payouts and orders that are in ``scope``.

    ``convention_choices`` are the values each convention may have, to explain a disagreement;
    ``flows`` are those that are on. With ``again`` nothing has been read since the last plan: a
    source whose document has just been finished gets no further one.
    """
    payouts_from: date = settings["payouts_from"]
    wanted = scope.payouts if "payouts" in flows else ()
    payouts, unreadable = open_payouts(store, program, payouts_from, wanted)
    movers = frozenset(name for name, one in program.mappings.items() if one.spec.moves)
    plan = Plan(
        _digest(program, settings), payouts, movers=movers, problems=unreadable, scope=scope
    )
    planner = _Planner(store, program, settings, books, catalogue, plan, again=again)
    plan.proofs |= prove_payouts(store, program, settings, convention_choices, payouts)
    planner.known()
    planner.set_aside()
    # A line asks what becomes of its own transaction, so orders come first; they are told last.
    of_orders = Plan("", scope=scope)
    if set(flows) - {"payouts"}:
        of_orders.orders = open_orders(store, settings["orders_from"] or payouts_from, scope)
        of_orders.problems += unknown_orders(store, scope)
        of_orders.problems += unread_orders(store, of_orders.orders)
        plan_orders(store, program, settings, books, catalogue, of_orders, flows, again=again)
    elif scope.orders or scope.is_period:
        of_orders.problems.append(NO_ORDERS)
    for mapping in program.mappings.values():
        if "payouts" in mapping.spec.flows:
            planner.evaluate(mapping, of_orders)
    planner.uncovered()
    plan.warnings = told_warnings(planner.outcomes.warned) + planner.outcomes.left_open()
    plan.add(of_orders)
    return plan


# Why nothing becomes of orders that somebody names.
NO_ORDERS = (
    "Nothing is done about orders: of the flows that handle them none is on. A line of a payout is "
    "looked at again in every run; --payout names a payout."
)


def _digest(program: Program, settings: Mapping[str, Any]) -> str:
    """Of all that decides: the texts of the mappings and the settings."""
    return json_text.digest([program.mapping_set.digest, dict(settings)])


class _Planner:
    """Planning under way: what is covered, what was found, what mappings know of each other."""

    def __init__(
        self,
        store: Store,
        program: Program,
        settings: Mapping[str, Any],
        books: Books,
        catalogue: Catalogue,
        plan: Plan,
        *,
        again: bool,
    ) -> None:
        self.store, self.program, self.settings, self.books = store, program, settings, books
        self.catalogue, self.plan = catalogue, plan
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
        self.documents: dict[str, list[str]] = {}  # by line what was made of it, in words

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
                self.documents.setdefault(line, []).append(named)
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
                    made = " and ".join(dict.fromkeys(self.documents.get(line["line"], ())))
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

    # -- mappings -------------------------------------------------------------------------------

    def evaluate(self, mapping: CompiledMapping, of_orders: Plan) -> None:
        """One mapping over all its sources; ``of_orders`` is what becomes of orders."""
        if mapping.spec.entity == LINE:
            self._evaluate_lines(mapping, of_orders)
        else:
            self._evaluate_payouts(mapping)

    def _evaluate_lines(self, mapping: CompiledMapping, of_orders: Plan) -> None:
        name = mapping.spec.name
        wanted: dict[str, dict[str, Any]] = {}
        for line in self.lines:
            if (name, line["line"]) in self.by_source or self._is_set_aside(line, name):
                continue
            inputs = self._inputs(mapping, line)
            if inputs is None or not self.outcomes.applies(mapping, inputs):
                continue
            if mapping.spec.match and (alone := line.get("unmatched")):
                self.outcomes.alone(mapping, inputs, alone)
            else:
                wanted[line["line"]] = inputs
        self._await(mapping, wanted, of_orders)
        if not wanted:
            return
        choices: dict[str, Choice] = {}
        documents: dict[str, Row] = {}
        if mapping.spec.match:
            rows = {key: inputs[mapping.spec.alias] for key, inputs in wanted.items()}
            choices, documents, needs = line_choices(self.store, mapping, self.settings, rows)
            self.plan.unread += needs
            self.outcomes.claim(mapping, wanted, choices, documents)
        for key, inputs in wanted.items():
            choice = choices.get(key)
            if choice is None:
                self.outcomes.document(mapping, inputs)
            else:
                self.outcomes.settle(mapping, inputs, choice, documents)

    def _await(
        self, mapping: CompiledMapping, wanted: dict[str, dict[str, Any]], of_orders: Plan
    ) -> None:
        """Take out the lines that wait for the document of their own transaction."""
        match = next(iter(mapping.match.values()), None)
        if match is None or not match.awaits or not wanted:
            return
        alias, first = mapping.spec.alias, self.settings["orders_from"]
        rows = [inputs[alias] for inputs in wanted.values()]
        awaited = Awaited(self.store, self.program, match, of_orders, rows,
                          first or self.settings["payouts_from"])  # fmt: skip
        for key, inputs in list(wanted.items()):
            reason = awaited.reason(alias, inputs[alias])
            if reason is not None:
                self.outcomes.wait(mapping, inputs, reason)
                del wanted[key]

    def _is_set_aside(self, line: Row, name: str) -> bool:
        """Covered by a person or the house, or by a delivered document of another mapping."""
        if line["line"] not in self.covered:
            return False
        return not self.program.mappings[name].spec.needs

    def _evaluate_payouts(self, mapping: CompiledMapping) -> None:
        for payout in self.plan.payouts.values():
            if not self.plan.proofs[payout.key].holds:
                continue
            inputs = self._inputs(mapping, payout.row)
            if inputs is not None and self.outcomes.applies(mapping, inputs):
                self.outcomes.document(mapping, inputs)

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
