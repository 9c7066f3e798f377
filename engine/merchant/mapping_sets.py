"""Finds the folder of a mapping set: by its name, by a path, or by a package that offers it.

Reads the folder of sets that come with the program and what installed packages declare under the
entry point group ``qliro_fortnox.mapping_sets``. Nothing of a package is imported or carried out.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..home import HOME

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "qliro_fortnox.mapping_sets"
DEFAULT = "qliro-fortnox"
_OWN = HOME / "mappings"
_NO_SETS = ("errors",)  # folders beside the sets that hold something else


@dataclass(frozen=True, slots=True)
class Offer:
    """A set that an installed package offers: under which name, and the folder, as a dotted name
    that begins with an importable package (``acme_mappings.standard``)."""

    name: str
    package: str
    version: str
    folder: str

    @property
    def by(self) -> str:
        """The package, for people."""
        return f"the package {self.package} {self.version}".strip()


def installed_sets() -> list[Path]:
    """The folders of the mapping sets that come with the program."""
    return sorted(
        folder
        for folder in _OWN.iterdir()
        if folder.is_dir()
        and folder.name not in _NO_SETS
        and not folder.name.startswith(("_", "."))
    )


def folder_of(name: str, beside: Path) -> Path:
    """The folder of the set that ``name`` means in a file of the folder ``beside``.

    A text with a slash in it, or that begins with a point, is a path from there. Anything else is
    the name of a set that comes with the program, else of one that an installed package offers, or
    of that package where it offers one only. Raises UsageError saying what was looked for where.
    """
    if is_path(name):
        folder = Path(os.path.abspath(beside / name))
        if os.path.isdir(folder):
            return folder
        what = "is a file, and a set is a folder" if os.path.exists(folder) else "is not there"
        raise UsageError(f"{folder} {what}: {name!r} is taken from {beside.absolute()}.")
    own = {folder.name: folder for folder in installed_sets()}
    if name in own:
        return own[name]
    offers = list(offered())
    meant = [one for one in offers if one.name == name]
    meant = meant or [one for one in offers if _plain(one.package) == _plain(name)]
    if len(meant) == 1:
        return _folder_in(meant[0])
    if meant:
        raise _several(name, meant)
    raise _unknown(name, beside, sorted(own), offers)


def is_path(name: str) -> bool:
    """Whether a set is named by a path."""
    return "/" in name or os.sep in name or name.startswith(".")


def offered() -> Iterator[Offer]:
    """The sets that installed packages offer, by name."""
    from importlib.metadata import entry_points  # noqa: PLC0415  slow, and seldom asked for

    for one in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        package, version = (one.dist.name, one.dist.version) if one.dist else ("", "")
        yield Offer(one.name, package, version, _dotted(one))


def _dotted(one: EntryPoint) -> str:
    module, _, inside = one.value.partition(":")
    return ".".join(filter(None, (module.strip(), inside.partition("[")[0].strip())))


def _plain(name: str) -> str:
    """A package's name as installers compare it."""
    return name.lower().replace("_", "-").replace(".", "-")


def _folder_in(offer: Offer) -> Path:
    """The offered folder. The package is looked up and not imported: its code is none of ours."""
    top, *below = offer.folder.split(".")
    try:
        found = importlib.util.find_spec(top) if top else None
    except (ImportError, ValueError):
        found = None
    roots = list(found.submodule_search_locations or ()) if found else []
    for root in roots:
        folder = Path(root).joinpath(*below)
        if os.path.isdir(folder):
            return Path(os.path.abspath(folder))
    where = ", ".join(str(Path(root).joinpath(*below)) for root in roots)
    what = f"there is no folder {where}" if where else f"there is no package {top!r} with a folder"
    raise UsageError(
        f"{_capital(offer.by)} offers the mapping set {offer.name!r} in {offer.folder!r}, "
        f"and {what}.",
        "Its files must lie unpacked in the package; install it again, or tell who made it.",
    )


def _several(name: str, meant: list[Offer]) -> UsageError:
    packages = {f"{one.package} {one.version}" for one in meant}
    if len(packages) == 1:
        names = ", ".join(one.name for one in meant)
        return UsageError(
            f"{_capital(meant[0].by)} offers several mapping sets and none is called {name!r}.",
            f"Name one of them: {names}.",
        )
    return UsageError(
        f"Several packages offer a mapping set {name!r}: {', '.join(sorted(packages))}.",
        "Name the package, or a path to the folder.",
    )


def _unknown(name: str, beside: Path, own: list[str], offers: list[Offer]) -> UsageError:
    told = ", ".join(f"{one.name} ({one.package} {one.version})" for one in offers)
    what = (
        f"There is no mapping set {name!r}: with the program come {', '.join(own)}, "
        f"and installed packages offer {told or 'none'}."
    )
    if os.path.isdir(beside / name):
        return UsageError(what, f"A folder of that name is a path: write ./{name}.")
    from ..yamlfile import nearest  # noqa: PLC0415  `--help` needs no YAML

    return UsageError(what, nearest(name, [*own, *(one.name for one in offers)]))


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
