"""From what a mapping gives for a line or payout to its outcome: to be posted, adopted, waiting or
parked.

Reads what stands in the target and what the ledger knows, adds outcomes and actions to the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from engine import json_text
from engine.books import Books
from engine.catalogue import Catalogue
from engine.errors import ItemError
from engine.language.program import CompiledMapping, Program, Rendered
from engine.ledger import Action, read_actions, read_progress, unsettled
from engine.match.choice import Choice
from engine.plan.existing import Existing, Unread, differing, sums_of
from engine.plan.model import Need, Outcome, Plan, Row
from engine.plan.payouts import LINE
from engine.plan.telling import (
    CODES,
    FAILED,
    blocked_by,
    choice_trace,
    refused_before,
    rendered_trace,
    stopped_at,
    told_hits,
)
from engine.store import Store


def key_of(mapping: CompiledMapping, source: Row) -> str:
    """The id of a mapping's source: a line's, or a payout's key."""
    return str(source["line" if mapping.spec.entity == LINE else "payout"])


class Outcomes:
    """The outcomes of a plan as they come about; ``covered`` are the lines that have one."""

    def __init__(
        self,
        store: Store,
        program: Program,
        books: Books,
        catalogue: Catalogue,
        plan: Plan,
        payout_of: Mapping[str, str],
    ) -> None:
        self.program, self.books, self.catalogue, self.plan = program, books, catalogue, plan
        self.actions = read_actions(store, plan.payouts, payout_of)
        self.progress = read_progress(store, {one.payout for one in self.actions.values()})
        self.unread_targets = Unread(store)
        self.existing = Existing(store)
        self.unsettled = unsettled(store)
        self.covered: set[str] = set()
        self.warned: dict[str, list[tuple[str, str]]] = {}

    def applies(self, mapping: CompiledMapping, inputs: Mapping[str, Any]) -> bool:
        """Whether the mapping is for this source and there is something to make of it; where that
        can't be told it is parked."""
        source = inputs[mapping.spec.alias]
        try:
            if not mapping.applies(inputs):
                return False
            nothing = mapping.nothing(inputs)
        except ItemError as error:
            self.add(self.outcome(mapping, source, "parked", "mapping-error", error.told(), (),
                                  stopped_at(error)))  # fmt: skip
            return False
        if nothing is None:
            return True
        covers = self._whole(mapping, inputs)
        self.add(self.outcome(mapping, source, *FAILED["done"], nothing, covers))
        return False

    def settle(
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
            self.add(self.outcome(mapping, source, state, code, choice.reason,
                                  self._whole(mapping, inputs), trace))  # fmt: skip
            return
        if choice.document in self.unsettled:
            other = self.unsettled[choice.document]
            self.add(self.outcome(mapping, source, "waiting", "unsettled",
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
            self.add(self.outcome(mapping, source, "parked", "already-paid",
                                  f"{choice.reason}; {found}",
                                  self._whole(mapping, inputs), trace))  # fmt: skip
            return
        if policy == "park":
            self.add(self.outcome(mapping, source, "parked", CODES[choice.outcome],
                                  f"{choice.document}: {choice.reason}",
                                  self._whole(mapping, inputs), trace))  # fmt: skip
            return
        inputs["match"] = {alias: facts}
        self.document(mapping, inputs, choice, facts)

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
                self.add(self.outcome(mapping, source, "waiting", "unread", why,
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

    def document(
        self,
        mapping: CompiledMapping,
        inputs: dict[str, Any],
        choice: Choice | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """From what the mapping renders to an outcome: with ``facts`` for the chosen document."""
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
            self.add(self.outcome(mapping, source, state, code, because,
                                  self._whole(mapping, inputs),
                                  {**trace, "place": str(failure.place)}))  # fmt: skip
            return
        for one in rendered.warnings:
            said = (key_of(mapping, source), source["payout"])
            self.warned.setdefault(one.because, []).append(said)
        blocked = self._not_yet(mapping, inputs, rendered)
        if blocked is not None:
            self.add(self.outcome(mapping, source, "waiting", "not-ready", blocked,
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
        self.add(self.outcome(mapping, source, state, code, why,
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
            self.add(self.outcome(mapping, source, "parked", "mapping-error", error.told(),
                                  self._whole(mapping, inputs), stopped_at(error)))  # fmt: skip
            return None

    def _action(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        rendered: Rendered,
        facts: Mapping[str, Any],
    ) -> Action:
        source = inputs[mapping.spec.alias]
        id_ = key_of(mapping, source)
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
        self.add(Outcome(action.mapping, action.source, action.payout, state, code, reason,
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

    def outcome(
        self,
        mapping: CompiledMapping,
        source: Row,
        state: str,
        code: str,
        reason: str,
        covers: Iterable[str],
        trace: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """An outcome of the mapping without a document."""
        traced = self._with_inputs(trace or {}, mapping, {mapping.spec.alias: source})
        return Outcome(mapping.spec.name, key_of(mapping, source), source["payout"], state, code,
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

    def add(self, outcome: Outcome) -> None:
        """To the plan; its lines are covered from here on."""
        self.plan.outcomes.append(outcome)
        self.covered.update(outcome.covers)
