"""Compiles a mapping set for one merchant: settings become constants, each mapping a function.

Reads a checked ``MappingSet`` and the merchant's settings, gives a ``Program``. What settings
alone decide is decided here; a setting that a mapping names and nobody gave is a finding here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any

from jinja2 import nodes
from msgspec.structs import replace

from ..errors import FileError, Finding, Place
from ..yamlfile import Path_, nearest
from . import (
    compile_entities,
    compile_related,
    compile_tables,
    counts,
    document,
    kinds,
    own_checks,
    policies,
    scope,
)
from .catalogue import ID_COLUMNS
from .check_match import check_outcome
from .code import Code
from .compile_tables import SettingsPlace
from .emit import Emitter
from .expressions import Expression, Report, collect, walk
from .kept import Kept, Made, World, again, in_set, of_set
from .program import (
    CompiledAgainst,
    CompiledEntity,
    CompiledMapping,
    CompiledMatch,
    CompiledRelated,
    CompiledRequire,
    CompiledStep,
    Failure,
    Order,
    Program,
    Rendered,
    Row,
)
from .spec import MappingSet, MappingSpec, Match, Related
from .tables import Lookup
from .when_asked import Asked, found_right, when_asked


def compile_set(
    mapping_set: MappingSet,
    settings: Mapping[str, Any],
    settings_place: SettingsPlace | None = None,
    kept: Kept | None = None,
    *,
    known_right: bool = False,
) -> Program:
    """The set as functions for a merchant with these settings, of the flows that are on.

    ``settings_place`` tells where a setting stands, by path of keys; what is ``kept`` of earlier
    times is not worked out again. What is ``known_right``, for the same was compiled for the same
    settings before, is compiled where it is first asked for. Raises FileError with all findings:
    settings that are missing, rows of tables that do not fit.
    """
    findings: list[Finding] = []
    report = found_right if known_right else collect(findings)
    place = settings_place or (lambda path: Place("settings." + ".".join(map(str, path))))
    found: dict[str, Lookup] = {}
    world: World = {
        **of_set(mapping_set), "settings": settings, "place": _Places(place), "lookups": found,
    }  # fmt: skip

    def piece(name: str, work: Callable[[MappingSet, Code, Report], Made]) -> Made:
        def compiling(seen: World, report: Report) -> Made:
            narrowed = in_set(mapping_set, seen)
            return work(narrowed, settings_code(narrowed, seen["settings"]), report)

        return again(kept, name, world, compiling, report)

    for name in mapping_set.tables:
        work = partial(_table, mapping_set, name)
        found[name] = again(kept, f"table {name}", world, work, report)
    entities = Asked({
        name: when_asked(
            partial(piece, f"entity {name}", partial(_entity, name, found)), report
        ) for name in mapping_set.entities
    })  # fmt: skip
    wanted = {name: spec for name, spec in mapping_set.mappings.items() if _is_on(spec, settings)}
    mappings = {name: piece(f"mapping {name}", partial(_mapping, name, found))
                for name, _ in in_order_of_needs(wanted)}  # fmt: skip
    errors = [f for f in findings if f.severity == "error"]
    if errors:
        raise FileError(findings)
    return Program(mapping_set, settings, mappings, entities, found, findings)


def only(mapping_set: MappingSet, entity: str) -> MappingSet:
    """No more of the set than it takes to derive an entity's rows, for who compiles it often."""
    spec = mapping_set.entities[entity]
    used = {
        node.attr
        for expression in spec.named.values()
        for node in walk(expression.node)
        if isinstance(node, nodes.Getattr)
        and isinstance(node.node, nodes.Name)
        and node.node.name == "tables"
    }
    tables = {name: table for name, table in mapping_set.tables.items() if name in used}
    return replace(mapping_set, mappings={}, entities={entity: spec}, tables=tables)


def settings_code(mapping_set: MappingSet, settings: Mapping[str, Any]) -> Code:
    """What expressions see of a merchant's settings."""
    return Code("K_settings", _typed(mapping_set.settings_type, settings), settings)


