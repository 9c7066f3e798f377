"""Explains a value of a document: its expression, and each value that went into it, down to the
columns as they are staged.

Reads a mapping's frame (``engine.workbench.seen``) and what is known of rows, gives a tree of
``Value``. What an inline if did not choose, and what an ``and`` or ``or`` did not look at, is left
out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from ..errors import Place
from ..language.expressions import Expression, children
from ..language.laid import Change
from ..language.spec import Field
from ..language.spec import Row as RowSpec
from ..language.written import written
from .near import TableRow, looked_up
from .origins import Origin
from .seen import UNSEEN, Evaluator, Frame, of_entity

DEEPEST = 40
MOST_ROWS = 5  # rows of a list whose values are each told


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it comes from.

    ``kind`` is field, condition, named, column, staged, input, setting, table, books, made, match,
    loser, rows or part; ``expression`` is what gives it and ``place`` where that stands; ``origin``
    says where a staged column of an ``entity`` stands in the raw answer. ``again`` says that it was
    told before; ``change`` is what the overlay changed of the rule.
    """

    name: str
    value: Any
    kind: str
    expression: str = ""
    place: Place | None = None
    what: str = ""
    entity: str = ""
    origin: Origin | None = None
    table: TableRow | None = None
    inputs: tuple[Value, ...] = ()
    again: bool = False
    change: Change | None = None


