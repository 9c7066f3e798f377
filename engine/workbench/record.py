"""A case of what a merchant's stored data became: written as YAML, with nobody's name in it.

Reads a decided document (``engine.workbench.decided``) with what its mapping was given; gives the
text of a file of cases. What is expected is what comes of the case as it is written, so it passes;
where that is not what was decided, it is told or refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .. import json_text
from ..errors import ItemError, UsageError
from ..extract.pseudonym import Pseudonyms
from ..language.catalogue import ID_COLUMNS
from ..language.program import CompiledMapping, NotYet, Program
from ..language.spec import MappingSet
from ..merchant.load import Merchant
from ..personal import called
from ..plan.entities import ENTITIES
from ..plan.evaluation import NOTHING
from ..plan.order_rows import Rows
from ..store.books import Books
from ..store.database import Store
from ..yamlfile import nearest
from .cases.case import Case
from .cases.programs import Programs
from .cases.read import read_cases
from .cases.run import run
from .cases.snapshots import text as written
from .circumstances import Asked, plain, settings_of
from .decided import Decided, decided
from .explained import restored
from .kept import Kept
from .nameless import nameless, pseudonyms
from .recorded_flows import flow_cases
from .seen import entities_of

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The text of a file of cases; ``notes`` are what comes out otherwise than it was sent."""

    text: str
    cases: tuple[str, ...]
    notes: tuple[str, ...]


def record(
    store: Store, merchant: Merchant, ref: str, mapping: str | None = None, *, flow: bool = False
) -> Recorded:
    """A case for each document that ``ref`` names, or that ``mapping`` made or would make of it; of
    those that only a run decides, and with ``flow`` of all, one with all that the servers held.

    Raises UsageError where nothing carries the reference, and where nothing comes of it.
    """
    kept = Kept(store, merchant, {})
    known = kept.present().mapping_set.mappings
    if mapping is not None and mapping not in known:
        what = f"No mapping of the flows that are on is called {mapping!r}."
        raise UsageError(what, nearest(mapping, known))
    mine = [one for one in decided(store, ref) if mapping in (None, one.mapping)]
    names = pseudonyms(store, merchant, kept.present().mapping_set, mine)
    cases: list[Row] = []
    notes: list[str] = []
    refused: list[str] = []
    by_the_run: list[Decided] = []
    for one in mine:
        made = "" if flow else _case(store, merchant, kept, names, one)
        if isinstance(made, str):
            refused.append(made)
            by_the_run.append(one)
        else:
            cases.append(made[0])
            notes += made[1]
    for of_flows in flow_cases(store, merchant, kept.present(), names, ref, by_the_run):
        cases += [of_flows.case] if of_flows.case else []
        notes += of_flows.notes
    if not cases:
        told = dict.fromkeys([*filter(None, refused), *notes])
        asked = "No mapping was" if mapping is None else f"The mapping {mapping} was not"
        what = "; ".join(told) or f"{asked} asked about it."
        raise UsageError(f"Nothing of {ref} can be recorded: {what}")
    text = written({"version": 2, "cases": cases})
    return Recorded(text, tuple(one["case"] for one in cases), tuple(notes))


# -- one case --------------------------------------------------------------------------------------


def _case(
    store: Store, merchant: Merchant, kept: Kept, names: Pseudonyms, one: Decided
) -> tuple[Row, list[str]] | str:
    """A case as plain values and what differs in it; or why there is none."""
    program = kept.present()
    mapping = program.mappings.get(one.mapping)
    of = called(one.mapping, one.source)
    if mapping is None:
        return f"{of}: no flow of its mapping is on"
    if not one.trace.get("inputs"):
        return f"{of}: what its mapping was given is not kept"
    inputs = restored(store, program, mapping, one)
    asked = Asked(_books_then(store, inputs["books"], one))
    entity = ENTITIES.get(mapping.spec.entity)
    rows = None
    if entity is not None and entity.by_order:
        rows = Rows(store, program, asked, [str(inputs[mapping.spec.alias]["OrderId"])])
    given = _given(program, mapping, inputs, rows)
    _asks(program, mapping, inputs | {"books": asked}, given, rows)
    said = _named_rows(names, mapping, given) | _around(names, program.mapping_set, mapping, inputs)
    if settings := settings_of(merchant, program):
        said["settings"] = settings
    if books := asked.differing():
        said["books"] = books
    case: Row = {"case": f"{of}, recorded", "mapping": one.mapping, "given": said}
    programs = Programs(program.mapping_set)
    found = _expected(programs, case, one)
    if isinstance(found, str) and one.document is None and books.get("lacks"):
        # A run tries a document out as if what it waits for were made; a case has to say so.
        supposed = {key: value for key, value in books.items() if key != "lacks"}
        tried = _expected(programs, {**case, "given": {**said, "books": supposed}}, one)
        found = found if isinstance(tried, str) else tried
    return found


