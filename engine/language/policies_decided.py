"""What policies say of documents before there is one: where a mapping's own constants decide it.

Reads a set and the settings as far as they are known, gives findings for ``lint``. A mapping that
books on 3001 with VAT 0, written so, breaks a policy against that whatever it is made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

from jinja2 import nodes

from ..errors import Finding, Place
from . import fields, scope
from .code import UNKNOWN, Code
from .emit import Emitter
from .expressions import Expression, walk
from .kinds import of_value
from .policies import Emitted, emitted, is_of_document
from .spec import Field, MappingSet, MappingSpec, PolicyCheck, Row

CODE = "policy"
# What fields can be, and where that is written; without a value where the merchant's settings say
# it and there is no merchant.
Known = dict[str, tuple[tuple[Code, ...], Place | None]]
MOST_WAYS = 16  # in which the fields that a condition names may come together


def decided(
    mapping_set: MappingSet, mappings: Iterable[MappingSpec], settings: Code
) -> Iterator[Finding]:
    """A finding for each policy that documents of these mappings break whatever they are made of;
    where only some of them do, a warning."""
    for spec in mappings:
        checks = mapping_set.policy_checks(spec.target)
        if not checks:
            continue
        names = scope.of_document(mapping_set, spec, settings)
        signatures = scope.signatures(mapping_set)
        emitter = Emitter(lambda _finding: None, names, signatures, spec.lets)
        schema = mapping_set.targets[spec.target]
        document = _known(spec.document, schema["properties"], emitter)
        for check in checks:
            if check.each is None:
                yield from _judged(mapping_set, spec, check, settings, "document", document)
                continue
            list_ = check.each.each
            if list_ is None or not is_of_document(list_.node):
                continue
            for row, certain in _rows(spec, list_.node, emitter):
                items = schema["properties"][_attribute(list_.node)]["items"]["properties"]
                known = _known(row.fields, items, emitter)
                yield from _judged(
                    mapping_set, spec, check, settings, check.each.alias, known, document,
                    row=row, certain=certain,
                )  # fmt: skip


def _rows(spec: MappingSpec, list_: nodes.Node, emitter: Emitter) -> Iterator[tuple[Row, bool]]:
    """The rows of a list that a mapping may make, each with whether it always does."""
    for field in spec.document:
        if field.name != _attribute(list_):
            continue
        for row in field.rows:
            when = emitter.emit(row.when) if row.when and not row.each else None
            if when is None or not when.known or when.value:
                yield row, row.each is None and (row.when is None or bool(when and when.known))


def _attribute(node: nodes.Node) -> str:
    return str(getattr(node, "attr", ""))


def _known(
    made: Sequence[Field], schema: Mapping[str, Mapping[str, object]], emitter: Emitter
) -> Known:
    """What of the fields is known: null where nothing makes one, and also null where it depends on
    the source whether one is there."""
    nothing = Code("None", of_value(None), None)
    found: Known = {name: ((nothing,), None) for name in schema if schema[name]["type"] != "array"}
    for field in made:
        found.pop(field.name, None)
        when = emitter.emit(field.when) if field.when else None
        if field.value is None or field.name not in schema:
            continue
        if when is not None and when.known and not when.value:
            found[field.name] = ((nothing,), None)
            continue
        code = emitter.emit(field.value)
        if not code.known:
            if _is_of_settings(field.value):
                found[field.name] = ((Code("", code.type),), field.value.place)
            continue
        try:
            value = fields.conversion(schema[field.name])[1](code.value)
        except (ValueError, TypeError, ArithmeticError):
            continue  # told where the field is looked at
        always = when is None or when.known
        ways = (Code("", of_value(value), value), *(() if always else (nothing,)))
        found[field.name] = (ways, field.value.place)
    return found


def _is_of_settings(expression: Expression) -> bool:
    """Whether a value is known as soon as the merchant is."""
    named = {node.name for node in walk(expression.node) if isinstance(node, nodes.Name)}
    return named == {"settings"}


def _judged(
    mapping_set: MappingSet,
    spec: MappingSpec,
    check: PolicyCheck,
    settings: Code,
    name: str,
    known: Known,
    document: Known | None = None,
    *,
    row: Row | None = None,
    certain: bool = True,
) -> Iterator[Finding]:
    """The finding on a document, or a row of it, that breaks a policy by what is known of it."""
    records = {name: known} if document is None else {name: known, "document": document}
    nodes_of: dict[tuple[str, str], list[int]] = {}
    named: list[Place] = []
    for expression in (check.that, check.because, check.when):
        for node, field in _values(expression, records):
            codes, place = records[field[0]][field[1]]
            if codes[0].known:
                nodes_of.setdefault(field, []).append(id(node))
            elif expression is check.when:
                return  # a merchant's settings say whether it is meant at all
            if expression is check.that and place is not None:
                named.append(place)
    ways = [records[record][field][0] for record, field in nodes_of]
    if prod(map(len, ways)) > MOST_WAYS:
        return
    broken: list[Emitted] = []
    for codes in product(*ways):
        given = {
            id_: code for ids, code in zip(nodes_of.values(), codes, strict=True) for id_ in ids
        }
        made = emitted(
            mapping_set, spec.target, spec, check, settings, lambda _finding: None, given
        )
        if made.when is not None and made.when.known and not made.when.value:
            continue
        if not made.that.known or made.that.value:
            return  # it is not broken whatever comes
        broken.append(made)
    if not broken:
        return
    made, condition = broken[0], ""
    if made.when is not None and not made.when.known and check.when is not None:
        certain, condition = False, f" where {check.when.text}"
    because = made.because.value if made.because.known else check.because.text
    what = f"{spec.name}{f', row {row.id}' if row else ''}"
    text = f"{what}: breaks the policy {check.name}{condition}: {str(because).rstrip('.')}."
    where = named[0] if named else row.place if row else spec.source.place(("document",), key=True)
    severity = check.severity if certain else "warning"
    yield Finding(where, CODE, text, f"The policy stands in {check.place}.", severity)


def _values(
    expression: Expression | None, records: Mapping[str, Known]
) -> Iterator[tuple[nodes.Node, tuple[str, str]]]:
    """The parts of an expression that name a known field, ``document.CostCenter``, with record and
    field."""
    for node in walk(expression.node) if expression else ():
        if not isinstance(node, nodes.Getattr | nodes.Getitem):
            continue
        base = node.node
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", UNKNOWN)
        record = base.name if isinstance(base, nodes.Name) else ""
        if isinstance(key, str) and key in records.get(record, {}):
            yield node, (record, key)