Belonging = Callable[[str, Mapping[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class Explainer:
    """Held open over one explanation: whose row is whose, and what was told already.

    ``more`` gives what derived columns of a row see beside it, ``overlaid`` what the overlay
    changed of the rule at a place, ``origin`` where a staged column stands; ``rows`` has by
    identity the entity of each row, ``made`` of each row of a named list how it was declared and
    what it saw.
    """

    evaluator: Evaluator
    more: Belonging
    setting_place: Callable[[Sequence[str]], Place]
    match: Mapping[str, Any]
    overlaid: Callable[[Place], Change | None]
    origin: Callable[[str, Mapping[str, Any], str], Origin]
    rows: dict[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    made: dict[int, tuple[RowSpec, Frame, Mapping[str, Any]]] = field(default_factory=dict)
    frames: dict[int, Frame] = field(default_factory=dict)
    told: set[Any] = field(default_factory=set)
    depth: int = 0

    def know(self, entity: str, value: Any) -> None:
        """Note that a row, or rows, are of an entity."""
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, dict):
                self.rows[id(one)] = (entity, one)

    def know_made(self, declared: Sequence[RowSpec], frame: Frame, value: Any) -> None:
        """Note how the rows of a named list were declared."""
        if not isinstance(value, list):
            return
        found = list(self.evaluator.rows(declared, frame))
        if len(found) == len(value):
            for (row, inner), one in zip(found, value, strict=True):
                self.made[id(one)] = (row, inner, one)

    # A field -----------------------------------------------------------------------------------
    def field(self, declared: Field, frame: Frame, name: str, value: Any) -> Value:
        """A field of the document, or of a row of it."""
        assert declared.value is not None  # noqa: S101 — a list's rows are told one by one
        inputs = self._inputs(declared.value, frame)
        if declared.when is not None:
            inputs += self._inputs(declared.when, frame)
        return self._of(declared.value, name, value, "field", _once(inputs))

    def left_out(self, when: Expression, frame: Frame, name: str) -> Value:
        """A condition that kept a field, or a row, out of the document."""
        value = self.evaluator.whole(when, frame)
        return self._of(when, name, value, "condition", _once(self._inputs(when, frame)))

    def _inputs(self, expression: Expression, frame: Frame) -> list[Value]:
        return list(self._of_node(expression.node, expression, frame))

    def _of(
        self, expression: Expression, name: str, value: Any, kind: str, inputs: Sequence[Value],
        *, again: bool = False,
    ) -> Value:  # fmt: skip
        text = " ".join(expression.text.split())
        if expression.plain and isinstance(expression.node, nodes.Const):
            literal = expression.node.value
            if literal is None or isinstance(literal, bool):
                text = written(expression.node)
        return Value(
            name, value, kind, text, expression.place, inputs=tuple(inputs), again=again,
            change=self.overlaid(expression.place),
        )  # fmt: skip

    # Nodes -------------------------------------------------------------------------------------
    def _of_node(self, node: nodes.Node, whole: Expression, frame: Frame) -> Iterator[Value]:
        """The values that a part of an expression was made of."""
        match node:
            case nodes.Const():
                return
            case nodes.Name():
                yield from self._name(node.name, whole, frame)
            case nodes.Getattr() | nodes.Getitem():
                yield from self._path(node, whole, frame)
            case nodes.Call():
                yield self._call(node, whole, frame)
            case nodes.CondExpr():
                yield from self._of_node(node.test, whole, frame)
                holds = self.evaluator.value(node.test, whole, frame)
                chosen = node.expr1 if holds and holds is not UNSEEN else node.expr2
                if chosen is not None:
                    yield from self._of_node(chosen, whole, frame)
            case nodes.And() | nodes.Or():
                yield from self._of_node(node.left, whole, frame)
                left = self.evaluator.value(node.left, whole, frame)
                if bool(left) is isinstance(node, nodes.And) or left is UNSEEN:
                    yield from self._of_node(node.right, whole, frame)
            case nodes.Filter():
                yield from self._filter(node, whole, frame)
            case _:
                for child in children(node):
                    yield from self._of_node(child, whole, frame)

    def _filter(self, node: nodes.Filter, whole: Expression, frame: Frame) -> Iterator[Value]:
        assert node.node is not None  # noqa: S101 — refused when parsed
        rows = self.evaluator.value(node.node, whole, frame)
        first = node.args[0] if node.args else None
        if node.name == "default":
            yield from self._of_node(node.node, whole, frame)
            if rows is None:
                yield from self._of_node(node.args[0], whole, frame)
            return
        named = isinstance(first, nodes.Const) and isinstance(first.value, str)
        if named and isinstance(rows, list) and rows and self._is_known(rows):
            assert isinstance(first, nodes.Const)  # noqa: S101 — seen above
            yield self._of_rows(node, rows, str(first.value), frame, whole)
            arguments: Iterable[nodes.Node] = node.args[1:]
        else:
            yield from self._of_node(node.node, whole, frame)
            arguments = node.args
        for argument in arguments:
            yield from self._of_node(argument, whole, frame)

    def _is_known(self, rows: list[Any]) -> bool:
        return all(id(one) in self.rows or id(one) in self.made for one in rows)

    def _of_rows(
        self, node: nodes.Filter, rows: list[Any], column: str, frame: Frame, whole: Expression
    ) -> Value:
        """What a filter takes of a column of rows: the value of each."""
        assert node.node is not None  # noqa: S101 — as above
        name = written(node.node)
        each = [
            self._of_row(f"{name}[{i}].{column}", one, column)
            for i, one in enumerate(rows[:MOST_ROWS])
        ]
        value = self.evaluator.value(node, whole, frame)
        what = f"of {len(rows)} rows" if len(rows) != 1 else "of 1 row"
        if len(rows) > MOST_ROWS:
            what += f", of which {MOST_ROWS} are told"
        return Value(written(node)[1:-1], value, "rows", what=what, inputs=tuple(each))

    # Names -------------------------------------------------------------------------------------
    def _name(self, name: str, whole: Expression, frame: Frame) -> Iterator[Value]:
        if name in frame.lets:
            yield self._named(name, frame)
            return
        value = frame.value(name)
        if name == "books":
            return
        entity = frame.entities.get(name, "")
        if name == "group" and frame.group is not None:
            by, first = frame.group
            key = ("group", id(by), str(value))
            yield self._expressed(key, "what its rows are grouped by", by, first, value, "named")
        elif isinstance(value, list):
            what = f"{len(value)} rows of {entity}" if len(value) != 1 else f"1 row of {entity}"
            yield Value(name, value, "rows", what=what if entity else "", entity=entity)
        elif value is None and entity:
            yield Value(name, None, "match", what="nothing was found that it refers to")
        elif not isinstance(value, dict):
            what = "how many documents of it came before" if name == "earlier" else ""
            yield Value(name, value, "part", what=what)

    def _named(self, name: str, frame: Frame) -> Value:
        """A named value of the mapping, or a derived column that another one uses."""
        declared, base = frame.lets[name], frame.root()
        value = base.value(name)
        if isinstance(declared, tuple):
            place = declared[0].place if declared else None
            what = f"a list of {len(value)} rows" if isinstance(value, list) else ""
            return Value(name, value, "named", place=place, what=what)
        return self._expressed(("let", id(base), name), name, declared, base, value, "named")

    def _expressed(
        self, key: Any, name: str, declared: Expression, frame: Frame, value: Any, kind: str
    ) -> Value:
        if key in self.told or self.depth > DEEPEST:
            return self._of(declared, name, value, kind, (), again=True)
        self.told.add(key)
        self.depth += 1
        inputs = _once(self._inputs(declared, frame))
        self.depth -= 1
        return self._of(declared, name, value, kind, inputs)

    # Paths -------------------------------------------------------------------------------------
    def _path(
        self, node: nodes.Getattr | nodes.Getitem, whole: Expression, frame: Frame
    ) -> Iterator[Value]:
        name, value = written(node), self.evaluator.value(node, whole, frame)
        root, keys = _keys(node)
        if root == "settings":
            yield Value(name, value, "setting", place=self.setting_place(keys))
            return
        if root == "match" and len(keys) == 2:
            yield Value(name, value, "match", what=_OF_MATCH.get(keys[1], ""))
            return
        if isinstance(node.node, nodes.Call):
            table = self._call(node.node, whole, frame)
            yield Value(name, value, "table", table=table.table, inputs=table.inputs)
            return
        holder = self.evaluator.value(node.node, whole, frame)
        key = node.attr if isinstance(node, nodes.Getattr) else _constant(node.arg)
        if isinstance(holder, dict) and (id(holder) in self.rows or id(holder) in self.made):
            one = self._of_row(name, holder, key)
            if root in frame.entities and root in self._matches(frame) and not keys[1:]:
                yield self._match(root, frame)
            yield one
            return
        if isinstance(node.node, nodes.Name) and isinstance(
            declared := frame.lets.get(node.node.name), Expression
        ):
            base = frame.root()
            let = ("let", id(base), node.node.name)
            yield self._expressed(let, name, declared, base, value, "named")
            return
        if isinstance(node.node, nodes.Name) and node.node.name in self._needs(frame):
            yield Value(name, value, "made", what=_made(node.node.name, holder))
            return
        if isinstance(node.node, nodes.Name) and node.node.name not in frame.lets:
            yield Value(name, value, "part", what=_given(node.node.name, holder))
            return
        yield Value(name, value, "part", inputs=_once(self._of_node(node.node, whole, frame)))

    def _matches(self, frame: Frame) -> Mapping[str, Any]:
        return getattr(frame.of, "match", {})

    def _needs(self, frame: Frame) -> Sequence[str]:
        return getattr(frame.of, "needs", ())

    def _match(self, alias: str, frame: Frame) -> Value:
        """What the source refers to: by which step it was found, by what, and what else was."""
        match, told = self._matches(frame)[alias], self.match
        step = next((one for one in match.steps if one.name == told.get("step")), None)
        inputs: list[Value] = []
        for key in step.keys if step else ():
            inputs += self._inputs(key, frame.root())
        inputs += [
            Value(f"{told.get('called', '')} {document}".strip(), document, "loser",
                  what=f"by {by}: {why}" if by else why)
            for document, by, why in told.get("losers", ())
        ]  # fmt: skip
        how = f"found by {told['step']}: {told['reason']}" if told.get("step") else ""
        return Value(alias, told.get("document"), "match", place=step.place if step else None,
                     what=how, inputs=_once(inputs))  # fmt: skip

    def _of_row(self, name: str, row: Mapping[str, Any], column: str) -> Value:
        """A column of a row: of an entity, or of a named list."""
        if id(row) in self.made:
            declared, frame, _ = self.made[id(row)]
            found = next((one for one in declared.fields if one.name == column), None)
            if found is None or found.value is None:
                return Value(name, row.get(column), "part")
            if found.when is not None and not self.evaluator.whole(found.when, frame):
                return self._expressed(
                    ("left", id(row), column), name, found.when, frame, None, "condition"
                )
            key = ("made", id(row), column)
            return self._expressed(key, name, found.value, frame, row.get(column), "named")
        entity, known = self.rows[id(row)]
        value = known.get(column)
        spec = self.evaluator.program.mapping_set.entities.get(entity)
        if spec is None or column not in spec.derive:
            origin = self.origin(entity, known, column)
            return Value(name, value, "staged", entity=entity, origin=origin)
        key = ("let", id(self._frame(entity, known)), column)
        declared_ = spec.derive[column]
        return self._expressed(key, name, declared_, self._frame(entity, known), value, "column")

    def _frame(self, entity: str, row: Mapping[str, Any]) -> Frame:
        """What the derived columns of a row see."""
        frame = self.frames.get(id(row))
        if frame is None:
            program = self.evaluator.program
            spec = program.mapping_set.entities[entity]
            more = self.more(entity, row)
            for alias, related in spec.related.items():
                self.know(related.entity, more.get(alias))
            self.know(entity, row)
            frame = self.frames[id(row)] = of_entity(self.evaluator, spec, row, more)
        return frame

    # Calls -------------------------------------------------------------------------------------
    def _call(self, node: nodes.Call, whole: Expression, frame: Frame) -> Value:
        assert isinstance(node.node, nodes.Getattr)  # noqa: S101 — refused when parsed
        owner, name = node.node.node, node.node.attr
        value = self.evaluator.value(node, whole, frame)
        if getattr(owner, "name", "") == "books":
            inputs = [one for arg in node.args for one in self._of_node(arg, whole, frame)]
            return Value(written(node), value, "books", inputs=_once(inputs))
        inputs = []
        given: dict[str, Any] = {}
        for one in node.kwargs:
            asked = self.evaluator.value(one.value, whole, frame)
            given[one.key] = None if asked is UNSEEN else asked
            found = tuple(_once(self._of_node(one.value, whole, frame)))
            plain = len(found) == 1 and found[0].name == one.key
            inputs.append(
                found[0] if plain else
                Value(one.key, given[one.key], "input", written(one.value), inputs=found)
            )  # fmt: skip
        program = self.evaluator.program
        table = looked_up(program.mapping_set.tables[name], program.tables[name], given)
        return Value(f"tables.{name}", value, "table", table=table, inputs=tuple(inputs))


def _once(found: Iterable[Value]) -> tuple[Value, ...]:
    """Each value once, by its name."""
    once: dict[str, Value] = {}
    for one in found:
        if one.name not in once or (once[one.name].again and not one.again):
            once[one.name] = one
    return tuple(once.values())


def _keys(node: nodes.Node) -> tuple[str, list[str]]:
    """A path's first name and the keys behind it; no name where it begins otherwise."""
    keys: list[str] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        keys.insert(0, node.attr if isinstance(node, nodes.Getattr) else _constant(node.arg))
        node = node.node
    return (node.name if isinstance(node, nodes.Name) else ""), keys


def _constant(node: nodes.Node) -> str:
    return str(node.value) if isinstance(node, nodes.Const) else ""


# What is told of a match beside the document itself.
_OF_MATCH = {
    "rest": "what it leaves of the document to pay",
    "difference": "by how much it differs from the document",
    "outcome": "how it fits",
}


def _made(need: str, holder: Any) -> str:
    """What is told of a fact of a document that had to come first."""
    name = need.replace("_", " ")
    number = holder.get("number") if isinstance(holder, dict) else None
    return f"of the {name} that was made first" + (f", {number}" if number else "")


def _given(name: str, holder: Any) -> str:
    if name == "card":
        return "of the customer's card in Fortnox"
    return "there is none" if holder is None else ""
