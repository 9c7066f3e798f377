"""Compiles small questions about a row: conditions, keys, the rows that belong to it.

Reads expressions with the settings known, gives functions of the inputs by alias; what fails in
them is told with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import blame, compile_tables, document, scope
from .assemble import Body, Built, build
from .code import Code
from .emit import Emitter
from .expressions import Report
from .kinds import Type
from .program import CompiledRelated, Row
from .spec import EntitySpec, MappingSet, MappingSpec, Related
from .tables import Lookup
from .when_asked import when_asked


def asking(
    mapping_set: MappingSet,
    spec: MappingSpec | EntitySpec,
    text: Callable[[Emitter], str],
    seen: Mapping[str, Code],
    found: Mapping[str, Lookup],
    report: Report,
) -> Callable[[Row], Any]:
    """A function of the inputs that gives what the source text made by ``text`` says."""

    def make() -> Built:
        emitter = Emitter(report, dict(seen), scope.signatures(mapping_set))
        body = Body()
        body.add("def ask(I):")
        body.depth += 1
        result = text(emitter)
        document.bind_inputs(body, [*seen], result)
        body.add(f"return {result}")
        name = spec.name if isinstance(spec, MappingSpec) else spec.entity
        return build(name, body, emitter, compile_tables.space(found))

    made = when_asked(make, report)

    def ask(inputs: Row) -> Any:
        built = made()
        try:
            return built.function(inputs)
        except Exception as error:
            raise blame.explain(error, built, document.row_name(spec, inputs)) from None

    return ask


def related(
    mapping_set: MappingSet,
    spec: MappingSpec | EntitySpec,
    one: Related,
    source: Mapping[str, Code],
    row: Type,
    found: Mapping[str, Lookup],
    report: Report,
) -> CompiledRelated:
    """The rows of type ``row`` that belong to a source, of which ``source`` are the names."""
    seen = {**source, "it": Code("v_it", row)}

    def key(emitter: Emitter) -> str:
        return "(" + "".join(f"{emitter.emit(v).text}, " for v in one.on.values()) + ")"

    def condition(emitter: Emitter) -> str:
        return f"bool{emitter.emit(one.when).text}" if one.when else "True"

    quiet = Emitter(lambda _finding: None, dict(seen), scope.signatures(mapping_set))  # told above
    known = quiet.emit(one.when) if one.when else None
    return CompiledRelated(
        one.entity,
        tuple(one.on),
        asking(mapping_set, spec, key, source, found, report),
        asking(mapping_set, spec, condition, seen, found, report) if one.when else None,
        never=known is not None and known.known and not known.value,
    )
