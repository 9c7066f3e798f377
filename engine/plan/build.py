"""Makes the plan: every mapping over every open line and payout, until each line has a state.

Reads staged tables, the ledger and the registers; writes only temp tables of the matching. What is
already delivered is recognised and left alone; what stands in the target from elsewhere is adopted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from engine import json_text
from engine.books import Books
from engine.catalogue import Catalogue
from engine.errors import ItemError
from engine.language.compile import compile_set, only
from engine.language.program import CompiledMapping, Program, Rendered
from engine.ledger import Action, Progress, read_actions, read_progress, unsettled
from engine.match.choice import Choice
from engine.plan.existing import Existing, Unread, differing, sums_of
from engine.plan.matching import line_choices
from engine.plan.model import Need, Outcome, Payout, Plan, Row
from engine.plan.orders import plan_orders
from engine.plan.payouts import LINE, open_payouts
from engine.plan.rows import open_orders, unknown_orders
from engine.plan.telling import (
    CODES,
    FAILED,
    blocked_by,
    choice_trace,
    refused_before,
    rendered_trace,
    state_of,
    told_hits,
    told_warnings,
)
from engine.proof import Proof, prove
from engine.scope import ALL, Scope
from engine.store import Store

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
    planner = _Planner(store, program, settings, books, catalogue, plan)
    plan.proofs |= prove_payouts(store, program, settings, convention_choices, payouts)
    planner.known()
    planner.set_aside()
    for mapping in program.mappings.values():
        if "payouts" in mapping.spec.flows:
            planner.evaluate(mapping)
    planner.uncovered()
    plan.warnings = told_warnings(planner.warned)
    if set(flows) - {"payouts"}:
        plan.orders = open_orders(store, settings["orders_from"] or payouts_from, scope)
        plan.problems += unknown_orders(store, scope)
        plan_orders(store, program, settings, books, catalogue, plan, flows, again=again)
    elif scope.orders or scope.is_period:
        plan.problems.append(NO_ORDERS)
    return plan


def prove_payouts(
    store: Store,
    program: Program,
    settings: Mapping[str, Any],
    convention_choices: Mapping[str, Sequence[str]],
    payouts: Mapping[str, Payout],
) -> dict[str, Proof]:
    """The proof of each payout by its key: its lines against Qliro's own totals and summaries."""
    return {
        payout.key: prove(
            payout.key,
            payout.batches,
            store.rows(SUMMARIES, [[batch["Id"] for batch in payout.batches]]),
            [line for line in payout.lines if not line["vanished"]],
            settings["conventions"],
            convention_choices,
            partial(_gross_under, program, settings),
        )
        for payout in payouts.values()
    }


# Why nothing becomes of orders that somebody names.
NO_ORDERS = (
    "Nothing is done about orders: of the flows that handle them none is on. A line of a payout is "
    "looked at again in every run; --payout names a payout."
)

# Qliro's own summaries of batches.
SUMMARIES = """
SELECT * FROM qliro.settlement_summary WHERE list_contains(?, Id) ORDER BY Id, part
"""


