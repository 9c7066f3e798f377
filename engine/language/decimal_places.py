"""How many decimals a number of an expression may have, followed to columns and literals.

Reads an expression as the emitter sees it (``lineage``) and what is known of columns, gives a
number of places.
"""

from __future__ import annotations

from decimal import Decimal

from jinja2 import nodes

from . import known
from .kinds import NUMERIC
from .lineage import DEEPEST, Column, View, derivation, of_rows
from .written import constant

ENDLESS = 99  # decimals of a quotient


def decimals(node: nodes.Node, view: View) -> int:
    """How many decimals a number may have, ``ENDLESS`` where it is a quotient; 0 where nothing is
    known."""
    if view.depth > DEEPEST:
        return 0
    view = view.deeper()
    if isinstance(node, nodes.Const):
        value = constant(node)
        exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
        return max(0, -exponent) if isinstance(exponent, int) else 0
    if isinstance(node, nodes.Name):
        most: int | None = view.of_name("decimals", node.name, lambda d: decimals(d.node, view))
        return most or 0
    if isinstance(node, nodes.Getattr):
        return _decimals_of_path(node, view)
    if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
        return max(decimals(node.expr1, view), decimals(node.expr2, view))
    if isinstance(node, nodes.Add | nodes.Sub):
        return max(decimals(node.left, view), decimals(node.right, view))
    if isinstance(node, nodes.Mul):
        return min(ENDLESS, decimals(node.left, view) + decimals(node.right, view))
    if isinstance(node, nodes.Div):
        return ENDLESS
    if isinstance(node, nodes.Neg | nodes.Pos):
        return decimals(node.node, view)
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _decimals_of_filter(node, node.node, view)
    return 0


def _decimals_of_filter(node: nodes.Filter, value: nodes.Expr, view: View) -> int:
    first = node.args[0] if node.args else None
    if node.name == "round":
        return int(first.value) if isinstance(first, nodes.Const) else 0
    if node.name in ("abs", "plain", "positive"):
        return decimals(value, view)
    if node.name == "default" and first is not None:
        return max(decimals(value, view), decimals(first, view))
    if node.name == "without_vat":
        return ENDLESS
    rows = view.type_of(value).item
    if node.name == "sum" and isinstance(first, nodes.Const) and rows and rows.fields:
        type_ = rows.fields.get(str(first.value))
        if type_ and type_.kind in NUMERIC and rows.name in view.set.columns:
            return _of_column(Column(rows.name, str(first.value), type_), None, view)
    return 0


def _decimals_of_path(node: nodes.Getattr, view: View) -> int:
    column = view.column(node)
    if column is None:
        return max(of_rows(node, view, decimals), default=0)
    return _of_column(column, node, view)


def _of_column(column: Column, node: nodes.Getattr | None, view: View) -> int:
    if column.type.kind == "integer":
        return 0
    path = node or nodes.Getattr(nodes.Name("it", "load"), column.name, "load")
    inside = derivation(path, column, view)
    if inside is None:
        return known.decimals(column.entity, column.name)
    return decimals(inside[0].node, inside[1])
