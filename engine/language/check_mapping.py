"""Checks one mapping: its names, conditions, named values, and all that it says of its document.

Reads the mapping within its set, reports findings; matches and documents have modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..yamlfile import Path_, nearest
from . import check_document, check_match, check_related, lineage, scope
from .code import RESERVED, Code
from .emit import Emitter
from .expressions import Expression, walk
from .kinds import Type
from .one_mapping import OneMapping
from .spec import Check


def check(mapping: OneMapping) -> None:
    """Reports all that is wrong with a mapping, its matches and its document."""
    spec = mapping.spec
    if not _known_entities(mapping):
        return
    _aliases(mapping)
    names = scope.of_source(mapping.set, spec, mapping.settings)
    check_related.check(
        mapping.set, spec.source, spec.related, names,
        lambda one: scope.row_type(mapping.set, one.entity), mapping.report,
    )  # fmt: skip
    when = mapping.emitter(scope.of_when(mapping.set, spec, mapping.settings))
    if spec.when:
        when.emit(spec.when)
    if spec.nothing:
        when.emit(spec.nothing.when)
        when.kind = "because"
        when.emit(spec.nothing.because)
        when.kind = "value"
    if spec.per:
        mapping.emitter(scope.of_source(mapping.set, spec, mapping.settings)).emit(spec.per)
    for expression in spec.after.values():
        when.emit(expression)
    for match in spec.match.values():
        check_match.check(mapping, match)
    if spec.card:
        mapping.emitter(scope.of_card(mapping.set, spec, mapping.settings)).emit(spec.card)
    names = scope.of_document(mapping.set, spec, mapping.settings)
    emitter = mapping.emitter(names, spec.lets)
    lets = {name: emitter.let(name).type for name in spec.lets}
    mapping.shared = {("type", name): type_ for name, type_ in lets.items()}
    _covers(mapping, {**{n: c.type for n, c in names.items()}, **lets})
    schema = mapping.set.targets.get(spec.target)
    if schema is None:
        return
    mapping.sure = _surely(mapping, emitter)
    check_document.check(mapping, spec.document, schema, emitter, "document")
    document = scope.made_document(spec, schema)
    after = {**names, "document": Code("v_document", document)}
    later = mapping.emitter(after, spec.lets)
    for one in (*spec.checks, *spec.warnings):
        _check(mapping, one, later)
    _identity(mapping, later, document)
    _then(mapping, schema, later)


def _surely(mapping: OneMapping, emitter: Emitter) -> set[str]:
    """What is not null where a document is made: by conditions, requirements, checks."""
    spec, view = mapping.spec, mapping.view(emitter)
    others = [mapping.set.mappings.get(need) for need in spec.needs]
    # Where another document of the same source is needed, that has passed its checks too.
    stand = [spec, *(one for one in others if one and one.entity == spec.entity)]
    conditions = [
        condition
        for one in stand
        for condition in (one.when, *(check.that for check in one.checks))
        if condition and not uses_document(condition)
    ]
    found = {path for one in conditions for path in lineage.holding(one.node, view)}
    for match in spec.match.values():
        needed = {path for one in match.require for path in lineage.holding(one.that.node, view)}
        found |= {f"{match.alias}{path[2:]}" for path in needed if path.startswith("it.")}
    return found


def _known_entities(mapping: OneMapping) -> bool:
    spec, known = mapping.spec, mapping.set.columns
    named: list[tuple[Path_, str]] = [(("source", spec.alias), spec.entity)]
    named += [(("related", a, "from"), r.entity) for a, r in spec.related.items()]
    named += [(("match", a, "from"), m.entity) for a, m in spec.match.items()]
    wrong = [(path, name) for path, name in named if name not in known]
    for path, name in wrong:
        text = f"there is no entity {name!r}."
        mapping.wrong(path, "unknown-entity", text, nearest(name, known))
    if spec.target not in mapping.set.targets:
        text = f"there is no target {spec.target!r}."
        mapping.wrong(
            ("target",), "unknown-target", text, nearest(spec.target, mapping.set.targets)
        )
    return not wrong


def _aliases(mapping: OneMapping) -> None:
    spec = mapping.spec
    seen: dict[str, Path_] = {"card": ("card",)} if spec.card else {}
    paths: list[Path_] = [("source", spec.alias)]
    paths += [("related", a) for a in spec.related] + [("match", a) for a in spec.match]
    paths += [("let", name) for name in spec.lets]
    for need in spec.needs:
        seen[need] = ("needs",)
    for path in paths:
        name = str(path[1])
        if name in RESERVED:
            text = f"{name!r} has a meaning of its own in the language."
            mapping.wrong(path, "reserved-name", text, "Take another name.", key=True)
        elif name in seen:
            where = spec.source.place(seen[name], key=True)
            mapping.wrong(path, "twice", f"{name!r} stands already in {where}.", key=True)
        seen[name] = path


def _covers(mapping: OneMapping, types: Mapping[str, Type]) -> None:
    for key, names in (("covers", mapping.spec.covers), ("moves", mapping.spec.moves)):
        for i, name in enumerate(names):
            if name not in types or name in RESERVED:
                known = [n for n in types if n not in RESERVED]
                text = f"there is no {name!r} here."
                mapping.wrong((key, i), "unknown-name", text, nearest(name, known))
            elif types[name].kind not in ("record", "list", "any"):
                text = f"{name} is a {types[name].kind}; {key} names rows."
                mapping.wrong((key, i), "type", text)


def _check(mapping: OneMapping, one: Check, emitter: Emitter) -> None:
    emitter.emit(one.that)
    emitter.kind = "because"
    emitter.emit(one.because)
    emitter.kind = "value"


def _identity(mapping: OneMapping, emitter: Emitter, document: Type) -> None:
    for expression in (*mapping.spec.identity.ask.values(), *mapping.spec.identity.since.values()):
        emitter.emit(expression)
    made = {field.name for field in mapping.spec.document}
    pairs: Iterable[tuple[str, Sequence[str]]] = (
        ("agree", mapping.spec.identity.agree), ("adopt", mapping.spec.identity.adopt),
    )  # fmt: skip
    for key, names in pairs:
        if key not in mapping.spec.source.value["identity"]:
            continue
        for i, name in enumerate(names):
            if name not in made:
                text = f"the document has no field {name!r}."
                mapping.wrong(("identity", key, i), "unknown-field", text, nearest(name, made))


def _then(mapping: OneMapping, schema: Mapping[str, Any], emitter: Emitter) -> None:
    known = schema.get("x-target", {}).get("then", {})
    known = [*known, "confirm"] if mapping.spec.confirm else list(known)
    for i, one in enumerate(mapping.spec.then):
        if one.step not in known:
            text = f"{mapping.spec.target} has no step {one.step!r}."
            mapping.wrong(("then", i), "unknown-step", text, nearest(one.step, known))
        if one.when:
            emitter.emit(one.when)
    for confirm in mapping.spec.confirm.values():
        emitter.emit(confirm.expected)
        if confirm.within:
            emitter.emit(confirm.within)
    if mapping.spec.confirm and "confirm" not in (one.step for one in mapping.spec.then):
        mapping.wrong(
            ("confirm",), "unused", "confirm is not among the actions of `then`.",
            "Name it before the actions that wait for it.", key=True,
        )  # fmt: skip


def uses_document(expression: Expression) -> bool:
    """Whether an expression names the finished document."""
    return any(getattr(node, "name", "") == "document" for node in walk(expression.node))
