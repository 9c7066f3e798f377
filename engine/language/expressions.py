"""Reads expressions as Jinja2 does and refuses what the language does not have.

Reads the texts of a mapping, gives ``Expression``: Jinja2's syntax tree, its place and what it is
the value of. Nothing is evaluated here; ``emit`` makes Python of the tree, ``sql`` makes SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, cast

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser
from msgspec import Struct

from ..errors import Finding, Place
from ..yamlfile import nearest
from . import quick_parse
from .filters import FILTERS
from .given import Given, copied, put_in
from .tokens import OffsetLexer

LONGEST = 2_000  # characters of one expression
MOST_NODES = 300
DEEPEST = 25
LONGEST_NUMBER = 15  # digits that a literal may have: more would not be read exactly

Report = Callable[[Finding], None]


# Stands for what could not be parsed and was reported; its type is any, so nothing more is said.
NOTHING = nodes.Name("", "load")


class _Environment(Environment):
    @property
    def lexer(self) -> OffsetLexer:
        return _LEXER


_ENVIRONMENT = _Environment(keep_trailing_newline=True)
_LEXER = OffsetLexer(_ENVIRONMENT)
_MARK = re.compile(r"\{\{|\{%|\{#")
_WITH_POINT = re.compile(r"(?<![\w.])\d[\d_]*\.\d[\d_]*")


class Expression(Struct, frozen=True, eq=False):
    """A parsed value. ``field`` tells what it is the value of: ``document.Amount``.

    ``plain`` when it was written without ``{{ }}`` where a template could stand: itself.
    """

    text: str
    node: nodes.Expr
    place: Place
    field: str
    plain: bool = False
    lead: int = 0  # characters of the value before ``text``

    def finding(
        self,
        code: str,
        message: str,
        remedy: str = "",
        node: nodes.Node | None = None,
        severity: str = "error",
    ) -> Finding:
        """A finding on this value, or on the part of it that ``node`` is."""
        at = offset(node) if node is not None else None
        where = -1 if at is None else at + self.lead
        return Finding(self.place, code, f"{self.field}: {message}", remedy, severity, where)


def bare(
    text: Any, place: Place, field: str, report: Report, given: Given | None = None
) -> Expression | None:
    """An expression without braces (``when``, ``that`` …); a YAML boolean or number is itself.

    ``given`` are the arguments of the part that it stands in.
    """
    if not isinstance(text, str):
        return Expression(str(text), nodes.Const(text), place, field, plain=True)
    if "{{" in text:
        report(
            Finding(
                place,
                "braces",
                f"{field}: takes a bare expression.",
                "Write it without {{ and }}.",
            )
        )
        return None
    if len(text) > LONGEST:
        report(_too_large(place, field))
        return None
    try:
        read = _bare(text)
    except (TemplateSyntaxError, RecursionError, ValueError) as error:
        report(_syntax(error, place, field, 0))
        return None
    return _checked(read, text, place, field, report, given=given)


def template(
    value: Any, place: Place, field: str, report: Report, given: Given | None = None
) -> Expression | None:
    """A value: with ``{{ }}`` an expression or a text with expressions in it, else itself."""
    if not isinstance(value, str) or not _MARK.search(value):
        return Expression(str(value), quick_parse.constant(value), place, field, plain=True)
    if len(value) > 4 * LONGEST:
        report(_too_large(place, field))
        return None
    text = value.strip() if value.strip().startswith("{{") else value
    lead = value.index(text)
    try:
        read = _template(text)
    except (TemplateSyntaxError, RecursionError, ValueError) as error:
        report(_syntax(error, place, field, lead))
        return None
    return _checked(read, text, place, field, report, lead, given)


class _Read(NamedTuple):
    """What a text is as an expression: None where it has statements. ``wrong`` is what of it is not
    part of the language, where one part of it is."""

    node: nodes.Expr | None
    too_large: bool
    wrong: tuple[str, str, nodes.Node] | None


# Sets say the same in many places, and a part is said once for each of its users.
@lru_cache(maxsize=10_000)
def _template(text: str) -> _Read:
    if (quickly := quick_parse.template(text)) is not None:
        return _judged(quickly, text)
    parts: list[nodes.Expr] = []
    for part in _ENVIRONMENT.parse(text).body:
        if not isinstance(part, nodes.Output) or "{#" in text:
            return _Read(None, False, None)
        parts += [
            nodes.Const(p.data) if isinstance(p, nodes.TemplateData) else p for p in part.nodes
        ]
    return _judged(parts[0] if len(parts) == 1 else nodes.Concat(parts), text)


@lru_cache(maxsize=10_000)
def _bare(text: str) -> _Read:
    if (quickly := quick_parse.bare(text)) is not None:
        return _judged(quickly, text)
    parser = Parser(_ENVIRONMENT, text, state="variable")
    node: nodes.Expr = parser.parse_expression()
    if not parser.stream.eos:
        parser.fail(f"unexpected {parser.stream.current.value!r} after the expression")
    return _judged(node, text)


def _judged(node: nodes.Expr, text: str) -> _Read:
    count, deepest, level = 0, 0, [cast(nodes.Node, node)]
    wrong = None
    while level:
        count += len(level)
        deepest += 1
        for one in level if wrong is None else ():
            if type(one) not in _PLAIN and (found := _refusal(one)):
                wrong = (*found, one)
                break
        level = [one for parent in level if type(parent) not in LEAVES for one in children(parent)]
    if wrong is None and (found := _long_number(text)):
        wrong = (*found, node)
    too_large = count > MOST_NODES or deepest > DEEPEST or len(text) > 4 * LONGEST
    return _Read(node, too_large, wrong)


def _syntax(error: Exception, place: Place, field: str, lead: int) -> Finding:
    message = getattr(error, "message", None) or (
        "a number has too many digits" if isinstance(error, ValueError) else "nested too deeply"
    )
    for jinja, ours in _JINJA.items():
        message = message.replace(jinja, ours)
    remedy = next((told for sign, told in _MEANT.items() if sign in message), "")
    at = error.lineno + lead if isinstance(error, TemplateSyntaxError) else -1
    return Finding(place, "syntax", f"{field}: {message.rstrip('.')}.", remedy, at=at)


# Jinja's words for what a person writes, and what is commonly meant by a sign.
_JINJA = {
    "unexpected end of template, expected 'end of print statement'": "a {{ has no }} after it",
    "'end of print statement'": "'}}'",
    "'end of template'": "its end",
}
_MEANT = {
    "unexpected '='": "To compare write ==.",
    "unexpected char '&'": "Write and.",
    "unexpected char '!'": "Write not, or != between two values.",
}


def _too_large(place: Place, field: str) -> Finding:
    return Finding(
        place,
        "too-large",
        f"{field}: an expression has at most {LONGEST} characters, {MOST_NODES} parts and "
        f"{DEEPEST} levels.",
        "Split it with let.",
    )


def _checked(
    read: _Read,
    text: str,
    place: Place,
    field: str,
    report: Report,
    lead: int = 0,
    given: Given | None = None,
) -> Expression | None:
    if read.node is None:
        what = f"{field}: statements and comments ({{% %}}, {{# #}}) are not part of the language."
        remedy = "Use let, when, each or a table."
        report(Finding(place, "unsupported-syntax", what, remedy))
        return None
    if given is not None and not given.takes.isdisjoint(names(read.node)):
        put, missing = put_in(copied(read.node), given)
        for name in missing:
            report(given.missing(name, place))
        if missing:
            return None
        read = _judged(cast(nodes.Expr, put), text)
    if read.too_large:
        report(_too_large(place, field))
        return None
    expression = Expression(text, cast(nodes.Expr, read.node), place, field, lead=lead)
    if read.wrong:
        what, remedy, child = read.wrong
        code = "unknown-filter" if "there is no filter" in what else "unsupported-syntax"
        report(expression.finding(code, what, remedy, child))
        return None
    return expression


def offset(node: nodes.Node) -> int | None:
    """Where a node begins in its expression's text; of a key or a filter, its own name. None where
    that is not known."""
    if isinstance(node, nodes.Getattr) and node.lineno is not None:
        return int(node.lineno) + 1  # behind its point
    if isinstance(node, nodes.Filter) and node.lineno is not None:
        return int(node.lineno)
    known = [one.lineno for one in walk(node) if one.lineno is not None]
    return min(known, default=None)


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """The node and all below it."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        if type(one) not in LEAVES:
            waiting += reversed(children(one))


