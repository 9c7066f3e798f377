"""Follows a value back to where it comes from: named values, derived columns, columns, literals.

Reads the syntax trees of a set; tells which column could make a value null, which texts it could
be, and how many decimals. Lint goes by it, and doctor for what mappings name outright.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jinja2 import nodes
from msgspec import Struct, field
from msgspec.structs import replace

from . import kinds, scope
from .code import Code
from .emit import Emitter
from .expressions import Expression
from .kinds import ANY, Type
from .spec import MappingSet, Row
from .written import constant, written

DEEPEST = 40
# What gives false for null: who has passed it has a value. The others of `books` give null.
_BOOKS = frozenset(
    {"is_open", "takes_vouchers", "has_account", "has_article", "has_currency", "has_terms"}
)
# Filters whose value is null where theirs is not, or need no value.
_LENIENT = frozenset({"default", "first", "last", "first_text", "min", "max"})
_TEXTS = frozenset({"upper", "lower", "trim", "text", "cut", "fortnox_text", "without_numbers"})


class Column(Struct, frozen=True):
    """A column of an entity, or one that is derived for it."""

    entity: str
    name: str
    type: Type

    def __str__(self) -> str:
        return f"{self.name} of {self.entity}"


class Literal(Struct, frozen=True):
    """A value that stands in the mapping itself, and the expression that it stands in."""

    value: Any
    node: nodes.Node
    expression: Expression


class View(Struct, frozen=True, eq=False):
    """What an expression sees: names, named values, and which paths (``line.rate``) are not null.

    ``shared`` is what was found out once for all values of a mapping.
    """

    set: MappingSet
    names: Mapping[str, Code]
    lets: Mapping[str, Expression | tuple[Row, ...]]
    settings: Code
    sure: frozenset[str] = frozenset()
    depth: int = 0
    shared: dict[Any, Any] = field(default_factory=dict)
    _quiet: list[Emitter] = field(default_factory=list)

    def with_sure(self, more: Iterable[str]) -> View:
        """The same where these paths are not null too."""
        return replace(self, sure=self.sure | frozenset(more))

    def deeper(self) -> View:
        return replace(self, depth=self.depth + 1)

    def type_of(self, node: nodes.Node) -> Type:
        """The type of a part of an expression, as the emitter has it."""
        if isinstance(node, nodes.Name) and node.name in self.names and node.name not in self.lets:
            return self.names[node.name].type
        if isinstance(node, nodes.Name) and ("type", node.name) in self.shared:
            found: Type = self.shared["type", node.name]
            return found
        if not self._quiet:
            tables = scope.signatures(self.set)
            self._quiet.append(
                Emitter(lambda _: None, dict(self.names), tables, self.lets, now=_NOWHERE)
            )
        type_ = self._quiet[0].visit(node).type
        if isinstance(node, nodes.Name):
            self.shared["type", node.name] = type_
        return type_

    def of_name(self, fact: str, name: str, ask: Callable[[Expression], Any]) -> Any:
        """A fact of a named value, asked once: names of names would be asked without end."""
        declared = self.lets.get(name)
        if not isinstance(declared, Expression):
            return None
        key = (fact, id(declared), self.sure, self.depth)
        if key not in self.shared:
            self.shared[key] = ask(declared)
        return self.shared[key]

    def column(self, node: nodes.Node) -> Column | None:
        """The column that a path names, where it names one of an entity."""
        if not isinstance(node, nodes.Getattr):
            return None
        record = self.type_of(node.node)
        type_ = (record.fields or {}).get(node.attr)
        if record.kind != "record" or record.name not in self.set.columns or type_ is None:
            return None
        return Column(record.name, node.attr, type_)


_NOWHERE: Any = Expression("", nodes.Name("", "load"), None, "")  # type: ignore[arg-type]


# Facts --------------------------------------------------------------------------------------------
def holding(node: nodes.Node, view: View, *, true: bool = True) -> set[str]:
    """The paths that are surely not null where the condition is true (or false)."""
    if isinstance(node, nodes.Not):
        return holding(node.node, view, true=not true)
    if isinstance(node, nodes.And | nodes.Or):
        left = holding(node.left, view, true=true)
        right = holding(node.right, view, true=true)
        both = isinstance(node, nodes.And) is true
        return left | right if both else left & right
    if isinstance(node, nodes.Test):
        return set() if true else {written(node.node)}
    if isinstance(node, nodes.Compare):
        return _compared(node, true=true)
    found = needed(node)
    if true and isinstance(node, nodes.Name | nodes.Getattr):
        found |= {written(node)}
    if isinstance(node, nodes.Name) and view.depth < DEEPEST:
        inside = view.deeper()
        found |= view.of_name(
            f"holding {true}", node.name, lambda one: holding(one.node, inside, true=true)
        ) or set()
    if true and isinstance(node, nodes.Call) and getattr(node.node, "attr", "") in _BOOKS:
        found |= {written(argument) for argument in node.args}
    return found


def _compared(node: nodes.Compare, *, true: bool) -> set[str]:
    found = needed(node.expr)
    for one in node.ops:
        found |= needed(one.expr)
    op, left, right = node.ops[0].op, node.expr, node.ops[0].expr
    if op in ("lt", "lteq", "gt", "gteq"):  # a null there would have stopped it
        return found | {written(left), written(right)}
    says = (op in ("eq", "in")) is true
    is_text = isinstance(right, nodes.Const) and right.value is not None
    is_list = isinstance(right, nodes.List) and all(
        isinstance(one, nodes.Const) and one.value is not None for one in right.items
    )
    if says and (is_text or is_list):
        found.add(written(left))
    is_none = isinstance(right, nodes.Const) and right.value is None
    if is_none and op in ("eq", "ne") and (op == "ne") is true:
        found.add(written(left))
    return found


def needed(node: nodes.Node) -> set[str]:
    """The paths of an expression that a null of would have stopped."""
    if isinstance(node, nodes.Filter) and node.node is not None and node.name not in _LENIENT:
        return {written(node.node)} | needed(node.node)
    if isinstance(node, nodes.Add | nodes.Sub | nodes.Mul | nodes.Div):
        sides = (node.left, node.right)
        return {written(one) for one in sides} | needed(sides[0]) | needed(sides[1])
    if isinstance(node, nodes.Neg | nodes.Pos):
        return {written(node.node)} | needed(node.node)
    return set()


# Null ---------------------------------------------------------------------------------------------
def may_be_null(node: nodes.Node, view: View) -> Column | None:
    """The column that could make a value null; None where nothing is known that could."""
    if written(node) in view.sure or view.depth > DEEPEST:
        return None
    view = view.deeper()
    if isinstance(node, nodes.Name):
        null: Column | None = view.of_name("null", node.name, lambda d: may_be_null(d.node, view))
        return null
    if isinstance(node, nodes.Getattr):
        return _null_of_path(node, view)
    if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
        then = view.with_sure(holding(node.test, view))
        other = view.with_sure(holding(node.test, view, true=False))
        return may_be_null(node.expr1, then) or may_be_null(node.expr2, other)
    if isinstance(node, nodes.Filter):
        if node.name == "default":
            return may_be_null(node.args[0], view)
        if node.name in _LENIENT or node.node is None:
            return None
        return may_be_null(node.node, view)
    parts: list[nodes.Expr] = []
    if isinstance(node, nodes.Add | nodes.Sub | nodes.Mul | nodes.Div):
        parts = [node.left, node.right]
    elif isinstance(node, nodes.Neg | nodes.Pos):
        parts = [node.node]
    elif isinstance(node, nodes.Concat):
        parts = node.nodes
    return next((found for part in parts if (found := may_be_null(part, view))), None)


def _null_of_path(node: nodes.Getattr, view: View) -> Column | None:
    column = view.column(node)
    if column is None:
        return next(of_rows(node, view, may_be_null), None)
    inside = derivation(node, column, view)
    if inside is None:
        return column if column.type.optional else None
    expression, below = inside
    if _is_none(expression.node, below):
        return column
    found = may_be_null(expression.node, below)
    return column if found else None


def _is_none(node: nodes.Node, view: View) -> bool:
    """Whether a branch of it says none."""
    if isinstance(node, nodes.Const):
        return node.value is None
    if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
        return _is_none(node.expr1, view) or _is_none(node.expr2, view)
    return False


def derivation(node: nodes.Getattr, column: Column, view: View) -> tuple[Expression, View] | None:
    """The expression of a derived column and what that sees; what is known of the row's columns
    is known of them there too."""
    spec = view.set.entities.get(column.entity)
    if spec is None or column.name not in spec.derive:
        return None
    row = f"{written(node.node)}."
    sure = {path.removeprefix(row) for path in view.sure if path.startswith(row)}
    sure |= {f"{spec.alias}.{path}" for path in sure}
    key = ("derived", column.entity)
    if key not in view.shared:
        columns = view.set.columns[column.entity]
        types = {("type", name): columns[name] for name in spec.derive if name in columns}
        seen = scope.of_derived(view.set, spec, view.settings)
        view.shared[key] = seen, spec.named, types, []
    names, lets, shared, quiet = view.shared[key]
    shared[key] = view.shared[key]  # what it derives may come of itself
    depth = view.depth + 1
    below = View(view.set, names, lets, view.settings, frozenset(sure), depth, shared, quiet)
    return spec.derive[column.name], below


def of_rows(node: nodes.Getattr, view: View, ask: Any) -> Iterator[Any]:
    """What ``ask`` gives of the field of a named list's rows, of each row that declares it."""
    record = view.type_of(node.node)
    name = record.name.removeprefix("a row of ")
    declared = view.lets.get(name) if name != record.name else None
    for row in declared if isinstance(declared, tuple) else ():
        for one in row.fields:
            if one.name != node.attr or one.value is None:
                continue
            inside = row_view(row, view)
            if one.when:
                inside = inside.with_sure(holding(one.when.node, inside))
            found = ask(one.value.node, inside)
            if found is not None:
                yield found


