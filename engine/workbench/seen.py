"""Evaluates single expressions of a mapping as they were evaluated in a document.

Reads a compiled set and what a mapping was given, gives the value of any part of an expression. The
Python of a part is written by the emitter that writes the mapping's, so both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from jinja2 import nodes

from ..errors import Finding
from ..language import compile_tables, kinds, scope
from ..language.assemble import Body, build
from ..language.code import Code
from ..language.document import bind_inputs
from ..language.emit import Emitter
from ..language.expressions import Expression
from ..language.program import Program
from ..language.spec import EntitySpec, MappingSpec
from ..language.spec import Row as RowSpec

UNSEEN: Any = type("Unseen", (), {"__repr__": lambda _: "not evaluated"})()
Lets = Mapping[str, Expression | tuple[RowSpec, ...]]


@dataclass(slots=True, eq=False)
class Frame:
    """What an expression sees where it stands: names with their types and values.

    ``lets`` are the named values among them (of an entity its derived columns); ``entities`` says
    of what a name's row, or rows, are. ``base`` is the frame that named values see; ``group`` is
    what the rows were grouped by, and what it saw of the first of them.
    """

    of: MappingSpec | EntitySpec
    names: dict[str, Code]
    values: dict[str, Any]
    lets: Lets
    entities: dict[str, str]
    base: Frame | None = None
    group: tuple[Expression, Frame] | None = None

    def value(self, name: str) -> Any:
        """The value of a name; UNSEEN where it has none."""
        try:
            return self.values[name]
        except KeyError:
            return UNSEEN

    def root(self) -> Frame:
        """The frame that named values see."""
        return self.base or self

    def inside(self, names: Mapping[str, Any]) -> Frame:
        """The same with further names, as rows give them."""
        codes = {name: Code(f"v_{name}", kinds.ANY) for name in names}
        values = self.values.copy()
        values.update(names)
        base = self.root()
        return Frame(self.of, {**self.names, **codes}, values, self.lets, self.entities, base)


@dataclass(slots=True)
class Evaluator:
    """Held open over one explanation; what was compiled once is kept."""

    program: Program
    functions: dict[Any, Callable[..., Any]] = field(default_factory=dict)

    def value(self, node: nodes.Node, expression: Expression, frame: Frame) -> Any:
        """What the part of an expression gives; UNSEEN where it can't be had."""
        try:
            return self._function(node, expression, frame)(frame.values)
        except Exception:  # what a value lacks was told where the document was made
            return UNSEEN

    def whole(self, expression: Expression, frame: Frame) -> Any:
        """What an expression gives."""
        return self.value(expression.node, expression, frame)

    def _function(
        self, node: nodes.Node, expression: Expression, frame: Frame
    ) -> Callable[[Mapping[str, Any]], Any]:
        key = (id(node), id(frame.of), frozenset(frame.names))
        known = self.functions.get(key)
        if known is None:
            known = self.functions[key] = self._compiled(node, expression, frame)
        return known

    def _compiled(
        self, node: nodes.Node, expression: Expression, frame: Frame
    ) -> Callable[[Mapping[str, Any]], Any]:
        emitter = Emitter(_quiet, dict(frame.names), scope.signatures(self.program.mapping_set))
        part = Expression(
            expression.text, cast(nodes.Expr, node), expression.place, expression.field
        )
        text = emitter.emit(part).text
        body = Body()
        body.add("def ask(I):")
        body.depth += 1
        bind_inputs(body, [name for name in frame.names if name != "settings"], text)
        body.add(f"return {text}")
        built = build("explained", body, emitter, compile_tables.space(self.program.tables))
        function: Callable[[Mapping[str, Any]], Any] = built.function
        return function

    # Rows --------------------------------------------------------------------------------------
    def rows(self, declared: Sequence[RowSpec], frame: Frame) -> Iterator[tuple[RowSpec, Frame]]:
        """Each row that declared rows make, in order, with what its fields see."""
        for row in declared:
            for inner in self._items(row, frame):
                if row.when is None or self.whole(row.when, inner):
                    yield row, inner

    def _items(self, row: RowSpec, frame: Frame) -> Iterator[Frame]:
        if row.each is None:
            yield frame
            return
        items = self.whole(row.each, frame)
        items = items if isinstance(items, list | tuple) else []
        if row.group is None:
            for one in items:
                yield frame.inside({row.alias: one})
            return
        groups: dict[Any, list[Any]] = {}
        for one in items:
            key = self.whole(row.group, frame.inside({row.alias: one}))
            groups.setdefault(key, []).append(one)
        for group, rows in groups.items():
            inner = frame.inside({"group": group, "rows": rows})
            inner.group = (row.group, frame.inside({row.alias: rows[0]}))
            yield inner


