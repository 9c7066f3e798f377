"""Puts parts that are shared where they are used: `use open_day: {day: line.BatchDate}`.

Reads trees, gives trees in which each ``use`` is the piece of its part that stands under the same
key: named values in ``let``, conditions in ``checks``, fields in ``document``. Its nodes know the
part's file, the place of the use, and its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import nodes

from ..errors import Finding
from ..yamlfile import Path_, nearest
from . import expressions
from .code import RESERVED
from .expressions import Report
from .given import Given
from .tree import Frame, Node, framed

USE = "use "
OPERATIONS = ("add", "replace", "remove")
BESIDE = ("before", "after")  # what an added item may say beside its use
NO_PIECES = ("version", "part", "takes", "description")
# Lists wherever they stand; a list under a field of `document` or a name of `let` has rows.
LISTS = frozenset(
    (
        "checks", "warnings", "steps", "require", "rows", "then", "needs", "for", "covers", "moves",
        "order", "keys", "own", "names", "fields", "agree", "adopt", "flow",
    )
)  # fmt: skip


def is_list(path: Path_) -> bool:
    """Whether a list stands at a path of a file, rather than keys with values."""
    if path and path[0] in ("document", "let"):
        return len(path) == 2
    return bool(path) and path[-1] in LISTS


def ids_path(path: Path_) -> Path_:
    """The path without the words of an overlay (add, replace), and with its dots taken apart."""
    result: list[str | int] = []
    for step in path:
        if step in OPERATIONS and is_list(tuple(result)):
            continue
        if isinstance(step, str) and "." in step and result[-1:] != ["awaits"]:
            result += step.split(".")
        else:
            result.append(step)
    return tuple(result)


def piece_name(path: Path_, *, a_list: bool) -> str:
    """The key of a part whose piece a use at this path takes; empty where none can stand."""
    steps = ids_path(path)
    head, deep = (steps[0] if steps else ""), len(steps)
    if head in ("document", "let"):
        names = {1: str(head), 2: "rows" if a_list else "", 3: "" if a_list else "row"}
        return names.get(deep, "")
    if head == "rows" and deep == 2:
        return "row"
    return "" if not steps or isinstance(steps[-1], int) else str(steps[-1])


class Uses:
    """Held open over one set: its parts, and what of them is used."""

    def __init__(self, parts: Mapping[str, Node], report: Report) -> None:
        self.parts = parts
        self.report = report
        self.used: set[tuple[str, str]] = set()
        self.given: list[Given] = []

    def put_in(self, node: Node, path: Path_ = (), stack: tuple[str, ...] = ()) -> Node:
        """The tree with the pieces that it uses; what can't be had is reported and left out."""
        value = node.value
        if isinstance(value, dict):
            return self._keys(node, value, path, stack)
        if not isinstance(value, list):
            return node
        items: list[Node] = []
        changed = False
        for i, item in enumerate(value):
            use = _alone(item)
            if use is None:
                made = self.put_in(item, (*path, i), stack)
                changed = changed or made is not item
                items.append(made)
                continue
            changed = True
            piece = self._piece(use, item.value[use], path, stack, a_list=True)
            if piece is not None:
                beside = {key: item.value[key] for key in BESIDE if key in item.value}
                items += [_with(one, beside) for one in piece.value]
        return Node(items, node.frame, node.spot, node.key) if changed else node

    def _keys(
        self, node: Node, value: dict[str, Node], path: Path_, stack: tuple[str, ...]
    ) -> Node:
        result: dict[str, Node] = {}
        changed = False
        for key, child in value.items():
            if not key.startswith(USE):
                made = self.put_in(child, (*path, key), stack)
                changed = changed or made is not child
                self._put(result, key, made)
                continue
            changed = True
            piece = self._piece(key, child, path, stack, a_list=False)
            for name, inner in piece.value.items() if piece else ():
                self._put(result, name, inner)
        return Node(result, node.frame, node.spot, node.key) if changed else node

    def _put(self, into: dict[str, Node], key: str, node: Node) -> None:
        if key in into:
            text = f"{key!r} stands already in {into[key].place(key=True)}."
            remedy = "Take one of them out, or another name."
            self.report(node.finding("twice", text, remedy, key=True))
            return
        into[key] = node

    def _piece(
        self, key: str, use: Node, path: Path_, stack: tuple[str, ...], *, a_list: bool
    ) -> Node | None:
        """The piece that a use takes, with the parts that it uses itself."""
        name, wanted = key.removeprefix(USE).strip(), piece_name(path, a_list=a_list)
        place = use.place(key=True)
        part = self.parts.get(name)
        if part is None:
            remedy = nearest(name, self.parts) or "The set has no parts."
            text = f"there is no part {name!r}."
            self.report(use.finding("unknown-part", text, remedy, key=True))
            return None
        if name in stack:
            circle = " → ".join([*stack[stack.index(name) :], name])
            self.report(use.finding("cycle", f"the part {name} uses itself: {circle}.", key=True))
            return None
        known = pieces(part)
        piece = part.value[wanted] if wanted in known else None
        if piece is None:
            text = f"the part {name} has no {wanted!r}."
            if not wanted:
                text = "a part can't be used at this place."
            remedy = nearest(wanted, known) if wanted else ""
            remedy += f" It stands in {part.place()}." if wanted else ""
            self.report(use.finding("unknown-piece", text, remedy.strip(), key=True))
            return None
        if not isinstance(piece.value, list if a_list else dict):
            is_, must = ("keys with values", "a list") if a_list else ("a list", "keys with values")
            text = f"{wanted} of the part {name} is {is_} ({piece.place()}); here stands {must}."
            self.report(use.finding("wrong-type", text, key=True))
            return None
        self.used.add((name, wanted))
        given = Given(name, place, frozenset(takes(part)), self._arguments(name, part, use))
        self._hidden(given, use, piece)
        self.given.append(given)
        frame = Frame(piece.frame.path, place, given)
        return self.put_in(framed(piece, frame), _stands(wanted), (*stack, name))

    def _arguments(self, name: str, part: Node, use: Node) -> dict[str, nodes.Expr]:
        given = use.value
        if given is None:
            return {}
        if not isinstance(given, dict):
            text = f"the arguments of {name} are keys with values."
            remedy = f"Write: use {name}: {{{', '.join(f'{t}: …' for t in takes(part))}}}."
            self.report(use.finding("wrong-type", text, remedy))
            return {}
        result: dict[str, nodes.Expr] = {}
        taken = takes(part)
        for key, node in given.items():
            if key not in taken:
                text = f"the part {name} takes no {key!r} ({part.place()})."
                remedy = nearest(key, taken, given)
                self.report(node.finding("unknown-argument", text, remedy, key=True))
                continue
            if isinstance(node.value, dict | list):
                text = f"{key} is one value: an expression, without {{{{ }}}}."
                self.report(node.finding("wrong-type", text))
                continue
            found = expressions.bare(
                node.value, node.place(), f"use {name}.{key}", self.report, node.frame.given
            )
            result[key] = found.node if found else expressions.NOTHING
        return result

    def _hidden(self, given: Given, use: Node, piece: Node) -> None:
        """An argument that would mean another thing in the piece, where a row's name hides it."""
        hiding = dict(_items_named(piece))
        for key, argument in given.arguments.items() if hiding else ():
            for named in (argument, *argument.find_all(nodes.Name)):
                name = named.name if isinstance(named, nodes.Name) else ""
                if name in hiding:
                    there = hiding[name].place(key=True)
                    text = f"{name!r} is a row of the part {given.part} itself ({there})."
                    remedy = f"Give {key} under a name of its own: say it in let."
                    self.report(use.value[key].finding("hidden-name", text, remedy))

    def unused(self) -> Iterator[Finding]:
        """Warnings for parts, pieces, parameters and arguments that nothing uses, once every
        expression has been read."""
        for name, part in self.parts.items():
            mine = [one for one in self.given if one.part == name]
            if not mine:
                text = f"nothing uses the part {name}."
                yield part.value["part"].finding("unused", text, severity="warning")
                continue
            for key in pieces(part):
                if (name, key) not in self.used:
                    text = f"nothing uses {key!r} of the part {name}."
                    yield part.value[key].finding("unused", text, key=True, severity="warning")
            for key in takes(part):
                if not any(key in one.named for one in mine):
                    text = f"nothing in the part {name} names {key!r}."
                    node = part.value["takes"].value[key]
                    yield node.finding("unused", text, key=True, severity="warning")
        for one in self.given:
            for key in one.arguments.keys() - one.named:
                text = f"the part {one.part} names no {key!r} here."
                yield Finding(one.place, "unused", text, "Leave it out.", "warning")