def _named_rows(names: Pseudonyms, mapping: CompiledMapping, given: Mapping[str, list[Row]]) -> Row:
    """The rows under the names that the mapping has for them: the source, then what belongs to it
    and what only derived columns ask for, under the entity."""
    spec = mapping.spec
    said: Row = {}
    for entity, found in given.items():
        rows = [plain(nameless(names, entity, row)) for row in found]
        if entity == spec.entity:
            said[spec.alias] = rows.pop(0)
        if rows:
            said[entity] = rows
    return said


MADE_SINCE = """
-- Articles that this program has made since a document was decided: they were not there then.
SELECT DISTINCT e.number
FROM ledger.event AS e
JOIN ledger.action AS a ON a.action = e.action AND a.target = 'fortnox.article'
WHERE e.number IS NOT NULL
  AND e.noted_at >= (SELECT min(noted_at) FROM ledger.action WHERE action = ?)
"""


def _books_then(store: Store, books: Books, one: Decided) -> Books:
    """The merchant's books as they were when a document was decided."""
    since = {number for (number,) in store.tuples(MADE_SINCE, [one.action])}
    return replace(books, articles=books.articles - since, asked={})


def _around(
    names: Pseudonyms, mapping_set: MappingSet, mapping: CompiledMapping, inputs: Mapping[str, Any]
) -> Row:
    """What matches found, how they came out, what needed mappings made, the customer's card."""
    spec, found = mapping.spec, {}
    of = entities_of(spec)
    for alias in spec.match:
        row = inputs.get(alias)
        if isinstance(row, dict):
            staged = _staged(mapping_set, of[alias], row)
            found[alias] = plain(nameless(names, of[alias], staged))
    match = {
        alias: {key: value for key, value in one.items() if value != NOTHING[key]}
        for alias, one in inputs["match"].items()
    }
    made = {need: _made(names, inputs.get(need)) for need in spec.needs}
    parts: Row = {**found, **{need: one for need, one in made.items() if one is not None}}
    if facts := {alias: one for alias, one in match.items() if one and alias in found}:
        parts["match"] = facts
    if inputs["earlier"]:
        parts["earlier"] = inputs["earlier"]
    if spec.card and inputs.get("card"):
        parts["card"] = {
            key: names.field(key.lower(), value) if isinstance(value, str) else value
            for key, value in inputs["card"].items() if value is not None
        }  # fmt: skip
    return {name: plain(value) for name, value in parts.items()}


def _made(names: Pseudonyms, facts: Any) -> Row | None:
    if not isinstance(facts, dict):
        return None
    kept = {key: value for key, value in facts.items() if key in NOTHING and value is not None}
    return {
        key: names.reference(value) if isinstance(value, str) else value
        for key, value in kept.items()
    }


