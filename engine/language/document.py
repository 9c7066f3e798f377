"""Writes the function that renders a mapping's document: checks, fields, rows, what it covers.

The heart of the compiler. Reads one mapping with the settings known, gives a function of its
inputs. Traced and plain functions come from the same writer and differ only in what they keep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from . import blame, counts, fields, lists, scope
from . import document_told as told
from .assemble import Body, Built, build
from .catalogue import ID_COLUMNS
from .check_mapping import uses_document
from .code import UNKNOWN, Code
from .declared_filters import Refused
from .emit import Emitter
from .expressions import Report
from .program import Failure, Rendered, Row, Trace
from .spec import Check, EntitySpec, Field, Identity, MappingSet, MappingSpec
from .spec import Row as RowSpec
from .when_asked import when_asked


class Rendering(Struct, frozen=True):
    """A function that renders, and how it was built."""

    run: Callable[[Row], Rendered]
    built: Built


def bind_inputs(body: Body, names: Sequence[str], *texts: str) -> None:
    """Binds the inputs that the texts use: ``v_line = I['line']``."""
    used = set(re.findall(r"\bv_([A-Za-z_][A-Za-z0-9_]*)\b", "\n".join(texts)))
    for name in names:
        if name in used:
            body.add(f"v_{name} = I[{name!r}]")


def row_name(spec: MappingSpec | EntitySpec, inputs: Row) -> str:
    """What messages call the source: ``line L1``."""
    row = inputs.get(spec.alias) or {}
    return f"{spec.alias} {row.get(ID_COLUMNS.get(spec.entity, ''), '?')}"


def render(
    mapping_set: MappingSet,
    spec: MappingSpec,
    settings: Code,
    space: Mapping[str, Any],
    report: Report,
    *,
    traced: bool,
) -> Rendering:
    """The function that renders ``spec`` for a merchant's settings."""
    built = Writer(mapping_set, spec, settings, report, traced).write(space)
    covers = covered(mapping_set, spec, settings, space, report)

    def run(inputs: Row) -> Rendered:
        try:
            result: Rendered = built.function(inputs)
        except Exception as error:
            blame.uncount(error, built)
            failures = blame.failed_in(error, built, "F")
            if not failures:
                raise blame.explain(error, built, row_name(spec, inputs)) from None
            # A check has spoken already; what fails after it is its echo.
            result = Rendered(None, [], [], {}, failures, (), None)
        return result if result.document else result._replace(covers=covers(inputs))

    return Rendering(run, built)


def of_fields(
    mapping_set: MappingSet,
    spec: MappingSpec,
    fields: frozenset[str],
    settings: Code,
    space: Mapping[str, Any],
) -> Rendering:
    """The function that renders these fields alone, of a document whose checks hold."""
    bare = replace(
        spec, document=tuple([one for one in spec.document if one.name in fields]), checks=(),
        warnings=(), then=(), confirm={}, covers=(), moves=(), identity=Identity({}, (), (), {}),
    )  # fmt: skip
    # What is wrong in an expression was told when the whole mapping was compiled.
    return render(mapping_set, bare, settings, space, lambda _finding: None, traced=False)


def covered(
    mapping_set: MappingSet,
    spec: MappingSpec,
    settings: Code,
    space: Mapping[str, Any],
    report: Report,
) -> Callable[[Row], list[Any]]:
    """What the mapping's document would cover, asked before there is one (it may be waiting).

    Where that depends on what is not known yet, it is the source alone.
    """
    made = when_asked(
        lambda: Writer(mapping_set, spec, settings, report, traced=False).write_covered(space),
        report,
    )

    def ask(inputs: Row) -> list[Any]:
        built = made()
        try:
            result: list[Any] = built.function(inputs)
        except (
            TypeError,
            KeyError,
            ArithmeticError,
            ValueError,
        ):  # it names the match, or a value is null
            return _own(spec, inputs)
        return result

    return ask


def _own(spec: MappingSpec, inputs: Row) -> list[Any]:
    column = ID_COLUMNS.get(spec.entity, "")
    return [inputs[spec.alias].get(column)] if spec.alias in spec.covers else []


def _fail(
    failures: list[Failure] | None, check: Check, because: str, state: str = ""
) -> list[Failure]:
    failures = failures if failures is not None else []
    failures.append(Failure(state or check.state, because, check.place))
    return failures


