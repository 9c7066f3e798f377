"""A declared mapping, entity or table as the rest reads it: its values, each with its place.

Holds the tree that remains when parts are put in and overlays laid; gives plain values and, by
path of keys, places and the arguments of the part that a value comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from ..errors import Finding, Place
from ..yamlfile import Path_
from .given import Given
from .tree import Node, identifier, plain


class Source(Struct, frozen=True):
    """What the file ``name`` (within its set or overlay) declares."""

    name: str
    root: Node
    value: Any

    def place(self, path: Iterable[str | int] = (), *, key: bool = False) -> Place:
        """Where the value (or its key) at ``path`` stands; of the nearest ancestor if nowhere."""
        return self._nearest(path).place(key=key)

    def given(self, path: Path_) -> Given | None:
        """The use of a part that the value at ``path`` comes from."""
        return self._nearest(path).frame.given

    def _nearest(self, path: Iterable[str | int]) -> Node:
        node = self.root
        for step in path:
            value: Any = node.value
            at_key = isinstance(value, dict) and step in value
            if at_key or (isinstance(value, list) and isinstance(step, int) and step < len(value)):
                node = value[step]
            elif node.gone and step in node.gone:
                return node.gone[str(step)]  # what then lacks it is told where it was removed
            else:
                break
        return node

    def label(self, path: Path_) -> str:
        """``checks.2.that`` with the id of the item: ``checks.locked-period.that``."""
        text = ""
        for deep, step in enumerate(path):
            if not isinstance(step, int):
                text += f".{step}"
                continue
            item = self._nearest(path[: deep + 1])
            name = identifier(item) if isinstance(item.value, dict) else ""
            text += f".{name}" if name else f"[{step + 1}]"
        return text[1:]

    def finding(
        self,
        path: Iterable[str | int],
        code: str,
        message: str,
        remedy: str = "",
        *,
        key: bool = False,
        severity: str = "error",
    ) -> Finding:
        """A finding at the place of ``path``."""
        return Finding(self.place(path, key=key), code, message, remedy, severity)


def of_tree(name: str, root: Node) -> Source:
    """The source of a tree."""
    return Source(name, root, plain(root))
