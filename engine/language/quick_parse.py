"""Parses plain expressions, which nearly all are, several times as fast as Jinja2's own parser.

Reads a text, gives the syntax tree that Jinja2 would make of it, each node with the offset where it
stands; or None where a text is not as plain as that, or wrong: those are Jinja2's, and so is what
is said of them. A test holds the two against each other.
"""

from __future__ import annotations

import re
from typing import Any

from jinja2 import nodes

_TOKEN = re.compile(
    r"""[ \t\n]*(?:
    (?P<name>[^\W\d]\w*)
    |(?P<number>(?<![.\w])(?:0|[1-9]\d*)(?:\.\d+)?(?![.\w]))
    |(?P<string>'[^'\\\r]*'|"[^"\\\r]*")
    |(?P<operator>==|!=|<=|>=|\*(?!\*)|/(?!/)|[-+~|.,()\[\]=<>])
    |(?P<end>\Z))""",
    re.X,
)
_BRACES = re.compile(r"\{\{([^{}%#\r]*)\}\}")
_DEEPEST = 12  # brackets in brackets, and signs before signs
_WORDS = frozenset({"if", "else", "or", "and", "not", "in", "is"})
_CONSTANTS = {
    "true": True, "True": True, "false": False, "False": False, "none": None, "None": None,
}  # fmt: skip
_COMPARED = {
    "==": "eq", "!=": "ne", "<": "lt", "<=": "lteq", ">": "gt", ">=": "gteq", "in": "in",
    "not": "notin",
}  # fmt: skip
# How strongly an operator binds what stands on both sides of it.
_OR, _AND, _NOT, _COMPARE, _SUM, _CONCAT, _PRODUCT = range(1, 8)
_POWERS = {
    "or": _OR, "and": _AND, **dict.fromkeys(_COMPARED, _COMPARE), "+": _SUM, "-": _SUM,
    "~": _CONCAT, "*": _PRODUCT, "/": _PRODUCT,
}  # fmt: skip
_PAIRS: dict[str, type[nodes.BinExpr]] = {
    "or": nodes.Or, "and": nodes.And, "+": nodes.Add, "-": nodes.Sub, "*": nodes.Mul,
    "/": nodes.Div,
}  # fmt: skip
# What Jinja2 would take for the argument of a test that stands before it.
_ARGUMENTS = frozenset({"name", "number", "string", "(", "[", "if", "not", "in", "is"})


class _OddError(Exception):
    """The text is not plain, or wrong."""


def bare(text: str) -> nodes.Expr | None:
    """The tree of an expression without braces."""
    try:
        return _Parser(text, 0, len(text)).whole()
    except _OddError:
        return None


def template(text: str) -> nodes.Expr | None:
    """The tree of a text with expressions in braces."""
    pieces = _BRACES.split(text)
    if any("{" in piece or "\r" in piece for piece in pieces[::2]):
        return None
    parts: list[nodes.Expr] = []
    at = 0
    try:
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                parts += [constant(piece)] if piece else []
                at += len(piece)
                continue
            if piece[:1] in ("-", "+") or piece[-1:] in ("-", "+"):  # these eat blanks
                return None
            end = at + len(piece) + 2
            parts.append(_Parser(text, at + 2, end, end).whole())
            at = end + 2
    except _OddError:
        return None
    return parts[0] if len(parts) == 1 else nodes.Concat(parts)


