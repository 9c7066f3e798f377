"""Makes Python source of filters and of calls of tables and books, and checks their arguments.

Works for the emitter, which visits the arguments; what a filter takes and gives is declared in
``filters``, what a table takes in its own file.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from jinja2 import nodes

from ..yamlfile import nearest
from . import counts, filters, kinds, operators, words
from .code import BOOKS, BOOKS_TAKE, Code
from .declared_filters import Filter
from .kinds import ANY, NUMERIC
from .written import written

if TYPE_CHECKING:  # the emitter calls this module
    from .emit import Emitter

_QUANTA = [Decimal(1).scaleb(-n) for n in range(11)]


def filter_(emitter: Emitter, node: nodes.Filter) -> Code:
    assert node.node is not None  # noqa: S101 — refused when parsed
    declared = filters.FILTERS[node.name]
    value = emitter.visit(node.node)
    least, most = declared.args
    if not least <= len(node.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        return emitter.wrong(node, "arguments", f"the filter {node.name} takes {wanted} arguments.")
    kind = value.type.kind
    if kind == "null" and "null" not in declared.takes:
        return emitter.wrong(
            node.node, "null", f"{written(node.node)} is null; {node.name} needs a value."
        )
    if kind not in declared.takes and kind not in ("any", "null"):
        takes = " or ".join(sorted(declared.takes - {"integer", "decimal"}))
        return emitter.wrong(
            node.node,
            "type",
            f"{node.name} takes {takes}; {written(node.node)} is {kinds.a(kind)}.",
        )
    if node.name == "default":
        return _default(emitter, node, value)
    item = value.type.item or ANY
    missing = [name for name in declared.columns if name not in (item.fields or declared.columns)]
    if missing:
        text = f"{node.name} needs rows with {', '.join(declared.columns)}; {item} has no"
        return emitter.wrong(node, "unknown-key", f"{text} {', '.join(missing)}.")
    if declared.attribute and node.args:
        return _of_attribute(emitter, node, declared, value)
    args = [emitter.visit(a) for a in node.args]
    type_ = declared.result(value.type, [a.type for a in args])
    folded = emitter.folded(declared.run, [value, *args])
    if folded:
        return folded
    if node.name == "round":
        places = args[0] if args else emitter.known(0)
        if not places.known or type(places.value) is not int or not 0 <= places.value <= 10:
            return emitter.wrong(
                node, "arguments", "round takes a literal number of 0 to 10 decimals."
            )
        quantum = emitter.bind(_QUANTA[places.value])
        return Code(f"round_to({value.text}, {quantum})", type_)
    if node.name in ("abs", "length"):
        return Code(f"{'len' if node.name == 'length' else 'abs'}({value.text})", type_)
    texts = [a.text for a in args]
    if declared.as_is and all(a.known and type(a.value) is int for a in args):
        name = emitter.temporary()
        is_so = declared.as_is.format(name, *texts, new=f"{name} := {value.text}")
        otherwise = f"f_{node.name}({', '.join([name, *texts])})"
        return Code(f"({name} if {is_so} else {otherwise})", type_)
    return Code(f"f_{node.name}({', '.join([value.text, *texts])})", type_)


def _default(emitter: Emitter, node: nodes.Filter, value: Code) -> Code:
    if value.known:
        return value if value.value is not None else emitter.visit(node.args[0])
    other = emitter.branch(node.args[0])
    name = emitter.temporary()
    text = f"({name} if ({name} := {value.text}) is not None else {other.text})"
    return Code(text, kinds.join([value.type, other.type]))


def _of_attribute(
    emitter: Emitter, node: nodes.Filter, declared: Filter, value: Code
) -> Code:
    first = node.args[0]
    if not isinstance(first, nodes.Const) or not isinstance(first.value, str):
        return emitter.wrong(
            first, "arguments", f"{node.name} takes the column's name as a literal."
        )
    item_type = value.type.item or ANY
    column = ANY
    emitter.touch(item_type, first.value)
    if item_type.kind == "record" and item_type.fields is not None:
        if first.value not in item_type.fields:
            return emitter.wrong(
                first,
                "unknown-key",
                f"{item_type} has no {first.value!r}.",
                nearest(first.value, item_type.fields),
            )
        column = item_type.fields[first.value]
    elif item_type.kind not in ("record", "any", "null"):
        return emitter.wrong(
            node.node, "type", f"{node.name}({first.value!r}) needs rows; these are {item_type}."
        )
    if node.name == "sum" and column.kind not in NUMERIC | {"any", "null"}:
        return emitter.wrong(
            first, "type", f"sum needs numbers; {first.value} is {kinds.a(column.kind)}."
        )
    rest = [emitter.visit(a) for a in node.args[1:]]
    for code, inner in zip(rest, node.args[1:], strict=True):
        operators.alike(emitter, column, code.type, first, inner, "equals")
        operators.possible(emitter, column, code, first, inner)
    type_ = declared.result(value.type, [column, *[r.type for r in rest]])
    inner_text = ", ".join([value.text, repr(first.value), *[r.text for r in rest]])
    return Code(f"f_{node.name}({inner_text})", type_)


def call(emitter: Emitter, node: nodes.Call) -> Code:
    assert isinstance(node.node, nodes.Getattr)  # noqa: S101 — refused when parsed
    assert isinstance(node.node.node, nodes.Name)  # noqa: S101 — likewise
    owner, name = node.node.node.name, node.node.attr
    if owner == "tables":
        return _table(emitter, node, name)
    if owner != "books" or "books" not in emitter.names:
        return emitter.wrong(
            node.node,
            "unknown-name",
            f"{owner}.{name} cannot be called.",
            "Only tables and books can.",
        )
    if name not in BOOKS:
        return emitter.wrong(
            node.node, "unknown-name", f"books has no {name!r}.", nearest(name, BOOKS)
        )
    takes = BOOKS_TAKE.get(name, ("date",))
    if len(node.args) != len(takes) or node.kwargs:
        words = " and ".join(kinds.a(kind) for kind in takes)
        return emitter.wrong(node, "arguments", f"books.{name} takes {words}.")
    given = [emitter.visit(argument) for argument in node.args]
    for code, kind, argument in zip(given, takes, node.args, strict=True):
        fits = (kind, "any", "null", *(("number", "decimal") if kind == "integer" else ()))
        if code.type.kind not in fits:
            text = f"books.{name} takes {kinds.a(kind)}, not {kinds.a(code.type.kind)}."
            emitter.wrong(argument, "type", text)
    return Code(f"v_books.{name}({', '.join(code.text for code in given)})", BOOKS[name])


def _table(emitter: Emitter, node: nodes.Call, name: str) -> Code:
    if name not in emitter.tables:
        return emitter.wrong(
            node.node,
            "unknown-table",
            f"there is no table {name!r}.",
            nearest(name, emitter.tables),
        )
    table = emitter.tables[name]
    if node.args:
        return emitter.wrong(node, "arguments", f"tables.{name} takes its inputs by name.")
    given = {k.key: k.value for k in node.kwargs}
    for key in given.keys() - table.inputs.keys():
        emitter.wrong(
            given[key], "unknown-input", f"the table {name} has no input {key!r}.",
            nearest(key, table.inputs),
        )  # fmt: skip
    missing = [key for key in table.inputs if key not in given]
    if missing:
        return emitter.wrong(
            node, "missing-input", f"the table {name} needs also {', '.join(missing)}."
        )
    codes = {key: emitter.visit(given[key]) for key in table.inputs if key in given}
    for key, code in codes.items():
        said = nodes.Name(key, "load")
        operators.alike(emitter, code.type, table.inputs[key], given[key], said, "fits")
        wanted = table.inputs[key].values
        if wanted and code.known and code.value not in (*wanted, None):
            text = f"the input {key} of {name} is never {kinds.shown(code.value)}."
            remedy = words.near(str(code.value), table.inputs[key])
            emitter.wrong(given[key], "never-equal", text, remedy)
    args = "".join(f"{c.text}, " for c in codes.values())
    type_ = kinds.record(table.outputs, f"the table {name}")
    if emitter.traced:
        return Code(f"H_{name}(H, ({args}))", type_)
    if counts.now() is not None:  # a row that is remembered is to be counted too
        return Code(f"S_{name}(({args}))", type_)
    temporary = emitter.temporary()
    text = f"(M_{name}.get({temporary} := ({args})) or S_{name}({temporary}))"
    return Code(text, type_)