def takes(part: Node) -> tuple[str, ...]:
    """The names of a part's parameters, as it declares them."""
    declared = part.value.get("takes")
    if declared is None or not isinstance(declared.value, dict):
        return ()
    return tuple(declared.value)


def unsound(part: Node) -> Iterator[Finding]:
    """What is wrong with a part by itself: parameters that its own names would hide."""
    if not isinstance(part.value, dict) or not takes(part):
        return
    own: dict[str, Node] = {}
    for key in ("let", "derive", "related", "match"):
        inner = part.value.get(key)
        own |= inner.value if inner and isinstance(inner.value, dict) else {}
    own |= dict(_items_named(part))
    for name, node in part.value["takes"].value.items():
        if name in RESERVED:
            text = f"{name!r} has a meaning of its own in the language."
            yield node.finding("reserved-name", text, "Take another name.", key=True)
        elif name in own:
            text = f"{name!r} is a name of the part's own too ({own[name].place(key=True)})."
            yield node.finding("twice", text, "Take another name.", key=True)


def _items_named(node: Node) -> Iterator[tuple[str, Node]]:
    """The names that rows give to their items: ``each: {line: lines}``."""
    value = node.value
    if isinstance(value, dict) and "each" in value and isinstance(value["each"].value, dict):
        yield from value["each"].value.items()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _items_named(one)


def pieces(part: Node) -> list[str]:
    """The keys under which a part holds something to use."""
    return [key for key in part.value if key not in NO_PIECES]


def _alone(item: Node) -> str | None:
    """The key of an item that is nothing but a use."""
    value = item.value
    if not isinstance(value, dict):
        return None
    uses = [key for key in value if key.startswith(USE)]
    alone = len(uses) == 1 and all(key in (*uses, *BESIDE) for key in value)
    return uses[0] if alone else None


def _with(item: Node, beside: Mapping[str, Node]) -> Node:
    if not beside or not isinstance(item.value, dict):
        return item
    return Node({**item.value, **beside}, item.frame, item.spot, item.key)


def _stands(piece: str) -> Path_:
    """The path at which what a piece uses itself is looked for."""
    return {"rows": ("document", ""), "row": ("document", "", 0)}.get(piece, (piece,))
