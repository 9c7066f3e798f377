"""Whether two declarations say the same: as the language reads them, not as they are written.

Reads trees, gives what differs in words. Expressions are compared as parsed, with the arguments of
the parts that they come from; ids, and what an overlay may not weaken, change no behaviour and are
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import expressions
from .tree import Node, identifier

# Keys that name things and decide nothing.
NAMING = ("id", "essential", "by_construction", "version")
# Lists that say nothing when they are empty.
_EMPTY = ("checks", "warnings", "then", "needs", "moves")


def meaning(node: Node) -> Any:
    """What a tree says, to be compared with another's."""
    value = node.value
    if isinstance(value, dict) and list(value) == ["do"]:  # a step that is only given a place
        return meaning(value["do"])
    if isinstance(value, dict):
        return {
            key: meaning(one)
            for key, one in value.items()
            if key not in NAMING and not (key in _EMPTY and one.value == [])
        }
    if isinstance(value, list):
        return [meaning(one) for one in value]
    if isinstance(value, str):
        return _expression(value, node)
    return type(value).__name__, str(value)


def _expression(text: str, node: Node) -> Any:
    parse = expressions.template if "{{" in text else expressions.bare
    wrong: list[Any] = []
    found = parse(text, node.place(), "", wrong.append, node.frame.given)
    return "text", text if found is None or wrong else repr(found.node)


@dataclass(frozen=True, slots=True)
class Changed:
    """Where two trees say something else: keys and ids from the top, and what stands there before
    and after, None where nothing does."""

    path: tuple[str, ...]
    before: Node | None
    after: Node | None


def differences(before: Node, after: Node) -> list[str]:
    """Where two trees say something else, keys and ids joined by points; empty where nowhere."""
    return list(dict.fromkeys(".".join(one.path) for one in changes(before, after)))


def changes(before: Node, after: Node) -> Iterator[Changed]:
    """The same with what stands there; what is only in another order is told as a whole."""
    return _changes(before, after, ())


def _changes(before: Node, after: Node, path: tuple[str, ...]) -> Iterator[Changed]:
    if meaning(before) == meaning(after):
        return
    old, new = named(before), named(after)
    if not old or not new or type(before.value) is not type(after.value):
        yield Changed(path, before, after)
        return
    both = old.keys() & new.keys()
    moved = [key for key in old if key in both] != [key for key in new if key in both]
    if moved and isinstance(before.value, list):  # the same items in another order
        yield Changed(path, before, after)
    for key in [*old, *(key for key in new if key not in old)]:
        here = (*path, key)
        if key in NAMING:
            continue
        if key not in old or key not in new:
            yield Changed(here, old.get(key), new.get(key))
        else:
            yield from _changes(old[key], new[key], here)


def named(node: Node) -> dict[str, Node]:
    """What a value holds, by key, by id, or by the place in the list, from 1."""
    if isinstance(node.value, dict):
        return dict(node.value)
    if not isinstance(node.value, list):
        return {}
    named: dict[str, Node] = {}
    for number, one in enumerate(node.value, 1):
        name = identifier(one) if isinstance(one.value, dict) else ""
        named[name if name and name not in named else str(number)] = one
    return named
