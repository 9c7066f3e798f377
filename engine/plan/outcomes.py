"""From what a mapping gives for a line or payout to its outcome: to be posted, adopted, waiting or
parked.

Reads what stands in the target and what the ledger knows, adds outcomes and actions to the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .. import json_text
from ..error_catalogue import Catalogue
from ..errors import ItemError
from ..language.program import CompiledMapping, Program, Rendered
from ..language.required_columns import LINE
from ..match.choice import Choice
from ..store.books import Books
from ..store.database import Store
from ..store.ledger import Action, read_actions, read_progress, unsettled
from .claims import Claim, Option, allot
from .existing import Existing, Unread, differing, sums_of
from .model import Need, Outcome, Plan, Row
from .reasons import (
    CODES,
    FAILED,
    blocked_by,
    choice_trace,
    found_as,
    not_read,
    refused_before,
    rendered_trace,
    stopped_at,
    told_hits,
)

# The outcomes of a match after which a payment that somebody else made may be the line's.
CLAIMING = ("spent", "more")


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
        *,
        again: bool,
    ) -> None:
        self.again = again
        self.program, self.books, self.catalogue, self.plan = program, books, catalogue, plan
        self.actions = read_actions(store, plan.payouts, payout_of)
        self.progress = read_progress(store, {one.payout for one in self.actions.values()})
        self.unread_targets = Unread(store)
        self.existing = Existing(store)
        self.unsettled = unsettled(store)
        self.covered: set[str] = set()
        self.allotted: dict[str, Option] = {}  # by line the payment of others that is its
        self.unclaimed: dict[str, str] = {}  # and why none is
        self.warned: dict[str, list[tuple[str, str]]] = {}
        self.left: dict[str, Decimal] = {}  # of each document that is paid what is open then
        self.parts: dict[str, tuple[Choice, Row]] = {}  # those of which a line pays a part

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

    def claim(
        self,
        mapping: CompiledMapping,
        wanted: Mapping[str, dict[str, Any]],
        choices: Mapping[str, Choice],
        documents: Mapping[str, Row],
    ) -> None:
        """Give the payments that others made to the lines that no balance takes any more.

        ``wanted`` are the inputs of each line, the oldest line first.
        """
        claims = []
        for line, inputs in wanted.items():
            choice = choices[line]
            if choice.outcome not in CLAIMING or choice.document in self.unsettled:
                continue
            source = inputs[mapping.spec.alias]
            claim = Claim(line, source["payout"], source.get("PaymentTransactionId") or line)
            for number in (choice.document or "", *choice.rivals):
                if number not in self.unsettled:
                    self._claimed(claim, mapping, inputs, choice, documents[number])
            claims.append(claim)
        self.allotted, self.unclaimed = allot(claims)
        for option in self.allotted.values():
            self.existing.take(mapping.spec.target, option.number)

    def _claimed(
        self,
        claim: Claim,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        choice: Choice,
        document: Row,
    ) -> None:
        """Add to a claim the payments on a document that are what the mapping would make: with
        the rows that belong to the line, its fees, or without them."""
        number = str(document["DocumentNumber"])
        standing = self.existing.on_documents(mapping.spec.target, [number])
        if not standing or any(row["ModeOfPaymentAccount"] is None for row in standing):
            return
        alias = next(iter(mapping.match))
        whole = {**inputs, alias: document, "match": {alias: {
            "rest": Decimal(0), "difference": Decimal(0), "outcome": choice.outcome,
            "document": number,
        }}}  # fmt: skip
        ways = [whole]
        if any(whole[name] for name in mapping.spec.related):
            ways.append({**whole, **{name: [] for name in mapping.spec.related}})
        for given in ways:
            try:
                rendered = mapping.render(given, traced=True)
            except ItemError:
                continue  # what keeps it from being made is told where it would be made
            if rendered.document is None:
                continue
            since = rendered.identity.get("since")
            found = self.existing.such_payments(
                rendered.identity["adopt"], rendered.document, mapping.match[alias].tolerance
            )
            known = {one.number for one in claim.options}
            for row in found:
                option = Option(row, number, given, rendered)
                if since and row["PaymentDate"] and row["PaymentDate"] < since["date"]:
                    claim.stale.append(f"{option.told} {since['because']}")
                elif option.number not in known:
                    claim.options.append(option)
            claim.day = since["date"] if since else None

    def alone(self, mapping: CompiledMapping, inputs: Mapping[str, Any], why: str) -> None:
        """A line that is matched with nothing, and left to a person."""
        source = inputs[mapping.spec.alias]
        self.add(self.outcome(mapping, source, "parked", "cancelled-out", why,
                              self._whole(mapping, inputs)))  # fmt: skip

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
                                  f"it is not known yet what {other} took of {choice.named}",
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
        unclaimed = self.unclaimed.get(key_of(mapping, source))
        if choice.outcome == "spent" or unclaimed:
            found = self.existing.described(mapping.spec.target, choice.document or "")
            why = "; ".join([choice.reason, found, *([unclaimed] if unclaimed else [])])
            self.add(self.outcome(mapping, source, "parked", "already-paid", why,
                                  self._whole(mapping, inputs), trace))  # fmt: skip
            return
        if policy == "park":
            self.add(self.outcome(mapping, source, "parked", CODES[choice.outcome],
                                  f"{choice.named}: {choice.reason}",
                                  self._whole(mapping, inputs), trace))  # fmt: skip
            return
        inputs["match"] = {alias: facts}
        self.document(mapping, inputs, choice, facts)

    def wait(self, mapping: CompiledMapping, inputs: Mapping[str, Any], reason: str) -> None:
        """A source that waits for the document of its own transaction."""
        source = inputs[mapping.spec.alias]
        self.add(self.outcome(mapping, source, "waiting", "not-ready", reason,
                              self._whole(mapping, inputs)))  # fmt: skip

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
        then it is this one's only if its date agrees too. Else it is what ``claim`` has given it.
        """
        alias, target_name = next(iter(mapping.match)), mapping.spec.target
        for number in (choice.document or "", *choice.rivals):
            standing = self.existing.on_documents(target_name, [number])
            if not standing or number in self.unsettled:
                continue
            unread = [row["Number"] for row in standing if row["ModeOfPaymentAccount"] is None]
            if unread:
                self.plan.unread += [Need("payment", one) for one in unread]
                source = inputs[mapping.spec.alias]
                what = f"payment {', '.join(unread)} on {choice.called} {number}"
                why = not_read(what, again=self.again)
                self.add(self.outcome(mapping, source, "waiting", "unread", why,
                                      self._whole(mapping, inputs), trace))  # fmt: skip
                return True
            if choice.outcome in CLAIMING:
                continue
            given = {**inputs, alias: documents[number]}
            rendered = self._render(mapping, given)
            if rendered is None:
                return False
            if rendered.document is None:
                continue
            tolerance = mapping.match[alias].tolerance
            found = self.existing.take_payment(
                rendered.identity["agree"], rendered.document, tolerance
            )
            if found is not None:
                self._own(mapping, Option(found, number, given, rendered), trace)
                return True
        option = self.allotted.get(key_of(mapping, inputs[mapping.spec.alias]))
        if option is not None:
            self._own(mapping, option, trace)
        return option is not None

    def _own(self, mapping: CompiledMapping, option: Option, trace: Mapping[str, Any]) -> None:
        """The payment is the line's; one that is not booked yet still takes of its invoice."""
        found, number, given = option.payment, option.document, option.inputs
        booked = found.get("Booked", True)
        facts = {**trace, "rest": Decimal(0), "document": number}
        action = self._action(mapping, given, option.rendered, facts)
        action = replace(action, adopted=option.number, then=() if booked else action.then,
                         consumed_of=None if booked else number,
                         consumed=None if booked else mapping.amount(given))  # fmt: skip
        self._finish(mapping, given, option.rendered, action, "adopted",
                     found_as(mapping.spec.target, option.number), trace)  # fmt: skip

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
            self._paid(source, choice, amount, inputs[next(iter(mapping.match))])
        elif self._standing(mapping, inputs, rendered, action, trace):
            return
        self._finish(mapping, inputs, rendered, action, "planned", "to be posted", trace)

    def _paid(self, source: Row, choice: Choice, amount: Decimal, document: Row) -> None:
        """Keep what a payment leaves of its document: another line may still take that."""
        number = str(choice.document)
        open_: Decimal = self.left[number] if number in self.left else document["open_balance"]
        self.left[number] = open_ - amount
        if choice.outcome == "less":
            self.parts[number] = choice, source

    def left_open(self) -> list[str]:
        """A sentence about each document of which only a part is paid."""
        return [
            f"{choice.named}: {abs(self.left[number]):.2f} {source['CurrencyCode']} of it stays "
            f"open after line {choice.line} of payout {source['payout']}"
            for number, (choice, source) in self.parts.items()
            if self.left[number]
        ]

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
                         found_as(name, number), trace)  # fmt: skip
            return True
        unread = [one for one, sums in found.items() if sums is None]
        if unread:
            self.plan.unread += [Need("voucher", one) for one in unread]
            state, code = "waiting", "unread"
            why = not_read(f"what voucher {', '.join(unread)} books", again=self.again)
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
        if vouchers := self.unread_targets.vouchers(mapping.spec.target, rendered.document or {}):
            self.plan.unread.append(Need("vouchers", vouchers))
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
        identity = {key: rendered.identity[key] for key in ("ask", "agree", "adopt")}
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
            rendered.document or {}, identity, rendered.then,
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
