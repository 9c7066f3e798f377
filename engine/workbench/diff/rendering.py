"""The later version's plan, made of the earlier one's: documents are rendered again, not planned.

What becomes of a source is decided by its rows, by what they match, by what the ledger holds, and
by whether a document of it can be rendered. Where a change reaches no more of that than the
documents (``Reached.rendered``), each document that the earlier version rendered is rendered by the
later one of the same inputs. If there is one then too, or none for the same reason, all else is as
it was; the orders of which that can't be said are planned under both versions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from msgspec import structs

from ...errors import ItemError
from ...language.program import CompiledMapping, Rendered
from ...plan.entities import ENTITIES
from ...plan.evaluation import UNASKED
from ...plan.model import OrderCase, Plan, Row
from ...store.database import Store
from ...store.ledger import Action
from ..versions import Version

Came = Rendered | ItemError
Derived = Mapping[str, Sequence[Row]]  # rows by entity


@dataclass(slots=True)
class Heard:
    """What was rendered while a version was planned: by which mapping, of which inputs, and what
    came of it; of the mappings named alone."""

    mappings: Collection[str]
    made: list[tuple[str, Mapping[str, Row], Came]] = field(default_factory=list)

    def version(self, of: Version) -> Version:
        """The version, heard when it renders."""
        program = of.program
        mappings = {
            name: one.heard(partial(self._hear, name)) if name in self.mappings else one
            for name, one in program.mappings.items()
        }
        return replace(of, program=structs.replace(program, mappings=mappings))

    def _hear(self, name: str, inputs: Mapping[str, Row], came: Came) -> None:
        self.made.append((name, inputs, came))


def rendered_again(
    store: Store,
    plan: Plan,
    heard: Heard,
    after: Version,
    derived: tuple[Derived, Derived],
    fields: Mapping[str, frozenset[str]],
) -> tuple[Plan, set[int]]:
    """The plan under the later version, and the orders of which it can't be told without planning.

    ``derived`` are the rows under both versions, of the entities of which a column may be otherwise
    under the later one; ``fields`` by mapping those of a document that may be, where it is these
    alone.
    """
    odd = set(_odd(store, plan))
    renewed: dict[int, Row] = {}
    for entity, rows in derived[1].items():
        its = ENTITIES[entity].id
        for old, new in zip(derived[0][entity], rows, strict=True):
            renewed[id(old)] = new
            if old["problem"] != new["problem"] or old[its] != new[its]:
                odd.add(old["OrderId"])
    again: dict[int, Rendered] = {}
    for name, inputs, came in heard.made:
        mapping = after.program.mappings[name]
        inputs_then = _renewed(mapping, inputs, renewed) if renewed else inputs
        comes = _rendered(mapping, inputs_then, came, fields.get(name))
        if not _as_well(mapping, (inputs, came), (inputs_then, comes)):
            odd.add(inputs[mapping.spec.alias]["OrderId"])
        elif isinstance(came, Rendered) and isinstance(comes, Rendered) and came.document:
            again[id(came.document)] = comes
    actions = [_again(one, again.get(id(one.document))) for one in plan.actions]
    return replace(plan, actions=actions), odd


def _rendered(
    mapping: CompiledMapping,
    inputs: Mapping[str, Row],
    came: Came,
    fields: frozenset[str] | None,
) -> Came:
    """What comes of it under the later version: where there was a document of which some fields
    alone may be otherwise, it with these."""
    try:
        if fields is None or isinstance(came, ItemError) or not came.document or came.failures:
            return mapping.render(inputs)
        given, document = mapping.fields(fields, inputs), came.document
    except ItemError as error:
        return error
    if given.keys() == document.keys() & fields:
        return came._replace(document={**document, **given})
    others = {name: value for name, value in document.items() if name not in fields}
    all_of_it = {**others, **given}
    names = dict.fromkeys(one.name for one in mapping.spec.document)
    return came._replace(document={name: all_of_it[name] for name in names if name in all_of_it})


def _renewed(
    mapping: CompiledMapping, inputs: Mapping[str, Row], renewed: Mapping[int, Row]
) -> Mapping[str, Row]:
    """The same inputs with the source and the rows that belong to it as the later version has
    them."""
    alias, found = mapping.spec.alias, dict(inputs)
    found[alias] = renewed.get(id(inputs[alias]), inputs[alias])
    for name in mapping.spec.related:
        if name in inputs:
            found[name] = [renewed.get(id(row), row) for row in inputs[name]]  # type: ignore[assignment]
    return found


def _as_well(
    mapping: CompiledMapping,
    before: tuple[Mapping[str, Row], Came],
    after: tuple[Mapping[str, Row], Came],
) -> bool:
    """Whether there is a document under both versions, or none for the same reason."""
    (_, came), (_, comes) = before, after
    if isinstance(came, ItemError) or isinstance(comes, ItemError):
        return isinstance(came, ItemError) and isinstance(comes, ItemError) and (
            came.told() == comes.told()
        )
    if came.failures or comes.failures:
        said = [[(one.state, one.because) for one in of.failures] for of in (came, comes)]
        if said[0] != said[1]:
            return False
    if not came.document or not comes.document:
        return came.document is None and comes.document is None
    broken = mapping.broken(came.document, before[0])
    return broken == mapping.broken(comes.document, after[0])


def _again(action: Action, made: Rendered | None) -> Action:
    """The action with the document of the later version; the very same one where that is equal."""
    if made is None:
        return action
    confirm, facts = made.confirm or None, action.facts
    if confirm != facts.get("confirm"):
        facts = {name: value for name, value in facts.items() if name != "confirm"}
        facts |= {"confirm": confirm} if confirm else {}
    elif made.document == action.document and made.then == action.then:
        return action
    return replace(action, document=made.document or {}, identity=made.identity,
                   then=made.then, facts=facts)  # fmt: skip


def _odd(store: Store, plan: Plan) -> Iterator[int]:
    """The orders that hang on more than whether there is a document: what was refused is held
    against it, and what can't be asked is told with the line that asks."""
    cases = {row["payout"] for row in store.rows(REFUSED)}
    cases |= {one.payout for one in plan.outcomes if one.code == UNASKED}
    return (int(case.removeprefix(OrderCase.named(""))) for case in cases
            if case.startswith(OrderCase.named("")))  # fmt: skip


REFUSED = """
SELECT DISTINCT i.payout
FROM ledger.intent AS i
JOIN ledger.step AS s ON s.action = i.action
WHERE s.step = 'create' AND s.event = 'refused'
"""
