"""What was worked out of a set's files, for who loads the same set again and again.

Held open over the loads of a process. A piece of work (a spec, what is checked of a mapping, a
compiled entity) is kept with all that it looked up on its way, and is done again when one of those
is no longer the same. So nothing has to say beforehand what depends on what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from ..errors import Finding
from ..yamlfile import YamlFile, parse
from .expressions import Report
from .kinds import Type
from .source import Source
from .spec import MappingSet
from .tree import is_same

Made = TypeVar("Made")
# What a piece of work may look up, by kind and name.
World = Mapping[str, Mapping[Any, Any]]
OF_SET = ("mappings", "entities", "tables", "policies", "columns")
# What is compared by what it says; all else is the same only where it is the very same thing.
BY_VALUE = frozenset({"settings", "place"})
# Who looks at a table's spec calls the table, whose rows may stand in the settings.
CALLED = {"tables": "lookups"}
_ABSENT: Any = object()
_ALL: Any = object()


class _Piece(Struct, frozen=True):
    looked: dict[tuple[str, Any], Any]
    findings: list[Finding]
    made: Any

    def fits(self, world: World) -> bool:
        """Whether all that was looked up is the same in this world."""
        for (kind, key), found in self.looked.items():
            now = _found(world[kind], key)
            by_value = kind in BY_VALUE or key is _ALL
            if found is not now and not (by_value and repr(found) == repr(now)):
                return False
        return True


def _found(where: Mapping[Any, Any], key: Any) -> Any:
    if key is _ALL:
        return tuple(where)
    try:
        return where[key]
    except KeyError:
        return _ABSENT


class _Noted(dict[Any, Any]):
    """A mapping that notes what is looked up in it; a dict, for that is what settings are."""

    def __init__(self, kind: str, base: Mapping[Any, Any], looked: dict[tuple[str, Any], Any]):
        super().__init__(base)
        self.kind, self.base, self.looked = kind, base, looked

    def __getitem__(self, key: Any) -> Any:
        found = self.looked[self.kind, key] = _found(self.base, key)
        if found is _ABSENT:
            raise KeyError(key)
        return found

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 — this is what get does

    def __contains__(self, key: object) -> bool:
        found = self.looked[self.kind, key] = _found(self.base, key)
        return found is not _ABSENT

    def __iter__(self) -> Iterator[Any]:
        self.looked[self.kind, _ALL] = tuple(self.base)
        return iter(self.base)

    def __len__(self) -> int:
        return len(list(self))

    def keys(self) -> Any:
        return list(self)

    def values(self) -> Any:
        return [self[key] for key in self]

    def items(self) -> Any:
        return [(key, self[key]) for key in self]


class Kept:
    """What earlier loads of a set worked out. It is for one set, of one version of the program."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, YamlFile]] = {}
        self._sources: dict[str, Source] = {}
        self._columns: dict[str, dict[str, Type]] = {}
        self._pieces: dict[str, _Piece] = {}

    def file(self, text: str, path: str) -> YamlFile:
        """A parsed file. Raises FileError."""
        known = self._files.get(path)
        if known is None or known[0] != text:
            known = self._files[path] = text, parse(text, path)
        return known[1]

    def sources(self, found: Mapping[str, Source]) -> dict[str, Source]:
        """The sources, each that says the same in the same places as before the very same one."""
        for name, one in found.items():
            known = self._sources.get(name)
            if known is None or known.name != one.name or not is_same(known.root, one.root):
                self._sources[name] = one
        return {name: self._sources[name] for name in found}

    def columns(self, found: Mapping[str, dict[str, Type]]) -> dict[str, dict[str, Type]]:
        """The columns of entities, those that are as before the very same ones."""
        for name, one in found.items():
            if self._columns.get(name) != one:
                self._columns[name] = one
        return {name: self._columns[name] for name in found}

    def again(
        self, name: str, world: World, work: Callable[[World, Report], Made], report: Report
    ) -> Made:
        """What a piece of work gives and reports. ``work`` looks up what it needs in the world that
        it is given, and nowhere else. What reports an error is not kept."""
        piece = self._pieces.get(name)
        if piece is None or not piece.fits(world):
            looked: dict[tuple[str, Any], Any] = {}
            findings: list[Finding] = []
            noted = {kind: _Noted(kind, one, looked) for kind, one in world.items()}
            made = work(noted, findings.append)
            for kind, key in [one for one in looked if CALLED.get(one[0]) in world]:
                _ = noted[CALLED[kind]].get(key)
            piece = _Piece(looked, findings, made)
            if not any(one.severity == "error" for one in findings):
                self._pieces[name] = piece
        for finding in piece.findings:
            report(finding)
        return cast(Made, piece.made)


def again(
    kept: Kept | None, name: str, world: World, work: Callable[[World, Report], Made],
    report: Report,
) -> Made:  # fmt: skip
    """The same where something is kept; else the work is done."""
    return work(world, report) if kept is None else kept.again(name, world, work, report)


def of_set(mapping_set: MappingSet) -> World:
    """What a piece of work may look up of a set that has been read whole."""
    return {kind: getattr(mapping_set, kind) for kind in OF_SET}


def in_set(mapping_set: MappingSet, world: World) -> MappingSet:
    """The set as a piece of work sees it."""
    if world["mappings"] is mapping_set.mappings:
        return mapping_set
    return replace(mapping_set, sources={}, **{kind: world[kind] for kind in OF_SET})
