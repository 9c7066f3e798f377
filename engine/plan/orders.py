"""Plans what becomes of orders: of each, its captures and refunds, one document by each mapping.

Reads staged orders and what belongs to them, the ledger and the registers; adds outcomes and
actions to the plan. What is delivered is recognised and left alone; what stands in the target
from elsewhere is found by the mapping's match and adopted or left to a person, as it declares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ..error_catalogue import Catalogue
from ..errors import ItemError
from ..garbage import without_garbage_collection
from ..language.program import CompiledMapping, Program
from ..language.targets import target
from ..stage import orders_of_others
from ..store.books import Books
from ..store.database import Store
from ..store.ledger import Action
from .customer_cards import Cards
from .delivered import Delivered
from .entities import ENTITIES, LISTED
from .evaluation import NOTHING, Sources, evaluate
from .existing import Unread
from .made_elsewhere import strangers
from .made_for_others import make_first
from .model import Need, Outcome, Plan, Row
from .order_documents import make_document
from .order_matches import look_up
from .order_outcomes import OrderOutcomes
from .order_rows import Rows
from .reasons import FAILED, not_read, state_of, stopped_at
from .states import CLOSED

MAKING = {"orders", "invoices"}  # the flows that write what another connector may write too
MOST_NAMED = 5  # sources that a warning names
# States of what an order waits for, in words.
NOT_YET = {
    "planned": "is to be posted first", "adopted": "is to be taken over first",
    "waiting": "waits", "parked": "is parked",
}  # fmt: skip


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
    traced: bool = True,
    whole: bool = True,
    derived: dict[str, list[Row]] | None = None,
) -> None:
    """Outcomes and actions of the plan's orders, by every mapping of which a flow is on.

    With ``again`` nothing has been read since the last plan of this run: what was sent since its
    source was read is not followed by another document of the same source.
    """
    wanted = set(flows) - {"payouts"}
    on = [one for one in program.mappings.values()
          if wanted & set(one.spec.flows) and not one.spec.needs_proof]  # fmt: skip
    makers = [one for one in on if one.spec.made_for]
    planning = Orders(store, program, settings, books, catalogue, plan, makers, again=again,
                      traced=traced, whole=whole, derived=derived)  # fmt: skip
    with without_garbage_collection():
        for mapping in on:
            if not mapping.spec.made_for:
                evaluate(mapping, planning)
    plan.warnings += [f"{text} ({_some(named)})" for text, named in planning.warned.items()]
    if wanted & MAKING and not again and traced:
        plan.warnings += strangers(store, settings)
    if orders_of_others.wanted(wanted) and not again:
        plan.warnings += orders_of_others.unknown_at_qliro(store, settings, wanted)


class Orders:
    """Planning under way: rows by entity, what is delivered, what mappings know of each other."""

    def __init__(
        self,
        store: Store,
        program: Program,
        settings: Mapping[str, Any],
        books: Books,
        catalogue: Catalogue,
        plan: Plan,
        made_for_others: list[CompiledMapping],
        *,
        again: bool,
        traced: bool = True,
        whole: bool = True,
        derived: dict[str, list[Row]] | None = None,
    ) -> None:
        self.again = again
        self.store, self.program, self.settings, self.books = store, program, settings, books
        self.catalogue, self.plan = catalogue, plan
        self.delivered = Delivered(store, [case.case for case in plan.orders.values()])
        self.rows = Rows(store, program, books, plan.orders, derived)
        self.outcomes = OrderOutcomes(program, books, plan, self.rows, traced=traced, whole=whole)
        self.tell = self.outcomes.add
        self.unread = Unread(store)
        self.cards = Cards(store, replayed=self.unread.replayed)
        self.owned: dict[str, dict[str, str]] = {}
        self.warned: dict[str, list[str]] = {}
        self.made_for_others = made_for_others
        self.later = frozenset(one.spec.name for one in made_for_others)
        self.keys: dict[str, list[tuple[str, Row]]] = {}
        self.asked: tuple[str, Collection[str]] = "", ()  # of which mapping what was matched last
        self.resolved = {row["line"]: row for row in store.rows("SELECT * FROM ledger.resolved")}

    # -- mappings -------------------------------------------------------------------------------

    def sources(self, mapping: CompiledMapping) -> Iterator[Sources]:
        """All that ask for a document and find none that is known."""
        for one in self._makers(mapping):
            self.keyed(one)  # what is made already is known to this one
        yield self.asking(mapping)

    def resolve(self, mapping: CompiledMapping, sources: Sources) -> None:
        """What each refers to, whose card its document goes by, and what is made for it first."""
        for alias in mapping.match:
            look_up(self, mapping, alias, sources)
        self._cards(mapping, sources)
        if makers := self._makers(mapping):
            make_first(self, mapping, sources, makers)

    def make(self, mapping: CompiledMapping, key: str, sources: Sources) -> None:
        """The document of a source; where one stands, what is left to be done of it."""
        make_document(self, mapping, key, sources)

    def _makers(self, mapping: CompiledMapping) -> list[CompiledMapping]:
        """The mappings that make something for the documents of this one."""
        spec = mapping.spec
        return [one for one in self.made_for_others
                if spec.name in one.spec.made_for or one.spec.name in spec.needs]  # fmt: skip

    def keyed(self, mapping: CompiledMapping) -> list[tuple[str, Row]]:
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

    def asking(self, mapping: CompiledMapping, orders: Collection[int] | None = None) -> Sources:
        """The sources that ask for a document; with ``orders`` only of those, beside what was begun
        before."""
        sources, name = Sources(), mapping.spec.name
        for key, row in self.keyed(mapping):
            if key in sources.asking or (name, key) in self.outcomes.made:
                continue
            if orders is None or row["OrderId"] in orders or self.delivered.of(name, key):
                self._consider(mapping, key, row, sources)
        return sources

    def _cards(self, mapping: CompiledMapping, sources: Sources) -> None:
        """The customer's card that each document goes by; sources of one that must be read first
        drop out."""
        for key, card in self.cards.of(mapping, sources.asking).items():
            inputs = sources.asking[key]
            inputs["card"] = card.row
            if card.unread and not self.unread.replayed:
                told = self.ask("fortnox.customer", str(card.number))
                self.tell(mapping, key, inputs[mapping.spec.alias], "waiting", "unread", told)
                del sources.asking[key]

    # -- sources --------------------------------------------------------------------------------

    def _consider(self, mapping: CompiledMapping, key: str, row: Row, sources: Sources) -> None:
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
            self.known((open_ or known)[-1])
            return
        inputs = self.inputs(mapping, row, len(known))
        try:
            if not self.is_for(mapping, inputs):
                if known:
                    self.made_before(name, key, begun=self.again and not let_go)
                return
            nothing = mapping.nothing(inputs)
        except ItemError as error:
            self.tell(mapping, key, row, "parked", "mapping-error", error.told(), stopped_at(error))
            return
        if decided is not None and ignored:
            why = decided["reason"] or "a person said so"
            self.tell(mapping, key, row, "ignored", "ignored", why)
        elif failed and not self.delivered.retried(open_[-1], decided):
            self.known(open_[-1])
        elif nothing is not None:
            self.nothing(mapping, key, row, nothing)
        elif (problem := row["problem"] or self._spoiled(mapping, inputs)) is not None:
            self.tell(mapping, key, row, "parked", "unreadable", problem)
        elif (missing := self._missing(mapping, inputs)) is not None:
            self.tell(mapping, key, row, "waiting", "unread", missing)
        elif (first := self._before(mapping, row)) is not None:
            self.tell(mapping, key, row, "waiting", "not-ready", first)
            sources.held[key] = row
        else:
            sources.asking[key] = inputs

    def is_for(self, mapping: CompiledMapping, inputs: dict[str, Any]) -> bool:
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
                told = self.ask(name, str(row[ENTITIES[name].id]))
        return told

    def ask(self, entity: str, key: str) -> str:
        """Ask for the page of a row; the sentence says what is waited for."""
        self.plan.unread.append(Need(ENTITIES[entity].need, key))
        return not_read(f"{ENTITIES[entity].called} {key}", again=self.again)

    @staticmethod
    def _spoiled(mapping: CompiledMapping, inputs: Mapping[str, Any]) -> str | None:
        """Why one of its related rows can't be read, if one can't."""
        rows = (row for alias in mapping.spec.related for row in inputs[alias])
        return next((row["problem"] for row in rows if row["problem"]), None)

    def known(self, action: Action) -> None:
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

    def nothing(
        self,
        mapping: CompiledMapping,
        key: str,
        row: Row,
        why: str,
        trace: Row | None = None,
        inputs: dict[str, Any] | None = None,
    ) -> None:
        """Nothing is to be made: done, or what was made before, which goes on being told."""
        if not self.made_before(mapping.spec.name, key):
            self.tell(mapping, key, row, *FAILED["done"], why, trace, inputs=inputs)

    def made_before(self, name: str, key: str, *, begun: bool = False) -> bool:
        """Whether the last document of a source stands, or was ``begun``; then it is told."""
        last = next(reversed(self.delivered.of(name, key)), None)
        if last is None:
            return False
        stands = self.delivered.finished(last) and last.action not in self.delivered.cancelled
        if stands or begun:
            self.known(last)
        return stands or begun

    def inputs(self, mapping: CompiledMapping, row: Row, earlier: int) -> dict[str, Any]:
        """What the mapping may name but for the rows that belong to its source, and its matches."""
        spec = mapping.spec
        inputs: dict[str, Any] = {
            spec.alias: row, "books": self.books, "match": {}, "earlier": earlier,
        }  # fmt: skip
        for need in spec.needs:
            inputs[need] = self.made(need, row)
        return inputs

    def made(self, need: str, row: Row) -> dict[str, Any] | None:
        """What a needed mapping made of it, once all of that stands."""
        key = self.rows.source_of(need, row)
        if key is None:
            return None
        made = self.delivered.last(need, key)
        return {**NOTHING, **made} if made else None

    def _before(self, mapping: CompiledMapping, row: Row) -> str | None:
        """What has to come first, but for what is made for it, or None."""
        told = self.first(row, (one for one in mapping.spec.needs if one not in self.later))
        if told is not None or self.unread.replayed:
            return told
        stream = LISTED.get(mapping.spec.target, "")
        if stream and stream not in self.unread.streams:
            return f"Fortnox's {stream} could not be read yet"
        return None

    def first(self, row: Row, needs: Iterable[str]) -> str | None:
        """Which of the ``needs`` has to come first, or None when nothing stands in the way."""
        for need in needs:
            key = self.rows.source_of(need, row)
            outcome = self.outcomes.made.get((need, key or ""))
            if outcome is None or (outcome.state == "adopted" and self.made(need, row)):
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
