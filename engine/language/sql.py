"""Makes DuckDB SQL of the expressions that matching and joins use, with the meaning of Python's.

Takes a parsed expression, how each name is called in the query, and the settings; gives SQL text.
Only a part of the language has such a twin; ``findings`` refuses the rest when a mapping is
loaded. A null where Python would stop gives null, and a condition on it does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jinja2 import nodes
from msgspec import Struct

from ..errors import FileError, Finding
from .code import Code
from .emit import Emitter
from .expressions import Expression, walk
from .kinds import ANY, Type, a
from .written import constant, written

FILTERS = ("abs", "default", "sign", "text")


def to_sql(expression: Expression, aliases: Mapping[str, str], settings: Mapping[str, Any]) -> str:
    """The SQL of an expression; ``aliases`` gives each name's alias in the query.

    Raises FileError when the expression names something else. Literals and columns are quoted.
    """
    return _Sql(expression, aliases, settings, None).value(expression.node)


def to_sql_condition(
    expression: Expression, aliases: Mapping[str, str], settings: Mapping[str, Any]
) -> str:
    """The same of a condition: true or false, never null."""
    return _Sql(expression, aliases, settings, None).condition(expression.node)


def findings(expression: Expression, names: Mapping[str, Code]) -> list[Finding]:
    """Why an expression has no SQL: one finding, or none."""

    def type_of(node: nodes.Node) -> Type:
        found = Emitter(lambda _finding: None, dict(names), now=expression)
        return found.visit(node).type

    try:
        _Sql(expression, {n: n for n in names if n != "settings"}, None, type_of).value(
            expression.node
        )
    except FileError as error:
        return list(error.findings)
    return []


def literal(value: Any) -> str:
    """A value as SQL text, whatever stands in it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"({value})" if value < 0 else str(value)
    if isinstance(value, Decimal):
        text = format(value, "f")
        return f"({text})" if value < 0 else text
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        quoted = "'" + value.replace("'", "''") + "'"
        return "(" + quoted.replace("\x00", "' || chr(0) || '") + ")" if "\x00" in value else quoted
    raise TypeError(f"no literal for a {type(value).__name__}")


def quoted(name: str) -> str:
    """A column's name as SQL text."""
    return '"' + name.replace('"', '""') + '"'


_ARITHMETIC = {nodes.Add: "+", nodes.Sub: "-"}
_FACTOR = "DECIMAL(19, 8)"  # two of them multiply to DECIMAL(38, 16): exact, or null
_COMPARE = {
    "eq": "IS NOT DISTINCT FROM", "ne": "IS DISTINCT FROM", "lt": "<", "lteq": "<=", "gt": ">",
    "gteq": ">=",
}  # fmt: skip


