"""Explains fields of the documents that a reference names: by which rule, from what, since when.

Reads what is stored of each (``engine.workbench.decided``), compiles the rules that it was made by
and works it out anew; writes nothing, asks no server. Where what comes out is not what was sent,
that is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from .. import json_text
from ..errors import ItemError, Place, UsageError
from ..language.laid import Change
from ..language.program import Books, CompiledMapping, NotYet, Program
from ..language.spec import Field
from ..mappings import present_texts
from ..merchant.load import Merchant
from ..plan.entities import ENTITIES
from ..plan.evaluation import NOTHING
from ..plan.kept_traces import EARLIER
from ..plan.long_traces import as_staged, is_short
from ..plan.order_rows import Rows
from ..report.rules_since import Since
from ..store.books import read_books
from ..store.database import Store
from .decided import Decided, decided, typed
from .fields import FieldPath, accounts_of, at, known_paths, meant, text_of
from .kept import Kept
from .origins import Origins
from .seen import UNSEEN, Evaluator, Frame, entities_of, of_mapping, with_lets
from .values import Explainer, Value

MOST = 12  # values that are told of one field
WHOLE = 40  # values of a row
MOST_NEAR = 3  # names that are near one that is not known


@dataclass(frozen=True, slots=True)
class Explained:
    """A field of a document: ``value`` explains it; of what got no document it is the check that
    keeps it from being made, None where that is something else.

    ``sent`` is what was sent of it, ``anew`` what comes out now where that is not the same;
    ``changed`` are the places in which the mapping reads otherwise now, ``now`` what the rules of
    now give where they give another; ``doubt`` says why something could not be worked out.
    ``alike`` are further fields with the same value by the same rules; ``refused`` says that the
    document was sent again without the field, because the target had refused it.
    """

    decided: Decided
    field: str
    value: Value | None
    sent: Any = None
    anew: Any = UNSEEN
    present: bool = True
    changed: tuple[str, ...] = ()
    now: Any = UNSEEN
    doubt: str = ""
    alike: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """All that is explained; ``further`` values were counted and left out."""

    ref: str
    asked: str
    values: tuple[Explained, ...]
    further: int


def explain_field(store: Store, merchant: Merchant, ref: str, asked: str) -> Found:
    """The fields called ``asked`` of the documents that ``ref`` names.

    Raises UsageError where nothing carries the reference, and where none of its documents has such
    a field; then it names the nearest ones.
    """
    kept = Kept(store, merchant, {})
    mine = decided(store, ref)
    programs = {id(one): kept.under(one.digest) or kept.present() for one in mine}
    wanted: list[tuple[int, Decided, list[FieldPath]]] = []
    for one in mine:
        mapping = programs[id(one)].mappings.get(one.mapping)
        text = _own(asked, one.mapping)
        if mapping is not None and text is not None:
            rank, paths = meant(text, one.document, mapping.spec)
            # What has a document comes before what has none.
            wanted.append((2 * rank - (one.document is None) if rank else 0, one, paths))
    best = max((rank for rank, _, _ in wanted), default=0)
    if not best:
        raise _unknown(mine, programs, ref, asked)
    chosen = [(one, paths) for rank, one, paths in wanted if rank == best]
    whole_row = best in (5, 6)
    most = WHOLE if whole_row else MOST
    told: list[Explained] = []
    further = 0
    for one, paths in chosen:
        room = max(0, most - len(told))
        further += len(paths[room:])
        if paths[:room]:
            told += explained(store, merchant, kept, programs[id(one)], one, paths[:room],
                               whole_row=whole_row)  # fmt: skip
    return Found(ref, asked, tuple(told if whole_row else _together(told)), further)


def _together(told: Sequence[Explained]) -> list[Explained]:
    """Fields of one document that have the same value by the same rules, as one."""
    found: dict[Any, Explained] = {}
    for one in told:
        key = (one.decided.mapping, one.decided.source, repr(one.value and shape(one.value)))
        first = found.get(key)
        found[key] = replace(first, alike=(*first.alike, one.field)) if first else one
    return list(found.values())


def shape(value: Value) -> Any:
    """What tells the explanations of two values apart: what each is, by which rule and row."""
    row = value.table and (value.table.row, str(value.table.place))
    kept = value.value if value.kind in ("field", "condition") else None
    return value.kind, kept, value.expression, str(value.place), row, [
        shape(one) for one in value.inputs
    ]  # fmt: skip


def _own(asked: str, mapping: str) -> str | None:
    """The field without the mapping's name before it; None where it names another's."""
    head, point, rest = asked.partition(":")
    if not point:
        return asked
    return rest if head.strip().replace(" ", "_") == mapping else None


def _unknown(
    mine: Sequence[Decided], programs: Mapping[int, Program], ref: str, asked: str
) -> UsageError:
    accounts = sorted({one for d in mine for one in accounts_of(d.document or {})})
    if asked.strip().isdigit():
        known = f"They name {', '.join(accounts)}." if accounts else "They name no account."
        return UsageError(f"No document of {ref} names account {asked.strip()}.", known)
    names: dict[str, None] = {}
    for one in mine:
        mapping = programs[id(one)].mappings.get(one.mapping)
        if mapping is not None:
            names |= {text_of(p): None for p in known_paths(one.document, mapping.spec)}
    if not names:
        return UsageError(f"Nothing was made of {ref} so far.", f"`explain` {ref} tells why.")
    tails = {name.rpartition(".")[2]: None for name in names}
    near = get_close_matches(asked, list({**names, **tails}), n=MOST_NEAR, cutoff=0.4)
    remedy = f"The nearest: {', '.join(near)}." if near else f"Known: {', '.join(tails)}."
    return UsageError(f"No document of {ref} has a field {asked!r}.", remedy)


def explained(
    store: Store, merchant: Merchant, kept: Kept, program: Program, one: Decided,
    paths: Sequence[FieldPath], *, whole_row: bool,
) -> Iterator[Explained]:  # fmt: skip
    """Each of these values of one document. With ``whole_row`` what was told of one of them is not
    told again of the next."""
    if one.document is None:
        yield Explained(one, text_of(paths[0]), _stopped(store, merchant, program, one))
        return
    doubt = "" if kept.under(one.digest) else (
        "The texts that it was made by can't be read by this version of the program; told is what "
        "the rules of now say."
    )  # fmt: skip
    present = kept.is_present(one.digest) if not doubt else True
    mapping = program.mappings[one.mapping]
    inputs = restored(store, program, mapping, one)
    made = _made(mapping, inputs)
    frame, explainer = prepared(store, merchant, program, mapping, one, inputs, made)
    changed: tuple[str, ...] = ()
    now: Mapping[str, Any] | None = None
    if one.digest and not present:
        files = present_texts(merchant)
        changed = tuple(Since(store, files).changed(one.digest, one.mapping)) if files else ()
        now = _under_present(store, kept, one) if changed else None
    worked = made[0] if made else None
    for path in paths:
        if not whole_row:
            explainer.told.clear()
        value = _of_path(explainer, mapping, frame, one.document, path)
        stands = one.sent if one.sent is not None else one.document
        sent, again = at(stands, path), at(worked, path) if worked else UNSEEN
        again = UNSEEN if again is not UNSEEN and _same(again, sent) else again
        refused = sent is None and again is not UNSEEN and _same(again, at(one.document, path))
        yield Explained(
            one, text_of(path), value, sent, again, present, changed,
            at(now, path) if now is not None and not _same(at(now, path), sent) else UNSEEN,
            doubt or ("" if made else "What it was made of is not stored whole, so it can't be "
                      "worked out anew."),
            refused=refused,
        )  # fmt: skip


def _same(one: Any, other: Any) -> bool:
    """Whether two values are sent alike: a list without rows is not sent at all."""
    one, other = (None if value == [] else value for value in (one, other))
    return json_text.canonical(one) == json_text.canonical(other) or str(one) == str(other)


def _made(
    mapping: CompiledMapping, inputs: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """The document worked out anew with its named values; None where it can't be."""
    try:
        made = mapping.render(inputs, traced=True)
    except ItemError:
        return None
    if made.document is None or made.trace is None:
        return None
    return made.document, made.trace.lets