def _gross_under(
    program: Program,
    settings: Mapping[str, Any],
    conventions: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
) -> list[Decimal | None]:
    """What the lines' signed amounts would be under other conventions."""
    key = tuple(sorted(conventions.items()))
    other = program.readings.get(key)
    if other is None:
        merged = {**settings["conventions"], **conventions}
        reading = only(program.mapping_set, LINE)
        other = compile_set(reading, {**settings, "conventions": merged})
        program.readings[key] = other
    result: list[Decimal | None] = []
    for line in lines:
        try:
            result.append(other.derive(LINE, line)["gross"])
        except ItemError:
            result.append(None)
    return result


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
    ) -> None:
        self.store, self.program, self.settings, self.books = store, program, settings, books
        self.catalogue, self.plan = catalogue, plan
        self.lines = [line for payout in plan.payouts.values() for line in payout.accepted]
        self.payout_of = {
            line["line"]: payout.key for payout in plan.payouts.values() for line in payout.lines
        }
        self.actions = read_actions(store, plan.payouts, self.payout_of)
        self.progress = read_progress(store, {one.payout for one in self.actions.values()})
        self.unread_targets = Unread(store)
        self.existing = Existing(store)
        self.unsettled = unsettled(store)
        self.covered: set[str] = set()
        self.by_source: dict[tuple[str, str], list[Action]] = {}
        self.facts: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.related_index: dict[tuple[str, ...], dict[Any, list[Row]]] = {}
        self.moved: set[str] = set()
        self.warned: dict[str, list[tuple[str, str]]] = {}

    # -- before any mapping ---------------------------------------------------------------------

    def known(self) -> None:
        """Outcomes of what the ledger knows: delivered, on its way, or undecided."""
        for action in self.actions.values():
            progress = self.progress.get(action.action, Progress())
            if not progress.touched:
                continue
            self.by_source.setdefault((action.mapping, action.source), []).append(action)
            self.moved.update(action.moves)
            if all(progress.finished(step) for step in action.steps):
                self.facts[action.mapping, action.source] = action.facts
            state, code, reason = state_of(action, progress)
            if state == "planned":
                self.plan.actions.append(action)
            for payout in self._payouts_of(action):
                mine = tuple(one for one in action.covers if self.payout_of.get(one) == payout)
                self._add(
                    Outcome(action.mapping, action.source, payout, state, code, reason, mine,
                            action.action)
                )  # fmt: skip
        self.plan.movers |= {one.mapping for one in self.actions.values() if one.moves}

    def _payouts_of(self, action: Action) -> list[str]:
        """The payouts that its lines are in now: what makes a payout may have been changed."""
        lines = (*action.covers, *action.moves)
        keys = {self.payout_of[line] for line in lines if line in self.payout_of}
        return sorted(keys) or [one for one in [action.payout] if one in self.plan.payouts]

    def set_aside(self) -> None:
        """Lines that no mapping is asked about: ignored, unreadable, vanished, unproved."""
        for payout in self.plan.payouts.values():
            proof = self.plan.proofs[payout.key]
            for line in payout.lines:
                if line["vanished"] and line["line"] in self.covered | self.moved:
                    known = line["resolution"] == "ignore"
                    what = "posted" if line["line"] in self.covered else "transferred to the bank"
                    self._add(
                        Outcome(HOUSE, line["line"], payout.key, "ignored" if known else "parked",
                                "vanished", f"it was {what}, and Qliro no longer lists it in the "
                                "payout; nothing is reversed by itself", (line["line"],))
                    )  # fmt: skip
            for line in payout.accepted:
                if line["line"] in self.covered:
                    continue
                if line["resolution"] == "ignore":
                    fees = self._fees_of(line, payout)
                    self._add(
                        Outcome(PERSON, line["line"], payout.key, "ignored", "ignored",
                                line["resolution_reason"] or "a person said so",
                                (line["line"], *(fee for fee in fees if fee not in self.covered)))
                    )  # fmt: skip
                elif line["problem"]:
                    self._park(line, "unreadable", line["problem"])
                elif not proof.holds:
                    self._park(line, "payout-disagrees", proof.sentence())

    def _fees_of(self, line: Row, payout: Payout) -> list[str]:
        return [fee["line"] for fee in payout.accepted if fee["settles"] == line["line"]]

    def _park(self, line: Row, code: str, reason: str) -> None:
        self._add(
            Outcome(HOUSE, line["line"], line["payout"], "parked", code, reason, (line["line"],))
        )

    def uncovered(self) -> None:
        """What no rule covers is parked: nothing is silent."""
        for line in self.lines:
            if line["line"] not in self.covered:
                self._park(
                    line, "no-rule",
                    f"no mapping covers a {line['Type']} ({line['Action']}) of "
                    f"{line['Amount']:.2f} {line['CurrencyCode']}",
                )  # fmt: skip

    # -- mappings -------------------------------------------------------------------------------

    def evaluate(self, mapping: CompiledMapping) -> None:
        """One mapping over all its sources."""
        if mapping.spec.entity == LINE:
            self._evaluate_lines(mapping)
        else:
            self._evaluate_payouts(mapping)

    def _evaluate_lines(self, mapping: CompiledMapping) -> None:
        name = mapping.spec.name
        wanted: dict[str, dict[str, Any]] = {}
        for line in self.lines:
            if (name, line["line"]) in self.by_source or self._is_set_aside(line, name):
                continue
            inputs = self._inputs(mapping, line)
            if inputs is not None and self._applies(mapping, inputs):
                wanted[line["line"]] = inputs
        if not wanted:
            return
        choices: dict[str, Choice] = {}
        documents: dict[str, Row] = {}
        if mapping.spec.match:
            rows = {key: inputs[mapping.spec.alias] for key, inputs in wanted.items()}
            choices, documents, needs = line_choices(self.store, mapping, self.settings, rows)
            self.plan.unread += needs
        for key, inputs in wanted.items():
            choice = choices.get(key)
            if choice is None:
                self._document(mapping, inputs)
            else:
                self._settle(mapping, inputs, choice, documents)

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
            if inputs is not None and self._applies(mapping, inputs):
                self._document(mapping, inputs)

    def _applies(self, mapping: CompiledMapping, inputs: Mapping[str, Any]) -> bool:
        try:
            return mapping.applies(inputs)
        except ItemError as error:
            source = inputs[mapping.spec.alias]
            self._add(self._outcome(mapping, source, "parked", "mapping-error", error.told(), ()))
            return False

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
        earlier = self.by_source.get((spec.name, self._id(mapping, source)), [])
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
        return [row for row in index.get(values, []) if related.when({**inputs, "it": row})]

    @staticmethod
    def _id(mapping: CompiledMapping, source: Row) -> str:
        return str(source["line" if mapping.spec.entity == LINE else "payout"])

    # -- outcomes -------------------------------------------------------------------------------

    def _settle(
        self,
        mapping: CompiledMapping,
        inputs: dict[str, Any],
        choice: Choice,
        documents: Mapping[str, Row],
    ) -> None:
        """From the choice of a document to an outcome, by what the mapping declares for it."""
        source = inputs[mapping.spec.alias]
        trace = choice_trace(choice)
        if choice.outcome in ("none", "several", "wait", "park"):
            state, code = blocked_by(mapping, choice)
            self._add(self._outcome(mapping, source, state, code, choice.reason,
                                    self._whole(mapping, inputs), trace))  # fmt: skip
            return
        if choice.document in self.unsettled:
            other = self.unsettled[choice.document]
            self._add(self._outcome(mapping, source, "waiting", "unsettled",
                                    f"it is not known yet what {other} took of {choice.document}",
                                    self._whole(mapping, inputs), trace))  # fmt: skip
            return
        alias = next(iter(mapping.spec.match))
        inputs[alias] = documents[choice.document or ""]
        facts = {"rest": choice.rest, "difference": choice.difference, "outcome": choice.outcome,
                 "document": choice.document}  # fmt: skip
        nothing = {**facts, "rest": Decimal(0), "difference": Decimal(0)}
        inputs["match"] = {alias: nothing}
        if self._adopt(mapping, inputs, choice, documents, trace):
            return
        policy = mapping.match[alias].outcome.get(choice.outcome, "")
        if choice.outcome == "spent":
            found = self.existing.described(mapping.spec.target, choice.document or "")
            self._add(self._outcome(mapping, source, "parked", "already-paid",
                                    f"{choice.reason}; {found}",
                                    self._whole(mapping, inputs), trace))  # fmt: skip
            return
        if policy == "park":
            self._add(self._outcome(mapping, source, "parked", CODES[choice.outcome],
                                    f"{choice.document}: {choice.reason}",
                                    self._whole(mapping, inputs), trace))  # fmt: skip
            return
        inputs["match"] = {alias: facts}
        self._document(mapping, inputs, choice, facts)

    def _adopt(
        self,
        mapping: CompiledMapping,
        inputs: dict[str, Any],
        choice: Choice,
        documents: Mapping[str, Row],
        trace: Mapping[str, Any],
    ) -> bool:
        """Own a payment that already stands on a document for this line, if there is one.

        Where a balance still takes the line, a payment of the same amount may be another line's:
        then it is this one's only if its date agrees too.
        """
        alias, target_name = next(iter(mapping.match)), mapping.spec.target
        identity = "adopt" if choice.outcome in ("spent", "more") else "agree"
        for number in (choice.document or "", *choice.rivals):
            standing = self.existing.on_documents(target_name, [number])
            if not standing or number in self.unsettled:
                continue
            unread = [row["Number"] for row in standing if row["ModeOfPaymentAccount"] is None]
            if unread:
                self.plan.unread += [Need("payment", one) for one in unread]
                source = inputs[mapping.spec.alias]
                why = f"payment {', '.join(unread)} on {number} could not be read yet"
                self._add(self._outcome(mapping, source, "waiting", "unread", why,
                                        self._whole(mapping, inputs), trace))  # fmt: skip
                return True
            given = {**inputs, alias: documents[number]}
            rendered = self._render(mapping, given)
            if rendered is None:
                return False
            if rendered.document is None:
                continue
            tolerance = mapping.match[alias].tolerance
            found = self.existing.take_payment(
                rendered.identity[identity], rendered.document, tolerance
            )
            if found is None:
                continue
            booked = found.get("Booked", True)
            facts = {**trace, "rest": Decimal(0), "document": number}
            action = self._action(mapping, given, rendered, facts)
            action = replace(action, adopted=found["number"], then=() if booked else action.then,
                             consumed_of=None if booked else number,
                             consumed=None if booked else mapping.amount(given))  # fmt: skip
            self._finish(mapping, given, rendered, action, "adopted",
                         f"found in Fortnox as {found['number']}", trace)  # fmt: skip
            return True
        return False

    def _document(
        self,
        mapping: CompiledMapping,
        inputs: dict[str, Any],
        choice: Choice | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        source = inputs[mapping.spec.alias]
        trace = choice_trace(choice) if choice else {}
        rendered = self._render(mapping, inputs)
        if rendered is None:
            return
        trace = {**trace, **rendered_trace(rendered)}
        if rendered.failures or rendered.document is None:
            # Nothing to book is said only when nothing else is wrong.
            failures = [one for one in rendered.failures if one.state != "done"]
            failure = (failures or rendered.failures)[0]
            state, code = FAILED[failure.state]
            because = "; ".join(one.because for one in failures or rendered.failures)
            self._add(self._outcome(mapping, source, state, code, because,
                                    self._whole(mapping, inputs),
                                    {**trace, "place": str(failure.place)}))  # fmt: skip
            return
        for one in rendered.warnings:
            said = (self._id(mapping, source), source["payout"])
            self.warned.setdefault(one.because, []).append(said)
        blocked = self._not_yet(mapping, inputs, rendered)
        if blocked is not None:
            self._add(self._outcome(mapping, source, "waiting", "not-ready", blocked,
                                    self._whole(mapping, inputs), trace))  # fmt: skip
            return
        action = self._action(mapping, inputs, rendered, facts or {})
        if choice is not None:
            amount = mapping.amount(inputs) - choice.rest + choice.difference
            action = replace(action, consumed_of=choice.document, consumed=amount)
        elif self._standing(mapping, inputs, rendered, action, trace):
            return
        self._finish(mapping, inputs, rendered, action, "planned", "to be posted", trace)

    def _standing(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        rendered: Rendered,
        action: Action,
        trace: Mapping[str, Any],
    ) -> bool:
        """Own the voucher that stands for this document already; one that only reads like it, and
        books something else, is left to a person."""
        name, source = mapping.spec.target, inputs[mapping.spec.alias]
        alike = self.existing.alike(name, rendered.identity["adopt"])
        if not alike:
            return False
        found = {number: self.existing.sums(number) for number in alike}
        wanted = sums_of(action.document.get("VoucherRows", ()))
        number = next((one for one, sums in found.items() if sums == wanted), None)
        if number is not None:
            self.existing.take(name, number)
            action = replace(action, adopted=number, then=())
            self._finish(mapping, inputs, rendered, action, "adopted",
                         f"found in Fortnox as {number}", trace)  # fmt: skip
            return True
        unread = [one for one, sums in found.items() if sums is None]
        if unread:
            self.plan.unread += [Need("voucher", one) for one in unread]
            state, code = "waiting", "unread"
            why = f"the rows of voucher {', '.join(unread)} could not be read yet"
        else:
            state, code = "parked", "voucher-differs"
            why = differing({one: sums or {} for one, sums in found.items()}, wanted)
        self._add(self._outcome(mapping, source, state, code, why,
                                self._whole(mapping, inputs), trace))  # fmt: skip
        return True

    def _not_yet(
        self, mapping: CompiledMapping, inputs: Mapping[str, Any], rendered: Rendered
    ) -> str | None:
        """What must have happened before: a proof, and that the target's own list was read."""
        proved = (mapping.after(inputs) or {}).get("proof")
        if proved is not None and not self.plan.proofs[proved].holds:
            return f"payout {proved} is not proved to balance"
        return self.unread_targets.of(mapping.spec.target, rendered.document or {})

    def _render(self, mapping: CompiledMapping, inputs: dict[str, Any]) -> Rendered | None:
        try:
            return mapping.render(inputs, traced=True)
        except ItemError as error:
            source = inputs[mapping.spec.alias]
            self._add(self._outcome(mapping, source, "parked", "mapping-error", error.told(),
                                    self._whole(mapping, inputs)))  # fmt: skip
            return None

    def _action(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        rendered: Rendered,
        facts: Mapping[str, Any],
    ) -> Action:
        source = inputs[mapping.spec.alias]
        id_ = self._id(mapping, source)
        name = mapping.spec.name
        if mapping.spec.entity == LINE:
            action = f"{name}-{id_}"
        else:
            lines = sorted({*rendered.covers, *rendered.moves})
            action = f"{name}-{json_text.digest([id_, lines])}"
        kept = {
            key: facts[key] for key in ("rest", "difference", "outcome", "document") if key in facts
        }
        return Action(
            action, name, mapping.spec.target, id_, source["payout"], tuple(rendered.covers),
            rendered.document or {}, rendered.identity, rendered.then,
            moves=tuple(rendered.moves), facts=kept,
        )  # fmt: skip

    def _finish(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        rendered: Rendered,
        action: Action,
        state: str,
        reason: str,
        trace: Mapping[str, Any],
    ) -> None:
        source = inputs[mapping.spec.alias]
        refusal = self._refusal(action, source)
        code = "to-post" if state == "planned" else state
        if refusal is not None and state == "planned":
            state, code, reason = "parked", "refused", refusal
        else:
            self.plan.actions.append(action)
        trace = {**trace, **rendered_trace(rendered), "document": action.document}
        told = self._with_inputs(trace, mapping, inputs)
        self._add(Outcome(action.mapping, action.source, action.payout, state, code, reason,
                          action.covers, action.action, told))  # fmt: skip

    def _refusal(self, action: Action, source: Row) -> str | None:
        """Why the same document need not be sent again: refused before, and no retry helps."""
        if source.get("resolution") == "retry":
            return None
        before, progress = self.actions.get(action.action), self.progress.get(action.action)
        return refused_before(action, before, progress, self.catalogue)

    def _whole(self, mapping: CompiledMapping, inputs: Mapping[str, Any]) -> tuple[str, ...]:
        """The lines that share the fate of a source whose document is not there yet; one that
        adds to another document keeps its line from being done."""
        lines = mapping.covered(inputs)
        if mapping.spec.entity == LINE and mapping.spec.needs:
            return tuple(lines)
        return tuple(line for line in lines if line not in self.covered)

    def _outcome(
        self,
        mapping: CompiledMapping,
        source: Row,
        state: str,
        code: str,
        reason: str,
        covers: Iterable[str],
        trace: Mapping[str, Any] | None = None,
    ) -> Outcome:
        traced = self._with_inputs(trace or {}, mapping, {mapping.spec.alias: source})
        return Outcome(mapping.spec.name, self._id(mapping, source), source["payout"], state, code,
                       reason, tuple(covers), None, traced)  # fmt: skip

    def _with_inputs(
        self, trace: Mapping[str, Any], mapping: CompiledMapping, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The trace with its rule, its inputs, and the table rows behind the derived columns."""
        shown = {
            alias: value
            for alias, value in inputs.items()
            if alias not in ("books", "match", "earlier")
        }
        hits: list[list[str]] = list(trace.get("tables", ()))
        if mapping.spec.entity == LINE:
            _, derived = self.program.trace_derive(LINE, inputs[mapping.spec.alias], self.books)
            hits = [*told_hits(derived), *hits]
        rule = str(mapping.spec.source.place(()))
        return {"rule": rule, "inputs": shown, **trace, "tables": hits}

    def _add(self, outcome: Outcome) -> None:
        self.plan.outcomes.append(outcome)
        self.covered.update(outcome.covers)
