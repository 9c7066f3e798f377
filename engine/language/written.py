"""Expressions as a person would write them, and their literals as they were written.

Reads Jinja2's syntax tree, gives texts for messages; a number with a point is the decimal of its
digits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from jinja2 import nodes


def constant(node: nodes.Const) -> Any:
    """The literal's value; a number with a point is a Decimal of the digits written."""
    value = node.value
    return Decimal(repr(value)) if isinstance(value, float) else value


_BINARY: dict[type[nodes.Node], str] = {
    nodes.Add: "+", nodes.Sub: "-", nodes.Mul: "*", nodes.Div: "/", nodes.And: "and",
    nodes.Or: "or",
}  # fmt: skip
OPERATORS = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in",
    "notin": "not in",
}  # fmt: skip


def written(node: nodes.Node) -> str:  # noqa: PLR0912 — one line for each kind of node
    """The expression as a person would write it, for messages."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{written(node.node)}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        return f"{written(node.node)}[{written(node.arg)}]"
    if isinstance(node, nodes.Const):
        value = constant(node)
        if value is None or isinstance(value, bool):
            return str(value).lower()
        return repr(value) if isinstance(value, str) else str(value)
    if isinstance(node, nodes.Filter):
        inner = ", ".join(written(a) for a in node.args)
        value = written(node.node) if node.node else ""
        return f"({value} | {node.name}{f'({inner})' if inner else ''})"
    if isinstance(node, nodes.Call):
        args = [written(a) for a in node.args]
        args += [f"{k.key}={written(k.value)}" for k in node.kwargs]
        return f"{written(node.node)}({', '.join(args)})"
    if isinstance(node, nodes.BinExpr):
        return f"({written(node.left)} {_BINARY[type(node)]} {written(node.right)})"
    if isinstance(node, nodes.UnaryExpr):
        return f"{'not ' if isinstance(node, nodes.Not) else node.operator}{written(node.node)}"
    if isinstance(node, nodes.Compare):
        tail = " ".join(f"{OPERATORS[o.op]} {written(o.expr)}" for o in node.ops)
        return f"{written(node.expr)} {tail}"
    if isinstance(node, nodes.CondExpr):
        other = written(node.expr2) if node.expr2 else "none"
        return f"({written(node.expr1)} if {written(node.test)} else {other})"
    if isinstance(node, nodes.Test):
        return f"{written(node.node)} is none"
    if isinstance(node, nodes.Concat):
        return " ~ ".join(written(n) for n in node.nodes)
    return "[" + ", ".join(written(n) for n in node.iter_child_nodes()) + "]"