def _under_present(store: Store, kept: Kept, one: Decided) -> Mapping[str, Any] | None:
    """The document that the rules of now would make of the same."""
    program = kept.present()
    mapping = program.mappings.get(one.mapping)
    if mapping is None:
        return None
    inputs = restored(store, program, mapping, one)
    made = _made(mapping, inputs)
    return made[0] if made else None


def restored(
    store: Store,
    program: Program,
    mapping: CompiledMapping,
    one: Decided,
    known: Books | None = None,
) -> dict[str, Any]:
    """What the mapping was given, out of its trace, with derived columns anew. Names and addresses
    are kept out of a trace: they come from the rows as they are staged. ``known`` are the books
    where they are not the store's."""
    spec = mapping.spec
    given = one.trace.get("inputs", {})
    of = entities_of(spec)
    books = known or read_books(store)
    rows = _staged(store, program, books, given.get(spec.alias) or {})
    inputs: dict[str, Any] = {}
    for alias, kept in given.items():
        entity, value = of.get(alias), as_staged(store, kept) if is_short(kept) else kept
        inputs[alias] = value if entity is None else _rows(program, entity, value, rows, books)
    for alias in (*spec.related, *spec.match):
        inputs.setdefault(alias, [] if alias in spec.related else None)
    for need in spec.needs:
        inputs.setdefault(need, None)
    match: dict[str, Any] = {}
    for alias in spec.match:
        outcome = "one" if inputs.get(alias) is not None else "none"
        facts = {key: _amount(value) for key, value in one.facts.items() if key in NOTHING}
        match[alias] = {**NOTHING, "outcome": outcome, **facts}
    # The second document of a source is called so: invoice-10/20-2.
    again = re.fullmatch(rf"{re.escape(f'{one.mapping}-{one.source}')}-(\d+)", one.action or "")
    earlier = one.trace.get(EARLIER, int(again[1]) - 1 if again else 0)
    inputs |= {"books": books, "match": match, "earlier": earlier}
    return inputs


