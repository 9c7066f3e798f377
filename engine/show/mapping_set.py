"""Shows a mapping set without any merchant: its documents by flow, its policies, what an overlay
changes.

Reads a loaded set, gives a page and the same as data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..language.spec import MappingSet, MappingSpec
from . import changes
from .merchant import overlay_page
from .page import Column, Page, Table, Text, blank, heading

COLUMNS = (Column("Mapping"), Column("Flow"), Column("Of"), Column("Makes"), Column("In"))
POLICIES = (
    Column("Policy"), Column("Of"), Column("Severity"), Column("Says"), Column("In"),
)  # fmt: skip


def page(mapping_set: MappingSet, folder: Path, overlay: Path | None) -> Page:
    """The set's mappings and policies, and beneath them what the overlay says otherwise."""
    rows = [
        [one["mapping"], ", ".join(one["flows"]), one["source"], one["target"], one["file"]]
        for one in _mappings(mapping_set)
    ]
    name, release = named(mapping_set)
    title = f"Mapping set {name or folder.name}{f', release {release}' if release else ''}"
    parts: Page = [heading(f"{title} ({folder})"), blank(), Table(COLUMNS, rows)]
    parts += [
        blank(),
        Text(f"Entities: {', '.join(sorted(mapping_set.entities)) or 'none'}"),
        Text(f"Tables:   {', '.join(sorted(mapping_set.tables)) or 'none'}"),
    ]
    if policies := _policies(mapping_set):
        rows = [[one["policy"], ", ".join(one["for"]), one["severity"], one["because"], one["file"]]
                for one in policies]  # fmt: skip
        parts += [blank(), Table(POLICIES, rows)]
    return parts if overlay is None else [*parts, *overlay_page(mapping_set, overlay)]


def data(mapping_set: MappingSet, folder: Path, overlay: Path | None) -> dict[str, Any]:
    """The same for ``--json``."""
    name, release = named(mapping_set)
    return {
        "set": name or folder.name,
        "release": release,
        "mapping_folder": str(folder),
        "overlay_folder": str(overlay) if overlay else None,
        "digest": mapping_set.digest,
        "mappings": _mappings(mapping_set),
        "entities": sorted(mapping_set.entities),
        "tables": sorted(mapping_set.tables),
        "policies": _policies(mapping_set),
        "overlaid": changes.data(mapping_set.changes),
    }


def named(mapping_set: MappingSet) -> tuple[str | None, str | None]:
    """The set's own name and release, as its file says them; None where it has none."""
    about = mapping_set.about.value if mapping_set.about else {}
    name, release = (str(about[key]) if key in about else None for key in ("set", "release"))
    return name, release


def _mappings(mapping_set: MappingSet) -> list[dict[str, Any]]:
    return [
        {
            "mapping": one.name,
            "flows": list(one.flows),
            "source": one.entity,
            "target": one.target,
            "file": _file(one),
        }
        for one in sorted(mapping_set.mappings.values(), key=lambda one: (one.flows, one.name))
    ]


def _policies(mapping_set: MappingSet) -> list[dict[str, Any]]:
    return [
        {
            "policy": check.name,
            "for": list(check.targets),
            "severity": check.severity,
            "because": check.because.text,
            "file": f"{check.place.path}:{check.place.line}",
        }
        for one in mapping_set.policies.values()
        for check in one.checks
    ]


def _file(spec: MappingSpec) -> str:
    place = spec.source.place(("mapping",))
    return f"{place.path}:{place.line}"
