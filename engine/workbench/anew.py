"""Traces made whole again: named values, rows of tables and the document, worked out anew.

Reads what a trace keeps (``engine.plan.kept_traces``), what the plan was made with, and the intent
of the document; compiles the rules as they were, with the merchant's file as it was and the
registers' answers as they were given. Where what comes out is not what was to be sent, the trace
says so. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import Any, cast

from .. import json_text
from ..errors import FileError, ItemError, UsageError
from ..language.program import Books, CompiledMapping, Program
from ..language.required_columns import LINE
from ..merchant.load import Merchant, of_file
from ..plan.entities import ENTITIES
from ..plan.kept_traces import UNTOLD, WITH, as_kept, is_null
from ..plan.long_traces import short
from ..plan.made_with import MadeWith, read_made_with
from ..plan.model import Plan
from ..plan.order_outcomes import OrderOutcomes
from ..plan.order_rows import Rows
from ..plan.reasons import told_hits
from ..store.books import Asked, read_books
from ..store.database import Store
from ..yamlfile import parse
from .decided import Decided
from .explained import restored
from .kept import AS_IT_WAS, Kept

Row = dict[str, Any]
# Why something of a trace can't be had again.
UNREADABLE = (
    "what follows can't be worked out anew: the rules that it was made by, or the merchant's file, "
    "are of another version of the program"
)
UNMADE = "worked out anew, no document comes of this any more"

INTENTS = "SELECT rowid AS place, noted_at, document, facts FROM ledger.action WHERE action = ?"


class Anew:
    """Held open over one look at a database; what was compiled once is kept."""

    def __init__(self, store: Store, merchant: Merchant) -> None:
        self.store, self.merchant = store, merchant
        self.known: dict[str, tuple[Program, Books] | None] = {}
        self.of_file: dict[str, Kept | None] = {}

    def trace(self, outcome: Row, intents: Sequence[Row] | None = None) -> Row:
        """The whole trace of a row of ``ledger.outcome``. ``differs`` says what of it comes out
        otherwise now, or can't be had again, where anything does. ``intents`` are the rows of
        ``ledger.action`` of its action, with their row id as place, where they are at hand."""
        kept: Row = json_text.decode(outcome["trace"])
        return self.whole(outcome, kept, intents) if WITH in kept else as_kept(kept)

    def when_asked(self, outcome: Row) -> Mapping[str, Any]:
        """The same, where what was left out is worked out once it is asked for."""
        kept: Row = json_text.decode(outcome["trace"])
        about = {name: one for name, one in outcome.items() if name != "trace"}
        return WhenAsked(self, about, kept) if WITH in kept else kept

    def whole(self, outcome: Row, kept: Row, intents: Sequence[Row] | None = None) -> Row:
        """A trace that names what its plan was made with, whole."""
        if intents is None:
            intents = self.store.rows(INTENTS, [outcome["action"]])
        anew = self._worked_out(outcome, kept, intents)
        whole = {name: anew.get(name) if is_null(kept, name) else one
                 for name, one in kept.items()
                 if name not in UNTOLD and (name in anew or not is_null(kept, name))}  # fmt: skip
        return whole | {name: one for name, one in anew.items() if name == "differs"}

    def _worked_out(self, outcome: Row, kept: Row, intents: Sequence[Row]) -> Row:
        """What was left out, as far as it can be had again."""
        intent = intended(outcome["noted_at"], intents)
        document, facts = (json_text.decode(intent[name]) for name in ("document", "facts"))
        told: Row = {"document": document}
        found = self._made_with(kept[WITH])
        mapping = found[0].mappings.get(outcome["mapping"]) if found else None
        if found is None or mapping is None:
            return told | {"differs": UNREADABLE}
        program, books = found
        given = Decided(
            outcome["mapping"], outcome["source"], outcome["state"], outcome["reason"], kept,
            outcome["action"], None, document, None, None, facts, None, None,
        )  # fmt: skip
        inputs = restored(self.store, program, mapping, given, books)
        try:
            made = mapping.render(inputs, traced=True)
        except ItemError as error:
            return told | {"differs": f"{UNMADE}: {error.told()}"}
        if made.trace is None or made.document is None:
            return told | {"differs": UNMADE}
        told["lets"] = {name: short(value) for name, value in made.trace.lets.items()}
        hits = self._hits(program, books, mapping, inputs, document or {})
        told["tables"] = [*hits, *told_hits(made.trace.tables)]
        other = differing(document or {}, made.document)
        return told | ({"differs": other} if other else {})

    def _hits(
        self, program: Program, books: Books, mapping: CompiledMapping, inputs: Row, document: Row
    ) -> list[list[str]]:
        """The rows of tables behind the derived columns of what the mapping was given."""
        spec = mapping.spec
        source = inputs[spec.alias]
        if spec.entity == LINE:
            return told_hits(program.trace_derive(LINE, source, books)[1])
        if spec.entity not in ENTITIES:
            return []
        orders = [str(source["OrderId"])] if source.get("OrderId") is not None else []
        rows = Rows(self.store, program, books, orders)
        return OrderOutcomes(program, books, Plan(""), rows).hits_behind(
            mapping, source, inputs, document
        )

    def _made_with(self, digest: str) -> tuple[Program, Books] | None:
        """The rules and the registers of a plan; None where they can't be read any more."""
        if digest not in self.known:
            made = read_made_with(self.store, digest)
            kept = self._of_file(made) if made else None
            program = kept.under(made.rules) if kept and made else None
            self.known[digest] = None
            if program is not None and made is not None:
                books = cast(Books, AsAnswered(self.store, made.asked))
                self.known[digest] = program, books
        return self.known[digest]

    def _of_file(self, made: MadeWith) -> Kept | None:
        """The merchant as its file declared it then, with the rules that were kept."""
        if made.file not in self.of_file:
            self.of_file[made.file] = self._kept(made.file)
        return self.of_file[made.file]

    def _kept(self, text: str) -> Kept | None:
        path = self.merchant.file.path
        if text == self.merchant.file.text:
            return Kept(self.store, self.merchant, {})
        try:
            file = parse(text, f"{path}{AS_IT_WAS}")
            then = of_file(file, self.merchant.path, {}, needs_secrets=False)
            then.mapping_folder  # noqa: B018 — raises where it has gone
        except (FileError, UsageError):
            return None
        return Kept(self.store, then, {})


