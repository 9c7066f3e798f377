"""Makes Python source of an expression, and finds what is wrong with it on the way.

One visitor infers types, reports findings and writes code, so what is checked when a mapping is
loaded and what runs later cannot differ. Source texts carry marks (\\x01 number \\x02 … \\x03)
around each value; ``layout`` turns them into lines of their own, so that the line of a traceback
tells which value failed, at no cost while nothing fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from engine.errors import Finding
from engine.language import filters, kinds
from engine.language.expressions import OPERATORS, Expression, Report, constant, written
from engine.language.kinds import ANY, BOOLEAN, INTEGER, NUMERIC, TEXT, Type
from engine.yamlfile import nearest


class _Unknown:
    """What a code's ``value`` is while it is not known before the run."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()
LARGEST_INTEGER = 10**30


@dataclass(frozen=True, slots=True)
class Code:
    """Python source of a value, its type, and the value itself where it is known already."""

    text: str
    type: Type
    value: Any = UNKNOWN

    @property
    def known(self) -> bool:
        return self.value is not UNKNOWN


@dataclass(frozen=True, slots=True)
class Signature:
    """What a table takes and gives, for those who call it."""

    inputs: Mapping[str, Type]
    outputs: Mapping[str, Type]


BOOKS: Mapping[str, Type] = {
    "next_open_day": kinds.DATE,
    "is_open": BOOLEAN,
    "financial_year": INTEGER,
    "in_closed_year": BOOLEAN,
    "takes_vouchers": BOOLEAN,
    "has_account": BOOLEAN,
}
# What each takes: a date, and before it what is asked about.
BOOKS_TAKE: Mapping[str, tuple[str, ...]] = {
    "takes_vouchers": ("text", "date"),
    "has_account": ("integer", "date"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a mark in the source stands for: a value, its names, and what it is the value of."""

    expression: Expression
    names: Mapping[str, Code]
    kind: str


def item(value: Any, key: Any) -> Any:
    """``value[key]`` of a record or list, of nothing else."""
    if isinstance(value, dict | list | tuple):
        return value[key]
    if value is None:
        raise filters.Null
    raise filters.Refused("only records and lists have items")


def _number(value: Any) -> Any:
    if value is None:
        raise filters.Null
    if type(value) is not Decimal and type(value) is not int:
        raise filters.Refused(f"{value!r} is not a number")
    return value


def add(left: Any, right: Any) -> Any:
    """``+`` where the types are not known before."""
    return _number(left) + _number(right)


def subtract(left: Any, right: Any) -> Any:
    """``-`` likewise."""
    return _number(left) - _number(right)


def multiply(left: Any, right: Any) -> Any:
    """``*`` likewise; integers stay within bounds, so that no chain of them burns the processor."""
    result = _number(left) * _number(right)
    if type(result) is int and abs(result) > LARGEST_INTEGER:
        raise filters.Refused("an integer of over 30 digits")
    return result


def divide(left: Any, right: Any) -> Decimal:
    """``/`` is always a Decimal."""
    if not _number(right):
        _number(left)
        raise filters.Refused("a division by zero")
    result: Decimal = Decimal(_number(left)) / right
    return result


def negate(value: Any) -> Any:
    """``-`` in front."""
    return -_number(value)


RUNTIME: Mapping[str, Any] = {
    "U": UNKNOWN,
    "NULL": None,
    "Decimal": Decimal,
    "round_to": filters.half_up,
    "concatenate": filters.concatenate,
    "say": filters.say,
    "item": item,
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "negate": negate,
    "bool": bool,
    "len": len,
    "abs": abs,
    "__builtins__": {},
    **{f"f_{name}": f.run for name, f in filters.FILTERS.items()},
}

_ARITHMETIC: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Add: ("+", "add"), nodes.Sub: ("-", "subtract"), nodes.Mul: ("*", "multiply"),
}  # fmt: skip
MOST_EXPANDED = 20_000


@dataclass(slots=True)
class Emitter:
    """Held open over one document: names in scope, named values already evaluated, constants."""

    report: Report
    names: dict[str, Code]
    tables: Mapping[str, Signature] = field(default_factory=dict)
    lets: Mapping[str, Expression] = field(default_factory=dict)
    traced: bool = False
    optional: frozenset[str] = frozenset()
    constants: dict[str, Any] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    hoist: Callable[[str], None] | None = None
    kind: str = "value"
    ready: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    guarded: set[str] = field(default_factory=set)
    let_codes: dict[str, Code] = field(default_factory=dict)
    conditional: int = 0
    looped: int = 0
    temporaries: int = 0
    expanded: int = 0
    stack: list[str] = field(default_factory=list)
    now: Expression | None = None

    # Entry ---------------------------------------------------------------------------------
    def emit(self, expression: Expression, wrap: str = "{}") -> Code:
        """The code of a value; ``wrap`` puts the conversion to its field around it."""
        before, self.now = self.now, expression
        code = self._visit(expression.node)
        self.now = before
        self.marks.append(Mark(expression, dict(self.names), self.kind))
        inner = wrap.format(code.text)
        return Code(f"(\x01{len(self.marks) - 1}\x02{inner}\x03)", code.type, code.value)

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

    # Findings ------------------------------------------------------------------------------
    def _wrong(self, code: str, message: str, remedy: str = "") -> Code:
        assert self.now is not None  # noqa: S101 — emit sets it
        self.report(self.now.finding(code, message, remedy))
        return Code("NULL", ANY)

    def _needs_number(self, code: Code, node: nodes.Node, what: str) -> None:
        if code.type.kind == "null":
            self._wrong("null", f"{written(node)} is null, and {what} needs a number.")
        elif code.type.kind not in NUMERIC and code.type.kind != "any":
            remedy = "Use ~ to put texts together." if code.type.kind == "text" else ""
            self._wrong(
                "type",
                f"{what} needs a number; {written(node)} is {kinds.a(code.type.kind)}.",
                remedy,
            )

    # Visiting ------------------------------------------------------------------------------
    def _visit(self, node: nodes.Node) -> Code:
        self.expanded += 1
        visit = _VISITORS[type(node)]
        return visit(self, node)

    def _branch(self, node: nodes.Node) -> Code:
        """What may not be evaluated: named values met in it are not ready after it."""
        before = set(self.ready)
        self.conditional += 1
        code = self._visit(node)
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
            return self._wrong(
                "unknown-name", f"there is no {node.name!r} here.", nearest(node.name, known)
            )
        if node.name == "books":
            return self._wrong("type", "books is not a value.", f"Known: {', '.join(BOOKS)}.")
        return code

    def let(self, name: str) -> Code:
        """The value of a named value: evaluated here, before this statement, or already."""
        if name in self.ready:
            return self.let_codes[name]
        if name in self.stack:
            circle = " → ".join([*self.stack[self.stack.index(name) :], name])
            return self._wrong("cycle", f"{name!r} needs itself: {circle}.")
        if self.expanded > MOST_EXPANDED or len(self.stack) > 30:
            return self._wrong("too-large", "the named values unfold to too much.")
        self.stack.append(name)
        kind, self.kind = self.kind, "let"
        inner = self.emit(self.lets[name])
        self.kind = kind
        self.stack.pop()
        if inner.known:
            code = self.known(inner.value, inner.type)
            self.ready.add(name)
            self.let_codes[name] = code
            return code
        variable = f"v_{name}"
        code = self.let_codes[name] = Code(variable, inner.type)
        again = name in self.started or self.looped
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
        base, key = self._visit(node.node), self._visit(node.arg)
        if base.known and key.known:
            return self._folded(item, [base, key]) or Code("NULL", ANY)
        return Code(f"item({base.text}, {key.text})", base.type.item or ANY)

    def _key(self, node: nodes.Node, parent: nodes.Node, key: str) -> Code:
        if isinstance(parent, nodes.Name) and parent.name in ("tables", "books"):
            return self._wrong("type", f"{written(node)} must be called.", "Write (…) after it.")
        base = self._visit(parent)
        type_ = base.type
        if type_.kind not in ("record", "any", "null"):
            return self._wrong(
                "unknown-key", f"{written(parent)} is {kinds.a(type_.kind)} and has no {key!r}."
            )
        if base.known and isinstance(base.value, dict) and key in base.value:
            declared = (type_.fields or {}).get(key, ANY)
            value = base.value[key]
            fits = declared if declared.values else kinds.of_value(value, written(node))
            return self.known(value, fits)
        if type_.fields is not None and key not in type_.fields and type_.item is None:
            return self._wrong(
                "unknown-key", f"{type_} has no {key!r}.", nearest(key, type_.fields)
            )
        if base.known and isinstance(base.value, dict):
            return self.known(None)  # declared, and left out of the file
        inner = (type_.fields or {}).get(key) or type_.item or ANY
        if base.text == "v_document" and key in self.optional:
            return Code(f"v_document.get({key!r})", inner)
        return Code(f"{'NULL' if base.text == 'None' else base.text}[{key!r}]", inner)

    def _folded(self, run: Callable[..., Any], args: Sequence[Code]) -> Code | None:
        """The code of the result where all is known; what fails then fails in the run."""
        if not all(a.known for a in args):
            return None
        try:
            return self.known(run(*[a.value for a in args]))
        except Exception:
            return None

    def arithmetic(self, node: nodes.BinExpr) -> Code:
        operator, helper = _ARITHMETIC[type(node)]
        left, right = self._visit(node.left), self._visit(node.right)
        self._needs_number(left, node.left, operator)
        self._needs_number(right, node.right, operator)
        folded = self._folded(RUNTIME[helper], [left, right])
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

    def divide(self, node: nodes.Div) -> Code:
        left, right = self._visit(node.left), self._visit(node.right)
        self._needs_number(left, node.left, "/")
        self._needs_number(right, node.right, "/")
        text = f"divide({left.text}, {right.text})"
        return self._folded(divide, [left, right]) or Code(text, kinds.DECIMAL)

    def negate(self, node: nodes.UnaryExpr) -> Code:
        inner = self._visit(node.node)
        self._needs_number(inner, node.node, node.operator)
        type_ = inner.type if inner.type.kind in NUMERIC else kinds.NUMBER
        if isinstance(node, nodes.Pos):
            return Code(f"(+{inner.text})" if type_ == inner.type else inner.text, type_)
        sure = type_ == inner.type
        text = f"(-{inner.text})" if sure else f"negate({inner.text})"
        return self._folded(negate, [inner]) or Code(text, type_)

    def compare(self, node: nodes.Compare) -> Code:
        left, left_node = self._visit(node.expr), node.expr
        text, first = left.text, left
        for number, operand in enumerate(node.ops):
            right = self._branch(operand.expr) if number else self._visit(operand.expr)
            self._comparable(operand.op, left, right, left_node, operand.expr)
            text += f" {OPERATORS[operand.op]} {right.text}"
            left, left_node = right, operand.expr
        if len(node.ops) == 1 and first.known and left.known:
            folded = self._folded(_COMPARE[node.ops[0].op], [first, left])
            if folded:
                return folded
        return Code(f"({text})", BOOLEAN)

    def _comparable(
        self, op: str, left: Code, right: Code, left_node: nodes.Node, right_node: nodes.Node
    ) -> None:
        a, b = left.type, right.type
        if op in ("in", "notin"):
            if b.kind not in ("list", "text", "record", "any"):
                self._wrong("type", f"in needs a list; {written(right_node)} is {kinds.a(b.kind)}.")
            elif b.kind == "list" and b.item:
                self._alike(a, b.item, left_node, right_node, "holds")
            return
        if op in ("eq", "ne"):
            self._alike(a, b, left_node, right_node, "equals")
            for one, other, node in ((a, right, left_node), (b, left, right_node)):
                wrong = one.values and other.known and isinstance(other.value, str)
                if wrong and not left.known & right.known and other.value not in one.values:
                    self._wrong(
                        "never-equal",
                        f"{written(node)} is never {other.value!r}.",
                        nearest(other.value, one.values),
                    )
            return
        for one, node in ((a, left_node), (b, right_node)):
            if one.kind == "null":
                self._wrong("null", f"{written(node)} is null, which is neither more nor less.")
            elif one.kind in ("boolean", "list", "record"):
                self._wrong("type", f"{written(node)} is {kinds.a(one.kind)} and has no order.")
        self._alike(a, b, left_node, right_node, "compares with")

    def _alike(self, a: Type, b: Type, left: nodes.Node, right: nodes.Node, verb: str) -> None:
        kinds_ = {a.kind, b.kind}
        if kinds_ & {"any", "null"} or len(kinds_) == 1 or kinds_ <= NUMERIC:
            return
        remedy = "Write | text after the number." if "text" in kinds_ and kinds_ & NUMERIC else ""
        self._wrong(
            "type",
            f"{written(left)} is {kinds.a(a.kind)} and never {verb} {written(right)}, {kinds.a(b.kind)}.",
            remedy,
        )

    def both(self, node: nodes.And) -> Code:
        left = self._visit(node.left)
        if left.known:
            return self._visit(node.right) if left.value else left
        right = self._branch(node.right)
        return Code(f"({left.text} and {right.text})", kinds.join([left.type, right.type]))

    def either(self, node: nodes.Or) -> Code:
        left = self._visit(node.left)
        if left.known:
            return left if left.value else self._visit(node.right)
        right = self._branch(node.right)
        return Code(f"({left.text} or {right.text})", kinds.join([left.type, right.type]))

    def negation(self, node: nodes.Not) -> Code:
        inner = self._visit(node.node)
        if inner.known:
            return self.known(not inner.value)
        return Code(f"(not {inner.text})", BOOLEAN)

    def condition(self, node: nodes.CondExpr) -> Code:
        assert node.expr2 is not None  # noqa: S101 — refused when parsed
        test = self._visit(node.test)
        if test.known:
            return self._visit(node.expr1 if test.value else node.expr2)
        then, other = self._branch(node.expr1), self._branch(node.expr2)
        text = f"({then.text} if {test.text} else {other.text})"
        return Code(text, kinds.join([then.type, other.type]))

    def list(self, node: nodes.List | nodes.Tuple) -> Code:
        items = [self._visit(n) for n in node.items]
        type_ = kinds.rows(kinds.join(i.type for i in items))  # of an empty one: null fits all
        if all(i.known for i in items):
            return self.known([i.value for i in items], type_)
        return Code(f"[{', '.join(i.text for i in items)}]", type_)

    def test(self, node: nodes.Test) -> Code:
        inner = self._visit(node.node)
        if inner.known:
            return self.known(inner.value is None)
        return Code(f"({inner.text} is None)", BOOLEAN)

    def concat(self, node: nodes.Concat) -> Code:
        parts = [self._visit(n) for n in node.nodes]
        lenient = self.kind == "because"
        for part, inner in zip(parts, node.nodes, strict=True):
            kind = part.type.kind
            if kind == "null" and not lenient:
                self._wrong("null", f"{written(inner)} is null, and a text cannot hold it.")
            elif kind in ("boolean", "list", "record", "timestamp"):
                self._wrong(
                    "type",
                    f"{written(inner)} is {kinds.a(kind)} and has no text form.",
                    "Write an inline if." if kind == "boolean" else "",
                )
        joiner = "say" if lenient else "concatenate"
        folded = self._folded(RUNTIME[joiner], parts)
        return folded or Code(f"{joiner}({', '.join(p.text for p in parts)})", TEXT)

    # Filters and calls ---------------------------------------------------------------------
    def filter(self, node: nodes.Filter) -> Code:
        assert node.node is not None  # noqa: S101 — refused when parsed
        declared = filters.FILTERS[node.name]
        value = self._visit(node.node)
        least, most = declared.args
        if not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            return self._wrong("arguments", f"the filter {node.name} takes {wanted} arguments.")
        kind = value.type.kind
        if kind == "null" and "null" not in declared.takes:
            return self._wrong("null", f"{written(node.node)} is null; {node.name} needs a value.")
        if kind not in declared.takes and kind not in ("any", "null"):
            takes = " or ".join(sorted(declared.takes - {"integer", "decimal"}))
            return self._wrong(
                "type", f"{node.name} takes {takes}; {written(node.node)} is {kinds.a(kind)}."
            )
        if node.name == "default":
            return self._default(node, value)
        if declared.attribute and node.args:
            return self._of_attribute(node, declared, value)
        args = [self._visit(a) for a in node.args]
        type_ = declared.result(value.type, [a.type for a in args])
        folded = self._folded(declared.run, [value, *args])
        if folded:
            return folded
        if node.name == "round":
            places = args[0] if args else self.known(0)
            if not places.known or type(places.value) is not int or not 0 <= places.value <= 10:
                return self._wrong("arguments", "round takes a literal number of 0 to 10 decimals.")
            quantum = self.bind(_QUANTA[places.value])
            return Code(f"round_to({value.text}, {quantum})", type_)
        if node.name in ("abs", "length"):
            return Code(f"{'len' if node.name == 'length' else 'abs'}({value.text})", type_)
        inner = ", ".join([value.text, *[a.text for a in args]])
        return Code(f"f_{node.name}({inner})", type_)

    def _default(self, node: nodes.Filter, value: Code) -> Code:
        if value.known:
            return value if value.value is not None else self._visit(node.args[0])
        other = self._branch(node.args[0])
        self.temporaries += 1
        name = f"t{self.temporaries}"
        text = f"({name} if ({name} := {value.text}) is not None else {other.text})"
        return Code(text, kinds.join([value.type, other.type]))

    def _of_attribute(self, node: nodes.Filter, declared: filters.Filter, value: Code) -> Code:
        first = node.args[0]
        if not isinstance(first, nodes.Const) or not isinstance(first.value, str):
            return self._wrong("arguments", f"{node.name} takes the column's name as a literal.")
        item_type = value.type.item or ANY
        column = ANY
        if item_type.kind == "record" and item_type.fields is not None:
            if first.value not in item_type.fields:
                return self._wrong(
                    "unknown-key",
                    f"{item_type} has no {first.value!r}.",
                    nearest(first.value, item_type.fields),
                )
            column = item_type.fields[first.value]
        elif item_type.kind not in ("record", "any", "null"):
            return self._wrong(
                "type", f"{node.name}({first.value!r}) needs rows; these are {item_type}."
            )
        if node.name == "sum" and column.kind not in NUMERIC | {"any", "null"}:
            return self._wrong(
                "type", f"sum needs numbers; {first.value} is {kinds.a(column.kind)}."
            )
        rest = [self._visit(a) for a in node.args[1:]]
        for code, inner in zip(rest, node.args[1:], strict=True):
            self._alike(column, code.type, first, inner, "equals")
        type_ = declared.result(value.type, [column, *[r.type for r in rest]])
        inner_text = ", ".join([value.text, repr(first.value), *[r.text for r in rest]])
        return Code(f"f_{node.name}({inner_text})", type_)

    def call(self, node: nodes.Call) -> Code:
        assert isinstance(node.node, nodes.Getattr)  # noqa: S101 — refused when parsed
        assert isinstance(node.node.node, nodes.Name)  # noqa: S101 — likewise
        owner, name = node.node.node.name, node.node.attr
        if owner == "tables":
            return self._table(node, name)
        if owner != "books" or "books" not in self.names:
            return self._wrong(
                "unknown-name", f"{owner}.{name} cannot be called.", "Only tables and books can."
            )
        if name not in BOOKS:
            return self._wrong("unknown-name", f"books has no {name!r}.", nearest(name, BOOKS))
        takes = BOOKS_TAKE.get(name, ("date",))
        if len(node.args) != len(takes) or node.kwargs:
            words = " and ".join(kinds.a(kind) for kind in takes)
            return self._wrong("arguments", f"books.{name} takes {words}.")
        given = [self._visit(argument) for argument in node.args]
        for code, kind in zip(given, takes, strict=True):
            fits = (kind, "any", "null", *(("number", "decimal") if kind == "integer" else ()))
            if code.type.kind not in fits:
                text = f"books.{name} takes {kinds.a(kind)}, not {kinds.a(code.type.kind)}."
                self._wrong("type", text)
        return Code(f"v_books.{name}({', '.join(code.text for code in given)})", BOOKS[name])

    def _table(self, node: nodes.Call, name: str) -> Code:
        if name not in self.tables:
            return self._wrong(
                "unknown-table", f"there is no table {name!r}.", nearest(name, self.tables)
            )
        table = self.tables[name]
        if node.args:
            return self._wrong("arguments", f"tables.{name} takes its inputs by name.")
        given = {k.key: k.value for k in node.kwargs}
        for key in given.keys() - table.inputs.keys():
            self._wrong(
                "unknown-input", f"the table {name} has no input {key!r}.",
                nearest(key, table.inputs),
            )  # fmt: skip
        missing = [key for key in table.inputs if key not in given]
        if missing:
            return self._wrong(
                "missing-input", f"the table {name} needs also {', '.join(missing)}."
            )
        codes = {key: self._visit(given[key]) for key in table.inputs if key in given}
        for key, code in codes.items():
            self._alike(code.type, table.inputs[key], given[key], nodes.Name(key, "load"), "fits")
            wanted = table.inputs[key].values
            if wanted and code.known and code.value not in (*wanted, None):
                self._wrong(
                    "never-equal", f"the input {key} of {name} is never {code.value!r}.",
                    nearest(str(code.value), wanted),
                )  # fmt: skip
        args = "".join(f"{c.text}, " for c in codes.values())
        type_ = kinds.record(table.outputs, f"the table {name}")
        if self.traced:
            return Code(f"H_{name}(H, ({args}))", type_)
        self.temporaries += 1
        temporary = f"t{self.temporaries}"
        text = f"(M_{name}.get({temporary} := ({args})) or S_{name}({temporary}))"
        return Code(text, type_)


_QUANTA = [Decimal(1).scaleb(-n) for n in range(11)]

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
    "lteq": lambda a, b: a <= b, "gt": lambda a, b: a > b, "gteq": lambda a, b: a >= b,
    "in": lambda a, b: a in b, "notin": lambda a, b: a not in b,
}  # fmt: skip

_VISITORS: dict[type[nodes.Node], Callable[[Emitter, Any], Code]] = {
    nodes.Const: Emitter.const, nodes.Name: Emitter.name, nodes.Getattr: Emitter.getattr,
    nodes.Getitem: Emitter.getitem, nodes.Add: Emitter.arithmetic, nodes.Sub: Emitter.arithmetic,
    nodes.Mul: Emitter.arithmetic, nodes.Div: Emitter.divide, nodes.Neg: Emitter.negate,
    nodes.Pos: Emitter.negate, nodes.Compare: Emitter.compare, nodes.And: Emitter.both,
    nodes.Or: Emitter.either, nodes.Not: Emitter.negation, nodes.CondExpr: Emitter.condition,
    nodes.List: Emitter.list, nodes.Tuple: Emitter.list, nodes.Test: Emitter.test,
    nodes.Concat: Emitter.concat, nodes.Filter: Emitter.filter, nodes.Call: Emitter.call,
}  # fmt: skip


def layout(lines: Sequence[tuple[int, str]]) -> tuple[str, list[int]]:
    """The source of marked lines (depth, text), and for each of its lines the mark's number.

    The first entry belongs to line 1; -1 is a line of no value.
    """
    result: list[str] = []
    owners: list[int] = []
    for depth, line in lines:
        open_marks = [-1]
        piece = "    " * depth
        for index, part in enumerate(_split(line)):
            if index % 2 == 0:
                piece += part
                continue
            result.append(piece)
            owners.append(open_marks[-1])
            piece = "    " * depth
            if part:
                open_marks.append(int(part))
            else:
                open_marks.pop()
        result.append(piece)
        owners.append(open_marks[-1])
    return "\n".join(result) + "\n", owners


def _split(line: str) -> list[str]:
    """Text, mark, text, mark, …: a mark is a number where a value begins and empty at its end."""
    parts: list[str] = [""]
    position = 0
    while position < len(line):
        character = line[position]
        if character == "\x01":
            end = line.index("\x02", position)
            parts += [line[position + 1 : end], ""]
            position = end + 1
        elif character == "\x03":
            parts += ["", ""]
            position += 1
        else:
            parts[-1] += character
            position += 1
    return parts


def collect(findings: list[Finding]) -> Report:
    """A report that gathers, each finding once."""

    def report(finding: Finding) -> None:
        if finding not in findings:
            findings.append(finding)

    return report