def _given(
    program: Program, mapping: CompiledMapping, inputs: Mapping[str, Any], rows: Rows | None
) -> dict[str, list[Row]]:
    """The rows of each entity, the source's first: those that the mapping was given, and those that
    their derived columns need."""
    spec, of = mapping.spec, entities_of(mapping.spec)
    given: dict[str, list[Row]] = {spec.entity: [inputs[spec.alias]]}
    for alias in spec.related:
        given.setdefault(of[alias], [])
        given[of[alias]] += inputs[alias]
    queue = [(entity, row) for entity, found in given.items() for row in found]
    while queue:
        entity, row = queue.pop()
        known = program.mapping_set.entities.get(entity)
        for alias, related in known.related.items() if known and rows else ():
            assert rows is not None  # noqa: S101 — seen above
            more = rows.belonging(entity, row, alias)
            there = given.setdefault(related.entity, [])
            fresh = [one for one in more if not _stands(related.entity, one, there)]
            there += fresh
            queue += [(related.entity, one) for one in fresh]
    return {entity: [_staged(program.mapping_set, entity, one) for one in _each_once(entity, found)]
            for entity, found in given.items() if found}  # fmt: skip


def _same_row(entity: str, one: Row, other: Row) -> bool:
    column = ID_COLUMNS.get(entity, "")
    return bool(column) and one.get(column) == other.get(column)


def _stands(entity: str, row: Row, among: list[Row]) -> bool:
    return any(_same_row(entity, row, other) for other in among)


def _each_once(entity: str, rows: list[Row]) -> list[Row]:
    once: list[Row] = []
    for row in rows:
        if not _stands(entity, row, once):
            once.append(row)
    return once


def _staged(mapping_set: MappingSet, entity: str, row: Row) -> Row:
    """The columns of a row as they are staged: those that hold something, or always must."""
    spec = mapping_set.entities.get(entity)
    derived = spec.derive if spec else {}
    return {
        name: row.get(name)
        for name, type_ in mapping_set.columns[entity].items()
        if name not in derived and (row.get(name) is not None or not type_.optional)
    }


# -- what comes of it ------------------------------------------------------------------------------


def _expected(programs: Programs, case: Row, one: Decided) -> tuple[Row, list[str]] | str:
    """The case with what comes of it; or why that is not what was decided."""
    read = _read(written({"version": 2, "cases": [{**case, "expect": {"outcome": "planned"}}]}),
                 programs.mapping_set)  # fmt: skip
    made = run(read, programs.of(read)).made
    of = called(one.mapping, one.source)
    outcome, because = made["outcome"], made.get("because", "")
    by_the_run = f"{of}: {one.reason}; that is decided by the run, not by its mapping"
    if outcome == "planned":
        if one.document is None:
            return by_the_run
        expect: Row = {"whole_document": plain(dict(made["document"]))}
        expect |= {key: list(made[key]) for key in ("warnings", "covers", "moves", "then")
                   if made[key]}  # fmt: skip
        return {**case, "expect": plain(expect)}, list(_differing(of, one, made["document"]))
    if one.document is not None:
        return f"{of}: the case comes out as {outcome}: {because}"
    if outcome != one.state or because not in one.reason:
        return by_the_run
    return {**case, "expect": {"outcome": outcome, "because": because}}, []


def _read(text: str, mapping_set: MappingSet) -> Case:
    """A case as it is read from its file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tests" / "recorded.yaml"
        path.parent.mkdir()
        path.write_text(text, "utf-8")
        (read,) = read_cases(mapping_set, [Path(folder)])
    return read


def _differing(of: str, one: Decided, made: Mapping[str, Any]) -> Iterator[str]:
    """Fields that come out otherwise than they were sent; texts are another's, and are no news."""
    for name, value in (one.document or {}).items():
        if isinstance(value, list | str):
            continue
        if json_text.canonical(made.get(name)) != json_text.canonical(value):
            yield f"{of}: {name} is {made.get(name)} in the case, {value} was sent"


def _asks(
    program: Program, mapping: CompiledMapping, inputs: Mapping[str, Any],
    given: Mapping[str, list[Row]], rows: Rows | None,
) -> None:  # fmt: skip
    """Derive and ask all once more, so that it is known which questions they have for the books."""
    for entity, found in given.items():
        derived = program.entities.get(entity)
        for row in found if derived else ():
            assert derived is not None  # noqa: S101 — seen above
            more = (partial(rows.belonging, entity, row),) if rows else ()
            with suppress(ItemError, NotYet, KeyError):
                derived.derive(row, inputs["books"], None, *more)
    with suppress(ItemError):
        mapping.render(inputs, traced=True)
