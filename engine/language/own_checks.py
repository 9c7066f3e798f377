"""The checks of a mapping that ask for nothing but its source and the rows that belong to it.

They say the same whenever they are asked: before there is a document, and when it stands. Those
that name what stands in Fortnox, what was matched, what another mapping made, the books or the
finished document do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jinja2 import nodes
from msgspec.structs import replace

from . import document
from .code import Code
from .expressions import Expression, walk
from .program import Failure, Row
from .spec import Check, Identity, MappingSet, MappingSpec
from .spec import Row as RowSpec

# What any check may name beside the source and its rows.
FREE = frozenset({"settings", "tables", "it", "rows", "group"})


def own_checks(spec: MappingSpec) -> tuple[Check, ...]:
    """Those of a mapping that leave its source to a person. What settings alone decide says nothing
    of the source, and is left out."""
    source = spec.entity.partition(".")[0]
    rows = (name for name, one in spec.related.items() if one.entity.startswith(f"{source}."))
    own = {spec.alias, *rows}
    found = []
    for one in spec.checks:
        asked = _asked(spec, one)
        if one.state == "park" and not one.until and asked & own and asked <= own | FREE:
            found.append(one)
    return tuple(found)


def asking(
    mapping_set: MappingSet, spec: MappingSpec, settings: Code, space: Mapping[str, Any]
) -> Callable[[Row], Sequence[Failure]]:
    """Which of them do not hold, as a function of the source and the rows that belong to it by
    alias. It raises ItemError when a value cannot be had."""
    bare = replace(
        spec, checks=own_checks(spec), warnings=(), document=(), then=(), confirm={}, covers=(),
        moves=(), identity=Identity({}, (), (), {}),
    )  # fmt: skip
    if not bare.checks:
        return lambda _inputs: ()
    # What is wrong in an expression was told when the whole mapping was compiled.
    made = document.render(mapping_set, bare, settings, space, lambda _finding: None, traced=False)
    return lambda inputs: made.run(inputs).failures


def _asked(spec: MappingSpec, check: Check) -> set[str]:
    """The names that a check asks for, its sentence too, by way of named values or not."""
    names: set[str] = set()
    left = [*_names(check.that), *_names(check.because)]
    done: set[str] = set()
    while left:
        name = left.pop()
        declared = spec.lets.get(name)
        if declared is None:
            names.add(name)
        elif name not in done:
            done.add(name)
            if isinstance(declared, Expression):
                left += _names(declared)
            else:
                left += [one for row in declared for one in _of_row(row)]
    return names


def _of_row(row: RowSpec) -> Iterator[str]:
    """The names that rows of a named list ask for, but for the item that each of them is of."""
    asked = [row.each, row.group, row.when]
    for one in row.fields:
        asked += [one.value, one.when]
        yield from (name for inner in one.rows for name in _of_row(inner) if name != row.alias)
    for expression in asked:
        if expression is not None:
            yield from (name for name in _names(expression) if name != row.alias)


def _names(expression: Expression) -> set[str]:
    return {node.name for node in walk(expression.node) if isinstance(node, nodes.Name)}