def row_view(row: Row, view: View) -> View:
    """What the fields of a declared row see."""
    key = ("row", id(row))
    if key not in view.shared:
        names = dict(view.names)
        if row.each is not None:
            names[row.alias] = Code("", view.type_of(row.each.node).item or ANY)
        if row.group is not None:
            names["rows"] = Code("", kinds.rows(names.pop(row.alias).type))
            names["group"] = Code("", ANY)
        view.shared[key] = names, []
    names, quiet = view.shared[key]
    inside = replace(view, names=names, depth=view.depth + 1, _quiet=quiet)
    return inside.with_sure(holding(row.when.node, inside)) if row.when else inside


# What it may be -----------------------------------------------------------------------------------
def sources(node: nodes.Node, expression: Expression, view: View) -> Iterator[Column | Literal]:
    """The columns and literals that a value may be, through names, branches and changes of text."""
    if view.depth > DEEPEST:
        return
    view = view.deeper()
    if isinstance(node, nodes.Const):
        yield Literal(constant(node), node, expression)
    elif isinstance(node, nodes.Name):
        yield from view.of_name(
            "sources", node.name, lambda one: _each_once(sources(one.node, one, view))
        ) or ()
    elif isinstance(node, nodes.CondExpr) and node.expr2 is not None:
        yield from sources(node.expr1, expression, view)
        yield from sources(node.expr2, expression, view)
    elif isinstance(node, nodes.Filter) and node.node is not None:
        if node.name == "default":
            yield from sources(node.args[0], expression, view)
        if node.name in (*_TEXTS, "default"):
            yield from sources(node.node, expression, view)
    elif isinstance(node, nodes.Getattr):
        yield from _sources_of_path(node, expression, view)


def _each_once(found: Iterator[Column | Literal]) -> list[Column | Literal]:
    once: dict[object, Column | Literal] = {
        str(one) if isinstance(one, Column) else id(one.node): one for one in found
    }
    return list(once.values())


def _sources_of_path(
    node: nodes.Getattr, expression: Expression, view: View
) -> Iterator[Column | Literal]:
    if isinstance(node.node, nodes.Call) and isinstance(node.node.node, nodes.Getattr):
        table = view.set.tables.get(node.node.node.attr)
        outputs = [*(row.then for row in table.rows), table.otherwise] if table else []
        for one in outputs:
            if node.attr in one:
                yield from sources(one[node.attr].node, one[node.attr], view)
        return
    column = view.column(node)
    if column is None and written(node).startswith("settings."):
        yield Column("settings", written(node).removeprefix("settings."), view.type_of(node))
        return
    if column is None:
        for found in of_rows(
            node, view, lambda inner, seen: list(sources(inner, expression, seen))
        ):
            yield from found
        return
    inside = derivation(node, column, view)
    if inside is None:
        yield column
    else:
        yield from sources(inside[0].node, inside[0], inside[1])


# Decimals -----------------------------------------------------------------------------------------