def _amount(value: Any) -> Any:
    """An amount of a trace, which may have been written without decimals."""
    return Decimal(value) if type(value) is int else value


def _rows(program: Program, entity: str, value: Any, rows: Rows | None, books: Books) -> Any:
    """A row, or rows, of an entity with their derived columns anew: tables may ask the settings."""
    if isinstance(value, list):
        return [_rows(program, entity, one, rows, books) for one in value]
    if not isinstance(value, dict):
        return value
    row = typed(program.mapping_set, entity, value)
    if rows is not None and entity in ENTITIES and ENTITIES[entity].by_order:
        column = ENTITIES[entity].id
        same = next((one for one in rows.of(entity) if one[column] == row.get(column)), {})
        row = {**same, **row}
    derived = program.entities.get(entity)
    if derived is None:
        return row
    of_derived = program.mapping_set.entities[entity].derive
    staged = {name: one for name, one in row.items() if name not in of_derived}
    more = (partial(rows.belonging, entity, staged),) if rows is not None else ()
    try:
        return {**row, **derived.derive(staged, books, None, *more)}
    except (ItemError, NotYet, KeyError):
        return row  # it can't be derived any more: as it was


def _staged(store: Store, program: Program, books: Books, source: Mapping[str, Any]) -> Rows | None:
    """The rows of the source's order as they are staged now; None of lines and payouts."""
    order = source.get("OrderId")
    return Rows(store, program, books, [str(order)]) if order is not None else None


