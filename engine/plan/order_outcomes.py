"""The outcomes of orders, each told with its rule, its inputs and the table rows that decided.

Reads rows as mappings were given them, adds outcomes to the plan: without names and addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from ..language.program import CompiledMapping, Program
from ..store.books import Books
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
    told which inputs and table rows decided only where they are ``traced``."""

    def __init__(
        self, program: Program, books: Books, plan: Plan, rows: Rows, *, traced: bool = True
    ) -> None:
        self.traced = traced
        self.program, self.books, self.plan, self.rows = program, books, plan, rows
        self.made: dict[tuple[str, str], Outcome] = {}
        self.shown: dict[int, tuple[Row, Row]] = {}  # rows by identity, as they are told

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
        spec = mapping.spec
        if not self.traced:
            self.put(Outcome(spec.name, key, case_of(row), state, code, reason, (), action,
                             trace or {}))  # fmt: skip
            return
        shown = {
            alias: self._impersonal(value)
            for alias, value in (inputs or {spec.alias: row}).items()
            if alias not in ("books", "match", "earlier")
        }
        hits = self._hits(spec.entity, row)
        made = (trace or {}).get("document", {})
        if any(isinstance(value, list) for value in made.values()):
            # The account of a document's row is decided where its line is read.
            for alias, related in spec.related.items():
                for one in (inputs or {}).get(alias, ()):
                    hits += [hit for hit in self._hits(related.entity, one) if hit not in hits]
        told = {
            "rule": str(spec.source.place(())), "inputs": shown, **(trace or {}),
            "tables": [*hits, *(trace or {}).get("tables", ())],
        }  # fmt: skip
        self.put(Outcome(spec.name, key, case_of(row), state, code, reason, (), action, told))

    def _hits(self, entity: str, row: Row) -> list[list[str]]:
        """The table rows behind the derived columns of a row, as they are told."""
        if row["problem"]:
            return []
        belonging = partial(self.rows.belonging, entity, row)
        return told_hits(self.program.trace_derive(entity, row, self.books, belonging)[1])

    def _impersonal(self, value: Any) -> Any:
        """What a mapping was given, as it is told: without names and addresses, which only
        documents need. A row that many outcomes tell of is the same in each."""
        if isinstance(value, list):
            return [self._impersonal(one) for one in value]
        if not isinstance(value, dict):
            return value
        known = self.shown.get(id(value))
        if known is None:
            told = {name: one for name, one in value.items() if not _is_personal(name)}
            known = self.shown[id(value)] = value, told
        return known[1]

    def put(self, outcome: Outcome) -> None:
        """To the plan."""
        self.made[outcome.mapping, outcome.source] = outcome
        self.plan.outcomes.append(outcome)


@cache
def _is_personal(column: str) -> bool:
    return PERSONAL.match(column) is not None


def case_of(row: Row) -> str:
    """The case that a row belongs to."""
    return OrderCase.named(row["OrderId"])
