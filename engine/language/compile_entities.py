"""Compiles how an entity's rows are read: its derived columns become one function of a row.

Reads an ``EntitySpec`` with the settings and tables known, gives a ``CompiledEntity``. A column
that lacks its input is null, without a word, whether it names it itself or by a named value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import nodes

from . import blame, check_entities, compile_related, compile_tables, counts, derived, kinds, scope
from .assemble import Body, Built, build
from .catalogue import ID_COLUMNS
from .code import Code
from .declared_filters import Null
from .emit import Emitter
from .expressions import Report
from .filters import FILTERS
from .kinds import Type
from .program import Belonging, Books, CompiledEntity, NotYet, Row, nothing_belongs
from .spec import EntitySpec, MappingSet
from .tables import Hit, Lookup


def entity(
    mapping_set: MappingSet,
    spec: EntitySpec,
    code: Code,
    found: Mapping[str, Lookup],
    report: Report,
) -> CompiledEntity:
    """The function that derives the columns of an entity's rows, and the one that traces them."""
    late = derived.late(spec)
    ordered = [name for name in derived.in_order(spec.named) if name in spec.derive]
    parts = [[name for name in ordered if (name in late) is last] for last in (False, True)]
    counted = counts.now()

    def made(traced: bool) -> Built:
        with counts.counting(counted):
            emitter = check_entities.emitter(mapping_set, spec, code, report, traced=traced)
            return _function(spec, emitter, parts, compile_tables.space(found))

    plain = made(False)
    tracing = cache(lambda: made(True))  # of few rows: made when it is first asked for
    column = ID_COLUMNS.get(spec.entity, "")

    def derive(
        row: Row,
        books: Books,
        into: dict[str, Any] | None = None,
        belonging: Belonging = nothing_belongs,
    ) -> dict[str, Any]:
        into = {} if into is None else into
        try:
            result: dict[str, Any] = plain.function(row, books, into, belonging)
        except NotYet as error:
            blame.uncount(error, plain)
            raise
        except Exception as error:
            blame.uncount(error, plain)
            raise blame.explain(error, plain, f"{spec.alias} {row.get(column)}") from None
        return result

    def trace(
        row: Row, books: Books, belonging: Belonging = nothing_belongs
    ) -> tuple[dict[str, Any], list[Hit]]:
        hits: list[Hit] = []
        traced = tracing()
        try:
            result: dict[str, Any] = traced.function(row, books, {}, belonging, hits)
        except Exception as error:
            blame.uncount(error, traced)
            raise blame.explain(error, traced, f"{spec.alias} {row.get(column)}") from None
        return result, hits

    staged = scope.of_entity(mapping_set, spec, code)
    related = {
        alias: compile_related.related(
            mapping_set, spec, one, staged, scope.belonging(mapping_set, spec, one), found, report
        )
        for alias, one in spec.related.items()
    }
    seen = _seen(plain.emitter, spec, [plain.emitter.let_codes[one].type for one in late])
    return CompiledEntity(
        derive, trace, related, _reads(spec), tuple(parts[1]), seen, plain.source
    )


