"""The values of mapping files as trees: each knows its file, its line and who used it.

Reads a parsed YAML file, gives ``Node``; parts are put in (``uses``) and files laid over each other
(``laid``) on trees, before anything else is read from them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import Struct

from ..errors import Finding, Place
from ..yamlfile import Path_, YamlFile
from .given import Given

Spot = tuple[int, int]  # line and column, from 1


class Frame(Struct, frozen=True, eq=False):
    """Where nodes come from: their file; and of a part, where it is used and with what."""

    path: str
    via: Place | None = None
    given: Given | None = None


class Node(Struct, eq=False):
    """A value: nodes by key, a list of nodes, or a plain value.

    ``key`` is where its key stands; ``gone`` are the keys that were removed of it, and where.
    """

    value: Any
    frame: Frame
    spot: Spot
    key: Spot | None = None
    gone: dict[str, Node] | None = None

    def place(self, *, key: bool = False) -> Place:
        """Where the value (or its key) stands."""
        spot = self.key if key and self.key else self.spot
        return Place(self.frame.path, *spot, self.frame.via)

    def finding(
        self, code: str, message: str, remedy: str = "", *, key: bool = False,
        severity: str = "error",
    ) -> Finding:  # fmt: skip
        """A finding at this place."""
        return Finding(self.place(key=key), code, message, remedy, severity)

    def text(self, key: str) -> str:
        """The text or number under a key, as a text; empty where there is none."""
        child = self.value.get(key) if isinstance(self.value, dict) else None
        plain_ = child.value if child is not None else None
        return str(plain_) if isinstance(plain_, str | int) else ""


def of_file(file: YamlFile) -> Node:
    """The tree of a parsed file."""
    frame, values, keys = Frame(file.path), file.values, file.keys

    def node(value: Any, path: Path_) -> Node:
        made: Any = value
        if isinstance(value, dict):
            made = {key: node(inner, (*path, key)) for key, inner in value.items()}
        elif isinstance(value, list):
            made = [node(inner, (*path, i)) for i, inner in enumerate(value)]
        return Node(made, frame, values.get(path, (0, 0)), keys.get(path))

    return node(file.value, ())


def as_data(node: Node) -> list[Any]:
    """The tree of a file as JSON may hold it: of each node its value, where it stands, and where
    its key does. The file itself is not in it."""
    value = node.value
    if isinstance(value, dict):
        value = {key: as_data(inner) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [as_data(inner) for inner in value]
    elif isinstance(value, Decimal):
        value = {"": str(value)}  # what is in a mapping is a list
    return [value, *node.spot, *(node.key or ())]


def of_data(data: Any, frame: Frame) -> Node:
    """The tree that ``as_data`` told. Raises ValueError where it is anything else."""
    if type(data) is not list or len(data) not in (3, 5):
        raise ValueError
    value, *spots = data
    kind = type(value)
    if kind is dict:
        if type(value.get("")) is str:
            value = Decimal(value[""])
        else:
            value = {key: of_data(inner, frame) for key, inner in value.items()}
    elif kind is list:
        value = [of_data(inner, frame) for inner in value]
    elif kind not in _PLAIN:
        raise ValueError
    if any(type(one) is not int for one in spots):
        raise ValueError
    line, column, *key = spots
    return Node(value, frame, (line, column), (key[0], key[1]) if key else None)


_PLAIN = (str, int, bool, type(None))


def plain(node: Node) -> Any:
    """The value without places, as YAML has it."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def framed(node: Node, frame: Frame) -> Node:
    """A copy of the tree whose nodes come from ``frame``."""
    value = node.value
    if isinstance(value, dict):
        value = {key: framed(inner, frame) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [framed(inner, frame) for inner in value]
    return Node(value, frame, node.spot, node.key)


def is_same(one: Node, other: Node) -> bool:
    """Whether two trees say the same, in the same places, by the same uses of parts."""
    frames: dict[tuple[int, int], bool] = {}

    def framed_same(mine: Frame, its: Frame) -> bool:
        key = id(mine), id(its)
        if key not in frames:
            frames[key] = mine.path == its.path and mine.via == its.via and _given_same(mine, its)
        return frames[key]

    def same(mine: Node | None, its: Node | None) -> bool:
        if mine is its:
            return True
        if mine is None or its is None or mine.spot != its.spot or mine.key != its.key:
            return False
        if type(mine.value) is not type(its.value) or not framed_same(mine.frame, its.frame):
            return False
        if (mine.gone or {}).keys() != (its.gone or {}).keys():
            return False
        if not all(same(gone, (its.gone or {})[key]) for key, gone in (mine.gone or {}).items()):
            return False
        if isinstance(mine.value, dict):
            return list(mine.value) == list(its.value) and all(
                same(inner, its.value[key]) for key, inner in mine.value.items()
            )
        if isinstance(mine.value, list):
            return len(mine.value) == len(its.value) and all(map(same, mine.value, its.value))
        return str(mine.value) == str(its.value)  # 1.0 and 1.00 are not written alike

    return same(one, other)


def _given_same(mine: Frame, its: Frame) -> bool:
    one, other = mine.given, its.given
    if one is None or other is None:
        return one is other
    return (one.part, one.place, one.takes, one.arguments) == (
        other.part, other.place, other.takes, other.arguments
    )  # fmt: skip


def identifier(node: Node) -> str:
    """What an item of a list is known by: its ``id``, its word (``do``), or the value itself."""
    if isinstance(node.value, dict):
        return node.text("id") or node.text("do")
    return str(node.value) if isinstance(node.value, str | int) else ""
