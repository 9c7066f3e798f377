"""Makes Python source of operators, and finds what they cannot be applied to.

Works for the emitter, which visits what stands on their sides. What is known beforehand is worked
out at once; a part that may not be evaluated is a branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jinja2 import nodes

from . import counts, impossible_word, kinds
from .code import Code
from .kinds import BOOLEAN, INTEGER, NUMERIC, TEXT, Type
from .runtime import RUNTIME
from .runtime import divide as quotient
from .runtime import negate as negated
from .written import OPERATORS, written

if TYPE_CHECKING:  # the emitter calls this module
    from .emit import Emitter

_ARITHMETIC: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Add: ("+", "add"), nodes.Sub: ("-", "subtract"), nodes.Mul: ("*", "multiply"),
}  # fmt: skip
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
    "lteq": lambda a, b: a <= b, "gt": lambda a, b: a > b, "gteq": lambda a, b: a >= b,
    "in": lambda a, b: a in b, "notin": lambda a, b: a not in b,
}  # fmt: skip


def _needs_number(emitter: Emitter, code: Code, node: nodes.Node, what: str) -> None:
    if code.type.kind == "null":
        emitter.wrong(node, "null", f"{written(node)} is null, and {what} needs a number.")
    elif code.type.kind not in NUMERIC and code.type.kind != "any":
        remedy = "Use ~ to put texts together." if code.type.kind == "text" else ""
        emitter.wrong(
            node,
            "type",
            f"{what} needs a number; {written(node)} is {kinds.a(code.type.kind)}.",
            remedy,
        )


def arithmetic(emitter: Emitter, node: nodes.BinExpr) -> Code:
    """``+``, ``-`` and ``*``."""
    operator, helper = _ARITHMETIC[type(node)]
    left, right = emitter.visit(node.left), emitter.visit(node.right)
    _needs_number(emitter, left, node.left, operator)
    _needs_number(emitter, right, node.right, operator)
    folded = emitter.folded(RUNTIME[helper], [left, right])
    if folded:
        return folded
    both = {left.type.kind, right.type.kind}
    if both == {"integer"}:
        type_ = INTEGER
    elif "decimal" in both and both <= NUMERIC:
        type_ = kinds.DECIMAL
    else:
        type_ = kinds.NUMBER
    if both <= NUMERIC and (type_ is kinds.DECIMAL or operator != "*"):
        return Code(f"({left.text} {operator} {right.text})", type_)
    return Code(f"{helper}({left.text}, {right.text})", type_)


def divide(emitter: Emitter, node: nodes.Div) -> Code:
    """``/``, which always gives a decimal."""
    left, right = emitter.visit(node.left), emitter.visit(node.right)
    _needs_number(emitter, left, node.left, "/")
    _needs_number(emitter, right, node.right, "/")
    text = f"divide({left.text}, {right.text})"
    return emitter.folded(quotient, [left, right]) or Code(text, kinds.DECIMAL)


def negate(emitter: Emitter, node: nodes.UnaryExpr) -> Code:
    """``-`` or ``+`` in front."""
    inner = emitter.visit(node.node)
    _needs_number(emitter, inner, node.node, node.operator)
    type_ = inner.type if inner.type.kind in NUMERIC else kinds.NUMBER
    if isinstance(node, nodes.Pos):
        sure = type_ == inner.type
        return Code(f"(+{inner.text})" if sure else f"plus({inner.text})", type_)
    sure = type_ == inner.type
    text = f"(-{inner.text})" if sure else f"negate({inner.text})"
    return emitter.folded(negated, [inner]) or Code(text, type_)


def compare(emitter: Emitter, node: nodes.Compare) -> Code:
    """``==``, ``<``, ``in`` and the like, also several in a row."""
    left, left_node = emitter.visit(node.expr), node.expr
    text, first = left.text, left
    for number, operand in enumerate(node.ops):
        right = emitter.branch(operand.expr) if number else emitter.visit(operand.expr)
        _comparable(emitter, operand.op, left, right, left_node, operand.expr)
        text += f" {OPERATORS[operand.op]} {right.text}"
        left, left_node = right, operand.expr
    if len(node.ops) == 1 and first.known and left.known:
        folded = emitter.folded(_COMPARE[node.ops[0].op], [first, left])
        if folded:
            return folded
    return Code(f"({text})", BOOLEAN)


def _comparable(
    emitter: Emitter,
    op: str,
    left: Code,
    right: Code,
    left_node: nodes.Node,
    right_node: nodes.Node,
) -> None:
    a, b = left.type, right.type
    if op in ("in", "notin"):
        if b.kind not in ("list", "text", "record", "any"):
            text = f"in needs a list; {written(right_node)} is {kinds.a(b.kind)}."
            emitter.wrong(right_node, "type", text)
        elif b.kind == "list" and b.item:
            alike(emitter, a, b.item, left_node, right_node, "holds")
            items = right_node.items if isinstance(right_node, nodes.List) else ()
            for item_node in items if not left.known else ():
                possible(emitter, a, emitter.visit(item_node), left_node, item_node)
        return
    if op in ("eq", "ne"):
        alike(emitter, a, b, left_node, right_node, "equals")
        if not left.known or not right.known:
            possible(emitter, a, right, left_node, right_node)
            possible(emitter, b, left, right_node, left_node)
        return
    for one, node in ((a, left_node), (b, right_node)):
        if one.kind == "null":
            text = f"{written(node)} is null, which is neither more nor less."
            emitter.wrong(node, "null", text)
        elif one.kind in ("boolean", "list", "record"):
            text = f"{written(node)} is {kinds.a(one.kind)} and has no order."
            emitter.wrong(node, "type", text)
    alike(emitter, a, b, left_node, right_node, "compares with")


def possible(emitter: Emitter, type_: Type, code: Code, node: nodes.Node, word: nodes.Node) -> None:
    """Reports a word that a value of this type never is, or that nobody knows of."""
    value = code.value if code.known else None
    if isinstance(value, str) and emitter.now:
        for finding in impossible_word.check(type_, value, node, word, emitter.now):
            emitter.report(finding)


def alike(
    emitter: Emitter, a: Type, b: Type, left: nodes.Node, right: nodes.Node, verb: str
) -> None:
    """Reports values of kinds that are never equal, and have no order between them."""
    kinds_ = {a.kind, b.kind}
    if kinds_ & {"any", "null"} or len(kinds_) == 1 or kinds_ <= NUMERIC:
        return
    remedy = "Write | text after the number." if "text" in kinds_ and kinds_ & NUMERIC else ""
    emitter.wrong(
        left,
        "type",
        f"{written(left)} is {kinds.a(a.kind)} and never {verb} {written(right)}, "
        f"{kinds.a(b.kind)}.",
        remedy,
    )


def both(emitter: Emitter, node: nodes.And) -> Code:
    """``and``."""
    left = emitter.visit(node.left)
    if left.known:
        return emitter.visit(node.right) if left.value else left
    right = emitter.branch(node.right)
    return Code(f"({left.text} and {right.text})", kinds.join([left.type, right.type]))


def either(emitter: Emitter, node: nodes.Or) -> Code:
    """``or``."""
    left = emitter.visit(node.left)
    if left.known:
        return left if left.value else emitter.visit(node.right)
    right = emitter.branch(node.right)
    return Code(f"({left.text} or {right.text})", kinds.join([left.type, right.type]))


def negation(emitter: Emitter, node: nodes.Not) -> Code:
    """``not``."""
    inner = emitter.visit(node.node)
    if inner.known:
        return emitter.known(not inner.value)
    return Code(f"(not {inner.text})", BOOLEAN)


def condition(emitter: Emitter, node: nodes.CondExpr) -> Code:
    """``a if b else c``."""
    assert node.expr2 is not None  # noqa: S101 — refused when parsed
    test = emitter.visit(node.test)
    now = emitter.now  # none where a failure is explained: then nothing counts
    if test.known:
        what = counts.settled_branch(now, node, first=bool(test.value))
        taken = emitter.visit(node.expr1 if what == "if" else node.expr2)
        if taken.known:
            counts.reached(now, node, what)
            return taken
        return Code(emitter.counted(taken.text, now, node, what), taken.type)
    then, other = emitter.branch(node.expr1), emitter.branch(node.expr2)
    yes = emitter.counted(then.text, now, node, "if")
    no = emitter.counted(other.text, now, node, "else")
    text = f"({yes} if {emitter.asked(test.text, now, node)} else {no})"
    return Code(text, kinds.join([_of_words(then), _of_words(other)]))


def listed(emitter: Emitter, node: nodes.List | nodes.Tuple) -> Code:
    """``[a, b]``; a list holds no lists."""
    items = [emitter.visit(n) for n in node.items]
    if any(i.type.kind == "list" or (i.known and isinstance(i.value, list)) for i in items):
        return emitter.wrong(node, "type", "a list holds no lists.", "Put their items into one.")
    type_ = kinds.rows(kinds.join(i.type for i in items))  # of an empty one: null fits all
    if all(i.known for i in items):
        return emitter.known([i.value for i in items], type_)
    texts = [f"no_list({i.text})" if i.type.kind == "any" else i.text for i in items]
    return Code(f"[{', '.join(texts)}]", type_)


def test(emitter: Emitter, node: nodes.Test) -> Code:
    """``is none``."""
    inner = emitter.visit(node.node)
    if inner.known:
        return emitter.known(inner.value is None)
    return Code(f"({inner.text} is None)", BOOLEAN)


def concat(emitter: Emitter, node: nodes.Concat) -> Code:
    """``~``, and a text with expressions in it."""
    parts = [emitter.visit(n) for n in node.nodes]
    lenient = emitter.kind == "because"
    for part, inner in zip(parts, node.nodes, strict=True):
        kind = part.type.kind
        if kind == "null" and not lenient:
            emitter.wrong(inner, "null", f"{written(inner)} is null, and a text cannot hold it.")
        elif kind in ("boolean", "list", "record", "timestamp"):
            emitter.wrong(
                inner,
                "type",
                f"{written(inner)} is {kinds.a(kind)} and has no text form.",
                "Write an inline if." if kind == "boolean" else "",
            )
    joiner = "say" if lenient else "concatenate"
    folded = emitter.folded(RUNTIME[joiner], parts)
    return folded or Code(f"{joiner}({', '.join(p.text for p in parts)})", TEXT)


def _of_words(code: Code) -> Type:
    """The type of a value, of a known text that text alone."""
    if code.known and isinstance(code.value, str) and not code.type.values:
        return Type("text", values=(code.value,))
    return code.type


VISITORS: Mapping[type[nodes.Node], Callable[[Emitter, Any], Code]] = {
    nodes.Add: arithmetic, nodes.Sub: arithmetic, nodes.Mul: arithmetic, nodes.Div: divide,
    nodes.Neg: negate, nodes.Pos: negate, nodes.Compare: compare, nodes.And: both,
    nodes.Or: either, nodes.Not: negation, nodes.CondExpr: condition, nodes.List: listed,
    nodes.Tuple: listed, nodes.Test: test, nodes.Concat: concat,
}  # fmt: skip
