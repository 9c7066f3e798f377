"""Checks how entities are read when a set is loaded, and adds their derived columns to its own.

Reads the parsed set, reports findings. It runs the emitter that the compiler runs, with settings
of which only the types are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from ..errors import Finding
from ..yamlfile import Path_, nearest
from . import check_related, derived, kinds, scope
from .code import RESERVED, Code
from .emit import Emitter
from .expressions import Report
from .kinds import Type
from .spec import EntitySpec, MappingSet


def check(
    mapping_set: MappingSet, columns: dict[str, dict[str, Type]], settings: Code, report: Report
) -> None:
    """Every entity, each after those whose rows its columns need."""
    ordered, circle = derived.entities_in_order(mapping_set.entities)
    for name in circle:
        text = f"{' and '.join(sorted(circle))} need each other's rows."
        report(mapping_set.entities[name].source.finding(("related",), "cycle", text, key=True))
    for name in ordered:
        spec = mapping_set.entities[name]
        wrong = list(_names(spec, columns))
        for finding in wrong:
            report(finding)
        if not any(one.code == "unknown-entity" for one in wrong):
            _derive(mapping_set, spec, columns[spec.entity], settings, report)


def emitter(
    mapping_set: MappingSet, spec: EntitySpec, settings: Code, report: Report, *, traced: bool
) -> Emitter:
    """An emitter in which an entity's derived values are named values too."""
    names = scope.of_derived(mapping_set, spec, settings)
    return Emitter(report, names, scope.signatures(mapping_set), spec.named, traced=traced)


def _names(spec: EntitySpec, columns: Mapping[str, Mapping[str, Type]]) -> Iterator[Finding]:
    """The entities that a file names must exist, and the names that it gives be free."""
    entities: list[tuple[Path_, str]] = [(("entity",), spec.entity)]
    entities += [(("related", alias, "from"), one.entity) for alias, one in spec.related.items()]
    for path, name in entities:
        if name not in columns:
            text, remedy = f"there is no entity {name!r}.", nearest(name, columns)
            yield spec.source.finding(path, "unknown-entity", text, remedy)
    values = [*(("derive", name) for name in spec.derive), *(("let", name) for name in spec.lets)]
    for path in values:
        if path[1] in columns.get(spec.entity, {}):
            text = f"{spec.entity} has a column {path[1]} already."
            yield spec.source.finding(path, "twice", text, key=True)
    taken = {spec.alias, *spec.derive}
    named = [*(("let", name) for name in spec.lets), *(("related", name) for name in spec.related)]
    for path in named:
        code, name = "twice", path[1]
        text = f"{name!r} is the name of something else in this file."
        if name in RESERVED:
            text, code = f"{name!r} has a meaning of its own in the language.", "reserved-name"
        elif name not in taken:
            taken.add(name)
            continue
        yield spec.source.finding(path, code, text, "Take another name.", key=True)


def _derive(
    mapping_set: MappingSet,
    spec: EntitySpec,
    columns: dict[str, Type],
    settings: Code,
    report: Report,
) -> None:
    """Adds the derived columns; those that need other rows when the others are there, for those
    of its own entity are among them."""
    late, ordered = derived.late(spec), derived.in_order(spec.named)
    made = emitter(mapping_set, spec, settings, report, traced=False)
    staged = scope.of_entity(mapping_set, spec, settings)

    def add(names: Iterable[str]) -> None:
        types = {name: made.let(name).type for name in names}
        columns.update({name: type_ for name, type_ in types.items() if name in spec.derive})

    add(name for name in ordered if name not in late)
    row_of = partial(scope.belonging, mapping_set, spec)
    check_related.check(mapping_set, spec.source, spec.related, staged, row_of, report)
    for alias, related in spec.related.items():
        made.names[alias] = Code(made.names[alias].text, kinds.rows(row_of(related)))
    add(name for name in ordered if name in late)
