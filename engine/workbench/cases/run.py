"""Runs a case: ``run(case, program) -> verdict``. No server, no clock; no database, but for flows.

Reads a case and a program of its set; derives the given rows, evaluates the mapping (or asks the
table, or the entity; or plans flows), and holds what came out against what is expected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from ...errors import ItemError
from ...language.declared_filters import Refused
from ...language.mutations import as_it_is
from ...language.program import CompiledRelated, NotYet, Program, Rendered
from ...plan.evaluation import NOTHING, Stopped, judged, rendered
from ...plan.reasons import FAILED
from . import compare, flow, rows
from .books import CaseBooks, books_of
from .case import Case, Verdict
from .rules import Rules
from .servers import Servers, opened

# What the match of a payment gives where it took all of a line, and nothing is said of it.
WHOLE = {"rest": Decimal(0), "difference": Decimal(0), "outcome": "exact", "document": None}

# What is known of the card of a customer that is to be made first.
NO_CARD: Mapping[str, Any] = {"CustomerNumber": None, "VATType": None}


def run(
    case: Case,
    program: Program,
    snapshot: Mapping[str, Any] | None = None,
    servers: Callable[[], Servers] = opened,
) -> Verdict:
    """The verdict on a case. ``snapshot`` is what was kept of it, where it is compared with that;
    without one nothing was, and that is a difference. ``servers`` gives what is to hold what a
    case of flows gives."""
    if case.kind == "flow":
        return flow.judged(case, program, snapshot, servers())
    made, rules = _MADE[case.kind](case, program)
    return Verdict(case, made, tuple(compare.differences(case, made, rules, snapshot)))


# A mapping ----------------------------------------------------------------------------------------
def of_mapping(case: Case, program: Program) -> tuple[dict[str, Any], Rules]:
    """What becomes of the source under the mapping: outcome, reason, document."""
    mapping = program.mappings[case.of]
    spec, books = mapping.spec, books_of(case.books)
    staged = _Rows(case, program, books)
    try:
        staged.join(spec.related, mapping.related, spec.alias, spec.entity)
        source = staged.of(spec.entity)[0]
        inputs: dict[str, Any] = {
            spec.alias: source, "books": books, "match": {}, "earlier": case.given.get("earlier", 0)
        }  # fmt: skip
        for need in spec.needs:
            facts = case.named.get(need)
            inputs[need] = None if facts is None else {**NOTHING, **_exact(facts)}
        if spec.card is not None:
            inputs["card"] = case.named.get("card") or NO_CARD
        for alias in spec.match:
            document = inputs[alias] = case.named.get(alias)
            given = _exact(case.given.get("match", {}).get(alias, {}))
            number = (document or {}).get("DocumentNumber")
            inputs["match"][alias] = {**NOTHING, **WHOLE, "document": number, **given}
        if mapping.at_once and not mapping.applies(inputs):
            return {"outcome": "none"}, Rules()
        for alias in spec.related:
            inputs[alias] = staged.chosen(mapping.related[alias], inputs)
        if not mapping.applies(inputs):
            return {"outcome": "none"}, Rules()
        nothing = mapping.nothing(inputs)
    except ItemError as error:
        return _stopped("parked", error.told()), Rules(place=error.place)
    if nothing is not None:
        return _stopped(FAILED["done"][0], nothing), Rules()
    if spec.match and (alone := source.get("unmatched")):
        return _stopped("parked", str(alone)), Rules()
    return _rendered(case, program, inputs)


def _rendered(case: Case, program: Program, inputs: dict[str, Any]) -> tuple[dict[str, Any], Rules]:
    mapping = program.mappings[case.of]
    made: Rendered | Stopped = rendered(mapping, inputs)
    if isinstance(made, Rendered):
        made = judged(mapping, inputs, made)
    if isinstance(made, Stopped):
        return _stopped(made.state, made.because), Rules(told=made.trace.get("place", ""))
    result = {
        "outcome": "planned",
        "document": made.document,
        "covers": made.covers,
        "moves": made.moves,
        "then": list(made.then),
        "confirm": {
            name: {"is": wanted, "within": within}
            for name, (wanted, within) in (made.confirm or {}).items()
        },
        "warnings": [one.because for one in made.warnings],
    }
    return result, Rules(program, mapping.spec, inputs, made)


def _stopped(state: str, because: str) -> dict[str, Any]:
    return {"outcome": state, "because": because}


def _exact(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts with numbers as amounts."""
    return {
        name: Decimal(one) if isinstance(one, int) and not isinstance(one, bool) else one
        for name, one in facts.items()
    }