class _Sql(Struct, frozen=True):
    """Held open over one expression. ``types`` is there when a mapping is loaded: it checks."""

    expression: Expression
    aliases: Mapping[str, str]
    settings: Mapping[str, Any] | None
    types: Callable[[nodes.Node], Type] | None

    def refuse(self, node: nodes.Node, why: str = "cannot be asked of the database") -> FileError:
        text = f"{written(node)} {why}."
        remedy = "Derive a column of the entity, and name that."
        return FileError([self.expression.finding("no-sql", text, remedy)])

    def condition(self, node: nodes.Node) -> str:
        if self.types and self.types(node).kind not in ("boolean", "any", "null"):
            raise self.refuse(node, f"is {a(self.types(node).kind)} and no condition")
        if isinstance(node, nodes.And | nodes.Or | nodes.Not | nodes.Test):
            return self.value(node)
        if isinstance(node, nodes.Compare) and node.ops[0].op in ("eq", "ne", "in", "notin"):
            return self.value(node)
        return f"coalesce({self.value(node)}, FALSE)"

    def value(self, node: nodes.Node) -> str:
        if isinstance(node, nodes.Const):
            return literal(constant(node))
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            return self.path(node)
        if isinstance(node, nodes.Concat):
            return "(" + " || ".join(self.text(n) for n in node.nodes) + ")"
        if isinstance(node, nodes.And | nodes.Or):
            word = "AND" if isinstance(node, nodes.And) else "OR"
            return f"({self.condition(node.left)} {word} {self.condition(node.right)})"
        if isinstance(node, nodes.Not):
            return f"(NOT {self.condition(node.node)})"
        if isinstance(node, nodes.Test):
            return f"({self.value(node.node)} IS NULL)"
        if isinstance(node, nodes.Neg):
            return f"(-{self.value(node.node)})"
        if isinstance(node, nodes.Mul):
            return f"({self.factor(node.left)} * {self.factor(node.right)})"
        if isinstance(node, nodes.Add | nodes.Sub):
            operator = _ARITHMETIC[type(node)]
            return f"({self.value(node.left)} {operator} {self.value(node.right)})"
        if isinstance(node, nodes.Compare) and len(node.ops) == 1:
            return self.compare(node.expr, node.ops[0])
        if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
            self.alike(node, node.expr1, node.expr2)
            test, then = self.condition(node.test), self.value(node.expr1)
            return f"CASE WHEN {test} THEN {then} ELSE {self.value(node.expr2)} END"
        if isinstance(node, nodes.Filter) and node.name in FILTERS and node.node is not None:
            return self.filter(node, node.node)
        raise self.refuse(node)

    def factor(self, node: nodes.Node) -> str:
        """One side of a product: wider types would lose decimals without a word."""
        if any(isinstance(part, nodes.Mul) for part in walk(node)):
            raise self.refuse(node, "is a product, and the database multiplies only once exactly")
        return f"TRY_CAST({self.value(node)} AS {_FACTOR})"

    def text(self, node: nodes.Node) -> str:
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            return literal(node.value)
        simple = isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Const)
        if self.types and not simple and self.types(node).kind in ("decimal", "number"):
            raise self.refuse(node, "is calculated, so its decimals are not sure")
        return f"CAST({self.value(node)} AS VARCHAR)"

    def filter(self, node: nodes.Filter, inner: nodes.Expr) -> str:
        if node.name == "text":
            return self.text(inner)
        if node.name == "default":
            self.alike(node, inner, node.args[0])
            return f"coalesce({self.value(inner)}, {self.value(node.args[0])})"
        return f"{node.name}({self.value(inner)})"

    def alike(self, node: nodes.Node, *parts: nodes.Node) -> None:
        if self.types and self.types(node) == ANY and ANY not in [self.types(p) for p in parts]:
            raise self.refuse(node, "has values of different types")

    def compare(self, left: nodes.Expr, operand: nodes.Operand) -> str:
        if operand.op in _COMPARE:
            return f"({self.value(left)} {_COMPARE[operand.op]} {self.value(operand.expr)})"
        one = self.value(left)
        many = " OR ".join(f"{one} IS NOT DISTINCT FROM {item}" for item in self.items(operand))
        text = f"({many})" if many else "FALSE"
        return text if operand.op == "in" else f"(NOT {text})"

    def items(self, operand: nodes.Operand) -> list[str]:
        node = operand.expr
        if isinstance(node, nodes.List | nodes.Tuple):
            return [self.value(n) for n in node.items]
        known, value = self.setting(node)
        if known and self.settings is None:
            return ["NULL"]
        if isinstance(value, list):
            return [literal(v) for v in value]
        raise self.refuse(node, "is no list that the database knows")

    def path(self, node: nodes.Getattr | nodes.Getitem) -> str:
        known, value = self.setting(node)
        if known:
            if isinstance(value, list | dict):
                raise self.refuse(node, "is not a single value")
            return literal(value)
        key = _key(node)
        if isinstance(node.node, nodes.Name) and node.node.name in self.aliases and key is not None:
            return f"{self.aliases[node.node.name]}.{quoted(key)}"
        raise self.refuse(node)

    def setting(self, node: nodes.Node) -> tuple[bool, Any]:
        """Whether the node names a setting, and its value (null when it was left out)."""
        steps: list[str] = []
        while isinstance(node, nodes.Getattr | nodes.Getitem):
            key = _key(node)
            if key is None:
                return False, None
            steps.append(key)
            node = node.node
        if not isinstance(node, nodes.Name) or node.name != "settings":
            return False, None
        value: Any = self.settings
        for step in reversed(steps):
            value = value.get(step) if isinstance(value, Mapping) else None
        return True, value


def _key(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    found = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return found if isinstance(found, str) else None