def of_mapping(program: Program, spec: MappingSpec, inputs: Mapping[str, Any]) -> Frame:
    """What a mapping's document sees, its named values not among them yet."""
    set_ = program.mapping_set
    names = scope.of_document(set_, spec, _settings(program))
    names["earlier"] = Code("v_earlier", kinds.INTEGER)
    return Frame(spec, names, dict(inputs), spec.lets, entities_of(spec))


def entities_of(spec: MappingSpec) -> dict[str, str]:
    """Of what the rows are that a mapping names: its source, what belongs to it, its matches."""
    found = {spec.alias: spec.entity}
    found |= {alias: one.entity for alias, one in spec.related.items()}
    return found | {alias: one.entity for alias, one in spec.match.items()}


def of_entity(
    evaluator: Evaluator, spec: EntitySpec, row: Mapping[str, Any], more: Mapping[str, Any]
) -> Frame:
    """What the derived columns of a row see: the row, each other, and ``more``: the rows that
    belong to it, and the books."""
    program = evaluator.program
    names = scope.of_derived(program.mapping_set, spec, _settings(program))
    for alias in spec.related:
        names[alias] = Code(f"v_{alias}", names[alias].type)
    columns = program.mapping_set.columns[spec.entity]
    named = {name: Code(f"v_{name}", columns.get(name, kinds.ANY)) for name in spec.named}
    values = _Lazy({spec.alias: row, **{name: row.get(name) for name in spec.derive}, **more})
    entities = {spec.alias: spec.entity}
    entities |= {alias: one.entity for alias, one in spec.related.items()}
    frame = Frame(spec, {**names, **named}, values, spec.named, entities)
    for name, expression in spec.lets.items():  # no columns: worked out when they are asked for
        values.late[name] = partial(evaluator.whole, expression, frame)
    return frame


class _Lazy(dict[str, Any]):
    """Values of which some are worked out when they are asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.late: dict[str, Callable[[], Any]] = {}

    def __missing__(self, name: str) -> Any:
        value = self[name] = self.late[name]()
        return value

    def copy(self) -> _Lazy:
        other = _Lazy(self)
        other.late = self.late
        return other


def with_lets(evaluator: Evaluator, frame: Frame, lets: Mapping[str, Any]) -> Frame:
    """The frame with its named values: those that were evaluated, the others when they are asked
    for, as where a check came before them."""
    codes = {name: Code(f"v_{name}", kinds.ANY) for name in frame.lets}
    values = _Lazy({**frame.values, **{name: lets[name] for name in frame.lets if name in lets}})
    made = Frame(frame.of, {**frame.names, **codes}, values, frame.lets, frame.entities)
    for name, declared in frame.lets.items():
        if isinstance(declared, Expression):
            values.late[name] = partial(evaluator.whole, declared, made)
        else:
            values.late[name] = partial(_listed, evaluator, declared, made)
    return made


def _listed(evaluator: Evaluator, declared: Sequence[RowSpec], frame: Frame) -> list[Any]:
    """The rows of a named list."""
    return [
        {
            field.name: None
            if field.value is None or (field.when and not evaluator.whole(field.when, inner))
            else evaluator.whole(field.value, inner)
            for field in row.fields
        }
        for row, inner in evaluator.rows(declared, frame)
    ]


def _settings(program: Program) -> Code:
    declared = program.mapping_set.settings_type
    type_ = declared if declared.kind == "record" else kinds.of_value(
        dict(program.settings), "settings"
    )  # fmt: skip
    return Code("K_settings", type_, program.settings)


def _quiet(_finding: Finding) -> None:
    """Told when the set was loaded."""
