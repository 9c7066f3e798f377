"""How the derived columns of an entity hang together: which need which, and which need other rows,
by themselves or by a named value.

Reads ``EntitySpec``s, gives orders and sets of names; the checks at loading and the compiler use
the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from .expressions import Expression, names
from .spec import EntitySpec


def named(expression: Expression) -> set[str]:
    """The names that an expression uses."""
    return {name for name in names(expression.node) if "." not in name}


def in_order(values: Mapping[str, Expression]) -> list[str]:
    """The names, each after those that it uses; of a circle, which the emitter tells, each once."""
    done: dict[str, bool] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        done[name] = True
        for used in sorted(named(values[name]) & values.keys()):
            visit(used)
        del done[name]  # so that it comes after those
        done[name] = True

    for name in values:
        visit(name)
    return list(done)


def late(spec: EntitySpec) -> frozenset[str]:
    """The columns and named values that need rows of others, by themselves or by another that they
    use: they are worked out when all other columns of all rows are there."""
    if not spec.related:
        return frozenset()
    uses = {name: named(expression) for name, expression in spec.named.items()}
    found: set[str] = set()
    while more := {
        name for name, used in uses.items()
        if name not in found and used & (found | spec.related.keys())
    }:  # fmt: skip
        found |= more
    return frozenset(found)


def entities_in_order(entities: Mapping[str, EntitySpec]) -> tuple[list[str], list[str]]:
    """The entities, each after those whose rows its columns need; and those that need each other
    in a circle. Rows of its own entity have no late columns yet, and are no circle."""
    done: list[str] = []
    left = list(entities)
    while ready := [name for name in left if not _needed(entities, name) & set(left) - {name}]:
        done += ready
        left = [name for name in left if name not in ready]
    return done, left


def _needed(entities: Mapping[str, EntitySpec], name: str) -> set[str]:
    return {one.entity for one in entities[name].related.values()}