class AsAnswered:
    """The registers as they answered then. What nobody asked them is asked of those of now, which
    are read for it: a shop has many articles."""

    def __init__(self, store: Store, asked: Asked) -> None:
        self.store, self.asked = store, asked

    def __getattr__(self, question: str) -> Any:
        return partial(self._answer, question)

    def _answer(self, question: str, *given: Any) -> Any:
        try:
            return self.asked[question, *given]
        except KeyError:
            return getattr(self._now, question)(*given)

    @cached_property
    def _now(self) -> Books:
        return read_books(self.store)


class WhenAsked(Mapping[str, Any]):
    """A trace of which nothing is worked out before that is asked for."""

    def __init__(self, anew: Anew, outcome: Row, kept: Row) -> None:
        self.anew, self.outcome, self.kept = anew, outcome, kept

    @cached_property
    def whole(self) -> Row:
        return self.anew.whole(self.outcome, self.kept)

    def __getitem__(self, name: str) -> Any:
        return self.whole[name] if is_null(self.kept, name) else self.kept[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    def __len__(self) -> int:
        return len(self.whole)


def intended(at: datetime, intents: Sequence[Row]) -> Row:
    """What was to be sent when an outcome was noted; after a run that was cut off the next wrote
    it."""
    nearest = min(
        intents,
        key=lambda one: (one["noted_at"] > at, abs(one["noted_at"] - at), -one["place"]),
        default=None,
    )
    return nearest or {"document": "null", "facts": "{}"}


def differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which fields of a document come out otherwise now, in a sentence; empty where none does."""
    told = ", ".join(
        f"{name} {json_text.encode(now.get(name))}, not {json_text.encode(was.get(name))}"
        for name in dict.fromkeys([*was, *now])
        if json_text.canonical(was.get(name)) != json_text.canonical(now.get(name))
    )
    if not told:
        return ""
    return f"worked out anew, its document has other values: {told}"