def _typed(declared: kinds.Type, settings: Mapping[str, Any]) -> kinds.Type:
    return declared if declared.kind == "record" else kinds.of_value(dict(settings), "settings")


def _is_on(spec: MappingSpec, settings: Mapping[str, Any]) -> bool:
    """Whether one of its flows is on; where nothing is said of flows, all are."""
    flows = settings.get("flows", {})
    return any(flows.get(flow, True) for flow in spec.flows)


def in_order_of_needs(mappings: Mapping[str, MappingSpec]) -> Iterator[tuple[str, MappingSpec]]:
    """Each mapping after those that it needs; what is switched off is not waited for."""
    done: list[str] = []
    while len(done) < len(mappings):
        for name, spec in mappings.items():
            if name in done:
                continue
            if all(need in done for need in spec.needs if need in mappings):
                done.append(name)
                yield name, spec


class _Places(dict[Path_, Place]):
    """Where settings stand, by path of keys."""

    def __init__(self, place: SettingsPlace) -> None:
        super().__init__()
        self.place = place

    def __missing__(self, path: Path_) -> Place:
        return self.place(path)


# Tables and entities ------------------------------------------------------------------------------
def _table(mapping_set: MappingSet, name: str, world: World, report: Report) -> Lookup:
    seen, settings = in_set(mapping_set, world), world["settings"]

    def place(path: Sequence[str | int]) -> Place:
        found: Place = world["place"][tuple(path)]
        return found

    code = settings_code(seen, settings)
    return compile_tables.table(seen.tables[name], settings, code, place, report)


def _entity(
    name: str, found: Mapping[str, Lookup], mapping_set: MappingSet, code: Code, report: Report
) -> CompiledEntity:
    spec = mapping_set.entities[name]
    return compile_entities.entity(mapping_set, spec, code, found, report)


# Mappings -----------------------------------------------------------------------------------------
def _mapping(
    name: str, found: Mapping[str, Lookup], mapping_set: MappingSet, code: Code, report: Report
) -> CompiledMapping:
    spec = mapping_set.mappings[name]
    space = compile_tables.space(found)
    counted = counts.now()
    names = scope.of_when(mapping_set, spec, code)

    def asking(text: Callable[[Emitter], str], seen: Mapping[str, Code]) -> Callable[[Row], Any]:
        return compile_related.asking(mapping_set, spec, text, seen, found, report)

    when = spec.when
    applies = asking(lambda e: f"bool{e.emit(when).text}" if when else "True", names)

    def idle(emitter: Emitter) -> str:
        if spec.nothing is None:
            return "None"
        when = emitter.emit(spec.nothing.when).text
        emitter.kind = "because"
        return f"say({emitter.emit(spec.nothing.because).text}) if {when} else None"

    after = asking(
        lambda e: (
            "{" + ", ".join(f"{k!r}: {e.emit(v).text}" for k, v in spec.after.items()) + "}"
            if spec.after
            else "None"
        ),
        names,
    )

    def because(match: Match, expression: Expression) -> Callable[[Row], str]:
        seen = scope.of_candidate(
            mapping_set, match.entity, scope.of_source(mapping_set, spec, code)
        )

        def text(emitter: Emitter) -> str:
            emitter.kind = "because"
            return f"say({emitter.emit(expression).text})"

        return asking(text, seen)

    source = scope.of_source(mapping_set, spec, code)
    own_id = ID_COLUMNS.get(spec.entity, "")
    per = (
        asking(lambda e: e.emit(spec.per).text if spec.per else "", source)
        if spec.per
        else lambda inputs: inputs[spec.alias].get(own_id)
    )

    def related(one: Related) -> CompiledRelated:
        row = scope.row_type(mapping_set, one.entity)
        return compile_related.related(mapping_set, spec, one, source, row, found, report)

    def consumed(emitter: Emitter) -> str:
        match = next(iter(spec.match.values()), None)
        return emitter.emit(match.consume.amount).text if match and match.consume else "None"

    def awaited(expression: Expression) -> Callable[[Row], bool]:
        return asking(lambda e: f"bool{e.emit(expression).text}", source)

    matches = {
        alias: _match(mapping_set, match, code, source, report, because, awaited)
        for alias, match in spec.match.items()
    }
    seen = scope.of_card(mapping_set, spec, code)
    card = asking(lambda e: e.emit(spec.card).text if spec.card else "None", seen)
    traced = when_asked(
        lambda: document.render(mapping_set, spec, code, space, report, traced=True), report
    )

    @cache
    def plain() -> document.Rendering:
        with counts.counting(counted):
            return document.render(mapping_set, spec, code, space, report, traced=False)

    @cache
    def unchanging() -> Callable[[Row], Sequence[Failure]]:
        return own_checks.asking(mapping_set, spec, code, space)

    @cache
    def part(fields: frozenset[str]) -> Callable[[Row], Rendered]:
        return document.of_fields(mapping_set, spec, fields, code, space).run

    return CompiledMapping(
        spec=spec,
        match=matches,
        applies=applies,
        nothing=asking(idle, names),
        at_once=not when or not spec.related.keys() & _names(when),
        per=per,
        after=after,
        related={alias: related(one) for alias, one in spec.related.items()},
        amount=asking(consumed, source),
        card=card if spec.card else None,
        covered=document.covered(mapping_set, spec, code, space, report),
        _judge=policies.judging(mapping_set, spec, code, space, report),
        _render=lambda inputs: plain().run(inputs),
        _trace=lambda inputs: traced().run(inputs),
        _own=unchanging,
        _part=part,
        _source=lambda: plain().built.source,
    )


