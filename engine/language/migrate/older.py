"""How version 1 of the language read a set and its overlay: by file names, key by key.

Reads trees of such files, gives the tree that they made together. Nothing runs by this; it is what
a migrated file is held against.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from ..structure import KINDS
from ..tree import Node


def laid(base: Node, over: Node) -> Node:
    """The overlay's file on the set's: keys with values key by key, the rest replaced, null
    removes."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    result: dict[str, Node] = dict(base.value)
    for key, new in over.value.items():
        if new.value is None:
            result.pop(key, None)
        elif key in result:
            result[key] = laid(result[key], new)
        else:
            result[key] = new
    return Node(result, base.frame, base.spot, base.key)


def meant(name: str, root: Node, known: Iterable[str], files: dict[str, str]) -> str:
    """What a file of an overlay changes, as it is known now (``mapping payment``): what it says
    itself, what the set's file of its name declares, or what is called like it; else empty.

    ``known`` is what the set declares, ``files`` the file of each.
    """
    for kind in KINDS:
        if said := root.text(kind):
            return f"{kind} {said}"
    names = list(known)
    of_file = [one for one in names if files.get(one) == name]
    if len(of_file) == 1:
        return of_file[0]
    path = PurePosixPath(name)
    if path.parts[0] == "tables":
        kinds: tuple[str, ...] = ("table",)
    else:
        kinds = ("mapping", "entity", "table")
    for kind in kinds:
        for one in names:
            of, _, called = one.partition(" ")
            short = called.partition(".")[2] or called
            if of == kind and path.stem in (called, short, called.replace(".", "_")):
                return one
    return ""
