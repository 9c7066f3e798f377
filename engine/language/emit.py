"""Makes Python source of an expression, and finds what is wrong with it on the way.

One visitor infers types, reports findings and writes code, so what is checked when a mapping is
loaded and what runs later cannot differ. Source texts carry marks (\\x01 number \\x02 … \\x03)
around each value, by which a failure is traced back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import nodes
from msgspec import Struct, field

from ..yamlfile import nearest
from . import calls, counts, kinds, lists, missing_braces, operators
from .code import BOOKS, Code, Mark, Signature
from .expressions import Expression, Report
from .kinds import ANY, Type
from .runtime import item
from .spec import Row
from .written import constant, written

MOST_EXPANDED = 20_000


class Emitter(Struct):
    """Held open over one document: names in scope, named values already evaluated, constants.

    ``passing`` are nodes (by ``id``) of a named value that are null where this part of them is:
    seen in time, a null costs nothing, and raised it costs more than the rest of the value;
    ``passed`` are those of the value that is emitted. ``items`` are names that rows give, which
    named values do not see. ``touched`` are the columns of records that were
    named, each with its record's type by ``id`` and name; ``*`` is one that is not known before.
    ``blocks`` are those of the function in which values are counted together, ``block`` that which
    is being written; ``guarding`` is above zero where a value may be there already.
    """

    report: Report
    names: dict[str, Code]
    tables: Mapping[str, Signature] = field(default_factory=dict)
    lets: Mapping[str, Expression | tuple[Row, ...]] = field(default_factory=dict)
    traced: bool = False
    optional: frozenset[str] = frozenset()
    constants: dict[str, Any] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    hoist: Callable[[str], None] | None = None
    kind: str = "value"
    passing: Mapping[str, Mapping[int, nodes.Node]] = field(default_factory=dict)
    passed: Mapping[int, nodes.Node] = field(default_factory=dict)
    given: dict[int, Code] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    guarded: set[str] = field(default_factory=set)
    let_codes: dict[str, Code] = field(default_factory=dict)
    items: set[str] = field(default_factory=lambda: {"group", "rows"})
    conditional: int = 0
    guarding: int = 0
    block: counts.Block | None = None
    blocks: list[counts.Block] = field(default_factory=list)
    looped: int = 0
    temporaries: int = 0
    expanded: int = 0
    stack: list[str] = field(default_factory=list)
    touched: set[tuple[int, str, str]] = field(default_factory=set)
    now: Expression | None = None

    # Entry ---------------------------------------------------------------------------------
    def emit(self, expression: Expression, wrap: str = "{value}") -> Code:
        """The code of a value; ``wrap`` puts the conversion to its field around it."""
        before, self.now = self.now, expression
        if expression.plain and isinstance(expression.node, nodes.Const):
            self.plain(expression, expression.node.value)
        code = self.visit(expression.node)
        self.now = before
        self.marks.append(Mark(expression, dict(self.names), self.kind))
        if code.known and counts.now() and counts.is_settled(expression, self.kind):
            # Not asked in the run: what settings alone decide.
            code = self.known(counts.settled(expression, code.value), code.type)
            inner = wrap.format(value=code.text)
        else:
            inner = wrap.format(value=code.text)
            if not self._is_counted(expression):
                inner = self.counted(inner, expression, kind=code.type.kind)
        return Code(f"(\x01{len(self.marks) - 1}\x02{inner}\x03)", code.type, code.value)

    def _is_counted(self, expression: Expression) -> bool:
        """Whether the value that was just marked is worked out in every run of the block."""
        if self.block is None or self.conditional or self.guarding:
            return False
        self.block.points.append((len(self.marks) - 1, counts.key_of(expression)))
        return True

    def counted(
        self, text: str, expression: Expression | None, node: nodes.CondExpr | None = None,
        what: str = "value", kind: str = "",
    ) -> str:  # fmt: skip
        """The source of a value of a kind or of a branch, counted where the set is compiled to
        count, and changed where it is to be."""
        kept = counts.now()
        if kept is None or expression is None:
            return text
        key = counts.key_of(expression, node, what)
        text = f"(next({self.bind(kept.steps(key))}) and {text})"
        altering = kept.altering(key, expression.field, kind) if node is None else None
        return f"{self.bind(altering)}({text})" if altering else text

    def asked(self, text: str, expression: Expression | None, node: nodes.CondExpr) -> str:
        """The source of what an inline if asks, answered otherwise where it is to be."""
        kept = counts.now()
        if kept is None or expression is None:
            return text
        both = counts.key_of(expression, node, "if"), counts.key_of(expression, node, "else")
        branching = kept.branching(*both)
        return f"{self.bind(branching)}({text})" if branching else text

    def plain(self, expression: Expression, value: Any) -> None:
        """Looks at a value without braces."""
        if isinstance(value, str) and "." in value:
            for finding in missing_braces.check(self, expression, value):
                self.report(finding)

    def bind(self, value: Any) -> str:
        """Source that gives a value known now."""
        if value is None or isinstance(value, bool | int | str):
            return repr(value)
        for name, bound in self.constants.items():
            if bound is value:
                return name
        name = f"K{len(self.constants)}"
        self.constants[name] = value
        return name

    def known(self, value: Any, type_: Type | None = None) -> Code:
        """The code of a value known now."""
        return Code(self.bind(value), type_ or kinds.of_value(value), value)

    def temporary(self) -> str:
        """A name in the function for a value that is looked at twice."""
        self.temporaries += 1
        return f"t{self.temporaries}"

    # Findings ------------------------------------------------------------------------------
    def wrong(
        self, node: nodes.Node | None, code: str, message: str, remedy: str = ""
    ) -> Code:
        """Reports what is wrong with the part of the expression that ``node`` is."""
        assert self.now is not None  # noqa: S101 — emit sets it
        self.report(self.now.finding(code, message, remedy, node))
        return Code("NULL", ANY)

    # Visiting ------------------------------------------------------------------------------
    def visit(self, node: nodes.Node) -> Code:
        self.expanded += 1
        if id(node) in self.given:
            return self.given[id(node)]
        visit, part = _VISITORS[type(node)], self.passed.get(id(node))
        if part is None:
            return visit(self, node)
        found, name = self.visit(part), self.temporary()
        self.given[id(part)] = found if found.known else Code(name, found.type)
        code = visit(self, node)
        del self.given[id(part)]
        if found.known:
            return code
        return Code(f"(None if ({name} := {found.text}) is None else {code.text})", code.type)

    def branch(self, node: nodes.Node) -> Code:
        """What may not be evaluated: named values met in it are not ready after it."""
        before = set(self.ready)
        self.conditional += 1
        code = self.visit(node)
        self.conditional -= 1
        self.ready = before
        return code

    def const(self, node: nodes.Const) -> Code:
        return self.known(constant(node))

    def name(self, node: nodes.Name) -> Code:
        if not node.name:
            return Code("NULL", ANY)  # could not be parsed, and was reported
        if node.name in self.lets:
            return self.let(node.name)
        code = self.names.get(node.name)
        if code is None:
            known = [*self.names, *self.lets, *(["tables"] if self.tables else [])]
            text, remedy = f"there is no {node.name!r} here.", nearest(node.name, known)
            return self.wrong(node, "unknown-name", text, remedy)
        if node.name == "books":
            remedy = f"Known: {', '.join(BOOKS)}."
            return self.wrong(node, "type", "books is not a value.", remedy)
        if node.name == "settings":
            text, remedy = "settings is not a value.", "Name one: settings.a.b."
            return self.wrong(node, "type", text, remedy)
        return code

    def let(self, name: str) -> Code:
        """The value of a named value: evaluated here, before this statement, or already."""
        if name in self.ready:
            return self.let_codes[name]
        if name in self.stack:
            circle = " → ".join([*self.stack[self.stack.index(name) :], name])
            return self.wrong(None, "cycle", f"{name!r} needs itself: {circle}.")
        if self.expanded > MOST_EXPANDED or len(self.stack) > 30:
            return self.wrong(None, "too-large", "the named values unfold to too much.")
        self.stack.append(name)
        kind, self.kind = self.kind, "let"
        passed, self.passed = self.passed, self.passing.get(name, {})
        names, self.names = self.names, {k: c for k, c in self.names.items() if k not in self.items}
        declared = self.lets[name]
        again = bool(name in self.started or self.looped)
        self.guarding += again
        if isinstance(declared, tuple):
            inner = lists.named(self, name, declared)
        else:
            inner = self.emit(declared)
        self.guarding -= again
        self.kind, self.names, self.passed = kind, names, passed
        self.stack.pop()
        if inner.known:
            code = self.known(inner.value, inner.type)
            self.ready.add(name)
            self.let_codes[name] = code
            return code
        variable = f"v_{name}"
        code = self.let_codes[name] = Code(variable, inner.type)
        self.started.add(name)
        self.ready.add(name)
        if not self.conditional and self.hoist:
            if again:
                self.guarded.add(name)
            fresh = f"({variable} if {variable} is not U else {inner.text})"
            self.hoist(f"{variable} = {fresh if again else inner.text}")
            return code
        self.guarded.add(name)
        fresh = f"({variable} := {inner.text})"
        return Code(f"({variable} if {variable} is not U else {fresh})", inner.type)

    def getattr(self, node: nodes.Getattr) -> Code:
        return self._key(node, node.node, node.attr)

    def getitem(self, node: nodes.Getitem) -> Code:
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._key(node, node.node, node.arg.value)
        base, key = self.visit(node.node), self.visit(node.arg)
        self.touch(base.type, "*")
        if base.known and key.known:
            folded = self.folded(item, [base, key])
            if folded:
                return folded
        return Code(f"item({base.text}, {key.text})", base.type.item or ANY)

    def _key(self, node: nodes.Node, parent: nodes.Node, key: str) -> Code:
        if isinstance(parent, nodes.Name) and parent.name in ("tables", "books"):
            text = f"{written(node)} must be called."
            return self.wrong(node, "type", text, "Write (…) after it.")
        is_settings = isinstance(parent, nodes.Name) and parent.name == "settings"
        named = self.names.get("settings") if is_settings else None
        base = named or self.visit(parent)
        type_ = base.type
        self.touch(type_, key)
        if type_.kind not in ("record", "any", "null"):
            text = f"{written(parent)} is {kinds.a(type_.kind)} and has no {key!r}."
            return self.wrong(node, "unknown-key", text)
        if base.known and isinstance(base.value, dict) and key in base.value:
            declared = (type_.fields or {}).get(key, ANY)
            value = base.value[key]
            fits = declared if declared.values else kinds.of_value(value, written(node))
            return self.known(value, fits)
        if type_.fields is not None and key not in type_.fields and type_.item is None:
            text, remedy = f"{type_} has no {key!r}.", nearest(key, type_.fields)
            if key in type_.inner:
                remedy = f"{key} is a named value of it: only under derive it is a column."
            return self.wrong(node, "unknown-key", text, remedy)
        if base.known and isinstance(base.value, dict):
            return self.known(None)  # declared, and left out of the file
        inner = (type_.fields or {}).get(key) or type_.item or ANY
        if base.text == "v_document" and key in self.optional:
            return Code(f"v_document.get({key!r})", inner)
        return Code(f"{'NULL' if base.text == 'None' else base.text}[{key!r}]", inner)

    def touch(self, record: Type, column: str) -> None:
        """A column of a record is named."""
        self.touched.add((id(record), record.name, column))

    def folded(self, run: Callable[..., Any], args: Sequence[Code]) -> Code | None:
        """The code of the result where all is known; what fails then fails in the run."""
        if not all(a.known for a in args):
            return None
        try:
            return self.known(run(*[a.value for a in args]))
        except Exception:
            return None


_VISITORS: dict[type[nodes.Node], Callable[[Emitter, Any], Code]] = {
    nodes.Const: Emitter.const, nodes.Name: Emitter.name, nodes.Getattr: Emitter.getattr,
    nodes.Getitem: Emitter.getitem, nodes.Filter: calls.filter_, nodes.Call: calls.call,
    **operators.VISITORS,
}  # fmt: skip