@lru_cache(maxsize=20_000)
def names(node: nodes.Node) -> frozenset[str]:
    """The names in an expression; of tables as they are called, ``tables.signs``."""
    found = set()
    for one in walk(node):
        if type(one) is nodes.Name:
            found.add(one.name)
        elif type(one) is nodes.Getattr and getattr(one.node, "name", "") == "tables":
            found.add(f"tables.{one.attr}")
    return frozenset(found)


def children(node: nodes.Node) -> list[nodes.Node]:
    """The nodes right below; Jinja2's own way to them is slow."""
    found: list[nodes.Node] = []
    for name in _BELOW.get(type(node), node.fields):
        value = getattr(node, name)
        if isinstance(value, nodes.Node):
            found.append(value)
        elif value and isinstance(value, list):
            found += [one for one in value if isinstance(one, nodes.Node)]
    return found


LEAVES = (nodes.Name, nodes.Const)  # nothing is below them
# The fields that hold other nodes, of those kinds that most nodes are of.
_BELOW: dict[type[nodes.Node], tuple[str, ...]] = {
    **dict.fromkeys(LEAVES, ()), nodes.Getattr: ("node",), nodes.Operand: ("expr",),
    nodes.Filter: ("node", "args", "kwargs", "dyn_args", "dyn_kwargs"),
}  # fmt: skip