def prepared(
    store: Store,
    merchant: Merchant,
    program: Program,
    mapping: CompiledMapping,
    one: Decided,
    inputs: Mapping[str, Any],
    made: tuple[Mapping[str, Any], Mapping[str, Any]] | None,
) -> tuple[Frame, Explainer]:
    """What the document's expressions see, and what explains them."""
    evaluator = Evaluator(program)
    lets = made[1] if made else {}
    frame = with_lets(evaluator, of_mapping(program, mapping.spec, inputs), lets)
    books = inputs["books"]
    rows = _staged(store, program, books, inputs.get(mapping.spec.alias) or {})

    def more(entity: str, row: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"books": books}
        if rows is not None and entity in ENTITIES and ENTITIES[entity].by_order:
            for alias in program.mapping_set.entities[entity].related:
                found[alias] = rows.belonging(entity, dict(row), alias)
        return found

    explainer = Explainer(
        evaluator, more, lambda keys: merchant.place(tuple(keys)),
        one.trace.get("match") or {}, partial(_overlaid, program, merchant), Origins(store).of,
    )  # fmt: skip
    for alias, entity in frame.entities.items():
        explainer.know(entity, inputs.get(alias))
    for name, declared in mapping.spec.lets.items():
        if isinstance(declared, tuple) and name in lets:
            explainer.know_made(declared, frame, lets[name])
    return frame, explainer


def _overlaid(program: Program, merchant: Merchant, place: Place) -> Change | None:
    """What the overlay changed, of a rule that stands in one of its files."""
    folder = merchant.overlay_folder
    if folder is None or not Path(place.path).is_relative_to(folder):
        return None
    mine = [one for one in program.mapping_set.changes
            if one.place.path == place.path and one.place.line <= place.line]  # fmt: skip
    return max(mine, key=lambda one: one.place.line, default=None)


def _stopped(store: Store, merchant: Merchant, program: Program, one: Decided) -> Value | None:
    """The check that keeps a document from being made; None where it was something else."""
    mapping = program.mappings[one.mapping]
    place = one.trace.get("place")
    check = next((c for c in mapping.spec.checks if str(c.place) == place), None)
    if check is None or not one.trace.get("inputs"):
        return None
    inputs = restored(store, program, mapping, one)
    frame, explainer = prepared(store, merchant, program, mapping, one, inputs, None)
    return explainer.left_out(check.that, frame, check.id or "check")


def _of_path(
    explainer: Explainer,
    mapping: CompiledMapping,
    frame: Frame,
    document: Mapping[str, Any],
    path: FieldPath,
) -> Value:
    name, value = text_of(path), at(document, path)
    field = next(one for one in mapping.spec.document if one.name == path[0])
    if len(path) == 1:
        if field.value is None:
            return _no_rows(explainer, field, frame, name)
        return _field(explainer, field, frame, name, value)
    rows = list(explainer.evaluator.rows(field.rows, frame))
    index = path[1]
    listed = document.get(field.name)
    if not isinstance(index, int) or not isinstance(listed, list) or len(rows) != len(listed):
        return Value(name, value, "field", place=field.place)
    row, inner = rows[index]
    if len(path) == 2:
        return Value(name, value, "field", place=row.place)
    found = next((one for one in row.fields if one.name == path[2]), None)
    if found is None:
        return Value(name, value, "field", place=row.place, what="its row declares no such field")
    return _field(explainer, found, inner, name, value)


def _field(explainer: Explainer, field: Field, frame: Frame, name: str, value: Any) -> Value:
    if value is None and field.when is not None:
        return explainer.left_out(field.when, frame, name)
    return explainer.field(field, frame, name, value)


def _no_rows(explainer: Explainer, field: Field, frame: Frame, name: str) -> Value:
    """Why a list has no rows: the condition of the first."""
    for row in field.rows:
        if row.when is not None:
            return explainer.left_out(row.when, frame, name)
    return Value(name, [], "field", place=field.place)