class _Parser:
    """Goes once through the tokens; each method gives the node that begins at the next of them.

    ``kinds`` are the operators and words themselves, or name, number, string; empty at the end.
    Jinja2 notes where an operation begins, and where another of the same strength follows, where
    that is; likewise here.
    """

    def __init__(self, text: str, at: int, end: int, behind: int | None = None) -> None:
        self.kinds: list[str] = []
        self.texts: list[str] = []
        self.places: list[int] = []
        self.next = self.deep = 0
        match = _TOKEN.match
        while (one := match(text, at, end)) is not None:
            kind = one.lastgroup
            if kind == "end":
                break
            found = one[kind or 0]
            at = one.end()
            if kind == "name":
                if not found.isidentifier():
                    raise _OddError
                kind = found if found in _WORDS else kind
            self.kinds.append(found if kind == "operator" else str(kind))
            self.texts.append(found)
            self.places.append(at - len(found))
        if one is None or not self.kinds:
            raise _OddError
        self.kinds.append("")
        self.texts.append("")
        self.places.append(self.places[-1] if behind is None else behind)

    def whole(self) -> nodes.Expr:
        """The only expression there is."""
        node = self._expression()
        self._expect("")
        return node

    def _expect(self, kind: str) -> str:
        if self.kinds[self.next] != kind:
            raise _OddError
        self.next += 1
        return self.texts[self.next - 1]

    def _down(self) -> None:
        self.deep += 1
        if self.deep > _DEEPEST:
            raise _OddError

    def _expression(self) -> nodes.Expr:
        place = self.places[self.next]
        node = self._operation(_OR)
        while self.kinds[self.next] == "if":
            self.next += 1
            test, other = self._operation(_OR), None
            if self.kinds[self.next] == "else":
                self.next += 1
                self._down()
                other = self._expression()
                self.deep -= 1
            node = nodes.CondExpr(test, node, other, lineno=place)
            place = self.places[self.next]
        return node

    def _operation(self, least: int) -> nodes.Expr:
        """An operand and what follows it, of operators that bind at least so strongly."""
        begins = self.places[self.next]
        node: nodes.Expr
        if self.kinds[self.next] == "not" and least <= _NOT:
            self.next += 1
            self._down()
            node = nodes.Not(self._operation(_NOT), lineno=begins)
            self.deep -= 1
        else:
            node = self._operand()
        before = 0
        while (power := _POWERS.get(kind := self.kinds[self.next], 0)) >= least:
            if power == _COMPARE:
                node = self._compared(node)
            elif power == _CONCAT:
                node = self._concatenated(node, begins)
            else:
                place = self.places[self.next] if power == before else begins
                self.next += 1
                node = _PAIRS[kind](node, self._operation(power + 1), lineno=place)
            before = power
        return node

    def _compared(self, node: nodes.Expr) -> nodes.Expr:
        operands: list[nodes.Operand] = []
        while (kind := self.kinds[self.next]) in _COMPARED:
            self.next += 1
            if kind == "not":
                self._expect("in")
            operand: nodes.Operand = _made(nodes.Operand, None)
            operand.op, operand.expr = _COMPARED[kind], self._operation(_SUM)
            operands.append(operand)
        return nodes.Compare(node, operands, lineno=self.places[self.next])

    def _concatenated(self, node: nodes.Expr, begins: int) -> nodes.Expr:
        parts = [node]
        while self.kinds[self.next] == "~":
            self.next += 1
            parts.append(self._operation(_PRODUCT))
        return nodes.Concat(parts, lineno=begins)

    def _operand(self, *, filtered: bool = True) -> nodes.Expr:
        kind, place = self.kinds[self.next], self.places[self.next]
        node: nodes.Expr
        if kind in ("-", "+"):
            self.next += 1
            self._down()
            node = self._operand(filtered=False)
            self.deep -= 1
            node = (nodes.Neg if kind == "-" else nodes.Pos)(node, lineno=place)
        else:
            node = self._primary(kind, place)
        while (kind := self.kinds[self.next]) in (".", "(", "["):
            node = self._behind(node, kind)
        while filtered and (kind := self.kinds[self.next]) in ("|", "is", "("):
            if kind == "(":
                node = self._behind(node, kind)
            else:
                node = self._filtered(node) if kind == "|" else self._tested(node)
        return node

    def _primary(self, kind: str, place: int) -> nodes.Expr:
        text = self.texts[self.next]
        self.next += 1
        if kind == "name" and text not in _CONSTANTS:
            name: nodes.Name = _made(nodes.Name, place)
            name.name, name.ctx = text, "load"
            return name
        if kind == "(":
            return self._in_brackets()
        if kind == "[":
            return nodes.List(self._listed("]"), lineno=place)
        literal: nodes.Const = _made(nodes.Const, place)
        if kind == "name":
            literal.value = _CONSTANTS[text]
        elif kind == "string":
            literal.value = text[1:-1]
            while self.kinds[self.next] == "string":
                literal.value += self.texts[self.next][1:-1]
                self.next += 1
        elif kind == "number":
            literal.value = float(text) if "." in text else int(text)
        else:
            raise _OddError
        return literal

    def _in_brackets(self) -> nodes.Expr:
        place = self.places[self.next]
        self._down()
        found = [self._expression()]
        while self.kinds[self.next] == ",":
            place = self.places[self.next]
            self.next += 1
            if self.kinds[self.next] == ")":
                break
            found.append(self._expression())
        several = self.texts[self.next - 1] == "," or len(found) > 1
        self._expect(")")
        self.deep -= 1
        return nodes.Tuple(found, "load", lineno=place) if several else found[0]

    def _listed(self, end: str) -> list[nodes.Expr]:
        """Values up to the end of their brackets; a comma may stand behind the last."""
        self._down()
        found: list[nodes.Expr] = []
        while self.kinds[self.next] != end:
            found.append(self._expression())
            if self.kinds[self.next] != end:
                self._expect(",")
        self.next += 1
        self.deep -= 1
        return found

    def _behind(self, node: nodes.Expr, kind: str) -> nodes.Expr:
        """What stands right behind a value: a key, an item, the arguments of a call."""
        place = self.places[self.next]
        self.next += 1
        if kind == ".":
            if self.kinds[self.next] != "name" and self.kinds[self.next] not in _WORDS:
                raise _OddError
            key: nodes.Getattr = _made(nodes.Getattr, place)
            key.node, key.attr, key.ctx = node, self.texts[self.next], "load"
            self.next += 1
            return key
        if kind == "[":
            self._down()
            item = self._expression()
            self._expect("]")
            self.deep -= 1
            return nodes.Getitem(node, item, "load", lineno=place)
        given, named = self._arguments()
        return nodes.Call(node, given, named, None, None, lineno=place)

    def _arguments(self) -> tuple[list[nodes.Expr], list[nodes.Keyword]]:
        """The arguments of a call behind its opening bracket, and those that are named."""
        self._down()
        given: list[nodes.Expr] = []
        named: list[nodes.Keyword] = []
        while self.kinds[self.next] != ")":
            if self.kinds[self.next + 1 : self.next + 2] == ["="]:
                name = self._expect("name")
                self.next += 1
                value = self._expression()
                named.append(nodes.Keyword(name, value, lineno=value.lineno))
            elif named:
                raise _OddError
            else:
                given.append(self._expression())
            if self.kinds[self.next] != ")":
                self._expect(",")
        self.next += 1
        self.deep -= 1
        return given, named

    def _filtered(self, node: nodes.Expr) -> nodes.Expr:
        self.next += 1
        found: nodes.Filter = _made(nodes.Filter, self.places[self.next])
        found.node, found.name = node, self._expect("name")
        found.args, found.kwargs, found.dyn_args, found.dyn_kwargs = [], [], None, None
        if self.kinds[self.next] == ".":
            raise _OddError
        if self.kinds[self.next] == "(":
            self.next += 1
            found.args, found.kwargs = self._arguments()  # type: ignore[assignment]
        return found

    def _tested(self, node: nodes.Expr) -> nodes.Expr:
        place = self.places[self.next]
        self.next += 1
        negated = self.kinds[self.next] == "not"
        self.next += negated
        name = self._expect("name")
        if self.kinds[self.next] in _ARGUMENTS or self.kinds[self.next] == ".":
            raise _OddError
        test: nodes.Expr = nodes.Test(node, name, [], [], None, None, lineno=place)
        return nodes.Not(test, lineno=place) if negated else test


def constant(value: Any) -> nodes.Const:
    """The node of a value that stands nowhere in an expression."""
    node: nodes.Const = _made(nodes.Const, None)
    node.value = value
    return node


def _made(kind: Any, place: int | None) -> Any:
    """A node without its fields: Jinja2's own way to make one takes three times as long."""
    node = kind.__new__(kind)
    node.lineno, node.environment = place, None
    return node
