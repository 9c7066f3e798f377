"""The outcomes of orders, each told with its rule, its inputs and the table rows that decided.

Reads rows as mappings were given them, adds outcomes to the plan: without names and addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ..language.program import Books, CompiledMapping, Program
from .found import alike
from .model import OrderCase, Outcome, Plan, Row
from .order_rows import Rows
from .reasons import told_hits

# Columns that tell who somebody is or where they live.
PERSONAL = re.compile(
    r"(Billing|Shipping)(?!CountryCode)|FirstName|LastName|Email|email|MobileNumber|PersonHash|"
    r"by_(person|email)|company$|(first|last)_name|(delivery_)?(address|care|city|name$|person$|second|street|zip)"
)


class OrderOutcomes:
    """The outcomes of a plan's orders as they come about; ``made`` by mapping and source. It is
    told which inputs and table rows decided only where they are ``traced``, and of a document that
    is made what can be worked out anew only where traces are ``whole``."""

    def __init__(
        self, program: Program, books: Books, plan: Plan, rows: Rows, *, traced: bool = True,
        whole: bool = True,
    ) -> None:  # fmt: skip
        self.traced, self.whole = traced, whole
        self.program, self.books, self.plan, self.rows = program, books, plan, rows
        self.made: dict[tuple[str, str], Outcome] = {}
        self.shown: dict[int, tuple[Row, Row]] = {}  # rows by identity, as they are told
        self.hits: dict[tuple[Any, ...], list[list[str]]] = {}  # by what rows say

    def add(
        self,
        mapping: CompiledMapping,
        key: str,
        row: Row,
        state: str,
        code: str,
        reason: str,
        trace: Mapping[str, Any] | None = None,
        action: str | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        """What becomes of a source under a mapping, with all that was known of it."""
        spec, told = mapping.spec, trace or {}
        if self.traced:
            told = self._told(mapping, row, told, inputs or {spec.alias: row})
        self.put(Outcome(spec.name, key, case_of(row), state, code, reason, (), action, told))

    def _told(
        self,
        mapping: CompiledMapping,
        row: Row,
        trace: Mapping[str, Any],
        inputs: Mapping[str, Any],
    ) -> dict[str, Any]:
        """A whole trace: the rule, the inputs and the table rows that decided, beside what is told
        of the document itself."""
        shown = {
            alias: self._impersonal(value)
            for alias, value in inputs.items()
            if alias not in ("books", "match", "earlier")
        }
        told = {"rule": str(mapping.spec.source.place(())), "inputs": shown, **trace}
        hits = trace.get("tables", ())
        if hits is not None:
            behind = self.hits_behind(mapping, row, inputs, trace.get("document", {}))
            told["tables"] = [*behind, *hits]
        return told

    def hits_behind(
        self,
        mapping: CompiledMapping,
        row: Row,
        inputs: Mapping[str, Any],
        document: Mapping[str, Any],
    ) -> list[list[str]]:
        """The table rows behind the derived columns of what a document is made of."""
        spec = mapping.spec
        hits = [*self.tables_of(spec.entity, row)]
        if any(isinstance(value, list) for value in document.values()):
            # The account of a document's row is decided where its line is read.
            for alias, related in spec.related.items():
                for one in inputs.get(alias, ()):
                    hits += [hit for hit in self.tables_of(related.entity, one) if hit not in hits]
        return hits

    def tables_of(self, entity: str, row: Row) -> Sequence[list[str]]:
        """The table rows behind the derived columns of a row, as they are told. They are the same
        for rows that say the same, unless others were asked of one."""
        if row["problem"] or entity not in self.program.entities:
            return ()
        key = (entity, *map(row.__getitem__, alike(self.program, entity)))
        known = self.hits.get(key) if len(key) > 1 else None
        if known is not None:
            return known
        others: list[str] = []

        def belonging(alias: str) -> list[Row]:
            others.append(alias)
            return self.rows.belonging(entity, row, alias)

        hits = told_hits(self.program.trace_derive(entity, row, self.books, belonging)[1])
        if len(key) > 1 and not others:
            self.hits[key] = hits
        return hits

    def _impersonal(self, value: Any) -> Any:
        """What a mapping was given, as it is told: without names and addresses, which only
        documents need. A row that many outcomes tell of is the same in each."""
        if isinstance(value, list):
            return [self._impersonal(one) for one in value]
        if not isinstance(value, dict):
            return value
        known = self.shown.get(id(value))
        if known is None:
            told = {name: value[name] for name in _impersonal_of(tuple(value))}
            known = self.shown[id(value)] = value, told
        return known[1]

    def put(self, outcome: Outcome) -> None:
        """To the plan."""
        self.made[outcome.mapping, outcome.source] = outcome
        self.plan.outcomes.append(outcome)


@cache
def _impersonal_of(columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in columns if PERSONAL.match(name) is None)


def case_of(row: Row) -> str:
    """The case that a row belongs to."""
    return OrderCase.named(row["OrderId"])
