"""From what a mapping gives for a line or payout to its outcome: to be posted, adopted, waiting or
parked.

Reads what stands in the target and what the ledger knows, adds outcomes and actions to the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from .. import json_text
from ..error_catalogue import Catalogue
from ..errors import ItemError
from ..language.program import CompiledMapping, Program, Rendered
from ..language.required_columns import LINE
from ..match.choice import Choice
from ..packed import Packed
from ..store.books import Books
from ..store.database import Store
from ..store.ledger import (
    Action,
    Progress,
    each_begun,
    read_named_actions,
    read_named_progress,
    unsettled,
)
from .evaluation import UNASKED, Stopped, judged, rendered, trace_of
from .existing import Existing, Unread, differing, sums_of
from .kept_traces import EARLIER, LEFT_OUT
from .long_traces import is_long, short
from .model import Need, Outcome, Plan, Row
from .reasons import (
    FAILED,
    choice_trace,
    found_as,
    not_read,
    refused_before,
    rendered_trace,
    told_hits,
)

Begun = tuple[Action, Progress]


def key_of(mapping: CompiledMapping, source: Row) -> str:
    """The id of a mapping's source: a line's, or a payout's key."""
    return str(source["line" if mapping.spec.entity == LINE else "payout"])


class Outcomes:
    """The outcomes of a plan as they come about; ``covered`` are the lines that have one. Of a
    document that is made is told what can be worked out anew only where traces are ``whole``."""

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
        whole: bool = True,
        packed: bool = False,
    ) -> None:
        self.again, self.whole = again, whole
        self.program, self.books, self.catalogue, self.plan = program, books, catalogue, plan
        # What was begun, in its order. Of what is finished, which may be much, neither document nor
        # identity is asked for.
        self.begun: list[Begun] | Packed[Begun] = Packed() if packed else []
        self.begun.extend(each_begun(store, plan.payouts, payout_of))
        unfinished = [
            action.action for action, progress in self.begun
            if not all(map(progress.finished, action.steps))
        ]  # fmt: skip
        self.actions = read_named_actions(store, unfinished)
        self.progress = read_named_progress(store, unfinished)
        self.unread_targets = Unread(store)
        self.existing = Existing(store)
        self.unsettled = unsettled(store)
        self.covered: set[str] = set()
        self.warned: dict[str, list[tuple[str, str]]] = {}

    def each_begun(self) -> Iterator[Begun]:
        """What was begun, in its order, once: afterwards only what is not finished is known."""
        begun, self.begun = self.begun, []
        for action, progress in begun:
            name = action.action
            yield self.actions.get(name, action), self.progress.get(name, progress)

    def applies(self, mapping: CompiledMapping, inputs: Mapping[str, Any]) -> bool:
        """Whether the mapping is for this source and there is something to make of it; where that
        can't be told it is parked."""
        source = inputs[mapping.spec.alias]
        try:
            if not mapping.applies(inputs):
                return False
            nothing = mapping.nothing(inputs)
        except ItemError as error:
            stopped = Stopped.by(error)
            self.add(self._outcome(mapping, source, stopped.state, stopped.code, stopped.because,
                                   (), stopped.trace))  # fmt: skip
            return False
        if nothing is not None:
            self.tell(mapping, inputs, *FAILED["done"], nothing)
        return nothing is None

    def alone(self, mapping: CompiledMapping, inputs: Mapping[str, Any], why: str) -> None:
        """A line that is matched with nothing, and left to a person."""
        self.tell(mapping, inputs, "parked", "cancelled-out", why)

    def wait(self, mapping: CompiledMapping, inputs: Mapping[str, Any], reason: str) -> None:
        """A source that waits for the document of its own transaction."""
        self.tell(mapping, inputs, "waiting", "not-ready", reason)

    def document(
        self,
        mapping: CompiledMapping,
        inputs: dict[str, Any],
        choice: Choice | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Decimal | None:
        """From what the mapping renders to an outcome: with ``facts`` for the chosen document.

        Gives what is consumed of that, where its document is to be made.
        """
        source = inputs[mapping.spec.alias]
        trace = choice_trace(choice) if choice else {}
        whole = self.whole or any(map(is_long, inputs.values()))
        made = rendered(mapping, inputs, whole=whole)
        if isinstance(made, Stopped):
            self.stop(mapping, inputs, made, trace)
            return None
        blocked = self._not_yet(mapping, inputs, made)
        if blocked is not None:
            self._warn(mapping, source, made)
            self.tell(mapping, inputs, "waiting", "not-ready", blocked,
                      {**trace, **trace_of(mapping, inputs, made)})  # fmt: skip
            return None
        action = self.action(mapping, inputs, made, facts or {})
        taken: Decimal | None = None
        if choice is not None:
            taken = mapping.amount(inputs) - choice.rest + choice.difference
            action = replace(action, consumed_of=choice.document, consumed=taken)
        elif self._standing(mapping, inputs, made, action, trace):
            self._warn(mapping, source, made)
            return None
        allowed = judged(mapping, inputs, made)
        if isinstance(allowed, Stopped):
            self.stop(mapping, inputs, allowed, trace)
            return None
        self._warn(mapping, source, allowed)
        self.finish(mapping, inputs, made, action, "planned", "to be posted", trace)
        return taken

    def _warn(self, mapping: CompiledMapping, source: Row, made: Rendered) -> None:
        """What is to be told of a document and is not in its way."""
        for one in made.warnings:
            said = (key_of(mapping, source), source["payout"])
            self.warned.setdefault(one.because, []).append(said)

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
        name = mapping.spec.target
        alike = self.existing.alike(name, rendered.identity["adopt"])
        if not alike:
            return False
        found = {number: self.existing.sums(number) for number in alike}
        wanted = sums_of(action.document.get("VoucherRows", ()))
        number = next((one for one, sums in found.items() if sums == wanted), None)
        if number is not None:
            self.existing.take(name, number)
            action = replace(action, adopted=number, then=())
            self.finish(mapping, inputs, rendered, action, "adopted",
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
        self.tell(mapping, inputs, state, code, why,
                  {**trace, **trace_of(mapping, inputs, rendered)})  # fmt: skip
        return True

    def _not_yet(
        self, mapping: CompiledMapping, inputs: Mapping[str, Any], rendered: Rendered
    ) -> str | None:
        """What must have happened before: a proof, and that the target's own list was read."""
        proved = (mapping.after(inputs) or {}).get("proof")
        proof = self.plan.proofs.get(proved) if proved is not None else None
        if proved is not None and (proof is None or not proof.holds):
            return f"payout {proved} is not proved to balance"
        if vouchers := self.unread_targets.vouchers(mapping.spec.target, rendered.document or {}):
            self.plan.unread.append(Need("vouchers", vouchers))
        return self.unread_targets.of(mapping.spec.target, rendered.document or {})

    def action(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        rendered: Rendered,
        facts: Mapping[str, Any],
    ) -> Action:
        """What is to be done for a rendered document; its id is the source's, and of a payout's
        documents also that of the lines that they account for."""
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

    def finish(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        rendered: Rendered,
        action: Action,
        state: str,
        reason: str,
        trace: Mapping[str, Any],
    ) -> None:
        """The outcome of an action: to be done, or parked where the same was refused before."""
        source = inputs[mapping.spec.alias]
        refusal = self._refusal(action, source)
        code = "to-post" if state == "planned" else state
        if refusal is not None and state == "planned":
            state, code, reason = "parked", "refused", refusal
        else:
            self.plan.actions.append(action)
        made = rendered_trace(rendered) or dict.fromkeys(LEFT_OUT)
        trace = {**trace, **made, "document": action.document}
        if inputs.get(EARLIER):
            trace[EARLIER] = inputs[EARLIER]
        told = self._with_inputs(trace, mapping, inputs)
        self.add(Outcome(action.mapping, action.source, action.payout, state, code, reason,
                         action.covers, action.action, told))  # fmt: skip

    def _refusal(self, action: Action, source: Row) -> str | None:
        """Why the same document need not be sent again: refused before, and no retry helps."""
        if source.get("resolution") == "retry":
            return None
        before, progress = self.actions.get(action.action), self.progress.get(action.action)
        return refused_before(action, before, progress, self.catalogue)

    def _fate(self, mapping: CompiledMapping, inputs: Mapping[str, Any]) -> tuple[str, ...]:
        """The lines that share the fate of a source whose document is not there yet; one that
        adds to another document keeps its line from being done."""
        lines = mapping.covered(inputs)
        if mapping.spec.entity == LINE and mapping.spec.needs:
            return tuple(lines)
        return tuple(line for line in lines if line not in self.covered)

    def stop(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        stopped: Stopped,
        trace: Mapping[str, Any] | None = None,
    ) -> None:
        """What becomes of a source whose document is stopped; ``trace`` is what led to it, told
        where its mapping could be asked."""
        led = {} if stopped.code == UNASKED else trace or {}
        self.tell(mapping, inputs, stopped.state, stopped.code, stopped.because,
                  {**led, **stopped.trace})  # fmt: skip

    def tell(
        self,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        state: str,
        code: str,
        reason: str,
        trace: Mapping[str, Any] | None = None,
    ) -> None:
        """An outcome of the mapping without a document; the lines that share its fate have it."""
        self.add(self._outcome(mapping, inputs[mapping.spec.alias], state, code, reason,
                               self._fate(mapping, inputs), trace))  # fmt: skip

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
        return Outcome(mapping.spec.name, key_of(mapping, source), source["payout"], state, code,
                       reason, tuple(covers), None, traced)  # fmt: skip

    def _with_inputs(
        self, trace: Mapping[str, Any], mapping: CompiledMapping, inputs: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The trace with its rule, its inputs, and the table rows behind the derived columns."""
        shown = {
            alias: short(value)
            for alias, value in inputs.items()
            if alias not in ("books", "match", "earlier")
        }
        told = {"rule": str(mapping.spec.source.place(())), "inputs": shown, **trace}
        hits = trace.get("tables", ())
        if hits is not None and mapping.spec.entity == LINE:
            _, derived = self.program.trace_derive(LINE, inputs[mapping.spec.alias], self.books)
            hits = [*told_hits(derived), *hits]
        told["tables"] = None if hits is None else list(hits)
        if lets := trace.get("lets"):
            told["lets"] = {name: short(value) for name, value in lets.items()}
        return told

    def add(self, outcome: Outcome) -> None:
        """To the plan; its lines are covered from here on."""
        self.plan.outcomes.append(outcome)
        self.covered.update(outcome.covers)
