"""A version of what decides: a merchant's settings, with mappings, overlay and tables, compiled.

Reads the files that a merchant's own file names; asks no server and needs no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import Place
from ..language.kept import Kept
from ..language.program import Program
from ..language.spec import MappingSet
from ..mappings import load_mappings, mappings_of
from ..merchant.load import Merchant


@dataclass(frozen=True, slots=True)
class Version:
    """What decides, loaded and compiled; ``name`` is what people call it. Places in files of
    ``root``, a folder that it was unpacked into, are told from there."""

    name: str
    merchant: Merchant
    mapping_set: MappingSet
    program: Program
    root: Path | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings, defaults filled in."""
        return self.merchant.settings

    @property
    def flows(self) -> set[str]:
        """The flows that are on, whether or not the credentials that they need are at hand: what is
        judged asks no server."""
        return {name for name, is_on in self.settings["flows"].items() if is_on}

    def shown(self, place: Place) -> Place:
        """A place as a person finds it."""
        if self.root is None:
            return place
        return replace(place, path=place.path.removeprefix(f"{self.root}/"))


def working(
    merchant: Merchant, name: str = "working", root: Path | None = None, kept: Kept | None = None
) -> Version:
    """The version that stands on disk; what is ``kept`` of an earlier look at it is not worked out
    again. Raises FileError with all findings of the mappings."""
    mapping_set, program = load_mappings(merchant, kept)
    return Version(name, merchant, mapping_set, program, root)


def as_kept(
    merchant: Merchant, texts: Mapping[str, str], paths: Mapping[str, str], name: str
) -> Version:
    """The version that texts of a set and its overlay make with the merchant's settings; ``paths``
    are what their files are called. Raises FileError where they don't go together."""
    mapping_set, program = mappings_of(merchant, texts, paths)
    return Version(name, merchant, mapping_set, program)