# A table, an entity -------------------------------------------------------------------------------
def of_table(case: Case, program: Program) -> tuple[dict[str, Any], Rules]:
    """The row that decides and what it gives, or the error where none does."""
    spec = program.mapping_set.tables[case.of]
    key = tuple(
        rows.typed_input(case.given.get(name), type_) for name, type_ in spec.inputs.items()
    )
    try:
        outputs, hit = program.tables[case.of].hit(key)
    except (Refused, ItemError) as error:
        told = error.told() if isinstance(error, ItemError) else str(error)
        return {"because": told.removeprefix(f"tables.{case.of}: ")}, Rules(place=spec.place)
    row: int | str = hit.row
    if isinstance(row, int) and not spec.rows_from:
        row = next((one.id or row for one in spec.rows if one.number == row), row)
    return {"row": row, "number": hit.row, "gives": dict(outputs)}, Rules(place=hit.place)


def of_entity(case: Case, program: Program) -> tuple[dict[str, Any], Rules]:
    """The derived columns of the row."""
    spec, compiled = program.mapping_set.entities[case.of], program.entities[case.of]
    staged = _Rows(case, program, books_of(case.books))
    try:
        staged.join(spec.related, compiled.related, spec.alias, case.of)
        row = staged.of(case.of)[0]
    except ItemError as error:
        return {"because": error.told()}, Rules(place=error.place)
    columns = {name: row.get(name) for name in spec.derive}
    places = {name: expression.place for name, expression in spec.derive.items()}
    return {"columns": columns}, Rules(places=places)


_MADE = {"mapping": of_mapping, "table": of_table, "entity": of_entity}


class _Rows:
    """The given rows by entity, derived once each when they are first asked for."""

    def __init__(self, case: Case, program: Program, books: CaseBooks) -> None:
        self.program, self.books = program, books
        self.given = {name: [dict(one) for one in listed] for name, listed in case.rows.items()}
        self.derived: set[str] = set()

    def join(
        self, declared: Mapping[str, Any], compiled: Mapping[str, CompiledRelated], alias: str,
        entity: str,
    ) -> None:  # fmt: skip
        """Columns that a row belongs to the source by, and that are not given, are the source's."""
        source = self.given[entity][0]
        for name, one in declared.items():
            columns = self.program.mapping_set.entities.get(one.entity)
            derived = columns.derive if columns else {}
            try:
                with as_it_is():  # a mutation is in what a mapping asks for, not in what is given
                    key = compiled[name].key({alias: source})
            except ItemError:
                continue  # of derived columns: then the rows say themselves whose they are
            for row in self.given.get(one.entity, ()):
                for column, value in zip(one.on, key, strict=True):
                    if column not in derived and row.get(column) is None and row is not source:
                        row[column] = value

    def of(self, entity: str) -> list[dict[str, Any]]:
        """The rows of an entity with their derived columns. Raises ItemError."""
        given, compiled = self.given.get(entity, []), self.program.entities.get(entity)
        if compiled is None or entity in self.derived:
            return given
        self.derived.add(entity)
        late = []
        for row in given:
            try:
                compiled.derive(row, self.books, row, _not_yet)
            except NotYet:
                late.append(row)
        for row in late:
            compiled.derive(row, self.books, row, partial(self.belonging, entity, row))
        return given

    def belonging(self, entity: str, row: Mapping[str, Any], alias: str) -> list[dict[str, Any]]:
        """The rows that belong to an entity's row, as its file declares it."""
        spec = self.program.mapping_set.entities[entity]
        return self.chosen(self.program.entities[entity].related[alias], {spec.alias: row})

    def chosen(self, related: CompiledRelated, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows with the columns and for which the condition holds."""
        if related.never:
            return []
        key = related.key(inputs)
        found = [
            row for row in self.of(related.entity)
            if tuple(row.get(column) for column in related.columns) == key and None not in key
        ]  # fmt: skip
        if related.when is None:
            return found
        return [row for row in found if related.when({**inputs, "it": row})]


def _not_yet(_alias: str) -> list[Any]:
    raise NotYet
