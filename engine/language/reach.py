"""What each declared value reads: named values, fields, derived columns, tables, settings.

Reads a loaded set; gives a graph from value to values, by which a change is followed to the fields
and documents that it can reach. It tells too much rather than too little: what can't be told apart
is taken for read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jinja2 import nodes

from .expressions import Expression, children
from .spec import EntitySpec, Field, MappingSet, MappingSpec, Match, Related, Row, TableSpec

# ("mapping new_order", "let.sold", "account"), ("entity qliro.order", "derive.region"),
# ("entity qliro.order", "Country"), ("table vat_rates",), ("settings", "rounding.tolerance"). One
# name alone is all of what it names.
Value = tuple[str, ...]
ROWS = "*"  # in place of a column: which rows there are
# What a name in an expression stands for: the values behind a column of it, or behind all of it.
Named = Callable[[str | None], Iterable[Value]]
Scope = Mapping[str, Named]
# Filters that pass rows on; those that give a column of them, or what it comes to.
_PASSING = frozenset({"where", "first", "last"})
_TAKING = frozenset({"values", "sum"})
# What rows that were asked for come to, whatever else their columns say.
_COUNTING = frozenset({"length"})


@dataclass(slots=True)
class Reach:
    """``reads`` has for each value those that its own expressions name."""

    reads: dict[Value, set[Value]] = field(default_factory=dict)

    def behind(self, values: Iterable[Value]) -> frozenset[Value]:
        """These values and all that they are made of."""
        found: set[Value] = set()
        waiting = list(values)
        while waiting:
            one = waiting.pop()
            if one in found:
                continue
            found.add(one)
            waiting += self.reads.get(one, ())
        return frozenset(found)

    def add(self, value: Value, reads: Iterable[Value]) -> None:
        """A value reads these; whatever it is a part of does too."""
        self.reads.setdefault(value, set()).update(reads)
        for length in range(1, len(value)):
            self.reads.setdefault(value[:length], set()).add(value)


def reach(mapping_set: MappingSet) -> Reach:
    """What the values of a set read."""
    found = Reach()
    for entity in mapping_set.entities.values():
        _entity(found, mapping_set, entity)
    for table in mapping_set.tables.values():
        _table(found, table)
    for mapping in mapping_set.mappings.values():
        _mapping(found, mapping_set, mapping)
    return found


def _entity(found: Reach, mapping_set: MappingSet, spec: EntitySpec) -> None:
    what = f"entity {spec.entity}"
    scope: dict[str, Named] = {spec.alias: _columns(mapping_set, spec.entity)}
    _related(found, mapping_set, what, spec.related, scope)
    named = {name: (what, f"derive.{name}") for name in spec.derive}
    named |= {name: (what, f"let.{name}") for name in spec.lets}
    scope |= {name: _all([value]) for name, value in named.items()}
    for name, expression in spec.named.items():
        found.add(named[name], _read(expression, scope))


def _related(
    found: Reach,
    mapping_set: MappingSet,
    what: str,
    declared: Mapping[str, Related],
    scope: dict[str, Named],
) -> None:
    """The rows that belong to a source: what says which, and their columns as names."""
    for alias, related in declared.items():
        of_row = _columns(mapping_set, related.entity)
        seen = {**scope, "it": of_row}
        for one in (*related.on.values(), *filter(None, [related.when])):
            found.add((what, "related", alias), _read(one, seen))
        scope[alias] = _either(of_row, [(what, "related", alias)])


def _table(found: Reach, spec: TableSpec) -> None:
    what = f"table {spec.name}"
    given = [one for row in spec.rows for one in row.then.values()]
    given += [*spec.rows_add.values(), *spec.otherwise.values()]
    reads = {value for one in given for value in _read(one, {})}
    if spec.rows_from:
        reads.add(("settings", spec.rows_from))
    found.add((what,), reads)


def _mapping(found: Reach, mapping_set: MappingSet, spec: MappingSpec) -> None:
    what = f"mapping {spec.name}"
    scope: dict[str, Named] = {spec.alias: _columns(mapping_set, spec.entity)}
    _related(found, mapping_set, what, spec.related, scope)
    for need in spec.needs:
        scope[need] = _all([(f"mapping {need}",)])
        found.add((what, "needs"), [(f"mapping {need}",)])
    for alias, match in spec.match.items():
        of_match = (what, "match", alias)
        scope[alias] = _either(_columns(mapping_set, match.entity), [of_match])
    scope["match"] = _all([(what, "match", alias) for alias in spec.match])
    scope["document"] = lambda name: [(what, "document", *filter(None, [name]))]
    scope |= {name: _let(what, name, declared) for name, declared in spec.lets.items()}
    for alias, match in spec.match.items():
        seen = {**scope, "it": _columns(mapping_set, match.entity)}
        for one in _of_match(match):
            found.add((what, "match", alias), _read(one, seen))
    for name, declared in spec.lets.items():
        if isinstance(declared, Expression):
            found.add((what, f"let.{name}"), _read(declared, scope))
        else:
            _rows(found, (what, f"let.{name}"), declared, scope)
    _fields(found, (what, "document"), spec.document, scope)
    for key, checks in (("checks", spec.checks), ("warnings", spec.warnings)):
        for check in checks:
            reads = {*_read(check.that, scope), *_read(check.because, scope)}
            found.add((what, key, check.id), reads)
    single: dict[str, Iterable[Expression | None]] = {
        "when": [spec.when], "per": [spec.per], "card": [spec.card],
        "nothing": [spec.nothing.when, spec.nothing.because] if spec.nothing else [],
        "then": [one.when for one in spec.then],
        "confirm": [one for c in spec.confirm.values() for one in (c.expected, c.within)],
        "identity": [*spec.identity.ask.values(), *spec.identity.since.values()],
        "after": spec.after.values(),
    }  # fmt: skip
    for key, expressions in single.items():
        for expression in filter(None, expressions):
            found.add((what, key), _read(expression, scope))


def _of_match(match: Match) -> Iterator[Expression]:
    for step in match.steps:
        yield from (*filter(None, [step.field]), *step.keys, *step.own)
    for one in match.require:
        yield from (one.that, one.because)
    if match.consume is not None:
        consume = match.consume
        yield from (consume.of, consume.amount, *filter(None, [consume.tolerance]))
    if (against := match.against) is not None:
        yield from (against.order, *against.names, *filter(None, [against.source]))
        yield from (*against.fields, against.digits, against.prefix, against.pairs_field)
        yield from (*against.pairs_keys, against.pairs_that)
    yield from (*match.awaits.values(), *match.order, *match.outcome.values())


def _fields(found: Reach, under: Value, fields: Sequence[Field], scope: Scope) -> None:
    for one in fields:
        for expression in filter(None, (one.value, one.when)):
            found.add((*under, one.name), _read(expression, scope))
        if one.rows:
            _rows(found, (*under, one.name), one.rows, scope)


def _rows(found: Reach, under: Value, rows: Sequence[Row], scope: Scope) -> None:
    """Rows: which there are, and each column by the items that they are made of."""
    for row in rows:
        seen = dict(scope)
        if row.each is not None:
            found.add((*under, ROWS), _read(row.each, scope))
            item = _item(row.each.node, scope)
            seen[row.alias] = seen["rows"] = item
            if row.group is not None:
                found.add((*under, ROWS), _read(row.group, seen))
                group = [*_read(row.group, seen)]
                seen["group"] = _all(group)
        if row.when is not None:
            found.add((*under, ROWS), _read(row.when, seen))
        for one in row.fields:
            for expression in filter(None, (one.value, one.when)):
                found.add((*under, one.name), _read(expression, seen))
            found.add((*under, one.name), [])


# Expressions --------------------------------------------------------------------------------------
def _read(expression: Expression, scope: Scope) -> set[Value]:
    return set(_values(expression.node, scope))


def _values(node: nodes.Node, scope: Scope) -> Iterator[Value]:
    if isinstance(node, nodes.Getattr):
        if (setting := _setting(node)) is not None:
            yield "settings", setting
            return
        if isinstance(node.node, nodes.Name):
            name = node.node.name
            if name == "tables":
                yield (f"table {node.attr}",)
            elif name in scope:
                yield from scope[name](node.attr)
            return
        if (rows := _rows_of(node.node)) is not None and rows[0] in scope:
            yield from _columns_of(rows, node.attr, node.node, scope)
            return
    if isinstance(node, nodes.Filter) and node.node is not None:
        rows = _rows_of(node.node)
        column = _column(node)
        if node.name in _TAKING and column is not None and rows and rows[0] in scope:
            yield from _columns_of(rows, column, node.node, scope)
            return
        if node.name in _COUNTING and rows and rows[1] and rows[0] in scope:
            yield from _columns_of(rows, rows[1][0], node.node, scope)
            return
    if isinstance(node, nodes.Name):
        if node.name in scope:
            yield from scope[node.name](None)
        return
    for child in children(node):
        yield from _values(child, scope)


def _columns_of(
    rows: tuple[str, list[str]], column: str, passed: nodes.Node, scope: Scope
) -> Iterator[Value]:
    """A column of rows that passed filters: the columns that those ask, and what they compare."""
    name, asked = rows
    for one in (*asked, column):
        yield from scope[name](one)
    while isinstance(passed, nodes.Filter) and passed.node is not None:
        for argument in passed.args:
            yield from _values(argument, scope)
        passed = passed.node


def _rows_of(node: nodes.Node | None) -> tuple[str, list[str]] | None:
    """The name of the rows that filters pass on, and the columns that those ask."""
    if isinstance(node, nodes.Name):
        return node.name, []
    if isinstance(node, nodes.Filter) and node.name in _PASSING:
        inner = _rows_of(node.node)
        if inner is None:
            return None
        column = _column(node)
        return inner[0], [*inner[1], *([column] if column else [])]
    return None


def _column(node: nodes.Filter) -> str | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, nodes.Const) and isinstance(first.value, str) else None


def _setting(node: nodes.Node) -> str | None:
    if not isinstance(node, nodes.Getattr):
        return None
    if isinstance(node.node, nodes.Name):
        return node.attr if node.node.name == "settings" else None
    above = _setting(node.node)
    return None if above is None else f"{above}.{node.attr}"


# Names --------------------------------------------------------------------------------------------
def _columns(mapping_set: MappingSet, entity: str) -> Named:
    what, spec = f"entity {entity}", mapping_set.entities.get(entity)
    derived = spec.derive if spec else {}

    def of(name: str | None) -> Iterable[Value]:
        if name is None:
            return [(what,)]
        return [(what, f"derive.{name}" if name in derived else name)]

    return of


def _let(what: str, name: str, declared: Expression | Sequence[Row]) -> Named:
    whole = (what, f"let.{name}")
    if isinstance(declared, Expression):
        return _all([whole])
    return lambda column: [whole] if column is None else [(*whole, column), (*whole, ROWS)]


def _item(node: nodes.Node, scope: Scope) -> Named:
    """An item of a list: a column of the rows that it comes from, or all that the list is of."""
    rows = _rows_of(node)
    if rows is not None and rows[0] in scope:
        return scope[rows[0]]
    return _all([*_values(node, scope)])


def _all(values: Sequence[Value]) -> Named:
    return lambda _column: values


def _either(named: Named, more: Sequence[Value]) -> Named:
    return lambda column: [*named(column), *more]
