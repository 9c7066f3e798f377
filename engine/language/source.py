"""A mapping file as merged from its set and a merchant's overlay, every value with its origin.

Reads YAML texts, gives one value for each file name and, beside it, the place of each key and
value in whichever of the two files it came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Finding, Place
from ..yamlfile import Path_, YamlFile


@dataclass(frozen=True, slots=True)
class Source:
    """The merged file ``name``; ``values`` and ``keys`` hold a place by path of keys."""

    name: str
    value: Any
    values: Mapping[Path_, Place] = field(repr=False)
    keys: Mapping[Path_, Place] = field(repr=False)

    def place(self, path: Iterable[str | int] = (), *, key: bool = False) -> Place:
        """Where the value (or its key) at ``path`` stands; of the nearest ancestor if nowhere."""
        steps = tuple(path)
        while True:
            if key and steps in self.keys:
                return self.keys[steps]
            if steps in self.values:
                return self.values[steps]
            if not steps:
                return Place(self.name)
            steps = steps[:-1]

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


def of_file(name: str, file: YamlFile) -> Source:
    """The file alone, without an overlay."""
    values = {path: Place(file.path, *spot) for path, spot in file.values.items()}
    keys = {path: Place(file.path, *spot) for path, spot in file.keys.items()}
    return Source(name, file.value, values, keys)


def merged(base: Source, over: Source) -> Source:
    """``base`` with ``over`` laid on it: mappings key by key, the rest replaced, null removes."""
    values: dict[Path_, Place] = {}
    keys: dict[Path_, Place] = {}

    def take(source: Source, path: Path_) -> None:
        for into, places in ((values, source.values), (keys, source.keys)):
            into.update({p: place for p, place in places.items() if p[: len(path)] == path})

    def lay(old: Any, new: Any, path: Path_) -> Any:
        if not isinstance(old, dict) or not isinstance(new, dict):
            take(over, path)
            return new
        values[path] = base.values[path]
        if path in base.keys:
            keys[path] = base.keys[path]
        result: dict[str, Any] = {}
        for key in [*old, *(k for k in new if k not in old)]:
            below = (*path, key)
            if key not in new:
                take(base, below)
                result[key] = old[key]
            elif key not in old:
                take(over, below)
                result[key] = new[key]
            elif new[key] is not None:
                result[key] = lay(old[key], new[key], below)
            else:  # what then lacks it is told where it was removed
                take(over, below)
        return result

    return Source(base.name, lay(base.value, over.value, ()), values, keys)
