"""Checks a mapping set when it is loaded: every name, column, field and type, all findings at once.

Reads the parsed set, reports findings. It runs the emitter that the compiler runs, with settings
of which only the types are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import Finding
from ..yamlfile import Path_, nearest
from . import (
    check_entities,
    check_related,
    check_tables,
    fields,
    lineage,
    lists,
    rules,
    scope,
)
from .code import RESERVED, Code
from .emit import Emitter
from .expressions import Expression, Report, walk
from .filters import NO_VALUE, Refused
from .kinds import Type, shown
from .spec import Against, Check, Field, MappingSet, MappingSpec, Match, Row

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


def check(
    mapping_set: MappingSet,
    columns: dict[str, dict[str, Type]],
    report: Report,
    *,
    complete: bool,
    whole: bool = True,
) -> None:
    """Reports what is wrong. ``complete`` is false when some file could not be read at all,
    ``whole`` when the mappings of some flows were left out."""
    report = lenient(report, complete=complete)
    settings = Code("K_settings", mapping_set.settings_type)
    for table in mapping_set.tables.values():
        check_tables.check(mapping_set, table, settings, report)
    check_entities.check(mapping_set, columns, settings, report)
    for spec in mapping_set.mappings.values():
        _Mapping(mapping_set, spec, settings, report).check()
    _needs(mapping_set, report)
    _made_for(mapping_set, report, whole)
    if complete and whole:
        for finding in rules.of_set(mapping_set):
            report(finding)


def lenient(report: Report, *, complete: bool) -> Report:
    """A report without what may stand in a file that could not be read."""

    def filtered(finding: Finding) -> None:
        if finding.code not in ("unknown-table", "unknown-mapping", "may-be-null"):
            report(finding)

    return report if complete else filtered


# Mappings -----------------------------------------------------------------------------------------
def _needs(mapping_set: MappingSet, report: Report) -> None:
    for name, spec in mapping_set.mappings.items():
        for i, need in enumerate(spec.needs):
            where = ("needs", i)
            if need not in mapping_set.mappings:
                text, remedy = f"there is no mapping {need!r}.", nearest(need, mapping_set.mappings)
                report(spec.source.finding(where, "unknown-mapping", text, remedy))
            elif circle := _circle(mapping_set, name, need):
                text = f"{name} needs itself: {' → '.join([name, *circle])}."
                report(spec.source.finding(where, "cycle", text))


def _made_for(mapping_set: MappingSet, report: Report, whole: bool) -> None:
    """The mappings that a document is made for, and the checks that it is made in spite of."""
    known = mapping_set.mappings
    for name, spec in known.items():
        for i, other in enumerate(spec.made_for):
            if other not in known and whole:
                text, remedy = f"there is no mapping {other!r}.", nearest(other, known)
                report(spec.source.finding(("for", i), "unknown-mapping", text, remedy))
        for i, check_ in enumerate(spec.checks):
            maker = known.get(check_.until)
            if check_.until and (whole or maker) and (maker is None or name not in maker.made_for):
                text = f"{check_.until} is not made for {name}."
                remedy = f"Name {name} in its `for`."
                report(spec.source.finding(("checks", i, "until"), "unknown-mapping", text, remedy))


def _circle(mapping_set: MappingSet, wanted: str, start: str) -> list[str]:
    queue, seen = [[start]], {start}
    while queue:
        path = queue.pop(0)
        if path[-1] == wanted:
            return path
        spec = mapping_set.mappings.get(path[-1])
        for need in spec.needs if spec else ():
            if need not in seen:
                seen.add(need)
                queue.append([*path, need])
    return []


class _Mapping:
    """Held open over one mapping: its names, its target, where findings go."""

    def __init__(
        self, mapping_set: MappingSet, spec: MappingSpec, settings: Code, report: Report
    ) -> None:
        self.set = mapping_set
        self.spec = spec
        self.settings = settings
        self.report = self._noting(report)
        self.told: list[str] = []
        self.signatures = scope.signatures(mapping_set)
        self.sure: set[str] = set()
        self.shared: dict[Any, Any] = {}

    def check(self) -> None:
        spec = self.spec
        if not self._known_entities():
            return
        self._aliases()
        names = scope.of_source(self.set, spec, self.settings)
        check_related.check(
            self.set, spec.source, spec.related, names,
            lambda one: scope.row_type(self.set, one.entity), self.report,
        )  # fmt: skip
        when = self._emitter(scope.of_when(self.set, spec, self.settings))
        if spec.when:
            when.emit(spec.when)
        if spec.nothing:
            when.emit(spec.nothing.when)
            when.kind = "because"
            when.emit(spec.nothing.because)
            when.kind = "value"
        if spec.per:
            self._emitter(scope.of_source(self.set, spec, self.settings)).emit(spec.per)
        for expression in spec.after.values():
            when.emit(expression)
        for match in spec.match.values():
            self._match(match)
        if spec.card:
            self._emitter(scope.of_card(self.set, spec, self.settings)).emit(spec.card)
        names = scope.of_document(self.set, spec, self.settings)
        emitter = self._emitter(names, spec.lets)
        lets = {name: emitter.let(name).type for name in spec.lets}
        self.shared = {("type", name): type_ for name, type_ in lets.items()}
        self._covers({**{n: c.type for n, c in names.items()}, **lets})
        schema = self.set.targets.get(spec.target)
        if schema is None:
            return
        self.sure = self._surely(emitter)
        self._object(spec.document, schema, emitter, "document")
        document = scope.made_document(spec, schema)
        after = {**names, "document": Code("v_document", document)}
        later = self._emitter(after, spec.lets)
        for one in (*spec.checks, *spec.warnings):
            self._check(one, later)
        self._identity(later, document)
        self._then(schema, later)

    def _noting(self, report: Report) -> Report:
        """``report``, with the codes in ``told``: one mistake is one finding."""

        def noted(finding: Finding) -> None:
            self.told.append(finding.code)
            report(finding)

        return noted

    def _surely(self, emitter: Emitter) -> set[str]:
        """What is not null where a document is made: by conditions, requirements, checks."""
        spec, view = self.spec, self._view(emitter)
        others = [self.set.mappings.get(need) for need in spec.needs]
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
            needed = {
                path for one in match.require for path in lineage.holding(one.that.node, view)
            }
            found |= {f"{match.alias}{path[2:]}" for path in needed if path.startswith("it.")}
        return found

    def _view(self, emitter: Emitter) -> lineage.View:
        sure = frozenset(self.sure)
        return lineage.View(
            self.set, dict(emitter.names), emitter.lets, self.settings, sure, shared=self.shared
        )

    def _emitter(
        self,
        names: Mapping[str, Code],
        lets: Mapping[str, Expression | tuple[Row, ...]] | None = None,
    ) -> Emitter:
        return Emitter(self.report, dict(names), self.signatures, lets or {})

    def _wrong(
        self, path: Path_, code: str, text: str, remedy: str = "", key: bool = False
    ) -> None:
        self.report(self.spec.source.finding(path, code, text, remedy, key=key))

    def _known_entities(self) -> bool:
        spec, known = self.spec, self.set.columns
        named: list[tuple[Path_, str]] = [(("source", spec.alias), spec.entity)]
        named += [(("related", a, "from"), r.entity) for a, r in spec.related.items()]
        named += [(("match", a, "from"), m.entity) for a, m in spec.match.items()]
        wrong = [(path, name) for path, name in named if name not in known]
        for path, name in wrong:
            text = f"there is no entity {name!r}."
            self._wrong(path, "unknown-entity", text, nearest(name, known))
        if spec.target not in self.set.targets:
            text = f"there is no target {spec.target!r}."
            self._wrong(("target",), "unknown-target", text, nearest(spec.target, self.set.targets))
        return not wrong

    def _aliases(self) -> None:
        spec = self.spec
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
                self._wrong(path, "reserved-name", text, "Take another name.", key=True)
            elif name in seen:
                where = spec.source.place(seen[name], key=True)
                self._wrong(path, "twice", f"{name!r} stands already in {where}.", key=True)
            seen[name] = path

    def _match(self, match: Match) -> None:
        names = scope.of_source(self.set, self.spec, self.settings)
        candidate = scope.of_candidate(self.set, match.entity, names)
        settings = self._emitter({"settings": self.settings})
        columns = scope.row_type(self.set, match.entity)
        for i, step in enumerate(match.steps):
            if step.field:
                code = settings.emit(step.field)
                if code.known:
                    path = ("match", match.alias, "steps", i, "field")
                    source, name = self.spec.source, str(code.value)
                    check_related.column(source, columns, name, path, self.report)
            for expression in (*step.keys, *step.own):
                check_related.as_sql(self.set, expression, names, self.report)
        self._awaits(match, names)
        if match.against:
            self._against(match, match.against, names, candidate)
        for required in match.require:
            check_related.as_sql(self.set, required.that, candidate, self.report)
            because = self._emitter(candidate)
            because.kind = "because"
            because.emit(required.because)
        if match.consume:
            check_related.as_sql(self.set, match.consume.of, candidate, self.report)
            check_related.as_sql(self.set, match.consume.amount, candidate, self.report)
            if match.consume.tolerance:
                settings.emit(match.consume.tolerance)
        for expression in match.order:
            check_related.as_sql(self.set, expression, candidate, self.report)
        for key, expression in match.outcome.items():
            check_outcome(match, key, settings.emit(expression), self.report)

    def _against(
        self,
        match: Match,
        against: Against,
        names: Mapping[str, Code],
        candidate: Mapping[str, Code],
    ) -> None:
        columns = scope.row_type(self.set, match.entity)
        settings = self._emitter({"settings": self.settings})
        path: Path_ = ("match", match.alias, "against")
        fields = [((*path, "fields", i), one) for i, one in enumerate(against.fields)]
        fields += [((*path, "digits"), against.digits)]
        fields += [((*path, "pairs", "field"), against.pairs_field)]
        for where, one in fields:
            code = settings.emit(one)
            if code.known:
                source, name = self.spec.source, str(code.value)
                check_related.column(source, columns, name, where, self.report)
        settings.emit(against.prefix)
        for one in (against.order, *against.names, *against.pairs_keys):
            check_related.as_sql(self.set, one, names, self.report)
        if against.source:
            check_related.as_sql(self.set, against.source, names, self.report)
        check_related.as_sql(self.set, against.pairs_that, candidate, self.report)

    def _awaits(self, match: Match, names: Mapping[str, Code]) -> None:
        emitter = self._emitter(names)
        for entity, expression in match.awaits.items():
            path = ("match", match.alias, "awaits", entity)
            if entity not in self.set.columns:
                text, near = f"there is no entity {entity!r}.", nearest(entity, self.set.columns)
                self._wrong(path, "unknown-entity", text, near, key=True)
            elif self.spec.entity != LINE:
                text = f"a {self.spec.entity} has no transaction whose document it could wait for."
                self._wrong(path, "unused", text, f"Only a {LINE} has.", key=True)
            emitter.emit(expression)

    def _covers(self, types: Mapping[str, Type]) -> None:
        for key, names in (("covers", self.spec.covers), ("moves", self.spec.moves)):
            for i, name in enumerate(names):
                if name not in types or name in RESERVED:
                    known = [n for n in types if n not in RESERVED]
                    text = f"there is no {name!r} here."
                    self._wrong((key, i), "unknown-name", text, nearest(name, known))
                elif types[name].kind not in ("record", "list", "any"):
                    text = f"{name} is a {types[name].kind}; {key} names rows."
                    self._wrong((key, i), "type", text)

    def _check(self, one: Check, emitter: Emitter) -> None:
        emitter.emit(one.that)
        emitter.kind = "because"
        emitter.emit(one.because)
        emitter.kind = "value"

    def _identity(self, emitter: Emitter, document: Type) -> None:
        for expression in (*self.spec.identity.ask.values(), *self.spec.identity.since.values()):
            emitter.emit(expression)
        made = {field.name for field in self.spec.document}
        pairs: Iterable[tuple[str, Sequence[str]]] = (
            ("agree", self.spec.identity.agree), ("adopt", self.spec.identity.adopt),
        )  # fmt: skip
        for key, names in pairs:
            if key not in self.spec.source.value["identity"]:
                continue
            for i, name in enumerate(names):
                if name not in made:
                    text = f"the document has no field {name!r}."
                    self._wrong(("identity", key, i), "unknown-field", text, nearest(name, made))

    def _then(self, schema: Mapping[str, Any], emitter: Emitter) -> None:
        known = schema.get("x-target", {}).get("then", {})
        known = [*known, "confirm"] if self.spec.confirm else list(known)
        for i, one in enumerate(self.spec.then):
            if one.step not in known:
                text = f"{self.spec.target} has no step {one.step!r}."
                self._wrong(("then", i), "unknown-step", text, nearest(one.step, known))
            if one.when:
                emitter.emit(one.when)
        for confirm in self.spec.confirm.values():
            emitter.emit(confirm.expected)
            if confirm.within:
                emitter.emit(confirm.within)
        if self.spec.confirm and "confirm" not in (one.step for one in self.spec.then):
            self._wrong(
                ("confirm",), "unused", "confirm is not among the actions of `then`.",
                "Name it before the actions that wait for it.", key=True,
            )  # fmt: skip

    # Documents ---------------------------------------------------------------------------------
    def _object(
        self,
        made: Sequence[Field],
        schema: Mapping[str, Any],
        emitter: Emitter,
        name: str,
        place: Any = None,
    ) -> None:
        known = schema.get("properties", {})
        for field in made:
            child = known.get(field.name)
            if child is None:
                text = f"{self.spec.target} has no field {field.name!r} in {name}."
                remedy = nearest(field.name, known, {f.name for f in made})
                self.report(Finding(field.place, "unknown-field", text, remedy))
            elif field.value is None:
                self._list(field, child, emitter)
            else:
                self._value(field, child, emitter, field.name in schema.get("required", ()))
        there = {f.name for f in made if f.when is None}
        for needed in schema.get("required", ()):
            if needed not in there:
                optional = any(f.name == needed for f in made)
                text = f"{name} needs the field {needed!r} of {self.spec.target}" + (
                    ", and here it may be left out." if optional else "."
                )
                where = place or self.spec.source.place(("document",), key=True)
                self.report(Finding(where, "missing-field", text))

    def _value(
        self, field: Field, schema: Mapping[str, Any], emitter: Emitter, needed: bool
    ) -> None:
        assert field.value is not None  # noqa: S101 — told apart by the caller
        if field.when:
            emitter.emit(field.when)
        if schema.get("type") == "array":
            text = f"{field.value.field} takes a list of rows."
            self.report(Finding(field.place, "wrong-type", text))
            return
        told = len(self.told)
        code = emitter.emit(field.value)
        if "missing-braces" in self.told[told:]:
            return
        wrong = fields.misfit(schema, code.type)
        if code.known and code.value is not None and (not wrong or code.type.kind == "integer"):
            try:
                fields.conversion(schema)[1](code.value)
                wrong = ""
            except (ValueError, TypeError, ArithmeticError) as error:
                wrong = refusal(error)
        if wrong:
            self.report(field.value.finding("misfit", f"{wrong}."))
            return
        view = self._view(emitter)
        if field.when:
            view = view.with_sure(lineage.holding(field.when.node, view))
        for finding in rules.of_value(rules.Value(field.value, schema, needed, code.type, view)):
            self.report(finding)

    def _list(self, field: Field, schema: Mapping[str, Any], emitter: Emitter) -> None:
        if schema.get("type") != "array":
            text = f"document.{field.name} is one value, not a list of rows."
            self.report(Finding(field.place, "wrong-type", text))
            return
        for row in field.rows:
            self._row(field, row, schema.get("items", {}), emitter)

    def _row(self, field: Field, row: Row, schema: Mapping[str, Any], emitter: Emitter) -> None:
        before, sure = dict(emitter.names), self.sure
        if row.each:
            lists.item_of(emitter, row)
        if row.group:
            lists.group_of(emitter, row)
        if row.when:
            emitter.emit(row.when)
            self.sure = sure | lineage.holding(row.when.node, self._view(emitter))
        self._object(row.fields, schema, emitter, f"a row of {field.name}", row.place)
        self.sure = sure
        emitter.names.clear()
        emitter.names.update(before)


def refusal(error: Exception) -> str:
    """The end of a sentence that tells why a value does not fit."""
    kind = type(error).__name__
    if kind == "InvalidOperation":
        return "is too large"
    if kind == "Inexact":
        return "has more than two decimals; write | round(2)"
    if "NoneType" in str(error):
        return "is null"
    return str(error) if isinstance(error, Refused) else NO_VALUE


def uses_document(expression: Expression) -> bool:
    """Whether an expression names the finished document."""
    return any(getattr(node, "name", "") == "document" for node in walk(expression.node))


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