_SUPPORTED = (
    nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Concat, nodes.Add, nodes.Sub,
    nodes.Mul, nodes.Div, nodes.Neg, nodes.Pos, nodes.Compare, nodes.Operand, nodes.And, nodes.Or,
    nodes.Not, nodes.CondExpr, nodes.List, nodes.Tuple, nodes.Test, nodes.Filter, nodes.Call,
    nodes.Keyword,
)  # fmt: skip
# Of these nothing is to be looked at.
_PLAIN = frozenset({
    nodes.Const, nodes.Getitem, nodes.Concat, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.Neg,
    nodes.Pos, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.List,
    nodes.Tuple, nodes.Keyword,
})  # fmt: skip
_NAMED = {
    "Mod": "the operator % is", "Pow": "the operator ** is", "FloorDiv": "the operator // is",
    "Slice": "a slice is", "Dict": "a {…} literal is",
}  # fmt: skip


def _refusal(
    node: nodes.Node,
) -> tuple[str, str] | None:
    kind = type(node).__name__
    if not isinstance(node, _SUPPORTED):
        return f"{_NAMED.get(kind, f'{kind} is')} not part of the language.", "Use let or a table."
    if isinstance(node, nodes.Test):
        if node.name != "none" or node.args or node.kwargs:
            return f"the test 'is {node.name}' is not part of the language.", "Use is none."
    elif isinstance(node, nodes.Filter):
        if node.name not in FILTERS:
            return f"there is no filter {node.name!r}.", nearest(node.name, FILTERS)
        if node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None:
            return f"the filter {node.name} takes its arguments by order.", ""
    elif isinstance(node, nodes.Call):
        if node.dyn_args or node.dyn_kwargs or not _is_path(node.node):
            return "only tables and books can be called.", "Write tables.name(input=…)."
    elif isinstance(node, nodes.CondExpr):
        if node.expr2 is None:
            return "an inline if needs an else.", "Add: else none."
    elif isinstance(node, nodes.Getattr | nodes.Name):
        name = node.attr if isinstance(node, nodes.Getattr) else node.name
        if name.startswith("__"):
            return f"{name!r} is not a name of the language.", ""
    return None


def _is_path(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name)


def _long_number(text: str) -> tuple[str, str] | None:
    for number in _WITH_POINT.findall(text):
        digits = re.sub(r"\D", "", number).lstrip("0")
        if len(digits) > LONGEST_NUMBER:
            return f"the number {number} has over {LONGEST_NUMBER} digits.", ""
    return None


def collect(findings: list[Finding]) -> Report:
    """A report that gathers, each finding once."""

    def report(finding: Finding) -> None:
        if finding not in findings:
            findings.append(finding)

    return report
