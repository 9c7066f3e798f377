"""Policies: what a house wants of its finished documents, asked of each before it is delivered.

Reads the policies of a set and one of its mappings, gives a function that says what of them a
document breaks. A condition is compiled like every other; each is a function of its own, so that
one that can't be asked does not hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import nodes

from ..errors import ItemError
from . import blame, kinds, lists, scope
from .assemble import Body, Built, build
from .code import Code
from .document import row_name
from .emit import Emitter
from .expressions import Report
from .program import Broken, Row
from .spec import MappingSet, MappingSpec, PolicyCheck
from .when_asked import when_asked

MOST_NAMED = 5  # rows that a sentence names
Judging = Callable[[Mapping[str, Any], Row], list[Broken]]


def judging(
    mapping_set: MappingSet,
    spec: MappingSpec,
    settings: Code,
    space: Mapping[str, Any],
    report: Report,
) -> Judging | None:
    """What policies say of a document of this mapping: a function of the document and of the
    mapping's inputs by alias. None where no policy is about such documents."""
    checks = mapping_set.policy_checks(spec.target)
    if not checks:
        return None
    schema = mapping_set.targets[spec.target]
    whole = completing(schema)

    def make() -> list[tuple[PolicyCheck, Built]]:
        return [(one, _built(mapping_set, spec, one, settings, space, report)) for one in checks]

    made = when_asked(make, report)

    def judge(document: Mapping[str, Any], inputs: Row) -> list[Broken]:
        given = {**inputs, "source": inputs[spec.alias]}
        complete = whole(document)
        found: list[Broken] = []
        for check, built in made():
            try:
                said = built.function(given, complete)
            except Exception as error:
                told = blame.explain(error, built, row_name(spec, inputs))
                found.append(_unasked(check, told))
                continue
            found += _by_sentence(check, said)
        return found

    return judge


class Emitted(NamedTuple):
    """The lines of a check, by the emitter that made them, and its parts."""

    body: Body
    emitter: Emitter
    when: Code | None
    that: Code
    because: Code


def emitted(
    mapping_set: MappingSet,
    target: str,
    spec: MappingSpec | None,
    check: PolicyCheck,
    settings: Code,
    report: Report,
    known: Mapping[int, Code] | None = None,
) -> Emitted:
    """One check as source, what it comes to where that is known.

    ``spec`` is the mapping whose documents it is asked of, where there is one; ``known`` are values
    of the document that are known before there is one, by the node that names them.
    """
    row = scope.row_type(mapping_set, spec.entity) if spec else kinds.ANY
    document = scope.document_type(mapping_set.targets[target])
    names = {
        "document": Code("v_document", document), "source": Code("v_source", row),
        "settings": settings, "books": scope.BOOKS_CODE,
    }  # fmt: skip
    emitter = Emitter(report, names, scope.signatures(mapping_set), given=dict(known or {}))
    body = Body()
    number = "None"
    head = ""
    if check.each is not None and check.each.each is not None:
        items = lists.item_of(emitter, check.each)
        of_document = is_of_document(check.each.each.node)
        number = "n" if of_document else "None"
        head = f"for n, v_{check.each.alias} in numbered({items.text}):"
    when = emitter.emit(check.when) if check.when else None
    that = emitter.emit(check.that)
    emitter.kind = "because"
    because = emitter.emit(check.because)
    text = because.text if because.type.kind == "text" else f"say({because.text})"
    lines = [f"if {when.text}:"] if when else []
    lines += [f"if not {that.text}:", f"B.append(({number}, {text}))"]
    for line in [head, *lines] if head else lines:
        body.add(line)
        body.depth += 1
    return Emitted(body, emitter, when, that, because)


def is_of_document(node: nodes.Node) -> bool:
    """Whether an expression is a list of the document as it stands: ``document.InvoiceRows``."""
    inner = node.node if isinstance(node, nodes.Getattr) else None
    return isinstance(inner, nodes.Name) and inner.name == "document"


def _built(
    mapping_set: MappingSet,
    spec: MappingSpec,
    check: PolicyCheck,
    settings: Code,
    space: Mapping[str, Any],
    report: Report,
) -> Built:
    made = emitted(mapping_set, spec.target, spec, check, settings, report)
    body = Body()
    body.add("def policy(I, v_document):")
    body.depth = 1
    text = "\n".join(line for _depth, line in made.body.lines)
    for name in ("source", "books"):
        if f"v_{name}" in text:
            body.add(f"v_{name} = I[{name!r}]")
    body.add("B = []")
    body.lines += [(depth + 1, line) for depth, line in made.body.lines]
    body.add("return B")
    return build(f"policy {check.name}", body, made.emitter, {**space, "numbered": _numbered})


def _numbered(items: list[Any]) -> Iterator[tuple[int, Any]]:
    return enumerate(items, 1)


def completing(schema: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Gives a document every field that its target has: null, or an empty list, where it was left
    out, in its rows too."""
    fields = schema.get("properties", {})
    empty: dict[str, Any] = {
        name: [] if one.get("type") == "array" else None for name, one in fields.items()
    }
    nulls = {
        name: dict.fromkeys(one.get("items", {}).get("properties", {}))
        for name, one in fields.items()
        if one.get("type") == "array"
    }

    def complete(document: Mapping[str, Any]) -> dict[str, Any]:
        made = {**empty, **document}
        for name, row in nulls.items():
            if row and made[name]:
                made[name] = [{**row, **one} for one in made[name]]
        return made

    return complete


def _by_sentence(check: PolicyCheck, said: Sequence[tuple[int | None, str]]) -> list[Broken]:
    """Each sentence once, with the rows that it was said of."""
    rows: dict[str, list[int]] = {}
    for number, because in said:
        named = rows.setdefault(because, [])
        if number is not None:
            named.append(number)
    return [
        Broken(check.name, check.severity, f"{because}{_of_rows(numbers)}", check.place,
               tuple(numbers))
        for because, numbers in rows.items()
    ]  # fmt: skip


def _of_rows(numbers: Sequence[int]) -> str:
    """``(rows 1, 2 and 5)``; nothing where it is about the document as a whole."""
    if not numbers:
        return ""
    first, more = list(map(str, numbers[:MOST_NAMED])), len(numbers) - MOST_NAMED
    if more > 0:
        return f" (rows {', '.join(first)} and {more} more)"
    if len(first) == 1:
        return f" (row {first[0]})"
    return f" (rows {', '.join(first[:-1])} and {first[-1]})"


def _unasked(check: PolicyCheck, error: ItemError) -> Broken:
    """A check that can't be asked does not hold."""
    because = f"it can't be told: {error.told()}"
    return Broken(check.name, check.severity, because, error.place or check.place, ())