def _function(
    spec: EntitySpec, emitter: Emitter, parts: Sequence[Sequence[str]], space: Mapping[str, Any]
) -> Built:
    """The function that puts the columns into ``I``, those of each of ``parts`` once all of them
    are there. A column and the named values that it needs stand in one ``try``."""
    body = Body()
    body.add(f"def derive(v_{spec.alias}, v_books, I, B{', H' if emitter.traced else ''}):")
    body.depth += 1
    needed: list[str] = []

    def hoist(text: str) -> None:
        needed.append(text)
        variable = text.split(" ", 1)[0]
        if variable.removeprefix("v_") in spec.lets:
            return
        body.add("try:")
        body.lines += [(body.depth + 1, one) for one in needed]
        body.add("except TypeError as error:")
        body.lines.append((body.depth + 1, f"{variable} = null_or_raise(error)"))
        needed.clear()

    emitter.hoist = hoist
    emitter.passing = {name: _passing(one.node) for name, one in spec.derive.items()}
    for part in parts:
        codes = {}
        with body.counted(emitter):
            for name in part:
                codes[name] = emitter.let(name)
                needed.clear()  # of a column that is known without them
                # A null may have ended the column before all that it needs was there.
                emitter.ready = {
                    one for one in emitter.ready
                    if one not in spec.lets or emitter.let_codes[one].known
                }  # fmt: skip
        for name in spec.derive:
            if name in codes:
                body.add(f"I[{name!r}] = {codes[name].text}")
    body.add("return I")
    if unset := sorted(emitter.guarded):
        body.lines.insert(1, (body.depth, " = ".join(f"v_{name}" for name in unset) + " = U"))

    def null_or_raise(error: TypeError) -> None:
        """Of what the value at hand is made of something is null, and so is it."""
        if type(error) is not Null and not blame.is_null(error):
            raise error
        if emitter.blocks:
            blame.uncount(error, built, swallowed=True)

    more = {**space, "TypeError": TypeError, "null_or_raise": null_or_raise}
    built = build(spec.entity, body, emitter, more)
    return built


def _seen(
    emitter: Emitter, spec: EntitySpec, late: Sequence[Type]
) -> dict[str, tuple[str, ...]] | None:
    """The columns of the rows that belong to it that the derived ones are made of; None where they
    may be any, or are lists, or where a derived column is such a row, or may be."""
    own = id(emitter.names[spec.alias].type)
    found: dict[str, tuple[str, ...]] = {}
    for alias in spec.related:
        row = emitter.names[alias].type.item or kinds.ANY
        named = {column for of, name, column in emitter.touched if name == row.name and of != own}
        fields = row.fields or {}
        if any(column not in fields or fields[column].kind == "list" for column in named):
            return None
        if any(one.kind == "any" or row in (one, one.item) for one in late):
            return None
        found[alias] = tuple(sorted(named))
    return found


def _passing(node: nodes.Node | None) -> dict[int, nodes.Node]:
    """The nodes of a derived value that are null where a part of them is, each with that part: a
    filter on a value, a column of what a table gives for such a value, in each branch."""
    if isinstance(node, nodes.CondExpr):
        return {**_passing(node.expr1), **_passing(node.expr2)}
    if isinstance(node, nodes.Filter) and FILTERS[node.name].takes <= _NEVER_NULL:
        part, needed = node.node, False
    elif isinstance(node, nodes.Getattr):
        part, needed = node.node, True
    elif isinstance(node, nodes.Call) and len(node.kwargs) == 1 and not node.args:
        part, needed = node.kwargs[0].value, True
    else:
        return {}
    inner = _passing(part)
    if part is None or (needed and id(part) not in inner):
        return {}
    return {id(node): part, **inner}


_NEVER_NULL = frozenset({"text", "integer", "decimal", "number", "date", "timestamp"})


def _reads(spec: EntitySpec) -> frozenset[str]:
    """The columns of the entity's rows that its derived ones name."""

    def of(node: nodes.Node) -> Iterator[str]:
        named = node.node if isinstance(node, nodes.Getattr | nodes.Getitem) else None
        if isinstance(named, nodes.Name) and named.name == spec.alias:
            # a column whose name is worked out may be any, also the one that names the row
            yield node.attr if isinstance(node, nodes.Getattr) else _named(node, spec.entity)
            return
        if isinstance(node, nodes.Name) and node.name == spec.alias:
            yield ID_COLUMNS[spec.entity]
        for child in node.iter_child_nodes():
            yield from of(child)

    return frozenset(name for one in spec.named.values() for name in of(one.node))


def _named(node: nodes.Node, entity: str) -> str:
    key = node.arg if isinstance(node, nodes.Getitem) else None
    return str(key.value) if isinstance(key, nodes.Const) else ID_COLUMNS[entity]
