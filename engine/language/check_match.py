"""Checks what a mapping looks for: candidates, their conditions, the words of their outcomes.

Reads one match of a mapping, reports findings. What is asked of candidates must be possible in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..yamlfile import Path_, nearest
from . import check_related, scope
from .code import Code
from .expressions import Report
from .kinds import shown
from .one_mapping import OneMapping
from .spec import Against, Match

LINE = "qliro.settlement_line"  # the only source whose transaction may have a document of its own
# What each outcome of a match may be: where an amount is consumed, and where nothing is.
CONSUMED: Mapping[str, Sequence[str]] = {
    "none": ("wait", "park"), "several": ("park", "wait"), "spent": ("adopt", "park"),
    "less": ("pay", "park"), "more": ("suspense", "park"), "near": ("post", "park"),
}  # fmt: skip
FOUND: Mapping[str, Sequence[str]] = {
    "none": ("wait", "park", "go"), "one": ("use", "adopt", "done", "park", "wait"),
    "several": ("park", "first", "wait"),
}  # fmt: skip


def check(mapping: OneMapping, match: Match) -> None:
    """Reports what is wrong with a match."""
    names = scope.of_source(mapping.set, mapping.spec, mapping.settings)
    candidate = scope.of_candidate(mapping.set, match.entity, names)
    settings = mapping.emitter({"settings": mapping.settings})
    columns = scope.row_type(mapping.set, match.entity)
    for i, step in enumerate(match.steps):
        if step.field:
            code = settings.emit(step.field)
            if code.known:
                path = ("match", match.alias, "steps", i, "field")
                source, name = mapping.spec.source, str(code.value)
                check_related.column(source, columns, name, path, mapping.report)
        for expression in (*step.keys, *step.own):
            check_related.as_sql(mapping.set, expression, names, mapping.report)
    _awaits(mapping, match, names)
    if match.against:
        _against(mapping, match, match.against, names, candidate)
    for required in match.require:
        check_related.as_sql(mapping.set, required.that, candidate, mapping.report)
        because = mapping.emitter(candidate)
        because.kind = "because"
        because.emit(required.because)
    if match.consume:
        check_related.as_sql(mapping.set, match.consume.of, candidate, mapping.report)
        check_related.as_sql(mapping.set, match.consume.amount, candidate, mapping.report)
        if match.consume.tolerance:
            settings.emit(match.consume.tolerance)
    for expression in match.order:
        check_related.as_sql(mapping.set, expression, candidate, mapping.report)
    for key, expression in match.outcome.items():
        check_outcome(match, key, settings.emit(expression), mapping.report)


def _against(
    mapping: OneMapping,
    match: Match,
    against: Against,
    names: Mapping[str, Code],
    candidate: Mapping[str, Code],
) -> None:
    columns = scope.row_type(mapping.set, match.entity)
    settings = mapping.emitter({"settings": mapping.settings})
    path: Path_ = ("match", match.alias, "against")
    fields = [((*path, "fields", i), one) for i, one in enumerate(against.fields)]
    fields += [((*path, "digits"), against.digits)]
    fields += [((*path, "pairs", "field"), against.pairs_field)]
    for where, one in fields:
        code = settings.emit(one)
        if code.known:
            source, name = mapping.spec.source, str(code.value)
            check_related.column(source, columns, name, where, mapping.report)
    settings.emit(against.prefix)
    for one in (against.order, *against.names, *against.pairs_keys):
        check_related.as_sql(mapping.set, one, names, mapping.report)
    if against.source:
        check_related.as_sql(mapping.set, against.source, names, mapping.report)
    check_related.as_sql(mapping.set, against.pairs_that, candidate, mapping.report)


def _awaits(mapping: OneMapping, match: Match, names: Mapping[str, Code]) -> None:
    emitter = mapping.emitter(names)
    for entity, expression in match.awaits.items():
        path = ("match", match.alias, "awaits", entity)
        if entity not in mapping.set.columns:
            text, near = f"there is no entity {entity!r}.", nearest(entity, mapping.set.columns)
            mapping.wrong(path, "unknown-entity", text, near, key=True)
        elif mapping.spec.entity != LINE:
            text = f"a {mapping.spec.entity} has no transaction whose document it could wait for."
            mapping.wrong(path, "unused", text, f"Only a {LINE} has.", key=True)
        emitter.emit(expression)


def check_outcome(match: Match, key: str, said: Code, report: Report) -> None:
    """Reports a word that planning does not know: it would stop it, or post what was to park."""
    words = (CONSUMED if match.consume else FOUND).get(key, ())
    expression = match.outcome[key]
    if not words:
        taken = "an amount" if match.consume else "nothing"
        text = f"a match that consumes {taken} has no such outcome."
        known = CONSUMED if match.consume else FOUND
        report(expression.finding("unknown-key", text, nearest(key, known)))
        return
    for word in [said.value] if said.known else said.type.values:
        if word not in words:
            text = f"it cannot be {shown(word)}."
            report(expression.finding("unknown-value", text, nearest(str(word), words)))