def _known(lets: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in lets.items() if value is not UNKNOWN}


class Writer:
    """Held open while one function is written."""

    def __init__(
        self,
        mapping_set: MappingSet,
        spec: MappingSpec,
        settings: Code,
        report: Report,
        traced: bool,
    ) -> None:
        self.set = mapping_set
        self.spec = spec
        self.schema = mapping_set.targets[spec.target]
        self.body = Body()
        names = scope.of_document(mapping_set, spec, settings)
        self.inputs = [n for n in names if n != "settings"]
        self.emitter = Emitter(
            report, names, scope.signatures(mapping_set), spec.lets, traced=traced,
            optional=scope.optional_fields(spec),
        )  # fmt: skip
        self.emitter.hoist = self.body.add
        self.more: dict[str, Any] = {}
        self.rows = 0

    def bound(self, value: Any) -> str:
        """A name in the function for something that it calls."""
        name = f"C{len(self.more)}"
        self.more[name] = value
        return name

    def write(self, space: Mapping[str, Any]) -> Built:
        spec, body, traced = self.spec, self.body, self.emitter.traced
        body.depth = 1
        body.add("F = None")
        if traced:
            body.add("H = []")
        with body.counted(self.emitter):
            for check in spec.checks:
                if not uses_document(check.that):
                    self.check(check, "F")
        body.add("if F is not None:")
        body.lines.append((2, "return Rendered(None, [], [], {}, F, (), None)"))
        with body.counted(self.emitter):
            self.made(traced=traced)
        self.head()
        more = {
            **space, **self.more, "Rendered": Rendered, "Trace": Trace, "fail": _fail,
            "known": _known, "money": fields.money, "CENT": fields.CENT, "ids": told.ids,
        }  # fmt: skip
        return build(spec.name, body, self.emitter, more)

    def made(self, *, traced: bool) -> None:
        """The lines for a document that no check stops before: what is made, and told of it."""
        spec, body = self.spec, self.body
        self.object("v_document", spec.document, self.schema)
        document = scope.made_document(spec, self.schema)
        self.emitter.names["document"] = Code("v_document", document)
        for check in spec.checks:
            if uses_document(check.that):
                self.check(check, "F")
        body.add("W = None")
        for warning in spec.warnings:
            self.check(warning, "W")
        covers, moves = told.ids_of(self, spec.covers), told.ids_of(self, spec.moves)
        identity = told.identity(self)
        trace = told.trace(self) if traced else "None"
        body.add(
            f"return Rendered(v_document, {covers}, {moves}, {identity}, "
            f"() if F is None else F, () if W is None else W, {trace}, {told.then(self)}, "
            f"{told.confirm(self)})"
        )

    def write_covered(self, space: Mapping[str, Any]) -> Built:
        """The function of what is covered, without the document."""
        self.body.depth = 1
        covers = told.ids_of(self, self.spec.covers)
        self.body.add(f"return {covers}")
        self.head()
        more = {**space, **self.more, "ids": told.ids}
        return build(self.spec.name, self.body, self.emitter, more)

    def head(self) -> None:
        """The function's first lines, known once the rest is written."""
        written, self.body.lines = self.body.lines, []
        self.body.depth = 0
        self.body.add("def render(I):")
        self.body.depth = 1
        bind_inputs(self.body, self.inputs, *[text for _depth, text in written])
        late = self.emitter.started if self.emitter.traced else self.emitter.guarded
        if late:
            self.body.add(" = ".join(f"v_{name}" for name in sorted(late)) + " = U")
        self.body.lines += written

    def check(self, check: Check, into: str) -> None:
        if check.until:  # asked later, of a document whose making is only tried out
            with self.body.block(f"if {check.until!r} not in I.get('assumed', ()):", self.emitter):
                self._check(check, into)
        else:
            self._check(check, into)

    def _check(self, check: Check, into: str) -> None:
        emitter, body = self.emitter, self.body
        code = emitter.emit(check.that)
        if code.known and code.value:
            return
        with body.block(f"if not {code.text}:", emitter):
            emitter.kind = "because"
            because = emitter.emit(check.because)
            emitter.kind = "value"
            state = ", 'warn'" if into == "W" else ""
            text = because.text if because.type.kind == "text" else f"say({because.text})"
            body.add(f"{into} = fail({into}, {self.bound(check)}, {text}{state})")

    # Documents ---------------------------------------------------------------------------------
    def object(self, variable: str, made: Sequence[Field], schema: Mapping[str, Any]) -> None:
        """Statements that leave a record of ``made`` in ``variable``."""
        properties = schema["properties"]
        literal: list[str] = []
        begun = False

        def flush() -> None:
            nonlocal begun
            if not begun:
                self.body.add(f"{variable} = {{{', '.join(literal)}}}")
                begun = True
                literal.clear()

        for field in made:
            child = properties[field.name]
            if field.value is None:
                text = self.list(field, child)
            else:
                when = self.emitter.emit(field.when) if field.when else None
                if when and when.known and not when.value:
                    continue
                if when and not when.known:
                    flush()
                    with self.body.block(f"if {when.text}:", self.emitter):
                        value = self.value(field, child)
                        self.body.add(f"{variable}[{field.name!r}] = {value}")
                    continue
                text = self.value(field, child)
            if begun:
                self.body.add(f"{variable}[{field.name!r}] = {text}")
            else:
                literal.append(f"{field.name!r}: {text}")
        flush()

    def value(self, field: Field, schema: Mapping[str, Any]) -> str:
        assert field.value is not None  # noqa: S101 — told apart by the caller
        wrap, convert = fields.conversion(schema)
        name = self.bound(convert) if "{convert}" in wrap else ""
        code = self.emitter.emit(field.value, wrap.replace("{convert}", name))
        if code.known and counts.now() is None:
            try:
                return self.emitter.bind(convert(code.value))
            except (ValueError, TypeError, ArithmeticError):
                return code.text  # fails in the run, with its place
        return code.text

    def list(self, field: Field, schema: Mapping[str, Any]) -> str:
        self.rows += 1
        variable = f"R{self.rows}"
        self.body.add(f"{variable} = []")
        for row in field.rows:
            self.row(variable, row, schema["items"])
        least = schema.get("minItems", 0)
        if least:
            self.body.add(f"if len({variable}) < {least}:")
            name = self.bound(_too_few(field, least))
            self.body.lines.append((self.body.depth + 1, f"{name}(len({variable}))"))
        return variable

    def row(self, variable: str, row: RowSpec, schema: Mapping[str, Any]) -> None:
        emitter, body = self.emitter, self.body
        before = dict(emitter.names)
        if row.each is None:
            self.filled(variable, row, schema)
            return
        items = lists.item_of(emitter, row)
        if items.known and not items.value:
            emitter.names.pop(row.alias)
            return
        if row.group is None:
            with body.block(f"for v_{row.alias} in {items.text}:", emitter, loop=True):
                self.filled(variable, row, schema)
        else:
            self.grouped(variable, row, schema, items)
        emitter.names.clear()
        emitter.names.update(before)

    def grouped(self, variable: str, row: RowSpec, schema: Mapping[str, Any], items: Code) -> None:
        emitter, body = self.emitter, self.body
        groups = f"G{self.rows}"
        body.add(f"{groups} = {{}}")
        with body.block(f"for v_{row.alias} in {items.text}:", emitter, loop=True):
            key = lists.group_of(emitter, row)
            body.add(f"{groups}.setdefault({key.text}, []).append(v_{row.alias})")
        with body.block(f"for v_group, v_rows in {groups}.items():", emitter, loop=True):
            self.filled(variable, row, schema)

    def filled(self, variable: str, row: RowSpec, schema: Mapping[str, Any]) -> None:
        """One row with its condition."""
        made = f"{variable}_row"
        when = self.emitter.emit(row.when) if row.when else None
        if when and when.known and not when.value:
            return
        if when is None or when.known:
            self.object(made, row.fields, schema)
            self.body.add(f"{variable}.append({made})")
            return
        with self.body.block(f"if {when.text}:", self.emitter):
            self.object(made, row.fields, schema)
            self.body.add(f"{variable}.append({made})")


def _too_few(field: Field, least: int) -> Callable[[int], None]:
    def refuse(count: int) -> None:
        rows = "1 row" if count == 1 else f"{count} rows"
        raise Refused(
            f"{field.place}: {field.name} has {rows}, the target takes no less than {least}"
        )

    return refuse
