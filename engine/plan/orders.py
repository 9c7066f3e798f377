"""Plans what becomes of orders: of each, its captures and refunds, one document by each mapping.

Reads staged orders and what belongs to them, the ledger and the registers; adds outcomes and
actions to the plan. What is delivered is recognised and left alone; what stands in the target
from elsewhere is found by the mapping's match and adopted or left to a person, as it declares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..error_catalogue import Catalogue
from ..errors import ItemError
from ..language.program import CompiledMapping, Program, Rendered
from ..language.targets import target
from ..match.lookup import Found
from ..stage import orders_of_others
from ..store.books import Books
from ..store.database import Store
from ..store.ledger import Action, owned_numbers
from .customer_cards import Cards
from .delivered import Delivered
from .entities import ENTITIES, LISTED
from .existing import Unread
from .made_elsewhere import strangers
from .matching import lookups
from .model import CLOSED, Need, Outcome, Plan, Row
from .order_outcomes import OrderOutcomes, case_of
from .order_rows import Rows, without_garbage_collection
from .reasons import (
    FAILED,
    UNDECLARED,
    found_as,
    in_place_of,
    not_read,
    refused_before,
    rendered_trace,
    state_of,
    stopped_at,
)

PERSON = "person"  # the mapping of outcomes that a person decided
MAKING = {"orders", "invoices"}  # the flows that write what another connector may write too
TO_POST = ("to-post", "to be posted")
NOTHING = {"rest": Decimal(0), "difference": Decimal(0), "outcome": "", "number": None,
           "customer": None, "vat_included": None}  # fmt: skip
MOST_NAMED = 5  # sources that a warning names
NOTHING_YET = "nothing in Fortnox carries its reference yet"
# States of what an order waits for, in words.
NOT_YET = {
    "planned": "is to be posted first", "adopted": "is to be taken over first",
    "waiting": "waits", "parked": "is parked",
}  # fmt: skip


@dataclass(slots=True)
class _Sources:
    """The sources of a mapping that ask for a document, with what they may name; those that are
    ``held`` will, when something else has been made. ``begun`` have one that is to be finished."""

    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    held: dict[str, Row] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)


def plan_orders(
    store: Store,
    program: Program,
    settings: Mapping[str, Any],
    books: Books,
    catalogue: Catalogue,
    plan: Plan,
    flows: Collection[str],
    *,
    again: bool = False,
) -> None:
    """Outcomes and actions of the plan's orders, by every mapping of which a flow is on.

    With ``again`` nothing has been read since the last plan of this run: what was sent since its
    source was read is not followed by another document of the same source.
    """
    wanted = set(flows) - {"payouts"}
    on = [one for one in program.mappings.values() if wanted & set(one.spec.flows)]
    planner = _Planner(store, program, settings, books, catalogue, plan, again)
    planner.made_for_others = [one for one in on if one.spec.made_for]
    planner.later = frozenset(one.spec.name for one in planner.made_for_others)
    with without_garbage_collection():
        for mapping in on:
            if not mapping.spec.made_for:
                planner.evaluate(mapping)
    plan.warnings += [f"{text} ({_some(named)})" for text, named in planner.warned.items()]
    if wanted & MAKING and not again:
        plan.warnings += strangers(store, settings)
    if orders_of_others.wanted(wanted) and not again:
        plan.warnings += orders_of_others.unknown_at_qliro(store, settings, wanted)


class _Planner:
    """Planning under way: rows by entity, what is delivered, what mappings know of each other."""

    def __init__(
        self,
        store: Store,
        program: Program,
        settings: Mapping[str, Any],
        books: Books,
        catalogue: Catalogue,
        plan: Plan,
        again: bool,
    ) -> None:
        self.again = again
        self.store, self.program, self.settings, self.books = store, program, settings, books
        self.catalogue, self.plan = catalogue, plan
        self.delivered = Delivered(store, [case.case for case in plan.orders.values()])
        self.rows = Rows(store, program, books, plan.orders)
        self.outcomes = OrderOutcomes(program, books, plan, self.rows)
        self._add = self.outcomes.add
        self.unread = Unread(store)
        self.cards = Cards(store, replayed=self.unread.replayed)
        self.owned: dict[str, dict[str, str]] = {}
        self.warned: dict[str, list[str]] = {}
        self.made_for_others: list[CompiledMapping] = []
        self.later: frozenset[str] = frozenset()
        self.keys: dict[str, list[tuple[str, Row]]] = {}
        self.resolved = {row["line"]: row for row in store.rows("SELECT * FROM ledger.resolved")}

    # -- mappings -------------------------------------------------------------------------------

    def evaluate(self, mapping: CompiledMapping) -> None:
        """One mapping over all its sources, after what is made for those that get a document."""
        spec = mapping.spec
        makers = [one for one in self.made_for_others
                  if spec.name in one.spec.made_for or one.spec.name in spec.needs]  # fmt: skip
        for one in makers:
            self._keyed(one)  # what is made already is known to this one
        sources = self._sources(mapping)
        self._cards(mapping, sources)
        if makers:
            self._make_first(mapping, sources, makers)
        for key, inputs in sources.inputs.items():
            if key in sources.rows:
                self._document(mapping, key, inputs, sources.begun.get(key))

    def _keyed(self, mapping: CompiledMapping) -> list[tuple[str, Row]]:
        """The rows of a mapping's entity by the key of their document, where they have one."""
        spec = mapping.spec
        keyed = self.keys.get(spec.name)
        if keyed is None:
            keyed = [(str(key), row) for row in self.rows.of(spec.entity)
                     if (key := mapping.per({spec.alias: row})) is not None]  # fmt: skip
            if spec.per is not None:
                self.delivered.take_in(spec.name, {key for key, _ in keyed})
            if spec.made_for:
                self.keys[spec.name] = keyed
        return keyed

    def _sources(self, mapping: CompiledMapping, orders: Collection[int] | None = None) -> _Sources:
        """The sources that ask for a document and find none that stands; with ``orders`` only of
        those, beside what was begun before."""
        sources, name = _Sources(), mapping.spec.name
        for key, row in self._keyed(mapping):
            if key in sources.rows or (name, key) in self.outcomes.made:
                continue
            if orders is None or row["OrderId"] in orders or self.delivered.of(name, key):
                self._consider(mapping, key, row, sources)
        for alias in mapping.match:
            self._match(mapping, alias, sources)
        return sources

    def _cards(self, mapping: CompiledMapping, sources: _Sources) -> None:
        """The customer's card that each document goes by; sources of one that must be read first
        drop out."""
        ready = {key: one for key, one in sources.inputs.items() if key in sources.rows}
        for key, card in self.cards.of(mapping, ready).items():
            ready[key]["card"] = card.row
            if card.unread and not self.unread.replayed:
                told = self._ask("fortnox.customer", str(card.number))
                self._add(mapping, key, sources.rows[key], "waiting", "unread", told)
                del sources.rows[key]

    # -- what is made for other documents ---------------------------------------------------------

    def _make_first(
        self, mapping: CompiledMapping, sources: _Sources, makers: list[CompiledMapping]
    ) -> None:
        """What ``makers`` make for the sources whose document will be made: that is tried out where
        something is still to be made. The others drop out, with what stops them."""
        missing = self._missing_of(makers, {row["OrderId"] for row in sources.rows.values()})
        assumed = frozenset(one.spec.name for one in makers)
        wanted = set()
        for key, row in list(sources.rows.items()):
            if row["OrderId"] not in missing:
                continue
            inputs = sources.inputs[key]
            tried = {**inputs, "assumed": assumed}
            tried |= {name: {**NOTHING, "number": "0"} for name in assumed
                      if name in mapping.spec.needs and inputs[name] is None}  # fmt: skip
            if self._would_be_made(mapping, tried):
                wanted.add(row["OrderId"])
            elif self._rendered(mapping, key, inputs, sources.begun.get(key), tried) is None:
                del sources.rows[key]
        found = [(one, self._sources(one, wanted)) for one in makers]
        for one, its in found:
            wanted -= self._stuck(makers, wanted)
            keys = {key for key, row in self._keyed(one) if row["OrderId"] in wanted}
            for key, inputs in its.inputs.items():
                if key in its.rows and key in keys:
                    self._document(one, key, inputs, its.begun.get(key))
        for key, row in list(sources.rows.items()):
            first = self._first(row, (one for one in mapping.spec.needs if one in assumed))
            if first is not None:
                self._add(mapping, key, row, "waiting", "not-ready", first)
                del sources.rows[key]

    @staticmethod
    def _would_be_made(mapping: CompiledMapping, tried: dict[str, Any]) -> bool:
        """Whether there is a document, once what is only assumed is there."""
        try:
            rendered = mapping.render(tried)
        except ItemError:
            return False
        return rendered.document is not None and not rendered.failures

    def _missing_of(self, makers: list[CompiledMapping], orders: Collection[int]) -> set[int]:
        """Of these orders those for which a maker would still have something to make or find."""
        missing: set[int] = set()
        for one in makers if orders else ():
            name = one.spec.name
            for key, row in self._keyed(one):
                order = row["OrderId"]
                if order not in orders or order in missing:
                    continue
                if (name, key) in self.outcomes.made or self.delivered.of(name, key):
                    continue
                if self._applies(one, row) is not False:
                    missing.add(order)
        return missing

    def _applies(self, mapping: CompiledMapping, row: Row) -> bool | None:
        """Whether a mapping is for a row; None when that can't be told."""
        try:
            return self._is_for(mapping, self._inputs(mapping, row, 0))
        except ItemError:
            return None

    def _stuck(self, makers: list[CompiledMapping], orders: Collection[int]) -> set[int]:
        """Of these orders those for which something can't be made."""
        states = {
            (one.spec.name, key): row["OrderId"]
            for one in makers for key, row in self._keyed(one) if row["OrderId"] in orders
        }  # fmt: skip
        return {
            order for place, order in states.items()
            if place in self.outcomes.made
            and self.outcomes.made[place].state in ("parked", "waiting", "ignored")
        }  # fmt: skip

    # -- sources --------------------------------------------------------------------------------

    def _consider(self, mapping: CompiledMapping, key: str, row: Row, sources: _Sources) -> None:
        """Whether the source asks for a document: it applies, and has none that stands."""
        name = mapping.spec.name
        decided = self.resolved.get(key)
        ignored = decided is not None and decided["kind"] == "ignore"
        known = self.delivered.of(name, key)
        # What failed at the target, or was let go, is behind us once another has followed it.
        open_ = [one for one in known if not self.delivered.finished(one)
                 and (one is known[-1] or not self.delivered.behind(one))]  # fmt: skip
        failed = bool(open_) and self.delivered.failed(open_[-1])
        # What a person cancelled is not looked at any more.
        cancelled = (
            mapping.spec.renews and bool(known) and known[-1].action in self.delivered.cancelled
        )
        let_go = cancelled and self.delivered.let_go(known[-1])
        # What was sent since its source was read is not followed by another of the same.
        fresh = self.again and self.delivered.sent_since(known, row.get("as_of"))
        stands = not let_go and (open_ or fresh or not mapping.spec.repeats)
        if cancelled and open_ and not let_go and not ignored:
            self._cancelled(known[-1])
            return
        if known and stands and not failed and not (open_ and ignored):
            self._known((open_ or known)[-1])
            return
        inputs = self._inputs(mapping, row, len(known))
        try:
            if not self._is_for(mapping, inputs):
                if known:
                    self._made_before(name, key, begun=self.again and not let_go)
                return
            nothing = mapping.nothing(inputs)
        except ItemError as error:
            self._add(mapping, key, row, "parked", "mapping-error", error.told(), stopped_at(error))
            return
        if decided is not None and ignored:
            why = decided["reason"] or "a person said so"
            self._add(mapping, key, row, "ignored", "ignored", why)
        elif failed and not self.delivered.retried(open_[-1], decided):
            self._known(open_[-1])
        elif nothing is not None:
            self._nothing(mapping, key, row, nothing)
        elif (problem := row["problem"] or self._spoiled(mapping, inputs)) is not None:
            self._add(mapping, key, row, "parked", "unreadable", problem)
        elif (missing := self._missing(mapping, inputs)) is not None:
            self._add(mapping, key, row, "waiting", "unread", missing)
        elif (first := self._before(mapping, row)) is not None:
            self._add(mapping, key, row, "waiting", "not-ready", first)
            sources.held[key] = row
        else:
            sources.inputs[key] = inputs
            sources.rows[key] = row

    def _is_for(self, mapping: CompiledMapping, inputs: dict[str, Any]) -> bool:
        """Whether the mapping is for a source; then its inputs get the rows that belong to it."""
        if mapping.at_once and not mapping.applies(inputs):
            return False
        for alias in mapping.spec.related:
            inputs[alias] = self.rows.related(mapping, alias, inputs)
        return mapping.at_once or mapping.applies(inputs)

    def _missing(self, mapping: CompiledMapping, inputs: Mapping[str, Any]) -> str | None:
        """What has still to be read of the source and the rows that belong to it."""
        spec = mapping.spec
        rows = [(spec.entity, inputs[spec.alias])]
        rows += [(one.entity, row) for alias, one in spec.related.items() for row in inputs[alias]]
        told = None
        for name, row in rows:
            if row.get("unread"):
                told = self._ask(name, str(row[ENTITIES[name].id]))
        return told

    def _ask(self, entity: str, key: str) -> str:
        """Ask for the page of a row; the sentence says what is waited for."""
        self.plan.unread.append(Need(ENTITIES[entity].need, key))
        return not_read(f"{ENTITIES[entity].called} {key}", again=self.again)

    @staticmethod
    def _spoiled(mapping: CompiledMapping, inputs: Mapping[str, Any]) -> str | None:
        """Why one of its related rows can't be read, if one can't."""
        rows = (row for alias in mapping.spec.related for row in inputs[alias])
        return next((row["problem"] for row in rows if row["problem"]), None)

    def _known(self, action: Action) -> None:
        """The outcome of what the ledger knows: delivered, on its way, or undecided."""
        state, code, reason = state_of(action, self.delivered.progress[action.action])
        if state == "planned":
            self.plan.actions.append(action)
        self.outcomes.put(Outcome(action.mapping, action.source, action.payout, state, code,
                                  reason, (), action.action))  # fmt: skip

    def _cancelled(self, action: Action) -> None:
        """The outcome of a document that a person cancelled before it was finished."""
        named = target(action.target).told(self.delivered.cancelled[action.action]["number"])
        why = (
            f"{named} was cancelled in Fortnox, and is left at that. If another is to be made: "
            f"`resolve {action.source} --retry`. If not: `resolve {action.source} --ignore`"
        )
        self.outcomes.put(Outcome(action.mapping, action.source, action.payout, "parked",
                                  "cancelled", why, (), action.action))  # fmt: skip

    def _inputs(self, mapping: CompiledMapping, row: Row, earlier: int) -> dict[str, Any]:
        """What the mapping may name but for the rows that belong to its source, and its matches."""
        spec = mapping.spec
        inputs: dict[str, Any] = {
            spec.alias: row, "books": self.books, "match": {}, "earlier": earlier,
        }  # fmt: skip
        for need in spec.needs:
            inputs[need] = self._made(need, row)
        return inputs

    def _made(self, need: str, row: Row) -> dict[str, Any] | None:
        """What a needed mapping made of it, once all of that stands."""
        key = self.rows.source_of(need, row)
        if key is None:
            return None
        made = self.delivered.last(need, key)
        return {**NOTHING, **made} if made else None

    def _before(self, mapping: CompiledMapping, row: Row) -> str | None:
        """What has to come first, but for what is made for it, or None."""
        told = self._first(row, (one for one in mapping.spec.needs if one not in self.later))
        if told is not None or self.unread.replayed:
            return told
        stream = LISTED.get(mapping.spec.target, "")
        if stream and stream not in self.unread.streams:
            return f"Fortnox's {stream} could not be read yet"
        return None

    def _first(self, row: Row, needs: Iterable[str]) -> str | None:
        """Which of the ``needs`` has to come first, or None when nothing stands in the way."""
        for need in needs:
            key = self.rows.source_of(need, row)
            outcome = self.outcomes.made.get((need, key or ""))
            if outcome is None or (outcome.state == "adopted" and self._made(need, row)):
                continue
            if outcome.state in NOT_YET:
                called = f"its {need.replace('_', ' ')}"
                last = self.delivered.progress.get(outcome.action or "")
                if outcome.state == "planned" and last and last.events.get("create") == "refused":
                    return f"{called} was refused ({last.note}); it is sent again"
                told = f"{called} {NOT_YET[outcome.state]}"
                brief = outcome.state in ("planned", "adopted")
                return told if brief else f"{told} ({outcome.reason})"
        return None

    # -- matches --------------------------------------------------------------------------------

    def _match(self, mapping: CompiledMapping, alias: str, sources: _Sources) -> None:
        """Look up what each source refers to; those that find what they must not drop out."""
        rows = sources.rows | sources.held
        if not rows:
            return
        demand = {key: {**row, "line": key} for key, row in rows.items()}
        match = mapping.match[alias]
        stream = ENTITIES[match.entity].stream
        found, documents, needs = lookups(self.store, mapping, match, self.settings, demand)
        if needs and not self.unread.replayed:
            self.plan.unread += needs
        for key, one in found.items():
            if key not in sources.rows:
                continue
            row, inputs = sources.rows[key], sources.inputs[key]
            inputs["match"][alias] = {**NOTHING, "outcome": one.outcome}
            if one.outcome == "none" and needs and not self.unread.replayed:
                told = "what carries its reference in Fortnox could not be looked for yet"
                if self.again:
                    told = "what carries its reference in Fortnox is looked for by the next run"
                self._add(mapping, key, row, "waiting", "unread", told)
                del sources.rows[key]
                continue
            makes = one.outcome == "none" and LISTED.get(mapping.spec.target) == stream
            if makes and (why := self.unread.hidden(stream)) is not None:
                self._add(mapping, key, row, "waiting", "unread", why)
                del sources.rows[key]
                continue
            document = documents[one.document] if one.document else None
            if self._settled(mapping, alias, key, one, document, sources):
                del sources.rows[key]
                continue
            if document is not None and match.whole and document.get("unread"):
                told = self._ask(match.entity, str(one.document))
                self._add(mapping, key, row, "waiting", "unread", told, {"match": one.trace()})
                del sources.rows[key]
            inputs[alias] = document

    def _settled(
        self,
        mapping: CompiledMapping,
        alias: str,
        key: str,
        found: Found,
        document: Row | None,
        sources: _Sources,
    ) -> bool:
        """Whether the look-up decides already what becomes of the source."""
        outcome, row = mapping.match[alias].outcome, sources.rows[key]
        policy = {
            "one": outcome.get("one", "use"), "none": outcome.get("none", UNDECLARED["none"]),
            "several": outcome.get("several", UNDECLARED["several"]),
            "wait": "wait", "park": "park",
        }[found.outcome]  # fmt: skip
        trace = {"match": found.trace()}
        if policy == "first":
            policy = outcome.get("one", "use")
        steps = mapping.spec.match[alias].steps
        if found.outcome == "one" and any(one.ours and one.name == found.step for one in steps):
            if not self._complete(mapping, document or {}) and not self._owner(mapping, key, found):
                sources.begun[key] = str(found.document)
                return False
            policy = "adopt"
        if policy in ("use", "go"):
            return False
        if policy == "done":
            why = f"{found.named} is there already ({found.reason})"
            self._nothing(mapping, key, row, why, trace)
            return True
        if policy == "adopt":
            whole = mapping.match[alias].whole and not self.unread.replayed
            if whole and document is not None and document.get("unread"):
                told = self._ask(mapping.match[alias].entity, str(found.document))
                self._add(mapping, key, row, "waiting", "unread", told, trace)
                return True
            return self._adopted(mapping, key, found, trace, sources)
        state = {"wait": "waiting", "park": "parked"}[policy]
        code = {"none": "nothing-found", "several": "ambiguous", "one": "already-there"}.get(
            found.outcome, "not-ready"
        )
        reason = found.reason
        if found.outcome == "none" and state == "waiting" and not found.losers:
            told = f"{NOTHING_YET}; {found.near}" if found.near else NOTHING_YET
            self._add(mapping, key, row, state, code, told, trace)
            return True
        if found.outcome == "one":
            reason = f"{found.named} already carries its reference ({found.reason})"
        self._add(mapping, key, row, state, code, reason, trace)
        return True

    def _adopted(
        self, mapping: CompiledMapping, key: str, found: Found, trace: Row, sources: _Sources
    ) -> bool:
        """Own the document that somebody made; one that is another source's is left to a person,
        unless several sources may share it."""
        spec, number, row = mapping.spec, str(found.document), sources.rows[key]
        owner = self._owner(mapping, key, found)
        if owner and spec.per is None:
            why = f"{found.named} carries its reference and is the document of {owner}"
            self._add(mapping, key, row, "parked", "ambiguous", why, trace)
            return True
        earlier = int(sources.inputs[key]["earlier"])
        name = self._name(mapping, key, earlier)
        nothing: dict[str, Any] = {"ask": {}, "agree": {}, "adopt": {}}
        action = Action(name, spec.name, spec.target, key, case_of(row), (), {}, nothing,
                        adopted=number, facts={"document": number})  # fmt: skip
        self.plan.actions.append(action)
        self._add(mapping, key, row, "adopted", "adopted", found_as(spec.target, number), trace,
                  action.action)  # fmt: skip
        return True

    def _owner(self, mapping: CompiledMapping, key: str, found: Found) -> str:
        """Which other action owns a document that was found, if one does; else this one's does."""
        spec = mapping.spec
        name = self._name(mapping, key, len(self.delivered.of(spec.name, key)))
        if spec.target not in self.owned:
            self.owned[spec.target] = owned_numbers(self.store, spec.target)
        owner = self.owned[spec.target].setdefault(str(found.document), name)
        return owner if owner != name else ""

    @staticmethod
    def _complete(mapping: CompiledMapping, document: Row) -> bool:
        """Whether a document shows that the last of the steps that follow it, if any, was taken."""
        if not mapping.spec.then:
            return True
        aim, last = target(mapping.spec.target), mapping.spec.then[-1].step
        return last in aim.calls["then"] and aim.carried_out(last, document) is True

    # -- documents ------------------------------------------------------------------------------

    def _document(
        self, mapping: CompiledMapping, key: str, inputs: dict[str, Any], begun: str | None
    ) -> None:
        """The document of a source; with ``begun`` one that stands, and what is left to be done."""
        row = inputs[mapping.spec.alias]
        rendered = self._rendered(mapping, key, inputs, begun)
        if rendered is None:
            return
        trace = rendered_trace(rendered)
        for one in rendered.warnings:
            said_of = f"{mapping.spec.name.replace('_', ' ')} {key}"
            self.warned.setdefault(one.because, []).append(said_of)
        action = self._action(mapping, key, row, rendered, int(inputs["earlier"]), begun)
        before = self.delivered.actions.get(action.action)
        progress = self.delivered.progress.get(action.action)
        trace["document"] = action.document
        retry = begun or (self.resolved.get(key) or {}).get("kind") == "retry"
        refusal = None if retry else refused_before(action, before, progress, self.catalogue)
        if refusal is not None:
            self._add(mapping, key, row, "parked", "refused", refusal, trace, action.action, inputs)
            return
        self.plan.actions.append(action)
        named = target(action.target).told(begun)
        code, why = ("to-finish", f"{named} stands and is to be finished") if begun else TO_POST
        if "replaces" in action.facts:
            why += in_place_of(action)
        self._add(mapping, key, row, "planned", code, why, trace, action.action, inputs)

    def _rendered(
        self,
        mapping: CompiledMapping,
        key: str,
        inputs: dict[str, Any],
        begun: str | None,
        tried: dict[str, Any] | None = None,
    ) -> Rendered | None:
        """The document of a source, or None after telling why there is none; ``tried`` are inputs
        of which some are only assumed."""
        row = inputs[mapping.spec.alias]
        named = target(mapping.spec.target).told(begun)
        stands = f"{named} stands and is not finished: " if begun else ""
        try:
            rendered = mapping.render(tried or inputs, traced=True)
        except ItemError as error:
            told = stands + error.told()
            self._add(mapping, key, row, "parked", "mapping-error", told, stopped_at(error),
                      inputs=inputs)  # fmt: skip
            return None
        if not rendered.failures and rendered.document is not None:
            return rendered
        # Nothing to make is said only when nothing else is wrong.
        failures = [one for one in rendered.failures if one.state != "done"]
        failure = (failures or rendered.failures)[0]
        state, code = FAILED[failure.state]
        because = stands + "; ".join(one.because for one in failures or rendered.failures)
        trace = {**rendered_trace(rendered), "place": str(failure.place)}
        if state == "parked" and self.cards.presumed(inputs) and not self.again:
            # It may have been mended before it was listed for the first time.
            told = self._ask("fortnox.customer", inputs["card"]["CustomerNumber"])
            self._add(mapping, key, row, "waiting", "unread", told, trace)
            return None
        if state == "done":
            self._nothing(mapping, key, row, because, trace, inputs)
        else:
            self._add(mapping, key, row, state, code, because, trace, inputs=inputs)
        return None

    def _nothing(
        self,
        mapping: CompiledMapping,
        key: str,
        row: Row,
        why: str,
        trace: Row | None = None,
        inputs: dict[str, Any] | None = None,
    ) -> None:
        """Nothing is to be made: done, or what was made before, which goes on being told."""
        if not self._made_before(mapping.spec.name, key):
            self._add(mapping, key, row, *FAILED["done"], why, trace, inputs=inputs)

    def _made_before(self, name: str, key: str, *, begun: bool = False) -> bool:
        """Whether the last document of a source stands, or was ``begun``; then it is told."""
        last = next(reversed(self.delivered.of(name, key)), None)
        if last is None:
            return False
        stands = self.delivered.finished(last) and last.action not in self.delivered.cancelled
        if stands or begun:
            self._known(last)
        return stands or begun

    @staticmethod
    def _name(mapping: CompiledMapping, key: str, earlier: int) -> str:
        return f"{mapping.spec.name}-{key}" + (f"-{earlier + 1}" if earlier else "")

    def _action(
        self,
        mapping: CompiledMapping,
        key: str,
        row: Row,
        rendered: Rendered,
        earlier: int,
        begun: str | None,
    ) -> Action:
        facts: dict[str, Any] = {}
        if rendered.confirm:
            facts["confirm"] = rendered.confirm
        staged = target(mapping.spec.target).calls.get("staged")
        if mapping.spec.renews and (replaced := self.delivered.replaced(key, staged)):
            facts["replaces"] = replaced
        return Action(
            self._name(mapping, key, earlier), mapping.spec.name, mapping.spec.target, key,
            case_of(row), (), rendered.document or {}, rendered.identity, rendered.then,
            facts=facts, adopted=begun,
        )  # fmt: skip


def _some(named: list[str]) -> str:
    more = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def after_orders(plan: Plan) -> dict[str, bool]:
    """Of each order of the plan whether nothing is open any more."""
    done = {case.case: True for case in plan.orders.values()}
    for one in plan.outcomes:
        if one.payout in done and one.state not in CLOSED:
            done[one.payout] = False
    return {key: done[case.case] for key, case in plan.orders.items()}