def _names(expression: Expression) -> set[str]:
    return {node.name for node in walk(expression.node) if isinstance(node, nodes.Name)}


def _match(
    mapping_set: MappingSet,
    match: Match,
    code: Code,
    source: Mapping[str, Code],
    report: Report,
    because: Callable[[Match, Expression], Callable[[Row], str]],
    awaited: Callable[[Expression], Callable[[Row], bool]],
) -> CompiledMatch:
    columns = scope.row_type(mapping_set, match.entity)

    def known(expression: Expression) -> Any:
        emitted = Emitter(report, {"settings": code}).emit(expression)
        return emitted.value if emitted.known else None

    steps = []
    for step in match.steps:
        field = known(step.field) if step.field else None
        if step.field and (not isinstance(field, str) or field not in (columns.fields or {})):
            text = f"{match.entity} has no column {field!r}."
            report(
                step.field.finding("unknown-key", text, nearest(str(field), columns.fields or {}))
            )
        steps.append(CompiledStep(step, field))
    against = None
    if match.against is not None:
        one = match.against
        against = CompiledAgainst(
            spec=one,
            fields=tuple(dict.fromkeys(str(known(field)) for field in one.fields)),
            digits=str(known(one.digits)),
            prefix=str(known(one.prefix) or ""),
            pairs_field=str(known(one.pairs_field)),
        )
    outcome = {}
    for key, said in match.outcome.items():
        emitted = Emitter(report, {"settings": code}).emit(said)
        check_outcome(match, key, emitted, report)
        outcome[key] = str(emitted.value)
    candidate = scope.of_candidate(mapping_set, match.entity, source)
    quiet = Emitter(lambda _finding: None, dict(candidate))  # told when it was loaded
    order = (Order(one, quiet.emit(one).type.kind == "text") for one in match.order)
    consume = match.consume
    tolerance = known(consume.tolerance) if consume and consume.tolerance else 0
    return CompiledMatch(
        alias=match.alias,
        entity=match.entity,
        steps=tuple(steps),
        against=against,
        awaits={entity: awaited(one) for entity, one in match.awaits.items()},
        require=tuple(CompiledRequire(r, because(match, r.because)) for r in match.require),
        of=consume.of if consume else None,
        amount=consume.amount if consume else None,
        tolerance=Decimal(tolerance or 0),
        whole=match.whole,
        order=tuple(order),
        outcome=outcome,
    )
