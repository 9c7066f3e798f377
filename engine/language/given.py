"""What the parameters of a part stand for where it is used, put into expressions.

Reads Jinja2's syntax tree of an expression of a part and the arguments of one use of it, gives the
tree with the arguments in place of the parameters' names. Texts, keys after a point and names of
filters stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import nodes
from msgspec import Struct, field

from ..errors import Finding, Place


class Given(Struct, eq=False):
    """One use of a part: where, with which arguments; ``named`` are the parameters met so far."""

    part: str
    place: Place
    takes: frozenset[str]
    arguments: Mapping[str, nodes.Expr]
    named: set[str] = field(default_factory=set)

    def missing(self, name: str, inside: Place) -> Finding:
        """The finding for a parameter that this use does not give."""
        return Finding(
            self.place,
            "missing-argument",
            f"the part {self.part} needs {name!r} here ({inside.path}:{inside.line}).",
            f"Write: use {self.part}: {{{name}: …}}.",
        )


def put_in(node: nodes.Node, given: Given) -> tuple[nodes.Node, list[str]]:
    """The tree with arguments for parameters, and the parameters that have none.

    The tree is changed in place; each argument is a copy, for nodes are told apart by identity.
    """
    missing: list[str] = []

    def visit(one: nodes.Node) -> nodes.Node:
        if isinstance(one, nodes.Name):
            if one.name not in given.takes:
                return one
            given.named.add(one.name)
            argument = given.arguments.get(one.name)
            if argument is None:
                missing.append(one.name)
                return one
            return copied(argument, one.lineno)
        for name in one.fields:
            inner = getattr(one, name)
            if isinstance(inner, nodes.Node):
                setattr(one, name, visit(inner))
            elif isinstance(inner, list):
                inner[:] = [visit(i) if isinstance(i, nodes.Node) else i for i in inner]
        return one

    return visit(node), missing


def copied(node: nodes.Node, at: int | None = None) -> nodes.Node:
    """The same tree made anew, with ``at`` all of it where the parameter's name stands."""
    result: nodes.Node = object.__new__(type(node))
    result.__dict__.update(node.__dict__)
    if at is not None:
        result.lineno = at - isinstance(node, nodes.Getattr)  # a key is told behind its point
    for name in node.fields:
        inner = getattr(node, name)
        if isinstance(inner, nodes.Node):
            setattr(result, name, copied(inner, at))
        elif isinstance(inner, list):
            made = [copied(i, at) if isinstance(i, nodes.Node) else i for i in inner]
            setattr(result, name, made)
    return result
